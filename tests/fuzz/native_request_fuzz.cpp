// native_request_fuzz: two authenticated clients of the native dialect that send anything, in any pieces, over queues that they
// share. Time passes, waits end, peers leave. Replies are frames and bounded; when all have left nobody waits anywhere.
#include "../session/bare_service.hpp"
#include "../session/client_beginning.hpp"
#include "../wire/outbox_contents.hpp"
#include "core/sync_types.hpp"
#include "session/server_session.hpp"
#include "wire/framing.hpp"
#include "wire/native_dialect.hpp"
#include "wire/python_dialect.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

namespace {

using namespace quaymaster;
using testing::bare_service;

constexpr std::size_t replies_size_max = 4096;
constexpr std::size_t payload_size_max = std::size_t{1} << 16;

session::server_settings fuzz_settings()
{
    session::server_settings settings;
    settings.authkey = to_bytes("abc");
    settings.payload_size_max = payload_size_max;
    settings.replies_size_max = replies_size_max;
    settings.requests_max = 20;
    settings.handles_max = 8;
    settings.limits.depth_max = 100;
    settings.limits.stack_size_max = 1 << 12;
    settings.limits.memo_size_max = 1 << 12;
    settings.limits.node_count_max = 1 << 12;
    return settings;
}

void require(bool holds)
{
    if (!holds)
        std::abort();
}

/// One connection, as net holds it.
class peer {
public:
    explicit peer(bare_service& service) : service_{service}
    {
        run([&](session::turn& turn) {
            session_.start(turn);
            session_.receive(testing::client_handshake(service_), turn);
            session_.receive(testing::native_hello(), turn);
        });
        require(session_.is_stream() && session_.may_wait());
        replies_.clear();
    }

    void receive(bytes_view octets)
    {
        if (has_ended_)
            return;
        input_.insert(input_.end(), octets.begin(), octets.end());
        go_on();
    }
    void go_on()
    {
        run([&](session::turn& turn) {
            const std::size_t consumed = session_.wants_close() ? input_.size() : session_.receive(input_, turn);
            require(consumed <= input_.size());
            input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(consumed));
        });
        // Nothing stays with us that is not the beginning of a frame, or held up by the replies.
        if (replies_.size() < replies_size_max)
            require(input_.size() < payload_size_max + wire::native::header_size && !session_.is_stalled());
    }
    void resume(std::shared_ptr<core::waiter> told)
    {
        if (session_.waits_in(*told))
            run([&](session::turn& turn) { session_.resume(std::move(told), turn); });
    }
    void set_time(core::time_point now)
    {
        now_ = now;
        run([&](session::turn& turn) { session_.on_deadline(turn); });
        require(session_.deadline() > now || has_ended_);
    }
    /// Reads all replies, which must be whole frames of a known kind.
    void read()
    {
        const bytes whole = testing::contents(replies_);
        replies_.clear();
        for (bytes_view rest = whole; !rest.empty();) {
            error_code ec;
            const auto next = wire::native::parse_frame(rest, whole.size(), ec);
            require(next.has_value());
            check(*next);
            rest = rest.subspan(next->size());
        }
        go_on();
    }
    void end()
    {
        if (!std::exchange(has_ended_, true))
            session_.end(service_, true);
        input_.clear();
        replies_.clear();
        require(session_.deadline() == core::never && !session_.is_stalled());
    }

