#include "core/sequence_index.hpp"

#include "core/iterable.hpp"

#include <algorithm>
#include <limits>
#include <string>

namespace quaymaster::core {
namespace {

constexpr std::int64_t index_max = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t index_min = std::numeric_limits<std::int64_t>::min();

bool is_integer(const value& known) noexcept
{
    return known.kind() == value_kind::integer || known.kind() == value_kind::boolean;
}

// An int of any size, brought within 64 bits.
std::int64_t clamped(const value& integer)
{
    if (const auto exact = integer.to_int64())
        return *exact;
    return value::less(integer, value{0}).value_or(false) ? index_min : index_max;
}

std::variant<std::int64_t, raised> read_integer(const value& argument, exception_type if_too_large, std::string_view text)
{
    if (!is_integer(argument)) {
        return raised{exception_type::type_error,
                      "'" + class_name_of(argument) + "' object cannot be interpreted as an integer"};
    }
    if (const auto exact = argument.to_int64())
        return *exact;
    return raised{if_too_large, std::string{text}};
}

constexpr std::string_view beyond_index = "cannot fit 'int' into an index-sized integer";

std::variant<std::int64_t, raised> read_slice_part(const value& part, std::int64_t if_none)
{
    if (part.is_none())
        return if_none;
    if (!is_integer(part)) {
        return raised{exception_type::type_error, "slice indices must be integers or None or have an __index__ method"};
    }
    return clamped(part);
}

// A slice's start or stop within a sequence of `size` items. A negative step may begin or end before the first item.
std::int64_t adjusted(std::int64_t bound, std::int64_t size, std::int64_t step) noexcept
{
    const bool falls = step < 0;
    if (bound < 0) {
        bound += size;
        return bound < 0 ? (falls ? -1 : 0) : bound;
    }
    return bound >= size ? (falls ? size - 1 : size) : bound;
}

slice_range adjusted_range(std::int64_t start, std::int64_t stop, std::int64_t step, std::size_t size) noexcept
{
    const auto length = static_cast<std::int64_t>(size);
    start = adjusted(start, length, step);
    stop = adjusted(stop, length, step);
    std::int64_t count = 0;
    if (step < 0 && stop < start)
        count = (start - stop - 1) / -step + 1;
    else if (step > 0 && start < stop)
        count = (stop - start - 1) / step + 1;
    return {start, step, static_cast<std::size_t>(count)};
}

subscript read_slice(const value& slice, std::size_t size)
{
    // slice(stop), slice(start, stop) or slice(start, stop, step): CPython pickles the third.
    const value arguments = slice.arguments();
    const std::size_t given = arguments.size();
    if (given < 1 || given > 3)
        return raised{exception_type::type_error, "slice expected 1 to 3 arguments, got " + std::to_string(given)};
    const auto part = [&](std::size_t place) { return place < given ? arguments[place] : value{}; };
    const auto read_step = read_slice_part(part(2), 1);
    if (const auto* const wrong = std::get_if<raised>(&read_step))
        return *wrong;
    // The one number whose opposite is out of range; no sequence is so long that it would make a difference.
    const std::int64_t step = std::max(std::get<std::int64_t>(read_step), -index_max);
    if (step == 0)
        return raised{exception_type::value_error, "slice step cannot be zero"};
    const auto start = read_slice_part(given > 1 ? part(0) : value{}, step < 0 ? index_max : 0);
    if (const auto* const wrong = std::get_if<raised>(&start))
        return *wrong;
    const auto stop = read_slice_part(given > 1 ? part(1) : part(0), step < 0 ? index_min : index_max);
    if (const auto* const wrong = std::get_if<raised>(&stop))
        return *wrong;
    return adjusted_range(std::get<std::int64_t>(start), std::get<std::int64_t>(stop), step, size);
}

}  // namespace

slice_range slice_range::rising() const noexcept
{
    if (step > 0 || count == 0)
        return *this;
    return {start + step * static_cast<std::int64_t>(count - 1), -step, count};
}

subscript read_subscript(const value& key, std::size_t size, const subscript_texts& texts)
{
    if (is_integer(key)) {
        const auto index = read_integer(key, exception_type::index_error, beyond_index);
        if (const auto* const wrong = std::get_if<raised>(&index))
            return *wrong;
        if (const auto position = position_of(std::get<std::int64_t>(index), size))
            return *position;
        return raised{exception_type::index_error, std::string{texts.out_of_range}};
    }
    if (key.kind() == value_kind::object && key.type_name() == "slice")
        return read_slice(key, size);
    return raised{exception_type::type_error,
                  std::string{texts.wrong_type} + (texts.names_type ? class_name_of(key) : std::string{})};
}

std::variant<slice_range, raised> read_plain_slice(const value& low, const value& high, std::size_t size)
{
    const auto from = read_index(low);
    if (const auto* const wrong = std::get_if<raised>(&from))
        return *wrong;
    const auto to = read_index(high);
    if (const auto* const wrong = std::get_if<raised>(&to))
        return *wrong;
    return adjusted_range(std::max<std::int64_t>(std::get<std::int64_t>(from), 0),
                          std::max<std::int64_t>(std::get<std::int64_t>(to), 0), 1, size);
}

std::variant<std::int64_t, raised> read_index(const value& argument)
{
    return read_integer(argument, exception_type::overflow_error, "Python int too large to convert to C ssize_t");
}

std::variant<std::int64_t, raised> read_repetitions(const value& argument)
{
    return read_integer(argument, exception_type::overflow_error, beyond_index);
}

std::variant<std::int64_t, raised> read_bound(const value& argument)
{
    if (!is_integer(argument))
        return raised{exception_type::type_error, "slice indices must be integers or have an __index__ method"};
    return clamped(argument);
}

std::optional<std::size_t> position_of(std::int64_t index, std::size_t size) noexcept
{
    const auto length = static_cast<std::int64_t>(size);
    if (index < 0)
        index += length;
    return index >= 0 && index < length ? std::optional{static_cast<std::size_t>(index)} : std::nullopt;
}

std::size_t clamped_position(std::int64_t index, std::size_t size) noexcept
{
    const auto length = static_cast<std::int64_t>(size);
    if (index < 0)
        index += length;
    return static_cast<std::size_t>(std::clamp<std::int64_t>(index, 0, length));
}

}  // namespace quaymaster::core
