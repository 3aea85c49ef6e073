// object_graph: a decoded pickle. Every Python object in it is an inert node; nothing is ever constructed or called.
#pragma once

#include "codec/item.hpp"

#include <quaymaster/value.hpp>

#include <cstdint>
#include <limits>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

namespace quaymaster::codec {

/// Index of a node in its graph.
using node_id = std::uint32_t;
inline constexpr node_id no_node = std::numeric_limits<node_id>::max();

/// What a node is. The value_kinds, with what must be told apart to write an object out as it came in.
enum class node_kind : std::uint8_t {
    none, boolean, integer, big_integer, floating, str, bytes, bytearray, byte_string,
    tuple, list, dict, set, frozenset,
    global,      // class or function by path
    object,      // made by calling: see object_parts
    extension,   // EXT1, EXT2, EXT4: a code of the copyreg registry
    persistent,  // PERSID, BINPERSID: a reference outside the pickle
};

/// How an object node was made.
enum class construction : std::uint8_t {
    reduce,      // callable(*arguments)
    newobj,      // cls.__new__(cls, *arguments)
    newobj_ex,   // cls.__new__(cls, *arguments, **keywords)
    instance,    // INST, OBJ: Python 2's old-style cls(*arguments)
};

/// One step after construction, in pickled order.
struct object_update {
    enum class kind : std::uint8_t { append, set_item, add, build } step;
    node_id first;   // the item, the key or the state
    node_id second;  // set_item: the value; otherwise no_node
};

struct object_parts {
    construction how;
    node_id callable;
    node_id arguments;           // a tuple node
    node_id keywords = no_node;  // newobj_ex: a dict node
    std::pmr::vector<object_update> updates;
};

/// A graph of nodes in one arena: shared references and cycles cost nothing and never leak, which reference-counted
/// containers would.
/// Children of a container are node ids, of a dict its keys and values in turn. Text is borrowed from the item that the
/// graph keeps, or owned by its arena.
/// Thread safety: built by one thread, then immutable.
class object_graph {
public:
    /// `source` is kept alive, so nodes may borrow from its opcodes.
    explicit object_graph(item source = {});
    object_graph(const object_graph&) = delete;
    object_graph& operator=(const object_graph&) = delete;

    // Building.
    node_id add_none();
    node_id add_boolean(bool boolean);
    /// `python2_long`: Python 2's long, which prints and pickles differently from its int.
    node_id add_integer(std::int64_t integer, bool python2_long = false);
    /// Two's complement, little endian, borrowed; normalised to add_integer when it fits 64 bits.
    node_id add_big_integer(bytes_view little_endian, bool python2_long = false);
    node_id add_floating(double floating);
    /// str, bytes, bytearray or byte_string; borrowed from `content`: see own().
    node_id add_text(node_kind kind, std::string_view content);
    /// tuple, list, dict, set or frozenset.
    node_id add_container(node_kind kind, std::span<const node_id> children);
    node_id add_global(std::string_view module, std::string_view qualified_name);  // borrowed
    node_id add_object(construction how, node_id callable, node_id arguments, node_id keywords = no_node);
    node_id add_extension(std::uint32_t code);
    /// PERSID (`text`, id == no_node) or BINPERSID (`id`).
    node_id add_persistent(std::string_view text, node_id id);
    void append_child(node_id container, node_id child);
    void append_update(node_id object, object_update update);
    /// Replaces the state that BUILD gives to `object`. Precondition: it has one update, and that is it.
    void replace_state(node_id object, node_id state);
    /// Copies `content` into the arena, for text that nobody else keeps.
    std::string_view own(std::string_view content);
    /// Copies what `source` reaches from `root` into this graph and returns the copy's root; shared and cyclic structure is kept.
    node_id copy_from(const object_graph& source, node_id root);
    /// Adds `known`: a scalar as a node, anything else by copy_from.
    node_id add_value(const value& known);

