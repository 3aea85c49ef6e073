#include "core/client_usage.hpp"

#include <catch2/catch.hpp>

using namespace quaymaster::core;

namespace {

constexpr auto main_thread = stream_role::main_thread;
constexpr auto other_thread = stream_role::other_thread;

}  // namespace

TEST_CASE("a stream's role is told by its name", "[core][usage]")
{
    CHECK(role_of_stream("MainProcess") == stream_role::main_thread);
    CHECK(role_of_stream("MainProcess|Thread-1") == stream_role::other_thread);
    CHECK(role_of_stream("Process-1") == stream_role::unknown);
    CHECK(role_of_stream("SpawnProcess-1|MainThread") == stream_role::unknown);
    CHECK(role_of_stream("MainProcess-2") == stream_role::unknown);
    CHECK(role_of_stream("") == stream_role::unknown);
}

TEST_CASE("a program that is killed leaves its count behind", "[core][usage]")
{
    client_usage usage;
    usage.begin("host", main_thread, "7f-1");
    CHECK(usage.end("host", main_thread, "7f-1"));
    CHECK(usage.size() == 0);
}

TEST_CASE("a program that ends in order has given its count back", "[core][usage]")
{
    client_usage usage;
    usage.on_decref("host", "7f-1");  // the count that create() made, before anybody called the object
    usage.begin("host", main_thread, "7f-1");
    SECTION("before its stream ends")
    {
        usage.on_decref("host", "7f-1");
        CHECK_FALSE(usage.end("host", main_thread, "7f-1"));
    }
    SECTION("and each program for itself")
    {
        usage.begin("host", main_thread, "7f-1");
        usage.on_decref("host", "7f-1");
        CHECK_FALSE(usage.end("host", main_thread, "7f-1"));
        CHECK(usage.end("host", main_thread, "7f-1"));
    }
    SECTION("another host's does not count")
    {
        usage.on_decref("elsewhere", "7f-1");
        CHECK(usage.end("host", main_thread, "7f-1"));
    }
    SECTION("another object's does not count")
    {
        usage.on_decref("host", "7f-2");
        CHECK(usage.end("host", main_thread, "7f-1"));
    }
    CHECK(usage.size() == 0);
}

TEST_CASE("a thread that ends takes nothing along", "[core][usage]")
{
    client_usage usage;
    usage.begin("host", other_thread, "7f-1");
    CHECK_FALSE(usage.end("host", other_thread, "7f-1"));
    usage.begin("host", main_thread, "7f-1");
    usage.begin("host", other_thread, "7f-1");
    SECTION("nor does the main thread's connection, while a thread of such a program lives")
    {
        CHECK_FALSE(usage.end("host", main_thread, "7f-1"));
        CHECK_FALSE(usage.end("host", other_thread, "7f-1"));
    }
    SECTION("but it ends with its program")
    {
        CHECK_FALSE(usage.end("host", other_thread, "7f-1"));
        CHECK(usage.end("host", main_thread, "7f-1"));
    }
    CHECK(usage.size() == 0);
}

TEST_CASE("a child process may use its parent's count", "[core][usage]")
{
    client_usage usage;
    usage.begin("host", main_thread, "7f-1");
    usage.begin("host", stream_role::unknown, "7f-1");
    CHECK_FALSE(usage.end("host", main_thread, "7f-1"));
    CHECK_FALSE(usage.end("host", stream_role::unknown, "7f-1"));
    CHECK(usage.size() == 0);
}
