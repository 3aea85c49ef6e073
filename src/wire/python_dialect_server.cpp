#include "wire/envelope_writer.hpp"
#include "wire/python_dialect.hpp"
#include "wire/python_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace quaymaster::wire {

namespace {

using codec::opcode;

enum field : std::size_t { ident_field, method_field, args_field, kwds_field, field_count };

std::optional<python_exception> check_fields(const codec::envelope_reader& reader)
{
    const auto count = reader.field_count();
    if (!count)
        return builtin_exception("TypeError", "cannot unpack non-iterable object: a request is (ident, method, args, kwds)");
    if (*count < field_count)
        return builtin_exception("ValueError", "not enough values to unpack (expected 4, got " + std::to_string(*count) + ")");
    if (*count > field_count)
        return builtin_exception("ValueError", "too many values to unpack (expected 4)");
    if (!reader.is_none(ident_field) && !reader.text(ident_field))
        return builtin_exception("TypeError", "ident must be str or None");
    if (!reader.text(method_field))
        return builtin_exception("TypeError", "method name must be str");
    if (!reader.is_tuple(args_field))
        return builtin_exception("TypeError", "argument after * must be a tuple");
    if (!reader.is_dict(kwds_field))
        return builtin_exception("TypeError", "argument after ** must be a dict");
    return std::nullopt;
}

std::optional<python_exception> take_keywords(codec::envelope_reader& reader, python_request& request)
{
    // From the back: a dict keeps the last value of a key that was set twice, and the others are not worth taking.
    std::array<std::size_t, keywords_max> kept;  // where the names are, last one first
    std::size_t kept_count = 0;
    for (std::size_t i = reader.element_count(kwds_field); i >= 2; i -= 2) {
        const auto name = reader.element_text(kwds_field, i - 2);
        if (!name)
            return builtin_exception("TypeError", "keywords must be strings");
        const bool is_known = std::any_of(kept.begin(), kept.begin() + kept_count,
                                          [&](std::size_t other) { return reader.element_text(kwds_field, other) == name; });
        if (is_known)
            continue;
        if (kept_count == keywords_max)
            return builtin_exception("TypeError", "more than " + std::to_string(keywords_max) + " keyword arguments");
        kept[kept_count++] = i - 2;
    }
    while (kept_count > 0) {
        const std::size_t at = kept[--kept_count];
        request.keywords.emplace_back(*reader.element_text(kwds_field, at), reader.take_element(kwds_field, at + 1));
    }
    return std::nullopt;
}

constexpr std::size_t traceback_argument_size_max = 1000;

/// What traceback.format_exc() ends with: "KeyError: 'x'".
std::string exception_line(codec::reader_dialect reader, const python_exception& error)
{
    std::string line;
    const std::string_view module = reader.python2 ? error.python2_module : error.python3_module;
    if (module != "builtins" && module != "exceptions" && !reader.python2)  // Python 2 prints no module
        line.append(module).append(".");
    line.append(error.name);
    if (error.text.empty() && !error.argument)
        return line;
    line += ": ";
    if (error.argument)
        return line += error.argument->repr(traceback_argument_size_max);
    line += error.name == "KeyError" ? quoted(error.text) : error.text;
    return line;
}

void write_kind_and_text(outbox& out, codec::reader_dialect reader, std::string_view kind, std::string_view text)
{
    envelope_writer writer{out, reader};
    writer.text(kind);
    writer.text(text);
    writer.code(opcode::tuple2);
    writer.finish();
}

void write_failure(outbox& out, codec::reader_dialect reader, std::string_view kind, const python_exception& error)
{
    write_kind_and_text(out, reader, kind, failure_text(reader, error));
}

void write_name_tuple(envelope_writer& writer, std::span<const std::string_view> names)
{
    writer.code(opcode::mark);
    for (const std::string_view name : names)
        writer.text(name);
    writer.code(opcode::tuple);
}

constexpr std::string_view return_kind = "#RETURN";

}  // namespace

codec::reader_dialect dialect_of(bytes_view pickle) noexcept
{
    if (pickle.size() < 2 || pickle[0] != static_cast<std::byte>(opcode::proto))
        return {2, true};
    const auto protocol = std::to_integer<std::uint8_t>(pickle[1]);
    if (protocol <= 2)
        return {2, true};
    return {std::min(protocol, codec::highest_protocol), false};
}

void python_request::clear() noexcept
{
    ident.reset();
    method = {};
    first_text.reset();
    positional.clear();
    keywords.clear();
}

