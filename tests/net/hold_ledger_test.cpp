// hold_ledger: when what data has held ends. Time is fed by hand.
#include "net/hold_ledger.hpp"

#include "core/queue_factories.hpp"
#include "core/queue_referent.hpp"

#include <catch2/catch.hpp>

#include <thread>

using namespace quaymaster;
using namespace std::chrono_literals;
using core::hold;
using net::hold_ledger;

namespace {

struct fixture {
    /// A new object that one client counts on.
    std::string make()
    {
        auto made = objects.adopt(std::make_shared<core::queue_referent>(), "Queue");
        return std::get<core::created>(made).ident;
    }
    /// Data in `owner` that holds a proxy of `target`.
    std::shared_ptr<hold> held(const std::string& owner, const std::string& target)
    {
        REQUIRE(objects.add_hold(owner, target));
        return std::make_shared<hold>(ledger, owner, target);
    }
    /// How many objects went.
    std::size_t settle(hold_ledger::time_point now, bool asked = false) { return ledger->settle(objects, now, asked).size(); }

    static constexpr auto grace = 300ms;
    std::shared_ptr<hold_ledger> ledger = std::make_shared<hold_ledger>(grace);
    core::registry objects{7};
    const hold_ledger::time_point start{100s};
};

}  // namespace

TEST_CASE_METHOD(fixture, "the end of a hold is noted where it happens and settled later", "[net][hold_ledger]")
{
    const std::string target = make();
    auto kept = held("", target);
    REQUIRE(objects.decref(target));
    CHECK(settle(start) == 0);
    std::thread{[data = std::move(kept)] {}}.join();
    CHECK(ledger->has_work());
    CHECK(objects.find(target) != nullptr);
    CHECK(settle(start) == 1);
    CHECK(objects.find(target) == nullptr);
    CHECK_FALSE(ledger->has_work());
}

TEST_CASE_METHOD(fixture, "what leaves for a client is kept for a while", "[net][hold_ledger]")
{
    const std::string target = make();
    ledger->keep(held("", target), start);
    REQUIRE(objects.decref(target));
    CHECK(settle(start + grace - 1ms) == 0);
    CHECK(ledger->has_work());
    SECTION("and goes if the client has not counted on it by then")
    {
        CHECK(settle(start + grace) == 1);
    }
    SECTION("and stays if it has")
    {
        REQUIRE(objects.incref(target));
        CHECK(settle(start + grace) == 0);
        CHECK(objects.find(target) != nullptr);
    }
    CHECK_FALSE(ledger->has_work());
}

TEST_CASE_METHOD(fixture, "objects that only hold each other are looked for now and then, or when asked", "[net][hold_ledger]")
{
    const std::string one = make();
    const std::string other = make();
    const auto in_one = held(one, other);
    const auto in_other = held(other, one);
    CHECK(settle(start) == 0);  // all are counted; from here on the next search has its time
    REQUIRE(objects.decref(one));
    REQUIRE(objects.decref(other));
    REQUIRE(objects.may_have_cycles());
    SECTION("not twice within an interval")
    {
        CHECK(settle(start + hold_ledger::cycle_interval - 1ms) == 0);
        CHECK(ledger->has_work());
        CHECK(settle(start + hold_ledger::cycle_interval) == 2);
    }
    SECTION("unless asked")
    {
        CHECK(settle(start, true) == 2);
    }
    CHECK(objects.number_of_objects() == 0);
    CHECK_FALSE(ledger->has_work());
}

TEST_CASE_METHOD(fixture, "holds that outlive the server end unheard", "[net][hold_ledger]")
{
    auto kept = held("", make());
    ledger.reset();
    CHECK_NOTHROW(kept.reset());
}
