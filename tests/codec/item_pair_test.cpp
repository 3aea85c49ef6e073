#include "codec_testing.hpp"

#include "codec/item_pair.hpp"
#include "codec/payload.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>

using namespace quaymaster;
using namespace quaymaster::codec;

TEST_CASE("a number and an item become one tuple", "[codec][item_pair]")
{
    for (const std::uint16_t number : std::initializer_list<std::uint16_t>{0, 1, 255, 256, 65535}) {
        CAPTURE(number);
        for (const value& second : {value{}, value{7}, value{"text"}, value::list({value{1}, value{"x"}})}) {
            const item pair = pair_item(number, payload{second}.to_item());
            CHECK(payload{pair}.to_value() == value::tuple({value{number}, second}));
            CHECK(pair.traits().protocol_min >= 2);
        }
    }
}

TEST_CASE("what is known of the item is known of the pair", "[codec][item_pair]")
{
    item_traits traits;
    traits.protocol_min = 4;
    traits.has_globals = true;
    traits.has_proxies = true;
    // A memo of its own: a list that holds itself.
    const item second = item::make(pickle("]\x94h\x00"
                                          "a"),
                                   traits);
    const item pair = pair_item(3, second);
    CHECK(pair.traits() == traits);
    CHECK(payload{pair}.to_value()[1].repr() == "[[...]]");
    CHECK(pair.held() == nullptr);

    const auto held = std::make_shared<const std::string>("kept");
    const item with_hold = pair_item(3, item::attach(second, held));
    CHECK(with_hold.held() == held);
    CHECK(held.use_count() == 2);
}
