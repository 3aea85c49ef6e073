#include "core_testing.hpp"

#include "core/queue_referent.hpp"
#include "core/status_referent.hpp"

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

TEST_CASE("status() returns what the server says at that moment", "[core][status]")
{
    int asked = 0;
    status_referent status{[&] { return value::dict({{"asked", ++asked}}); }};
    caller client{status};
    REQUIRE(status.exposed().size() == 1);
    CHECK(status.exposed().front() == "status");
    CHECK(result_of(client("status")).repr() == "{'asked': 1}");
    CHECK(result_of(client("status")).repr() == "{'asked': 2}");
    CHECK(status.text() == "<quaymaster server status>");

    CHECK(error_of(client("status", {1})).text == "Server.status() takes 1 positional argument but 2 were given");
    CHECK(error_of(client("reset")).type == exception_type::attribute_error);
    CHECK(asked == 2);
}

TEST_CASE("a queue's statistics are a dict under their own names", "[core][status]")
{
    queue_referent queue{"q", queue_kind::priority, 4};
    caller client{queue};
    client("put", {1});
    CHECK(to_value(queue.queue().statistics()).repr() ==
          "{'kind': 'priority', 'maxsize': 4, 'depth': 1, 'unfinished': 1, 'waiting_getters': 0, 'waiting_putters': 0, "
          "'waiting_joiners': 0, 'puts_total': 1, 'gets_total': 0, 'is_shut_down': False}");
}
