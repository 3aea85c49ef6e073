#include "core_testing.hpp"

#include "core/user_object.hpp"

#include <quaymaster/class_definition.hpp>
#include <quaymaster/errors.hpp>

#include <boost/describe/class.hpp>

#include <deque>
#include <map>
#include <new>
#include <stdexcept>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

struct counter {
    explicit counter(int first) : count{first} {}
    int increment(int by)
    {
        if (by < 0)
            throw std::invalid_argument{"only up"};
        return count += by;
    }
    [[nodiscard]] int now() const { return count; }
    [[nodiscard]] std::unique_ptr<counter> twin() const { return std::make_unique<counter>(count); }
    void fail_as(const std::string& name) const { throw python_error{name, "on purpose"}; }
    int count;
};

struct described_point {
    int sum(int more) const { return x + y + more; }
    int x = 1;
    int y = 2;
    BOOST_DESCRIBE_CLASS(described_point, (), (sum, x, y), (), ())
};

/// Keeps jobs until the test runs them.
class manual_runner final : public job_runner {
public:
    void submit(std::shared_ptr<job> work) override { jobs.push_back(std::move(work)); }
    /// The oldest, on this thread. Those whose waits it ends go to `fulfilled`.
    void run_one()
    {
        const auto next = std::move(jobs.front());
        jobs.pop_front();
        next->execute();
        next->finish(fulfilled);
    }
    std::deque<std::shared_ptr<job>> jobs;
    completions fulfilled;
};

struct fixture {
    template <class T>
    std::shared_ptr<user_object> register_class(const std::string& name, const class_definition<T>& definition)
    {
        auto known = std::make_shared<const user_class>(name, definition.description());
        classes.add(known);
        return std::make_shared<user_object>(classes, known, nullptr);
    }
    static class_definition<counter> counters()
    {
        return class_definition<counter>{}
            .constructor<int>({{"first", 0}})
            .method("increment", &counter::increment, {{"by", 1}})
            .method("now", &counter::now)
            .method("twin", &counter::twin)
            .method("fail_as", &counter::fail_as)
            .method("scaled", [](const counter& one, int factor) { return one.count * factor; })
            .method("scaled", [](const counter& one, int factor, int more) { return one.count * factor + more; })
            .property("count", &counter::count);
    }
    /// What `method` comes to when its job is run at once.
    static outcome run(caller& client, manual_runner& runner, std::string_view method, const arguments& positional = {},
                       const keyword_arguments& keywords = {})
    {
        outcome result = client(method, positional, keywords);
        if (!is_parked(result))
            return result;
        runner.run_one();
        return client.told();
    }
    std::shared_ptr<user_object> make(const std::shared_ptr<user_object>& constructor, const arguments& positional = {})
    {
        caller client{*constructor};
        const outcome made = run(client, runner, "Counter", positional);
        runner.fulfilled.clear();
        REQUIRE(std::holds_alternative<made_proxy>(made));
        return std::static_pointer_cast<user_object>(std::get<made_proxy>(made).object);
    }

    manual_runner runner;
    user_classes classes{runner, {}};
};

void check_error(const outcome& seen, exception_type type, const std::string& text)
{
    const raised error = error_of(seen);
    CHECK(error.type == type);
    CHECK(error.text == text);
}

}  // namespace

TEST_CASE_METHOD(fixture, "an object of a C++ class is called by name", "[core][user_object]")
{
    const auto counted = make(register_class("Counter", counters()), {10});
    caller client{*counted};
    CHECK(std::vector<std::string_view>(counted->exposed().begin(), counted->exposed().end()) ==
          std::vector<std::string_view>{"count", "fail_as", "increment", "now", "scaled", "twin"});
    CHECK(result_of(run(client, runner, "increment", {5})) == value{15});
    CHECK(result_of(run(client, runner, "increment")) == value{16});
    CHECK(result_of(run(client, runner, "increment", {}, {{"by", 4}})) == value{20});
    CHECK(result_of(run(client, runner, "now")) == value{20});
    CHECK(result_of(run(client, runner, "count")) == value{20});
    CHECK(counted->text() == "<Counter object>");
    SECTION("overloads are told apart by their arguments")
    {
        CHECK(result_of(run(client, runner, "scaled", {2})) == value{40});
        CHECK(result_of(run(client, runner, "scaled", {2, 1})) == value{41});
        CHECK(error_of(run(client, runner, "scaled", {2, 1, 0})).type == exception_type::type_error);
    }
    SECTION("a result that is an object stays, and its methods can be called")
    {
        const outcome made = run(client, runner, "twin");
        REQUIRE(std::holds_alternative<made_proxy>(made));
        CHECK(std::get<made_proxy>(made).typeid_name == "Counter");
        caller other{*std::get<made_proxy>(made).object};
        CHECK(result_of(run(other, runner, "increment", {1})) == value{21});
        CHECK(result_of(run(client, runner, "now")) == value{20});
    }
}

