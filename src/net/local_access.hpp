// local_access: how threads of this program get at the objects of a server in it, for as long as it serves.
#pragma once

#include "core/call.hpp"
#include "net/server_state.hpp"

#include <quaymaster/value.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace quaymaster::net {

class local_caller;

/// Each thread that calls has a local_caller of its own, which this knows: to wake those that wait when the server stops, and
/// to let it end no sooner than they have left. A call costs one exclusive write, to memory of its own thread.
/// Thread safety: any member from any thread. Lifetime: shared by the server, its proxies and its callers; may outlive the
/// server, of which there is nothing left once wait_until_left() has returned.
class local_access : public std::enable_shared_from_this<local_access> {
public:
    explicit local_access(server_state& state) noexcept;
    ~local_access();
    local_access(const local_access&) = delete;
    local_access& operator=(const local_access&) = delete;

    /// Where clients on this machine reach the server: (host, port), or a path. Before anybody calls.
    void set_own_end(value end) { own_end_ = std::move(end); }
    [[nodiscard]] const value& own_end() const noexcept { return own_end_; }

    /// No call begins any more, and those that wait give up: at once, or in `grace` if they wait for work under way. Any time
    /// after the first.
    void close(std::chrono::milliseconds grace) noexcept;
    /// Returns when no thread but this is in a call. Precondition: closed, or nobody has ever called.
    void wait_until_left() noexcept;
    [[nodiscard]] bool is_closed() const noexcept { return is_closed_.load(); }
    /// When those that wait for work give up. Precondition: closed.
    [[nodiscard]] core::time_point work_limit() const noexcept { return work_limit_; }

    /// False in the child of a fork(), which has none of the server's threads.
    [[nodiscard]] bool is_of_this_process() const noexcept;

    /// Throws connection_lost if it is closed.
    [[nodiscard]] local_caller& caller_of_this_thread();
    /// Precondition: the calling thread is in a call.
    [[nodiscard]] server_state& state() noexcept { return state_; }

    /// For a thread that ends.
    void remove(const local_caller& gone) noexcept;

private:
    std::shared_ptr<local_caller> add_caller();

    server_state& state_;
    const unsigned fork_generation_;
    const std::uint64_t id_;  // unlike an address, never reused
    value own_end_;           // constant once anybody calls
    std::atomic<bool> is_closed_{false};
    core::time_point work_limit_{};  // written before is_closed_
    std::mutex mutex_;               // guards callers_; no guard of a referent is taken inside
    std::vector<std::shared_ptr<local_caller>> callers_;
};

/// What a call throws that finds the server stopped. `may_have_executed`: as connection_lost.
[[noreturn]] void throw_stopped(bool may_have_executed);

}  // namespace quaymaster::net
