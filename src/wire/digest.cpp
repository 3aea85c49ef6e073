#include "wire/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <limits>

namespace quaymaster::wire {

namespace {

struct digest_row {
    digest_kind kind;
    std::string_view name;
    std::size_t size;
    const EVP_MD* (*algorithm)();
};

constexpr std::array<digest_row, 5> digests{{
    {digest_kind::md5, "md5", 16, EVP_md5},
    {digest_kind::sha256, "sha256", 32, EVP_sha256},
    {digest_kind::sha384, "sha384", 48, EVP_sha384},
    {digest_kind::sha3_256, "sha3_256", 32, EVP_sha3_256},
    {digest_kind::sha3_384, "sha3_384", 48, EVP_sha3_384},
}};

const digest_row& row_of(digest_kind kind) noexcept
{
    return digests[static_cast<std::size_t>(kind)];  // in the order of the enumeration
}

}  // namespace

std::string_view to_string(digest_kind kind) noexcept
{
    return row_of(kind).name;
}

std::optional<digest_kind> digest_from_name(std::string_view name) noexcept
{
    for (const digest_row& row : digests) {
        if (row.name == name)
            return row.kind;
    }
    return std::nullopt;
}

std::size_t mac_size(digest_kind kind) noexcept
{
    return row_of(kind).size;
}

std::optional<mac> hmac(digest_kind kind, bytes_view key, bytes_view message) noexcept
{
    if (key.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        return std::nullopt;
    static constexpr unsigned char no_key[1] = {};  // OpenSSL takes a null key for "the one of last time"
    mac made;
    unsigned size = 0;
    const void* key_octets = key.empty() ? static_cast<const void*>(no_key) : key.data();
    if (HMAC(row_of(kind).algorithm(), key_octets, static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(message.data()), message.size(),
             reinterpret_cast<unsigned char*>(made.octets.data()), &size) == nullptr)
        return std::nullopt;
    made.size = size;
    return made;
}

bool equal_in_constant_time(bytes_view left, bytes_view right) noexcept
{
    return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace quaymaster::wire
