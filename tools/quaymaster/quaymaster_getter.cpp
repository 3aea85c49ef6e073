#include "quaymaster_getter.hpp"

#include "codec/payload.hpp"
#include "wire/native_dialect.hpp"
#include "wire/python_dialect.hpp"

#include <quaymaster/conversion.hpp>

#include <boost/system/system_error.hpp>

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

namespace quaymaster::tool {

namespace {

wire::handshake_nonce fresh_nonce()
{
    wire::handshake_nonce nonce;
    if (::getrandom(nonce.data(), nonce.size(), 0) < 0)
        throw std::system_error{errno, std::generic_category(), "getrandom"};
    return nonce;
}

/// Takes `#RETURN`'s result or throws what came instead.
struct result_or_throw {
    codec::payload operator()(wire::returned_reply& reply) const { return std::move(reply.result); }
    codec::payload operator()(const wire::exception_reply& reply) const
    {
        throw std::runtime_error{reply.type_name() + ": " + reply.text};
    }
    codec::payload operator()(const wire::proxy_reply& reply) const
    {
        throw std::runtime_error{"unexpected proxy of " + reply.typeid_name};
    }
    template <class Reply>
    codec::payload operator()(const Reply& reply) const
    {
        throw std::runtime_error{reply.text};
    }
};

}  // namespace

namespace {

namespace native = wire::native;

/// What the getters of both dialects have in common: the handshake, and requests of the Python dialect.
class getter_of_queue : public blocked_getter {
public:
    std::string take_output() final
    {
        wire::outbox& output = session_.output();
        std::string octets;
        std::vector<bytes_view> pieces;
        output.gather(pieces);
        for (const bytes_view piece : pieces)
            octets += as_chars(piece);
        output.consume(octets.size());
        output.release();
        return octets += std::exchange(frames_, {});
    }

    void receive(std::string_view input) final
    {
        input_ += input;
        while (!is_past_session_) {
            const session::client_session::step step = session_.receive(as_bytes(input_));
            if (step.reply)
                take_reply(wire::parse_reply(*step.reply, reader_, session_settings_.limits));
            else if (session_.current_state() == session::client_session::state::failed)
                throw std::runtime_error{session_.failure_text()};
            input_.erase(0, step.consumed);
            if (!step.reply)
                return;
        }
        take_frames();
    }

    bool is_waiting() const final { return is_waiting_; }
    std::optional<bytes> take_item() final { return std::exchange(item_, std::nullopt); }

protected:
    getter_of_queue(const session::client_settings& settings, codec::envelope_reader& reader)
        : session_settings_{settings}, reader_{reader}, session_{settings, fresh_nonce()}
    {
    }

    virtual void take_reply(wire::reply reply) = 0;
    virtual void take_frames() {}

    const session::client_settings& session_settings_;
    codec::envelope_reader& reader_;
    session::client_session session_;
    std::string frames_;  // to be sent, beside what the session has
    std::string input_;
    bool is_past_session_ = false;  // what comes is no longer for the session
    bool is_waiting_ = false;
    std::optional<bytes> item_;
};

class python_getter final : public getter_of_queue {
public:
    python_getter(const session::client_settings& settings, codec::envelope_reader& reader, const std::string& ident)
        : getter_of_queue{settings, reader}, ident_{ident}
    {
        wire::outgoing_request accept;
        accept.method = "accept_connection";
        accept.name = "bench";
        session_.request(accept);
    }

private:
    void take_reply(wire::reply reply) override
    {
        const codec::payload result = std::visit(result_or_throw{}, reply);
        if (is_waiting_) {
            item_ = decode<bytes>(result.to_value(session_settings_.limits));
            return;
        }
        wire::outgoing_request get;
        get.ident = ident_;
        get.method = "get";
        session_.request(get);
        is_waiting_ = true;
    }

    const std::string& ident_;
};

class native_getter final : public getter_of_queue {
public:
    native_getter(const session::client_settings& settings, codec::envelope_reader& reader, const std::string& ident)
        : getter_of_queue{settings, reader}, ident_{ident}
    {
        const std::array<codec::payload, 2> versions{value{std::int64_t{native::version_min}},
                                                     value{std::int64_t{native::version_max}}};
        wire::outgoing_request hello;
        hello.method = native::hello_name;
        hello.positional = versions;
        session_.request(hello);
    }

private:
    enum class request_id : std::uint32_t { open = 1, get = 2 };

    void take_reply(wire::reply reply) override
    {
        (void)std::visit(result_or_throw{}, reply);
        is_past_session_ = true;
        add_frame(native::operation::open, request_id::open, as_bytes(ident_), {});
    }

    void take_frames() override
    {
        error_code ec;
        while (const auto found = native::parse_frame(as_bytes(input_), session_settings_.payload_size_max, ec)) {
            take_frame(*found);
            input_.erase(0, found->size());
        }
        if (ec)
            throw boost::system::system_error{ec};
    }

    void take_frame(const native::frame& found)
    {
        if (found.code == native::operation::opened && !is_waiting_) {
            native::fixed_fields fields;
            fields.add(native::body_reader{found.body}.number32()).add(native::no_limit);
            add_frame(native::operation::get, request_id::get, fields.view(), {});
            is_waiting_ = true;
        } else if (found.code == native::operation::item && is_waiting_) {
            const codec::payload pickled{codec::item::make(found.body, {.protocol_min = 4})};
            item_ = decode<bytes>(pickled.to_value(session_settings_.limits));
        } else {
            throw std::runtime_error{"the server's answer to a request of the native dialect is none"};
        }
    }

    void add_frame(native::operation code, request_id id, bytes_view fields, bytes_view tail)
    {
        wire::outbox frame;
        native::write_frame(frame, {code, static_cast<std::uint32_t>(id)}, fields, tail);
        std::vector<bytes_view> pieces;
        frame.gather(pieces);
        for (const bytes_view piece : pieces)
            frames_ += as_chars(piece);
    }

    const std::string& ident_;
};

}  // namespace

quaymaster_getter_settings::quaymaster_getter_settings(const authkey& key, std::string ident, bool is_native)
    : ident_{std::move(ident)}, is_native_{is_native}
{
    session_.authkey = to_bytes(key.octets());
}

std::unique_ptr<blocked_getter> quaymaster_getter_settings::make()
{
    if (is_native_)
        return std::make_unique<native_getter>(session_, reader_, ident_);
    return std::make_unique<python_getter>(session_, reader_, ident_);
}

}  // namespace quaymaster::tool
