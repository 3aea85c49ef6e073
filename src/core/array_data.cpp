#include "core/array_data.hpp"

#include "codec/object_graph.hpp"
#include "codec/text_arguments.hpp"
#include "core/iterable.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>

namespace quaymaster::core {
namespace {

enum class item_form : std::uint8_t { signed_integer, unsigned_integer, floating, text, octet };

struct item_type {
    char typecode;
    item_form form;
    std::uint8_t size;
};

// In CPython's order (3.13), which decides between types of one size and form; 'c' is Python 2's.
constexpr std::array<item_type, 15> item_types{{
    {'b', item_form::signed_integer, 1},
    {'B', item_form::unsigned_integer, 1},
    {'u', item_form::text, 4},
    {'w', item_form::text, 4},
    {'h', item_form::signed_integer, 2},
    {'H', item_form::unsigned_integer, 2},
    {'i', item_form::signed_integer, 4},
    {'I', item_form::unsigned_integer, 4},
    {'l', item_form::signed_integer, 8},
    {'L', item_form::unsigned_integer, 8},
    {'q', item_form::signed_integer, 8},
    {'Q', item_form::unsigned_integer, 8},
    {'f', item_form::floating, 4},
    {'d', item_form::floating, 8},
    {'c', item_form::octet, 1},
}};

// Null for an unknown typecode.
const item_type* find_type(char typecode) noexcept
{
    const auto* const found = std::find_if(item_types.begin(), item_types.end(),
                                           [typecode](const item_type& each) { return each.typecode == typecode; });
    return found != item_types.end() ? found : nullptr;
}

raised error_of(exception_type type, std::string text)
{
    return {type, std::move(text)};
}

// The octets of an item as a number; array.array's are those of the machine, and all of ours are little endian.
std::uint64_t load_little(bytes_view octets) noexcept
{
    std::uint64_t bits = 0;
    for (std::size_t i = octets.size(); i-- > 0;)
        bits = (bits << 8U) | std::to_integer<std::uint64_t>(octets[i]);
    return bits;
}

void store_little(std::uint64_t bits, std::byte* octets, std::size_t size) noexcept
{
    for (std::size_t i = 0; i < size; ++i)
        octets[i] = static_cast<std::byte>(bits >> (8 * i));
}

// ---- an item's value --------------------------------------------------------------------------------------------------

constexpr std::uint32_t code_point_max = 0x10ffff;

// The first character of `utf8`, which is not empty and valid.
std::uint32_t first_code_point(std::string_view utf8, std::size_t& size) noexcept
{
    const auto octet = [utf8](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(utf8[i])); };
    const std::uint32_t lead = octet(0);
    size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    constexpr std::uint32_t lead_masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    std::uint32_t code_point = lead & lead_masks[size];
    for (std::size_t i = 1; i < size; ++i)
        code_point = (code_point << 6U) | (octet(i) & 0x3fU);
    return code_point;
}

value python2_str(std::string_view octets)
{
    const auto graph = std::make_shared<codec::object_graph>();
    const codec::node_id node = graph->add_text(codec::node_kind::byte_string, graph->own(octets));
    return codec::object_graph::to_value(graph, node);
}

std::string hexadecimal(std::uint64_t number)
{
    std::string digits;
    do {
        digits.insert(digits.begin(), "0123456789abcdef"[number & 0xfU]);
        number >>= 4U;
    } while (number != 0);
    return digits;
}

raised no_character(std::uint64_t bits)
{
    return error_of(exception_type::value_error, "character U+" + hexadecimal(bits) + " is not in range [U+0000; U+10ffff]");
}

std::int64_t sign_extended(std::uint64_t bits, std::size_t size) noexcept
{
    const auto unused = static_cast<unsigned>(8 * (sizeof bits - size));
    return static_cast<std::int64_t>(bits << unused) >> unused;
}

double floating_from_bits(std::uint64_t bits, std::size_t size) noexcept
{
    return size == sizeof(float) ? static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)))
                                 : std::bit_cast<double>(bits);
}

// ---- a value as an item's octets --------------------------------------------------------------------------------------

