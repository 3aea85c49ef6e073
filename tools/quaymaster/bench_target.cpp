#include "bench_target.hpp"

#include <stdexcept>
#include <utility>

namespace quaymaster::tool {

namespace {

constexpr std::chrono::milliseconds fallback_timeout{30'000};

}  // namespace

void bench_connection::start_put(std::size_t queue, const bytes& item)
{
    if (!put(queue, item, fallback_timeout))
        throw std::runtime_error{"the queue stayed full for 30 s"};
}

void bench_connection::start_get(std::size_t queue)
{
    bytes item;
    const bool is_there = get_present(queue, item, fallback_timeout);
    got_.push_back(is_there ? std::optional{std::move(item)} : std::nullopt);
}

bool bench_connection::finish_get(bytes& item)
{
    std::optional<bytes> got = std::move(got_.front());
    got_.pop_front();
    if (!got)
        return false;
    item = std::move(*got);
    return true;
}

void bench_connection::put_batch(std::span<const bytes> items)
{
    for (const bytes& item : items)
        start_put(0, item);
    for (std::size_t count = items.size(); count > 0; --count)
        finish_put();
}

void bench_connection::get_batch(std::size_t count_max, std::vector<bytes>& items)
{
    items.resize(count_max);
    for (std::size_t count = 0; count < count_max; ++count)
        start_get(0);
    std::size_t found = 0;
    for (std::size_t count = 0; count < count_max; ++count)
        if (finish_get(items[found]))
            ++found;
    items.resize(found);
}

}  // namespace quaymaster::tool
