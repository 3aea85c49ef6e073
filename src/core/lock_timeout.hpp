// lock_timeout: `blocking` and `timeout` as the classes of Python's threading module understand them.
#pragma once

#include "core/call.hpp"
#include "core/wait_limit.hpp"

#include <cstdint>
#include <optional>
#include <variant>

namespace quaymaster::core {

/// The arguments of Lock.acquire(blocking=True, timeout=-1) and of RLock's; null for one that is not given.
/// As _threadmodule.c reads them: -1 is without limit, any other negative number a value_error; so is NaN, and a timeout
/// other than -1 for a call that does not block. type_error for None and all that is no number, overflow_error beyond
/// threading.TIMEOUT_MAX, either way. Beyond a century there is no limit, as in read_timeout().
/// Throws pickle_error for an argument that cannot be decoded.
[[nodiscard]] std::variant<wait_limit, raised> read_lock_wait(const codec::payload* blocking, const codec::payload* timeout,
                                                              time_point now);

/// What a method does first with its timeout, which decides how it complains of one that is no number.
enum class timeout_use : std::uint8_t {
    compared,  // `timeout > 0`: Condition.wait, Event.wait
    added,     // `now + timeout`: Semaphore.acquire, Barrier.wait
};

/// The `timeout` of the waits that threading.py builds on Condition.wait(): None, or not given (null), is without limit;
/// zero, a negative number and NaN do not wait at all (CPython: NaN is a busy loop in Semaphore and Barrier). type_error for
/// what is no number, overflow_error beyond threading.TIMEOUT_MAX.
/// Throws pickle_error for an argument that cannot be decoded.
[[nodiscard]] std::variant<wait_limit, raised> read_wait_timeout(const codec::payload* timeout, time_point now,
                                                                 timeout_use use);

/// The type_error of `left OP 0` for a left that does not compare with an int: "'<' not supported between instances of...".
[[nodiscard]] raised not_comparable_error(const char* op, const value& left);

/// An argument that counts something, as an int of 64 bits: `otherwise` if it is not given (null). Departs from threading.py,
/// which computes with whatever it is given: type_error for a float, overflow_error for an int beyond 64 bits. Other types
/// fail as they do there, at `argument < least`.
/// Throws pickle_error for an argument that cannot be decoded.
[[nodiscard]] std::variant<std::int64_t, raised> read_count(const codec::payload* argument, std::int64_t otherwise);

}  // namespace quaymaster::core
