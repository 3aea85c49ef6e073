// pickle_machine: the unpickler's stack machine without its effects. It checks every opcode and tells a sink what each
// would have made. CPython's pickle.py `_Unpickler` is the reference; nothing here imports, calls or constructs.
#pragma once

#include "codec/object_graph.hpp"
#include "codec/pickle_errc.hpp"
#include "codec/pickle_opcodes.hpp"
#include "codec/text_arguments.hpp"

#include <bit>
#include <cstring>
#include <limits>
#include <map>
#include <span>
#include <string_view>
#include <vector>

namespace quaymaster::codec {

/// An object on the stack: the sink's reference to it, where its first opcode is, and how deep it nests.
template <class Ref>
struct stack_slot {
    Ref ref;
    std::uint32_t begin;
    std::uint32_t depth;
};

/// Gives back the memory of what one giant pickle has filled: its reader must not be a giant for ever.
/// (`kept = {}` would only empty it: that assigns an empty list and keeps the capacity.)
template <class T>
void release_oversized(std::vector<T>& scratch) noexcept
{
    constexpr std::size_t kept_capacity_max = 1 << 14;
    if (scratch.capacity() > kept_capacity_max)
        std::vector<T>{}.swap(scratch);
}

/// Runs pickles over a `Sink`, which offers (Ref is Sink::ref, Slot is stack_slot<Ref>):
///   node_kind kind(Ref)
///   Ref none(), boolean(bool), integer(int64, bool python2_long), big_integer(bytes_view, bool), floating(double)
///   Ref decimal(const decimal_digits&, bool python2_long) for text beyond 64 bits, which the sink converts if it has to
///   Ref text(node_kind, string_view) and own_text(node_kind, const std::string&) for text that must be copied
///   Ref container(node_kind, span<const Slot>, size_t position, uint32_t offset)
///   void append(Slot&, span<const Slot>, size_t position, uint32_t offset), set_items(...), add_items(...) likewise
///   Ref global(string_view module, string_view name), stack_global(Ref module, Ref name)
///   Ref object(construction, Ref callable, Ref arguments, const Ref* keywords), instance(Ref cls, span<const Slot>)
///   void build(Ref, Ref state); Ref extension(uint32_t); Ref persistent_text(string_view), persistent(Ref)
///   void at_put(uint32_t offset, opcode, uint32_t index), at_get(uint32_t offset, opcode, uint32_t index, uint32_t put_offset, Ref, size_t position)
///   void at_protocol(uint8_t), at_frame(uint32_t offset), at_rearranged() (POP, POP_MARK, DUP, a second PUT)
///   bool full() and, if so, pickle_errc exceeded(): the bound that what it has made has reached
/// `position` is the stack index of the object concerned, MARKs not counted.
/// Reuse: run() clears the stack and the memo but keeps their memory, until release().
template <class Sink>
class pickle_machine {
public:
    using ref = typename Sink::ref;
    using slot = stack_slot<ref>;

    explicit pickle_machine(Sink& sink) : sink_{sink} {}

    /// Runs a pickle from its first opcode to STOP, or (`fragment`) an item's opcodes to their end.
    /// On success result() is the object.
    pickle_status run(bytes_view pickle, const pickle_limits& limits, bool fragment = false)
    {
        clear();
        if (pickle.size() > max_offset)
            return {pickle_errc::malformed_argument, max_offset};
        text_ = as_chars(pickle);
        limits_ = limits;
        is_fragment_ = fragment;
        while (!failed_ && !stopped_) {
            if (at_ == text_.size()) {
                if (!fragment)
                    fail(pickle_errc::truncated);
                break;
            }
            opcode_begin_ = static_cast<std::uint32_t>(at_);
            step(static_cast<opcode>(static_cast<unsigned char>(text_[at_++])));
        }
        if (!failed_ && (stack_.size() != 1 || !marks_.empty()))
            fail(pickle_errc::stack_underflow);
        if (!failed_ && at_ != text_.size())
            fail(pickle_errc::trailing_data);
        return failed_ ? pickle_status{error_, opcode_begin_} : pickle_status{};
    }

