# quaymaster_options: how our own code is compiled. Linked PRIVATE, so that nothing of it reaches a user.
add_library(quaymaster_options INTERFACE)

target_compile_options(quaymaster_options INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion
    $<$<BOOL:${QUAYMASTER_WERROR}>:-Werror>)

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(quaymaster_options INTERFACE
        -Wshadow=local  # all of -Wshadow objects to a scoped enumerator named like a type, such as value_kind::bytes
        -Wno-mismatched-new-delete  # reported of Asio's coroutine frames, once they are inlined
        -fpch-preprocess  # lets ccache see through a precompiled header
        $<$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>:-Wno-restrict>)  # GCC 12 reports std::string's operator+ (PR105651)
else()
    target_compile_options(quaymaster_options INTERFACE -Wshadow -Wno-string-conversion)  # assert(!"why") is meant
endif()

# libstdc++ checks its preconditions in every build that keeps its asserts.
target_compile_definitions(quaymaster_options INTERFACE $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)

# Sanitizers go to every target of this project, flags for compiler and linker alike: a part left out hides its bugs.
if(QUAYMASTER_SANITIZE)
    add_compile_options(-fsanitize=${QUAYMASTER_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${QUAYMASTER_SANITIZE})
    if(QUAYMASTER_SANITIZE MATCHES "undefined")
        # This check looks at memory through a pipe, and cries wolf where a test has used up the descriptors.
        add_compile_options(-fno-sanitize=vptr)
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # The instrumentation confuses GCC's flow analysis; the uninstrumented builds keep these warnings.
        add_compile_options(-Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds)
        if(QUAYMASTER_SANITIZE MATCHES "undefined")
            # A third of the time to build, for what AddressSanitizer or the fault itself shows as well. clang's builds for fuzzing keep them.
            add_compile_options(-fno-sanitize=null,object-size)
        endif()
        if(QUAYMASTER_SANITIZE MATCHES "thread")
            # TSan does not model fences and GCC says so for each one in Asio, which pairs them with atomics TSan does see.
            add_compile_options(-Wno-tsan)
        endif()
    endif()
endif()

# quaymaster_program_options: for the programs around the library. Under a sanitizer they are not optimised: on templates such as those
# of the command line GCC's instrumentation after the optimiser takes twice as long to build, and finds nothing more in them.
add_library(quaymaster_program_options INTERFACE)
target_link_libraries(quaymaster_program_options INTERFACE quaymaster_options)
if(QUAYMASTER_SANITIZE)
    target_compile_options(quaymaster_program_options INTERFACE -O0)
endif()

if(QUAYMASTER_BUILD_FUZZ)
    if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "the fuzz targets use libFuzzer, which only clang has: use `cmake --preset fuzz`")
    endif()
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
