// native_objects: what one connection of the native dialect has open.
#pragma once

#include "core/queue.hpp"
#include "core/referent.hpp"
#include "wire/native_dialect.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace quaymaster::session {

struct open_object {
    std::shared_ptr<core::referent> object;  // null once closed
    core::shared_queue* queue = nullptr;     // null if it is none
    std::string ident;
    std::uint64_t taken = 0;  // items that this connection was handed out, those given back not counted
};

/// Objects by handle. wire::native::last_opened is a handle of what the last open has opened, wherever one is expected.
/// Thread safety: none.
class open_objects {
public:
    /// An open begins: until add(), it has opened nothing.
    void begin_open() noexcept { last_ = wire::native::last_opened; }
    /// True if there are fewer than `handles_max`.
    [[nodiscard]] bool has_room(std::size_t handles_max) const noexcept
    {
        return !closed_.empty() || open_.size() < handles_max;
    }
    /// Returns its handle.
    std::uint32_t add(open_object opened);
    /// False if there is no such handle.
    [[nodiscard]] bool close(std::uint32_t handle);
    void clear() noexcept;

    /// Null if there is no such handle. Borrowed until the next add().
    [[nodiscard]] open_object* find(std::uint32_t handle) noexcept;
    /// Precondition: `known` is what find() gave.
    [[nodiscard]] std::uint32_t handle_of(const open_object& known) const noexcept
    {
        return static_cast<std::uint32_t>(&known - open_.data());
    }
    /// The peer was handed out `count` items of `object`, which had this handle when it asked; it may give them back.
    void count_taken(std::uint32_t handle, const core::referent& object, std::size_t count) noexcept;

private:
    [[nodiscard]] std::uint32_t own(std::uint32_t handle) const noexcept
    {
        return handle == wire::native::last_opened ? last_ : handle;
    }

    std::vector<open_object> open_;                   // by handle
    std::vector<std::uint32_t> closed_;               // handles to give again
    std::uint32_t last_ = wire::native::last_opened;  // a handle; itself if there is none
};

}  // namespace quaymaster::session
