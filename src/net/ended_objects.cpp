#include "net/ended_objects.hpp"

#include "net/client_connection.hpp"

namespace quaymaster::net {

namespace {

constexpr std::size_t latest_max = 1024;

}  // namespace

void ended_objects::add(std::string_view ident)
{
    const std::lock_guard lock{mutex_};
    latest_.emplace_back(ident);
    if (latest_.size() > latest_max)
        latest_.pop_front();
    count_.fetch_add(1, std::memory_order_release);
}

void ended_objects::tell(client_connection& stream)
{
    const std::uint64_t known = stream.ended_known();
    if (known == count_.load(std::memory_order_acquire))
        return;
    const std::lock_guard lock{mutex_};
    const std::uint64_t count = count_.load(std::memory_order_relaxed);
    const std::uint64_t news = count - known;
    if (news > latest_.size()) {
        stream.close_all();
    } else {
        for (auto each = latest_.end() - static_cast<std::ptrdiff_t>(news); each != latest_.end(); ++each)
            stream.close(*each);
    }
    stream.set_ended_known(count);
}

}  // namespace quaymaster::net
