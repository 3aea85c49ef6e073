#include "session/native_objects.hpp"

#include <utility>

namespace quaymaster::session {

std::uint32_t open_objects::add(open_object opened)
{
    auto handle = static_cast<std::uint32_t>(open_.size());
    if (closed_.empty()) {
        open_.push_back(std::move(opened));
    } else {
        handle = closed_.back();
        closed_.pop_back();
        open_[handle] = std::move(opened);
    }
    return last_ = handle;
}

bool open_objects::close(std::uint32_t handle)
{
    open_object* const known = find(handle);
    if (known == nullptr)
        return false;
    closed_.push_back(handle_of(*known));
    *known = {};
    return true;
}

void open_objects::clear() noexcept
{
    open_.clear();
    closed_.clear();
}

open_object* open_objects::find(std::uint32_t handle) noexcept
{
    handle = own(handle);
    return handle < open_.size() && open_[handle].object != nullptr ? &open_[handle] : nullptr;
}

void open_objects::count_taken(std::uint32_t handle, const core::referent& object, std::size_t count) noexcept
{
    open_object* const from = find(handle);
    if (from != nullptr && from->object.get() == &object)
        from->taken += count;
}

}  // namespace quaymaster::session
