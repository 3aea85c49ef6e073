// stream_socket: a connected socket that closes itself.
#pragma once

#include <quaymaster/bytes.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace quaymaster::tool {

/// A descriptor, closed with its owner. Every member throws std::system_error. Thread safety: none.
class stream_socket {
public:
    explicit stream_socket(int descriptor) noexcept : descriptor_{descriptor} {}
    ~stream_socket();
    stream_socket(stream_socket&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
    stream_socket& operator=(stream_socket&& other) noexcept
    {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }

    /// Blocking, with TCP_NODELAY. `host` is a name or an address.
    [[nodiscard]] static stream_socket tcp(const std::string& host, std::uint16_t port);
    [[nodiscard]] static stream_socket unix_path(const std::string& path);

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
    /// The caller closes it from now on.
    [[nodiscard]] int release() noexcept { return std::exchange(descriptor_, -1); }

    /// Waits until all has gone.
    void send(std::string_view octets);
    /// As send(), for what lies in two places, with one system call if the kernel has room.
    void send(std::string_view first, std::string_view second);
    /// Waits for something; how many octets came into `buffer`. Throws std::runtime_error if the peer has left, or has said nothing for
    /// as long as limit_waits() says.
    std::size_t receive(char* buffer, std::size_t size);
    void limit_waits(std::chrono::seconds limit);
    /// Nothing is waited for when it is closed, and the kernel keeps nothing of it: no port is taken for a minute after. The peer still
    /// sees an orderly end, unless that is lost on its way.
    void forget_on_close();
    void make_non_blocking();

private:
    int descriptor_;
};

/// Lets this process, and what it starts, open as many descriptors as it may. Throws std::runtime_error if that is below `count`.
void allow_descriptors(std::size_t count);

}  // namespace quaymaster::tool