    // Looking.
    [[nodiscard]] std::size_t node_count() const noexcept { return nodes_.size(); }
    /// The item that it was decoded from; empty if none.
    [[nodiscard]] const item& source() const noexcept { return source_; }
    /// True if a node names what makes proxies of managers: see is_proxy_maker().
    [[nodiscard]] bool has_proxies() const noexcept { return has_proxies_; }
    [[nodiscard]] node_kind kind(node_id node) const noexcept { return nodes_[node].kind; }
    [[nodiscard]] bool boolean(node_id node) const noexcept { return nodes_[node].index != 0; }
    [[nodiscard]] std::int64_t integer(node_id node) const noexcept { return integers_[nodes_[node].index]; }
    [[nodiscard]] bool is_python2_long(node_id node) const noexcept { return nodes_[node].flag; }
    [[nodiscard]] double floating(node_id node) const noexcept { return floats_[nodes_[node].index]; }
    /// str, bytes, bytearray, byte_string: the content. big_integer: two's complement, little endian. global: the module.
    /// persistent by PERSID: its text.
    [[nodiscard]] std::string_view text(node_id node) const noexcept { return texts_[nodes_[node].index]; }
    [[nodiscard]] std::string_view qualified_name(node_id global) const noexcept { return texts_[nodes_[global].index + 1]; }
    [[nodiscard]] std::span<const node_id> children(node_id container) const noexcept { return containers_[nodes_[container].index]; }
    [[nodiscard]] const object_parts& object(node_id node) const noexcept { return objects_[nodes_[node].index]; }
    [[nodiscard]] std::uint32_t extension_code(node_id node) const noexcept { return nodes_[node].index; }
    /// BINPERSID: the id's node; PERSID: no_node.
    [[nodiscard]] node_id persistent_id(node_id node) const noexcept { return nodes_[node].flag ? nodes_[node].index : no_node; }

    // Values.
    /// `node` of `graph` as a value; scalars come out without a share of the graph.
    [[nodiscard]] static value to_value(const std::shared_ptr<const object_graph>& graph, node_id node);
    /// The graph behind a value (null for scalars) and its node there.
    [[nodiscard]] static const std::shared_ptr<const object_graph>& graph_of(const value& known) noexcept { return known.graph_; }
    [[nodiscard]] static node_id node_of(const value& known) noexcept { return known.node_; }

private:
    class copier;

    struct record {
        node_kind kind;
        bool flag;
        std::uint32_t index;
    };
    node_id add(node_kind kind, std::uint32_t index, bool flag = false);

    item source_;
    bool has_proxies_ = false;
    std::pmr::monotonic_buffer_resource arena_;
    std::pmr::vector<record> nodes_{&arena_};
    std::pmr::vector<std::int64_t> integers_{&arena_};
    std::pmr::vector<double> floats_{&arena_};
    std::pmr::vector<std::string_view> texts_{&arena_};
    std::pmr::vector<std::pmr::vector<node_id>> containers_{&arena_};
    std::pmr::vector<object_parts> objects_{&arena_};
};

/// What a node is as a value.
[[nodiscard]] value_kind value_kind_of(const object_graph& graph, node_id node) noexcept;

/// The graph's node seen as a complex number: a call of builtins.complex with two floats.
[[nodiscard]] bool is_complex(const object_graph& graph, node_id node) noexcept;

/// Calls `visit` with every node that `node` refers to, in pickled order.
template <class Visit>
void for_each_reference(const object_graph& graph, node_id node, Visit&& visit)
{
    switch (graph.kind(node)) {
    case node_kind::tuple:
    case node_kind::list:
    case node_kind::dict:
    case node_kind::set:
    case node_kind::frozenset:
        for (const node_id child : graph.children(node))
            visit(child);
        return;
    case node_kind::object: {
        const object_parts& parts = graph.object(node);
        visit(parts.callable);
        visit(parts.arguments);
        if (parts.keywords != no_node)
            visit(parts.keywords);
        for (const object_update& update : parts.updates) {
            visit(update.first);
            if (update.second != no_node)
                visit(update.second);
        }
        return;
    }
    case node_kind::persistent:
        if (const node_id id = graph.persistent_id(node); id != no_node)
            visit(id);
        return;
    default: return;
    }
}

}  // namespace quaymaster::codec
