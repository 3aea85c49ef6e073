#include "codec/pickle_writer.hpp"

#include "codec/class_paths.hpp"
#include "codec/pickle_errc.hpp"
#include "codec/opcode_output.hpp"
#include "codec/text_arguments.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

namespace quaymaster::codec {

namespace {

/// CPython's pickler writes children in batches of this many, so that no reader needs a huge stack.
constexpr std::size_t batch_size = 1000;

/// Counts, for every node reachable from a root, how often it is referred to: what is shared must be memoized.
std::vector<std::uint32_t> count_references(const object_graph& graph, node_id root)
{
    std::vector<std::uint32_t> references(graph.node_count(), 0);
    std::vector<node_id> pending;
    const auto refer = [&](node_id node) {
        if (references[node]++ == 0)
            pending.push_back(node);
    };
    refer(root);
    while (!pending.empty()) {
        const node_id node = pending.back();
        pending.pop_back();
        for_each_reference(graph, node, refer);
    }
    return references;
}

/// Writes one graph. A stack of steps stands in for the recursion of CPython's `save`.
class graph_writer {
public:
    graph_writer(const object_graph& graph, node_id root, reader_dialect reader, byte_buffer& output,
                 std::uint32_t memo_base, std::size_t size_max)
        : graph_{graph}, output_{output}, out_{output}, size_max_{size_max}, protocol_{reader.protocol},
          python2_{reader.python2 || reader.protocol <= 2}, memo_base_{memo_base},
          references_{count_references(graph, root)}, may_reenter_{has_shared_deferred_node()}
    {
        push(step_kind::node, root);
    }

    item_traits run()
    {
        while (!steps_.empty()) {
            const step current = steps_.back();
            steps_.pop_back();
            take(current);
            // A step writes no more than one text, so this bounds the memory too.
            if (output_.size() > size_max_)
                throw rewrite_size_error();
        }
        return {python2_ ? std::uint8_t{2} : protocol_, python2_, has_non_ascii_byte_string_, has_globals_, has_proxies_};
    }
    [[nodiscard]] std::uint32_t memo_size() const noexcept { return memo_base_ + static_cast<std::uint32_t>(memo_.size()); }

private:
    [[nodiscard]] static pickle_error rewrite_size_error()
    {
        const pickle_status status{pickle_errc::rewrite_size_exceeded, 0};
        return {status.message({}), status.code, status.offset};
    }

    enum class step_kind : std::uint8_t {
        node,            // write the node
        items,           // write a list's or set's children from `next` on
        entries,         // write a dict's entries from `next` on
        updates,         // write an object's updates from `next` on
        end_appends,     // APPENDS
        end_setitems,    // SETITEMS
        end_additems,    // ADDITEMS
        end_build,       // BUILD
        end_tuple,       // the tuple opcode, or a fetch if the tuple turned out to contain itself
        end_frozenset,   // FROZENSET, likewise
        end_call,        // REDUCE or NEWOBJ..., likewise
        end_instance,    // OBJ, likewise
        end_set_call,    // TUPLE1 REDUCE of a set written as a call
        end_persistent,  // BINPERSID
    };
    // In the memo these stand for the classes, which are no nodes of the graph.
    static constexpr node_id set_class = no_node - 1;
    static constexpr node_id frozenset_class = no_node - 2;

    struct step {
        step_kind kind;
        node_id node;
        std::uint32_t next;
    };

    void push(step_kind kind, node_id node, std::size_t next = 0)
    {
        steps_.push_back({kind, node, static_cast<std::uint32_t>(next)});
    }
    void push_reversed(std::span<const node_id> children)
    {
        for (std::size_t i = children.size(); i-- > 0;)
            push(step_kind::node, children[i]);
    }

    void take(const step& current)
    {
        switch (current.kind) {
        case step_kind::node: return write(current.node);
        case step_kind::items: return write_items(current.node, current.next);
        case step_kind::entries: return write_entries(current.node, current.next);
        case step_kind::updates: return write_updates(current.node, current.next);
        case step_kind::end_appends: return out_.op(opcode::appends);
        case step_kind::end_setitems: return out_.op(opcode::setitems);
        case step_kind::end_additems: return out_.op(opcode::additems);
        case step_kind::end_build: return out_.op(opcode::build);
        case step_kind::end_tuple: return end_tuple(current.node);
        case step_kind::end_frozenset: return end_marked(current.node, opcode::frozenset);
        case step_kind::end_call: return end_call(current.node);
        case step_kind::end_instance: return end_instance(current.node);
        case step_kind::end_set_call: return end_set_call(current.node);
        case step_kind::end_persistent: return end_persistent(current.node);
        }
    }