TEST_CASE_METHOD(fixture, "what does not fit is a TypeError, and nothing is called", "[core][user_object]")
{
    const auto constructor = register_class("Counter", counters());
    const auto counted = make(constructor);
    caller client{*counted};
    check_error(run(client, runner, "increment", {1, 2}), exception_type::type_error,
                "Counter.increment() takes from 1 to 2 positional arguments but 3 were given");
    check_error(run(client, runner, "increment", {}, {{"of", 1}}), exception_type::type_error,
                "Counter.increment() got an unexpected keyword argument 'of'");
    check_error(run(client, runner, "fail_as"), exception_type::type_error,
                "Counter.fail_as() takes exactly one argument (0 given)");
    check_error(run(client, runner, "increment", {"x"}), exception_type::type_error,
                "argument 'by': expected int within -2147483648..2147483647, found str 'x'");
    CHECK(result_of(run(client, runner, "now")) == value{0});
    caller maker{*constructor};
    CHECK(error_of(run(maker, runner, "Counter", {"x"})).type == exception_type::type_error);
}

TEST_CASE_METHOD(fixture, "C++ exceptions become the fitting Python ones", "[core][user_object]")
{
    const auto counted = make(register_class("Counter", counters()));
    caller client{*counted};
    check_error(run(client, runner, "increment", {-1}), exception_type::value_error, "only up");
    check_error(run(client, runner, "fail_as", {"KeyError"}), exception_type::key_error, "on purpose");
    check_error(run(client, runner, "fail_as", {"queue.Empty"}), exception_type::queue_empty, "on purpose");
    check_error(run(client, runner, "fail_as", {"my.Error"}), exception_type::runtime_error, "my.Error: on purpose");
}

TEMPLATE_TEST_CASE("each standard exception has its Python type", "[core][user_object]", std::out_of_range, std::overflow_error,
                   std::domain_error, std::runtime_error)
{
    const std::map<std::string, exception_type> expected{{typeid(std::out_of_range).name(), exception_type::index_error},
                                                         {typeid(std::overflow_error).name(), exception_type::overflow_error},
                                                         {typeid(std::domain_error).name(), exception_type::value_error},
                                                         {typeid(std::runtime_error).name(), exception_type::runtime_error}};
    fixture around;
    const auto object = around.register_class(
        "Counter", class_definition<counter>{}.factory([]() -> std::unique_ptr<counter> { throw TestType{"text"}; }));
    caller client{*object};
    check_error(fixture::run(client, around.runner, "Counter"), expected.at(typeid(TestType).name()), "text");
}

TEST_CASE_METHOD(fixture, "calls of one object take turns", "[core][user_object]")
{
    const auto counted = make(register_class("Counter", counters()));
    caller first{*counted};
    caller second{*counted};
    REQUIRE(is_parked(first("increment")));
    REQUIRE(is_parked(second("increment")));
    CHECK(runner.jobs.size() == 1);
    runner.run_one();
    CHECK(first.is_served());
    CHECK_FALSE(second.is_served());
    runner.run_one();
    CHECK(result_of(first.told()) == value{1});
    CHECK(result_of(second.told()) == value{2});
    SECTION("unless the class takes care of itself")
    {
        const auto careful = make(register_class("Careful", counters().calls_may_overlap()));
        caller third{*careful};
        caller fourth{*careful};
        REQUIRE(is_parked(third("increment")));
        REQUIRE(is_parked(fourth("increment")));
        CHECK(runner.jobs.size() == 2);
        runner.run_one();
        runner.run_one();
        CHECK(third.is_served());
        CHECK(fourth.is_served());
        (void)third.told();
        (void)fourth.told();
    }
}

