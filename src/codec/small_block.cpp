#include "codec/small_block.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <new>
#include <utility>

namespace quaymaster::codec {
namespace {

constexpr std::size_t place_unit = 8;  // what places count in
/// What is free has to hold two pointers at times.
constexpr std::size_t block_size_min = 2 * sizeof(void*);
constexpr std::size_t first_chunk_size = std::size_t{4} << 10;
/// Chunks of this size come from the system and go back to it one by one. (Of what malloc has been given back it returns only what
/// happens to lie at the end of its heap.)
constexpr std::size_t chunk_size_max = std::size_t{256} << 10;
static_assert(chunk_size_max / place_unit <= UINT16_MAX);

/// Null if the system has none, or too many mappings: then there is malloc yet.
void* map_chunk() noexcept
{
    // Populated: all of it is about to be used, and a page fault for each page costs more than to have them all at once.
    void* const memory = ::mmap(nullptr, chunk_size_max, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return memory == MAP_FAILED ? nullptr : memory;
}

void unmap_chunk(void* memory) noexcept
{
    // It may have to cut a mapping in two, of which there can be too many: then at least the pages go.
    if (::munmap(memory, chunk_size_max) != 0)
        static_cast<void>(::madvise(memory, chunk_size_max, MADV_DONTNEED));
}

/// Sizes are rounded up to a multiple of 8 up to 256 octets, of 32 up to 512 and of 64 beyond: above 64 at most an eighth is wasted.
constexpr std::size_t classes = 32 + 8 + 8;

constexpr std::size_t class_of(std::size_t size) noexcept
{
    if (size <= 256)
        return (std::max(size, block_size_min) - 1) / 8;
    return size <= 512 ? 32 + (size - 257) / 32 : 40 + (size - 513) / 64;
}

constexpr std::size_t size_of_class(std::size_t index) noexcept
{
    if (index < 32)
        return (index + 1) * 8;
    return index < 40 ? 256 + (index - 31) * 32 : 512 + (index - 39) * 64;
}
static_assert(size_of_class(class_of(1)) == block_size_min && class_of(256) == 31 && class_of(257) == 32 &&
              class_of(512) == 39 && class_of(513) == 40);
static_assert(class_of(small_block_size_max) == classes - 1 && size_of_class(classes - 1) == small_block_size_max);
static_assert(size_of_class(31) == 256 && size_of_class(32) == 288 && size_of_class(39) == 512 && size_of_class(40) == 576);

class chunk_store;
struct chunk;

/// A chunk's memory, chunk_size_max of it, while it is none.
struct spare_chunk {
    spare_chunk* next;
};
constexpr std::uint32_t spare_chunks_kept = spare_chunks_size / chunk_size_max;

/// What a free block holds.
struct free_block {
    free_block* next;
};
/// What one holds that a thread has freed which was not let in.
struct returned_block {
    returned_block* next;
    chunk* home;
};
static_assert(sizeof(returned_block) <= block_size_min);

/// Stands before its blocks. Guarded by its owner's entry, but for `owner`.
struct chunk {
    chunk* next = nullptr;  // of those with room, in a ring
    chunk* previous = nullptr;
    chunk_store* const owner;
    free_block* freed = nullptr;
    std::uint32_t fresh;  // where the blocks begin that were never given out
    const std::uint32_t end;
    std::uint32_t used = 0;  // blocks given out
    const std::uint32_t memory_size;
    const std::uint32_t class_index;
    const std::uint32_t block_size;

    chunk(chunk_store* whose, std::size_t size, std::size_t index) noexcept;
    [[nodiscard]] std::byte* front() noexcept { return reinterpret_cast<std::byte*>(this); }
    [[nodiscard]] bool has_room() const noexcept { return freed != nullptr || fresh != end; }
};
static_assert(sizeof(chunk) % place_unit == 0);

chunk::chunk(chunk_store* whose, std::size_t size, std::size_t index) noexcept
    : owner{whose},
      fresh{sizeof(chunk)},
      end{static_cast<std::uint32_t>(sizeof(chunk) + (size - sizeof(chunk)) / size_of_class(index) * size_of_class(index))},
      memory_size{static_cast<std::uint32_t>(size)},
      class_index{static_cast<std::uint32_t>(index)},
      block_size{static_cast<std::uint32_t>(size_of_class(index))}
{
}

/// The chunks of one thread, or of one that has ended. One thread at a time is in it; who finds it occupied does without.
/// Lifetime: never ends, because blocks of it may be anywhere.
class chunk_store {
public:
    /// An entry, if nobody is in it.
    class visit {
    public:
        explicit visit(chunk_store& visited) noexcept
            : visited_{visited.is_occupied_.exchange(true, std::memory_order_acquire) ? nullptr : &visited}
        {
        }
        visit(const visit&) = delete;
        visit& operator=(const visit&) = delete;
        ~visit()
        {
            if (visited_ != nullptr)
                visited_->is_occupied_.store(false, std::memory_order_release);
        }
        [[nodiscard]] explicit operator bool() const noexcept { return visited_ != nullptr; }

    private:
        chunk_store* visited_;
    };

    // These within a visit.
    small_block take(std::size_t size, std::uint32_t spare_max);
    /// `spare_max`: how many spare chunks it may have then.
    void take_back(chunk& home, void* block, std::uint32_t spare_max) noexcept;
    /// All but `left` of them.
    void release_spare(std::uint32_t left) noexcept;
    void release_unneeded_spare() noexcept;
    /// Without one, for whoever visits next.
    void leave_to_others(chunk& home, void* block) noexcept;

    [[nodiscard]] bool has_many_spare() const noexcept
    {
        return spare_count_.load(std::memory_order_relaxed) > spare_chunks_kept;
    }
    /// False if it belongs to a thread that lives; if not, it is the caller's from now on.
    [[nodiscard]] bool take_over() noexcept { return !is_taken_.exchange(true, std::memory_order_acquire); }
    void let_go() noexcept { is_taken_.store(false, std::memory_order_release); }
    chunk_store* next = nullptr;  // of all there are; constant once it is among them

private:
    void take_back_returned(std::uint32_t spare_max) noexcept;
    [[nodiscard]] chunk* add_chunk(std::size_t index);
    void link_last(chunk& added) noexcept;
    void unlink(chunk& removed) noexcept;
    void put_in(chunk& home, void* block, std::uint32_t spare_max) noexcept;

    std::atomic<bool> is_occupied_{false};
    std::atomic<bool> is_taken_{true};
    std::atomic<returned_block*> returned_{nullptr};
    std::array<chunk*, classes> with_room_{};      // the first of each ring
    std::array<std::uint32_t, classes> chunks_{};  // how many there are
    std::array<bool, classes> has_empty_{};        // whether one of them has no block given out
    spare_chunk* spare_ = nullptr;
    std::atomic<std::uint32_t> spare_count_{0};  // written within a visit; an idle thread looks at it without
    std::uint32_t spare_least_ = 0;  // as few as there were since release_unneeded_spare()
};

small_block chunk_store::take(std::size_t size, std::uint32_t spare_max)
{
    take_back_returned(spare_max);
    const std::size_t index = class_of(size);
    chunk* const found = with_room_[index] != nullptr ? with_room_[index] : add_chunk(index);
    if (found == nullptr)
        return {};
    chunk& from = *found;
    std::byte* at = nullptr;
    if (from.freed != nullptr) {
        at = reinterpret_cast<std::byte*>(from.freed);
        from.freed = from.freed->next;
    } else {
        at = from.front() + from.fresh;
        from.fresh += from.block_size;
    }
    if (from.used++ == 0)
        has_empty_[index] = false;
    if (!from.has_room())
        unlink(from);
    return {at, static_cast<std::uint16_t>(static_cast<std::size_t>(at - from.front()) / place_unit)};
}

void chunk_store::take_back(chunk& home, void* block, std::uint32_t spare_max) noexcept
{
    put_in(home, block, spare_max);
    take_back_returned(spare_max);
}

void chunk_store::put_in(chunk& home, void* block, std::uint32_t spare_max) noexcept
{
    const std::size_t index = home.class_index;
    if (!home.has_room())
        link_last(home);
    home.freed = new (block) free_block{home.freed};
    if (--home.used != 0)
        return;
    // One stays: else a block that comes and goes could take a chunk along each time.
    if (!has_empty_[index]) {
        has_empty_[index] = true;
        return;
    }
    unlink(home);
    --chunks_[index];
    const std::size_t memory_size = home.memory_size;
    home.~chunk();
    if (memory_size != chunk_size_max)
        return ::operator delete(&home);
    if (spare_count_.load(std::memory_order_relaxed) >= spare_max)
        return unmap_chunk(&home);
    spare_ = new (&home) spare_chunk{spare_};
    spare_count_.store(spare_count_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void chunk_store::release_spare(std::uint32_t left) noexcept
{
    while (spare_count_.load(std::memory_order_relaxed) > left) {
        unmap_chunk(std::exchange(spare_, spare_->next));
        spare_count_.store(spare_count_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
    }
    spare_least_ = spare_count_;
}

void chunk_store::release_unneeded_spare() noexcept
{
    const std::uint32_t count = spare_count_;
    const std::uint32_t unneeded = std::min(spare_least_, count - std::min(count, spare_chunks_kept));
    release_spare(count - (unneeded + 1) / 2);
}

void chunk_store::leave_to_others(chunk& home, void* block) noexcept
{
    auto* const left = new (block) returned_block{returned_.load(std::memory_order_relaxed), &home};
    while (!returned_.compare_exchange_weak(left->next, left, std::memory_order_release, std::memory_order_relaxed)) {
    }
}

void chunk_store::take_back_returned(std::uint32_t spare_max) noexcept
{
    if (returned_.load(std::memory_order_relaxed) == nullptr) [[likely]]
        return;
    for (returned_block* each = returned_.exchange(nullptr, std::memory_order_acquire); each != nullptr;) {
        const returned_block found = *each;
        put_in(*found.home, each, spare_max);
        each = found.next;
    }
}

/// The first chunks of a size are small: many a thread has but a few items of it. Null: see map_chunk().
chunk* chunk_store::add_chunk(std::size_t index)
{
    const std::size_t size = std::min(first_chunk_size << std::min(chunks_[index], 8U), chunk_size_max);
    void* memory = nullptr;
    if (size == chunk_size_max && spare_ == nullptr) {
        memory = map_chunk();
    } else if (size == chunk_size_max) {
        memory = std::exchange(spare_, spare_->next);
        spare_count_.store(spare_count_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
        spare_least_ = std::min(spare_least_, spare_count_.load(std::memory_order_relaxed));
    } else {
        memory = ::operator new(size);
    }
    if (memory == nullptr)
        return nullptr;
    chunk& added = *new (memory) chunk{this, size, index};
    ++chunks_[index];
    has_empty_[index] = true;
    link_last(added);
    return &added;
}

void chunk_store::link_last(chunk& added) noexcept
{
    chunk*& first = with_room_[added.class_index];
    if (first == nullptr) {
        added.next = added.previous = first = &added;
        return;
    }
    added.next = first;
    added.previous = first->previous;
    added.previous->next = &added;
    first->previous = &added;
}

void chunk_store::unlink(chunk& removed) noexcept
{
    chunk*& first = with_room_[removed.class_index];
    if (removed.next == &removed) {
        first = nullptr;
        return;
    }
    removed.next->previous = removed.previous;
    removed.previous->next = removed.next;
    if (first == &removed)
        first = removed.next;
}

std::atomic<chunk_store*> all_stores{nullptr};

/// The store of a thread that has ended, or a new one.
chunk_store* acquire_store()
{
    for (chunk_store* each = all_stores.load(std::memory_order_acquire); each != nullptr; each = each->next)
        if (each->take_over())
            return each;
    auto* const made = new chunk_store;
    made->next = all_stores.load(std::memory_order_relaxed);
    while (!all_stores.compare_exchange_weak(made->next, made, std::memory_order_release, std::memory_order_relaxed)) {
    }
    return made;
}

thread_local chunk_store* own_store = nullptr;
/// How many spare chunks this thread lets its store have. Others let it have spare_chunks_kept: they cannot know when it will look.
thread_local std::uint32_t own_spare_max = spare_chunks_kept;
/// An object that outlives it (a static, say) may still ask for a block.
thread_local bool has_ended = false;

/// Lets go of the thread's store when the thread ends.
struct store_tenancy {
    store_tenancy() = default;
    store_tenancy(const store_tenancy&) = delete;
    store_tenancy& operator=(const store_tenancy&) = delete;
    ~store_tenancy()
    {
        has_ended = true;
        own_store = nullptr;
        if (const chunk_store::visit inside{store})
            store.release_spare(spare_chunks_kept);
        store.let_go();
    }
    chunk_store& store = *acquire_store();
};

chunk_store* begin_tenancy()
{
    if (has_ended)
        return nullptr;
    thread_local store_tenancy tenancy;
    return own_store = &tenancy.store;
}

}  // namespace

small_block allocate_small_block(std::size_t size)
{
    chunk_store* const own = own_store != nullptr ? own_store : begin_tenancy();
    if (own == nullptr)
        return {};
    const chunk_store::visit inside{*own};
    return inside ? own->take(size, own_spare_max) : small_block{};
}

void free_small_block(small_block freed) noexcept
{
    chunk& home = *reinterpret_cast<chunk*>(static_cast<std::byte*>(freed.memory) - freed.place * place_unit);
    chunk_store& owner = *home.owner;
    if (const chunk_store::visit inside{owner})
        owner.take_back(home, freed.memory, &owner == own_store ? own_spare_max : spare_chunks_kept);
    else
        owner.leave_to_others(home, freed.memory);
}

void keep_spare_chunks(std::size_t size) noexcept
{
    own_spare_max = static_cast<std::uint32_t>(std::min<std::size_t>(size / chunk_size_max, UINT32_MAX));
    if (own_store == nullptr)
        return;
    if (const chunk_store::visit inside{*own_store})
        own_store->release_spare(own_spare_max);
}

bool has_spare_chunks() noexcept
{
    return own_store != nullptr && own_store->has_many_spare();
}

void release_spare_chunks() noexcept
{
    if (own_store == nullptr)
        return;
    if (const chunk_store::visit inside{*own_store})
        own_store->release_unneeded_spare();
}

}  // namespace quaymaster::codec
