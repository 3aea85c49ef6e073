// native_testing: a client of the native dialect by hand, over a server_end.
#pragma once

#include "session_testing.hpp"

#include "codec/payload.hpp"
#include "wire/native_dialect.hpp"

#include <deque>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quaymaster::testing {

using wire::native::operation;

/// The opcodes of a value, as a native client sends them.
inline bytes opcodes_of(const value& carried)
{
    return to_bytes(codec::payload{carried}.to_item().opcodes());
}

/// Items as the body of a batch has them.
inline bytes batch_of(const std::vector<value>& items)
{
    bytes body;
    for (const value& each : items) {
        const bytes opcodes = opcodes_of(each);
        for (unsigned i = 0; i < 4; ++i)
            body.push_back(static_cast<std::byte>(opcodes.size() >> (8 * i)));
        body.insert(body.end(), opcodes.begin(), opcodes.end());
    }
    return body;
}

/// Resumes, in the sessions that they belong to, all waits that are told to be over, and those that end by it.
inline void resume_told(bare_service& service, std::initializer_list<server_end*> servers)
{
    while (!service.told.empty()) {
        core::completions told = std::exchange(service.told, {});
        for (auto& each : told)
            for (server_end* const server : servers)
                if (each != nullptr && &each->principal() == server->waiter.get() && server->session.waits_in(*each))
                    server->run([&](session::turn& turn) { server->session.resume(std::move(each), turn); });
        for (server_end* const server : servers)
            server->receive({});
    }
}

/// One reply, its body kept.
struct native_reply {
    operation code;
    std::uint8_t flags;
    std::uint16_t count;
    std::uint32_t id;
    bytes body;

    [[nodiscard]] std::string text() const { return std::string{as_chars(body)}; }
    [[nodiscard]] bool has_more() const { return (flags & wire::native::has_more) != 0; }
    /// The item of a reply `item`.
    [[nodiscard]] value item() const
    {
        REQUIRE(code == operation::item);
        return codec::payload{codec::item::make(body, {.protocol_min = 4})}.to_value();
    }
    /// Those of a reply `items`.
    [[nodiscard]] std::vector<value> items() const
    {
        REQUIRE(code == operation::items);
        std::vector<value> found;
        wire::native::body_reader fields{body};
        for (std::size_t i = 0; i < count; ++i)
            found.push_back(codec::payload{codec::item::make(fields.sized_octets(), {.protocol_min = 4})}.to_value());
        REQUIRE(fields.at_end());
        return found;
    }
    /// What a reply `raised` raises, as "name: text"; the name of those with a number is "queue_empty" and so on.
    [[nodiscard]] std::string raised() const
    {
        REQUIRE(code == operation::raised);
        const auto found = wire::native::parse_raised(body);
        REQUIRE(found);
        constexpr std::string_view numbered[] = {"", "queue_empty", "queue_full", "queue_shut_down"};
        const auto number = static_cast<std::size_t>(found->number);
        if (number != 0) {
            CHECK(found->type_name.empty());
            return std::string{numbered[number]};
        }
        return std::string{found->type_name} + ": " + std::string{found->text};
    }
};

/// A client of the native dialect, past its hello unless told otherwise.
class native_client {
public:
    using fields = wire::native::fixed_fields;
    static constexpr std::uint32_t no_limit = wire::native::no_limit;

    explicit native_client(server_end& peer) : peer_{peer}, hand_{peer}
    {
        hand_.authenticate();
        hand_.ask({.method = wire::native::hello_name, .positional = versions_});
        (void)hand_.result();
        REQUIRE(peer.session.is_stream());
    }

    void send(const wire::native::frame_head& head, bytes_view body = {}) { peer_.receive(frame(head, body)); }
    [[nodiscard]] static bytes frame(const wire::native::frame_head& head, bytes_view body = {})
    {
        wire::outbox out;
        wire::native::write_frame(out, head, body);
        return contents(out);
    }

