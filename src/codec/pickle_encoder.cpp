#include <quaymaster/pickle_encoder.hpp>

#include "codec/byte_buffer.hpp"
#include "codec/item.hpp"
#include "codec/opcode_output.hpp"
#include "codec/pickle_writer.hpp"
#include "codec/text_arguments.hpp"

#include <quaymaster/value.hpp>

#include <stdexcept>

namespace quaymaster {

using codec::opcode;

struct pickle_encoder::state {
    explicit state(dialect chosen) : python2{chosen == dialect::python2}, reader{python2 ? std::uint8_t{2} : std::uint8_t{4}, python2}
    {
        traits.from_python2 = python2;
    }

    void needs_protocol(std::uint8_t protocol) noexcept
    {
        if (protocol > traits.protocol_min)
            traits.protocol_min = protocol;
    }
    void builtin(std::string_view name)
    {
        traits.has_globals = true;
        if (python2)
            return out.global("__builtin__", name);
        needs_protocol(4);
        out.str("builtins", reader.protocol);
        out.str(name, reader.protocol);
        out.op(opcode::stack_global);
    }
    void byte_string(std::string_view octets)
    {
        traits.has_non_ascii_byte_string = traits.has_non_ascii_byte_string || !codec::is_ascii(octets);
        out.byte_string(octets);
    }

