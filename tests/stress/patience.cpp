#include "patience.hpp"

#include "native_peer.hpp"
#include "stress_failure.hpp"
#include "stress_items.hpp"
#include "stress_manager.hpp"

#include <quaymaster/errors.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <string>

namespace quaymaster::testing {

namespace native = wire::native;
using native::operation;
using namespace std::chrono_literals;
using clock_type = control_timer::clock_type;

/// Many waits at once over one connection. Thread safety: none.
class patience::peer {
public:
    peer(patience& owner, const address& server, std::uint64_t seed)
        : owner_{owner}, random_{seed}, connection_{server.port()}, empty_{connection_.open("empty")}, full_{connection_.open("full")}
    {
    }
    void run()
    {
        constexpr std::size_t waits_at_once = 40;
        while (!owner_.is_over_ || !waits_.empty()) {
            while (!owner_.is_over_ && waits_.size() < waits_at_once)
                begin();
            const auto reply = connection_.receive(20s);
            if (!reply)
                throw stress_failure{"a wait never ends"};
            end(*reply);
        }
    }

private:
    struct wait {
        clock_type::time_point begin;
        std::chrono::milliseconds timeout;
    };

    void begin()
    {
        const std::uint32_t id = ++last_id_;
        const auto timeout = static_cast<std::uint32_t>(1 + random_() % 400);
        native::fixed_fields fields;
        native::frame_head head{operation::get, id};
        bytes_view tail;
        switch (random_() % 3) {
        case 0: fields.add(empty_).add(timeout); break;
        case 1:
            head.code = operation::put;
            fields.add(full_).add(timeout);
            tail = one_;
            break;
        default:
            head = {operation::get_many, id, 5};
            fields.add(empty_).add(timeout).add(std::uint32_t{1000});
            break;
        }
        bytes body = to_bytes(fields.view());
        body.insert(body.end(), tail.begin(), tail.end());
        waits_.emplace(id, wait{clock_type::now(), std::chrono::milliseconds{timeout}});
        connection_.send(head, body);
    }
    void end(const native_peer::reply& reply)
    {
        const auto found = waits_.find(reply.id);
        if (found == waits_.end() || reply.code != operation::raised)
            throw stress_failure{"a wait for nothing is answered by something"};
        const auto [began, timeout] = found->second;
        waits_.erase(found);
        owner_.note_wait(timeout, began);
    }

    patience& owner_;
    std::mt19937_64 random_;
    native_peer connection_;
    const std::uint32_t empty_;
    const std::uint32_t full_;
    const bytes one_ = opcodes_of(1);
    std::uint32_t last_id_ = 1;
    std::map<std::uint32_t, wait> waits_;
};

patience::patience(const address& server, const patience_options& options) : options_{options}
{
    for (std::size_t i = 0; i < options.peers; ++i)
        waiting_.add([this, server, i] {
            peer one{*this, server, options_.seed * 31 + i};
            waiting_.note_steady();
            one.run();
        });
    for (const bool by_python_dialect : {false, true})
        waiting_.add([this, server, by_python_dialect] {
            wait_by_proxy(server, by_python_dialect, options_.seed + (by_python_dialect ? 1U : 0U));
        });
}

patience::~patience()
{
    is_over_ = true;
}

patience_statistics patience::end()
{
    is_over_ = true;
    waiting_.join();
    const std::lock_guard lock{mutex_};
    return found_;
}

/// One wait at a time, through a proxy.
void patience::wait_by_proxy(const address& server, bool by_python_dialect, std::uint64_t seed)
{
    stress_manager manager{server, "abc", client_of(by_python_dialect ? client_dialect::python : client_dialect::native)};
    manager.connect();
    auto empty = manager.queue("empty");
    auto full = manager.queue("full");
    std::mt19937_64 random{seed};
    for (std::uint64_t waits = 0; !is_over_; ++waits) {
        const std::chrono::milliseconds timeout{1 + random() % 100};
        const auto begin = clock_type::now();
        try {
            if (waits % 2 == 0)
                (void)empty.get(timeout);
            else
                full.put(1, timeout);
            throw stress_failure{"a wait for nothing got something"};
        } catch (const queue_empty&) {
        } catch (const queue_full&) {
        }
        note_wait(timeout, begin);
        if (waits == 1)
            waiting_.note_steady();
    }
}

/// One that ends now.
void patience::note_wait(std::chrono::milliseconds timeout, clock_type::time_point begin)
{
    const auto due = begin + timeout;
    const auto late = clock_type::now() - due;
    if (late < clock_type::duration::zero())
        throw stress_failure{"a wait of " + std::to_string(timeout.count()) + " ms ended " +
                             std::to_string(-late / std::chrono::microseconds{1}) + " us too early"};
    // Two threads have to be woken for it one after the other, the server's and this one.
    const auto machine = late > 20ms ? control_.latest_since(due) : clock_type::duration::zero();
    const std::lock_guard lock{mutex_};
    ++found_.waits;
    found_.latest = std::max(found_.latest, std::chrono::duration_cast<std::chrono::microseconds>(late));
    found_.machine_latest = std::max(found_.machine_latest, std::chrono::duration_cast<std::chrono::microseconds>(machine));
    if (late > options_.lateness_max + 2 * machine)
        throw stress_failure{"a wait of " + std::to_string(timeout.count()) + " ms ended " +
                             std::to_string(late / std::chrono::microseconds{1}) + " us late, a thread that sleeps only " +
                             std::to_string(machine / std::chrono::microseconds{1})};
}

}  // namespace quaymaster::testing
