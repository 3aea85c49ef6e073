// value_repr: Python's repr() over object graphs, without recursion and never longer than asked for.
//
// Exact for the built-in types. Of other objects it shows how they were pickled: `decimal.Decimal('1.5')`, and for
// state, items and keywords `module.Class(1, x=2)`, `collections.OrderedDict({'a': 1})`.
#include <quaymaster/value.hpp>

#include "codec/class_paths.hpp"
#include "codec/datetime_text.hpp"
#include "codec/number.hpp"
#include "codec/object_graph.hpp"
#include "codec/text_arguments.hpp"
#include "codec/proxy_nodes.hpp"
#include "codec/text_repr.hpp"

#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace quaymaster {

namespace {

using codec::class_path;
using codec::construction;
using codec::no_node;
using codec::node_id;
using codec::node_kind;
using codec::object_graph;
using codec::object_parts;
using codec::object_update;

/// Beyond this an int is shown in hexadecimal, as Python 3.11 refuses to show it in decimal: that job is quadratic.
constexpr std::size_t decimal_octets_max = 1786;  // 4,300 digits

std::string hexadecimal_text(bytes_view little_endian)
{
    const bool negative = (std::to_integer<unsigned>(little_endian.back()) & 0x80U) != 0;
    std::string digits;
    bool carry = negative;
    for (const std::byte octet : little_endian) {
        unsigned magnitude = std::to_integer<unsigned>(octet);
        if (negative) {
            magnitude = (magnitude ^ 0xffU) + (carry ? 1U : 0U);
            carry = magnitude > 0xff;
        }
        digits += "0123456789abcdef"[magnitude & 0xfU];
        digits += "0123456789abcdef"[(magnitude >> 4U) & 0xfU];
    }
    while (digits.size() > 1 && digits.back() == '0')
        digits.pop_back();
    digits += negative ? "x0-" : "x0";
    return {digits.rbegin(), digits.rend()};
}

std::string complex_text(double real, double imaginary)
{
    // Python shows the parts without ".0", and no real part that is a positive zero.
    const auto part = [](double number) {
        std::string text = codec::float_text(number);
        if (text.ends_with(".0"))
            text.resize(text.size() - 2);
        return text;
    };
    if (real == 0 && !std::signbit(real))
        return part(imaginary) + "j";
    const std::string second = part(imaginary);
    return "(" + part(real) + (second.starts_with('-') ? "" : "+") + second + "j)";
}

std::string dotted(class_path path)
{
    path = codec::python3_path(path);
    if (path.module == "builtins" || path.module.empty())
        return std::string{path.name};
    return std::string{path.module}.append(".").append(path.name);
}

/// What stands between an object's parentheses: text, then a node or none.
struct piece {
    std::string before;
    node_id node;
};

class representation {
public:
    representation(const object_graph& graph, std::size_t size_max) : graph_{graph}, size_max_{size_max} {}

    [[nodiscard]] std::string of(node_id root)
    {
        show(root);
        while (!frames_.empty() && output_.size() <= size_max_)
            step();
        return std::move(output_);
    }

private:
    /// A container or object that is being written: its next child, and what ends it.
    struct frame {
        node_id node;
        std::size_t next;
        std::string_view end;
        std::vector<piece> pieces;  // of an object; a container's are its children
    };

    void enter(node_id node, std::string_view begin, std::string_view end)
    {
        output_ += begin;
        open_.insert(node);
        frames_.push_back({node, 0, end, {}});
    }
    void leave()
    {
        output_ += frames_.back().end;
        open_.erase(frames_.back().node);
        frames_.pop_back();
    }

    void step()
    {
        frame& current = frames_.back();
        if (graph_.kind(current.node) == node_kind::object || graph_.kind(current.node) == node_kind::persistent) {
            if (current.next == current.pieces.size())
                return leave();
            const piece& shown = current.pieces[current.next++];
            output_ += shown.before;
            if (shown.node != no_node)
                show(shown.node);
            return;
        }
        const auto children = graph_.children(current.node);
        if (current.next == children.size())
            return leave();
        if (current.next != 0)
            output_ += graph_.kind(current.node) == node_kind::dict && current.next % 2 != 0 ? ": " : ", ";
        show(children[current.next++]);
    }

