#include "net/reached_addresses.hpp"

#include <algorithm>

namespace quaymaster::net {

void reached_addresses::note(const value& own_end, const value& address)
{
    const std::lock_guard lock{mutex_};
    const std::string end = own_end.repr();
    if (known_.size() >= ends_max && !known_.contains(end))
        return;
    std::vector<value>& names = known_[end];
    std::erase(names, address);
    if (names.size() == names_per_end_max)
        names.erase(names.begin());
    names.push_back(address);
}

std::optional<value> reached_addresses::better_than(const value& address, const value& own_end)
{
    if (address == own_end)
        return std::nullopt;
    const std::lock_guard lock{mutex_};
    const auto known = known_.find(own_end.repr());
    if (known == known_.end())
        return own_end;
    const std::vector<value>& names = known->second;
    if (std::find(names.begin(), names.end(), address) != names.end())
        return std::nullopt;
    return names.back();
}

}  // namespace quaymaster::net
