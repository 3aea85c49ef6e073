#include "net/option_checks.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>

namespace quaymaster::net {

namespace {

using std::chrono::milliseconds;

constexpr std::chrono::hours for_ever{24 * 365 * 10};

[[noreturn]] void refuse(const char* name, const std::string& is, const std::string& least)
{
    throw std::invalid_argument{std::string{name} + " is " + is + "; it must be at least " + least};
}

template <class Number>
void require_at_least(const char* name, Number number, Number least)
{
    if (number < least)
        refuse(name, std::to_string(number), std::to_string(least));
}

template <class Span>
void bound_span(const char* name, Span& span, Span least)
{
    if (span < least)
        refuse(name, std::to_string(span.count()), std::to_string(least.count()));
    span = std::min(span, std::chrono::duration_cast<Span>(for_ever));
}

void check(const pickle_limits& limits)
{
    require_at_least<std::size_t>("pickle_limits::depth_max", limits.depth_max, 1);
    require_at_least<std::size_t>("pickle_limits::stack_size_max", limits.stack_size_max, 1);
    require_at_least<std::size_t>("pickle_limits::memo_size_max", limits.memo_size_max, 1);
    require_at_least<std::size_t>("pickle_limits::node_count_max", limits.node_count_max, 1);
    require_at_least<std::size_t>("pickle_limits::integer_size_max", limits.integer_size_max, 1);
}

}  // namespace

server_options checked(server_options given)
{
    require_at_least<std::size_t>("server_options::payload_size_max", given.payload_size_max, 1);
    require_at_least<std::size_t>("server_options::connections_max", given.connections_max, 1);
    require_at_least<std::size_t>("server_options::unauthenticated_max", given.unauthenticated_max, 1);
    require_at_least<std::size_t>("server_options::outbox_size_max", given.outbox_size_max, 1);
    require_at_least<std::size_t>("server_options::objects_max", given.objects_max, 1);
    require_at_least<std::size_t>("server_options::named_queues_max", given.named_queues_max, 1);
    require_at_least<std::size_t>("server_options::queue_name_size_max", given.queue_name_size_max, 1);
    require_at_least<std::size_t>("server_options::workers_max", given.workers_max, 1);
    require_at_least("server_options::backlog", given.backlog, 1);
    bound_span("server_options::handshake_timeout", given.handshake_timeout, milliseconds{1});
    bound_span("server_options::reply_timeout", given.reply_timeout, milliseconds{1});
    bound_span("server_options::stop_grace", given.stop_grace, milliseconds{0});
    bound_span("server_options::handover_grace", given.handover_grace, milliseconds{0});
    bound_span("server_options::busy_poll", given.busy_poll, std::chrono::microseconds{0});
    check(given.pickle);
    return given;
}

client_options checked(client_options given)
{
    bound_span("client_options::connect_deadline", given.connect_deadline, milliseconds{0});
    bound_span("client_options::reconnect_deadline", given.reconnect_deadline, milliseconds{0});
    bound_span("client_options::handshake_deadline", given.handshake_deadline, milliseconds{1});
    bound_span("client_options::call_deadline", given.call_deadline, milliseconds{1});
    bound_span("client_options::wait_slice", given.wait_slice, milliseconds{1});
    bound_span("client_options::release_deadline", given.release_deadline, milliseconds{0});
    bound_span("client_options::keepalive_idle", given.keepalive_idle, std::chrono::seconds{0});
    bound_span("client_options::busy_poll", given.busy_poll, std::chrono::microseconds{0});
    require_at_least<std::size_t>("client_options::reply_size_max", given.reply_size_max, 1);
    check(given.pickle);
    return given;
}

}  // namespace quaymaster::net