    [[nodiscard]] ref result() const { return stack_.back().ref; }
    [[nodiscard]] std::uint8_t protocol() const noexcept { return protocol_; }

    /// Ends the use of result(): forgets the stack and the memo, and gives back what is oversized.
    void release() noexcept
    {
        stack_.clear();
        marks_.clear();
        memo_.clear();
        sparse_memo_.clear();
        release_oversized(stack_);
        release_oversized(marks_);
        release_oversized(memo_);
    }
    /// Octets that the stack and the memo take now.
    [[nodiscard]] std::size_t scratch_size() const noexcept
    {
        return stack_.capacity() * sizeof(slot) + marks_.capacity() * sizeof(mark_entry) +
               memo_.capacity() * sizeof(memo_entry) + sparse_memo_.size() * sparse_node_size;
    }

private:
    static constexpr std::uint32_t max_offset = 0xffff'fff0;
    static constexpr std::uint32_t unset = std::numeric_limits<std::uint32_t>::max();  // no offset: beyond max_offset
    // Every pickler hands memo indices out densely. One that jumps further ahead than this, and than the entries there are,
    // must not make us allocate the gap; it goes to a map, which is slower and larger and therefore counts as so many entries.
    static constexpr std::size_t memo_lead_max = 1024;
    static constexpr std::size_t sparse_entry_cost = 256;

    // There may be as many of these as the pickle has octets: no field is wider than it must be.
    struct memo_entry {
        slot content;
        std::uint32_t put_offset = unset;
    };
    struct mark_entry {
        std::uint32_t height;
        std::uint32_t begin;
    };
    static constexpr std::size_t sparse_node_size = sizeof(memo_entry) + 5 * sizeof(void*);  // about

    void clear()
    {
        release();
        memo_size_ = 0;
        memo_cost_ = 0;
        at_ = 0;
        opcode_begin_ = 0;
        protocol_ = 0;
        failed_ = stopped_ = false;
    }

    void fail(pickle_errc error)
    {
        failed_ = true;
        error_ = error;
    }

    // Arguments.

    std::string_view take(std::size_t count)
    {
        if (text_.size() - at_ < count) {
            fail(pickle_errc::truncated);
            return {};
        }
        const std::string_view taken = text_.substr(at_, count);
        at_ += count;
        return taken;
    }
    std::uint64_t take_little(std::size_t width)
    {
        const std::string_view octets = take(width);
        std::uint64_t number = 0;
        for (std::size_t i = octets.size(); i-- > 0;)
            number = (number << 8U) | static_cast<unsigned char>(octets[i]);
        return number;
    }
    std::string_view take_counted(std::size_t width)
    {
        const std::uint64_t count = take_little(width);
        if (failed_)
            return {};
        if (count > text_.size() - at_) {
            fail(pickle_errc::truncated);
            return {};
        }
        return take(static_cast<std::size_t>(count));
    }
    std::string_view take_line()
    {
        const std::size_t end = text_.find('\n', at_);
        if (end == std::string_view::npos) {
            fail(pickle_errc::truncated);
            return {};
        }
        const std::string_view line = text_.substr(at_, end - at_);
        at_ = end + 1;
        return line;
    }
    std::optional<std::uint32_t> take_line_index()
    {
        const std::string_view line = take_line();
        std::uint64_t index = 0;
        for (const char digit : line) {
            if (digit < '0' || digit > '9' || index > max_offset)
                return std::nullopt;
            index = index * 10 + static_cast<unsigned>(digit - '0');
        }
        if (line.empty() || index > max_offset)
            return std::nullopt;
        return static_cast<std::uint32_t>(index);
    }

    // The stack.

    [[nodiscard]] std::size_t floor() const noexcept { return marks_.empty() ? 0 : marks_.back().height; }

