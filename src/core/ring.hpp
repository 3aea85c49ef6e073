// ring: a double-ended queue whose steady use allocates nothing.
#pragma once

#include <cassert>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace quaymaster::core {

/// A sequence that grows and shrinks at both ends, in one block that is used round and round. std::deque allocates and frees
/// a block for every 512 octets that pass through it; this one only when the length changes by much.
/// Memory: a power of two of slots, 8 at least, doubled when they are full; halved when no more than one in eight is in use,
/// down to kept_slots, which stay until clear(). An insertion or removal costs constant time, averaged over many.
/// Thread safety: none of its own.
template <class T>
class ring {
    static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>);
    static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

public:
    static constexpr std::size_t kept_slots = 1'024;

    ring() noexcept = default;
    ring(const ring&) = delete;
    ring& operator=(const ring&) = delete;
    ~ring() { clear(); }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    /// Elements for which there is memory.
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

    /// Precondition, here and below: not empty.
    [[nodiscard]] T& front() noexcept
    {
        assert(!empty());
        return *slot(0);
    }
    [[nodiscard]] const T& front() const noexcept
    {
        assert(!empty());
        return *slot(0);
    }
    [[nodiscard]] T& back() noexcept
    {
        assert(!empty());
        return *slot(size_ - 1);
    }
    [[nodiscard]] const T& back() const noexcept
    {
        assert(!empty());
        return *slot(size_ - 1);
    }

    /// Makes the next insertions, up to a size of `size`, need no memory; a removal in between may undo that. std::bad_alloc
    /// leaves everything as it was.
    void reserve(std::size_t size)
    {
        if (size <= capacity_)
            return;
        std::size_t slots = capacity_ == 0 ? slots_min : capacity_;
        while (slots < size) {
            if (slots > slots_max / 2)
                throw std::bad_alloc{};
            slots *= 2;
        }
        move_to(static_cast<T*>(::operator new(slots * sizeof(T))), slots);
    }
    /// std::bad_alloc leaves everything as it was, `added` too.
    void push_back(T&& added)
    {
        reserve(size_ + 1);
        std::construct_at(slot(size_), std::move(added));
        ++size_;
    }
    /// As push_back().
    void push_front(T&& added)
    {
        reserve(size_ + 1);
        const std::size_t before = (first_ - 1) & (capacity_ - 1);
        std::construct_at(slots_ + before, std::move(added));
        first_ = before;
        ++size_;
    }
    T pop_front() noexcept
    {
        T taken = std::move(front());
        std::destroy_at(slot(0));
        first_ = (first_ + 1) & (capacity_ - 1);
        --size_;
        shrink();
        return taken;
    }
    T pop_back() noexcept
    {
        T taken = std::move(back());
        std::destroy_at(slot(size_ - 1));
        --size_;
        shrink();
        return taken;
    }
    /// Gives all memory back, too.
    void clear() noexcept
    {
        for (std::size_t i = 0; i < size_; ++i)
            std::destroy_at(slot(i));
        size_ = 0;
        release();
        slots_ = nullptr;
        capacity_ = 0;
        first_ = 0;
    }

private:
    static constexpr std::size_t slots_min = 8;
    static constexpr std::size_t slots_max = static_cast<std::size_t>(-1) / sizeof(T);

    [[nodiscard]] T* slot(std::size_t index) const noexcept { return slots_ + ((first_ + index) & (capacity_ - 1)); }

    void shrink() noexcept
    {
        if (capacity_ <= kept_slots || size_ > capacity_ / 8)
            return;
        // If there is no memory for fewer, the many stay.
        const std::size_t slots = capacity_ / 2;
        if (auto* const smaller = static_cast<T*>(::operator new(slots * sizeof(T), std::nothrow)))
            move_to(smaller, slots);
    }
    void move_to(T* slots, std::size_t count) noexcept
    {
        for (std::size_t i = 0; i < size_; ++i) {
            std::construct_at(slots + i, std::move(*slot(i)));
            std::destroy_at(slot(i));
        }
        release();
        slots_ = slots;
        capacity_ = count;
        first_ = 0;
    }
    void release() noexcept { ::operator delete(slots_); }

    T* slots_ = nullptr;
    std::size_t capacity_ = 0;  // a power of two, or 0
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

}  // namespace quaymaster::core
