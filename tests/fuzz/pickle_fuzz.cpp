// pickle_fuzz: any octets as a pickle. What the decoder accepts is written for every reader and read back as an equal value,
// and an envelope gives out no element that is not a complete item.
#include "codec/envelope.hpp"
#include "codec/pickle_decoder.hpp"
#include "codec/pickle_writer.hpp"
#include "codec/transcode.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace quaymaster;
using namespace quaymaster::codec;

constexpr reader_dialect readers[] = {{2, true}, {3, false}, {4, false}, {5, false}};

pickle_limits small_limits()
{
    pickle_limits limits;
    limits.depth_max = 200;
    limits.node_count_max = 20'000;
    return limits;
}

void require(bool holds)
{
    if (!holds)
        std::abort();
}

/// `carried` must load, and say what it says again when written for `reader`.
void check_item(const item& carried, const pickle_limits& limits)
{
    pickle_status status;
    const decoded once = decode_item(carried, limits, status);
    // wrong_operand: the envelope does not look into calls, so it cannot know that one made a bytes, which takes no items.
    if (status)
        return require(status.code == pickle_errc::depth_exceeded || status.code == pickle_errc::node_count_exceeded ||
                       status.code == pickle_errc::wrong_operand || status.code == pickle_errc::rewrite_size_exceeded);
    for (const reader_dialect reader : readers) {
        try {
            const item written = write_item(*once.graph, once.root, reader);
            pickle_limits wide = limits;
            wide.depth_max += 10;  // a set written as a call nests one deeper
            wide.node_count_max *= 10;
            require(decode_item(written, wide, status).graph != nullptr);
            require(loads_as_is(transcode(carried, reader, wide), reader));
        } catch (const pickle_error& refused) {
            require(refused.code() == pickle_errc::endless_object || refused.code() == pickle_errc::depth_exceeded ||
                    refused.code() == pickle_errc::rewrite_size_exceeded);
        }
    }
}

void check_envelope(bytes_view data, const pickle_limits& limits)
{
    static envelope_reader envelope;
    if (envelope.read(data, limits))
        return;
    const auto fields = envelope.field_count();
    for (std::size_t field = 0; field < std::min<std::size_t>(fields.value_or(0), 4); ++field) {
        static_cast<void>(envelope.text(field));
        try {
            check_item(envelope.take(field).to_item(), limits);
            for (std::size_t element = 0; element < envelope.element_count(field); ++element) {
                static_cast<void>(envelope.element_text(field, element));
                check_item(envelope.take_element(field, element).to_item(), limits);
            }
        } catch (const pickle_error& refused) {
            require(refused.code() == pickle_errc::endless_object || refused.code() == pickle_errc::node_count_exceeded ||
                    refused.code() == pickle_errc::depth_exceeded || refused.code() == pickle_errc::wrong_operand ||
                    refused.code() == pickle_errc::rewrite_size_exceeded);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size > 20'000)
        return 0;
    const bytes_view pickle{reinterpret_cast<const std::byte*>(data), size};
    const pickle_limits limits = small_limits();
    pickle_status status;
    const decoded result = decode_pickle(pickle, limits, status);
    if (!status)
        check_item(write_item(*result.graph, result.root, {5, false}), limits);
    check_envelope(pickle, limits);
    return 0;
}
