// told_waiters: fulfilled waiters on their way to the thread that they belong to.
#include "net/told_waiters.hpp"

#include "net/event_loop.hpp"
#include "net/local_caller.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace quaymaster::net {
namespace {

std::vector<std::shared_ptr<core::waiter>> some_waiters(std::size_t count)
{
    std::vector<std::shared_ptr<core::waiter>> made;
    while (made.size() < count)
        made.push_back(std::make_shared<core::waiter>());
    return made;
}

TEST_CASE("a line of told waiters is first in, first out", "[net][told_waiters]")
{
    const auto waiters = some_waiters(3);
    told_line line;
    CHECK(line.empty());
    for (int round = 0; round < 2; ++round) {
        line.push(waiters[0]);
        line.push(waiters[1]);
        CHECK(line.pop() == waiters[0]);
        line.push(waiters[2]);
        line.push(waiters[0]);
        CHECK(line.pop() == waiters[1]);
        CHECK(line.pop() == waiters[2]);
        CHECK_FALSE(line.empty());
        CHECK(line.pop() == waiters[0]);
        CHECK(line.empty());
    }
}

TEST_CASE("whoever is told lives until then, and no longer", "[net][told_waiters]")
{
    auto waiters = some_waiters(2);
    const std::vector<std::weak_ptr<core::waiter>> watched{waiters.begin(), waiters.end()};
    {
        told_waiters from_others;
        told_line own;
        from_others.push(std::move(waiters[0]));
        own.push(std::move(waiters[1]));
        CHECK_FALSE(watched[0].expired());
        CHECK_FALSE(watched[1].expired());
        SECTION("not at all, if nobody takes them") {}
        SECTION("from one to the other")
        {
            from_others.take_all([&](std::shared_ptr<core::waiter> told) { own.push(std::move(told)); });
            CHECK(from_others.empty());
            CHECK(own.pop() == watched[1].lock());
            CHECK(watched[1].expired());
            CHECK_FALSE(watched[0].expired());
        }
    }
    CHECK(watched[0].expired());
    CHECK(watched[1].expired());
}

// Nobody else would tell them, and they would wait for ever: so it must not fail, whatever memory there is.
static_assert(noexcept(std::declval<told_line&>().push(nullptr)));
static_assert(noexcept(std::declval<event_loop&>().tell(nullptr)));
static_assert(noexcept(std::declval<local_caller&>().tell(nullptr)));
static_assert(noexcept(std::declval<loop_of_callers&>().on_fulfilled(nullptr)));

}  // namespace
}  // namespace quaymaster::net
