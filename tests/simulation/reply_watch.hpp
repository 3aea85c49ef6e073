// reply_watch: looks at all that the sessions of a simulation write, and says what must not be.
#pragma once

#include "scene.hpp"

#include "wire/native_dialect.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quaymaster::testing {

/// Every member throws simulation_failure for a reply that cannot be. Lifetime: `at` outlives it.
class reply_watch {
public:
    explicit reply_watch(scene& at) noexcept : at_{at} {}

    /// How far a session was.
    struct before_turn {
        std::uint64_t consumed;
        bool is_full;  // it has as much to write as it may before it takes requests
    };
    [[nodiscard]] before_turn before(const link& client) const noexcept;
    /// Looks at what the session has written in the turn, and at how much waits to be fetched.
    void after(link& client, const before_turn& before);
    /// A wait ends without an answer: an item that it was given goes back, and its place in the order is lost.
    void note_return(const core::waiter& gone);

private:
    void check_replies_are_bounded(link& client, const before_turn& before) const;
    void note_arrivals(link& client) const;
    void look_at_native(link& client, bytes_view fresh);
    void look_at_python(link& client, bytes_view fresh);
    void on_native(link& client, const wire::native::frame& reply);
    void on_streamed(link& client, request& what, const wire::native::frame& reply);
    void on_last(link& client, const request& what, const wire::native::frame& reply);
    void on_put_answer(const link& client, const request& what, const wire::native::frame& reply, bool is_raised, bool is_full);
    void on_batch(link& client, const request& what, const wire::native::frame& reply);
    void on_python(link& client, const request& what, bytes_view payload);
    void on_items(link& client, const request& what, const std::vector<item_key>& items);
    void on_put_over(const request& what, std::size_t in);
    void check_end_of_wait(const link& client, const request& what, bool gave_up);

    scene& at_;
};

}  // namespace quaymaster::testing
