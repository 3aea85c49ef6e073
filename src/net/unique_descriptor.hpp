// unique_descriptor: a file descriptor that is closed on every way out.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace quaymaster::net {

class unique_descriptor {
public:
    unique_descriptor() noexcept = default;
    explicit unique_descriptor(int number) noexcept : number_{number} {}
    unique_descriptor(unique_descriptor&& other) noexcept : number_{other.release()} {}
    unique_descriptor& operator=(unique_descriptor&& other) noexcept
    {
        unique_descriptor old{std::move(other)};
        std::swap(number_, old.number_);
        return *this;
    }
    /// Leaves errno as it is: what failed before is what the caller wants to know.
    ~unique_descriptor()
    {
        if (number_ < 0)
            return;
        const int cause = errno;
        ::close(number_);
        errno = cause;
    }

    [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }
    [[nodiscard]] int number() const noexcept { return number_; }
    [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }

private:
    int number_ = -1;
};

}  // namespace quaymaster::net
