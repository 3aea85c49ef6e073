#include "core_testing.hpp"

#include "core/queue_factories.hpp"

#include <stdexcept>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

struct fixture {
    registry objects{1};

    created create(std::string_view typeid_name, const arguments& positional = {}, const keyword_arguments& keywords = {})
    {
        call request = make_call({}, positional, keywords);
        auto made = objects.create(typeid_name, request);
        if (const auto* const error = std::get_if<raised>(&made))
            FAIL("raised " << error->type << ": " << error->text);
        return std::get<created>(made);
    }
    raised refusal(std::string_view typeid_name, const arguments& positional = {}, const keyword_arguments& keywords = {})
    {
        call request = make_call({}, positional, keywords);
        auto made = objects.create(typeid_name, request);
        REQUIRE(std::holds_alternative<raised>(made));
        return std::get<raised>(made);
    }
};

std::int64_t maxsize_of(const created& made)
{
    return dynamic_cast<const queue_referent&>(*made.object).queue().maxsize();
}

}  // namespace

TEST_CASE_METHOD(fixture, "a named queue is one queue for everybody", "[core][registry]")
{
    const auto queue = register_named_queue(objects, "get_task_queue", queue_kind::lifo, 3);
    CHECK(queue->queue().kind() == queue_kind::lifo);
    CHECK(queue->queue().maxsize() == 3);
    CHECK(queue->text() == "<queue.LifoQueue 'get_task_queue' qsize=0 maxsize=3>");

    const created made = create("get_task_queue");
    CHECK(made.object == queue);
    CHECK(made.ident == "get_task_queue");
    CHECK(create("get_task_queue").object == queue);

    SECTION("its items outlive its proxies, and its ident too") {
        caller client{*queue};
        client("put", {1});
        objects.decref(made.ident);
        objects.decref(made.ident);
        CHECK(objects.number_of_objects() == 0);
        CHECK(objects.find("get_task_queue") == queue);
        CHECK(result_of(client("qsize")) == value{1});
    }
    SECTION("it takes no arguments") {
        CHECK(refusal("get_task_queue", {1}).text == "get_task_queue() takes 0 positional arguments but 1 was given");
        CHECK(refusal("get_task_queue", {}, {{"maxsize", 1}}).text ==
              "get_task_queue() got an unexpected keyword argument 'maxsize'");
    }
    SECTION("a typeid is registered once") {
        CHECK_THROWS_AS(register_named_queue(objects, "get_task_queue"), std::invalid_argument);
    }
}

TEST_CASE_METHOD(fixture, "get_queue(name, maxsize=0) makes or finds a queue by name", "[core][registry]")
{
    objects.register_typeid("get_queue", queue_by_name("get_queue"));
    const created first = create("get_queue", {"jobs", 5});
    CHECK(first.ident == "get_queue/jobs");
    CHECK(maxsize_of(first) == 5);
    CHECK(first.object->text() == "<queue.Queue 'jobs' qsize=0 maxsize=5>");

    SECTION("the same name is the same queue, and its maxsize stays") {
        CHECK(create("get_queue", {"jobs"}).object == first.object);
        CHECK(create("get_queue", {}, {{"name", "jobs"}, {"maxsize", 9}}).object == first.object);
        CHECK(maxsize_of(first) == 5);
    }
    SECTION("another name is another queue") {
        const created other = create("get_queue", {"other"});
        CHECK(other.object != first.object);
        CHECK(maxsize_of(other) == 0);
    }
    SECTION("it stays when nobody counts on it") {
        objects.decref(first.ident);
        CHECK(objects.find(first.ident) == first.object);
        CHECK(create("get_queue", {"jobs"}).object == first.object);
    }
    SECTION("the arguments are checked as Python checks them") {
        CHECK(refusal("get_queue").text == "get_queue() missing 1 required positional argument: 'name'");
        CHECK(refusal("get_queue", {"a", 1, 2}).text == "get_queue() takes from 1 to 2 positional arguments but 3 were given");
        CHECK(refusal("get_queue", {"a", "big"}).type == exception_type::type_error);
        const raised number = refusal("get_queue", {1});
        CHECK(number.type == exception_type::type_error);
        CHECK(number.text == "get_queue() argument 'name' must be str, not int");
    }
    SECTION("its kind is that of the typeid") {
        objects.register_typeid("get_stack", queue_by_name("get_stack", queue_kind::lifo));
        const created stack = create("get_stack", {"jobs"});
        CHECK(stack.ident == "get_stack/jobs");
        CHECK(stack.object != first.object);
        CHECK(dynamic_cast<const queue_referent&>(*stack.object).queue().kind() == queue_kind::lifo);
    }
}

TEST_CASE_METHOD(fixture, "names have bounds", "[core][registry]")
{
    objects.register_typeid("get_queue", queue_by_name("get_queue", queue_kind::fifo, {2, 8, {}}));
    create("get_queue", {"12345678"});
    const raised too_long = refusal("get_queue", {"123456789"});
    CHECK(too_long.type == exception_type::value_error);
    CHECK_THAT(too_long.text, Catch::Contains("queue_name_size_max (8)"));

    create("get_queue", {"b"});
    const raised too_many = refusal("get_queue", {"c"});
    CHECK(too_many.type == exception_type::runtime_error);
    CHECK_THAT(too_many.text, Catch::Contains("named_queues_max (2)"));
    CHECK_NOTHROW(create("get_queue", {"b"}));
}

TEST_CASE_METHOD(fixture, "Queue(maxsize=0) makes a new queue each time", "[core][registry]")
{
    objects.register_typeid("Queue", fresh_queue());
    objects.register_typeid("PriorityQueue", fresh_queue(queue_kind::priority));
    const created first = create("Queue");
    const created second = create("Queue", {7});
    CHECK(first.ident != second.ident);
    CHECK(first.object != second.object);
    CHECK(maxsize_of(first) == 0);
    CHECK(maxsize_of(second) == 7);
    CHECK(maxsize_of(create("Queue", {}, {{"maxsize", 3}})) == 3);
    CHECK(first.object->text() == "<queue.Queue qsize=0>");
    CHECK(create("PriorityQueue").object->text() == "<queue.PriorityQueue qsize=0>");

    SECTION("it goes when nobody counts on it") {
        objects.decref(first.ident);
        CHECK(objects.find(first.ident) == nullptr);
    }
    SECTION("the arguments are checked as Python checks them") {
        CHECK(refusal("Queue", {1, 2}).text ==
              "Queue.__init__() takes from 1 to 2 positional arguments but 3 were given");
        CHECK(refusal("PriorityQueue", {}, {{"size", 1}}).text ==
              "Queue.__init__() got an unexpected keyword argument 'size'");
    }
    SECTION("maxsize is any number, and bounds as queue.py would") {
        CHECK(maxsize_of(create("Queue", {-1})) <= 0);
        CHECK(maxsize_of(create("Queue", {true})) == 1);
        CHECK(maxsize_of(create("Queue", {2.0})) == 2);
        CHECK(maxsize_of(create("Queue", {2.5})) == 3);
        CHECK(maxsize_of(create("Queue", {1e300})) == 0);
        CHECK(maxsize_of(create("Queue", {value::integer_from_decimal("1" + std::string(30, '0'))})) == 0);
        CHECK(refusal("Queue", {"7"}).text == "'>' not supported between instances of 'str' and 'int'");
        CHECK(refusal("Queue", {value{}}).text == "'>' not supported between instances of 'NoneType' and 'int'");
    }
}
