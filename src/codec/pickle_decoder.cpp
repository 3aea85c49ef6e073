#include "codec/pickle_decoder.hpp"

#include "codec/pickle_machine.hpp"

#include <algorithm>

namespace quaymaster::codec {

namespace {

[[nodiscard]] bool is_builtins(std::string_view module) noexcept
{
    return module == "builtins" || module == "__builtin__";
}

/// `utf8` with every code point as one octet; nullopt if one is above 255.
std::optional<std::string> latin1_from_utf8(std::string_view utf8)
{
    std::string octets;
    octets.reserve(utf8.size());
    for (std::size_t at = 0; at < utf8.size(); ++at) {
        const auto lead = static_cast<unsigned char>(utf8[at]);
        if (lead < 0x80) {
            octets.push_back(utf8[at]);
        } else if ((lead == 0xc2 || lead == 0xc3) && at + 1 < utf8.size()) {
            const auto low = static_cast<unsigned char>(utf8[++at]) & 0x3fU;
            octets.push_back(static_cast<char>(static_cast<unsigned char>(((lead & 0x03U) << 6U) | low)));
        } else {
            return std::nullopt;
        }
    }
    return octets;
}

/// Makes graph nodes of what the machine reads.
class graph_sink {
public:
    using ref = node_id;
    using slot = stack_slot<ref>;

    graph_sink(object_graph& graph, std::size_t pickle_size, const pickle_limits& limits, bool python2)
        : graph_{graph}, node_count_max_{limits.node_count_max}, copy_allowance_{rewrite_size_max(pickle_size)}, python2_{python2}
    {
    }

    node_kind kind(ref node) const { return graph_.kind(node); }
    bool full() const { return graph_.node_count() >= node_count_max_ || has_overdrawn_; }
    pickle_errc exceeded() const
    {
        return has_overdrawn_ ? pickle_errc::rewrite_size_exceeded : pickle_errc::node_count_exceeded;
    }

    ref none() { return graph_.add_none(); }
    ref boolean(bool known) { return graph_.add_boolean(known); }
    ref integer(std::int64_t number, bool python2_long) { return graph_.add_integer(number, python2_long && python2_); }
    ref decimal(const decimal_digits& number, bool python2_long)
    {
        return big_integer(bytes_view{integer_octets(number)}, python2_long);
    }
    ref big_integer(bytes_view little_endian, bool python2_long)
    {
        const std::string_view kept = little_endian.size() > sizeof(std::int64_t) ? graph_.own(as_chars(little_endian))
                                                                                 : as_chars(little_endian);
        return graph_.add_big_integer(as_bytes(kept), python2_long && python2_);
    }
    ref floating(double number) { return graph_.add_floating(number); }
    ref text(node_kind kind, std::string_view content) { return graph_.add_text(kind, content); }
    ref own_text(node_kind kind, const std::string& content) { return graph_.add_text(kind, graph_.own(content)); }
    ref container(node_kind kind, std::span<const slot> slots, std::size_t, std::uint32_t)
    {
        return graph_.add_container(kind, nodes_of(slots));
    }
    ref global(std::string_view module, std::string_view name) { return graph_.add_global(module, name); }
    ref stack_global(ref module, ref name) { return graph_.add_global(graph_.text(module), graph_.text(name)); }
    ref object(construction how, ref callable, ref arguments, const ref* keywords)
    {
        if (how == construction::reduce)
            if (const auto native = known_call(callable, arguments))
                return *native;
        return graph_.add_object(how, callable, arguments, keywords != nullptr ? *keywords : no_node);
    }
    ref instance(ref cls, std::span<const slot> slots)
    {
        return graph_.add_object(construction::instance, cls, graph_.add_container(node_kind::tuple, nodes_of(slots)));
    }
    void append(slot& target, std::span<const slot> slots, std::size_t, std::uint32_t)
    {
        for (const slot& child : slots)
            extend(target.ref, {object_update::kind::append, child.ref, no_node});
    }
    void add_items(slot& target, std::span<const slot> slots, std::size_t, std::uint32_t)
    {
        for (const slot& child : slots)
            extend(target.ref, {object_update::kind::add, child.ref, no_node});
    }
    void set_items(slot& target, std::span<const slot> slots, std::size_t, std::uint32_t)
    {
        for (std::size_t i = 0; i + 1 < slots.size(); i += 2)
            extend(target.ref, {object_update::kind::set_item, slots[i].ref, slots[i + 1].ref});
    }
    void build(ref target, ref state) { extend(target, {object_update::kind::build, state, no_node}); }
    ref extension(std::uint32_t code) { return graph_.add_extension(code); }
    ref persistent_text(std::string_view line) { return graph_.add_persistent(line, no_node); }
    ref persistent(ref id) { return graph_.add_persistent({}, id); }

    void at_protocol(std::uint8_t protocol) { python2_ = protocol <= 2; }
    static void at_put(std::uint32_t, opcode, std::uint32_t) {}
    static void at_get(std::uint32_t, opcode, std::uint32_t, std::uint32_t, ref, std::size_t) {}
    static void at_frame(std::uint32_t) {}
    static void at_rearranged() {}

private:
    std::span<const node_id> nodes_of(std::span<const slot> slots)
    {
        scratch_.clear();
        for (const slot& child : slots)
            scratch_.push_back(child.ref);
        return scratch_;
    }

