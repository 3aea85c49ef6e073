#include "net/kept_counts.hpp"

#include "wire/python_dialect.hpp"

#include <exception>
#include <utility>

namespace quaymaster::net {

kept_counts::kept_counts(std::function<std::shared_ptr<client_connection>()> open, std::chrono::milliseconds patience)
    : open_{std::move(open)}, patience_{patience}
{
}

void kept_counts::adopt(std::string_view ident) noexcept
{
    try {
        const std::lock_guard lock{mutex_};
        prepare();
        if (!stream_->is_usable())
            return;
        // Before it is asked: if the answer does not come, the server may have done it all the same, and then gives the count up.
        const auto counted = counts_.try_emplace(std::string{ident}).first;
        ++counted->second;
        if (!ask("adopt", ident) && --counted->second == 0)
            counts_.erase(counted);
    } catch (const std::exception&) {
        // The count is one like any other then: given back at the end of its proxy, and lost with a client that is killed.
    }
}

bool kept_counts::release(std::string_view ident) noexcept
{
    try {
        const std::lock_guard lock{mutex_};
        const std::string name{ident};
        if (take_one(given_up_, name))
            return true;
        if (!take_one(counts_, name))
            return false;
        if (stream_->is_usable())
            (void)ask("decref", ident);
    } catch (const std::exception&) {
        // It ends with the stream.
    }
    return true;
}

bool kept_counts::take_one(count_map& counts, const std::string& ident)
{
    const auto found = counts.find(ident);
    if (found == counts.end())
        return false;
    if (--found->second == 0)
        counts.erase(found);
    return true;
}

/// Opens a stream where there is none, or where the server has closed it and so given up all counts: to give these back as well
/// would take those of others. In the child of a fork(), too, whose parent goes on with the old one.
void kept_counts::prepare()
{
    if (stream_ != nullptr && (stream_->is_usable() || stream_->is_in_progress()))
        return;
    auto opened = open_();
    for (const auto& [ident, count] : counts_)
        given_up_[ident] += count;
    counts_.clear();
    stream_ = std::move(opened);
}

/// True if the server has done it.
bool kept_counts::ask(std::string_view function, std::string_view ident)
{
    const wire::reply reply = stream_->transact({std::nullopt, function, ident, {}, {}}, {}, {patience_, nullptr});
    return std::holds_alternative<wire::returned_reply>(reply);
}

}  // namespace quaymaster::net
