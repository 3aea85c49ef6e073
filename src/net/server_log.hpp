// server_log: what a server says, within bounds.
#pragma once

#include <quaymaster/server_options.hpp>

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string_view>
#include <utility>

namespace quaymaster::net {

/// Passes lines on to the user's log function, at most `lines_per_second_max` in one second: strangers can make the server
/// log as fast as they connect, and must not fill a disk with it. What was left out is counted and said.
/// Thread safety: any member from any thread.
class server_log {
public:
    static constexpr std::size_t lines_per_second_max = 200;

    explicit server_log(log_function sink) : sink_{std::move(sink)} {}

    /// What the log function throws is dropped: a server that cannot say something still serves.
    void write(log_level level, std::string_view line) { write_at(std::chrono::steady_clock::now(), level, line); }
    /// The same at a time that a test chooses; times never go back.
    void write_at(std::chrono::steady_clock::time_point now, log_level level, std::string_view line);

private:
    const log_function sink_;
    std::mutex mutex_;  // guards the rest; not held while sink_ runs
    std::chrono::steady_clock::time_point second_begin_{};
    std::size_t written_ = 0;   // in this second
    std::size_t left_out_ = 0;  // in this second
};

}  // namespace quaymaster::net
