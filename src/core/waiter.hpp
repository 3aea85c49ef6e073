// waiter: a blocked call as data. Parked in a referent, fulfilled first come, first served.
#pragma once

#include "core/call.hpp"
#include "core/put_id.hpp"

#include <boost/intrusive/list_hook.hpp>

#include <cstdint>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

namespace quaymaster::core {

class referent;
class waiter;

/// By which a waiter is in a list of those that a thread has been told of, which keeps them alive.
struct told_link {
    waiter* next = nullptr;
    std::shared_ptr<waiter> self;
};

/// The place in line of one blocked call. A caller (a session, a local thread) that makes no second call while it waits owns
/// one and reuses it; one with several calls under way has one for each, and a principal for all of them.
/// States: idle -> parked (a referent holds it in a line) -> fulfilled (an outcome is set, the caller not yet told) -> idle.
/// Thread safety: guarded by whatever guards the referent that it is parked in; an idle one belongs to its caller alone.
/// Lifetime: made by std::make_shared, because the one who fulfils it must keep it alive until the caller is told; one with
/// another owner() lives until that is told.
class waiter : public std::enable_shared_from_this<waiter>,
               public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::safe_link>> {
public:
    enum class state : std::uint8_t { idle, parked, fulfilled };

    waiter() = default;
    waiter(const waiter&) = delete;
    waiter& operator=(const waiter&) = delete;
    virtual ~waiter() = default;

    [[nodiscard]] state current_state() const noexcept { return state_; }
    /// When the call gives up; `never` if it waits without limit.
    [[nodiscard]] time_point deadline() const noexcept { return deadline_; }
    /// Which referent it is parked in, or was fulfilled by; null when idle.
    [[nodiscard]] referent* place() const noexcept { return place_; }

    /// For referents: enters the parked state. `line` is the referent's own number for which line this is.
    /// `id`: see carried_id().
    void park(referent& place, std::uint8_t line, time_point deadline, codec::payload&& carried = {},
              const put_id* id = nullptr) noexcept
    {
        state_ = state::parked;
        place_ = &place;
        line_ = line;
        deadline_ = deadline;
        has_carried_id_ = id != nullptr;
        content_ = luggage{std::move(carried), id != nullptr ? *id : put_id{}};
    }
    /// For referents: sets the outcome of a parked waiter that is out of its line already. What it carried is gone then.
    void fulfil(outcome result) noexcept
    {
        state_ = state::fulfilled;
        content_ = std::move(result);
    }
    /// For the caller: takes the outcome of a fulfilled waiter and becomes idle.
    [[nodiscard]] outcome take_outcome() noexcept
    {
        outcome taken{parked{}};
        if (auto* const set = std::get_if<outcome>(&content_))
            taken = std::move(*set);
        reset();
        return taken;
    }
    /// For referents: back to idle without an outcome.
    void reset() noexcept
    {
        state_ = state::idle;
        place_ = nullptr;
        deadline_ = never;
        has_carried_id_ = false;
        content_ = luggage{};
    }
    /// Asked by a referent whose waiters may wait elsewhere, too, as those of a queue may, with this out of its line and before
    /// fulfil(). False: its caller has been served elsewhere, or goes on waiting elsewhere. Then the referent calls reset() and
    /// keeps what it offered.
    [[nodiscard]] virtual bool accepts(const outcome& offered) noexcept
    {
        static_cast<void>(offered);
        return true;
    }
    /// Whose wait this is: who is to be told when it is fulfilled.
    [[nodiscard]] virtual std::shared_ptr<waiter> owner() { return shared_from_this(); }

    /// Whose call it is: who owns what the call acquires, and whose thread is told. A session with several calls under way has
    /// a waiter for each, all with one principal, which outlives them. Thread safety: any thread.
    [[nodiscard]] virtual waiter& principal() noexcept { return *this; }
    [[nodiscard]] const waiter& principal() const noexcept { return const_cast<waiter*>(this)->principal(); }

    /// For whoever carries a fulfilled waiter to the thread that it belongs to; untouched by anybody else.
    [[nodiscard]] told_link& told() noexcept { return told_; }

    [[nodiscard]] std::uint8_t line() const noexcept { return line_; }
    /// What a blocked put() wants to enqueue. Precondition: parked.
    [[nodiscard]] codec::payload& carried() noexcept { return std::get_if<luggage>(&content_)->payload; }
    /// The id of a blocked put() that has one; null otherwise. Precondition: parked.
    [[nodiscard]] const put_id* carried_id() const noexcept
    {
        return has_carried_id_ ? &std::get_if<luggage>(&content_)->id : nullptr;
    }
    /// Precondition: fulfilled.
    [[nodiscard]] const outcome& peek_outcome() const noexcept { return *std::get_if<outcome>(&content_); }

private:
    struct luggage {
        codec::payload payload;
        put_id id;  // meaningless unless has_carried_id_
    };

    state state_ = state::idle;
    std::uint8_t line_ = 0;
    bool has_carried_id_ = false;
    referent* place_ = nullptr;
    time_point deadline_ = never;
    std::variant<luggage, outcome> content_;  // an outcome while fulfilled
    told_link told_;
};

/// The owners of the waiters that a call fulfilled. Whoever made the call tells their callers after leaving the referent's guard:
/// telling them inside would run one caller's code under another's lock.
using completions = std::vector<std::shared_ptr<waiter>>;

}  // namespace quaymaster::core
