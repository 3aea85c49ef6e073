// handshake_fuzz: a peer that says anything to our server or client. The first octet chooses the side and the policy.
// Nobody who does not hold the key may be let in; the seeds do hold it, so they get as far as their challenge allows.
#include "wire/framing.hpp"
#include "wire/handshake.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace quaymaster;

wire::handshake_nonce seed_nonce()
{
    wire::handshake_nonce nonce;
    for (std::size_t i = 0; i < nonce.size(); ++i)
        nonce[i] = static_cast<std::byte>(100 + i);  // make_corpus.py: NONCE
    return nonce;
}

template <class Handshake>
void run(Handshake& handshake, bool require_sha256, bytes_view input, wire::outbox& out)
{
    static constexpr std::string_view authkey = "abc";
    const wire::handshake_policy policy{as_bytes(authkey), require_sha256};
    for (;;) {
        error_code ec;
        const auto next = wire::parse_frame(input, wire::handshake_payload_size_max, ec);
        if (!next)
            return;
        const auto state = handshake.on_frame(next->payload, policy, out);
        if ((state == wire::handshake_state::failed) != handshake.failure().failed())
            std::abort();
        input = input.subspan(next->size);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0)
        return 0;
    const bytes_view input{reinterpret_cast<const std::byte*>(data + 1), size - 1};
    const bool require_sha256 = (data[0] & 2) != 0;
    wire::outbox out;
    if ((data[0] & 1) != 0) {
        wire::client_handshake client{seed_nonce()};
        run(client, require_sha256, input, out);
    } else {
        wire::server_handshake server{seed_nonce()};
        server.start(out);
        run(server, require_sha256, input, out);
    }
    return 0;
}
