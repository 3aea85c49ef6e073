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
        if (stream_->is_usable() && ask("adopt", ident))
            ++counts_[std::string{ident}];
    } catch (const std::exception&) {
        // The count is one like any other then: given back at the end of its proxy, and lost with a client that is killed.
    }
}

bool kept_counts::release(std::string_view ident) noexcept
{
    try {
        const std::lock_guard lock{mutex_};
        const auto found = counts_.find(std::string{ident});
        if (found == counts_.end())
            return false;
        if (--found->second == 0)
            counts_.erase(found);
        if (stream_->is_usable())
            (void)ask("decref", ident);
    } catch (const std::exception&) {
        // It ends with the stream.
    }
    return true;
}

/// Opens a stream where there is none, or where the server has closed it and so given up all counts; in the child of a fork(),
/// too, whose parent goes on with the old one.
void kept_counts::prepare()
{
    if (stream_ != nullptr && (stream_->is_usable() || stream_->is_in_progress()))
        return;
    counts_.clear();
    stream_ = open_();
}

/// True if the server has done it.
bool kept_counts::ask(std::string_view function, std::string_view ident)
{
    const wire::reply reply = stream_->transact({std::nullopt, function, ident, {}, {}}, {}, {patience_, nullptr});
    return std::holds_alternative<wire::returned_reply>(reply);
}

}  // namespace quaymaster::net
