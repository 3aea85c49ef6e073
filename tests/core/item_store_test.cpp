#include "core_testing.hpp"

#include "core/item_store.hpp"

#include <quaymaster/errors.hpp>

using namespace quaymaster;
using namespace quaymaster::core;

namespace {

void push(item_store& store, const value& item)
{
    codec::payload added{item};
    REQUIRE_FALSE(store.push(added));
}

value take(item_store& store)
{
    return codec::payload{store.take()}.to_value();
}

}  // namespace

TEST_CASE("each kind of store takes out its own next item", "[core][queue]")
{
    const auto order = [](queue_kind kind) {
        item_store store{kind};
        for (const int item : {2, 3, 1})
            push(store, item);
        CHECK(store.size() == 3);
        std::vector<value> taken;
        while (store.size() > 0)
            taken.push_back(take(store));
        return value::list(taken);
    };
    CHECK(order(queue_kind::fifo) == value::list({2, 3, 1}));
    CHECK(order(queue_kind::lifo) == value::list({1, 3, 2}));
    CHECK(order(queue_kind::priority) == value::list({1, 2, 3}));
}

TEST_CASE("an item given back is the next one again", "[core][queue]")
{
    for (const queue_kind kind : {queue_kind::fifo, queue_kind::lifo, queue_kind::priority}) {
        CAPTURE(to_string(kind));
        item_store store{kind};
        for (const int item : {2, 3, 1})
            push(store, item);
        const value first = take(store);
        codec::payload returned{first};
        store.give_back(returned);
        CHECK(store.size() == 3);
        CHECK(take(store) == first);
    }
}

TEST_CASE("a priority queue refuses what it cannot read or compare, the others carry it", "[core][queue]")
{
    // A GET of what was never PUT: no unpickler can load it.
    const codec::item unreadable = codec::item::make(as_bytes("h\x07"), {});
    for (const queue_kind kind : {queue_kind::fifo, queue_kind::lifo}) {
        item_store store{kind};
        codec::payload added{unreadable};
        CHECK_NOTHROW(store.require_readable(added));
        CHECK_FALSE(store.push(added));
        CHECK(store.size() == 1);
    }
    item_store store{queue_kind::priority};
    codec::payload added{unreadable};
    CHECK_THROWS_AS(store.require_readable(added), pickle_error);
    CHECK_THROWS_AS(store.push(added), pickle_error);
    CHECK(store.size() == 0);

    push(store, 1);
    codec::payload text{value{"text"}};
    const auto refused = store.push(text);
    REQUIRE(refused);
    CHECK(refused->type == exception_type::type_error);
    CHECK(store.size() == 1);
}

TEST_CASE("clear() empties a store of any kind", "[core][queue]")
{
    for (const queue_kind kind : {queue_kind::fifo, queue_kind::lifo, queue_kind::priority}) {
        item_store store{kind};
        push(store, 1);
        store.clear();
        CHECK(store.size() == 0);
        push(store, 2);
        CHECK(take(store) == value{2});
    }
}
