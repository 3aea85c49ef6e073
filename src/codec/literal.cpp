// literal: a reader of Python literals and JSON. Brackets nest on a stack of our own, so no text can exhaust the real one.
//
// JSON has no library behind it here because the reader exists anyway, and because the fitting one (Boost.JSON) turns
// integers beyond 64 bits into floats and, used without its compiled part, clashes with a program that uses it too.
#include <quaymaster/literal.hpp>

#include "codec/base64.hpp"
#include "codec/object_graph.hpp"
#include "codec/text_arguments.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <vector>

namespace quaymaster {

namespace {

using codec::construction;
using codec::no_node;
using codec::node_id;
using codec::node_kind;
using codec::object_graph;

/// Octets of an integer written in hexadecimal, octal or binary.
constexpr std::size_t integer_octets_max = 1 << 16;

constexpr bool is_digit(char letter) noexcept
{
    return letter >= '0' && letter <= '9';
}

constexpr bool is_name_letter(char letter) noexcept
{
    return is_digit(letter) || letter == '_' || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           static_cast<unsigned char>(letter) >= 0x80;
}

constexpr int digit_value(char letter) noexcept
{
    if (is_digit(letter))
        return letter - '0';
    if (letter >= 'a' && letter <= 'f')
        return letter - 'a' + 10;
    if (letter >= 'A' && letter <= 'F')
        return letter - 'A' + 10;
    return 99;
}

enum class syntax : std::uint8_t { python, json };

class literal_reader {
public:
    literal_reader(std::string_view text, syntax how) : text_{text}, how_{how} {}

    value read()
    {
        if (!codec::is_utf8(text_))
            throw literal_error{what() + "the text is not UTF-8", 0};
        open(bracket::none);
        while (!brackets_.empty()) {
            skip_space();
            if (may_end_here())
                close();
            else
                read_value();
        }
        return object_graph::to_value(graph_, result_);
    }

private:
    enum class bracket : std::uint8_t {
        none,   // around the whole text: in Python `1, 2` is a tuple
        round,  // a tuple, or a parenthesized value
        square,
        curly,  // a dict, or in Python a set
        set, frozenset, bytearray,  // a call of one
    };
    struct opened {
        bracket kind;
        std::size_t position;
        std::vector<node_id> children;
        bool after_comma = false;
        bool is_dict = false;     // curly: a key was followed by ':'
        bool wants_value = false; // curly: behind that ':'
    };

    // Errors.

    [[nodiscard]] std::string what() const { return how_ == syntax::json ? "JSON: " : "literal: "; }
    [[nodiscard]] std::string found() const
    {
        if (at_ >= text_.size())
            return "the end";
        // One whole character: half of one would make the message something other than text.
        std::size_t end = at_ + 1;
        while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xc0U) == 0x80)
            ++end;
        return value{text_.substr(at_, end - at_)}.repr();
    }
    [[noreturn]] void fail_expected(std::string_view expected) const
    {
        throw literal_error{what() + "expected " + std::string{expected} + " at octet " + std::to_string(at_) + ", found " +
                                found(),
                            at_};
    }
    [[noreturn]] void fail_at(std::size_t position, const std::string& problem) const
    {
        throw literal_error{what() + problem + " at octet " + std::to_string(position), position};
    }

    // Characters.

