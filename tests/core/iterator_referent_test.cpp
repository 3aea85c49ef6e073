#include "core_testing.hpp"

#include "core/iterator_referent.hpp"

#include "codec/object_graph.hpp"

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

struct fixture {
    iterator_referent iterator{{1, "two", value::list({3})}, "dict_keyiterator"};
    caller client{iterator};
};

}  // namespace

TEST_CASE_METHOD(fixture, "an iterator exposes what IteratorProxy does, sorted", "[core][iterator]")
{
    const auto names = iterator.exposed();
    CHECK(std::vector<std::string_view>(names.begin(), names.end()) ==
          std::vector<std::string_view>{"__next__", "close", "next", "send", "throw"});
    CHECK(iterator.text() == "<dict_keyiterator object>");
    CHECK(iterator_referent{{}}.text() == "<iterator object>");
}

TEST_CASE_METHOD(fixture, "__next__ and next give one item after another, then StopIteration for ever", "[core][iterator]")
{
    CHECK(result_of(client("__next__")) == value{1});
    CHECK(result_of(client("next")) == value{"two"});
    CHECK(result_of(client("__next__")) == value::list({3}));
    for (int i = 0; i < 3; ++i) {
        const raised end = error_of(client("__next__"));
        CHECK(end.type == exception_type::stop_iteration);
        CHECK(end.text.empty());
        CHECK_FALSE(end.argument);
    }
    SECTION("one over nothing ends at once")
    {
        iterator_referent empty{{}};
        CHECK(error_of(caller{empty}("next")).type == exception_type::stop_iteration);
    }
}

TEST_CASE_METHOD(fixture, "send, throw and close are for generators", "[core][iterator]")
{
    for (const std::string_view name : {"send", "throw", "close"}) {
        const raised missing = error_of(client(name, {1, 2}));
        CHECK(missing.type == exception_type::attribute_error);
        CHECK(missing.text == "'dict_keyiterator' object has no attribute '" + std::string{name} + "'");
    }
    CHECK(error_of(client("__iter__")).type == exception_type::attribute_error);
    CHECK(error_of(client("__next__", {1})).text == "__next__() takes no arguments (1 given)");
    CHECK(result_of(client("__next__")) == value{1});
}

TEST_CASE_METHOD(fixture, "by value it is iter() of the items still to come", "[core][iterator]")
{
    CHECK(iterator.by_value()->repr() == "iter([1, 'two', [3]])");
    result_of(client("next"));
    CHECK(iterator.by_value()->repr() == "iter(['two', [3]])");
    result_of(client("next"));
    result_of(client("next"));
    error_of(client("next"));
    CHECK(iterator.by_value()->repr() == "iter([])");
}

TEST_CASE("an item of a large container is sent without it", "[core][iterator]")
{
    std::vector<value> many;
    for (int i = 0; i < 1000; ++i)
        many.emplace_back("key " + std::to_string(i));
    const value all = value::list(many);
    std::vector<value> items;
    for (std::size_t i = 0; i < all.size(); ++i)
        items.push_back(all[i]);
    iterator_referent iterator{std::move(items)};
    const value first = result_of(caller{iterator}("next"));
    CHECK(first == value{"key 0"});
    CHECK(codec::object_graph::graph_of(first)->node_count() == 1);
}
