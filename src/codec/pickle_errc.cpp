#include "codec/pickle_errc.hpp"

#include "codec/text_arguments.hpp"

namespace quaymaster::codec {

namespace {

class pickle_category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "quaymaster.pickle"; }
    std::string message(int code) const override
    {
        switch (static_cast<pickle_errc>(code)) {
        case pickle_errc::truncated: return "it ends before its STOP opcode";
        case pickle_errc::trailing_data: return "octets follow its STOP opcode";
        case pickle_errc::unknown_opcode: return "unknown opcode";
        case pickle_errc::unsupported_protocol: return "unsupported pickle protocol (0 to 5 are supported)";
        case pickle_errc::malformed_argument: return "malformed opcode argument";
        case pickle_errc::stack_underflow: return "unpickling stack underflow";
        case pickle_errc::mark_missing: return "no MARK on the stack";
        case pickle_errc::memo_missing: return "memo value not found";
        case pickle_errc::wrong_operand: return "opcode applied to an object of the wrong type";
        case pickle_errc::out_of_band_buffer: return "out-of-band buffer: pickle without buffer_callback";
        case pickle_errc::endless_object: return "an object contains itself in a way that the reader's protocol cannot express";
        case pickle_errc::rewrite_size_exceeded: return "copies of shared objects come to many times the pickle's own size";
        case pickle_errc::depth_exceeded: return "objects nest deeper than depth_max";
        case pickle_errc::stack_size_exceeded: return "more objects on the stack than stack_size_max";
        case pickle_errc::memo_size_exceeded: return "memo larger than memo_size_max";
        case pickle_errc::node_count_exceeded: return "more objects than node_count_max";
        case pickle_errc::integer_size_exceeded: return "an integer longer than integer_size_max octets";
        case pickle_errc::decimal_digits_exceeded: return "an integer as text of more digits than CPython reads";
        }
        return "unknown error";
    }
};

/// The bound behind a code, or 0 if it is no bound.
std::size_t bound_of(pickle_errc code, const pickle_limits& limits) noexcept
{
    switch (code) {
    case pickle_errc::depth_exceeded: return limits.depth_max;
    case pickle_errc::stack_size_exceeded: return limits.stack_size_max;
    case pickle_errc::memo_size_exceeded: return limits.memo_size_max;
    case pickle_errc::node_count_exceeded: return limits.node_count_max;
    case pickle_errc::integer_size_exceeded: return limits.integer_size_max;
    case pickle_errc::decimal_digits_exceeded: return decimal_digits_max;
    default: return 0;
    }
}

}  // namespace

error_code make_error_code(pickle_errc code) noexcept
{
    static const pickle_category category;
    return {static_cast<int>(code), category};
}

std::string pickle_status::message(const pickle_limits& limits) const
{
    std::string text = "pickle: " + code.message();
    const std::size_t bound = bound_of(static_cast<pickle_errc>(code.value()), limits);
    if (bound != 0)
        text += " (" + std::to_string(bound) + ")";
    return text + " at octet " + std::to_string(offset);
}

}  // namespace quaymaster::codec
