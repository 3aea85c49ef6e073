// pickle_limits: how much of a pickle a reader accepts. Every bound has a name, a default and an error that says it.
#pragma once

#include <cstddef>

namespace quaymaster {

/// What goes beyond one of these is refused with an error that names it; a server answers so and goes on.
/// The defaults of the three that count objects are what bounds the memory that a pickle can make its reader take: some 20 to
/// 100 octets for each, while a pickle may spend one octet on it. 2^24 is more than a pickle of 64 MiB holds of anything
/// that takes four octets: a list of ten million short strings passes. Who has larger ones raises them.
struct pickle_limits {
    /// Containers inside containers. CPython's own pickler stops at about 1,000 by default.
    std::size_t depth_max = 10'000;
    /// Objects on the unpickler's stack at once: a tuple's items all are, before it is built.
    std::size_t stack_size_max = 1 << 24;
    /// Entries of the memo, where picklers enter every str, container and instance. An entry whose index is far ahead of the
    /// number of entries, as no pickler writes it, counts as 256.
    std::size_t memo_size_max = 1 << 24;
    /// Nodes of a decoded graph: what a priority queue reads of an item, and all that a client receives. A server that
    /// only carries an item makes none.
    std::size_t node_count_max = 1 << 24;
    /// Octets of one integer. As text, which only protocol 0 has for large ones, it may have no more than 4,300 digits besides
    /// (1,786 octets): that is where CPython, too, stops converting, since the cost grows with their square.
    std::size_t integer_size_max = 1 << 16;
};

}  // namespace quaymaster
