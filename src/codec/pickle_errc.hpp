// pickle_errc: what can be wrong with a pickle.
#pragma once

#include "codec/pickle_limits.hpp"

#include <quaymaster/errors.hpp>

#include <cstdint>
#include <string>

namespace quaymaster::codec {

enum class pickle_errc : int {
    truncated = 1,         ///< the pickle ends inside an opcode or before STOP
    trailing_data,         ///< octets follow STOP
    unknown_opcode,        ///< no protocol from 0 to 5 has it
    unsupported_protocol,  ///< PROTO names a protocol above 5
    malformed_argument,    ///< an opcode's argument is not of its form (a line that is no number, text that is not UTF-8)
    stack_underflow,       ///< an opcode needs more objects than the stack holds
    mark_missing,          ///< an opcode needs a MARK that was never pushed
    memo_missing,          ///< a GET of an index that was never PUT
    wrong_operand,         ///< an opcode applied to an object of the wrong type, such as APPEND to an int
    out_of_band_buffer,    ///< NEXT_BUFFER: its data is not in the pickle; the sender must pickle without buffer_callback
    endless_object,        ///< an object contains itself in a way that the reader's protocol cannot express
    rewrite_size_exceeded, ///< objects that it shares come to many times its own size where each needs a copy: rewrite_size_max()
    depth_exceeded,        ///< pickle_limits::depth_max
    stack_size_exceeded,   ///< pickle_limits::stack_size_max
    memo_size_exceeded,    ///< pickle_limits::memo_size_max
    node_count_exceeded,   ///< pickle_limits::node_count_max
    integer_size_exceeded, ///< pickle_limits::integer_size_max
    decimal_digits_exceeded, ///< an integer as text of more than decimal_digits_max digits
};

[[nodiscard]] error_code make_error_code(pickle_errc code) noexcept;

/// What went wrong and where. Converts to true when something did.
struct pickle_status {
    error_code code;
    std::size_t offset = 0;

    [[nodiscard]] explicit operator bool() const noexcept { return code.failed(); }
    /// "pickle: <what> at octet <offset>", with the limit's name and value where one was exceeded.
    [[nodiscard]] std::string message(const pickle_limits& limits) const;
};

}  // namespace quaymaster::codec

template <>
struct boost::system::is_error_code_enum<quaymaster::codec::pickle_errc> : std::true_type {};
