// What a server's answer becomes: a value, or an error of the type that fits.
#include "net/client_reply.hpp"

#include <quaymaster/errors.hpp>

#include <catch2/catch.hpp>

using namespace quaymaster;
using net::says_unknown_ident;
using net::take_result;

namespace {

constexpr const char* unknown_ident = "Traceback (most recent call last):\n"
                                      "  File \"managers.py\", line 259, in serve_client\n"
                                      "    raise ke\n"
                                      "KeyError: '7f01'\n";

}  // namespace

TEST_CASE("take_result() gives what was returned", "[net][client][reply]")
{
    CHECK(take_result(wire::returned_reply{value{5}}).to_value() == value{5});
}

TEST_CASE("take_result() throws queues' exceptions as their own types, whichever module names them", "[net][client][reply]")
{
    for (const char* module : {"queue", "_queue", "Queue"}) {
        CAPTURE(module);
        CHECK_THROWS_AS(take_result(wire::exception_reply{module, "Empty", ""}), queue_empty);
        CHECK_THROWS_AS(take_result(wire::exception_reply{module, "Full", ""}), queue_full);
        CHECK_THROWS_AS(take_result(wire::exception_reply{module, "ShutDown", ""}), queue_shut_down);
    }
    CHECK_THROWS_AS(take_result(wire::exception_reply{"elsewhere", "Empty", ""}), remote_error);
}

TEST_CASE("take_result() throws others as remote_error with type and text", "[net][client][reply]")
{
    try {
        take_result(wire::exception_reply{"builtins", "ValueError", "no"});
        FAIL("an exception was returned");
    } catch (const remote_error& raised) {
        CHECK(raised.type_name() == "ValueError");
        CHECK(raised.text() == "no");
        CHECK(raised.traceback().empty());
    }
}

TEST_CASE("is() takes the name of a type with its module and without", "[net][client][reply]")
{
    const remote_error raised{"shop.stock.OutOfStock", "2 too few"};
    CHECK(raised.is("OutOfStock"));
    CHECK(raised.is("stock.OutOfStock"));
    CHECK(raised.is("shop.stock.OutOfStock"));
    CHECK_FALSE(raised.is("Stock"));
    CHECK_FALSE(raised.is(""));
    CHECK_FALSE(raised.is("a.shop.stock.OutOfStock"));
    CHECK(remote_error{"KeyError", "'x'"}.is("KeyError"));
}

TEST_CASE("take_result() keeps a traceback, and reads type and text off its last line", "[net][client][reply]")
{
    try {
        take_result(wire::traceback_reply{unknown_ident});
        FAIL("a traceback was returned");
    } catch (const remote_error& raised) {
        CHECK(raised.type_name() == "KeyError");
        CHECK(raised.text() == "'7f01'");
        CHECK(raised.traceback() == unknown_ident);
    }
    CHECK_THROWS_AS(take_result(wire::traceback_reply{"not a traceback"}), remote_error);
    CHECK_THROWS_AS(take_result(wire::unserializable_reply{"a lock"}), remote_error);
}

TEST_CASE("take_result() refuses what it cannot return", "[net][client][reply]")
{
    CHECK_THROWS_AS(take_result(wire::proxy_reply{"Iterator", "7f02", {}}), error);
    CHECK_THROWS_AS(take_result(wire::malformed_reply{"not a pair"}), error);
}

TEST_CASE("says_unknown_ident() takes the server's KeyError for the ident and nothing else", "[net][client][reply]")
{
    CHECK(says_unknown_ident(wire::traceback_reply{unknown_ident}, "7f01"));
    CHECK_FALSE(says_unknown_ident(wire::traceback_reply{unknown_ident}, "7f02"));
    // A KeyError that the method itself raised comes as an exception, not as a traceback.
    CHECK_FALSE(says_unknown_ident(wire::exception_reply{"builtins", "KeyError", "'7f01'"}, "7f01"));
    CHECK_FALSE(says_unknown_ident(wire::returned_reply{value{}}, "7f01"));
}
