// call and outcome: what a referent is asked and what it answers. No dialect, no socket, no clock.
#pragma once

#include "codec/payload.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace quaymaster::core {

class referent;

/// A point on the caller's monotonic clock. Core compares them and never reads a clock.
using time_point = std::chrono::steady_clock::time_point;
inline constexpr time_point never = time_point::max();

/// A method call or a construction. `now` is when it arrived: timeouts count from there.
/// Lifetimes: `method` and the keyword names are borrowed for the duration of the call; payloads may be moved from.
struct call {
    std::string_view method;
    std::vector<codec::payload> positional;
    std::vector<std::pair<std::string_view, codec::payload>> keywords;
    time_point now{};
};

/// The Python exceptions that referents raise; each dialect spells them for its reader.
enum class exception_type : std::uint8_t {
    queue_empty,      // queue.Empty
    queue_full,       // queue.Full
    queue_shut_down,  // queue.ShutDown (3.13; ValueError for readers that lack it)
    attribute_error,
    index_error,
    key_error,
    overflow_error,
    runtime_error,
    type_error,
    value_error,
    memory_error,
    stop_iteration,
    assertion_error,
    broken_barrier,  // threading.BrokenBarrierError; RuntimeError, its base, for Python 2
    not_implemented_error,
    zero_division_error,
};

struct returned {
    codec::payload result;
};
struct raised {
    exception_type type;
    std::string text;                 // args[0]; no args when empty
    std::shared_ptr<const value> argument{};  // args[0] where that is no text: KeyError(3); rare, and every waiter has room for an outcome
};
/// The result is an object that stays here and gets an ident of its own: CPython's method_to_typeid.
struct made_proxy {
    std::shared_ptr<referent> object;
    std::string_view typeid_name;  // static
};
/// The caller's waiter is parked; its outcome comes later through completions.
struct parked {
    std::shared_ptr<referent> place{};  // where, if not in the referent that was called
};

using outcome = std::variant<parked, returned, raised, made_proxy>;

}  // namespace quaymaster::core
