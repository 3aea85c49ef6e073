// framing_fuzz: a stream of frames, read whole and read cut. The first octet chooses the limit.
#include "wire/framing.hpp"

#include <quaymaster/bytes.hpp>

#include <cstdint>
#include <cstdlib>
#include <optional>

namespace {

using namespace quaymaster;

void expect(bool truth)
{
    if (!truth)
        std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0)
        return 0;
    const std::size_t payload_size_max = (data[0] & 1) != 0 ? wire::handshake_payload_size_max : std::size_t{1} << 20;
    bytes_view rest{reinterpret_cast<const std::byte*>(data + 1), size - 1};
    for (;;) {
        error_code ec;
        const auto next = wire::parse_frame(rest, payload_size_max, ec);
        if (!next) {
            expect(!ec || !wire::announced_frame_size(rest, payload_size_max));
            return 0;
        }
        expect(!ec && next->payload.size() <= payload_size_max && next->size <= rest.size());
        expect(wire::announced_frame_size(rest, payload_size_max) == next->size);
        expect(!wire::parse_frame(rest.first(next->size - 1), payload_size_max, ec) && !ec);
        rest = rest.subspan(next->size);
    }
}