    // The memo.

    /// Tuples, frozensets, calls and persistent objects can be memoized only when they are finished. If one contains itself, its parts are
    /// written twice, so every part that could lead back to it must be found in the memo the second time, even one that
    /// is referred to once. Such a node is referred to twice: from outside and from within.
    [[nodiscard]] bool has_shared_deferred_node() const
    {
        for (node_id node = 0; node < references_.size(); ++node)
            if (references_[node] > 1 && is_deferred(graph_.kind(node)))
                return true;
        return false;
    }
    [[nodiscard]] static bool is_deferred(node_kind kind) noexcept
    {
        return kind == node_kind::tuple || kind == node_kind::frozenset || kind == node_kind::set ||
               kind == node_kind::object || kind == node_kind::persistent;
    }
    [[nodiscard]] static bool is_mutable(node_kind kind) noexcept
    {
        return kind == node_kind::list || kind == node_kind::dict || kind == node_kind::set || kind == node_kind::object;
    }
    [[nodiscard]] bool belongs_in_memo(node_id node) const
    {
        return references_[node] > 1 || (may_reenter_ && is_mutable(graph_.kind(node)));
    }

    /// The one deferred object that is never memoized: its opcode is shorter than a fetch.
    [[nodiscard]] bool is_empty_tuple(node_id node) const
    {
        return graph_.kind(node) == node_kind::tuple && graph_.children(node).empty();
    }
    /// Counts how often a deferred node was begun and not memoized since. What a pickler made is begun twice at most; a
    /// forged set that holds itself through tuples alone can only be written from protocol 4 on and would never end.
    void enter(node_id node)
    {
        if (++entered_[node] > 2)
            throw pickle_error{"pickle: a set or tuple contains itself in a way that protocol " + std::to_string(protocol_) +
                                   " cannot express",
                               pickle_errc::endless_object, 0};
    }

    [[nodiscard]] bool fetch(node_id node)
    {
        const auto found = memo_.find(node);
        if (found == memo_.end())
            return false;
        if (found->second < 256) {
            out_.op(opcode::binget);
            out_.little(found->second, 1);
        } else {
            out_.op(opcode::long_binget);
            out_.little(found->second, 4);
        }
        return true;
    }
    void memoize(node_id node)
    {
        if (belongs_in_memo(node))
            add_to_memo(node);
    }
    void add_to_memo(node_id node)
    {
        const std::uint32_t index = memo_size();
        memo_.emplace(node, index);
        if (protocol_ >= 4) {
            out_.op(opcode::memoize);
        } else if (index < 256) {
            out_.op(opcode::binput);
            out_.little(index, 1);
        } else {
            out_.op(opcode::long_binput);
            out_.little(index, 4);
        }
    }

    // Nodes.

    void write(node_id node)
    {
        if (belongs_in_memo(node) && fetch(node))
            return;
        if (may_reenter_ && is_deferred(graph_.kind(node)) && !is_empty_tuple(node))
            enter(node);
        switch (graph_.kind(node)) {
        case node_kind::none: return out_.op(opcode::none);
        case node_kind::boolean: return out_.op(graph_.boolean(node) ? opcode::newtrue : opcode::newfalse);
        case node_kind::integer: return write_integer(node);
        case node_kind::big_integer: return out_.long_integer(as_bytes(graph_.text(node)));
        case node_kind::floating: return out_.floating(graph_.floating(node));
        case node_kind::str:
            out_.str(graph_.text(node), protocol_);
            return memoize(node);
        case node_kind::bytes: return write_bytes(node);
        case node_kind::bytearray: return write_bytearray(node);
        case node_kind::byte_string: return write_byte_string(node);
        case node_kind::tuple: return write_tuple(node);
        case node_kind::list:
            out_.op(opcode::empty_list);
            memoize(node);
            return push(step_kind::items, node);
        case node_kind::dict:
            out_.op(opcode::empty_dict);
            memoize(node);
            return push(step_kind::entries, node);
        case node_kind::set: return write_set(node);
        case node_kind::frozenset: return write_frozenset(node);
        case node_kind::global:
            write_global({graph_.text(node), graph_.qualified_name(node)});
            return memoize(node);
        case node_kind::object: return write_object(node);
        case node_kind::extension: return write_extension(graph_.extension_code(node));
        case node_kind::persistent: return write_persistent(node);
        }
    }

