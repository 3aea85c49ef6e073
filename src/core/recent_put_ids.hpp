// recent_put_ids: which of the puts that have an id a queue has let in lately.
#pragma once

#include "core/call.hpp"
#include "core/put_id.hpp"
#include "core/ring.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <set>

namespace quaymaster::core {

/// How long a queue remembers the puts that it has let in: until either bound is exceeded.
struct put_id_limits {
    std::size_t count_max = 65'536;
    std::chrono::milliseconds age_max = std::chrono::minutes{10};
};

/// The ids of a queue's latest puts. In steady use, once count_max is reached, it allocates nothing.
/// A tree, because clients choose the ids: no choice of theirs makes a look-up take more steps than the logarithm of count_max,
/// and nothing about it must be kept secret from them. Ids that follow each other, the usual ones, stay near each other in it.
/// Memory: up to count_max times some 90 octets.
/// Thread safety: none of its own.
class recent_put_ids {
public:
    explicit recent_put_ids(const put_id_limits& limits = {}) noexcept : limits_{limits} {}
    recent_put_ids(const recent_put_ids&) = delete;
    recent_put_ids& operator=(const recent_put_ids&) = delete;

    [[nodiscard]] std::size_t size() const noexcept { return known_.size(); }
    [[nodiscard]] bool contains(const put_id& id) const noexcept { return known_.contains(id); }

    /// It is `now`, or later if it has been: forgets what has become too old.
    void advance(time_point now) noexcept;
    /// Precondition: not contained. std::bad_alloc leaves everything as it was. Call trim() or drop_latest() before the next.
    void add(const put_id& id);
    /// Forgets the oldest beyond count_max. Apart from add(), so that a put that comes to nothing displaces no other.
    void trim() noexcept;
    /// Undoes add(). Precondition: it was the last call of a non-const member.
    void drop_latest() noexcept;

private:
    struct entry {
        put_id id;
        time_point added;
        friend bool operator<(const entry& left, const entry& right) noexcept { return left.id < right.id; }
        friend bool operator<(const entry& left, const put_id& right) noexcept { return left.id < right; }
        friend bool operator<(const put_id& left, const entry& right) noexcept { return left < right.id; }
    };
    using entries = std::set<entry, std::less<>>;  // transparent: looked up by the id alone

    put_id_limits limits_;
    time_point latest_ = time_point::min();
    entries known_;
    ring<entries::iterator> oldest_first_;
    entries::node_type spare_;  // of one that was forgotten, for the next
};

}  // namespace quaymaster::core