    void show(node_id node)
    {
        switch (graph_.kind(node)) {
        case node_kind::none: output_ += "None"; return;
        case node_kind::boolean: output_ += graph_.boolean(node) ? "True" : "False"; return;
        case node_kind::integer: output_ += std::to_string(graph_.integer(node)); return;
        case node_kind::big_integer: {
            const bytes_view digits = as_bytes(graph_.text(node));
            output_ += digits.size() <= decimal_octets_max ? codec::decimal_text(digits) : hexadecimal_text(digits);
            return;
        }
        case node_kind::floating: output_ += codec::float_text(graph_.floating(node)); return;
        case node_kind::str: return codec::append_str_repr(output_, graph_.text(node), room());
        case node_kind::bytes: return codec::append_bytes_repr(output_, graph_.text(node), room());
        case node_kind::bytearray:
            output_ += "bytearray(";
            codec::append_bytes_repr(output_, graph_.text(node), room());
            output_ += ')';
            return;
        case node_kind::byte_string:
            // Without the b of bytes: that is how Python 2, and a Python 3 that got it as text, shows it.
            return codec::append_octets_repr(output_, graph_.text(node), room());
        case node_kind::global:
            output_ += "<class or function " + dotted({graph_.text(node), graph_.qualified_name(node)}) + ">";
            return;
        case node_kind::extension:
            output_ += "<copyreg extension " + std::to_string(graph_.extension_code(node)) + ">";
            return;
        default: return show_container(node);
        }
    }
    [[nodiscard]] std::size_t room() const noexcept
    {
        return output_.size() < size_max_ ? size_max_ - output_.size() : 0;
    }

    void show_container(node_id node)
    {
        const node_kind kind = graph_.kind(node);
        const bool contains_itself = open_.contains(node);
        switch (kind) {
        case node_kind::tuple:
            if (contains_itself)
                break;
            return enter(node, "(", graph_.children(node).size() == 1 ? ",)" : ")");
        case node_kind::list:
            if (contains_itself)
                break;
            return enter(node, "[", "]");
        case node_kind::dict:
            if (contains_itself)
                break;
            return enter(node, "{", "}");
        case node_kind::set:
            if (contains_itself)
                break;
            return graph_.children(node).empty() ? void(output_ += "set()") : enter(node, "{", "}");
        case node_kind::frozenset:
            if (contains_itself)
                break;
            return graph_.children(node).empty() ? void(output_ += "frozenset()") : enter(node, "frozenset({", "})");
        case node_kind::persistent: return show_persistent(node);
        default: return show_object(node);
        }
        constexpr std::pair<node_kind, std::string_view> marks[] = {
            {node_kind::tuple, "(...)"}, {node_kind::list, "[...]"},           {node_kind::dict, "{...}"},
            {node_kind::set, "set(...)"}, {node_kind::frozenset, "frozenset(...)"},
        };
        for (const auto& [marked, text] : marks)
            if (marked == kind)
                output_ += text;
    }

    void show_persistent(node_id node)
    {
        const node_id id = graph_.persistent_id(node);
        output_ += "<persistent id ";
        if (id == no_node) {
            codec::append_octets_repr(output_, graph_.text(node), room());
            output_ += '>';
        } else if (open_.contains(node)) {
            output_ += "...>";
        } else {
            enter(node, {}, ">");
            frames_.back().pieces.push_back({{}, id});
        }
    }

    void show_object(node_id node)
    {
        const object_parts& parts = graph_.object(node);
        if (codec::is_complex(graph_, node)) {
            const auto numbers = graph_.children(parts.arguments);
            output_ += complex_text(graph_.floating(numbers[0]), graph_.floating(numbers[1]));
            return;
        }
        if (const auto proxy = codec::proxy_at(graph_, node))
            return show_proxy(*proxy);
        std::span<const node_id> arguments = graph_.children(parts.arguments);
        node_id callable = parts.callable;
        // copyreg's helpers are given the class: what they were asked for says more than they do.
        if (is_copyreg_helper(parts) && !arguments.empty()) {
            callable = arguments[0];
            // _reconstructor(cls, base, state of the base)
            arguments = graph_.qualified_name(parts.callable) == "_reconstructor" ? std::span<const node_id>{}
                                                                                 : arguments.subspan(1);
        }
        const bool is_named = graph_.kind(callable) == node_kind::global;
        if (is_named)
            output_ += dotted({graph_.text(callable), graph_.qualified_name(callable)});
        if (open_.contains(node)) {
            output_ += "(...)";
            return;
        }
        std::vector<piece> pieces;
        if (!is_named)
            pieces.push_back({{}, callable});
        pieces.push_back({"(", no_node});
        bool first = true;
        const auto separator = [&first] { return std::exchange(first, false) ? "" : ", "; };
        if (const auto fields = fields_of_datetime(callable, arguments)) {
            pieces.push_back({separator() + *fields, no_node});
            arguments = arguments.subspan(1);
            if (!arguments.empty())
                pieces.push_back({std::string{separator()} + "tzinfo=", arguments[0]});
            arguments = {};
        }
        for (const node_id argument : arguments)
            pieces.push_back({separator(), argument});
        if (parts.keywords != no_node)
            append_named(pieces, parts.keywords, separator);
        append_updates(pieces, parts, separator);
        enter(node, {}, ")");
        frames_.back().pieces = std::move(pieces);
    }
    /// As BaseProxy.__repr__ in managers.py, with the ident for an address in memory.
    void show_proxy(const codec::proxy_nodes& proxy)
    {
        const bool is_named = graph_.kind(proxy.class_or_function) == node_kind::global;
        output_ += '<';
        output_ += is_named ? graph_.qualified_name(proxy.class_or_function) : std::string_view{"BaseProxy"};
        output_ += " object, typeid '";
        output_ += graph_.text(proxy.typeid_name);
        output_ += "' at ";
        output_ += graph_.text(proxy.ident);
        output_ += '>';
    }
    [[nodiscard]] bool is_copyreg_helper(const object_parts& parts) const
    {
        if (parts.how != construction::reduce || graph_.kind(parts.callable) != node_kind::global)
            return false;
        const std::string_view module = graph_.text(parts.callable);
        const std::string_view name = graph_.qualified_name(parts.callable);
        return (module == "copyreg" || module == "copy_reg") && (name == "_reconstructor" || name == "__newobj__");
    }