    void push(ref pushed, std::uint32_t begin, std::uint32_t depth)
    {
        if (stack_.size() >= limits_.stack_size_max)
            return fail(pickle_errc::stack_size_exceeded);
        if (depth > limits_.depth_max)
            return fail(pickle_errc::depth_exceeded);
        if (sink_.full())
            return fail(sink_.exceeded());
        stack_.push_back({pushed, begin, depth});
    }
    void push_leaf(ref pushed) { push(pushed, opcode_begin_, 0); }

    /// True if at least `count` objects lie above the topmost MARK.
    bool need(std::size_t count)
    {
        if (failed_)
            return false;
        if (stack_.size() - floor() < count) {
            fail(pickle_errc::stack_underflow);
            return false;
        }
        return true;
    }
    bool need_mark()
    {
        if (failed_)
            return false;
        if (marks_.empty()) {
            fail(pickle_errc::mark_missing);
            return false;
        }
        return true;
    }
    /// Pops the topmost MARK; what lay above it stays on the stack from `height` on.
    mark_entry take_mark()
    {
        const mark_entry taken = marks_.back();
        marks_.pop_back();
        return taken;
    }
    [[nodiscard]] std::span<const slot> above(std::size_t height) const { return std::span{stack_}.subspan(height); }
    [[nodiscard]] static std::uint32_t depth_around(std::span<const slot> children) noexcept
    {
        std::uint32_t deepest = 0;
        for (const slot& child : children)
            deepest = std::max(deepest, child.depth);
        return deepest + 1;
    }

    // Groups of opcodes.

    /// An item ends with its last octet.
    void stop()
    {
        if (is_fragment_)
            return fail(pickle_errc::trailing_data);
        stopped_ = true;
    }

    void push_text(node_kind kind, std::string_view content)
    {
        if (failed_)
            return;
        if (kind == node_kind::str && !is_utf8(content))
            return fail(pickle_errc::malformed_argument);
        push_leaf(sink_.text(kind, content));
    }
    void push_own_text(node_kind kind, const std::optional<std::string>& content)
    {
        if (failed_)
            return;
        if (!content)
            return fail(pickle_errc::malformed_argument);
        push_leaf(sink_.own_text(kind, *content));
    }
    void push_integer(std::int64_t number)
    {
        if (!failed_)
            push_leaf(sink_.integer(number, false));
    }
    /// LONG1, LONG4: two's complement. `python2_long` is for Python 2 to tell; Python 3 has one kind of int.
    void push_long(std::string_view little_endian)
    {
        if (failed_)
            return;
        if (little_endian.size() > limits_.integer_size_max)
            return fail(pickle_errc::integer_size_exceeded);
        push_leaf(sink_.big_integer(as_bytes(little_endian), true));
    }
    void push_decimal(std::string_view line, bool python2_long)
    {
        if (failed_)
            return;
        const auto number = decimal_from_text(line);
        if (!number)
            return fail(pickle_errc::malformed_argument);
        if (const auto small = small_integer(*number))
            return push_leaf(sink_.integer(*small, python2_long));
        // Only to count digits is linear in them; who needs the number converts it, which takes the square.
        if (number->digits.size() > decimal_digits_max)
            return fail(pickle_errc::decimal_digits_exceeded);
        if (least_octets(*number) > limits_.integer_size_max)
            return fail(pickle_errc::integer_size_exceeded);
        push_leaf(sink_.decimal(*number, python2_long));
    }
    void int_text()
    {
        std::string_view line = take_line();
        if (failed_)
            return;
        if (line == "00" || line == "01")
            return push_leaf(sink_.boolean(line == "01"));
        push_decimal(trimmed(line), false);
    }
    void long_text()
    {
        std::string_view line = trimmed(take_line());
        if (!line.empty() && (line.back() == 'L' || line.back() == 'l'))
            line.remove_suffix(1);
        push_decimal(line, true);
    }
    void float_text()
    {
        const std::string_view line = take_line();
        if (failed_)
            return;
        const auto number = float_from_text(line);
        if (!number)
            return fail(pickle_errc::malformed_argument);
        push_leaf(sink_.floating(*number));
    }
    void binfloat()
    {
        const std::string_view octets = take(sizeof(double));
        if (failed_)
            return;
        std::uint64_t bits = 0;
        for (const char octet : octets)
            bits = (bits << 8U) | static_cast<unsigned char>(octet);
        push_leaf(sink_.floating(std::bit_cast<double>(bits)));
    }
    static std::string_view trimmed(std::string_view line) noexcept
    {
        while (!line.empty() && (line.back() == ' ' || line.back() == '\r'))
            line.remove_suffix(1);
        return line;
    }

