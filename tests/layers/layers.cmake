# Reads every include line under ROOT and fails, with all findings, when
#   - an include points up or sideways:  tools > net > session > core, wire > codec, and core and wire do not meet;
#   - a public header leads into src/, or, but for those of the asynchronous client, to Asio;
#   - a pure layer (codec, wire, core, session), or a test of one, reaches a socket, thread, lock, clock or log, be it through
#     any chain of headers of ours, or by name;
#   - a header may not be included twice.
cmake_minimum_required(VERSION 3.25)

set(layers codec wire core session net)
set(pure_layers codec wire core session)
set(codec_may_include codec)
set(wire_may_include wire codec)
set(core_may_include core codec)
set(session_may_include session core wire codec)
set(net_may_include net session core wire codec)

set(impure_headers
    "thread|mutex|shared_mutex|condition_variable|future|semaphore|barrier|latch|stop_token|pthread\\.h"
    "iostream|fstream|filesystem|ctime|time\\.h|sys/time\\.h"
    "sys/socket\\.h|sys/epoll\\.h|sys/un\\.h|sys/select\\.h|sys/uio\\.h|netinet/.*|arpa/.*|netdb\\.h|poll\\.h|unistd\\.h|fcntl\\.h"
    "boost/asio.*|boost/beast.*|boost/thread.*|spdlog/.*|fmt/.*")
list(JOIN impure_headers "|" impure_headers)
set(impure_names
    "(_clock::now|std::this_thread|sleep_for|sleep_until|clock_gettime|gettimeofday|random_device|std::(cin|cout|cerr|clog))")

set_property(GLOBAL PROPERTY findings "")
function(finding file text)
    cmake_path(RELATIVE_PATH file BASE_DIRECTORY "${ROOT}" OUTPUT_VARIABLE name)
    set_property(GLOBAL APPEND_STRING PROPERTY findings "  ${name}: ${text}\n")
endfunction()

# What `file` includes, as written between <> or "".
function(includes_of file result)
    file(STRINGS "${file}" lines REGEX "^[ \t]*#[ \t]*include[ \t]*[<\"]")
    set(names)
    foreach(line IN LISTS lines)
        string(REGEX REPLACE "^[^<\"]*[<\"]([^>\"]*)[>\"].*" "\\1" name "${line}")
        list(APPEND names "${name}")
    endforeach()
    set(${result} "${names}" PARENT_SCOPE)
endfunction()

# The file of ours that `name` stands for, or nothing.
function(file_of name result)
    set(${result} "" PARENT_SCOPE)
    foreach(folder IN ITEMS include src tests)
        if(EXISTS "${ROOT}/${folder}/${name}")
            set(${result} "${ROOT}/${folder}/${name}" PARENT_SCOPE)
            return()
        endif()
    endforeach()
endfunction()

# Every include of a layer, and of the tests of that layer, is in the list of what it may include.
function(check_direction layer)
    file(GLOB files "${ROOT}/src/${layer}/*.[ch]pp" "${ROOT}/tests/${layer}/*.[ch]pp")
    foreach(file IN LISTS files)
        includes_of("${file}" names)
        foreach(name IN LISTS names)
            string(REGEX MATCH "^[a-z]+/" target "${name}")
            string(REPLACE "/" "" target "${target}")
            if(target IN_LIST layers AND NOT target IN_LIST ${layer}_may_include)
                finding("${file}" "includes ${name}, but ${layer} may include only: ${${layer}_may_include}")
            endif()
        endforeach()
    endforeach()
endfunction()

# Nothing impure is reached from `file`, whose own name comes first in `chain`.
function(check_reach file chain)
    get_property(seen GLOBAL PROPERTY "seen:${file}")
    if(seen)
        return()
    endif()
    set_property(GLOBAL PROPERTY "seen:${file}" TRUE)
    includes_of("${file}" names)
    foreach(name IN LISTS names)
        if(name MATCHES "^(${impure_headers})$")
            finding("${file}" "includes <${name}>, which no pure layer may reach; reached from ${chain}")
        endif()
        file_of("${name}" next)
        if(next)
            check_reach("${next}" "${chain}")
        endif()
    endforeach()
endfunction()

function(check_purity layer)
    file(GLOB files "${ROOT}/src/${layer}/*.[ch]pp" "${ROOT}/tests/${layer}/*.[ch]pp")
    foreach(file IN LISTS files)
        cmake_path(RELATIVE_PATH file BASE_DIRECTORY "${ROOT}" OUTPUT_VARIABLE name)
        check_reach("${file}" "${name}")
        file(READ "${file}" text)
        string(REGEX REPLACE "//[^\n]*" "" text "${text}")
        if(text MATCHES "${impure_names}")
            finding("${file}" "uses ${CMAKE_MATCH_1}, which has no place in or under session")
        endif()
    endforeach()
endfunction()

function(check_public_headers)
    file(GLOB files "${ROOT}/include/quaymaster/*.hpp" "${ROOT}/include/quaymaster/*/*.hpp")
    foreach(file IN LISTS files)
        includes_of("${file}" names)
        foreach(name IN LISTS names)
            if(EXISTS "${ROOT}/src/${name}")
                finding("${file}" "includes ${name}, which is not installed")
            elseif(name MATCHES "^boost/(asio|beast)" AND NOT file MATCHES "/async_[a-z_]+\\.hpp$")
                finding("${file}" "includes <${name}>: only src/net and async_*.hpp may")
            elseif(name MATCHES "^quaymaster/async_" AND NOT file MATCHES "/async_[a-z_]+\\.hpp$")
                finding("${file}" "includes <${name}>, and so Asio: only async_*.hpp may")
            endif()
        endforeach()
    endforeach()
endfunction()

function(check_guards)
    file(GLOB files "${ROOT}/include/quaymaster/*.hpp" "${ROOT}/include/quaymaster/*/*.hpp" "${ROOT}/src/*/*.hpp")
    foreach(file IN LISTS files)
        file(STRINGS "${file}" guard REGEX "^#pragma once$" LIMIT_COUNT 1)
        if(NOT guard)
            finding("${file}" "has no `#pragma once`")
        endif()
    endforeach()
endfunction()

foreach(layer IN LISTS layers)
    check_direction(${layer})
endforeach()
foreach(layer IN LISTS pure_layers)
    check_purity(${layer})
endforeach()
check_public_headers()
check_guards()

get_property(findings GLOBAL PROPERTY findings)
if(findings)
    message(FATAL_ERROR "the layers leak:\n${findings}")
endif()
