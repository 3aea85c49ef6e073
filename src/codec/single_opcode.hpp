// single_opcode: objects whose pickle is one opcode and its argument, taken apart at a glance.
#pragma once

#include <quaymaster/bytes.hpp>

#include <optional>

namespace quaymaster::codec {

/// The content of `opcodes` if they are one whole bytes object (BINBYTES or a kind of it); borrowed. nullopt says nothing.
[[nodiscard]] std::optional<bytes_view> single_bytes(bytes_view opcodes) noexcept;
/// The same for a str; the content is UTF-8.
[[nodiscard]] std::optional<bytes_view> single_text(bytes_view opcodes) noexcept;

}  // namespace quaymaster::codec
