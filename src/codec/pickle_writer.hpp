// pickle_writer: an object graph to opcodes that the reader's Python can load.
#pragma once

#include "codec/byte_buffer.hpp"
#include "codec/object_graph.hpp"
#include "codec/transcode.hpp"

#include <limits>

namespace quaymaster::codec {

/// Appends the opcodes of `root` and all it reaches: no PROTO, FRAME or STOP; memo indices begin at 0. Protocols 2 to 5;
/// for Python 2 class paths are spelled its way, bytes become its str, sets and bytearrays calls of their classes.
/// Nodes that are referred to more than once are memoized, so sharing and cycles survive. No recursion.
/// (The order of opcodes follows CPython's pickle.py `save_*`: a recursive tuple is built, found in the memo, and fetched.)
item_traits write_opcodes(const object_graph& graph, node_id root, reader_dialect reader, byte_buffer& output);

/// The same behind other opcodes of one pickle that hold `memo_size` memo entries already, which MEMOIZE counts on from;
/// raises `memo_size` by those that it writes.
item_traits write_opcodes(const object_graph& graph, node_id root, reader_dialect reader, byte_buffer& output,
                          std::uint32_t& memo_size);

/// The same as an item. Throws pickle_error (rewrite_size_exceeded) as soon as it has come to more than `size_max` octets: some
/// objects cannot be fetched from the memo and are written each time, however many references to one the graph holds.
[[nodiscard]] item write_item(const object_graph& graph, node_id root, reader_dialect reader,
                              std::size_t size_max = std::numeric_limits<std::size_t>::max());

/// A value as an item, protocol 4 unless told otherwise.
[[nodiscard]] item item_from_value(const value& known, reader_dialect reader = {});

/// A value as a complete pickle: PROTO, opcodes, STOP.
[[nodiscard]] bytes pickle_from_value(const value& known, reader_dialect reader = {});

}  // namespace quaymaster::codec