using bits_or_raised = std::variant<std::uint64_t, raised>;

// What CPython's argument parser and then array.array check, in turn.
struct range_check {
    std::string_view name;  // "signed char"; empty for no check
    std::int64_t least = 0;
    std::int64_t most = 0;
};

template <class Integer>
constexpr range_check check_of(std::string_view name) noexcept
{
    return {name, std::numeric_limits<Integer>::min(), std::numeric_limits<Integer>::max()};
}

std::array<range_check, 2> range_checks(char typecode) noexcept
{
    constexpr range_check as_short = check_of<std::int16_t>("signed short integer");
    constexpr range_check as_int = check_of<std::int32_t>("signed integer");
    switch (typecode) {
    case 'b': return {as_short, check_of<std::int8_t>("signed char")};
    case 'B': return {check_of<std::uint8_t>("unsigned byte integer"), range_check{}};
    case 'h': return {as_short, range_check{}};
    case 'H': return {as_int, check_of<std::uint16_t>("unsigned short")};
    case 'i': return {as_int, range_check{}};
    default: return {};
    }
}

bool is_integer(const value& item) noexcept
{
    return item.kind() == value_kind::integer || item.kind() == value_kind::boolean;
}

raised not_an_integer(const value& item)
{
    return error_of(exception_type::type_error, "'" + class_name_of(item) + "' object cannot be interpreted as an integer");
}

// The types that CPython reads as a C long or a long long: all signed ones and the small unsigned ones.
bits_or_raised bits_of_signed(char typecode, const value& item)
{
    if (!is_integer(item))
        return not_an_integer(item);
    const auto number = item.to_int64();
    if (!number) {
        return error_of(exception_type::overflow_error,
                        typecode == 'q' ? "int too big to convert" : "Python int too large to convert to C long");
    }
    for (const range_check& check : range_checks(typecode)) {
        if (check.name.empty())
            continue;
        if (*number < check.least)
            return error_of(exception_type::overflow_error, std::string{check.name} + " is less than minimum");
        if (*number > check.most)
            return error_of(exception_type::overflow_error, std::string{check.name} + " is greater than maximum");
    }
    return static_cast<std::uint64_t>(*number);
}

bits_or_raised bits_of_unsigned(char typecode, const value& item)
{
    if (typecode == 'B' || typecode == 'H')
        return bits_of_signed(typecode, item);
    if (!is_integer(item))
        return not_an_integer(item);
    if (value::less(item, value{0}).value_or(false)) {
        return error_of(exception_type::overflow_error, typecode == 'Q' ? "can't convert negative int to unsigned"
                                                                        : "can't convert negative value to unsigned int");
    }
    const auto number = item.to_uint64();
    if (!number) {
        return error_of(exception_type::overflow_error,
                        typecode == 'Q' ? "int too big to convert" : "Python int too large to convert to C unsigned long");
    }
    if (typecode == 'I' && *number > std::numeric_limits<std::uint32_t>::max())
        return error_of(exception_type::overflow_error, "unsigned int is greater than maximum");
    return *number;
}

// As C does it on every machine with IEEE 754, though C++ leaves it undefined: too large for a float is infinite.
float narrowed(double number) noexcept
{
    constexpr double rounds_to_infinity = 0x1.ffffffp127;
    const double magnitude = std::fabs(number);
    if (std::isfinite(number) && magnitude >= rounds_to_infinity)
        return std::copysign(std::numeric_limits<float>::infinity(), static_cast<float>(std::copysign(1.0, number)));
    if (std::isfinite(number) && magnitude > static_cast<double>(std::numeric_limits<float>::max()))
        return std::copysign(std::numeric_limits<float>::max(), static_cast<float>(std::copysign(1.0, number)));
    return static_cast<float>(number);
}

bits_or_raised bits_of_floating(std::size_t size, const value& item)
{
    if (!is_integer(item) && item.kind() != value_kind::floating)
        return error_of(exception_type::type_error, "must be real number, not " + class_name_of(item));
    const auto number = item.to_double();
    if (!number)
        return error_of(exception_type::overflow_error, "int too large to convert to float");
    if (size == sizeof(float))
        return std::uint64_t{std::bit_cast<std::uint32_t>(narrowed(*number))};
    return std::bit_cast<std::uint64_t>(*number);
}

