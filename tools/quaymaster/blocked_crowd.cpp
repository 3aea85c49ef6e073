#include "blocked_crowd.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace quaymaster::tool {

namespace {

constexpr std::size_t other_descriptors = 64;
constexpr std::size_t buffer_size = std::size_t{1} << 16;
constexpr std::chrono::seconds answer_limit{10};
constexpr int look_interval_ms = 100;
constexpr int idle_looks_max = 300;

[[noreturn]] void fail(const char* what)
{
    throw std::system_error{errno, std::generic_category(), what};
}

int make_poller()
{
    const int poller = ::epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0)
        fail("epoll_create1");
    return poller;
}

}  // namespace

blocked_crowd::blocked_crowd(bench_target& target, std::size_t count) : target_{target}, poller_{make_poller()}
{
    if (!target.make_blocked_getter())
        throw std::runtime_error{"thousands of blocked gets are not written for " + target.name()};
    allow_descriptors(count + other_descriptors);
    members_.reserve(count);
}

void blocked_crowd::add_one()
{
    // One at a time, each up to its last request: no server's backlog, nor its limit of peers that have not proved a key, overflows.
    member next{target_.make_blocked_getter(), stream_socket{target_.connect_socket()}};
    next.socket.forget_on_close();
    next.socket.limit_waits(answer_limit);
    std::vector<char> buffer(buffer_size);
    flush(next);
    while (!next.getter->is_waiting()) {
        const std::size_t came = next.socket.receive(buffer.data(), buffer.size());
        next.getter->receive({buffer.data(), came});
        flush(next);
    }
    next.socket.make_non_blocking();
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = members_.size();
    if (::epoll_ctl(poller_.descriptor(), EPOLL_CTL_ADD, next.socket.descriptor(), &event) < 0)
        fail("epoll_ctl");
    members_.push_back(std::move(next));
}

void blocked_crowd::flush(member& each)
{
    // A few dozen octets each time, on a connection that is otherwise silent: they always find room.
    if (const std::string output = each.getter->take_output(); !output.empty())
        each.socket.send(output);
}

/// False if nothing is there.
bool blocked_crowd::receive(member& each, std::vector<char>& buffer)
{
    const ssize_t came = ::recv(each.socket.descriptor(), buffer.data(), buffer.size(), 0);
    if (came == 0)
        throw std::runtime_error{"the server closed a connection that waited for an item"};
    if (came < 0) {
        if (errno == EAGAIN)
            return false;
        fail("recv");
    }
    each.getter->receive({buffer.data(), static_cast<std::size_t>(came)});
    flush(each);
    return true;
}

void blocked_crowd::collect(const std::function<void(bytes_view item, clock::time_point came)>& on_item,
                            const std::function<bool()>& is_cancelled)
{
    std::vector<char> buffer(buffer_size);
    std::array<epoll_event, 256> events;
    std::size_t missing = members_.size();
    for (int idle_looks = 0; missing > 0 && !is_cancelled();) {
        const int ready = ::epoll_wait(poller_.descriptor(), events.data(), static_cast<int>(events.size()), look_interval_ms);
        if (ready < 0 && errno != EINTR)
            fail("epoll_wait");
        idle_looks = ready > 0 ? 0 : idle_looks + 1;
        if (idle_looks > idle_looks_max)
            throw std::runtime_error{std::to_string(missing) + " blocked gets got nothing for 30 s"};
        for (int index = 0; index < ready; ++index) {
            member& each = members_[events[static_cast<std::size_t>(index)].data.u64];
            if (!receive(each, buffer))
                continue;
            if (const std::optional<bytes> item = each.getter->take_item()) {
                on_item(*item, clock::now());
                --missing;
            }
        }
    }
}

}  // namespace quaymaster::tool