    [[nodiscard]] char peek(std::size_t ahead = 0) const noexcept
    {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    [[nodiscard]] bool at_end() const noexcept { return at_ >= text_.size(); }
    bool take(char wanted) noexcept
    {
        if (at_end() || text_[at_] != wanted)
            return false;
        ++at_;
        return true;
    }
    bool take_word(std::string_view word) noexcept
    {
        if (text_.substr(at_, word.size()) != word || is_name_letter(peek(word.size())))
            return false;
        at_ += word.size();
        return true;
    }
    void skip_space() noexcept
    {
        while (!at_end()) {
            const char next = text_[at_];
            if (next == ' ' || next == '\t' || next == '\n' || next == '\r' || (how_ == syntax::python && next == '\f')) {
                ++at_;
            } else if (how_ == syntax::python && next == '#') {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else {
                return;
            }
        }
    }

    // Brackets.

    void open(bracket kind)
    {
        if (brackets_.size() > literal_depth_max)
            fail_at(at_, "brackets nest deeper than " + std::to_string(literal_depth_max));
        brackets_.push_back({kind, at_, {}});
    }
    [[nodiscard]] static char closer(bracket kind) noexcept
    {
        switch (kind) {
        case bracket::none: return '\0';
        case bracket::square: return ']';
        case bracket::curly: return '}';
        default: return ')';
        }
    }
    [[nodiscard]] bool is_at_closer() const noexcept
    {
        const char expected = closer(brackets_.back().kind);
        return expected == '\0' ? at_end() : !at_end() && text_[at_] == expected;
    }
    /// Where a value could stand, the bracket may end instead if it is empty or, in Python, behind a comma.
    [[nodiscard]] bool may_end_here() const noexcept
    {
        const opened& inner = brackets_.back();
        if (!is_at_closer() || inner.wants_value)
            return false;
        if (inner.children.empty())
            return inner.kind != bracket::none;
        return inner.after_comma && how_ == syntax::python;
    }
    /// Ends the innermost bracket; what it made is a value of the one around it.
    void close()
    {
        if (!at_end())
            ++at_;
        opened done = std::move(brackets_.back());
        brackets_.pop_back();
        const node_id made = node_of(done);
        if (brackets_.empty())
            result_ = made;
        else
            accept(made);
    }
    /// Takes a value into the innermost bracket, with the comma, colon or closer behind it.
    void accept(node_id made)
    {
        opened& inner = brackets_.back();
        inner.children.push_back(made);
        skip_space();
        if (inner.kind == bracket::curly && !inner.wants_value) {
            const bool is_first = inner.children.size() == 1;
            if ((inner.is_dict || is_first || how_ == syntax::json) && take(':')) {
                inner.is_dict = true;
                inner.wants_value = true;
                return;
            }
            if (inner.is_dict || how_ == syntax::json)
                fail_expected("':'");
        }
        inner.wants_value = false;
        const bool may_continue = inner.kind != bracket::none || how_ == syntax::python;
        if (may_continue && take(',')) {
            inner.after_comma = true;
            return;
        }
        if (is_at_closer()) {
            inner.after_comma = inner.after_comma && inner.children.size() > 1;
            return close();
        }
        switch (inner.kind) {
        case bracket::none: fail_expected("nothing more");
        case bracket::square: fail_expected("',' or ']'");
        case bracket::curly: fail_expected("',' or '}'");
        default: fail_expected("',' or ')'");
        }
    }

    node_id node_of(opened& done)
    {
        switch (done.kind) {
        case bracket::none:
        case bracket::round:
            if (done.children.size() == 1 && !done.after_comma)
                return done.children[0];
            return graph_->add_container(node_kind::tuple, done.children);
        case bracket::square: return graph_->add_container(node_kind::list, done.children);
        case bracket::curly:
            if (how_ == syntax::json)
                if (const auto octets = octets_of_json(done))
                    return graph_->add_text(node_kind::bytes, graph_->own(*octets));
            if (done.is_dict || done.children.empty())
                return graph_->add_container(node_kind::dict, distinct(done, 2));
            return graph_->add_container(node_kind::set, distinct(done, 1));
        case bracket::set: return set_of(done, node_kind::set);
        case bracket::frozenset: return set_of(done, node_kind::frozenset);
        case bracket::bytearray: return bytearray_of(done);
        }
        return no_node;
    }
    /// The entries or members without those that repeat an earlier one, whose value the last one replaces.
    std::vector<node_id> distinct(const opened& done, std::size_t stride)
    {
        std::vector<node_id> kept;
        std::unordered_map<value, std::size_t> place_of;
        try {
            for (std::size_t i = 0; i < done.children.size(); i += stride) {
                const auto [at, is_new] =
                    place_of.try_emplace(object_graph::to_value(graph_, done.children[i]), kept.size());
                if (is_new)
                    kept.push_back(done.children[i]);
                if (is_new && stride == 2)
                    kept.push_back(done.children[i + 1]);
                else if (stride == 2)
                    kept[at->second + 1] = done.children[i + 1];
            }
        } catch (const std::invalid_argument& unhashable) {
            fail_at(done.position, unhashable.what());
        }
        return kept;
    }
    node_id set_of(opened& done, node_kind kind)
    {
        if (done.children.empty())
            return graph_->add_container(kind, {});
        const node_kind given = graph_->kind(done.children[0]);
        const bool is_iterable = given == node_kind::set || given == node_kind::list || given == node_kind::tuple ||
                                 given == node_kind::frozenset;
        if (done.children.size() != 1 || !is_iterable)
            fail_at(done.position, "a set is made of one list, tuple or set");
        const auto members = graph_->children(done.children[0]);
        done.children.assign(members.begin(), members.end());
        return graph_->add_container(kind, distinct(done, 1));
    }
    node_id bytearray_of(const opened& done)
    {
        if (done.children.empty())
            return graph_->add_text(node_kind::bytearray, {});
        if (done.children.size() != 1 || graph_->kind(done.children[0]) != node_kind::bytes)
            fail_at(done.position, "a bytearray is made of one bytes");
        return graph_->add_text(node_kind::bytearray, graph_->text(done.children[0]));
    }
    /// `{"__bytes__": "<base64>"}`.
    [[nodiscard]] std::optional<std::string> octets_of_json(const opened& done) const
    {
        if (done.children.size() != 2 || graph_->text(done.children[0]) != codec::json_bytes_key ||
            graph_->kind(done.children[1]) != node_kind::str)
            return std::nullopt;
        return codec::base64_decode(graph_->text(done.children[1]));
    }

    // Values.

    void read_value()
    {
        const char next = peek();
        const opened& inner = brackets_.back();
        if (how_ == syntax::json) {
            if (inner.kind == bracket::curly && !inner.wants_value && next != '"')
                fail_expected(inner.children.empty() ? "a key in quotes or '}'" : "a key in quotes");
            return read_json_value(next);
        }
        switch (next) {
        case '(': return open_here(bracket::round, 1);
        case '[': return open_here(bracket::square, 1);
        case '{': return open_here(bracket::curly, 1);
        default: break;
        }
        for (const auto& [name, kind] : calls)
            if (text_.substr(at_, name.size()) == name)
                return open_here(kind, name.size());
        if (is_string_here())
            return accept(python_strings());
        if (is_number_here())
            return accept(python_number());
        accept(word());
    }
    void read_json_value(char next)
    {
        switch (next) {
        case '[': return open_here(bracket::square, 1);
        case '{': return open_here(bracket::curly, 1);
        case '"': return accept(json_string());
        default: break;
        }
        if (next == '-' || is_digit(next))
            return accept(json_number());
        accept(word());
    }
    void open_here(bracket kind, std::size_t size)
    {
        open(kind);
        at_ += size;
    }
    node_id word()
    {
        const bool python = how_ == syntax::python;
        if ((python && take_word("None")) || take_word("null"))
            return graph_->add_none();
        if ((python && take_word("True")) || take_word("true"))
            return graph_->add_boolean(true);
        if ((python && take_word("False")) || take_word("false"))
            return graph_->add_boolean(false);
        fail_expected(python ? "a literal: a number, quoted text, None, True, False, or '(', '[', '{'"
                             : "a JSON value: a number, text in double quotes, null, true, false, '[' or '{'");
    }

    // Numbers.

    struct real_number {
        node_id node = no_node;
        bool imaginary = false;
    };

    [[nodiscard]] bool is_number_here() const noexcept
    {
        std::size_t ahead = 0;
        if (peek() == '-' || peek() == '+')
            while (peek(++ahead) == ' ') {
            }
        const char first = peek(ahead);
        const std::string_view rest = text_.substr(std::min(at_ + ahead, text_.size()));
        return is_digit(first) || (first == '.' && is_digit(peek(ahead + 1))) || rest.starts_with("inf") ||
               rest.starts_with("nan");
    }
    bool take_sign() noexcept
    {
        const bool negative = take('-');
        if (!negative)
            take('+');
        skip_space();
        return negative;
    }
    node_id python_number()
    {
        const std::size_t begin = at_;
        const bool negative = take_sign();
        const real_number first = unsigned_number(negative);
        if (first.imaginary)
            return complex_of(0.0, graph_->floating(first.node));
        const std::size_t end = at_;
        skip_space();
        if ((peek() == '+' || peek() == '-') && is_number_here()) {
            const bool second_negative = take_sign();
            const real_number second = unsigned_number(second_negative);
            if (!second.imaginary)
                fail_at(begin, "a sum that is no complex number");
            const auto real = object_graph::to_value(graph_, first.node).to_double();
            if (!real)
                fail_at(begin, "an int too large for a complex number");
            return complex_of(*real, graph_->floating(second.node));
        }
        at_ = end;
        return first.node;
    }
    node_id complex_of(double real, double imaginary)
    {
        const node_id parts[] = {graph_->add_floating(real), graph_->add_floating(imaginary)};
        const node_id arguments = graph_->add_container(node_kind::tuple, parts);
        return graph_->add_object(construction::reduce, graph_->add_global("builtins", "complex"), arguments);
    }

    real_number unsigned_number(bool negative)
    {
        for (const std::string_view name : {"inf", "nan"}) {
            const bool imaginary = text_.substr(at_, name.size() + 1) == std::string{name} + "j";
            if (imaginary)
                at_ += name.size() + 1;
            if (imaginary || take_word(name))
                return {graph_->add_floating(*codec::float_from_text((negative ? "-" : "") + std::string{name})), imaginary};
        }
        if (peek() == '0' && peek(1) != '\0')
            switch (peek(1)) {
            case 'x':
            case 'X': return {based_integer(4, negative)};
            case 'o':
            case 'O': return {based_integer(3, negative)};
            case 'b':
            case 'B': return {based_integer(1, negative)};
            default: break;
            }
        return decimal_number(negative);
    }
    real_number decimal_number(bool negative)
    {
        const std::size_t begin = at_;
        std::string digits{negative ? "-" : ""};
        const bool has_whole = take_digits(digits);
        bool is_float = false;
        if (take('.')) {
            is_float = true;
            digits += '.';
            if (!take_digits(digits) && !has_whole)
                fail_expected("a digit");
        }
        if (peek() == 'e' || peek() == 'E') {
            is_float = true;
            digits += text_[at_++];
            if (peek() == '-' || peek() == '+')
                digits += text_[at_++];
            if (!take_digits(digits))
                fail_expected("a digit");
        }
        const bool imaginary = take('j') || take('J');
        if (is_name_letter(peek()))
            fail_expected("the end of the number");
        if (is_float || imaginary)
            return {graph_->add_floating(float_of(begin, digits)), imaginary};
        const std::size_t first = negative ? 1 : 0;
        if (digits[first] == '0' && digits.find_first_not_of('0', first) != std::string::npos)
            fail_at(begin, "an int with a leading zero (write 0o for octal)");
        return {decimal_integer(begin, digits)};
    }
    /// Digits, with single underscores between them; false if there is none.
    bool take_digits(std::string& output)
    {
        bool any = false;
        while (is_digit(peek()) || (any && peek() == '_' && is_digit(peek(1)))) {
            if (peek() != '_')
                output += peek();
            any = true;
            ++at_;
        }
        return any;
    }
    double float_of(std::size_t begin, const std::string& digits) const
    {
        const auto number = codec::float_from_text(digits);
        if (!number)
            fail_at(begin, "no number");
        return *number;
    }
    node_id decimal_integer(std::size_t begin, const std::string& digits)
    {
        if (digits.size() - (digits.starts_with('-') ? 1 : 0) > literal_digits_max)
            fail_at(begin, "an int of more than " + std::to_string(literal_digits_max) + " digits (write it in hexadecimal)");
        const auto little_endian = codec::integer_from_decimal(digits, integer_octets_max);
        if (!little_endian)
            fail_at(begin, "no number");
        return graph_->add_big_integer(as_bytes(graph_->own(as_chars(*little_endian))));
    }
    node_id based_integer(unsigned bits, bool negative)
    {
        const std::size_t begin = at_;
        at_ += 2;
        std::vector<unsigned> digits;
        while (!at_end()) {
            if (peek() == '_' && is_name_letter(peek(1)) && peek(1) != '_')
                ++at_;
            const int digit = digit_value(peek());
            if (digit >= 1 << bits)
                break;
            digits.push_back(static_cast<unsigned>(digit));
            ++at_;
        }
        if (digits.empty() || is_name_letter(peek()))
            fail_expected(bits == 4 ? "a hexadecimal digit" : bits == 3 ? "an octal digit" : "a binary digit");
        if (digits.size() / 8 * bits > integer_octets_max)
            fail_at(begin, "an int of more than " + std::to_string(integer_octets_max) + " octets");
        // From the last digit up, one bit at a time; a spare octet on top holds the sign.
        bytes little_endian(digits.size() * bits / 8 + 2);
        std::size_t bit = 0;
        for (std::size_t i = digits.size(); i-- > 0;)
            for (unsigned within = 0; within < bits; ++within, ++bit)
                if (((digits[i] >> within) & 1U) != 0)
                    little_endian[bit / 8] |= std::byte{1} << (bit % 8);
        bool carry = negative;
        for (std::byte& octet : little_endian) {
            const unsigned magnitude =
                (std::to_integer<unsigned>(octet) ^ (negative ? 0xffU : 0U)) + (carry ? 1U : 0U);
            octet = static_cast<std::byte>(magnitude & 0xffU);
            carry = magnitude > 0xff;
        }
        return graph_->add_big_integer(as_bytes(graph_->own(as_chars(little_endian))));
    }
    node_id json_number()
    {
        const std::size_t begin = at_;
        take('-');
        const auto take_run = [this] {
            if (!is_digit(peek()))
                fail_expected("a digit");
            while (is_digit(peek()))
                ++at_;
        };
        if (!take('0'))
            take_run();
        bool is_float = false;
        if (take('.')) {
            is_float = true;
            take_run();
        }
        if (take('e') || take('E')) {
            is_float = true;
            if (!take('-'))
                take('+');
            take_run();
        }
        if (is_name_letter(peek()))
            fail_expected("the end of the number");
        const std::string digits{text_.substr(begin, at_ - begin)};
        return is_float ? graph_->add_floating(float_of(begin, digits)) : decimal_integer(begin, digits);
    }

    // Text.

    struct string_prefix {
        std::size_t size = 0;
        bool raw = false;
        bool bytes = false;
        bool valid = false;
    };
    [[nodiscard]] string_prefix prefix_here() const noexcept
    {
        string_prefix prefix;
        bool unicode = false;
        for (; prefix.size < 3; ++prefix.size) {
            const char letter = peek(prefix.size);
            if (letter == '\'' || letter == '"') {
                prefix.valid = true;
                return prefix;
            }
            if ((letter == 'r' || letter == 'R') && !prefix.raw && !unicode)
                prefix.raw = true;
            else if ((letter == 'b' || letter == 'B') && !prefix.bytes && !unicode)
                prefix.bytes = true;
            else if ((letter == 'u' || letter == 'U') && prefix.size == 0)
                unicode = true;
            else
                return {};
        }
        return {};
    }
    [[nodiscard]] bool is_string_here() const noexcept { return prefix_here().valid; }

    /// One or more string literals in a row: Python joins them.
    node_id python_strings()
    {
        const bool are_bytes = prefix_here().bytes;
        std::string content;
        std::size_t end = at_;
        while (is_string_here()) {
            const string_prefix prefix = prefix_here();
            if (prefix.bytes != are_bytes)
                fail_at(at_, "bytes beside a str");
            at_ += prefix.size;
            python_string(content, prefix);
            end = at_;
            skip_space();
        }
        at_ = end;
        return graph_->add_text(are_bytes ? node_kind::bytes : node_kind::str, graph_->own(content));
    }
    void python_string(std::string& content, const string_prefix& prefix)
    {
        const std::size_t begin = at_;
        const char quote = text_[at_];
        const bool triple = peek(1) == quote && peek(2) == quote;
        const std::string ending(triple ? 3 : 1, quote);
        at_ += ending.size();
        while (text_.substr(at_, ending.size()) != ending) {
            if (at_end() || (!triple && text_[at_] == '\n'))
                fail_at(begin, "text that does not end: its closing " + ending + " is missing; it begins");
            if (prefix.bytes && static_cast<unsigned char>(text_[at_]) >= 0x80)
                fail_expected("ASCII, as bytes are written");
            if (text_[at_] != '\\') {
                content += text_[at_++];
            } else if (prefix.raw) {
                content += text_[at_++];
                if (!at_end())
                    content += text_[at_++];
            } else {
                ++at_;
                python_escape(content, prefix.bytes);
            }
        }
        at_ += ending.size();
    }
    void python_escape(std::string& content, bool in_bytes)
    {
        const char letter = peek();
        constexpr std::string_view letters = "\n\\'\"abfnrtv";
        constexpr std::array<std::string_view, 11> meanings = {"", "\\", "'", "\"", "\a", "\b", "\f", "\n", "\r", "\t", "\v"};
        if (const std::size_t known = at_end() ? std::string_view::npos : letters.find(letter);
            known != std::string_view::npos) {
            content += meanings[known];
            ++at_;
        } else if (letter >= '0' && letter <= '7') {
            std::uint32_t number = 0;
            for (int i = 0; i < 3 && peek() >= '0' && peek() <= '7'; ++i)
                number = number * 8 + static_cast<std::uint32_t>(text_[at_++] - '0');
            append_number(content, in_bytes ? number & 0xffU : number, in_bytes);
        } else if (letter == 'x') {
            ++at_;
            append_number(content, hex_digits(2), in_bytes);
        } else if (!in_bytes && (letter == 'u' || letter == 'U')) {
            const std::size_t begin = at_++;
            const std::uint32_t code_point = hex_digits(letter == 'u' ? 4 : 8);
            if (code_point > 0x10ffff)
                fail_at(begin, "a character beyond U+10FFFF");
            append_number(content, code_point, false);
        } else if (!in_bytes && letter == 'N') {
            fail_at(at_, "\\N{...}, which is not supported,");
        } else {
            content += '\\';  // what Python does with an escape that it does not know
        }
    }
    static void append_number(std::string& content, std::uint32_t number, bool as_octet)
    {
        if (as_octet)
            content += static_cast<char>(static_cast<unsigned char>(number));
        else
            codec::append_utf8(content, number);
    }
    std::uint32_t hex_digits(int count)
    {
        std::uint32_t number = 0;
        for (int i = 0; i < count; ++i) {
            const int digit = at_end() ? 99 : digit_value(text_[at_]);
            if (digit > 15)
                fail_expected("a hexadecimal digit");
            number = number * 16 + static_cast<std::uint32_t>(digit);
            ++at_;
        }
        return number;
    }

    node_id json_string()
    {
        const std::size_t begin = at_++;
        std::string content;
        while (!take('"')) {
            if (at_end())
                fail_at(begin, "text that does not end: its closing \" is missing; it begins");
            const char letter = text_[at_];
            if (static_cast<unsigned char>(letter) < ' ')
                fail_expected("no control character (write it as \\u00..)");
            ++at_;
            if (letter != '\\')
                content += letter;
            else
                json_escape(content);
        }
        return graph_->add_text(node_kind::str, graph_->own(content));
    }
    void json_escape(std::string& content)
    {
        constexpr std::string_view letters = "\"\\/bfnrt";
        constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
        if (take('u')) {
            std::uint32_t unit = hex_digits(4);
            const bool high = unit >= 0xd800 && unit < 0xdc00;
            if (high && peek() == '\\' && peek(1) == 'u') {
                const std::size_t back = at_;
                at_ += 2;
                const std::uint32_t low = hex_digits(4);
                if (low >= 0xdc00 && low < 0xe000)
                    unit = 0x10000 + ((unit - 0xd800) << 10U) + (low - 0xdc00);
                else
                    at_ = back;
            }
            return codec::append_utf8(content, unit);
        }
        const std::size_t known = at_end() ? std::string_view::npos : letters.find(text_[at_]);
        if (known == std::string_view::npos)
            fail_expected("one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u");
        content += meanings[known];
        ++at_;
    }

    struct call_row {
        std::string_view name;
        bracket kind;
    };
    static constexpr std::array<call_row, 3> calls = {{
        {"set(", bracket::set},
        {"frozenset(", bracket::frozenset},
        {"bytearray(", bracket::bytearray},
    }};

    std::string_view text_;
    syntax how_;
    std::size_t at_ = 0;
    std::shared_ptr<object_graph> graph_ = std::make_shared<object_graph>();
    std::vector<opened> brackets_;
    node_id result_ = no_node;
};

}  // namespace

value parse_literal(std::string_view text)
{
    return literal_reader{text, syntax::python}.read();
}

value parse_json(std::string_view text)
{
    return literal_reader{text, syntax::json}.read();
}

}  // namespace quaymaster
