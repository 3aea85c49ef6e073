// authkey: the secret that a server and its clients share.
#pragma once

#include <quaymaster/bytes.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace quaymaster {

/// The shared secret, any octets: Python's `authkey`. It is never printed and never sent.
/// Its memory is wiped when it ends.
class authkey {
public:
    /// The empty key, which everybody knows: servers take it on loopback addresses only.
    authkey() = default;
    authkey(const char* text) : authkey{as_bytes(text)} {}
    authkey(std::string_view text) : authkey{as_bytes(text)} {}
    authkey(const std::string& text) : authkey{as_bytes(text)} {}
    authkey(bytes_view octets) : octets_{to_bytes(octets)} {}
    authkey(const bytes& octets) : octets_{octets} {}
    authkey(const authkey&) = default;
    authkey(authkey&&) noexcept = default;
    authkey& operator=(authkey other) noexcept
    {
        octets_.swap(other.octets_);
        return *this;
    }
    ~authkey();

    /// The content of the file at `path` without white space around it, as Python's `.read().strip()`.
    /// Throws std::runtime_error if it cannot be read, is empty, or is longer than 4,096 octets.
    [[nodiscard]] static authkey from_file(const std::filesystem::path& path);

    /// 32 random octets in hexadecimal, so that the key can be copied as text. Throws std::runtime_error without randomness.
    [[nodiscard]] static authkey generate();

    /// Writes the key and a newline to a new file that only this user may read (mode 0600); missing folders are made,
    /// for this user only. Throws std::runtime_error; if the file exists already, too.
    void write_new_file(const std::filesystem::path& path) const;

    /// Borrowed from this key.
    [[nodiscard]] bytes_view octets() const noexcept { return octets_; }
    [[nodiscard]] bool empty() const noexcept { return octets_.empty(); }

private:
    bytes octets_;
};

}  // namespace quaymaster
