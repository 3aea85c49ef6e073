// array_data: what an array.array holds, and how it comes out of a pickle and goes into one.
#pragma once

#include "core/call.hpp"
#include "core/sequence_index.hpp"

#include <quaymaster/bytes.hpp>
#include <quaymaster/value.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace quaymaster::core {

/// What an array.array holds: numbers or characters of one type, as their octets on 64-bit Linux (little endian; 'l' and 'L'
/// have eight octets, 'u' and 'w' four). The typecodes are those of any version from 2.7 to 3.13: b B h H i I l L q Q f d for
/// numbers, u and w for text and Python 2's c for octets.
class array_data {
public:
    /// An empty array. `typecode` is a str (of either Python) of one character, else type_error; value_error for an unknown
    /// one.
    [[nodiscard]] static std::variant<array_data, raised> make(const value& typecode);

    [[nodiscard]] char typecode() const noexcept { return typecode_; }
    [[nodiscard]] std::size_t size() const noexcept { return octets_.size() / item_size_; }
    /// An int, float, str or, of 'c', Python 2 str. value_error where 'u' or 'w' holds what is no character.
    /// Precondition: `position` < size().
    [[nodiscard]] std::variant<value, raised> operator[](std::size_t position) const;
    /// Whether the items are characters: of 'u' and 'w', and of 'c'.
    [[nodiscard]] bool has_characters() const noexcept;
    /// The characters as one str, those of 'c' as one Python 2 str. Errors as operator[]. Precondition: has_characters().
    [[nodiscard]] std::variant<value, raised> joined() const;
    /// Those at `range`, in its order.
    [[nodiscard]] array_data slice(const slice_range& range) const;
    /// As array.array(typecode, octets), which is how multiprocessing pickles it and any Python loads it that has the
    /// typecode.
    [[nodiscard]] value to_value() const;
    /// repr(array): "array('i', [1, 2])"; at most `size_max` octets, then cut with "...".
    [[nodiscard]] std::string repr(std::size_t size_max) const;

    /// Replaces the item at `position`, or appends it for size(). type_error or overflow_error, worded as array.array does,
    /// if `item` is not of the array's type or out of its range.
    [[nodiscard]] std::optional<raised> set(std::size_t position, const value& item);
    /// Appends what `content` is made of: octets as they are (value_error if they make no whole items), text to an array of
    /// text only, the items of anything else. After an error what was appended before it stays.
    [[nodiscard]] std::optional<raised> append_all(const value& content);
    /// Puts `items`, of the same typecode, in place of those at `range`, as slice assignment does: value_error if a step other
    /// than 1 and the sizes do not agree, unless there are no items: that erases.
    [[nodiscard]] std::optional<raised> assign(const slice_range& range, const array_data& items);

    /// Whether `pickled` is an array.array, by whatever call it was pickled.
    [[nodiscard]] static bool is_array(const value& pickled);
    /// The array in it: array.array(typecode[, content]), or array._array_reconstructor(type, typecode, format, octets) with
    /// its machine formats. Errors as those callables raise them. Precondition: is_array(pickled).
    [[nodiscard]] static std::variant<array_data, raised> read(const value& pickled);

private:
    array_data(char typecode, std::size_t item_size) noexcept : typecode_{typecode}, item_size_{item_size} {}

    [[nodiscard]] std::optional<raised> append_octets(bytes_view octets);
    [[nodiscard]] std::optional<raised> append_text(std::string_view utf8);
    [[nodiscard]] std::optional<raised> append_array(const array_data& other);
    void erase(const slice_range& rising);
    [[nodiscard]] static std::variant<array_data, raised> reconstruct(const value& arguments);

    char typecode_;
    std::size_t item_size_;
    bytes octets_;
};

}  // namespace quaymaster::core
