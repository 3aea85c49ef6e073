# What quaymaster stands on, and from which version: the one place that says so. Debian 12 ships all of it.
# docs/ARCHITECTURE.md says why each was chosen; tools/setup knows the names of the packages.
set(QUAYMASTER_BOOST_VERSION 1.81)  # Asio, Describe, Intrusive, Multiprecision, Serialization
set(QUAYMASTER_CEREAL_VERSION 1.3)
set(QUAYMASTER_OPENSSL_VERSION 3.0)
set(QUAYMASTER_CLI11_VERSION 2.1)
set(QUAYMASTER_SPDLOG_VERSION 1.10)
set(QUAYMASTER_CATCH2_VERSION 2.13)

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(Boost ${QUAYMASTER_BOOST_VERSION} REQUIRED CONFIG COMPONENTS headers serialization)
find_package(cereal ${QUAYMASTER_CEREAL_VERSION} REQUIRED CONFIG)
find_package(OpenSSL ${QUAYMASTER_OPENSSL_VERSION} REQUIRED COMPONENTS Crypto)

if(QUAYMASTER_BUILD_TOOLS AND NOT QUAYMASTER_BUILD_FUZZ)
    find_package(CLI11 ${QUAYMASTER_CLI11_VERSION} REQUIRED CONFIG)
    find_package(spdlog ${QUAYMASTER_SPDLOG_VERSION} REQUIRED CONFIG)
endif()
if(QUAYMASTER_BUILD_TESTS AND NOT QUAYMASTER_BUILD_FUZZ)
    find_package(Catch2 ${QUAYMASTER_CATCH2_VERSION} REQUIRED CONFIG)
    # Not required: without a Python the tests that need one are left out, and the configuration says so.
    find_package(Python3 COMPONENTS Interpreter)
endif()
