// async_tags: what the requests of an asynchronous client are made with, so that their replies find who asked.
#pragma once

#include "net/async_core.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>

namespace quaymaster::net {

/// An operation, or an object, which is told by the lowest bit of its address.
[[nodiscard]] inline void* tag_of(async_operation& asked) noexcept
{
    return &asked;
}
[[nodiscard]] inline void* tag_of(async_object& asked) noexcept
{
    static_assert(alignof(async_object) > 1 && alignof(async_operation) > 1);
    return reinterpret_cast<std::byte*>(&asked) + 1;
}
[[nodiscard]] inline bool is_object(const void* tag) noexcept
{
    return (reinterpret_cast<std::uintptr_t>(tag) & 1U) != 0;
}
/// Precondition: is_object().
[[nodiscard]] inline async_object& object_of(void* tag) noexcept
{
    return *reinterpret_cast<async_object*>(static_cast<std::byte*>(tag) - 1);
}
/// Precondition: not is_object().
[[nodiscard]] inline async_operation& operation_of(void* tag) noexcept
{
    return *static_cast<async_operation*>(tag);
}

/// What a cancelled operation comes to.
[[nodiscard]] inline std::exception_ptr aborted()
{
    return std::make_exception_ptr(boost::system::system_error{boost::asio::error::operation_aborted});
}

}  // namespace quaymaster::net
