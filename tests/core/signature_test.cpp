#include "core_testing.hpp"

#include "core/signature.hpp"

#include <array>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

constexpr std::array<parameter, 3> put_parameters{{{"item"}, {"block", false}, {"timeout", false}}};
constexpr signature put_method{"Queue.put", put_parameters};
constexpr signature qsize_method{"Queue.qsize", {}};

// What CPython says about these arguments; empty if it has nothing to say.
std::string complaint(const signature& expected, call arguments)
{
    std::vector<codec::payload*> bound(expected.parameters.size());
    const auto misfit = bind_arguments(expected, arguments, bound);
    if (!misfit)
        return {};
    CHECK(misfit->type == exception_type::type_error);
    return misfit->text;
}

}  // namespace

TEST_CASE("bind_arguments() finds each parameter's argument, by place or by name", "[core][signature]")
{
    std::array<codec::payload*, 3> bound{};
    SECTION("by place") {
        call arguments = make_call("put", {1, false});
        REQUIRE_FALSE(bind_arguments(put_method, arguments, bound));
        CHECK(bound[0] == &arguments.positional[0]);
        CHECK(bound[1] == &arguments.positional[1]);
        CHECK(bound[2] == nullptr);
    }
    SECTION("by name, in any order") {
        call arguments = make_call("put", {}, {{"timeout", 2}, {"item", 1}});
        REQUIRE_FALSE(bind_arguments(put_method, arguments, bound));
        CHECK(bound[0] == &arguments.keywords[1].second);
        CHECK(bound[1] == nullptr);
        CHECK(bound[2] == &arguments.keywords[0].second);
    }
    SECTION("both") {
        call arguments = make_call("put", {1}, {{"block", true}});
        REQUIRE_FALSE(bind_arguments(put_method, arguments, bound));
        CHECK(bound[0] == &arguments.positional[0]);
        CHECK(bound[1] == &arguments.keywords[0].second);
    }
    SECTION("what an earlier call left in `bound` is forgotten") {
        codec::payload stale;
        bound.fill(&stale);
        call arguments = make_call("put", {1});
        REQUIRE_FALSE(bind_arguments(put_method, arguments, bound));
        CHECK(bound[1] == nullptr);
        CHECK(bound[2] == nullptr);
    }
}

TEST_CASE("bind_arguments() complains in CPython's words", "[core][signature]")
{
    CHECK(complaint(put_method, make_call("put")) == "Queue.put() missing 1 required positional argument: 'item'");
    CHECK(complaint(put_method, make_call("put", {1, 2, 3, 4})) ==
          "Queue.put() takes from 2 to 4 positional arguments but 5 were given");
    CHECK(complaint(put_method, make_call("put", {1}, {{"x", 1}})) ==
          "Queue.put() got an unexpected keyword argument 'x'");
    CHECK(complaint(put_method, make_call("put", {1}, {{"item", 1}})) ==
          "Queue.put() got multiple values for argument 'item'");
    CHECK(complaint(put_method, make_call("put", {1}, {{"block", 1}, {"block", 1}})) ==
          "Queue.put() got multiple values for argument 'block'");
    CHECK(complaint(qsize_method, make_call("qsize", {1})) ==
          "Queue.qsize() takes 1 positional argument but 2 were given");
    CHECK(complaint(qsize_method, make_call("qsize")).empty());

    SECTION("a plain callable does not count self") {
        const signature no_parameters{"get_task_queue", {}, signature::style::function};
        CHECK(complaint(no_parameters, make_call({}, {1})) ==
              "get_task_queue() takes 0 positional arguments but 1 was given");
    }
    SECTION("several missing ones are listed as English lists") {
        constexpr std::array<parameter, 3> all_required{{{"a"}, {"b"}, {"c"}}};
        const signature two{"f", std::span{all_required}.first(2), signature::style::function};
        const signature three{"f", all_required, signature::style::function};
        CHECK(complaint(two, make_call({})) == "f() missing 2 required positional arguments: 'a' and 'b'");
        CHECK(complaint(three, make_call({})) == "f() missing 3 required positional arguments: 'a', 'b', and 'c'");
        CHECK(complaint(three, make_call({}, {1}, {{"c", 3}})) == "f() missing 1 required positional argument: 'b'");
        CHECK(complaint(two, make_call({}, {1, 2, 3})) == "f() takes 2 positional arguments but 3 were given");
    }
    SECTION("a call wrong in two ways gets the complaint that CPython makes first") {
        CHECK(complaint(put_method, make_call("put", {1, 2, 3, 4}, {{"x", 1}})) ==
              "Queue.put() got an unexpected keyword argument 'x'");
        CHECK(complaint(put_method, make_call("put", {}, {{"x", 1}})) ==
              "Queue.put() got an unexpected keyword argument 'x'");
    }
}
