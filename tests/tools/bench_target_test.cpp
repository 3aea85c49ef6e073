#include "bench_target.hpp"

#include <catch2/catch.hpp>

#include <deque>
#include <utility>

using namespace quaymaster;
using namespace quaymaster::tool;

namespace {

bytes item_of(char letter)
{
    return {std::byte{static_cast<unsigned char>(letter)}};
}

/// A queue of its own, and nothing that could do more than one operation at a time.
class plain_connection final : public bench_connection {
public:
    bool put(std::size_t, const bytes& item, milliseconds) override
    {
        items_.push_back(item);
        return true;
    }
    bool get(std::size_t, bytes& item, milliseconds) override
    {
        if (items_.empty())
            return false;
        item = std::move(items_.front());
        items_.pop_front();
        return true;
    }

private:
    std::deque<bytes> items_;
};

}  // namespace

TEST_CASE("A connection that can do one operation at a time gives the items of a stream in order", "[tools][target]")
{
    plain_connection connection;
    for (const char letter : {'a', 'b', 'c'})
        connection.start_put(0, item_of(letter));
    for (int count = 0; count < 3; ++count)
        connection.finish_put();
    for (int count = 0; count < 4; ++count)
        connection.start_get(0);
    bytes item;
    for (const char letter : {'a', 'b', 'c'}) {
        REQUIRE(connection.finish_get(item));
        CHECK(item == item_of(letter));
    }
    CHECK_FALSE(connection.finish_get(item));
}

TEST_CASE("A connection without batches puts and gets them one by one", "[tools][target]")
{
    plain_connection connection;
    const std::vector<bytes> items{item_of('a'), item_of('b'), item_of('c')};
    connection.put_batch(items);
    std::vector<bytes> got;
    connection.get_batch(2, got);
    CHECK(got == std::vector<bytes>{item_of('a'), item_of('b')});

    SECTION("fewer may be there than are asked for")
    {
        connection.get_batch(2, got);
        CHECK(got == std::vector<bytes>{item_of('c')});
        connection.get_batch(2, got);
        CHECK(got.empty());
    }
}