    void extend(ref target, object_update update)
    {
        switch (graph_.kind(target)) {
        case node_kind::object: return graph_.append_update(target, update);
        case node_kind::dict:
            graph_.append_child(target, update.first);
            return graph_.append_child(target, update.second);
        case node_kind::list:
        case node_kind::set: return graph_.append_child(target, update.first);
        default: return;  // a persistent or extension object: what it is made of lies elsewhere, and so do its updates
        }
    }

    /// Older protocols have no opcodes for set, frozenset, bytearray and bytes and pickle them as calls; those calls are
    /// the native thing here.
    std::optional<ref> known_call(ref callable, ref arguments)
    {
        if (graph_.kind(callable) != node_kind::global)
            return std::nullopt;
        const std::string_view module = graph_.text(callable);
        const std::string_view name = graph_.qualified_name(callable);
        const std::span<const node_id> given = graph_.children(arguments);
        if (module == "_codecs" && name == "encode" && given.size() == 2 && graph_.kind(given[0]) == node_kind::str)
            return octets_of(node_kind::bytes, given[0]);
        if (!is_builtins(module))
            return std::nullopt;
        if (name == "set" || name == "frozenset")
            return set_of(name == "set" ? node_kind::set : node_kind::frozenset, given);
        if (name == "bytearray")
            return bytearray_of(given);
        if (name == "bytes" && given.empty())
            return graph_.add_text(node_kind::bytes, {});
        return std::nullopt;
    }
    std::optional<ref> set_of(node_kind kind, std::span<const node_id> given)
    {
        if (given.empty())
            return graph_.add_container(kind, {});
        if (given.size() != 1 || (graph_.kind(given[0]) != node_kind::list && graph_.kind(given[0]) != node_kind::tuple))
            return std::nullopt;
        const auto members = graph_.children(given[0]);
        if (!may_copy(members.size_bytes()))
            return std::nullopt;
        scratch_.assign(members.begin(), members.end());
        return graph_.add_container(kind, scratch_);
    }
    std::optional<ref> bytearray_of(std::span<const node_id> given)
    {
        if (given.empty())
            return graph_.add_text(node_kind::bytearray, {});
        const node_kind first = graph_.kind(given[0]);
        if (given.size() == 1 && (first == node_kind::bytes || first == node_kind::byte_string))
            return graph_.add_text(node_kind::bytearray, graph_.text(given[0]));
        if (given.size() == 2 && first == node_kind::str)
            return octets_of(node_kind::bytearray, given[0]);
        return std::nullopt;
    }
    std::optional<ref> octets_of(node_kind kind, ref text)
    {
        if (!may_copy(graph_.text(text).size()))
            return std::nullopt;
        const auto octets = latin1_from_utf8(graph_.text(text));
        if (!octets)
            return std::nullopt;
        return graph_.add_text(kind, graph_.own(*octets));
    }

    /// Charges a copy of `octets` before it is made. A call takes five octets of a pickle, and may copy again what another has
    /// copied: one large list in the memo would be a large set each time. Once this fails, full() is true.
    bool may_copy(std::size_t octets)
    {
        has_overdrawn_ = has_overdrawn_ || octets > copy_allowance_;
        if (!has_overdrawn_)
            copy_allowance_ -= octets;
        return !has_overdrawn_;
    }

    object_graph& graph_;
    std::size_t node_count_max_;
    std::size_t copy_allowance_;
    bool has_overdrawn_ = false;
    bool python2_;
    std::vector<node_id> scratch_;
};

decoded decode(std::shared_ptr<object_graph> graph, bytes_view opcodes, const pickle_limits& limits, bool fragment,
               bool python2, pickle_status& status)
{
    graph_sink sink{*graph, opcodes.size(), limits, python2};
    pickle_machine<graph_sink> machine{sink};
    status = machine.run(opcodes, limits, fragment);
    if (status)
        return {};
    return {std::move(graph), machine.result(), machine.protocol()};
}

}  // namespace

decoded decode_pickle(bytes_view pickle, const pickle_limits& limits, pickle_status& status)
{
    // Without PROTO it is protocol 0 or 1, which Python 3 also writes if asked; Python 2 is the one that would.
    return decode(std::make_shared<object_graph>(), pickle, limits, false, true, status);
}

decoded decode_item(const item& carried, const pickle_limits& limits, pickle_status& status)
{
    return decode(std::make_shared<object_graph>(carried), carried.opcodes(), limits, true, carried.traits().from_python2,
                  status);
}

value value_from_pickle(bytes_view pickle, const pickle_limits& limits)
{
    const item kept = item::make(pickle, {});
    pickle_status status;
    decoded result = decode(std::make_shared<object_graph>(kept), kept.opcodes(), limits, false, true, status);
    if (status)
        throw pickle_error{status.message(limits), status.code, status.offset};
    return object_graph::to_value(result.graph, result.root);
}

}  // namespace quaymaster::codec
