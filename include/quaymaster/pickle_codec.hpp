// pickle_codec: items as the Python objects that they naturally are. The default codec of every proxy.
#pragma once

#include <quaymaster/conversion.hpp>

#include <optional>

namespace quaymaster {

/// A codec says how a typed proxy's items look in Python. This one: an int is an int, a vector a list, a struct with
/// named fields a dict, and so on: see conversion.hpp.
/// Every codec has the first two members; encode() writes exactly one object, decode() throws conversion_error.
struct pickle_codec {
    template <class T>
    static void encode(pickle_encoder& output, const T& object)
    {
        quaymaster::encode(output, object);
    }
    template <class T>
    [[nodiscard]] static T decode(const value& found)
    {
        return quaymaster::decode<T>(found);
    }
    /// Optional: decode() of the object that these opcodes (no PROTO, FRAME or STOP) consist of, where they need not become a
    /// value first. nullopt if they must, or if the object does not fit: then decode() is asked.
    template <detail::opcode_scalar T>
    [[nodiscard]] static std::optional<T> decode_opcodes(bytes_view opcodes)
    {
        return detail::decode_opcodes<T>(opcodes);
    }
};

}  // namespace quaymaster