    [[nodiscard]] std::optional<std::string> fields_of_datetime(node_id callable, std::span<const node_id> arguments) const
    {
        if (arguments.empty() || graph_.kind(callable) != node_kind::global || graph_.text(callable) != "datetime")
            return std::nullopt;
        const node_kind kind = graph_.kind(arguments[0]);
        if (kind != node_kind::bytes && kind != node_kind::byte_string)
            return std::nullopt;
        return codec::datetime_fields(graph_.qualified_name(callable), graph_.text(arguments[0]));
    }

    /// `name=value` for a dict whose keys are all text, `state=...` for everything else.
    template <class Separator>
    void append_named(std::vector<piece>& pieces, node_id state, Separator& separator)
    {
        if (graph_.kind(state) == node_kind::none)
            return;
        bool all_text = graph_.kind(state) == node_kind::dict;
        if (all_text) {
            const auto children = graph_.children(state);
            for (std::size_t i = 0; i < children.size(); i += 2)
                all_text = all_text && is_text(children[i]);
            for (std::size_t i = 0; all_text && i + 1 < children.size(); i += 2)
                pieces.push_back({separator() + std::string{graph_.text(children[i])} + "=", children[i + 1]});
        }
        if (!all_text)
            pieces.push_back({std::string{separator()} + "state=", state});
    }
    [[nodiscard]] bool is_text(node_id node) const
    {
        return graph_.kind(node) == node_kind::str ||
               (graph_.kind(node) == node_kind::byte_string && codec::is_ascii(graph_.text(node)));
    }

    /// Runs of items as `[...]`, of entries as `{k: v}`, of members as `{...}`; state as append_named.
    template <class Separator>
    void append_updates(std::vector<piece>& pieces, const object_parts& parts, Separator& separator)
    {
        const auto& updates = parts.updates;
        for (std::size_t i = 0; i < updates.size();) {
            const auto kind = updates[i].step;
            if (kind == object_update::kind::build) {
                append_state(pieces, updates[i++].first, separator);
                continue;
            }
            const bool is_list = kind == object_update::kind::append;
            pieces.push_back({separator() + std::string{is_list ? "[" : "{"}, no_node});
            for (bool first = true; i < updates.size() && updates[i].step == kind; ++i, first = false) {
                pieces.push_back({first ? "" : ", ", updates[i].first});
                if (updates[i].second != no_node)
                    pieces.push_back({": ", updates[i].second});
            }
            pieces.push_back({is_list ? "]" : "}", no_node});
        }
    }
    template <class Separator>
    void append_state(std::vector<piece>& pieces, node_id state, Separator& separator)
    {
        // (__dict__ or None, slots or None): the state of an object with __slots__.
        if (graph_.kind(state) == node_kind::tuple && graph_.children(state).size() == 2) {
            const auto halves = graph_.children(state);
            const auto fits = [&](node_id half) {
                return graph_.kind(half) == node_kind::none || graph_.kind(half) == node_kind::dict;
            };
            if (fits(halves[0]) && fits(halves[1])) {
                append_named(pieces, halves[0], separator);
                append_named(pieces, halves[1], separator);
                return;
            }
        }
        append_named(pieces, state, separator);
    }

    const object_graph& graph_;
    std::size_t size_max_;
    std::string output_;
    std::vector<frame> frames_;
    std::unordered_set<node_id> open_;  // the nodes of frames_: meeting one again is a cycle
};

/// `text` cut to `size_max` octets, between two characters, with "..." in place of what is missing.
std::string cut(std::string text, std::size_t size_max)
{
    if (text.size() <= size_max)
        return text;
    constexpr std::string_view ellipsis = "...";
    std::size_t size = size_max > ellipsis.size() ? size_max - ellipsis.size() : 0;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80)
        --size;
    text.resize(size);
    text += ellipsis.substr(0, size_max);
    return text;
}

}  // namespace

std::string value::repr(std::size_t size_max) const
{
    if (graph_ != nullptr)
        return cut(representation{*graph_, size_max}.of(node_), size_max);
    switch (kind_) {
    case value_kind::boolean: return cut(scalar_.integer != 0 ? "True" : "False", size_max);
    case value_kind::integer: return cut(std::to_string(scalar_.integer), size_max);
    case value_kind::floating: return cut(codec::float_text(scalar_.floating), size_max);
    default: return cut("None", size_max);
    }
}

}  // namespace quaymaster