bits_or_raised bits_of_character(const value& item)
{
    const std::string_view text = item.text();
    if (item.kind() == value_kind::str && !text.empty()) {
        std::size_t size = 0;
        const std::uint32_t code_point = first_code_point(text, size);
        if (size == text.size())
            return std::uint64_t{code_point};
    }
    return error_of(exception_type::type_error, "array item must be unicode character");
}

bits_or_raised bits_of_octet(const value& item)
{
    const bytes_view octets = item.octets();
    if ((item.kind() != value_kind::byte_string && item.kind() != value_kind::bytes) || octets.size() != 1)
        return error_of(exception_type::type_error, "array item must be char");
    return std::to_integer<std::uint64_t>(octets[0]);
}

bits_or_raised bits_of(const item_type& type, const value& item)
{
    switch (type.form) {
    case item_form::signed_integer: return bits_of_signed(type.typecode, item);
    case item_form::unsigned_integer: return bits_of_unsigned(type.typecode, item);
    case item_form::floating: return bits_of_floating(type.size, item);
    case item_form::text: return bits_of_character(item);
    case item_form::octet: break;
    }
    return bits_of_octet(item);
}

// ---- machine formats ----------------------------------------------------------------------------------------------------

struct machine_format {
    item_form form;
    std::uint8_t size;
    bool is_big_endian;
};

// By the number that array._array_reconstructor is given (enum machine_format_code).
constexpr std::array<machine_format, 22> machine_formats{{
    {item_form::unsigned_integer, 1, false},
    {item_form::signed_integer, 1, false},
    {item_form::unsigned_integer, 2, false},
    {item_form::unsigned_integer, 2, true},
    {item_form::signed_integer, 2, false},
    {item_form::signed_integer, 2, true},
    {item_form::unsigned_integer, 4, false},
    {item_form::unsigned_integer, 4, true},
    {item_form::signed_integer, 4, false},
    {item_form::signed_integer, 4, true},
    {item_form::unsigned_integer, 8, false},
    {item_form::unsigned_integer, 8, true},
    {item_form::signed_integer, 8, false},
    {item_form::signed_integer, 8, true},
    {item_form::floating, 4, false},
    {item_form::floating, 4, true},
    {item_form::floating, 8, false},
    {item_form::floating, 8, true},
    {item_form::text, 2, false},
    {item_form::text, 2, true},
    {item_form::text, 4, false},
    {item_form::text, 4, true},
}};

bytes little_endian(bytes_view octets, const machine_format& format)
{
    bytes turned = to_bytes(octets);
    if (format.is_big_endian)
        for (auto at = turned.begin(); at != turned.end(); at += format.size)
            std::reverse(at, at + format.size);
    return turned;
}

// UTF-16 (little endian) as four octets for each character, as 'u' has them. Half of a pair alone stays what it is.
bytes utf32_from_utf16(bytes_view octets)
{
    bytes wide;
    wide.reserve(octets.size() * 2);
    for (std::size_t at = 0; at < octets.size(); at += 2) {
        std::uint64_t unit = load_little(octets.subspan(at, 2));
        if (unit >= 0xd800 && unit < 0xdc00 && octets.size() - at >= 4) {
            const std::uint64_t next = load_little(octets.subspan(at + 2, 2));
            if (next >= 0xdc00 && next < 0xe000) {
                unit = 0x10000 + ((unit - 0xd800) << 10U) + (next - 0xdc00);
                at += 2;
            }
        }
        wide.resize(wide.size() + 4);
        store_little(unit, wide.data() + wide.size() - 4, 4);
    }
    return wide;
}

constexpr std::string_view array_class = "array.array";
constexpr std::string_view reconstructor = "array._array_reconstructor";

}  // namespace

