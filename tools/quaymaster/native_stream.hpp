// native_stream: one connection in the native dialect with many requests under way, in the calling thread. The client library's
// synchronous calls wait for each reply; this is what a client costs that does not.
#pragma once

#include "stream_socket.hpp"

#include "codec/byte_buffer.hpp"

#include <quaymaster/authkey.hpp>
#include <quaymaster/bytes.hpp>
#include <quaymaster/pickle_encoder.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quaymaster::tool {

/// The handshake with the server at the other end of `connected`, and the request for the native dialect: what came behind the answer,
/// or nullopt if the server does not speak it; then it closes the connection.
/// Throws std::exception if the key is another, or the server no such server.
[[nodiscard]] std::optional<std::string> agree_on_native(stream_socket& connected, const authkey& key);

/// Requests leave when a reply is waited for, or enough of them have come together. Replies come in the order of the requests.
/// Every member throws std::exception on any failure. Thread safety: none.
class native_stream {
public:
    /// `connected` has agreed_on_native(), with `input` behind that. The requests are for the queues called `idents`, by number.
    native_stream(stream_socket connected, std::string input, const std::vector<std::string>& idents);

    /// `item` as Python's bytes, waiting for room without limit.
    void start_put(std::size_t queue, bytes_view item);
    void finish_put();
    /// Without waiting for an item.
    void start_get(std::size_t queue);
    /// Overwrites `item`. False: there was none.
    bool finish_get(bytes& item);

private:
    struct reply;

    void flush();
    reply next_reply();
    void drop_reply();

    stream_socket socket_;
    codec::byte_buffer input_;
    std::size_t taken_ = 0;       // of input_: the replies that were finished
    std::size_t reply_size_ = 0;  // of the reply at the front of the rest
    codec::byte_buffer output_;
    pickle_encoder encoder_;
    std::vector<std::uint32_t> handles_;  // by queue
    std::uint32_t started_ = 0;
    std::uint32_t finished_ = 0;
};

}  // namespace quaymaster::tool
