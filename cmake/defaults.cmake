# What a build is when nobody says otherwise. Everything here yields to a cache variable or to the project around us.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

if(PROJECT_IS_TOP_LEVEL)
    # One folder for all that can be run: tests, tools/ scripts and people look for programs there.
    set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
    set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

    if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
        set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
    endif()

    # An unchanged file is compiled once for all build folders, those of other clones included: paths are relative to the project then,
    # and debug information may name the clone that compiled first. Precompiled headers need the sloppiness, or nothing hits.
    find_program(QUAYMASTER_CCACHE ccache)
    mark_as_advanced(QUAYMASTER_CCACHE)
    if(QUAYMASTER_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
        set(CMAKE_CXX_COMPILER_LAUNCHER
            "${CMAKE_COMMAND}" -E env
            "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}"
            CCACHE_NOHASHDIR=true
            CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
            "${QUAYMASTER_CCACHE}")
    endif()
endif()
