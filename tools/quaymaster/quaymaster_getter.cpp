#include "quaymaster_getter.hpp"

#include "codec/payload.hpp"
#include "wire/python_dialect.hpp"

#include <quaymaster/conversion.hpp>

#include <sys/random.h>

#include <cerrno>
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

class quaymaster_getter final : public blocked_getter {
public:
    explicit quaymaster_getter(quaymaster_getter_settings& settings)
        : settings_{settings}, session_{settings.session_, fresh_nonce()}
    {
        wire::outgoing_request accept;
        accept.method = "accept_connection";
        accept.name = "bench";
        session_.request(accept);
    }

    std::string take_output() override
    {
        wire::outbox& output = session_.output();
        std::string octets;
        std::vector<bytes_view> pieces;
        output.gather(pieces);
        for (const bytes_view piece : pieces)
            octets += as_chars(piece);
        output.consume(octets.size());
        output.release();
        return octets;
    }

    void receive(std::string_view input) override
    {
        input_ += input;
        for (;;) {
            const session::client_session::step step = session_.receive(as_bytes(input_));
            if (step.reply)
                take(wire::parse_reply(*step.reply, settings_.reader_, settings_.session_.limits));
            else if (session_.current_state() == session::client_session::state::failed)
                throw std::runtime_error{session_.failure_text()};
            input_.erase(0, step.consumed);
            if (!step.reply)
                return;
        }
    }

    bool is_waiting() const override { return is_waiting_; }
    std::optional<bytes> take_item() override { return std::exchange(item_, std::nullopt); }

private:
    void take(wire::reply reply)
    {
        const codec::payload result = std::visit(result_or_throw{}, reply);
        if (is_waiting_) {
            item_ = decode<bytes>(result.to_value(settings_.session_.limits));
            return;
        }
        wire::outgoing_request get;
        get.ident = settings_.ident_;
        get.method = "get";
        session_.request(get);
        is_waiting_ = true;
    }

    quaymaster_getter_settings& settings_;
    session::client_session session_;
    std::string input_;
    bool is_waiting_ = false;
    std::optional<bytes> item_;
};

quaymaster_getter_settings::quaymaster_getter_settings(const authkey& key, std::string ident) : ident_{std::move(ident)}
{
    session_.authkey = to_bytes(key.octets());
}

std::unique_ptr<blocked_getter> quaymaster_getter_settings::make()
{
    return std::make_unique<quaymaster_getter>(*this);
}

}  // namespace quaymaster::tool