    void write_integer(node_id node)
    {
        const std::int64_t number = graph_.integer(node);
        if (python2_ && graph_.is_python2_long(node))
            return out_.long_integer(number);
        // Python 2's int has 64 bits, for which its pickler has no binary opcode.
        if (python2_ && !opcode_output::fits_binint(number))
            return out_.int_text(number);
        out_.integer(number);
    }
    void write_bytes(node_id node)
    {
        const std::string_view octets = graph_.text(node);
        if (python2_)
            write_python2_str(octets);
        else
            out_.bytes(octets, protocol_);
        memoize(node);
    }
    void write_python2_str(std::string_view octets)
    {
        has_non_ascii_byte_string_ = has_non_ascii_byte_string_ || !is_ascii(octets);
        out_.byte_string(octets);
    }
    void write_byte_string(node_id node)
    {
        const std::string_view octets = graph_.text(node);
        if (python2_)
            write_python2_str(octets);
        else if (is_ascii(octets))
            out_.str(octets, protocol_);
        else
            out_.bytes(octets, protocol_);
        memoize(node);
    }
    void write_bytearray(node_id node)
    {
        const std::string_view octets = graph_.text(node);
        if (protocol_ >= 5) {
            out_.bytearray(octets);
            return memoize(node);
        }
        write_global({"builtins", "bytearray"});
        if (python2_)
            write_python2_str(octets);
        else
            out_.bytes(octets, protocol_);
        out_.op(opcode::tuple1);
        out_.op(opcode::reduce);
        memoize(node);
    }

    void write_tuple(node_id node)
    {
        if (is_empty_tuple(node))
            return out_.op(opcode::empty_tuple);
        const auto children = graph_.children(node);
        if (children.size() > 3)
            out_.op(opcode::mark);
        push(step_kind::end_tuple, node);
        push_reversed(children);
    }
    void end_tuple(node_id node)
    {
        const std::size_t count = graph_.children(node).size();
        if (count > 3)
            return end_marked(node, opcode::tuple);
        if (is_complete(node)) {
            for (std::size_t i = 0; i < count; ++i)
                out_.op(opcode::pop);
            static_cast<void>(fetch(node));
            return;
        }
        constexpr opcode small_tuples[] = {opcode::tuple1, opcode::tuple2, opcode::tuple3};
        out_.op(small_tuples[count - 1]);
        memoize(node);
    }
    /// True if the object was finished and memoized while its own parts were being written: it contains itself.
    [[nodiscard]] bool is_complete(node_id node) const { return belongs_in_memo(node) && memo_.contains(node); }
    void end_marked(node_id node, opcode finish)
    {
        if (is_complete(node)) {
            out_.op(opcode::pop_mark);
            static_cast<void>(fetch(node));
            return;
        }
        out_.op(finish);
        memoize(node);
    }

    /// Children in batches: MARK, up to batch_size of them, APPENDS or ADDITEMS.
    void write_items(node_id node, std::size_t next)
    {
        const auto children = graph_.children(node);
        if (next >= children.size())
            return;
        const auto batch = children.subspan(next, std::min(batch_size, children.size() - next));
        out_.op(opcode::mark);
        push(step_kind::items, node, next + batch.size());
        push(graph_.kind(node) == node_kind::set ? step_kind::end_additems : step_kind::end_appends, node);
        push_reversed(batch);
    }
    void write_entries(node_id node, std::size_t next)
    {
        const auto children = graph_.children(node);
        if (next >= children.size())
            return;
        const auto batch = children.subspan(next, std::min(2 * batch_size, children.size() - next));
        out_.op(opcode::mark);
        push(step_kind::entries, node, next + batch.size());
        push(step_kind::end_setitems, node);
        push_reversed(batch);
    }

