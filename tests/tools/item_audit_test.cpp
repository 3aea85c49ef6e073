#include "item_audit.hpp"

#include <catch2/catch.hpp>

using namespace quaymaster;
using namespace quaymaster::tool;

namespace {

constexpr std::size_t item_size = 64;

bytes item_of(const item_stamp& stamp, std::size_t size = item_size)
{
    bytes item(size);
    write_stamp(item, stamp);
    return item;
}

}  // namespace

TEST_CASE("An audit finds nothing wrong when every item comes once and in order", "[tools][audit]")
{
    item_audit audit{2, item_size, 7};
    item_receiver receiver{audit};
    const auto due = std::chrono::steady_clock::time_point{std::chrono::seconds{3}};
    for (std::uint32_t producer : {0U, 1U, 1U, 0U}) {
        const auto stamp = receiver.receive(item_of(audit.next(producer, due)));
        REQUIRE(stamp);
        CHECK(stamp->producer == producer);
        CHECK(stamp->due == due);
    }
    CHECK(audit.verdict().items == 4);
    CHECK(audit.verdict().is_clean());

    SECTION("the end of a producer is no item") {
        const auto stamp = receiver.receive(item_of(audit.last(1)));
        REQUIRE(stamp);
        CHECK(stamp->is_last);
        CHECK(audit.verdict().items == 4);
    }
}

TEST_CASE("An audit counts items that are lost", "[tools][audit]")
{
    item_audit audit{1, item_size, 7};
    item_receiver receiver{audit};
    (void)audit.next(0, {});
    receiver.receive(item_of(audit.next(0, {})));
    (void)audit.next(0, {});
    CHECK(audit.verdict().lost == 2);
    CHECK(audit.verdict().doubled + audit.verdict().out_of_order + audit.verdict().foreign == 0);
}

TEST_CASE("An audit counts items that come twice, to whichever consumer", "[tools][audit]")
{
    item_audit audit{1, item_size, 7};
    item_receiver one{audit};
    item_receiver other{audit};
    const bytes item = item_of(audit.next(0, {}));
    CHECK(one.receive(item));
    CHECK_FALSE(one.receive(item));
    CHECK_FALSE(other.receive(item));
    CHECK(audit.verdict().doubled == 2);
    CHECK(audit.verdict().lost == 0);
}

TEST_CASE("An audit compares the order of one producer's items at one consumer", "[tools][audit]")
{
    item_audit audit{2, item_size, 7};
    item_receiver receiver{audit};
    const bytes first = item_of(audit.next(0, {}));
    const bytes second = item_of(audit.next(0, {}));
    receiver.receive(second);

    SECTION("another consumer may be slower") {
        item_receiver other{audit};
        other.receive(first);
        CHECK(audit.verdict().is_clean());
    }
    SECTION("the same consumer may not see them exchanged") {
        CHECK(receiver.receive(first));
        CHECK(audit.verdict().out_of_order == 1);
        CHECK(audit.verdict().lost == 0);
    }
    SECTION("two producers have no order between them") {
        receiver.receive(item_of(audit.next(1, {})));
        CHECK(audit.verdict().out_of_order == 0);
    }
}

TEST_CASE("An audit notices what was not put", "[tools][audit]")
{
    item_audit audit{1, item_size, 7};
    item_receiver receiver{audit};
    item_stamp stamp = audit.next(0, {});

    SECTION("another size") {
        CHECK_FALSE(receiver.receive(item_of(stamp, item_size + 1)));
        CHECK_FALSE(receiver.receive(bytes(item_size_min - 1)));
        CHECK(audit.verdict().foreign == 2);
    }
    SECTION("the item of another run") {
        CHECK_FALSE(receiver.receive(item_of(item_audit{1, item_size, 8}.next(0, {}))));
        CHECK(audit.verdict().foreign == 1);
    }
    SECTION("a producer or a number that there was not") {
        stamp.producer = 1;
        CHECK_FALSE(receiver.receive(item_of(stamp)));
        stamp.producer = 0;
        stamp.sequence = std::uint64_t{1} << 60;
        CHECK_FALSE(receiver.receive(item_of(stamp)));
        CHECK(audit.verdict().foreign == 2);
    }
    CHECK(audit.verdict().lost == 1);
}

TEST_CASE("A stamp says when its put was due wherever there is room for it", "[tools][audit]")
{
    const auto due = std::chrono::steady_clock::time_point{std::chrono::seconds{3}};
    for (const std::size_t size : {item_size_min, timed_item_size_min - 1, timed_item_size_min}) {
        CAPTURE(size);
        item_audit audit{1, size, 7};
        item_receiver receiver{audit};
        const auto stamp = receiver.receive(item_of(audit.next(0, due), size));
        REQUIRE(stamp);
        CHECK(stamp->sequence == 0);
        CHECK(stamp->due == (size < timed_item_size_min ? std::chrono::steady_clock::time_point{} : due));
        CHECK(audit.verdict().is_clean());
    }
}

TEST_CASE("An audit knows the size of each item where sizes are mixed", "[tools][audit]")
{
    const item_sizes sizes = item_sizes::log_normal(16, 1024, 65536, 1);
    item_audit audit{3, sizes, 7};
    item_receiver receiver{audit};
    for (const std::uint32_t producer : {0U, 2U, 1U, 2U, 2U}) {
        const item_stamp stamp = audit.next(producer, {});
        CHECK(audit.size_of(stamp) == sizes.of(producer, stamp.sequence));
        CHECK(receiver.receive(item_of(stamp, audit.size_of(stamp))));
    }
    CHECK(audit.put_by(2) == 3);
    CHECK(audit.verdict().is_clean());

    const item_stamp stamp = audit.next(0, {});
    CHECK_FALSE(receiver.receive(item_of(stamp, audit.size_of(stamp) + 1)));
    CHECK(audit.verdict().foreign == 1);
    CHECK(audit.verdict().lost == 1);
}
