// pickle_limits: how much of a pickle a reader accepts. Every bound has a name, a default and an error that says it.
#pragma once

#include <cstddef>

namespace quaymaster {

/// What goes beyond one of these is refused with an error that names it; a server answers so and goes on.
struct pickle_limits {
    /// Containers inside containers. CPython's own pickler stops at about 1,000 by default.
    std::size_t depth_max = 10'000;
    /// Objects on the unpickler's stack at once: a tuple's items all are, before it is built.
    std::size_t stack_size_max = 1 << 26;
    /// Entries of the memo.
    std::size_t memo_size_max = 1 << 26;
    /// Nodes of a decoded graph: what a priority queue reads of an item, and all that a client receives. A server that
    /// only carries an item makes none.
    std::size_t node_count_max = 1 << 26;
    /// Octets of one integer; 4,300 decimal digits, which CPython converts without complaint, are 1,786.
    std::size_t integer_size_max = 1 << 16;
};

}  // namespace quaymaster
