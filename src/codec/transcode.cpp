#include "codec/transcode.hpp"

#include "codec/pickle_decoder.hpp"
#include "codec/pickle_writer.hpp"

#include <algorithm>

namespace quaymaster::codec {

std::uint8_t announced_protocol(const item& carried, reader_dialect reader) noexcept
{
    if (reader.python2 || carried.traits().from_python2)
        return 2;
    return std::max(reader.protocol, carried.traits().protocol_min);
}

bool loads_as_is(const item& carried, reader_dialect reader) noexcept
{
    const item_traits traits = carried.traits();
    if (reader.python2)
        return traits.from_python2 || (traits.protocol_min <= 2 && !traits.has_globals);
    if (traits.from_python2)
        return !traits.has_non_ascii_byte_string;
    // Who writes protocol 3 is Python 3.4 to 3.7 and reads 4; who writes 4 is 3.8 or later and reads 5.
    return traits.protocol_min <= std::max<std::uint8_t>(reader.protocol + 1, 4);
}

item transcode(const item& carried, reader_dialect reader, const pickle_limits& limits)
{
    return loads_as_is(carried, reader) ? carried : rewrite(carried, reader, limits);
}

item rewrite(const item& carried, reader_dialect reader, const pickle_limits& limits)
{
    pickle_status status;
    const decoded result = decode_item(carried, limits, status);
    if (status)
        throw pickle_error{status.message(limits), status.code, status.offset};
    return write_item(*result.graph, result.root, reader, rewrite_size_max(carried.size()));
}

}  // namespace quaymaster::codec