std::variant<array_data, raised> array_data::make(const value& typecode)
{
    const std::string_view text = typecode.text();
    const bool is_text = typecode.kind() == value_kind::str || typecode.kind() == value_kind::byte_string;
    std::size_t size = 0;
    if (is_text && !text.empty())
        typecode.kind() == value_kind::str ? static_cast<void>(first_code_point(text, size)) : void(size = 1);
    if (!is_text || text.empty() || size != text.size()) {
        return error_of(exception_type::type_error, "array() argument 1 must be a unicode character, not " +
                                                        (typecode.is_none() ? "None" : class_name_of(typecode)));
    }
    const item_type* const type = size == 1 ? find_type(text[0]) : nullptr;
    if (type == nullptr) {
        return error_of(exception_type::value_error, "bad typecode (must be c, b, B, u, w, h, H, i, I, l, L, q, Q, f or d)");
    }
    return array_data{type->typecode, type->size};
}

std::variant<value, raised> array_data::operator[](std::size_t position) const
{
    const item_type& type = *find_type(typecode_);
    const bytes_view octets = bytes_view{octets_}.subspan(position * item_size_, item_size_);
    const std::uint64_t bits = load_little(octets);
    switch (type.form) {
    case item_form::signed_integer: return value{sign_extended(bits, item_size_)};
    case item_form::unsigned_integer: return value{bits};
    case item_form::floating: return value{floating_from_bits(bits, item_size_)};
    case item_form::text: break;
    case item_form::octet: return python2_str(as_chars(octets));
    }
    if (bits > code_point_max)
        return no_character(bits);
    std::string character;
    codec::append_utf8(character, static_cast<std::uint32_t>(bits));
    return value{character};
}

bool array_data::has_characters() const noexcept
{
    const item_form form = find_type(typecode_)->form;
    return form == item_form::text || form == item_form::octet;
}

std::variant<value, raised> array_data::joined() const
{
    if (find_type(typecode_)->form == item_form::octet)
        return python2_str(as_chars(octets_));
    std::string text;
    for (std::size_t i = 0; i < size(); ++i) {
        const std::uint64_t bits = load_little(bytes_view{octets_}.subspan(i * item_size_, item_size_));
        if (bits > code_point_max)
            return no_character(bits);
        codec::append_utf8(text, static_cast<std::uint32_t>(bits));
    }
    return value{text};
}

array_data array_data::slice(const slice_range& range) const
{
    array_data part{typecode_, item_size_};
    part.octets_.resize(range.count * item_size_);
    for (std::size_t i = 0; i < range.count; ++i) {
        const auto item = octets_.begin() + static_cast<std::ptrdiff_t>(range[i] * item_size_);
        std::copy_n(item, item_size_, part.octets_.begin() + static_cast<std::ptrdiff_t>(i * item_size_));
    }
    return part;
}

value array_data::to_value() const
{
    // A typecode that is text would be refused by Python 2, where it is unicode; what is Python 2's str is str in Python 3.
    return value::object(value::global("array", "array"), {python2_str({&typecode_, 1}), value{octets_}});
}

std::string array_data::repr(std::size_t size_max) const
{
    constexpr std::string_view ellipsis = "...";
    std::string shown = "array('" + std::string{typecode_} + "'";
    if (octets_.empty())
        return shown + ")";
    const item_form form = find_type(typecode_)->form;
    if (form == item_form::octet)
        return shown + ", " + python2_str(as_chars(octets_)).repr(size_max) + ")";
    if (form == item_form::text) {
        std::string text;
        for (std::size_t i = 0; i < size() && text.size() < size_max; ++i) {
            const std::uint64_t bits = load_little(bytes_view{octets_}.subspan(i * item_size_, item_size_));
            constexpr std::uint32_t replacement_character = 0xfffd;
            codec::append_utf8(text, bits <= code_point_max ? static_cast<std::uint32_t>(bits) : replacement_character);
        }
        return shown + ", " + value{text}.repr(size_max) + ")";
    }
    shown += ", [";
    for (std::size_t i = 0; i < size(); ++i) {
        const std::string item = std::get<value>((*this)[i]).repr();
        if (shown.size() + item.size() + ellipsis.size() + 2 > size_max)
            return shown.append(ellipsis);
        shown.append(i == 0 ? "" : ", ").append(item);
    }
    return shown + "])";
}

