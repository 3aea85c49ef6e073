#include "codec/envelope.hpp"

#include "codec/byte_buffer.hpp"
#include "codec/pickle_decoder.hpp"
#include "codec/pickle_machine.hpp"
#include "codec/pickle_writer.hpp"
#include "codec/scanning_sink.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

namespace quaymaster::codec {

namespace {

/// A tuple of more fields than this is no message of the protocol; its fields are counted and not kept apart.
constexpr std::size_t fields_max = 4;

/// So many elements of a field are kept apart, and of a dict, which comes in batches, up to twice as many. The rest are counted.
constexpr std::size_t elements_kept = 4096;

/// Opcodes from here on stay in the memory that they came in, if it is lent; smaller ones are copied out of it.
constexpr std::size_t adopted_size_min = large_block_size_min;


/// A piece of the outer tuple: its slot, and where its opcodes end.
struct part {
    scan_slot slot;
    std::uint32_t end;
};

/// The elements of a field. Those that are not among `kept` can be decoded, if somebody asks for them.
struct field_elements {
    std::vector<part> kept;
    std::size_t first_kept = 0;  // the index of kept.front()
    std::size_t count = 0;

    void clear() noexcept
    {
        kept.clear();
        first_kept = count = 0;
    }
    [[nodiscard]] const part* find(std::size_t element) const noexcept
    {
        return element >= first_kept && element - first_kept < kept.size() ? &kept[element - first_kept] : nullptr;
    }
};

/// An opcode that a splice must rewrite or drop.
struct relocation {
    std::uint32_t offset;
    std::uint32_t index;       // of the memo; 0 for FRAME
    std::uint32_t put_offset;  // GETs: where the entry was PUT
};

[[nodiscard]] bool is_get(opcode code) noexcept
{
    return code == opcode::binget || code == opcode::long_binget;
}

[[nodiscard]] std::size_t argument_size(opcode code) noexcept
{
    switch (code) {
    case opcode::frame: return 8;
    case opcode::binput:
    case opcode::binget: return 1;
    case opcode::long_binput:
    case opcode::long_binget: return 4;
    default: return 0;  // MEMOIZE
    }
}

/// Follows a pickle without building it: kinds and scalars, where the outer tuple's fields and their elements lie, and
/// which opcodes a splice must touch.
class scan_sink : public scanning_sink {
public:
    void begin(bytes_view pickle)
    {
        release();
        scanning_sink::begin(pickle, true);
        irregular_ = false;
    }

    /// Forgets the pickle, and gives back what is oversized.
    void release() noexcept
    {
        relocations_.clear();
        release_oversized(relocations_);
        fields_.clear();
        field_count_ = 0;
        for (field_elements& elements : elements_) {
            elements.clear();
            release_oversized(elements.kept);
        }
    }
    [[nodiscard]] std::size_t scratch_size() const noexcept
    {
        std::size_t size = relocations_.capacity() * sizeof(relocation);
        for (const field_elements& elements : elements_)
            size += elements.kept.capacity() * sizeof(part);
        return size;
    }

    ref own_text(node_kind kind, const std::string&) noexcept
    {
        irregular_ = true;  // the text as such stands nowhere in the pickle
        return ref{kind};
    }
    ref container(node_kind kind, std::span<const scan_slot> children, std::size_t position, std::uint32_t offset)
    {
        if (position == 0 && kind == node_kind::tuple) {
            field_count_ = children.size();
            fields_.clear();
            keep_parts(fields_, children.first(std::min(children.size(), fields_max)), offset);
            if (children.size() > fields_max)
                fields_.back().end = children[fields_max].begin;
        } else if (position > 0 && position < fields_max) {
            elements_[position].clear();
            if (kind == node_kind::tuple)
                keep_first(elements_[position], children, offset);
            else if (kind == node_kind::dict)
                keep_last(elements_[position], children, offset);
        }
        return ref{kind};
    }
    void set_items(const scan_slot& target, std::span<const scan_slot> children, std::size_t position, std::uint32_t offset)
    {
        if (position > 0 && position < fields_max && target.ref.kind == node_kind::dict)
            keep_last(elements_[position], children, offset);
    }
    void at_put(std::uint32_t offset, opcode code, std::uint32_t index)
    {
        if (code == opcode::put)
            irregular_ = true;
        relocate({offset, index, 0});
    }
    void at_get(std::uint32_t offset, opcode code, std::uint32_t index, std::uint32_t put_offset, ref content,
                std::size_t position)
    {
        // A tuple or dict fetched into a field's place: its elements were not seen there.
        const bool hidden = position < fields_max && (content.kind == node_kind::tuple || content.kind == node_kind::dict);
        if (code == opcode::get || hidden)
            irregular_ = true;
        relocate({offset, index, put_offset});
    }
    void at_frame(std::uint32_t offset) { relocate({offset, 0, 0}); }
    void at_rearranged() noexcept { irregular_ = true; }