    bool python2;
    codec::reader_dialect reader;
    codec::byte_buffer buffer;
    codec::opcode_output out{buffer};
    codec::item_traits traits;
    std::uint32_t memo_size = 0;
};

pickle_encoder::pickle_encoder(dialect reader) : state_{std::make_unique<state>(reader)} {}
pickle_encoder::pickle_encoder(pickle_encoder&& other) noexcept = default;
pickle_encoder& pickle_encoder::operator=(pickle_encoder&& other) noexcept = default;
pickle_encoder::~pickle_encoder() = default;

void pickle_encoder::none()
{
    state_->out.op(opcode::none);
}

void pickle_encoder::boolean(bool known)
{
    state_->needs_protocol(2);
    state_->out.op(known ? opcode::newtrue : opcode::newfalse);
}

void pickle_encoder::integer(std::int64_t known)
{
    state_->needs_protocol(2);
    // Python 2's int has 64 bits, for which its pickler has no binary opcode; LONG1 would make it a long.
    if (state_->python2 && !codec::opcode_output::fits_binint(known))
        state_->out.int_text(known);
    else
        state_->out.integer(known);
}

void pickle_encoder::unsigned_integer(std::uint64_t known)
{
    if (known <= INT64_MAX)
        return integer(static_cast<std::int64_t>(known));
    state_->needs_protocol(2);
    state_->out.unsigned_integer(known);
}

void pickle_encoder::floating(double known)
{
    state_->needs_protocol(1);
    state_->out.floating(known);
}

void pickle_encoder::complex(double real, double imaginary)
{
    state_->builtin("complex");
    state_->needs_protocol(2);
    state_->out.floating(real);
    state_->out.floating(imaginary);
    state_->out.op(opcode::tuple2);
    state_->out.op(opcode::reduce);
}

void pickle_encoder::str(std::string_view utf8)
{
    if (!codec::is_utf8(utf8))
        throw std::invalid_argument{"text of " + std::to_string(utf8.size()) +
                                    " octets is not UTF-8: use quaymaster::bytes for what is not text"};
    state_->needs_protocol(state_->python2 ? 1 : 4);
    state_->out.str(utf8, state_->reader.protocol);
}

void pickle_encoder::bytes(bytes_view octets)
{
    if (state_->python2)
        return state_->byte_string(as_chars(octets));
    state_->needs_protocol(octets.size() <= UINT32_MAX ? 3 : 4);
    state_->out.bytes(as_chars(octets), state_->reader.protocol);
}

void pickle_encoder::bytearray(bytes_view octets)
{
    state_->builtin("bytearray");
    bytes(octets);
    state_->needs_protocol(2);
    state_->out.op(opcode::tuple1);
    state_->out.op(opcode::reduce);
}

void pickle_encoder::object(const value& known)
{
    switch (known.kind()) {
    case value_kind::none: return none();
    case value_kind::boolean: return boolean(known.truth());
    case value_kind::floating: return floating(known.to_double().value_or(0));
    default: break;
    }
    if (const auto& graph = codec::object_graph::graph_of(known)) {
        const codec::item_traits written = codec::write_opcodes(*graph, codec::object_graph::node_of(known),
                                                                state_->reader, state_->buffer, state_->memo_size);
        state_->needs_protocol(written.protocol_min);
        state_->traits.has_globals = state_->traits.has_globals || written.has_globals;
        state_->traits.has_proxies = state_->traits.has_proxies || written.has_proxies;
        state_->traits.has_non_ascii_byte_string =
            state_->traits.has_non_ascii_byte_string || written.has_non_ascii_byte_string;
        return;
    }
    integer(known.to_int64().value_or(0));
}

void pickle_encoder::begin_tuple(std::size_t size)
{
    if (size > 3)
        state_->out.op(opcode::mark);
}

void pickle_encoder::end_tuple(std::size_t size)
{
    constexpr opcode small_tuples[] = {opcode::empty_tuple, opcode::tuple1, opcode::tuple2, opcode::tuple3};
    state_->needs_protocol(2);
    state_->out.op(size > 3 ? opcode::tuple : small_tuples[size]);
}

void pickle_encoder::begin_list()
{
    state_->needs_protocol(1);
    state_->out.op(opcode::empty_list);
    state_->out.op(opcode::mark);
}

void pickle_encoder::end_list()
{
    state_->out.op(opcode::appends);
}

void pickle_encoder::begin_dict()
{
    state_->needs_protocol(1);
    state_->out.op(opcode::empty_dict);
    state_->out.op(opcode::mark);
}

void pickle_encoder::end_dict()
{
    state_->out.op(opcode::setitems);
}

// Protocol 2 has no opcodes for sets: they are calls of their classes with a list.

void pickle_encoder::begin_set()
{
    if (state_->python2) {
        state_->builtin("set");
        return begin_list();
    }
    state_->needs_protocol(4);
    state_->out.op(opcode::empty_set);
    state_->out.op(opcode::mark);
}

void pickle_encoder::end_set()
{
    if (!state_->python2)
        return state_->out.op(opcode::additems);
    end_frozenset();
}

void pickle_encoder::begin_frozenset()
{
    if (state_->python2) {
        state_->builtin("frozenset");
        return begin_list();
    }
    state_->needs_protocol(4);
    state_->out.op(opcode::mark);
}

void pickle_encoder::end_frozenset()
{
    if (!state_->python2)
        return state_->out.op(opcode::frozenset);
    end_list();
    end_tuple(1);
    state_->out.op(opcode::reduce);
}

void pickle_encoder::clear() noexcept
{
    state_->buffer.clear();
    state_->traits = {};
    state_->traits.from_python2 = state_->python2;
    state_->memo_size = 0;
}

bytes_view pickle_encoder::opcodes() const noexcept
{
    return state_->buffer.view();
}

bytes pickle_encoder::to_pickle() const
{
    const bytes_view written = opcodes();
    quaymaster::bytes pickle;
    pickle.reserve(written.size() + 3);
    pickle.push_back(static_cast<std::byte>(opcode::proto));
    pickle.push_back(static_cast<std::byte>(state_->reader.protocol));
    pickle.insert(pickle.end(), written.begin(), written.end());
    pickle.push_back(static_cast<std::byte>(opcode::stop));
    return pickle;
}

codec::item pickle_encoder::to_item() const
{
    return codec::item::make(opcodes(), state_->traits);
}

codec::item_traits pickle_encoder::traits() const noexcept
{
    return state_->traits;
}

}  // namespace quaymaster