    void write_set(node_id node)
    {
        if (protocol_ < 4)
            return write_set_call(node, "set", set_class);
        out_.op(opcode::empty_set);
        memoize(node);
        push(step_kind::items, node);
    }
    void write_frozenset(node_id node)
    {
        if (protocol_ < 4)
            return write_set_call(node, "frozenset", frozenset_class);
        out_.op(opcode::mark);
        push(step_kind::end_frozenset, node);
        push_reversed(graph_.children(node));
    }
    /// `set([...])`: how protocols below 4 write a set. LIST collects what lies above the MARK.
    void write_set_call(node_id node, std::string_view name, node_id class_node)
    {
        write_set_class(name, class_node);
        out_.op(opcode::mark);
        push(step_kind::end_set_call, node);
        push_reversed(graph_.children(node));
    }
    /// An empty set is one octet from protocol 4 on: a list of many must not become twenty times as long. What is written once,
    /// as most are, gets no entry that nobody fetches.
    void write_set_class(std::string_view name, node_id class_node)
    {
        if (fetch(class_node))
            return;
        write_global({"builtins", name});
        bool& is_again = class_node == set_class ? has_written_set_ : has_written_frozenset_;
        if (is_again)
            add_to_memo(class_node);
        is_again = true;
    }
    void end_set_call(node_id node)
    {
        out_.op(opcode::list);
        out_.op(opcode::tuple1);
        out_.op(opcode::reduce);
        finish_call(node);
    }
    void finish_call(node_id node)
    {
        if (is_complete(node)) {
            out_.op(opcode::pop);
            static_cast<void>(fetch(node));
            return;
        }
        memoize(node);
    }

    /// How many classes "A.B.C" lies within (2); 0 for what is no path of a class, which is then written as it is: a name
    /// of a million dots must not become a million calls.
    [[nodiscard]] static std::size_t nesting_of(std::string_view name) noexcept
    {
        constexpr std::size_t nesting_max = 16;
        const auto dots = static_cast<std::size_t>(std::count(name.begin(), name.end(), '.'));
        const bool has_empty_part = name.starts_with('.') || name.ends_with('.') || name.find("..") != std::string_view::npos;
        return dots > nesting_max || has_empty_part ? 0 : dots;
    }

    void write_global(class_path path)
    {
        has_globals_ = true;
        has_proxies_ = has_proxies_ || is_proxy_maker(path);
        path = python2_ ? python2_path(path) : python3_path(path);
        if (protocol_ >= 4) {
            out_.str(path.module, protocol_);
            out_.str(path.name, protocol_);
            return out_.op(opcode::stack_global);
        }
        const std::size_t dot = path.name.find('.');
        const std::size_t depth = nesting_of(path.name);
        if (depth == 0)
            return out_.global(path.module, path.name);
        // A nested class has no GLOBAL: fetch it from the outer one, attribute by attribute.
        const class_path getattr = python2_ ? python2_path({"builtins", "getattr"}) : class_path{"builtins", "getattr"};
        for (std::size_t i = 0; i < depth; ++i)
            out_.global(getattr.module, getattr.name);
        out_.global(path.module, path.name.substr(0, dot));
        std::string_view rest = path.name.substr(dot + 1);
        for (std::size_t i = 0; i < depth; ++i) {
            const std::size_t end = rest.find('.');
            const std::string_view attribute = rest.substr(0, end);
            if (python2_)
                out_.byte_string(attribute);
            else
                out_.str(attribute, protocol_);
            out_.op(opcode::tuple2);
            out_.op(opcode::reduce);
            rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
        }
    }

    void write_object(node_id node)
    {
        const object_parts& parts = graph_.object(node);
        push(step_kind::updates, node);
        if (parts.how == construction::instance) {
            out_.op(opcode::mark);
            push(step_kind::end_instance, node);
            push_reversed(graph_.children(parts.arguments));
            return push(step_kind::node, parts.callable);
        }
        push(step_kind::end_call, node);
        if (parts.how == construction::newobj_ex && protocol_ < 4)
            write_global({"copyreg", "__newobj_ex__"});
        if (parts.keywords != no_node)
            push(step_kind::node, parts.keywords);
        push(step_kind::node, parts.arguments);
        push(step_kind::node, parts.callable);
    }
    void end_call(node_id node)
    {
        switch (graph_.object(node).how) {
        case construction::newobj: out_.op(opcode::newobj); break;
        case construction::newobj_ex:
            if (protocol_ >= 4) {
                out_.op(opcode::newobj_ex);
            } else {
                out_.op(opcode::tuple3);
                out_.op(opcode::reduce);
            }
            break;
        default: out_.op(opcode::reduce); break;
        }
        drop_repeated_updates(node);
        finish_call(node);
    }
    void end_instance(node_id node)
    {
        drop_repeated_updates(node);
        end_marked(node, opcode::obj);
    }
    /// An object that turned out to contain itself got its updates when it was finished the first time.
    void drop_repeated_updates(node_id node)
    {
        if (is_complete(node))
            steps_.pop_back();
    }

