#include "core_testing.hpp"

#include "core/queue_referent.hpp"

#include <algorithm>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

struct fixture {
    explicit fixture(queue_kind kind = queue_kind::fifo, std::int64_t maxsize = 0) : queue{"get_task_queue", kind, maxsize} {}

    queue_referent queue;
    caller client{queue};
    caller other{queue};
};

struct bounded_fixture : fixture {
    bounded_fixture() : fixture{queue_kind::fifo, 1} {}
};

void check_error(const outcome& seen, exception_type type, const std::string& text = {})
{
    const raised error = error_of(seen);
    CHECK(error.type == type);
    CHECK(error.text == text);
}

}  // namespace

TEST_CASE_METHOD(fixture, "a queue exposes the methods of Python 3.13's queue.Queue, sorted", "[core][queue]")
{
    const auto names = queue.exposed();
    CHECK(std::vector<std::string_view>(names.begin(), names.end()) ==
          std::vector<std::string_view>{"empty", "full", "get", "get_nowait", "join", "put", "put_nowait", "qsize",
                                        "shutdown", "task_done"});
    SECTION("and no other") {
        check_error(client("clear"), exception_type::attribute_error, "'Queue' object has no attribute 'clear'");
        check_error(client(""), exception_type::attribute_error, "'Queue' object has no attribute ''");
    }
}

TEST_CASE_METHOD(bounded_fixture, "each method does what its name says", "[core][queue]")
{
    CHECK(result_of(client("empty")) == value{true});
    CHECK(result_of(client("full")) == value{false});
    CHECK(result_of(client("put", {"item"})).is_none());
    CHECK(result_of(client("qsize")) == value{1});
    CHECK(result_of(client("empty")) == value{false});
    CHECK(result_of(client("full")) == value{true});
    check_error(client("put_nowait", {2}), exception_type::queue_full);
    CHECK(result_of(client("get")) == value{"item"});
    check_error(client("get_nowait"), exception_type::queue_empty);
    CHECK(is_parked(other("join")));
    CHECK(result_of(client("task_done")).is_none());
    CHECK(result_of(other.told()).is_none());
    check_error(client("task_done"), exception_type::value_error, "task_done() called too many times");
    CHECK(result_of(client("put_nowait", {2})).is_none());
    CHECK(result_of(client("get_nowait")) == value{2});
    CHECK(result_of(client("shutdown")).is_none());
    check_error(client("put", {3}), exception_type::queue_shut_down);
    check_error(client("get"), exception_type::queue_shut_down);
}

TEST_CASE_METHOD(fixture, "empty() and full() return bool, qsize() int", "[core][queue]")
{
    CHECK(result_of(client("empty")).kind() == value_kind::boolean);
    CHECK(result_of(client("full")).kind() == value_kind::boolean);
    CHECK(result_of(client("qsize")).kind() == value_kind::integer);
}

TEST_CASE_METHOD(fixture, "get() takes block and timeout, by place or by name", "[core][queue]")
{
    SECTION("by default it waits without limit") {
        CHECK(is_parked(client("get")));
        CHECK(client.place().deadline() == never);
    }
    SECTION("timeout=None too") {
        CHECK(is_parked(client("get", {true, value{}})));
        CHECK(client.place().deadline() == never);
    }
    SECTION("a timeout counts from the arrival of the call") {
        CHECK(is_parked(client("get", {true, 0.5}, {}, start + 10s)));
        CHECK(client.place().deadline() == start + 10s + 500ms);
        check_error(client.expire(), exception_type::queue_empty);
        CHECK_FALSE(client.is_waiting());
    }
    SECTION("by name") {
        CHECK(is_parked(client("get", {}, {{"timeout", 1}})));
        CHECK(client.place().deadline() == start + 1s);
        check_error(other("get", {}, {{"block", false}}), exception_type::queue_empty);
    }
    SECTION("any false value means not to block") {
        for (const value& flag : {value{false}, value{0}, value{}, value{""}, value::list({})})
            check_error(client("get", {flag}), exception_type::queue_empty);
        CHECK(is_parked(client("get", {"yes"})));
    }
    SECTION("a timeout of zero does not wait") {
        check_error(client("get", {true, 0}), exception_type::queue_empty);
        check_error(client("get", {true, 0.0}), exception_type::queue_empty);
    }
}

TEST_CASE_METHOD(fixture, "get() looks at timeout exactly when queue.py does", "[core][queue]")
{
    constexpr auto negative_text = "'timeout' must be a non-negative number";
    SECTION("negative: ValueError, even if there is an item, which stays") {
        client("put", {1});
        check_error(client("get", {true, -1}), exception_type::value_error, negative_text);
        check_error(client("get", {true, -0.5}), exception_type::value_error, negative_text);
        CHECK(result_of(client("qsize")) == value{1});
    }
    SECTION("no number: TypeError") {
        check_error(client("get", {true, "1"}), exception_type::type_error,
                    "'<' not supported between instances of 'str' and 'int'");
    }
    SECTION("not when it does not block") {
        check_error(client("get", {false, -1}), exception_type::queue_empty);
        check_error(client("get", {false, "1"}), exception_type::queue_empty);
    }
    SECTION("not when the queue is shut down and empty") {
        client("shutdown");
        check_error(client("get", {true, -1}), exception_type::queue_shut_down);
    }
    SECTION("but when it is shut down and not empty") {
        client("put", {1});
        client("shutdown");
        check_error(client("get", {true, -1}), exception_type::value_error, negative_text);
    }
}