    // What the reader asks.
    [[nodiscard]] bool irregular() const noexcept { return irregular_; }
    [[nodiscard]] std::size_t field_count() const noexcept { return field_count_; }
    [[nodiscard]] const std::vector<part>& fields() const noexcept { return fields_; }
    [[nodiscard]] const field_elements& elements(std::size_t field) const noexcept { return elements_[field]; }
    [[nodiscard]] const std::vector<relocation>& relocations() const noexcept { return relocations_; }
private:
    void relocate(const relocation& at)
    {
        if (!irregular_)  // else nothing will be spliced
            relocations_.push_back(at);
    }
    static void keep_parts(std::vector<part>& parts, std::span<const scan_slot> slots, std::uint32_t end)
    {
        for (std::size_t i = 0; i < slots.size(); ++i)
            parts.push_back({slots[i], i + 1 < slots.size() ? slots[i + 1].begin : end});
    }
    static void keep_first(field_elements& elements, std::span<const scan_slot> slots, std::uint32_t end)
    {
        elements.count = slots.size();
        if (slots.size() > elements_kept) {
            end = slots[elements_kept].begin;
            slots = slots.first(elements_kept);
        }
        keep_parts(elements.kept, slots, end);
    }
    /// Of a dict the last entries count: a key that is set twice has the later value.
    static void keep_last(field_elements& elements, std::span<const scan_slot> slots, std::uint32_t end)
    {
        elements.count += slots.size();
        keep_parts(elements.kept, slots.last(std::min(slots.size(), elements_kept)), end);
        if (elements.kept.size() > 2 * elements_kept)
            elements.kept.erase(elements.kept.begin(), elements.kept.end() - elements_kept);
        elements.first_kept = elements.count - elements.kept.size();
    }

    std::vector<relocation> relocations_;
    std::vector<part> fields_;
    std::size_t field_count_ = 0;
    std::array<field_elements, fields_max> elements_;
    bool irregular_ = false;
};

/// The scalar that travels decoded, or nothing.
std::optional<value> scalar_of(scanned known)
{
    switch (known.kind) {
    case node_kind::none: return value{};
    case node_kind::boolean: return value{known.bits() != 0};
    case node_kind::integer: return value{static_cast<std::int64_t>(known.bits())};
    case node_kind::floating: return value{std::bit_cast<double>(known.bits())};
    default: return std::nullopt;
    }
}

/// The opcodes [begin, end) of a pickle as an item of their own, or nothing if they lean on what is outside.
class splice {
public:
    splice(bytes_view pickle, std::span<const relocation> all, std::uint32_t begin, std::uint32_t end)
        : pickle_{pickle}, begin_{begin}, end_{end}
    {
        const auto before = [](const relocation& at, std::uint32_t offset) { return at.offset < offset; };
        const auto first = std::lower_bound(all.begin(), all.end(), begin, before);
        const auto last = std::lower_bound(first, all.end(), end, before);
        inside_ = {first, last};
    }

