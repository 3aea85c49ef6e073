#include "session/exception_names.hpp"

#include <catch2/catch.hpp>

using namespace quaymaster;
using core::exception_type;
using session::to_python;

TEST_CASE("an exception keeps its class and its text", "[session][exceptions]")
{
    const auto error = to_python({exception_type::key_error, "7f01"}, true);
    CHECK(error.python3_module == "builtins");
    CHECK(error.python2_module == "exceptions");
    CHECK(error.name == "KeyError");
    CHECK(error.text == "7f01");
}

TEST_CASE("Empty and Full are where every Python can import them", "[session][exceptions]")
{
    for (const auto type : {exception_type::queue_empty, exception_type::queue_full}) {
        const auto error = to_python({type, {}}, false);
        CHECK(error.python3_module == "queue");
        CHECK(error.python2_module == "Queue");
        CHECK(error.text.empty());
    }
    CHECK(to_python({exception_type::queue_empty, {}}, false).name == "Empty");
    CHECK(to_python({exception_type::queue_full, {}}, false).name == "Full");
}

TEST_CASE("ShutDown is a ValueError for those who lack it", "[session][exceptions]")
{
    CHECK(to_python({exception_type::queue_shut_down, {}}, true).name == "ShutDown");
    const auto old = to_python({exception_type::queue_shut_down, {}}, false);
    CHECK(old.name == "ValueError");
    CHECK(old.python3_module == "builtins");
    CHECK(old.text == "the queue has been shut down");
}
