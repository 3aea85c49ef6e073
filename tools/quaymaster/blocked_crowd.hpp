// blocked_crowd: thousands of connections that wait for an item each, all in one thread.
#pragma once

#include "bench_target.hpp"
#include "stream_socket.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace quaymaster::tool {

/// Thread safety: none. Lifetime: `target` outlives it.
class blocked_crowd {
public:
    /// Opens nothing yet. Throws std::runtime_error if `target` has no blocked_getter or this process may not have so many
    /// descriptors.
    blocked_crowd(bench_target& target, std::size_t count);

    /// Connects one more and leaves it waiting for its item.
    void add_one();
    [[nodiscard]] std::size_t size() const noexcept { return members_.size(); }

    using clock = std::chrono::steady_clock;
    /// Waits until each has its item, and tells `on_item` of it, and when it came. Ends early if `is_cancelled`, which it asks now
    /// and then. Throws std::runtime_error if nothing comes for half a minute.
    void collect(const std::function<void(bytes_view item, clock::time_point came)>& on_item,
                 const std::function<bool()>& is_cancelled);

private:
    struct member {
        std::unique_ptr<blocked_getter> getter;
        stream_socket socket;
    };

    static bool receive(member& each, std::vector<char>& buffer);
    static void flush(member& each);

    bench_target& target_;
    stream_socket poller_;
    std::vector<member> members_;
};

}  // namespace quaymaster::tool