    /// TUPLE, LIST, DICT, FROZENSET: one container of all above the topmost MARK.
    void collect(node_kind kind)
    {
        if (!need_mark())
            return;
        const mark_entry mark = take_mark();
        if (kind == node_kind::dict && (stack_.size() - mark.height) % 2 != 0)
            return fail(pickle_errc::stack_underflow);
        replace_with_container(kind, mark.height, mark.begin);
    }
    /// TUPLE1, TUPLE2, TUPLE3.
    void small_tuple(std::size_t count)
    {
        if (!need(count))
            return;
        const std::size_t height = stack_.size() - count;
        replace_with_container(node_kind::tuple, height, stack_[height].begin);
    }
    void replace_with_container(node_kind kind, std::size_t height, std::uint32_t begin)
    {
        const auto children = above(height);
        const std::uint32_t depth = depth_around(children);
        const ref made = sink_.container(kind, children, height, opcode_begin_);
        stack_.resize(height, slot{made, begin, depth});
        push(made, begin, depth);
    }
    void push_empty(node_kind kind) { push(sink_.container(kind, {}, stack_.size(), opcode_begin_), opcode_begin_, 1); }

    enum class extension_of { list, dict, set };
    /// APPEND, SETITEM: one step; APPENDS, SETITEMS, ADDITEMS: all above the topmost MARK.
    void extend_one(extension_of what, std::size_t count)
    {
        if (need(count + 1))
            extend(what, stack_.size() - count);
    }
    void extend_many(extension_of what)
    {
        if (!need_mark())
            return;
        const std::size_t height = take_mark().height;
        if (height == floor())
            return fail(pickle_errc::stack_underflow);
        if (what == extension_of::dict && (stack_.size() - height) % 2 != 0)
            return fail(pickle_errc::stack_underflow);
        extend(what, height);
    }
    void extend(extension_of what, std::size_t height)
    {
        slot& target = stack_[height - 1];
        const auto children = above(height);
        const node_kind kind = sink_.kind(target.ref);
        const node_kind native = what == extension_of::list  ? node_kind::list
                                 : what == extension_of::dict ? node_kind::dict
                                                              : node_kind::set;
        if (kind != native && !is_instance(kind))
            return fail(pickle_errc::wrong_operand);
        if (!children.empty())
            target.depth = std::max(target.depth, depth_around(children));
        if (target.depth > limits_.depth_max)
            return fail(pickle_errc::depth_exceeded);
        switch (what) {
        case extension_of::list: sink_.append(target, children, height - 1, opcode_begin_); break;
        case extension_of::dict: sink_.set_items(target, children, height - 1, opcode_begin_); break;
        case extension_of::set: sink_.add_items(target, children, height - 1, opcode_begin_); break;
        }
        stack_.resize(height, slot{});
    }
    [[nodiscard]] static bool is_instance(node_kind kind) noexcept
    {
        return kind == node_kind::object || kind == node_kind::persistent || kind == node_kind::extension;
    }
    [[nodiscard]] static bool is_callable(node_kind kind) noexcept { return kind == node_kind::global || is_instance(kind); }

