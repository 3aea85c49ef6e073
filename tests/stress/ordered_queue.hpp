// ordered_queue: those clients of the stress test whose items arrive once, in their order.
#pragma once

#include "crowd.hpp"
#include "native_peer.hpp"
#include "stress_items.hpp"

#include <quaymaster/address.hpp>
#include <quaymaster/client_options.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace quaymaster::testing {

/// One queue with producers and consumers of every kind, which work from its construction to end(). What they have seen takes memory
/// that does not grow with time. Thread safety: none but where it says so.
class ordered_queue {
public:
    /// `scale` of each kind.
    ordered_queue(const address& server, std::string typeid_name, std::uint64_t seed, std::size_t scale);
    ordered_queue(const ordered_queue&) = delete;
    ordered_queue& operator=(const ordered_queue&) = delete;
    ~ordered_queue();

    /// How many connections all of its clients have.
    [[nodiscard]] std::size_t connections() const noexcept { return producers_.size() + consumers_.size() + ranges_; }
    /// True once each has all the connections that it will have.
    [[nodiscard]] bool is_steady() const noexcept { return producers_.is_steady() && consumers_.is_steady(); }
    [[nodiscard]] bool has_failed() const noexcept { return producers_.has_failed() || consumers_.has_failed(); }
    /// Shuts the queue down once all that was put has arrived, or throws what has failed; stress_failure if something has not arrived, or
    /// twice. Returns how many items that were.
    std::uint64_t end();

private:
    class producer;
    class async_producer;
    struct consumption;
    using producing = void (ordered_queue::*)(producer&);
    using consuming = void (ordered_queue::*)(consumption&);

    /// Puts no more while this many are on their way: those who have no bound get one.
    [[nodiscard]] bool is_crowded() const noexcept;
    void shut_down();

    void put_one_by_one(producer& from);
    void put_one_by_one_by_python_dialect(producer& from);
    void put_batches(producer& from);
    void put_asynchronously(producer& from);
    void put_by(client_dialect dialect, producer& from);

    void get_one_by_one(consumption& into);
    void get_one_by_one_by_python_dialect(consumption& into);
    void get_by(client_dialect dialect, consumption& into);
    void get_batches(consumption& into);
    void consume_range(consumption& into);
    void consume_frames(consumption& into);
    void consume_asynchronously(consumption& into);
    void consume(consumption& into, consuming how);

    const address server_;
    const std::string typeid_name_;
    const std::uint64_t seed_;
    std::atomic<bool> is_over_{false};
    std::atomic<std::uint64_t> sent_{0};  // or about to be
    std::atomic<std::uint64_t> received_{0};
    std::mutex mutex_;
    item_sum all_sent_;      // guarded by mutex_, as
    item_sum all_received_;  // this: each adds its own at its end
    std::size_t ranges_ = 0;  // loops over what is consumed, each with a connection beside that of its thread
    crowd producers_;
    crowd consumers_;
};

}  // namespace quaymaster::testing
