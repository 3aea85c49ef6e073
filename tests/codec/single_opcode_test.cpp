// Objects read straight off their opcodes are what they would be as values.
#include "codec/item_reader.hpp"

#include <quaymaster/conversion.hpp>

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

using namespace quaymaster;
using detail::decode_opcodes;

namespace {

template <class T>
bytes opcodes_of(const T& object)
{
    pickle_encoder encoder;
    encode(encoder, object);
    return to_bytes(encoder.opcodes());
}

bytes octets(std::initializer_list<int> all)
{
    bytes made;
    for (const int each : all)
        made.push_back(static_cast<std::byte>(each));
    return made;
}

/// Nothing that is cut short or goes on is taken for what it begins as.
template <class T>
void check_cuts(const bytes& opcodes)
{
    for (std::size_t cut = 0; cut < opcodes.size(); ++cut) {
        CAPTURE(cut);
        CHECK_FALSE(decode_opcodes<T>(bytes_view{opcodes}.first(cut)));
    }
    bytes longer = opcodes;
    longer.push_back(std::byte{'N'});
    CHECK_FALSE(decode_opcodes<T>(longer));
}

}  // namespace

TEST_CASE("numbers are read off their opcodes", "[codec][opcodes]")
{
    for (const std::int64_t number : {0LL, 1LL, 255LL, 256LL, 65'535LL, 65'536LL, 2'147'483'647LL, -1LL, -2'147'483'648LL}) {
        CAPTURE(number);
        CHECK(decode_opcodes<std::int64_t>(opcodes_of(number)) == number);
        check_cuts<std::int64_t>(opcodes_of(number));
    }
    // Larger ones are left to the decoder.
    CHECK_FALSE(decode_opcodes<std::int64_t>(opcodes_of(std::int64_t{1} << 40)));
    CHECK(decode_opcodes<double>(opcodes_of(-2.5)) == -2.5);
    check_cuts<double>(opcodes_of(1e300));
    CHECK(decode_opcodes<bool>(opcodes_of(true)) == true);
    CHECK(decode_opcodes<bool>(opcodes_of(false)) == false);
    CHECK(decode_opcodes<int>(opcodes_of(true)) == 1);  // as from Python's bool
}

TEST_CASE("what does not fit is left to the decoder, which says why", "[codec][opcodes]")
{
    CHECK(decode_opcodes<std::int8_t>(opcodes_of(-128)) == std::int8_t{-128});
    CHECK_FALSE(decode_opcodes<std::int8_t>(opcodes_of(128)));
    CHECK_FALSE(decode_opcodes<std::uint64_t>(opcodes_of(-1)));
    CHECK(decode_opcodes<std::uint8_t>(opcodes_of(255)) == std::uint8_t{255});
    CHECK_FALSE(decode_opcodes<bool>(opcodes_of(1)));
    CHECK_FALSE(decode_opcodes<int>(opcodes_of(1.0)));
    CHECK_FALSE(decode_opcodes<double>(opcodes_of(1)));
    CHECK_FALSE(decode_opcodes<int>(opcodes_of(nullptr)));
    CHECK_FALSE(decode_opcodes<std::string>(opcodes_of(bytes(3))));
    CHECK_FALSE(decode_opcodes<bytes>(opcodes_of(std::string{"abc"})));
    CHECK_FALSE(decode_opcodes<int>(opcodes_of(std::vector{1})));
    CHECK_FALSE(decode_opcodes<std::string>({}));
}

TEST_CASE("text and octets are read off their opcodes", "[codec][opcodes]")
{
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{255}, std::size_t{256}, std::size_t{70'000}}) {
        CAPTURE(size);
        const std::string text(size, 'x');
        const bytes raw(size, std::byte{0xff});
        CHECK(decode_opcodes<std::string>(opcodes_of(text)) == text);
        CHECK(decode_opcodes<bytes>(opcodes_of(raw)) == raw);
        if (size < 300) {
            check_cuts<std::string>(opcodes_of(text));
            check_cuts<bytes>(opcodes_of(raw));
        }
    }
    // BINUNICODE8 and BINBYTES8.
    CHECK(decode_opcodes<std::string>(octets({0x8d, 2, 0, 0, 0, 0, 0, 0, 0, 'h', 'i'})) == "hi");
    CHECK(decode_opcodes<bytes>(octets({0x8e, 1, 0, 0, 0, 0, 0, 0, 0, 7})) == bytes{std::byte{7}});
    // A length that claims more than there is, up to what a size can say.
    CHECK_FALSE(decode_opcodes<std::string>(octets({0x8d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 'h'})));
    CHECK_FALSE(decode_opcodes<bytes>(octets({'B', 0xff, 0xff, 0xff, 0xff, 'h'})));
    // Not UTF-8.
    CHECK_FALSE(decode_opcodes<std::string>(octets({0x8c, 1, 0xff})));
}

TEST_CASE("a single opcode is an item for whoever reads items", "[codec][opcodes]")
{
    codec::item_reader reader;
    for (const bytes& opcodes : {opcodes_of(1), opcodes_of(70'000), opcodes_of(1.5), opcodes_of(true), opcodes_of(nullptr),
                                 opcodes_of(std::string{"text"}), opcodes_of(bytes(300))}) {
        codec::item found;
        CHECK_FALSE(reader.read(opcodes, {}, found));
        REQUIRE(found);
        CHECK(to_bytes(found.opcodes()) == opcodes);
    }
    codec::item none;
    CHECK(reader.read(octets({0x8c, 1, 0xff}), {}, none));
    CHECK(reader.read(octets({0x8c, 5, 'a'}), {}, none));
    CHECK(reader.read({}, {}, none));
    CHECK_FALSE(none);
}
