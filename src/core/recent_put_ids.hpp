// recent_put_ids: which of the puts that have an id a queue has let in lately.
#pragma once

#include "core/call.hpp"
#include "core/put_id.hpp"

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace quaymaster::core {

/// Which of the puts that it has let in a queue remembers: the latest `count_max`, if they are no older than `age_max`.
struct put_id_limits {
    std::size_t count_max = 65'536;
    std::chrono::milliseconds age_max = std::chrono::minutes{10};
};

/// The ids of a queue's latest puts. 64 numbers in a row of one client are kept, and forgotten, together, for clients count; so
/// what is older than the limits say may still be known for the sake of what is near it.
/// A tree, because clients choose the ids: no choice of theirs makes a look-up take more steps than the logarithm of count_max,
/// and nothing about it must be kept secret from them. An id that follows the last one is found without a search.
/// Memory: some 100 octets for 64 ids, up to that for each of count_max ids if clients do not count. Where clients that count
/// come to their limits it allocates nothing.
/// Thread safety: none of its own.
class recent_put_ids {
    struct block;

public:
    explicit recent_put_ids(const put_id_limits& limits = {}) noexcept : limits_{limits} {}
    recent_put_ids(const recent_put_ids&) = delete;
    recent_put_ids& operator=(const recent_put_ids&) = delete;
    ~recent_put_ids();

    [[nodiscard]] bool contains(const put_id& id) noexcept;
    /// It is `now`, or later if it has been: forgets what has become too old.
    void advance(time_point now) noexcept;

    /// An id on its way in: first room for it, which may take memory, then, if its put has been let in, the id itself.
    class addition {
    public:
        /// std::bad_alloc leaves everything as it was. `to` is not touched but by this as long as it lives.
        addition(recent_put_ids& to, const put_id& id);
        addition(const addition&) = delete;
        addition& operator=(const addition&) = delete;
        /// Leaves no trace, unless one of the two below was called.
        ~addition();
        /// It is let in at the time of the last advance(). Forgets those that there are too many of, too. Call one of the two, once.
        /// Precondition: no commit_later() since that advance().
        void commit() noexcept;
        /// As commit(), at a time after the last advance() that nobody has told: it counts from the next advance().
        void commit_later() noexcept;

    private:
        void commit_at(time_point now) noexcept;

        recent_put_ids& to_;
        block& block_;
        std::uint64_t bit_;
    };

    /// Allocations that it holds, for tests.
    [[nodiscard]] std::size_t blocks() const noexcept { return known_.size(); }

private:
    /// The ids {place.client, 64 * place.number + i}.
    struct block : boost::intrusive::set_base_hook<boost::intrusive::optimize_size<true>>, boost::intrusive::list_base_hook<> {
        put_id place;
        std::uint64_t members = 0;        // bit i: it has been let in
        std::uint64_t latest_number = 0;  // of the last of them, counted over all
        time_point latest{};
    };
    struct place_of {
        using type = put_id;
        const put_id& operator()(const block& each) const noexcept { return each.place; }
    };
    using tree = boost::intrusive::set<block, boost::intrusive::key_of_value<place_of>>;

    /// Of the last blocks of oldest_first_, until the next advance().
    static constexpr time_point not_known_yet = time_point::max();

    [[nodiscard]] block* find(const put_id& place) noexcept;
    [[nodiscard]] block& find_or_make(const put_id& place);
    void forget(block& forgotten) noexcept;

    put_id_limits limits_;
    time_point now_ = time_point::min();
    std::uint64_t total_ = 0;  // ids let in so far
    tree known_;
    boost::intrusive::list<block> oldest_first_;  // by the last that was let in
    block* last_found_ = nullptr;
    std::unique_ptr<block> spare_;  // one that was forgotten, for the next
};

}  // namespace quaymaster::core
