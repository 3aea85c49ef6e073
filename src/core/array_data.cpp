#include "core/array_data.hpp"

#include "codec/text_arguments.hpp"
#include "core/array_format.hpp"
#include "core/array_item.hpp"
#include "core/iterable.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace quaymaster::core {
namespace {

raised error_of(exception_type type, std::string text)
{
    return {type, std::move(text)};
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
    const item_type* const type = size == 1 ? find_item_type(text[0]) : nullptr;
    if (type == nullptr) {
        return error_of(exception_type::value_error, "bad typecode (must be c, b, B, u, w, h, H, i, I, l, L, q, Q, f or d)");
    }
    return array_data{type->typecode, type->size};
}

std::variant<value, raised> array_data::operator[](std::size_t position) const
{
    const bytes_view octets = bytes_view{octets_}.subspan(position * item_size_, item_size_);
    return item_value(*find_item_type(typecode_), load_item(octets));
}

bool array_data::has_characters() const noexcept
{
    const item_form form = find_item_type(typecode_)->form;
    return form == item_form::text || form == item_form::octet;
}

std::variant<value, raised> array_data::joined() const
{
    if (find_item_type(typecode_)->form == item_form::octet)
        return python2_str(as_chars(octets_));
    std::string text;
    for (std::size_t i = 0; i < size(); ++i) {
        const std::uint64_t bits = load_item(bytes_view{octets_}.subspan(i * item_size_, item_size_));
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
    const item_form form = find_item_type(typecode_)->form;
    if (form == item_form::octet)
        return shown + ", " + python2_str(as_chars(octets_)).repr(size_max) + ")";
    if (form == item_form::text) {
        std::string text;
        for (std::size_t i = 0; i < size() && text.size() < size_max; ++i) {
            const std::uint64_t bits = load_item(bytes_view{octets_}.subspan(i * item_size_, item_size_));
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
    auto bits = item_bits(*find_item_type(typecode_), item);
    if (auto* const wrong = std::get_if<raised>(&bits))
        return std::move(*wrong);
    if (position == size())
        octets_.resize(octets_.size() + item_size_);
    store_item(std::get<std::uint64_t>(bits), octets_.data() + position * item_size_, item_size_);
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
    if (find_item_type(typecode_)->form != item_form::text) {
        return error_of(exception_type::type_error,
                        "cannot use a str to initialize an array with typecode '" + std::string{typecode_} + "'");
    }
    for (std::size_t at = 0; at < utf8.size();) {
        std::size_t length = 0;
        const std::uint32_t code_point = first_code_point(utf8.substr(at), length);
        octets_.resize(octets_.size() + item_size_);
        store_item(code_point, octets_.data() + octets_.size() - item_size_, item_size_);
        at += length;
    }
    return std::nullopt;
}

std::optional<raised> array_data::append_array(const array_data& other)
{
    const item_form form = find_item_type(typecode_)->form;
    const item_form other_form = find_item_type(other.typecode_)->form;
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
    const machine_format* const format = code ? find_machine_format(*code) : nullptr;
    if (format == nullptr)
        return error_of(exception_type::value_error, "third argument must be a valid machine format code.");
    if (arguments[3].kind() != value_kind::bytes && arguments[3].kind() != value_kind::byte_string) {
        return error_of(exception_type::type_error, "fourth argument should be bytes, not " + class_name_of(arguments[3]));
    }
    const bytes_view octets = arguments[3].octets();
    if (octets.size() % format->size != 0)
        return error_of(exception_type::value_error, "bytes length not a multiple of item size");

    bytes content = from_machine_format(*format, octets);
    const std::size_t size = format->own_size();
    const item_type& asked = *find_item_type(array->typecode_);
    if (asked.form == format->form && asked.size == size) {
        array->octets_ = std::move(content);
        return made;
    }
    const auto found = std::ranges::find_if(
        item_types(), [&](const item_type& each) { return each.form == format->form && each.size == size; });
    array_data source{found->typecode, size};
    source.octets_ = std::move(content);
    // Of whole numbers the format decides what type they become: where they come from, the typecode may mean another size.
    const bool is_integral = format->form == item_form::signed_integer || format->form == item_form::unsigned_integer;
    if (is_integral)
        return source;
    if (auto wrong = array->append_array(source))
        return *std::move(wrong);
    return made;
}

}  // namespace quaymaster::core
