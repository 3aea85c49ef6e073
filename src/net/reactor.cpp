#include "net/reactor.hpp"

#include <boost/system/system_error.hpp>

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

namespace quaymaster::net {
namespace {

[[noreturn]] void fail(const char* what)
{
    throw boost::system::system_error{errno, boost::system::system_category(), what};
}

}  // namespace

reactor::reactor() : epoll_{::epoll_create1(EPOLL_CLOEXEC)}, wake_up_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}
{
    if (!epoll_.is_open())
        fail("epoll_create1");
    if (!wake_up_.is_open())
        fail("eventfd");
    control(EPOLL_CTL_ADD, wake_up_.number(), nullptr, EPOLLIN | EPOLLET);
}

void reactor::control(int operation, int descriptor, watched* told, std::uint32_t events)
{
    epoll_event wanted{};
    wanted.events = events;
    wanted.data.ptr = told;
    if (::epoll_ctl(epoll_.number(), operation, descriptor, &wanted) != 0)
        fail("epoll_ctl");
}

void reactor::add(int descriptor, watched& told, std::uint32_t events)
{
    control(EPOLL_CTL_ADD, descriptor, &told, events);
}

void reactor::modify(int descriptor, watched& told, std::uint32_t events)
{
    control(EPOLL_CTL_MOD, descriptor, &told, events);
}

void reactor::remove(int descriptor, watched& told) noexcept
{
    ::epoll_ctl(epoll_.number(), EPOLL_CTL_DEL, descriptor, nullptr);
    if (lone_ == &told)
        lone_ = nullptr;
    if (is_waiting_) {
        is_stale_ = true;
        return;
    }
    for (int i = ready_next_; i < ready_end_; ++i)
        if (ready_[static_cast<std::size_t>(i)].data.ptr == &told)
            ready_[static_cast<std::size_t>(i)].data.ptr = nullptr;
}

/// Notes what epoll_wait() has found. True if that is anything.
bool reactor::note(int count, int failure)
{
    if (count < 0 && failure != EINTR)
        throw boost::system::system_error{failure, boost::system::system_category(), "epoll_wait"};
    ready_next_ = 0;
    ready_end_ = std::max(count, 0);
    note_lone();
    return ready_end_ != 0;
}

void reactor::note_lone() noexcept
{
    guesses_left_ = guesses_max;
    if (ready_end_ == 0)
        return;
    const epoll_event& first = ready_.front();
    auto* const lone = ready_end_ == 1 && first.events == EPOLLIN ? static_cast<watched*>(first.data.ptr) : nullptr;
    is_regular_ = std::exchange(lone_, lone) == lone;
}

/// Whoever asks and is answered asks next, most likely.
bool reactor::may_guess() const noexcept
{
    return lone_ != nullptr && is_regular_ && guesses_left_ > 0;
}

bool reactor::guess() noexcept
{
    const bool has_come_true = lone_->on_guess();
    guesses_left_ = has_come_true ? guesses_left_ - 1 : 0;
    return has_come_true;
}

bool reactor::look()
{
    if (ready_next_ != ready_end_)
        return true;  // what an exception has left over comes first
    if (may_guess())
        return guess();
    const int count = ::epoll_wait(epoll_.number(), ready_.data(), events_per_turn, 0);
    return note(count, errno);
}

bool reactor::wait(std::optional<std::chrono::milliseconds> patience, std::unique_lock<std::mutex>& turn)
{
    if (ready_next_ != ready_end_)
        return true;
    const auto limit = std::chrono::milliseconds{std::numeric_limits<int>::max()};
    const int timeout = patience ? static_cast<int>(std::min(*patience, limit).count()) : -1;
    is_waiting_ = true;
    turn.unlock();
    const int count = ::epoll_wait(epoll_.number(), ready_.data(), events_per_turn, timeout);
    const int failure = errno;
    turn.lock();
    is_waiting_ = false;
    // Level-triggered: what is dropped here, and still there, is found again.
    return std::exchange(is_stale_, false) ? look() : note(count, failure);
}

void reactor::tell_ready()
{
    while (ready_next_ < ready_end_) {
        const epoll_event event = ready_[static_cast<std::size_t>(ready_next_++)];
        if (event.data.ptr != nullptr)
            static_cast<watched*>(event.data.ptr)->on_ready(event.events);
    }
}

void reactor::wake() noexcept
{
    if (!is_sleeping_.exchange(false, std::memory_order_seq_cst))
        return;
    const std::uint64_t one = 1;
    (void)!::write(wake_up_.number(), &one, sizeof one);  // it cannot fail before 2^64 wake-ups
}

}  // namespace quaymaster::net