std::optional<raised> array_data::set(std::size_t position, const value& item)
{
    auto bits = bits_of(*find_type(typecode_), item);
    if (auto* const wrong = std::get_if<raised>(&bits))
        return std::move(*wrong);
    if (position == size())
        octets_.resize(octets_.size() + item_size_);
    store_little(std::get<std::uint64_t>(bits), octets_.data() + position * item_size_, item_size_);
    return std::nullopt;
}

std::optional<raised> array_data::append_all(const value& content)
{
    switch (content.kind()) {
    case value_kind::bytes:
    case value_kind::bytearray:
    case value_kind::byte_string: return append_octets(content.octets());
    case value_kind::str: return append_text(content.text());
    default: break;
    }
    if (is_array(content)) {
        auto other = read(content);
        if (auto* const wrong = std::get_if<raised>(&other))
            return std::move(*wrong);
        return append_array(std::get<array_data>(other));
    }
    auto items = items_of(content);
    if (auto* const wrong = std::get_if<raised>(&items))
        return std::move(*wrong);
    octets_.reserve(octets_.size() + std::get<std::vector<value>>(items).size() * item_size_);
    for (const value& item : std::get<std::vector<value>>(items))
        if (auto wrong = set(size(), item))
            return wrong;
    return std::nullopt;
}

std::optional<raised> array_data::append_octets(bytes_view octets)
{
    if (octets.size() % item_size_ != 0)
        return error_of(exception_type::value_error, "bytes length not a multiple of item size");
    octets_.insert(octets_.end(), octets.begin(), octets.end());
    return std::nullopt;
}

std::optional<raised> array_data::append_text(std::string_view utf8)
{
    if (find_type(typecode_)->form != item_form::text) {
        return error_of(exception_type::type_error,
                        "cannot use a str to initialize an array with typecode '" + std::string{typecode_} + "'");
    }
    for (std::size_t at = 0; at < utf8.size();) {
        std::size_t length = 0;
        const std::uint32_t code_point = first_code_point(utf8.substr(at), length);
        octets_.resize(octets_.size() + item_size_);
        store_little(code_point, octets_.data() + octets_.size() - item_size_, item_size_);
        at += length;
    }
    return std::nullopt;
}

std::optional<raised> array_data::append_array(const array_data& other)
{
    const item_form form = find_type(typecode_)->form;
    const item_form other_form = find_type(other.typecode_)->form;
    if (other_form == item_form::text && form != item_form::text) {
        return error_of(exception_type::type_error,
                        "cannot use a unicode array to initialize an array with typecode '" + std::string{typecode_} + "'");
    }
    if (other_form == form && other.item_size_ == item_size_)
        return append_octets(other.octets_);
    for (std::size_t i = 0; i < other.size(); ++i)
        if (auto wrong = set(size(), std::get<value>(other[i])))  // text was told apart above
            return wrong;
    return std::nullopt;
}

std::optional<raised> array_data::assign(const slice_range& range, const array_data& items)
{
    const std::size_t count = items.size();
    if (range.step == 1) {
        octets_.reserve(octets_.size() - range.count * item_size_ + items.octets_.size());
        const auto begin = octets_.begin() + range.start * static_cast<std::ptrdiff_t>(item_size_);
        const auto after = octets_.erase(begin, begin + static_cast<std::ptrdiff_t>(range.count * item_size_));
        octets_.insert(after, items.octets_.begin(), items.octets_.end());
        return std::nullopt;
    }
    if (count == 0) {
        erase(range.rising());
        return std::nullopt;
    }
    if (count != range.count) {
        return error_of(exception_type::value_error, "attempt to assign array of size " + std::to_string(count) +
                                                         " to extended slice of size " + std::to_string(range.count));
    }
    for (std::size_t i = 0; i < count; ++i) {
        std::copy_n(items.octets_.begin() + static_cast<std::ptrdiff_t>(i * item_size_), item_size_,
                    octets_.begin() + static_cast<std::ptrdiff_t>(range[i] * item_size_));
    }
    return std::nullopt;
}