TEST_CASE_METHOD(bounded_fixture, "put() takes item, block and timeout, by place or by name", "[core][queue]")
{
    CHECK(result_of(client("put", {}, {{"item", 1}, {"block", true}, {"timeout", 5}})).is_none());
    SECTION("by default it waits without limit") {
        CHECK(is_parked(other("put", {2})));
        CHECK(other.place().deadline() == never);
        CHECK(result_of(client("get")) == value{1});
        CHECK(result_of(other.told()).is_none());
        CHECK(result_of(client("get")) == value{2});
    }
    SECTION("with a timeout, until then") {
        CHECK(is_parked(other("put", {2, true, 0.25})));
        CHECK(other.place().deadline() == start + 250ms);
        check_error(other.expire(), exception_type::queue_full);
        CHECK(result_of(client("qsize")) == value{1});
    }
    SECTION("without waiting") {
        check_error(other("put", {2, false}), exception_type::queue_full);
        check_error(other("put", {2, true, 0}), exception_type::queue_full);
    }
    SECTION("a negative timeout is a ValueError, even if there is room") {
        client("get");
        check_error(client("put", {2, true, -1}), exception_type::value_error, "'timeout' must be a non-negative number");
        CHECK(result_of(client("empty")) == value{true});
        CHECK(result_of(client("put", {2, false, -1})).is_none());
    }
}

TEST_CASE_METHOD(fixture, "put() without a maxsize never looks at block or timeout", "[core][queue]")
{
    CHECK(result_of(client("put", {1, true, -1})).is_none());
    CHECK(result_of(client("put", {1, true, "soon"})).is_none());
    CHECK(result_of(client("qsize")) == value{2});
}

TEST_CASE_METHOD(fixture, "shutdown() takes immediate by its truth", "[core][queue]")
{
    client("put", {1});
    client("put", {2});
    SECTION("false") {
        client("shutdown", {0});
        CHECK(result_of(client("get")) == value{1});
    }
    SECTION("true") {
        client("shutdown", {}, {{"immediate", 1}});
        check_error(client("get"), exception_type::queue_shut_down);
    }
}

TEST_CASE_METHOD(fixture, "arguments that do not fit raise TypeError in CPython's words", "[core][queue]")
{
    check_error(client("put"), exception_type::type_error, "Queue.put() missing 1 required positional argument: 'item'");
    check_error(client("put", {1, true, 1, 1}), exception_type::type_error,
                "Queue.put() takes from 2 to 4 positional arguments but 5 were given");
    check_error(client("get", {}, {{"x", 1}}), exception_type::type_error,
                "Queue.get() got an unexpected keyword argument 'x'");
    check_error(client("put", {1}, {{"item", 1}}), exception_type::type_error,
                "Queue.put() got multiple values for argument 'item'");
    check_error(client("get_nowait", {1}), exception_type::type_error,
                "Queue.get_nowait() takes 1 positional argument but 2 were given");
    check_error(client("put_nowait", {1, 2}), exception_type::type_error,
                "Queue.put_nowait() takes 2 positional arguments but 3 were given");
    check_error(client("shutdown", {1, 2}), exception_type::type_error,
                "Queue.shutdown() takes from 1 to 2 positional arguments but 3 were given");
    CHECK(result_of(client("empty")) == value{true});
}

TEST_CASE_METHOD(fixture, "an argument that cannot be read is a ValueError, and nothing has happened", "[core][queue]")
{
    call request{"get", {}, {}, start};
    request.positional.emplace_back(codec::item::make(as_bytes("h\x07"), {}));  // a GET of what was never PUT
    client("put", {1});
    CHECK(error_of(queue.invoke(request, client.place(), client.fulfilled)).type == exception_type::value_error);
    CHECK(result_of(client("qsize")) == value{1});
}

TEST_CASE("lifo and priority queues have the same methods", "[core][queue]")
{
    fixture stack{queue_kind::lifo};
    fixture priority{queue_kind::priority};
    for (const int item : {2, 3, 1}) {
        stack.client("put", {item});
        priority.client("put", {item});
    }
    CHECK(result_of(stack.client("get")) == value{1});
    CHECK(result_of(stack.client("get")) == value{3});
    CHECK(result_of(priority.client("get")) == value{1});
    CHECK(result_of(priority.client("get")) == value{2});
    check_error(priority.client("put", {"text"}), exception_type::type_error,
                "'<' not supported between instances of 'str' and 'int'");
}

TEST_CASE("a client that leaves while it waits swallows nothing", "[core][queue]")
{
    fixture shop;
    CHECK(is_parked(shop.client("get")));
    shop.client.leave();
    CHECK_FALSE(shop.client.is_waiting());
    shop.other("put", {1});
    CHECK(result_of(shop.other("get_nowait")) == value{1});
}

TEST_CASE("text() names class, queue and size", "[core][queue]")
{
    fixture fifo;
    fifo.client("put", {1});
    CHECK(fifo.queue.text() == "<queue.Queue 'get_task_queue' qsize=1>");
    CHECK(queue_referent{}.text() == "<queue.Queue qsize=0>");
    CHECK(queue_referent("s", queue_kind::lifo, 5).text() == "<queue.LifoQueue 's' qsize=0 maxsize=5>");
    CHECK(queue_referent("p", queue_kind::priority).text() == "<queue.PriorityQueue 'p' qsize=0>");
}
