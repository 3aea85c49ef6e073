// allocation_counter: a library to preload (LD_PRELOAD). It counts what a program asks malloc and its kin for, in the file that
// ALLOCATION_COUNT names: 8 octets, the machine's own order. bench/compare makes the file and reads it while the program runs.
// For glibc: it goes on to what glibc calls its own functions by.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
}

namespace {

static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "it lies in a file that another process reads");

std::atomic<std::uint64_t> nowhere{0};  // what came before the file was there
std::atomic<std::atomic<std::uint64_t>*> counter{&nowhere};

void count() noexcept
{
    counter.load(std::memory_order_relaxed)->fetch_add(1, std::memory_order_relaxed);
}

__attribute__((constructor)) void begin() noexcept
{
    const char* const name = std::getenv("ALLOCATION_COUNT");
    const int file = name != nullptr ? ::open(name, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void* const memory = ::mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    if (memory == MAP_FAILED)
        return;
    counter = static_cast<std::atomic<std::uint64_t>*>(memory);
    counter.load()->fetch_add(nowhere, std::memory_order_relaxed);
}

}  // namespace

extern "C" {

void* malloc(std::size_t size)
{
    count();
    return __libc_malloc(size);
}

void* calloc(std::size_t number, std::size_t size)
{
    count();
    return __libc_calloc(number, size);
}

void* realloc(void* block, std::size_t size)
{
    count();
    return __libc_realloc(block, size);
}

void* memalign(std::size_t alignment, std::size_t size)
{
    count();
    return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size)
{
    if (alignment % sizeof(void*) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0)
        return EINVAL;
    void* const memory = memalign(alignment, size);
    if (memory == nullptr)
        return ENOMEM;
    *block = memory;
    return 0;
}
}
