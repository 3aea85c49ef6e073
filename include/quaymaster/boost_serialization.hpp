// boost_serialization: items as Boost.Serialization archives inside a Python bytes.
// Link with quaymaster::boost_serialization (Boost's compiled library); nothing else of quaymaster needs it.
#pragma once

#include <quaymaster/conversion.hpp>
#include <quaymaster/pickle_encoder.hpp>
#include <quaymaster/value.hpp>

#include <boost/archive/text_iarchive.hpp>
#include <boost/archive/text_oarchive.hpp>

#include <sstream>
#include <string>

namespace quaymaster {

/// A codec (see pickle_codec.hpp) for types that Boost.Serialization knows. Include the <boost/serialization/...> headers
/// of the types in use. The archive is Boost's text archive, because its binary one differs between platforms.
/// Python programs see `bytes` and carry them unharmed. decode() takes bytes, bytearray or a Python 2 str; an archive
/// that Boost refuses is a conversion_error. Boost trusts the sizes that an archive states: use this codec between
/// programs that share an authkey you trust.
struct boost_serialization_codec {
    template <class T>
    static void encode(pickle_encoder& output, const T& object)
    {
        std::ostringstream archived;
        {
            boost::archive::text_oarchive archive{archived};
            archive << object;
        }
        output.bytes(as_bytes(archived.view()));
    }
    template <class T>
    [[nodiscard]] static T decode(const value& found)
    {
        const bytes_view octets = detail::expect_octets(found, "bytes with a Boost.Serialization text archive");
        std::istringstream archived{std::string{as_chars(octets)}};
        try {
            boost::archive::text_iarchive archive{archived};
            T object{};
            archive >> object;
            return object;
        } catch (const boost::archive::archive_exception& refused) {
            throw conversion_error{"", "a Boost.Serialization text archive", refused.what()};
        } catch (const std::bad_alloc&) {
            throw conversion_error{"", "a Boost.Serialization text archive", "one that states an absurd size"};
        } catch (const std::length_error&) {
            throw conversion_error{"", "a Boost.Serialization text archive", "one that states an absurd size"};
        }
    }
};

}  // namespace quaymaster
