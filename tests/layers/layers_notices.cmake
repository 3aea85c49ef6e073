# Plants one breach at a time in a small tree and expects layers.cmake to name it. Arguments: CHECK, WORK_DIR.
cmake_minimum_required(VERSION 3.25)

# Runs the check over the tree with `line` added to `file`; it must fail with a text that matches `expected`, or, if that is
# empty, succeed.
function(expect file line expected)
    file(REMOVE_RECURSE "${WORK_DIR}")
    file(WRITE "${WORK_DIR}/include/quaymaster/plain.hpp" "#pragma once\n#include <string>\n")
    file(WRITE "${WORK_DIR}/include/quaymaster/threaded.hpp" "#pragma once\n#include <mutex>\n")
    file(WRITE "${WORK_DIR}/src/codec/text.hpp" "#pragma once\n#include <quaymaster/plain.hpp>\n")
    file(WRITE "${WORK_DIR}/src/wire/frame.hpp" "#pragma once\n#include \"codec/text.hpp\"\n")
    file(WRITE "${WORK_DIR}/src/core/queue.hpp" "#pragma once\n#include \"codec/text.hpp\"\n")
    file(WRITE "${WORK_DIR}/src/session/session.cpp" "#include \"core/queue.hpp\"\n#include \"wire/frame.hpp\"\n")
    file(WRITE "${WORK_DIR}/src/net/server.cpp" "#include \"session/session.hpp\"\n#include <thread>\n#include <boost/asio.hpp>\n")
    file(WRITE "${WORK_DIR}/tests/core/queue_test.cpp" "#include \"core/queue.hpp\"\n")
    file(APPEND "${WORK_DIR}/${file}" "${line}\n")

    execute_process(COMMAND "${CMAKE_COMMAND}" "-DROOT=${WORK_DIR}" -P "${CHECK}"
        RESULT_VARIABLE failed OUTPUT_QUIET ERROR_VARIABLE text)
    string(REGEX REPLACE "[ \n]+" " " text "${text}")
    if(expected STREQUAL "" AND failed)
        message(SEND_ERROR "'${line}' in ${file} was refused: ${text}")
    elseif(NOT expected STREQUAL "" AND (NOT failed OR NOT text MATCHES "${expected}"))
        message(SEND_ERROR "'${line}' in ${file} was not noticed: ${text}")
    endif()
endfunction()

expect(src/net/server.cpp "// nothing added" "")
expect(src/core/queue.hpp "// std::this_thread in a comment" "")
expect(src/net/server.cpp "auto t = std::chrono::steady_clock::now()" "")

expect(src/net/guarded.hpp "#pragma once" "")

expect(src/core/queue.hpp "#include \"wire/frame.hpp\"" "src/core/queue.hpp: includes wire/frame.hpp")
expect(src/wire/frame.hpp "#include \"core/queue.hpp\"" "src/wire/frame.hpp: includes core/queue.hpp")
expect(src/codec/text.hpp "#include \"session/session.hpp\"" "src/codec/text.hpp: includes session/session.hpp")
expect(tests/core/queue_test.cpp "  #  include \"net/server.hpp\"" "tests/core/queue_test.cpp: includes net/server.hpp")
expect(include/quaymaster/plain.hpp "#include \"codec/text.hpp\"" "plain.hpp: includes codec/text.hpp, which is not installed")
expect(include/quaymaster/threaded.hpp "#include <boost/asio/io_context.hpp>" "threaded.hpp: includes <boost/asio/io_context.hpp>")
expect(include/quaymaster/async_client.hpp "#pragma once\n#include <boost/asio/io_context.hpp>" "")
expect(include/quaymaster/plain.hpp "#include <quaymaster/async_client.hpp>" "plain.hpp: includes <quaymaster/async_client.hpp>, and so Asio")
expect(src/codec/text.hpp "#include <sys/socket.h>" "src/codec/text.hpp: includes <sys/socket.h>")
expect(src/session/session.cpp "#include <quaymaster/threaded.hpp>" "threaded.hpp: includes <mutex>.*reached from src/session")
expect(include/quaymaster/plain.hpp "#include <iostream>" "plain.hpp: includes <iostream>")
expect(src/core/queue.hpp "auto t = std::chrono::steady_clock::now()" "src/core/queue.hpp: uses _clock::now")
expect(tests/core/queue_test.cpp "std::this_thread::sleep_for(1s)" "tests/core/queue_test.cpp: uses std::this_thread")
expect(src/net/unguarded.hpp "class unguarded;" "src/net/unguarded.hpp: has no `#pragma once`")
expect(include/quaymaster/async_queue.hpp "// #pragma once" "include/quaymaster/async_queue.hpp: has no `#pragma once`")