void array_data::erase(const slice_range& rising)
{
    std::size_t erased = 0;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size(); ++i) {
        if (erased < rising.count && i == rising[erased]) {
            ++erased;
            continue;
        }
        // Never forward, so what is still to be looked at is as it was.
        std::copy_n(octets_.begin() + static_cast<std::ptrdiff_t>(i * item_size_), item_size_,
                    octets_.begin() + static_cast<std::ptrdiff_t>(kept++ * item_size_));
    }
    octets_.resize(kept * item_size_);
}

bool array_data::is_array(const value& pickled)
{
    if (pickled.kind() != value_kind::object)
        return false;
    const std::string type = pickled.type_name();
    return type == array_class || type == reconstructor;
}

std::variant<array_data, raised> array_data::read(const value& pickled)
{
    const value arguments = pickled.arguments();
    if (pickled.type_name() == reconstructor)
        return reconstruct(arguments);
    if (arguments.size() < 1 || arguments.size() > 2) {
        const bool too_few = arguments.size() < 1;
        return error_of(exception_type::type_error, std::string{"array() takes at "} +
                                                        (too_few ? "least 1 argument (" : "most 2 arguments (") +
                                                        std::to_string(arguments.size()) + " given)");
    }
    auto made = make(arguments[0]);
    if (auto* const array = std::get_if<array_data>(&made); array != nullptr && arguments.size() == 2) {
        // No pickler nests them, and a forged pickle could until there is no stack left.
        if (is_array(arguments[1]))
            return error_of(exception_type::type_error, "an array.array is pickled as made of another one");
        if (auto wrong = array->append_all(arguments[1]))
            return *std::move(wrong);
    }
    return made;
}

std::variant<array_data, raised> array_data::reconstruct(const value& arguments)
{
    if (arguments.size() != 4) {
        return error_of(exception_type::type_error,
                        "_array_reconstructor expected 4 arguments, got " + std::to_string(arguments.size()));
    }
    const value made_type = arguments[0];
    if (made_type.kind() != value_kind::global || made_type.module_name() != "array" || made_type.qualified_name() != "array")
        return error_of(exception_type::type_error, made_type.repr(100) + " is not array.array");
    auto made = make(arguments[1]);
    auto* const array = std::get_if<array_data>(&made);
    if (array == nullptr)
        return error_of(exception_type::value_error, "second argument must be a valid type code");
    if (!is_integer(arguments[2]))
        return not_an_integer(arguments[2]);
    const auto code = arguments[2].to_uint64();
    if (!code || *code >= machine_formats.size())
        return error_of(exception_type::value_error, "third argument must be a valid machine format code.");
    if (arguments[3].kind() != value_kind::bytes && arguments[3].kind() != value_kind::byte_string) {
        return error_of(exception_type::type_error, "fourth argument should be bytes, not " + class_name_of(arguments[3]));
    }
    const machine_format& format = machine_formats[*code];
    const bytes_view octets = arguments[3].octets();
    if (octets.size() % format.size != 0)
        return error_of(exception_type::value_error, "bytes length not a multiple of item size");

    bytes content = little_endian(octets, format);
    if (format.form == item_form::text && format.size == 2)
        content = utf32_from_utf16(content);
    const std::size_t size = format.form == item_form::text ? 4 : format.size;
    const item_type& asked = *find_type(array->typecode_);
    if (asked.form == format.form && asked.size == size) {
        array->octets_ = std::move(content);
        return made;
    }
    const auto* const found = std::find_if(item_types.begin(), item_types.end(), [&](const item_type& each) {
        return each.form == format.form && each.size == size;
    });
    array_data source{found->typecode, size};
    source.octets_ = std::move(content);
    // Of whole numbers the format decides what type they become: where they come from, the typecode may mean another size.
    const bool is_integral = format.form == item_form::signed_integer || format.form == item_form::unsigned_integer;
    if (is_integral)
        return source;
    if (auto wrong = array->append_array(source))
        return *std::move(wrong);
    return made;
}

}  // namespace quaymaster::core
