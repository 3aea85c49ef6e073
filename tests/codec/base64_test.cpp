#include "codec/base64.hpp"

#include <catch2/catch.hpp>

using namespace quaymaster::codec;

TEST_CASE("base64 goes there and back", "[codec][base64]")
{
    // RFC 4648, section 10
    CHECK(base64_encode("") == "");
    CHECK(base64_encode("f") == "Zg==");
    CHECK(base64_encode("fo") == "Zm8=");
    CHECK(base64_encode("foo") == "Zm9v");
    CHECK(base64_encode("foobar") == "Zm9vYmFy");
    CHECK(base64_encode("\xff\xfe\xfd") == "//79");
    for (const std::string_view octets : {"", "f", "fo", "foo", "\xff\xfe\xfd\xfc"})
        CHECK(base64_decode(base64_encode(octets)) == octets);
}

TEST_CASE("base64_decode() takes only what base64_encode() writes", "[codec][base64]")
{
    for (const std::string_view text : {"Z", "Zg", "Zg=", "Zh==", "Zg==Zg==", "Z===", "====", "Zm8 ", "Zm9v=", "Zm-_"}) {
        CAPTURE(text);
        CHECK_FALSE(base64_decode(text));
    }
}
