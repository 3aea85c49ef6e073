# `cmake --install`: the library, its headers, the program, and the package that find_package(quaymaster) finds.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/quaymaster")

install(TARGETS quaymaster EXPORT quaymaster-targets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(DIRECTORY include/quaymaster DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.hpp")
install(EXPORT quaymaster-targets NAMESPACE quaymaster:: DESTINATION "${package_dir}")

# Its own export set, so that a program which does not ask for this component need not have Boost.Serialization.
install(TARGETS quaymaster_boost_serialization EXPORT quaymaster-boost_serialization-targets)
install(EXPORT quaymaster-boost_serialization-targets NAMESPACE quaymaster:: DESTINATION "${package_dir}")

if(QUAYMASTER_BUILD_TOOLS)
    install(TARGETS quaymaster_program RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()

configure_package_config_file(cmake/quaymaster-config.cmake.in "${PROJECT_BINARY_DIR}/quaymaster-config.cmake"
    INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/quaymaster-config-version.cmake"
    COMPATIBILITY SameMinorVersion)  # before 1.0.0 a new minor version may break
install(FILES
    "${PROJECT_BINARY_DIR}/quaymaster-config.cmake"
    "${PROJECT_BINARY_DIR}/quaymaster-config-version.cmake"
    DESTINATION "${package_dir}")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
