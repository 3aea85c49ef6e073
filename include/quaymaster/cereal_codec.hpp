// cereal_codec: items as cereal portable-binary archives inside a Python bytes.
#pragma once

#include <quaymaster/conversion.hpp>
#include <quaymaster/pickle_encoder.hpp>
#include <quaymaster/value.hpp>

#include <cereal/archives/portable_binary.hpp>

#include <sstream>
#include <string>

namespace quaymaster {

/// A codec (see pickle_codec.hpp) for types that cereal knows but Python need not: unnamed fields, polymorphic
/// pointers, versioned classes. Include the <cereal/types/...> headers of the types in use.
/// Python programs see `bytes` and carry them unharmed. The archive is independent of byte order.
/// decode() takes bytes, bytearray or a Python 2 str; an archive that cereal refuses is a conversion_error. cereal
/// trusts the sizes that an archive states: use this codec between programs that share an authkey you trust.
struct cereal_binary_codec {
    template <class T>
    static void encode(pickle_encoder& output, const T& object)
    {
        std::ostringstream archived{std::ios::binary};
        {
            cereal::PortableBinaryOutputArchive archive{archived};
            archive(object);
        }
        output.bytes(as_bytes(archived.view()));
    }
    template <class T>
    [[nodiscard]] static T decode(const value& found)
    {
        const bytes_view octets = detail::expect_octets(found, "bytes with a cereal portable-binary archive");
        std::istringstream archived{std::string{as_chars(octets)}, std::ios::binary};
        try {
            cereal::PortableBinaryInputArchive archive{archived};
            T object{};
            archive(object);
            return object;
        } catch (const cereal::Exception& refused) {
            throw conversion_error{"", "a cereal portable-binary archive", refused.what()};
        } catch (const std::bad_alloc&) {
            throw conversion_error{"", "a cereal portable-binary archive", "one that states an absurd size"};
        } catch (const std::length_error&) {
            throw conversion_error{"", "a cereal portable-binary archive", "one that states an absurd size"};
        }
    }
};

}  // namespace quaymaster
