# What nearly every file reads anyway, read once. It takes up to a third of the time off builds that optimise nothing, such as those with
# sanitizers. Builds without it show that each file includes what it uses, so not all should have it.
option(QUAYMASTER_PRECOMPILE_HEADERS "Read the headers that most files include once: for whole builds, slower after a change" OFF)

set(quaymaster_common_headers
    <algorithm> <array> <atomic> <chrono> <functional> <memory> <mutex> <optional> <span> <string> <string_view> <thread>
    <unordered_map> <utility> <variant> <vector>
    <boost/intrusive/list.hpp> <boost/intrusive/set.hpp> <boost/system/error_code.hpp>
    <quaymaster/errors.hpp> <quaymaster/value.hpp>)

# `target` reads the common headers, and those named after it, in precompiled form.
function(quaymaster_precompile target)
    if(QUAYMASTER_PRECOMPILE_HEADERS)
        target_precompile_headers(${target} PRIVATE ${quaymaster_common_headers} ${ARGN})
    endif()
endfunction()
