// object_idents: what an ident tells of the object that goes by it.
#include "net/object_idents.hpp"

#include <catch2/catch.hpp>

using quaymaster::net::is_found_by_name;
using quaymaster::net::is_made_for_client;

TEST_CASE("what is registered is found by its name, whatever that looks like", "[net][object_idents]")
{
    CHECK(is_found_by_name("tasks", "tasks"));
    CHECK(is_found_by_name("get_queue/my-tasks", "get_queue"));
    CHECK(is_found_by_name("dead-beef", "dead-beef"));
    CHECK_FALSE(is_made_for_client("tasks", "tasks"));
    CHECK_FALSE(is_made_for_client("my-tasks", "my-tasks"));
    CHECK_FALSE(is_made_for_client("get_queue/dead-beef", "get_queue"));
    CHECK_FALSE(is_made_for_client("dead-beef", "dead-beef"));
}

TEST_CASE("what is made for a client has a number of its server's", "[net][object_idents]")
{
    CHECK(is_made_for_client("9f86d081884c7d65-1", "Queue"));
    CHECK(is_made_for_client("9f86d081884c7d65-1a", "list"));
    CHECK_FALSE(is_found_by_name("9f86d081884c7d65-1", "Queue"));
    SECTION("though it may begin as its typeid does")
    {
        CHECK(is_made_for_client("bad5-1", "b"));
        CHECK(is_made_for_client("bad5-1", "bad"));
        CHECK_FALSE(is_found_by_name("bad5-1", "bad"));
    }
    SECTION("CPython's idents are numbers")
    {
        CHECK_FALSE(is_made_for_client("7f3a5c0b2d90", "Queue"));
        CHECK_FALSE(is_found_by_name("7f3a5c0b2d90", "Queue"));
    }
    SECTION("what has a dash and no such form is another's")
    {
        CHECK_FALSE(is_made_for_client("-1", "Queue"));
        CHECK_FALSE(is_made_for_client("1-", "Queue"));
        CHECK_FALSE(is_made_for_client("1-2-3", "Queue"));
        CHECK_FALSE(is_made_for_client("free-slots", "Semaphore"));
    }
}
