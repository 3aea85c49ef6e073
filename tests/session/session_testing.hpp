// session_testing: a server without threads or sockets, and the octets of a client by hand.
#pragma once

#include "../wire/wire_testing.hpp"
#include "bare_service.hpp"

#include "session/server_session.hpp"
#include "wire/digest.hpp"
#include "wire/python_dialect.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quaymaster::testing {

using namespace std::chrono_literals;

/// A session with all that it needs, as a connection would hold it.
struct server_end {
    explicit server_end(bare_service& around, session::server_settings with = {}) : service{around}, settings{std::move(with)}
    {
        if (settings.authkey.empty())
            settings.authkey = to_bytes("abc");
        run([&](session::turn& first) { session.start(first); });
    }
    ~server_end() { session.end(service, true); }
    server_end(const server_end&) = delete;
    server_end& operator=(const server_end&) = delete;

    /// Does something to the session at the time `now`.
    template <class Action>
    void run(Action&& action)
    {
        session::turn turn{service, scratch, replies, now};
        action(turn);
    }
    /// Gives it `octets`, and again what it left before, as a connection does.
    void receive(bytes_view octets)
    {
        input.insert(input.end(), octets.begin(), octets.end());
        run([&](session::turn& turn) {
            const std::size_t consumed = session.receive(input, turn);
            REQUIRE(consumed <= input.size());
            input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(consumed));
        });
    }
    void resume()
    {
        run([&](session::turn& turn) { session.resume(waiter, turn); });
        receive({});
    }
    void on_deadline()
    {
        run([&](session::turn& turn) { session.on_deadline(turn); });
        receive({});
    }
    [[nodiscard]] bool is_fulfilled() const { return waiter->current_state() == core::waiter::state::fulfilled; }

    bare_service& service;
    session::server_settings settings;
    std::shared_ptr<core::waiter> waiter = std::make_shared<core::waiter>();
    session::workspace scratch;
    wire::outbox replies;
    bytes input;
    core::time_point now = test_start;
    session::server_session session{settings, *waiter};
};

/// A client's octets, written by hand so that nothing of ours is tested against itself more than needed.
class hand_client {
public:
    explicit hand_client(server_end& peer, std::string key = "abc") : peer_{peer}, key_{std::move(key)} {}

    /// The whole handshake of Python 3.12 or of 3.11.
    void authenticate(bool legacy = false)
    {
        answer_challenge(legacy);
        REQUIRE(next() == to_bytes("#WELCOME#"));
        const std::string challenge = legacy ? std::string(20, 'c') : "{sha256}" + std::string(40, 'c');
        send("#CHALLENGE#" + challenge);
        (void)next();
        send("#WELCOME#");
        REQUIRE(peer_.session.authenticated());
    }
    /// Up to the server's verdict.
    void answer_challenge(bool legacy = false)
    {
        const bytes frame = next();
        const bytes_view challenge = bytes_view{frame}.subspan(11);
        const auto digest = legacy ? wire::digest_kind::md5 : wire::digest_kind::sha256;
        const auto mac = wire::hmac(digest, as_bytes(key_), challenge);
        peer_.receive(frame_of(legacy ? to_bytes(mac->view()) : joined({as_bytes("{sha256}"), mac->view()})));
    }
    void open_stream(bool legacy = false)
    {
        authenticate(legacy);
        const std::vector<codec::payload> name{value{"MainProcess"}};
        ask({.method = "accept_connection", .positional = name});
        REQUIRE(result().is_none());
        REQUIRE(peer_.session.is_stream());
    }

    void send(std::string_view payload) { peer_.receive(frame_of(payload)); }
    void ask(const wire::outgoing_request& request) { peer_.receive(request_frame(request)); }
    void ask(std::optional<std::string_view> ident, std::string_view method, const std::vector<codec::payload>& positional = {},
             const std::vector<std::pair<std::string_view, codec::payload>>& keywords = {})
    {
        ask({.ident = ident, .method = method, .positional = positional, .keywords = keywords});
    }
    [[nodiscard]] bytes request_frame(const wire::outgoing_request& request) const
    {
        wire::outbox out;
        wire::write_request(out, dialect, request, peer_.settings.limits);
        return contents(out);
    }

    [[nodiscard]] bool has_reply()
    {
        fetch();
        return !frames_.empty();
    }
    /// The payload of the server's next frame.
    bytes next()
    {
        fetch();
        REQUIRE_FALSE(frames_.empty());
        bytes payload = std::move(frames_.front());
        frames_.erase(frames_.begin());
        return payload;
    }
    wire::reply reply()
    {
        last_ = next();
        return wire::parse_reply(last_, reader_, peer_.settings.limits);
    }
    template <class Reply>
    Reply reply_as()
    {
        wire::reply found = reply();
        if (const auto* traceback = std::get_if<wire::traceback_reply>(&found))
            UNSCOPED_INFO(traceback->text);
        REQUIRE(std::holds_alternative<Reply>(found));
        return std::get<Reply>(std::move(found));
    }
    value result() { return reply_as<wire::returned_reply>().result.to_value(peer_.settings.limits); }
    std::string traceback() { return reply_as<wire::traceback_reply>().text; }

    codec::reader_dialect dialect{4, false};

private:
    void fetch()
    {
        for (bytes& payload : take_frames(peer_.replies))
            frames_.push_back(std::move(payload));
    }

    server_end& peer_;
    std::string key_;
    std::vector<bytes> frames_;
    bytes last_;
    codec::envelope_reader reader_;
};

}  // namespace quaymaster::testing