TEST_CASE_METHOD(fixture, "what could never be called is refused", "[core][user_object]")
{
    CHECK_THROWS_WITH(class_definition<counter>{}.method("increment", &counter::increment, {{"by", "one"}}),
                      Catch::Contains("'increment': a default does not fit") && Catch::Contains("argument 'by'"));
    CHECK_THROWS_AS(class_definition<counter>{}.constructor<int>({{"first", 0.5}}), std::invalid_argument);
    CHECK_THROWS_AS(class_definition<counter>{}.method("increment", &counter::increment, {{"by"}, {"more"}}),
                    std::invalid_argument);
    CHECK_THROWS_WITH(register_class("Counter", counters().method("now", &counter::now)),
                      Catch::Contains("'Counter.now' is listed twice"));
    CHECK_NOTHROW(register_class("Counter", counters().method("increment", &counter::increment, {{"by_another_name"}})));
}

TEST_CASE_METHOD(fixture, "calls that are quick are run at once", "[core][user_object]")
{
    const auto constructor = register_class("Quick", counters().calls_are_quick());
    caller maker{*constructor};
    const outcome made = maker("", {3});
    REQUIRE(std::holds_alternative<made_proxy>(made));
    const auto quick = std::get<made_proxy>(made).object;
    caller client{*quick};
    CHECK(result_of(client("increment", {4})) == value{7});
    CHECK(result_of(client("increment", {}, {{"by", 2}})) == value{9});
    CHECK(result_of(client("scaled", {2, 1})) == value{19});
    CHECK(std::holds_alternative<made_proxy>(client("twin")));
    CHECK(error_of(client("increment", {-1})).text == "only up");
    CHECK(error_of(client("increment", {"four"})).type == exception_type::type_error);
    CHECK(error_of(client("increment", {1, 2})).type == exception_type::type_error);
    CHECK(result_of(client("now")) == value{9});
    CHECK(runner.jobs.empty());
}

TEST_CASE_METHOD(fixture, "a caller may leave before its call has ended", "[core][user_object]")
{
    const auto counted = make(register_class("Counter", counters()));
    caller first{*counted};
    caller second{*counted};
    caller third{*counted};
    REQUIRE(is_parked(first("increment")));
    REQUIRE(is_parked(second("increment")));
    REQUIRE(is_parked(third("increment")));
    first.leave();   // its call is with the runner and has not begun
    second.leave();  // its call waits for that one
    runner.run_one();
    CHECK(runner.fulfilled.empty());
    runner.run_one();
    CHECK(result_of(third.told()) == value{1});  // neither has run
    CHECK(runner.jobs.empty());
}

TEST_CASE_METHOD(fixture, "described members need no list", "[core][user_object]")
{
    const auto point = make(register_class("Point", class_definition<described_point>{}.described()));
    caller client{*point};
    CHECK(result_of(run(client, runner, "sum", {4})) == value{7});
    CHECK(result_of(run(client, runner, "y")) == value{2});
    SECTION("of which some may be kept back")
    {
        const auto less = class_definition<described_point>{}.described().expose({"sum"}).description();
        REQUIRE(less.methods.size() == 1);
        CHECK(less.methods[0].name == "sum");
        CHECK_THROWS_AS(class_definition<described_point>{}.described().expose({"z"}), std::invalid_argument);
    }
}

TEST_CASE("a definition that cannot be is refused", "[core][user_object]")
{
    CHECK_THROWS_AS(class_definition<counter>{}.method("increment", &counter::increment, {{"by"}, {"more"}}),
                    std::invalid_argument);
    CHECK_THROWS_AS(class_definition<counter>{}.method("s", [](counter&, int a, int b) { return a + b; }, {{"a", 1}, {"b"}}),
                    std::invalid_argument);
    CHECK_THROWS_AS(user_class("Counter", class_definition<counter>{}.method("", &counter::now).description()),
                    std::invalid_argument);
}