std::optional<python_exception> parse_request(bytes_view pickle, codec::envelope_reader& reader,
                                              const codec::pickle_limits& limits, python_request& request)
{
    request.clear();
    request.reader = dialect_of(pickle);
    if (const codec::pickle_status status = reader.read(pickle, limits))
        return python_exception{"_pickle", "cPickle", "UnpicklingError", status.message(limits)};
    if (auto fault = check_fields(reader))
        return fault;
    if (!reader.is_none(ident_field))
        request.ident = reader.text(ident_field);
    request.method = *reader.text(method_field);
    const std::size_t count = reader.element_count(args_field);
    if (count != 0)
        request.first_text = reader.element_text(args_field, 0);
    if (count > arguments_max)
        return builtin_exception("TypeError", "more than " + std::to_string(arguments_max) + " arguments");
    try {
        for (std::size_t i = 0; i < count; ++i)
            request.positional.push_back(reader.take_element(args_field, i));
        return take_keywords(reader, request);
    } catch (const pickle_error& error) {
        return python_exception{"_pickle", "cPickle", "UnpicklingError", error.what()};
    }
}

void write_return(outbox& out, codec::reader_dialect reader, codec::payload&& result, const codec::pickle_limits& limits)
{
    const writable content{std::move(result), reader, limits};
    envelope_writer writer{out, reader, content};
    writer.text(return_kind);
    writer.object(content);
    writer.code(opcode::tuple2);
    writer.finish();
}

void write_return_text(outbox& out, codec::reader_dialect reader, std::string_view text)
{
    write_kind_and_text(out, reader, return_kind, text);
}

void write_created(outbox& out, codec::reader_dialect reader, std::string_view ident, std::span<const std::string_view> exposed)
{
    envelope_writer writer{out, reader};
    writer.text(return_kind);
    writer.text(ident);
    write_name_tuple(writer, exposed);
    writer.code(opcode::tuple2);
    writer.code(opcode::tuple2);
    writer.finish();
}

void write_names(outbox& out, codec::reader_dialect reader, std::span<const std::string_view> names)
{
    envelope_writer writer{out, reader};
    writer.text(return_kind);
    write_name_tuple(writer, names);
    writer.code(opcode::tuple2);
    writer.finish();
}

void write_proxy(outbox& out, codec::reader_dialect reader, std::string_view typeid_name, std::string_view ident,
                 std::span<const std::string_view> exposed)
{
    envelope_writer writer{out, reader};
    writer.text("#PROXY");
    write_name_tuple(writer, exposed);
    writer.token(typeid_name, ident);
    writer.code(opcode::tuple2);
    writer.code(opcode::tuple2);
    writer.finish();
}

void write_error(outbox& out, codec::reader_dialect reader, const python_exception& error, const codec::pickle_limits& limits)
{
    const writable argument{error.argument.value_or(value{}), reader, limits};
    envelope_writer writer{out, reader, argument};
    writer.text("#ERROR");
    writer.global(reader.python2 ? error.python2_module : error.python3_module, error.name);
    if (error.argument) {
        writer.object(argument);
        writer.code(opcode::tuple1);
    } else if (error.text.empty()) {
        writer.code(opcode::empty_tuple);
    } else {
        writer.text(error.text);
        writer.code(opcode::tuple1);
    }
    writer.code(opcode::reduce);
    writer.code(opcode::tuple2);
    writer.finish();
}

std::string failure_text(codec::reader_dialect reader, const python_exception& error)
{
    return "Traceback (most recent call last):\n" + exception_line(reader, error) + "\n";
}

void write_traceback(outbox& out, codec::reader_dialect reader, const python_exception& error)
{
    write_failure(out, reader, "#TRACEBACK", error);
}

void write_unserializable(outbox& out, codec::reader_dialect reader, const python_exception& error)
{
    write_failure(out, reader, "#UNSERIALIZABLE", error);
}

std::optional<std::string> ident_of_token(const value& token)
{
    if (token.kind() != value_kind::object || token.module_name() != "multiprocessing.managers" ||
        token.qualified_name() != "Token")
        return std::nullopt;
    const value state = token.state();  // (typeid, address, ident)
    if (state.kind() != value_kind::tuple || state.size() != 3)
        return std::nullopt;
    const value ident = state[2];
    if (ident.kind() != value_kind::str && ident.kind() != value_kind::byte_string)
        return std::nullopt;
    return std::string{ident.text()};
}

}  // namespace quaymaster::wire