    /// The handle of `ident`.
    std::uint32_t open(std::string_view ident)
    {
        send({operation::open, 0xffff'fff0}, as_bytes(ident));
        const native_reply reply = next();
        REQUIRE(reply.code == operation::opened);
        wire::native::body_reader body{reply.body};
        return body.number32();
    }
    void put(std::uint32_t id, std::uint32_t handle, const value& item, std::uint32_t timeout = 0,
             std::optional<wire::native::put_id> put_id = std::nullopt)
    {
        send({operation::put, id, 0, put_id ? wire::native::has_put_id : std::uint8_t{0}},
             joined({put_fields(handle, timeout, put_id).view(), opcodes_of(item)}));
    }
    void put_many(std::uint32_t id, std::uint32_t handle, const std::vector<value>& items, std::uint32_t timeout = 0,
                  std::optional<wire::native::put_id> put_id = std::nullopt)
    {
        send({operation::put_many, id, static_cast<std::uint16_t>(items.size()),
              put_id ? wire::native::has_put_id : std::uint8_t{0}},
             joined({put_fields(handle, timeout, put_id).view(), batch_of(items)}));
    }
    void get(std::uint32_t id, std::uint32_t handle, std::uint32_t timeout = 0)
    {
        fields body;
        body.add(handle).add(timeout);
        send({operation::get, id}, body.view());
    }
    void get_many(std::uint32_t id, std::uint32_t handle, std::uint16_t count, std::uint32_t timeout = 0,
                  std::uint32_t octets_max = 0xffff'ffff)
    {
        fields body;
        body.add(handle).add(timeout).add(octets_max);
        send({operation::get_many, id, count}, body.view());
    }
    void consume(std::uint32_t id, std::uint32_t handle, std::uint32_t credit)
    {
        fields body;
        body.add(handle).add(credit);
        send({operation::consume, id}, body.view());
    }
    void credit(std::uint32_t id, std::uint32_t more)
    {
        fields body;
        body.add(more);
        send({operation::credit, id}, body.view());
    }
    void put_back(std::uint32_t id, std::uint32_t handle, const std::vector<value>& items)
    {
        fields body;
        body.add(handle);
        send({operation::put_back, id, static_cast<std::uint16_t>(items.size())}, joined({body.view(), batch_of(items)}));
    }
    void cancel(std::uint32_t id) { send({operation::cancel, id}); }
    void close(std::uint32_t id, std::uint32_t handle)
    {
        fields body;
        body.add(handle);
        send({operation::close, id}, body.view());
    }
    /// A request of the Python dialect.
    void call(std::uint32_t id, std::optional<std::string_view> ident, std::string_view method,
              const std::vector<codec::payload>& positional = {},
              const std::vector<std::pair<std::string_view, codec::payload>>& keywords = {})
    {
        const wire::outgoing_request request{.ident = ident, .method = method, .positional = positional, .keywords = keywords};
        send({operation::call, id}, hand_.request_frame(request));
    }

    [[nodiscard]] bool has_reply()
    {
        fetch();
        return !replies_.empty();
    }
    /// The server's next frame.
    native_reply next()
    {
        fetch();
        REQUIRE_FALSE(replies_.empty());
        native_reply found = std::move(replies_.front());
        replies_.pop_front();
        return found;
    }
    /// The server's next frame, which answers request `id`.
    native_reply next(std::uint32_t id)
    {
        native_reply found = next();
        INFO("a reply of kind " << static_cast<int>(found.code) << ": " << found.text());
        REQUIRE(found.id == id);
        return found;
    }
    /// What a call has returned.
    value result(std::uint32_t id)
    {
        wire::reply found = answer(id);
        if (const auto* traceback = std::get_if<wire::traceback_reply>(&found))
            UNSCOPED_INFO(traceback->text);
        REQUIRE(std::holds_alternative<wire::returned_reply>(found));
        return std::get<wire::returned_reply>(found).result.to_value(peer_.settings.limits);
    }
    wire::reply answer(std::uint32_t id)
    {
        last_ = next(id);
        INFO("a reply of kind " << static_cast<int>(last_.code) << ": " << last_.text());
        REQUIRE(last_.code == operation::answer);
        error_code ec;
        const auto inner = wire::parse_frame(last_.body, last_.body.size(), ec);
        REQUIRE(inner);
        REQUIRE(inner->size == last_.body.size());
        return wire::parse_reply(inner->payload, reader_, peer_.settings.limits);
    }

    [[nodiscard]] server_end& peer() noexcept { return peer_; }

private:
    static fields put_fields(std::uint32_t handle, std::uint32_t timeout, const std::optional<wire::native::put_id>& put_id)
    {
        fields body;
        body.add(handle).add(timeout);
        if (put_id)
            body.add(*put_id);
        return body;
    }
    void fetch()
    {
        const bytes stream = contents(peer_.replies);
        peer_.replies.consume(stream.size());
        for (bytes_view rest = stream; !rest.empty();) {
            error_code ec;
            const auto found = wire::native::parse_frame(rest, rest.size(), ec);
            REQUIRE(found);
            replies_.push_back({found->code, found->flags, found->count, found->id, to_bytes(found->body)});
            rest = rest.subspan(found->size());
        }
    }

    const std::vector<codec::payload> versions_{value{1}, value{1}};
    server_end& peer_;
    hand_client hand_;
    std::deque<native_reply> replies_;
    native_reply last_{};
    codec::envelope_reader reader_;
};

}  // namespace quaymaster::testing
