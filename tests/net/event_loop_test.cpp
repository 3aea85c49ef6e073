// event_loop: what one does by itself, without a listener and without others.
#include "client_testing.hpp"
#include "server_testing.hpp"

#include "core/referent.hpp"
#include "net/event_loop.hpp"
#include "net/unique_descriptor.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace server_testing;

namespace {

/// An object of whose methods one throws what no method should.
class broken_object final : public core::immediate_referent {
public:
    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept override { return methods; }
    core::outcome invoke(core::call& request, core::waiter&, core::completions&) override
    {
        if (request.method == "fail")
            throw std::runtime_error{"it is broken"};
        return core::returned{value{1}};
    }
    [[nodiscard]] std::string text() const override { return "broken"; }

private:
    static constexpr std::array<std::string_view, 2> methods{"fail", "work"};
};

session::server_settings settings_with_key()
{
    session::server_settings settings;
    settings.authkey = to_bytes(std::string_view{"abc"});
    return settings;
}

/// A running loop that has the object "broken", and to which connections are handed.
struct lone_loop {
    explicit lone_loop(server_options options) : state{logging_into(log, std::move(options)), settings_with_key(), 1}
    {
        state.registry.declare_stable("broken", std::make_shared<broken_object>());
        thread = std::thread{[this] { loop.run(); }};
    }
    ~lone_loop()
    {
        loop.begin_stop();
        thread.join();
    }
    [[nodiscard]] static server_options logging_into(captured_log& log, server_options options)
    {
        options.log = log.sink();
        return options;
    }
    [[nodiscard]] std::unique_ptr<python_peer> connected_peer()
    {
        auto peer = std::make_unique<python_peer>(listener.port());
        net::unique_descriptor accepted{listener.accept()};
        REQUIRE(::fcntl(accepted.number(), F_SETFL, O_NONBLOCK) == 0);
        loop.load().add();
        state.connections.add();
        state.unauthenticated.add();
        loop.adopt(std::move(accepted), net::peer_name{});
        peer->open_stream();
        return peer;
    }

    captured_log log;
    net::server_state state;
    net::event_loop loop{state, 0, 1};
    client_testing::silent_listener listener;
    std::thread thread;
};

}  // namespace

TEST_CASE("what a request throws ends its connection alone, also where the loop has read it on a guess", "[net][server][faults]")
{
    constexpr std::size_t peers = 10;
    server_options options;
    options.busy_poll = 10ms;
    lone_loop here{options};
    const auto other = here.connected_peer();
    for (std::size_t i = 0; i < peers; ++i) {
        const auto peer = here.connected_peer();
        for (int call = 0; call < 30; ++call)
            CHECK(peer->call("broken", "work") == value{1});  // it alone is ready each time, and the loop polls
        peer->request("broken", "fail");
        CHECK(peer->socket().receive().empty());
        CHECK(other->call("broken", "work") == value{1});
    }
    CHECK(here.log.has("it is broken"));
    CHECK(here.log.count("it is broken") == peers);
    CHECK(here.state.connections.count() == 1);
}

TEST_CASE("an outbox is lent again, but not one that has grown for a giant's replies", "[net][server]")
{
    net::server_state state{{}, {}, 1};
    net::event_loop loop{state, 0, 1};
    const auto give_back_one_of = [&](std::size_t size) {
        std::unique_ptr<wire::outbox> lent = loop.borrow_outbox();
        lent->append(std::string(size, 'x'));
        lent->clear();
        loop.give_back(std::move(lent));
    };
    give_back_one_of(100'000);
    CHECK(loop.borrow_outbox()->capacity() >= 100'000);
    give_back_one_of(1'000'000);
    CHECK(loop.borrow_outbox()->capacity() < 1'000'000);
}