    void call(construction how)
    {
        const bool keywords = how == construction::newobj_ex;
        const std::size_t count = keywords ? 3 : 2;
        if (!need(count))
            return;
        const std::size_t height = stack_.size() - count;
        const slot callable = stack_[height];
        const slot arguments = stack_[height + 1];
        if (!is_callable(sink_.kind(callable.ref)) || sink_.kind(arguments.ref) != node_kind::tuple ||
            (keywords && sink_.kind(stack_[height + 2].ref) != node_kind::dict))
            return fail(pickle_errc::wrong_operand);
        const std::uint32_t depth = depth_around(above(height));
        const ref made =
            sink_.object(how, callable.ref, arguments.ref, keywords ? &stack_[height + 2].ref : nullptr);
        stack_.resize(height, slot{});
        push(made, callable.begin, depth);
    }
    void global()
    {
        const std::string_view module = take_line();
        const std::string_view name = failed_ ? std::string_view{} : take_line();
        if (failed_)
            return;
        if (!is_utf8(module) || !is_utf8(name))
            return fail(pickle_errc::malformed_argument);
        push_leaf(sink_.global(module, name));
    }
    void stack_global()
    {
        if (!need(2))
            return;
        const std::size_t height = stack_.size() - 2;
        const slot module = stack_[height];
        const slot name = stack_[height + 1];
        if (sink_.kind(module.ref) != node_kind::str || sink_.kind(name.ref) != node_kind::str)
            return fail(pickle_errc::wrong_operand);
        const ref made = sink_.stack_global(module.ref, name.ref);
        stack_.resize(height, slot{});
        push(made, module.begin, 0);
    }
    /// INST: MARK arguments, class as lines.
    void inst()
    {
        const std::string_view module = take_line();
        const std::string_view name = failed_ ? std::string_view{} : take_line();
        if (!need_mark())
            return;
        if (!is_utf8(module) || !is_utf8(name))
            return fail(pickle_errc::malformed_argument);
        const mark_entry mark = take_mark();
        instantiate(sink_.global(module, name), mark.height, mark);
    }
    /// OBJ: MARK class arguments.
    void obj()
    {
        if (!need_mark())
            return;
        const mark_entry mark = take_mark();
        if (stack_.size() == mark.height)
            return fail(pickle_errc::stack_underflow);
        const ref cls = stack_[mark.height].ref;
        if (!is_callable(sink_.kind(cls)))
            return fail(pickle_errc::wrong_operand);
        instantiate(cls, mark.height + 1, mark);
    }
    void instantiate(ref cls, std::size_t arguments_height, mark_entry mark)
    {
        const auto arguments = above(arguments_height);
        const std::uint32_t depth = depth_around(arguments) + 1;
        const ref made = sink_.instance(cls, arguments);
        stack_.resize(mark.height, slot{});
        push(made, mark.begin, depth);
    }
    void build()
    {
        if (!need(2))
            return;
        const slot state = stack_.back();
        slot& target = stack_[stack_.size() - 2];
        if (!is_instance(sink_.kind(target.ref)))
            return fail(pickle_errc::wrong_operand);
        target.depth = std::max(target.depth, state.depth + 1);
        if (target.depth > limits_.depth_max)
            return fail(pickle_errc::depth_exceeded);
        sink_.build(target.ref, state.ref);
        stack_.pop_back();
    }
    void extension(std::size_t width)
    {
        const std::uint64_t code = take_little(width);
        if (failed_)
            return;
        if (code == 0 || code > 0x7fff'ffff)
            return fail(pickle_errc::malformed_argument);
        push_leaf(sink_.extension(static_cast<std::uint32_t>(code)));
    }
    void binpersid()
    {
        if (!need(1))
            return;
        const slot id = stack_.back();
        stack_.pop_back();
        push(sink_.persistent(id.ref), id.begin, id.depth + 1);
    }

    // The memo.

    memo_entry* memo_at(std::uint32_t index)
    {
        if (index < memo_.size() && memo_[index].put_offset != unset)
            return &memo_[index];
        if (sparse_memo_.empty())
            return nullptr;
        const auto found = sparse_memo_.find(index);  // also where the dense entries have since reached further
        return found == sparse_memo_.end() ? nullptr : &found->second;
    }
    void put(opcode how, std::optional<std::uint32_t> index)
    {
        if (!failed_ && !index)
            return fail(pickle_errc::malformed_argument);
        if (!need(1))
            return;
        memo_entry* place = memo_at(*index);
        if (place != nullptr)
            sink_.at_rearranged();
        else
            place = new_memo_entry(*index);
        if (place == nullptr)
            return fail(pickle_errc::memo_size_exceeded);
        *place = {stack_.back(), opcode_begin_};
        sink_.at_put(opcode_begin_, how, *index);
    }
    /// Null beyond memo_size_max.
    memo_entry* new_memo_entry(std::uint32_t index)
    {
        // By the entries there are, not by the vector's size: that would let each jump pay for the next.
        const bool is_dense = index < memo_.size() || index <= 2 * memo_size_ + memo_lead_max;
        const std::size_t cost = is_dense ? 1 : sparse_entry_cost;
        if (limits_.memo_size_max - memo_cost_ < cost)
            return nullptr;
        memo_cost_ += cost;
        ++memo_size_;
        if (!is_dense)
            return &sparse_memo_[index];
        if (index >= memo_.size())
            memo_.resize(std::size_t{index} + 1);
        return &memo_[index];
    }
    void get(opcode how, std::optional<std::uint32_t> index)
    {
        if (failed_)
            return;
        if (!index)
            return fail(pickle_errc::malformed_argument);
        const memo_entry* entry = memo_at(*index);
        if (entry == nullptr)
            return fail(pickle_errc::memo_missing);
        const slot content = entry->content;
        sink_.at_get(opcode_begin_, how, *index, entry->put_offset, content.ref, stack_.size());
        push(content.ref, opcode_begin_, content.depth);
    }

    // The rest.

    void read_protocol()
    {
        const std::uint64_t number = take_little(1);
        if (failed_)
            return;
        if (number > highest_protocol)
            return fail(pickle_errc::unsupported_protocol);
        protocol_ = static_cast<std::uint8_t>(number);
        sink_.at_protocol(protocol_);
    }
    void frame()
    {
        // A frame only says where the writer flushed; its length must fit what is left, as CPython's reader demands.
        const std::uint64_t length = take_little(8);
        if (failed_)
            return;
        if (length > text_.size() - at_)
            return fail(pickle_errc::truncated);
        sink_.at_frame(opcode_begin_);
    }
    void pop()
    {
        sink_.at_rearranged();
        if (!marks_.empty() && marks_.back().height == stack_.size())
            marks_.pop_back();
        else if (need(1))
            stack_.pop_back();
    }
    void pop_mark()
    {
        sink_.at_rearranged();
        if (need_mark())
            stack_.resize(take_mark().height, slot{});
    }
    void duplicate()
    {
        sink_.at_rearranged();
        if (need(1))
            push(stack_.back().ref, opcode_begin_, stack_.back().depth);
    }
    void mark()
    {
        if (marks_.size() + stack_.size() >= limits_.stack_size_max)
            return fail(pickle_errc::stack_size_exceeded);
        marks_.push_back({static_cast<std::uint32_t>(stack_.size()), opcode_begin_});
    }

    void step(opcode code)
    {
        switch (code) {
        case opcode::mark: return mark();
        case opcode::stop: return stop();
        case opcode::pop: return pop();
        case opcode::pop_mark: return pop_mark();
        case opcode::dup: return duplicate();
        case opcode::float_text: return float_text();
        case opcode::int_text: return int_text();
        case opcode::binint: return push_integer(static_cast<std::int32_t>(static_cast<std::uint32_t>(take_little(4))));
        case opcode::binint1: return push_integer(static_cast<std::int64_t>(take_little(1)));
        case opcode::binint2: return push_integer(static_cast<std::int64_t>(take_little(2)));
        case opcode::long_text: return long_text();
        case opcode::long1: return push_long(take_counted(1));
        case opcode::long4: return push_long(take_counted(4));
        case opcode::none: return push_leaf(sink_.none());
        case opcode::newtrue: return push_leaf(sink_.boolean(true));
        case opcode::newfalse: return push_leaf(sink_.boolean(false));
        case opcode::binfloat: return binfloat();
        case opcode::string: return push_own_text(node_kind::byte_string, unescape_string(take_line()));
        case opcode::unicode: return push_own_text(node_kind::str, unescape_raw_unicode(take_line()));
        case opcode::binstring: return push_text(node_kind::byte_string, take_counted(4));
        case opcode::short_binstring: return push_text(node_kind::byte_string, take_counted(1));
        case opcode::short_binunicode: return push_text(node_kind::str, take_counted(1));
        case opcode::binunicode: return push_text(node_kind::str, take_counted(4));
        case opcode::binunicode8: return push_text(node_kind::str, take_counted(8));
        case opcode::short_binbytes: return push_text(node_kind::bytes, take_counted(1));
        case opcode::binbytes: return push_text(node_kind::bytes, take_counted(4));
        case opcode::binbytes8: return push_text(node_kind::bytes, take_counted(8));
        case opcode::bytearray8: return push_text(node_kind::bytearray, take_counted(8));
        case opcode::empty_tuple: return push_empty(node_kind::tuple);
        case opcode::empty_list: return push_empty(node_kind::list);
        case opcode::empty_dict: return push_empty(node_kind::dict);
        case opcode::empty_set: return push_empty(node_kind::set);
        case opcode::tuple: return collect(node_kind::tuple);
        case opcode::tuple1: return small_tuple(1);
        case opcode::tuple2: return small_tuple(2);
        case opcode::tuple3: return small_tuple(3);
        case opcode::list: return collect(node_kind::list);
        case opcode::dict: return collect(node_kind::dict);
        case opcode::frozenset: return collect(node_kind::frozenset);
        case opcode::append: return extend_one(extension_of::list, 1);
        case opcode::appends: return extend_many(extension_of::list);
        case opcode::setitem: return extend_one(extension_of::dict, 2);
        case opcode::setitems: return extend_many(extension_of::dict);
        case opcode::additems: return extend_many(extension_of::set);
        case opcode::global: return global();
        case opcode::stack_global: return stack_global();
        case opcode::reduce: return call(construction::reduce);
        case opcode::newobj: return call(construction::newobj);
        case opcode::newobj_ex: return call(construction::newobj_ex);
        case opcode::inst: return inst();
        case opcode::obj: return obj();
        case opcode::build: return build();
        case opcode::ext1: return extension(1);
        case opcode::ext2: return extension(2);
        case opcode::ext4: return extension(4);
        case opcode::persid: {
            const std::string_view line = take_line();
            if (!failed_)
                push_leaf(sink_.persistent_text(line));
            return;
        }
        case opcode::binpersid: return binpersid();
        case opcode::put: return put(code, take_line_index());
        case opcode::binput: return put(code, static_cast<std::uint32_t>(take_little(1)));
        case opcode::long_binput: return put(code, static_cast<std::uint32_t>(take_little(4)));
        case opcode::memoize: return put(code, static_cast<std::uint32_t>(memo_size_));
        case opcode::get: return get(code, take_line_index());
        case opcode::binget: return get(code, static_cast<std::uint32_t>(take_little(1)));
        case opcode::long_binget: return get(code, static_cast<std::uint32_t>(take_little(4)));
        case opcode::proto: return read_protocol();
        case opcode::frame: return frame();
        case opcode::next_buffer:
        case opcode::readonly_buffer: return fail(pickle_errc::out_of_band_buffer);
        }
        fail(pickle_errc::unknown_opcode);
    }

    Sink& sink_;
    pickle_limits limits_;
    std::string_view text_;
    std::size_t at_ = 0;
    std::uint32_t opcode_begin_ = 0;
    std::vector<slot> stack_;
    std::vector<mark_entry> marks_;
    std::vector<memo_entry> memo_;
    std::map<std::uint32_t, memo_entry> sparse_memo_;  // indices far beyond the dense ones; no hash that a peer could flood
    std::size_t memo_size_ = 0;
    std::size_t memo_cost_ = 0;  // the same, with sparse entries at their price
    std::uint8_t protocol_ = 0;
    pickle_errc error_ = pickle_errc::truncated;
    bool failed_ = false;
    bool stopped_ = false;
    bool is_fragment_ = false;
};

}  // namespace quaymaster::codec
