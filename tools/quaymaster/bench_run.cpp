#include "bench_run.hpp"

#include <random>

namespace quaymaster::tool {

namespace {

std::uint32_t random_tag()
{
    std::random_device random;
    return random();
}

}  // namespace

bench_run::bench_run(const workload_options& options, std::size_t streams)
    : options_{options}, audit_{streams, options.sizes, random_tag()}
{
}

void bench_run::begin() noexcept
{
    begin_ = clock::now();
    warm_ = begin_ + options_.duration / 10;
    end_ = begin_ + options_.duration;
}

void bench_run::fail() noexcept
{
    const std::lock_guard lock{failure_mutex_};
    if (!failure_)
        failure_ = std::current_exception();
    is_stopped_ = true;
    is_abandoned_ = true;
}

void bench_run::throw_failure() const
{
    const std::lock_guard lock{failure_mutex_};
    if (failure_)
        std::rethrow_exception(failure_);
}

}  // namespace quaymaster::tool
