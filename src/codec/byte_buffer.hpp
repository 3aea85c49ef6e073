// byte_buffer: where encoders write. Grows without zeroing what is about to be overwritten.
#pragma once

#include "codec/large_block.hpp"

#include <quaymaster/bytes.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

namespace quaymaster::codec {

/// A growable run of octets whose new space is uninitialised.
/// std::vector zeroes what it grows by; for a 1 MiB item that is a pass over memory for nothing.
/// Thread safety: as a std::vector.
class byte_buffer {
public:
    byte_buffer() = default;
    byte_buffer(byte_buffer&& other) noexcept
        : data_{std::exchange(other.data_, nullptr)}, size_{std::exchange(other.size_, 0)}, capacity_{std::exchange(other.capacity_, 0)}
    {
    }
    byte_buffer& operator=(byte_buffer&& other) noexcept
    {
        free_memory();
        data_ = std::exchange(other.data_, nullptr);
        size_ = std::exchange(other.size_, 0);
        capacity_ = std::exchange(other.capacity_, 0);
        return *this;
    }
    ~byte_buffer() { free_memory(); }

    [[nodiscard]] std::byte* data() noexcept { return data_; }
    [[nodiscard]] const std::byte* data() const noexcept { return data_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] bytes_view view() const noexcept { return {data_, size_}; }

    void clear() noexcept { size_ = 0; }
    /// Gives the memory back; an idle connection keeps none.
    void release() noexcept { *this = byte_buffer{}; }
    void reserve(std::size_t capacity)
    {
        if (capacity > capacity_)
            grow_to(capacity);
    }
    /// Sets the size; octets beyond the old size are uninitialised.
    void resize(std::size_t size)
    {
        reserve(size);
        size_ = size;
    }
    /// Makes room for `count` more octets and returns where they go; they count as written.
    std::byte* extend(std::size_t count)
    {
        if (capacity_ - size_ < count)
            grow_to(std::max(size_ + count + tail_size, capacity_ * 2));
        std::byte* at = data_ + size_;
        size_ += count;
        return at;
    }
    void append(bytes_view octets)
    {
        if (!octets.empty())
            std::memcpy(extend(octets.size()), octets.data(), octets.size());
    }
    void append(std::string_view text) { append(as_bytes(text)); }
    void push(std::uint8_t octet) { *extend(1) = std::byte{octet}; }
    /// Drops the first `count` octets.
    void consume(std::size_t count) noexcept
    {
        if (count == 0)
            return;  // of nothing, perhaps: memmove() wants memory even for that
        std::memmove(data_, data_ + count, size_ - count);
        size_ -= count;
    }

private:
    /// Room for the few opcodes that close the containers around one large object: to grow for these would copy it again.
    static constexpr std::size_t tail_size = 64;

    void grow_to(std::size_t capacity)
    {
        auto* const grown = static_cast<std::byte*>(allocate_block(capacity));
        if (size_ != 0)
            std::memcpy(grown, data_, size_);
        free_memory();
        data_ = grown;
        capacity_ = capacity;
    }
    void free_memory() noexcept
    {
        if (data_ != nullptr)
            free_block(data_, capacity_);
    }

    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace quaymaster::codec
