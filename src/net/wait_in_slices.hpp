// wait_in_slices: waits of any length, in requests that the server answers soon.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace quaymaster::net {

/// Waits beyond this are as good as unlimited: Python's servers refuse timeouts above what their clocks can count.
inline constexpr std::chrono::milliseconds finite_wait_max = std::chrono::hours{24 * 365};

/// As Python's servers take a timeout.
inline double in_seconds(std::chrono::milliseconds span)
{
    return std::chrono::duration<double>{span}.count();
}

/// `wait(slice)`, which throws `Nothing` when nothing came within its slice, until it succeeds or `timeout` is over.
/// The server is thus never asked to be silent for longer than a slice, and one that freezes is found out.
template <class Nothing, class Wait>
auto wait_in_slices(std::optional<std::chrono::milliseconds> timeout, std::chrono::milliseconds slice, Wait wait)
{
    using clock = std::chrono::steady_clock;
    using std::chrono::milliseconds;
    if (!timeout || *timeout > finite_wait_max) {
        for (;;) {
            try {
                return wait(slice);
            } catch (const Nothing&) {
            }
        }
    }
    const auto end = clock::now() + *timeout;
    for (milliseconds left = *timeout; left > slice; left = std::chrono::ceil<milliseconds>(end - clock::now())) {
        try {
            return wait(slice);
        } catch (const Nothing&) {
        }
    }
    return wait(std::max(std::chrono::ceil<milliseconds>(end - clock::now()), milliseconds{1}));
}

}  // namespace quaymaster::net
