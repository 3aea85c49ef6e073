# quaymaster::quaymaster, the library, in two parts: what touches no socket, thread or clock (codec, wire, core, session),
# and net around it. The unit tests and the fuzz targets link the pure part alone, so a leak between the two does not link.

# The sources of the layers named, freshly listed at each build.
function(quaymaster_layer_sources result)
    set(sources)
    foreach(layer IN LISTS ARGN)
        file(GLOB found CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${layer}/*.cpp")
        list(APPEND sources ${found})
    endforeach()
    set(${result} ${sources} PARENT_SCOPE)
endfunction()

quaymaster_layer_sources(pure_sources codec wire core session)
quaymaster_layer_sources(net_sources net)

add_library(quaymaster_pure OBJECT ${pure_sources})
target_include_directories(quaymaster_pure PUBLIC "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/src")
target_compile_features(quaymaster_pure PUBLIC cxx_std_20)
target_link_libraries(quaymaster_pure
    PUBLIC Boost::headers cereal::cereal OpenSSL::Crypto
    PRIVATE quaymaster_options)
quaymaster_precompile(quaymaster_pure)

add_library(quaymaster STATIC ${net_sources} $<TARGET_OBJECTS:quaymaster_pure>)
add_library(quaymaster::quaymaster ALIAS quaymaster)
target_include_directories(quaymaster
    PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
    PRIVATE "${PROJECT_SOURCE_DIR}/src")
target_compile_features(quaymaster PUBLIC cxx_std_20)
target_link_libraries(quaymaster
    PUBLIC Boost::headers cereal::cereal Threads::Threads
    PRIVATE OpenSSL::Crypto $<BUILD_INTERFACE:quaymaster_options>)
quaymaster_precompile(quaymaster <boost/asio/any_io_executor.hpp> <boost/asio/error.hpp> <quaymaster/queue_proxy.hpp>)

# <quaymaster/boost_serialization.hpp>, for programs that store their items as Boost archives: these alone link its library.
add_library(quaymaster_boost_serialization INTERFACE)
add_library(quaymaster::boost_serialization ALIAS quaymaster_boost_serialization)
set_target_properties(quaymaster_boost_serialization PROPERTIES EXPORT_NAME boost_serialization)
target_link_libraries(quaymaster_boost_serialization INTERFACE quaymaster Boost::serialization)