    /// Takes `lent` over if it is not null, the item large and all of it in one piece; `lent` becomes null then.
    std::optional<item> make(item_traits traits, byte_buffer*& lent)
    {
        if (!plan())
            return std::nullopt;
        if (lent != nullptr && end_ - begin_ >= adopted_size_min && is_one_piece())
            return item::adopt(std::move(*std::exchange(lent, nullptr)), pickle_.subspan(begin_, spliced_size()), traits);
        return item::make(spliced_size(), traits, [this](std::byte* output) { write(output); });
    }

private:
    /// Decides what becomes of the memo; false if the range is not self-contained.
    bool plan()
    {
        base_ = ~std::uint32_t{0};
        keeps_memo_ = false;
        for (const relocation& at : inside_) {
            if (is_get(code_of(at))) {
                keeps_memo_ = true;
                if (at.put_offset < begin_)
                    return false;
            } else if (code_of(at) != opcode::frame) {
                base_ = std::min(base_, at.index);
            }
        }
        if (!keeps_memo_)
            return true;
        // MEMOIZE takes the next free index, which after the move counts from 0: it must have been dense here too.
        std::uint32_t next = 0;
        for (const relocation& at : inside_) {
            if (code_of(at) == opcode::frame)
                continue;
            if (is_get(code_of(at))) {
                if (at.index < base_)
                    return false;
                continue;
            }
            if (at.index - base_ != next)
                return false;
            ++next;
        }
        return true;
    }
    [[nodiscard]] opcode code_of(const relocation& at) const noexcept { return static_cast<opcode>(pickle_[at.offset]); }
    [[nodiscard]] bool is_dropped(const relocation& at) const noexcept { return !keeps_memo_ || code_of(at) == opcode::frame; }
    /// True if what is dropped, if anything, is at the end: the MEMOIZE of a text, and the FRAME before that.
    [[nodiscard]] bool is_one_piece() const noexcept
    {
        std::size_t end = end_;
        for (auto at = inside_.rbegin(); at != inside_.rend(); ++at) {
            end -= 1 + argument_size(code_of(*at));
            if (!is_dropped(*at) || at->offset != end)
                return false;
        }
        return true;
    }
    [[nodiscard]] std::size_t spliced_size() const noexcept
    {
        std::size_t size = end_ - begin_;
        for (const relocation& at : inside_)
            if (is_dropped(at))
                size -= 1 + argument_size(code_of(at));
        return size;
    }
    void write(std::byte* output) const
    {
        std::size_t from = begin_;
        for (const relocation& at : inside_) {
            const std::size_t size = 1 + argument_size(code_of(at));
            output = copy(output, from, at.offset);
            from = at.offset + size;
            if (is_dropped(at))
                continue;
            std::memcpy(output, pickle_.data() + at.offset, size);
            for (std::size_t i = 1; i < size; ++i)
                output[i] = static_cast<std::byte>((at.index - base_) >> (8 * (i - 1)));
            output += size;
        }
        copy(output, from, end_);
    }
    std::byte* copy(std::byte* output, std::size_t from, std::size_t to) const
    {
        std::memcpy(output, pickle_.data() + from, to - from);
        return output + (to - from);
    }

    bytes_view pickle_;
    std::uint32_t begin_;
    std::uint32_t end_;
    std::span<const relocation> inside_;
    std::uint32_t base_ = 0;
    bool keeps_memo_ = false;
};

}  // namespace

struct envelope_reader::state {
    scan_sink sink;
    pickle_machine<scan_sink> machine{sink};
    bytes_view pickle;
    pickle_limits limits;
    bool is_tuple = false;
    std::size_t rewrite_allowance = 0;    // octets that elements written anew may still cost
    std::shared_ptr<object_graph> graph;  // of the whole pickle, once something cannot be spliced
    node_id root = no_node;
    pickle_status graph_status;
    byte_buffer* lent = nullptr;
    item adopter;  // has taken lent memory over, and keeps what the accessors gave

    /// True if the scan's ranges cannot be used at all, and the graph answers every question.
    [[nodiscard]] bool by_graph() const noexcept { return sink.irregular(); }

    void decode()
    {
        if (graph != nullptr || graph_status)
            return;
        decoded result = decode_pickle(pickle, limits, graph_status);
        graph = std::move(result.graph);
        root = result.root;
    }
    [[nodiscard]] node_id field_node(std::size_t field) const noexcept { return graph->children(root)[field]; }

    [[nodiscard]] node_kind kind(std::size_t field) const noexcept
    {
        if (by_graph())
            return graph->kind(field_node(field));
        return sink.fields()[field].slot.ref.kind;
    }
    [[nodiscard]] std::optional<std::string_view> text(const part& known) const noexcept
    {
        const node_kind what = known.slot.ref.kind;
        if (what != node_kind::str && what != node_kind::byte_string)
            return std::nullopt;
        return sink.text_of(known.slot.ref);
    }
    [[nodiscard]] std::optional<std::string_view> node_text(node_id node) const noexcept
    {
        const node_kind what = graph->kind(node);
        if (what != node_kind::str && what != node_kind::byte_string)
            return std::nullopt;
        return graph->text(node);
    }
    [[nodiscard]] payload from_graph(node_id node)
    {
        const value known = object_graph::to_value(graph, node);
        if (object_graph::graph_of(known) == nullptr)
            return known;
        const std::uint8_t protocol = std::max<std::uint8_t>(machine.protocol(), 2);
        charge(graph->node_count() * sizeof(node_id));  // the writer looks at each node
        item made = write_item(*graph, node, {protocol, protocol == 2}, rewrite_allowance);
        charge(made.size());
        return made;
    }
    /// Elements that are written anew may share what they hold, and each gets a copy of it: a thousand references to one
    /// large text would be a thousand texts. What is written for one pickle is therefore bounded by its own size.
    void charge(std::size_t octets)
    {
        if (octets > rewrite_allowance) {
            const pickle_status status{pickle_errc::rewrite_size_exceeded, 0};
            throw pickle_error{status.message(limits), status.code, status.offset};
        }
        rewrite_allowance -= octets;
    }
    /// `known` spliced, or nothing if that cannot be done.
    [[nodiscard]] std::optional<payload> spliced(const part& known)
    {
        if (auto scalar = scalar_of(known.slot.ref))
            return payload{std::move(*scalar)};
        const bool was_lent = lent != nullptr;
        auto made = splice{pickle, sink.relocations(), known.slot.begin, known.end}.make(sink.traits(machine.protocol()), lent);
        if (!made)
            return std::nullopt;
        if (was_lent && lent == nullptr)
            adopter = *made;
        return payload{std::move(*made)};
    }
    void require_graph()
    {
        decode();
        if (graph_status)
            throw pickle_error{graph_status.message(limits), graph_status.code, graph_status.offset};
    }

