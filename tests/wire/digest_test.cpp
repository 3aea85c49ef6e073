#include "wire/digest.hpp"

#include "wire_testing.hpp"

using namespace quaymaster;
using namespace quaymaster::testing;
using wire::digest_kind;

TEST_CASE("hmac() agrees with Python's hmac module", "[wire][digest]")
{
    // RFC 2202 and RFC 4231, test case 2.
    const bytes_view key = as_bytes("Jefe");
    const bytes_view message = as_bytes("what do ya want for nothing?");
    const auto mac_of = [&](digest_kind kind) {
        const auto made = wire::hmac(kind, key, message);
        REQUIRE(made);
        CHECK(made->size == wire::mac_size(kind));
        return to_hex(made->view());
    };
    CHECK(mac_of(digest_kind::md5) == "750c783e6ab0b503eaa86e310a5db738");
    CHECK(mac_of(digest_kind::sha256) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(mac_of(digest_kind::sha384) ==
          "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649");
    CHECK(mac_of(digest_kind::sha3_256) == "c7d4072e788877ae3596bbb0da73b887c9171f93095b294ae857fbe2645e1ba5");
    CHECK(mac_of(digest_kind::sha3_384) ==
          "f1101f8cbf9766fd6764d2ed61903f21ca9b18f57cf3e1a23ca13508a93243ce48c045dc007f26a21b3f5e0e9df4c20a");
}

TEST_CASE("an empty key is a key, and NULs at its end make no difference", "[wire][digest]")
{
    CHECK(to_hex(wire::hmac(digest_kind::sha256, {}, {})->view()) ==
          "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    const bytes padded = from_hex("61626300");
    CHECK(to_hex(wire::hmac(digest_kind::md5, padded, as_bytes("m"))->view()) ==
          to_hex(wire::hmac(digest_kind::md5, as_bytes("abc"), as_bytes("m"))->view()));
}

TEST_CASE("the digests allowed are CPython's and no others", "[wire][digest]")
{
    for (const char* name : {"md5", "sha256", "sha384", "sha3_256", "sha3_384"}) {
        CAPTURE(name);
        const auto kind = wire::digest_from_name(name);
        REQUIRE(kind);
        CHECK(wire::to_string(*kind) == name);
    }
    for (const char* name : {"", "sha1", "sha512", "MD5", "sha256 ", "sha3_512"}) {
        CAPTURE(name);
        CHECK_FALSE(wire::digest_from_name(name));
    }
}

TEST_CASE("equal_in_constant_time() compares whole runs", "[wire][digest]")
{
    CHECK(wire::equal_in_constant_time(as_bytes("abc"), as_bytes("abc")));
    CHECK_FALSE(wire::equal_in_constant_time(as_bytes("abc"), as_bytes("abd")));
    CHECK_FALSE(wire::equal_in_constant_time(as_bytes("abc"), as_bytes("ab")));
    CHECK(wire::equal_in_constant_time({}, {}));
}
