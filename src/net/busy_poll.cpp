#include "net/busy_poll.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

namespace quaymaster::net {

namespace {

std::atomic<unsigned> waiting_threads{0};

unsigned processors() noexcept
{
    static const unsigned count = static_cast<unsigned>(std::max(::sysconf(_SC_NPROCESSORS_ONLN), 1L));
    return count;
}

}  // namespace

waiting_thread::waiting_thread() noexcept
{
    waiting_threads.fetch_add(1, std::memory_order_relaxed);
}

waiting_thread::~waiting_thread()
{
    waiting_threads.fetch_sub(1, std::memory_order_relaxed);
}

bool waiting_thread::has_room() const noexcept
{
    return waiting_threads.load(std::memory_order_relaxed) < processors();
}

bool yield_processor() noexcept
{
    // With nobody waiting it is a system call and no more; to run another thread takes two changes of context, and its time.
    constexpr std::chrono::microseconds alone_max{3};
    const auto begin = std::chrono::steady_clock::now();
    ::sched_yield();
    return std::chrono::steady_clock::now() - begin > alone_max;
}

}  // namespace quaymaster::net
