#include "wire/proxy_tokens.hpp"

#include "wire_testing.hpp"

#include "codec/pickle_decoder.hpp"
#include "codec/pickle_writer.hpp"

#include <algorithm>
#include <array>

using namespace quaymaster;
using namespace quaymaster::testing;

namespace {

// [<ListProxy '7f-1' at ('127.0.0.1', 5000)>, <ListProxy '7f-2' at '/tmp/s'>, 3], as CPython 2.7 (protocol 2) and 3.11 (3 and
// 4) pickle it.
constexpr std::array<std::string_view, 3> pickles{
    "80025d710028636d756c746970726f63657373696e672e6d616e61676572730a52656275696c6450726f78790a710128636d756c746970"
    "726f63657373696e672e6d616e61676572730a4c69737450726f78790a7102636d756c746970726f63657373696e672e6d616e61676572"
    "730a546f6b656e0a71032981710455046c697374710555093132372e302e302e3171064d8813867107550437662d317108877109625506"
    "7069636b6c65710a7d710b74710c52710d680128680268032981710e680555062f746d702f73710f550437662d32711087711162680a7d"
    "71127471135271144b03652e",
    "80035d710028636d756c746970726f63657373696e672e6d616e61676572730a52656275696c6450726f78790a710128636d756c746970"
    "726f63657373696e672e6d616e61676572730a4c69737450726f78790a7102636d756c746970726f63657373696e672e6d616e61676572"
    "730a546f6b656e0a71032981710458040000006c697374710558090000003132372e302e302e3171064d8813867107580400000037662d"
    "3171088771096258060000007069636b6c65710a7d710b74710c52710d680128680268032981710e680558060000002f746d702f73710f"
    "580400000037662d32711087711162680a7d71127471135271144b03652e",
    "800495ab000000000000005d94288c186d756c746970726f63657373696e672e6d616e6167657273948c0c52656275696c6450726f7879"
    "9493942868018c094c69737450726f787994939468018c05546f6b656e9493942981948c046c697374948c093132372e302e302e31944d"
    "881386948c0437662d31948794628c067069636b6c65947d94749452946803286805680729819468098c062f746d702f73948c0437662d"
    "3294879462680e7d94749452944b03652e",
};

value list_of_proxies()
{
    const auto which = static_cast<std::size_t>(GENERATE(0, 1, 2));
    return codec::value_from_pickle(from_hex(pickles[which]));
}

codec::payload carried(const value& data)
{
    return codec::item_from_value(data);
}

const codec::pickle_limits limits;

std::optional<value> keep(const wire::proxy_token&)
{
    return std::nullopt;
}

}  // namespace

TEST_CASE("proxies inside data are found with their idents and addresses", "[wire][proxy]")
{
    const auto data = carried(list_of_proxies());
    CHECK(data.has_proxies());
    const auto found = wire::proxies_in(data, limits);
    REQUIRE(found.size() == 2);
    const bool is_first_first = found[0].ident == "7f-1";
    CHECK(found[is_first_first ? 0 : 1].address == value::tuple({"127.0.0.1", 5000}));
    CHECK(found[is_first_first ? 1 : 0].ident == "7f-2");
    CHECK(found[is_first_first ? 1 : 0].address == value{"/tmp/s"});
}

TEST_CASE("a proxy prints as in CPython", "[wire][proxy]")
{
    CHECK(list_of_proxies().repr() ==
          "[<ListProxy object, typeid 'list' at 7f-1>, <ListProxy object, typeid 'list' at 7f-2>, 3]");
}

TEST_CASE("data without proxies is not looked at", "[wire][proxy]")
{
    CHECK_FALSE(carried(value::list({1, "RebuildProxy"})).has_proxies());
    CHECK_FALSE(codec::payload{value{3}}.has_proxies());
    CHECK_FALSE(carried(value::object(value::global("somewhere", "RebuildProxy"), {1})).has_proxies());
    CHECK(wire::proxies_in(value{3}, limits).empty());
}

TEST_CASE("what only looks like a proxy is no proxy", "[wire][proxy]")
{
    const value maker = value::global("multiprocessing.managers", "RebuildProxy");
    for (const value& fake :
         {value::object(maker, {}), value::object(maker, {1, 2}), value::object(maker, {1, value::list({})}),
          value::object(maker, {1, value::object(maker, {})}), maker}) {
        CHECK(wire::proxies_in(carried(fake), limits).empty());
        CHECK(wire::readdress(carried(fake), {}, limits, keep).to_value() == fake);
    }
}

TEST_CASE("a proxy is given another address, and all else stays", "[wire][proxy]")
{
    const value data = list_of_proxies();
    const value there = value::tuple({"192.0.2.7", 6000});
    const auto moved = wire::readdress(carried(data), {}, limits, [&](const wire::proxy_token& proxy) {
        return proxy.ident == "7f-1" ? std::optional{there} : std::nullopt;
    });
    const auto found = wire::proxies_in(moved, limits);
    REQUIRE(found.size() == 2);
    CHECK(std::count_if(found.begin(), found.end(), [&](const auto& each) { return each.address == there; }) == 1);
    CHECK(std::count_if(found.begin(), found.end(), [](const auto& each) { return each.address == value{"/tmp/s"}; }) == 1);
    CHECK(moved.to_value()[2] == value{3});
    CHECK(moved.to_value()[0].arguments()[0] == data[0].arguments()[0]);

    const auto back = wire::readdress(moved, {}, limits, [&](const wire::proxy_token& proxy) {
        return proxy.ident == "7f-1" ? std::optional{value::tuple({"127.0.0.1", 5000})} : std::nullopt;
    });
    CHECK(back.to_value() == data);
    CHECK(wire::readdress(carried(data), {}, limits, keep).to_value() == data);
}

TEST_CASE("what is attached to an item lives as long as what comes of it", "[wire][proxy]")
{
    auto data = carried(list_of_proxies());
    std::weak_ptr<int> watched;
    {
        const auto held = std::make_shared<int>(1);
        watched = held;
        data.attach(held);
    }
    CHECK(data.held() == watched.lock());
    std::optional<value> decoded = data.to_value();
    CHECK(*decoded == list_of_proxies());
    data = {};
    CHECK_FALSE(watched.expired());
    std::optional<value> child = (*decoded)[0];
    decoded.reset();
    CHECK_FALSE(watched.expired());
    CHECK(codec::payload{*child}.held() == watched.lock());
    child.reset();
    CHECK(watched.expired());
}
