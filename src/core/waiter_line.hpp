// waiter_line: blocked calls in the order in which they came.
#pragma once

#include "core/waiter.hpp"

#include <boost/intrusive/list.hpp>

#include <cstddef>

namespace quaymaster::core {

/// A line of parked waiters, served first come, first served. Standing in it costs no memory.
/// Thread safety: none of its own. Lifetime: a waiter leaves the line before it ends; the line may end first.
class waiter_line {
public:
    [[nodiscard]] bool empty() const noexcept { return line_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return line_.size(); }
    /// Precondition: not empty.
    [[nodiscard]] waiter& front() noexcept { return line_.front(); }

    /// To the end of the line. Precondition: `parked` is in no line.
    void push_back(waiter& parked) noexcept { line_.push_back(parked); }
    /// Precondition: not empty.
    waiter& pop_front() noexcept;
    /// Precondition: `parked` is in this line.
    void take_out(waiter& parked) noexcept { line_.erase(line_.iterator_to(parked)); }

    /// Takes the first out, fulfils it with `result` and appends it to `fulfilled`. Precondition: not empty.
    void serve_first(outcome result, completions& fulfilled);
    /// As serve_first(), everybody. `result` is something that can be said to many: no item.
    void serve_all(const outcome& result, completions& fulfilled);

private:
    boost::intrusive::list<waiter> line_;
};

}  // namespace quaymaster::core
