// opcodes: numbers, text and octets straight from a pickle's opcodes. Include <quaymaster/conversion.hpp>.
#pragma once

#include <quaymaster/bytes.hpp>
#include <quaymaster/conversion/converter.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace quaymaster::detail {

/// The object that `opcodes` (no PROTO, FRAME or STOP) consist of, if it is of that kind and a single opcode. nullopt says
/// nothing.
[[nodiscard]] std::optional<bool> boolean_in(bytes_view opcodes) noexcept;
[[nodiscard]] std::optional<std::int64_t> integer_in(bytes_view opcodes) noexcept;
[[nodiscard]] std::optional<double> floating_in(bytes_view opcodes) noexcept;
/// A str, borrowed; UTF-8.
[[nodiscard]] std::optional<std::string_view> text_in(bytes_view opcodes) noexcept;
/// A bytes object, borrowed.
[[nodiscard]] std::optional<bytes_view> octets_in(bytes_view opcodes) noexcept;

template <class T>
concept opcode_scalar = (std::integral<T> && !character<T>) || one_of<T, double, std::string, bytes>;

/// decode<T>() of the object that `opcodes` consist of, where that is read off them; nullopt where it takes more, or does not
/// fit.
template <opcode_scalar T>
[[nodiscard]] std::optional<T> decode_opcodes(bytes_view opcodes)
{
    if constexpr (std::same_as<T, bool>) {
        return boolean_in(opcodes);
    } else if constexpr (std::integral<T>) {
        const std::optional<std::int64_t> found = integer_in(opcodes);
        return found && std::in_range<T>(*found) ? std::optional{static_cast<T>(*found)} : std::nullopt;
    } else if constexpr (std::same_as<T, double>) {
        return floating_in(opcodes);
    } else if constexpr (std::same_as<T, std::string>) {
        const std::optional<std::string_view> found = text_in(opcodes);
        return found ? std::optional<T>{std::in_place, *found} : std::nullopt;
    } else {
        const std::optional<bytes_view> found = octets_in(opcodes);
        return found ? std::optional<T>{std::in_place, found->begin(), found->end()} : std::nullopt;
    }
}

/// What get() does first with the opcodes of an item. Borrows the function that it is made of.
class opcode_reader {
public:
    template <class Function>
    opcode_reader(Function& function) noexcept  // a view, as std::string_view is
        : function_{&function}, read_{[](void* what, bytes_view opcodes) -> bool {
              return (*static_cast<Function*>(what))(opcodes);
          }}
    {
    }
    /// False: it takes a value.
    [[nodiscard]] bool operator()(bytes_view opcodes) const { return read_(function_, opcodes); }

private:
    void* function_;
    bool (*read_)(void*, bytes_view);
};

}  // namespace quaymaster::detail