    void forget_graph() noexcept
    {
        graph.reset();
        graph_status = {};
    }
    /// Nothing asks for the last pickle any more.
    void release() noexcept
    {
        lent = nullptr;
        adopter = {};
        is_tuple = false;
        forget_graph();
        machine.release();  // read() has done so, unless it ran out of memory
        sink.release();
    }
};

envelope_reader::envelope_reader() : state_{std::make_unique<state>()} {}
envelope_reader::~envelope_reader() = default;

envelope_reader::loan::loan(envelope_reader& reader, byte_buffer* memory) noexcept : reader_{reader}
{
    reader_.state_->lent = memory;
}

envelope_reader::loan::~loan()
{
    reader_.state_->release();
}

pickle_status envelope_reader::read(bytes_view pickle, const pickle_limits& limits)
{
    state& self = *state_;
    self.pickle = pickle;
    self.limits = limits;
    self.forget_graph();
    self.rewrite_allowance = rewrite_size_max(pickle.size());
    self.sink.begin(pickle);
    self.is_tuple = false;
    const pickle_status status = self.machine.run(pickle, limits);
    self.is_tuple = !status && self.machine.result().kind == node_kind::tuple;
    self.machine.release();
    if (status)
        return status;
    if (self.by_graph()) {
        self.decode();
        return self.graph_status;
    }
    return {};
}

std::uint8_t envelope_reader::protocol() const noexcept
{
    return state_->machine.protocol();
}

std::optional<std::size_t> envelope_reader::field_count() const noexcept
{
    if (!state_->is_tuple)
        return std::nullopt;
    return state_->by_graph() ? state_->graph->children(state_->root).size() : state_->sink.field_count();
}

bool envelope_reader::is_none(std::size_t field) const noexcept
{
    return state_->kind(field) == node_kind::none;
}

bool envelope_reader::is_tuple(std::size_t field) const noexcept
{
    return state_->kind(field) == node_kind::tuple;
}

bool envelope_reader::is_dict(std::size_t field) const noexcept
{
    return state_->kind(field) == node_kind::dict;
}

std::optional<std::string_view> envelope_reader::text(std::size_t field) const noexcept
{
    if (state_->by_graph())
        return state_->node_text(state_->field_node(field));
    return state_->text(state_->sink.fields()[field]);
}

payload envelope_reader::take(std::size_t field)
{
    if (!state_->by_graph())
        if (auto made = state_->spliced(state_->sink.fields()[field]))
            return std::move(*made);
    state_->require_graph();
    return state_->from_graph(state_->field_node(field));
}

std::size_t envelope_reader::element_count(std::size_t field) const noexcept
{
    if (!is_tuple(field) && !is_dict(field))
        return 0;
    if (state_->by_graph())
        return state_->graph->children(state_->field_node(field)).size();
    return state_->sink.elements(field).count;
}

std::optional<std::string_view> envelope_reader::element_text(std::size_t field, std::size_t element) const noexcept
{
    if (state_->by_graph())
        return state_->node_text(state_->graph->children(state_->field_node(field))[element]);
    const part* const known = state_->sink.elements(field).find(element);
    return known != nullptr ? state_->text(*known) : std::nullopt;
}

payload envelope_reader::take_element(std::size_t field, std::size_t element)
{
    if (!state_->by_graph())
        if (const part* const known = state_->sink.elements(field).find(element))
            if (auto made = state_->spliced(*known))
                return std::move(*made);
    state_->require_graph();
    return state_->from_graph(state_->graph->children(state_->field_node(field))[element]);
}

std::size_t envelope_reader::scratch_size() const noexcept
{
    return state_->machine.scratch_size() + state_->sink.scratch_size();
}

}  // namespace quaymaster::codec