    [[nodiscard]] bool is_principal_of(core::waiter& told) noexcept { return &told.principal() == waiter_.get(); }
    [[nodiscard]] core::time_point deadline() const noexcept { return session_.deadline(); }
    [[nodiscard]] bool has_ended() const noexcept { return has_ended_; }

private:
    template <class Act>
    void run(Act&& act)
    {
        if (has_ended_)
            return;
        session::turn turn{service_, scratch_, replies_, now_};
        act(turn);
        require(scratch_.batch.empty() && scratch_.call.positional.empty());
    }
    static void check(const wire::native::frame& reply)
    {
        using wire::native::operation;
        switch (reply.code) {
        case operation::done:
        case operation::cancelled: return require(reply.body.empty());
        case operation::item: return require(!reply.body.empty());
        case operation::items: {
            wire::native::body_reader body{reply.body};
            for (std::size_t i = 0; i < reply.count; ++i)
                require(!body.sized_octets().empty());
            return require(body.at_end() && reply.count != 0);
        }
        case operation::opened: return require(reply.body.size() == 5);
        case operation::raised: return require(wire::native::parse_raised(reply.body).has_value());
        case operation::answer: {
            error_code ec;
            const auto inner = wire::parse_frame(reply.body, reply.body.size(), ec);
            require(inner && inner->size == reply.body.size());
            codec::envelope_reader reader;
            return require(!std::holds_alternative<wire::malformed_reply>(wire::parse_reply(inner->payload, reader, {})));
        }
        case operation::pong: return require(reply.body.size() <= wire::native::ping_size_max);
        case operation::refused: return require(!reply.body.empty());
        default: std::abort();
        }
    }

    static const session::server_settings& settings()
    {
        static const session::server_settings constant = fuzz_settings();
        return constant;
    }

    bare_service& service_;
    std::shared_ptr<core::waiter> waiter_ = std::make_shared<core::waiter>();
    session::workspace scratch_;
    wire::outbox replies_;
    bytes input_;
    core::time_point now_ = testing::test_start;
    session::server_session session_{settings(), *waiter_};
    bool has_ended_ = false;
};

void resume_told(bare_service& service, std::array<peer, 2>& peers)
{
    while (!service.told.empty())
        for (auto& each : std::exchange(service.told, {}))
            for (peer& other : peers)
                if (each != nullptr && !other.has_ended() && other.is_principal_of(*each))
                    other.resume(std::move(each));
    for (peer& other : peers)
        other.go_on();
}

}  // namespace

/// The input is a list of events: an octet that says what happens, to the first peer or the second (its highest bit), and for a piece
/// of what a peer sends its length, in 6 bits or 14, and the octets.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    bare_service service;
    core::register_sync_types(service.registry, {});
    core::register_named_queue(service.registry, "p", core::queue_kind::priority, 2);
    core::register_named_queue(service.registry, "l", core::queue_kind::lifo, 3);
    core::call none;
    for (const char* typeid_name : {"RLock", "Condition", "list"})
        service.registry.declare_stable(typeid_name,
                                        std::get<core::created>(service.registry.create(typeid_name, none)).object);
    std::array<peer, 2> peers{peer{service}, peer{service}};
    core::time_point now = testing::test_start;
    bytes_view rest{reinterpret_cast<const std::byte*>(data), size};
    const auto next_octet = [&]() -> unsigned {
        if (rest.empty())
            return 0;
        const auto octet = std::to_integer<unsigned>(rest.front());
        rest = rest.subspan(1);
        return octet;
    };
    while (!rest.empty()) {
        const unsigned event = next_octet();
        peer& chosen = peers[event >> 7U];
        switch ((event >> 4U) & 7U) {
        case 0: resume_told(service, peers); break;
        case 1: chosen.read(); break;
        case 2:
            now += std::chrono::milliseconds{1U << (event & 15U)};
            for (peer& each : peers)
                each.set_time(now);
            break;
        case 3:
            if (const auto due = std::min(peers[0].deadline(), peers[1].deadline()); due != core::never) {
                now = std::max(now, due);
                for (peer& each : peers)
                    each.set_time(now);
            }
            break;
        case 4:
            if ((event & 15U) == 0)
                chosen.end();
            break;
        default: {
            std::size_t length = event & 63U;
            if (length >= 48)
                length = ((length & 15U) << 8U) | next_octet();
            const bytes_view piece = rest.first(std::min(length, rest.size()));
            rest = rest.subspan(piece.size());
            chosen.receive(piece);
            break;
        }
        }
    }
    for (peer& each : peers)
        each.end();
    service.told.clear();
    for (const auto& each : service.registry.list()) {
        core::shared_queue* const queue = each.object->as_queue();
        if (queue == nullptr)
            continue;
        const core::queue_statistics left = queue->statistics();
        require(left.waiting_getters == 0 && left.waiting_putters == 0 && left.waiting_joiners == 0);
        require(left.depth == left.puts_total - left.gets_total || left.is_shut_down);
    }
    return 0;
}