    /// One run of like updates as one batch, then the rest.
    void write_updates(node_id node, std::size_t next)
    {
        const auto& updates = graph_.object(node).updates;
        if (next >= updates.size())
            return;
        const auto step = updates[next].step;
        if (step == object_update::kind::build) {
            push(step_kind::updates, node, next + 1);
            push(step_kind::end_build, node);
            return push(step_kind::node, updates[next].first);
        }
        std::size_t end = next;
        while (end < updates.size() && updates[end].step == step && end - next < batch_size)
            ++end;
        push(step_kind::updates, node, end);
        push(step == object_update::kind::append     ? step_kind::end_appends
             : step == object_update::kind::set_item ? step_kind::end_setitems
                                                     : step_kind::end_additems,
             node);
        out_.op(opcode::mark);
        for (std::size_t i = end; i-- > next;) {
            if (step == object_update::kind::set_item)
                push(step_kind::node, updates[i].second);
            push(step_kind::node, updates[i].first);
        }
    }

    void write_extension(std::uint32_t code)
    {
        has_globals_ = true;
        if (code < 0x100) {
            out_.op(opcode::ext1);
            out_.little(code, 1);
        } else if (code < 0x10000) {
            out_.op(opcode::ext2);
            out_.little(code, 2);
        } else {
            out_.op(opcode::ext4);
            out_.little(code, 4);
        }
    }
    void write_persistent(node_id node)
    {
        const node_id id = graph_.persistent_id(node);
        if (id == no_node) {
            out_.persistent_text(graph_.text(node));
            return memoize(node);
        }
        push(step_kind::end_persistent, node);
        push(step_kind::node, id);
    }
    /// CPython memoizes no persistent object; but then its id cannot lead back to it, as that of a forged one can.
    void end_persistent(node_id node)
    {
        out_.op(opcode::binpersid);
        finish_call(node);
    }

    const object_graph& graph_;
    const byte_buffer& output_;
    opcode_output out_;
    std::size_t size_max_;  // of output_
    std::uint8_t protocol_;
    bool python2_;
    bool has_non_ascii_byte_string_ = false;
    bool has_globals_ = false;
    bool has_proxies_ = false;
    bool has_written_set_ = false;
    bool has_written_frozenset_ = false;
    std::uint32_t memo_base_;
    std::vector<std::uint32_t> references_;
    bool may_reenter_;
    std::unordered_map<node_id, std::uint32_t> memo_;
    std::unordered_map<node_id, std::uint8_t> entered_;
    std::vector<step> steps_;
};

}  // namespace

item_traits write_opcodes(const object_graph& graph, node_id root, reader_dialect reader, byte_buffer& output)
{
    std::uint32_t memo_size = 0;
    return write_opcodes(graph, root, reader, output, memo_size);
}

item_traits write_opcodes(const object_graph& graph, node_id root, reader_dialect reader, byte_buffer& output,
                          std::uint32_t& memo_size)
{
    graph_writer writer{graph, root, reader, output, memo_size, std::numeric_limits<std::size_t>::max()};
    const item_traits traits = writer.run();
    memo_size = writer.memo_size();
    return traits;
}

item write_item(const object_graph& graph, node_id root, reader_dialect reader, std::size_t size_max)
{
    byte_buffer opcodes;
    const item_traits traits = graph_writer{graph, root, reader, opcodes, 0, size_max}.run();
    return item::make(opcodes.view(), traits);
}

item item_from_value(const value& known, reader_dialect reader)
{
    if (const auto& graph = object_graph::graph_of(known))
        return write_item(*graph, object_graph::node_of(known), reader);
    byte_buffer opcodes;
    opcode_output out{opcodes};
    switch (known.kind()) {
    case value_kind::boolean: out.op(known.truth() ? opcode::newtrue : opcode::newfalse); break;
    case value_kind::integer: out.integer(known.to_int64().value_or(0)); break;
    case value_kind::floating: out.floating(known.to_double().value_or(0)); break;
    default: out.op(opcode::none); break;
    }
    return item::make(opcodes.view(), {2, false, false, false});
}

bytes pickle_from_value(const value& known, reader_dialect reader)
{
    const item made = item_from_value(known, reader);
    byte_buffer pickle;
    opcode_output out{pickle};
    out.op(opcode::proto);
    out.little(reader.protocol, 1);
    pickle.append(made.opcodes());
    out.op(opcode::stop);
    return to_bytes(pickle.view());
}

}  // namespace quaymaster::codec
