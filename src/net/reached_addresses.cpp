#include "net/reached_addresses.hpp"

#include <algorithm>

namespace quaymaster::net {

namespace {

constexpr std::size_t text_size_max = 1024;

bool is_short_text(const value& known)
{
    return (known.kind() == value_kind::str || known.kind() == value_kind::byte_string) && known.text().size() <= text_size_max;
}

/// `address` by itself, without the pickle that it came in; nullopt for what is neither (host, port) nor a path.
std::optional<value> plain(const value& address)
{
    if (is_short_text(address))
        return value{address.text()};
    if (address.kind() != value_kind::tuple || address.size() != 2)
        return std::nullopt;
    const value host = address[0];
    const auto port = address[1].to_int64();
    if (!is_short_text(host) || !port)
        return std::nullopt;
    return value::tuple({value{host.text()}, value{*port}});
}

}  // namespace

void reached_addresses::note(const value& own_end, const value& noted)
{
    const auto found = plain(noted);
    if (!found)
        return;
    const value& address = *found;
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

std::optional<value> reached_addresses::better_than(const value& said, const value& own_end)
{
    const value address = plain(said).value_or(value{});
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
