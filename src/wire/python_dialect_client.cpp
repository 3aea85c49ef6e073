#include "wire/envelope_writer.hpp"
#include "wire/python_dialect.hpp"
#include "wire/python_text.hpp"

#include <cstdint>

namespace quaymaster::wire {

namespace {

using codec::opcode;

using writable_keyword = std::pair<std::string_view, writable>;

void write_plain_request(outbox& out, codec::reader_dialect dialect, const outgoing_request& request,
                         const std::vector<writable>& positional, const std::vector<writable_keyword>& keywords,
                         std::uint8_t protocol)
{
    envelope_writer writer{out, dialect, protocol};
    writer.code(opcode::mark);
    if (request.ident)
        writer.text(*request.ident);
    else
        writer.none();
    writer.text(request.method);
    writer.code(opcode::mark);
    if (request.name)
        writer.text(*request.name);
    for (const writable& argument : positional)
        writer.object(argument);
    writer.code(opcode::tuple);
    writer.code(opcode::empty_dict);
    for (const auto& [name, argument] : keywords) {
        writer.text(name);
        writer.object(argument);
        writer.code(opcode::setitem);
    }
    writer.code(opcode::tuple);
    writer.finish();
}

/// Two items in one pickle would share a memo, so the request is built as one value and pickled whole. Names are then
/// `unicode` for Python 2, which its managers accept.
void write_request_as_value(outbox& out, codec::reader_dialect dialect, const outgoing_request& request,
                            const codec::pickle_limits& limits)
{
    std::vector<value> arguments;
    if (request.name)
        arguments.emplace_back(*request.name);
    for (const codec::payload& argument : request.positional)
        arguments.push_back(argument.to_value(limits));
    std::vector<std::pair<value, value>> keywords;
    for (const auto& [name, argument] : request.keywords)
        keywords.emplace_back(value{name}, argument.to_value(limits));
    const value whole = value::tuple({request.ident ? value{*request.ident} : value{}, value{request.method},
                                      value::tuple(arguments), value::dict(keywords)});
    const writable content{whole, dialect, limits};
    envelope_writer writer{out, dialect, content};
    writer.object(content);
    writer.finish();
}

std::string text_of(const value& content)
{
    if (content.kind() == value_kind::str || content.kind() == value_kind::byte_string)
        return std::string{content.text()};
    return content.repr();
}

/// str(exception) of one argument.
std::string exception_text_of(std::string_view name, const value& argument)
{
    return name == "KeyError" ? argument.repr() : text_of(argument);
}

/// str(exception) from its args.
std::string exception_text(std::string_view name, const value& arguments)
{
    if (arguments.size() == 0)
        return {};
    return arguments.size() > 1 ? arguments.repr() : exception_text_of(name, arguments[0]);
}

std::vector<std::string> names_of(const value& names)
{
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < names.size(); ++i)
        texts.push_back(text_of(names[i]));
    return texts;
}

bool is_sequence(const value& content) noexcept
{
    return content.kind() == value_kind::tuple || content.kind() == value_kind::list;
}

reply parse_exception(const value& content)
{
    if (content.kind() != value_kind::object)
        return malformed_reply{"#ERROR carries " + content.type_name() + ", not an exception", {}, 0};
    exception_reply parsed{std::string{content.module_name()}, std::string{content.qualified_name()}, {}};
    const value arguments = content.arguments();
    parsed.text = exception_text(parsed.name, arguments);
    return parsed;
}

reply parse_proxy(const value& content)
{
    static const malformed_reply malformed{"#PROXY does not carry (exposed, Token)", {}, 0};
    if (content.kind() != value_kind::tuple || content.size() != 2 || !is_sequence(content[0]))
        return malformed;
    const value token = content[1];
    const auto ident = ident_of_token(token);
    if (!ident)
        return malformed;
    return proxy_reply{text_of(token.state()[0]), *ident, names_of(content[0])};
}

template <class Reply>
reply parse_text(const codec::envelope_reader& reader, std::string_view kind)
{
    const auto text = reader.text(1);
    if (!text)
        return malformed_reply{std::string{kind} + " carries no text", {}, 0};
    return Reply{std::string{*text}};
}

reply parse_fields(codec::envelope_reader& reader, const codec::pickle_limits& limits)
{
    if (reader.field_count() != std::size_t{2})
        return malformed_reply{"a reply is not a pair (kind, result)", {}, 0};
    const auto kind = reader.text(0);
    if (kind == "#RETURN")
        return returned_reply{reader.take(1)};
    if (kind == "#ERROR")
        return parse_exception(reader.take(1).to_value(limits));
    if (kind == "#TRACEBACK")
        return parse_text<traceback_reply>(reader, *kind);
    if (kind == "#UNSERIALIZABLE")
        return parse_text<unserializable_reply>(reader, *kind);
    if (kind == "#PROXY")
        return parse_proxy(reader.take(1).to_value(limits));
    return malformed_reply{"a reply of a kind that managers.py does not have", {}, 0};
}

bool is_queue_exception(const exception_reply& error, std::string_view name) noexcept
{
    return error.name == name && (error.module == "queue" || error.module == "_queue" || error.module == "Queue");
}

}  // namespace

void write_request(outbox& out, codec::reader_dialect dialect, const outgoing_request& request,
                   const codec::pickle_limits& limits)
{
    std::vector<writable> positional;
    positional.reserve(request.positional.size());
    for (const codec::payload& argument : request.positional)
        positional.emplace_back(argument, dialect, limits);
    std::vector<writable_keyword> keywords;
    keywords.reserve(request.keywords.size());
    for (const auto& [name, argument] : request.keywords)
        keywords.emplace_back(name, writable{argument, dialect, limits});

    std::size_t items = 0;
    std::uint8_t protocol = dialect.protocol;
    const auto count = [&](const writable& argument) {
        if (!argument.is_item())
            return;
        ++items;
        protocol = codec::announced_protocol(argument.pickled(), dialect);
    };
    for (const writable& argument : positional)
        count(argument);
    for (const auto& keyword : keywords)
        count(keyword.second);

    if (items <= 1)
        write_plain_request(out, dialect, request, positional, keywords, protocol);
    else
        write_request_as_value(out, dialect, request, limits);
}

codec::item make_token(codec::reader_dialect dialect, std::string_view typeid_name, std::string_view ident)
{
    outbox opcodes;
    opcode_writer{opcodes, dialect}.token(typeid_name, ident);
    std::vector<bytes_view> pieces;
    opcodes.gather(pieces);
    return codec::item::make(pieces.front(),
                             {.protocol_min = dialect.protocol, .from_python2 = dialect.python2, .has_globals = true});
}

reply parse_reply(bytes_view pickle, codec::envelope_reader& reader, const codec::pickle_limits& limits)
{
    if (const codec::pickle_status status = reader.read(pickle, limits))
        return malformed_reply{status.message(limits), status.code, status.offset};
    try {
        return parse_fields(reader, limits);
    } catch (const pickle_error& error) {
        return malformed_reply{error.what(), error.code(), error.offset()};
    }
}

std::optional<created_reply> parse_created(const codec::payload& result, const codec::pickle_limits& limits)
{
    const value content = result.to_value(limits);
    if (content.kind() != value_kind::tuple || content.size() != 2 || !is_sequence(content[1]))
        return std::nullopt;
    const value ident = content[0];
    if (ident.kind() != value_kind::str && ident.kind() != value_kind::byte_string)
        return std::nullopt;
    return created_reply{std::string{ident.text()}, names_of(content[1])};
}

exception_reply to_exception_reply(python_exception&& error)
{
    exception_reply reply{std::string{error.python3_module}, std::string{error.name}, {}};
    if (error.argument)
        reply.text = exception_text_of(error.name, *error.argument);
    else if (error.name == "KeyError" && !error.text.empty())
        reply.text = quoted(error.text);
    else
        reply.text = std::move(error.text);
    return reply;
}

std::string exception_reply::type_name() const
{
    if (module == "builtins" || module == "exceptions")
        return name;
    if (module == "_queue" || module == "Queue")
        return "queue." + name;
    return module + "." + name;
}

bool exception_reply::is_queue_empty() const noexcept
{
    return is_queue_exception(*this, "Empty");
}

bool exception_reply::is_queue_full() const noexcept
{
    return is_queue_exception(*this, "Full");
}

bool exception_reply::is_queue_shut_down() const noexcept
{
    return is_queue_exception(*this, "ShutDown");
}

std::pair<std::string, std::string> traceback_reply::exception() const
{
    // The last stack is that of the exception that was not handled; its lines are indented, the exception is not.
    static constexpr std::string_view heading = "Traceback (most recent call last):\n";
    std::string_view rest = text;
    const std::size_t stack = rest.rfind(heading);
    if (stack == std::string_view::npos)
        return {};
    rest.remove_prefix(stack + heading.size());
    while (rest.starts_with(' ')) {
        const std::size_t line_end = rest.find('\n');
        if (line_end == std::string_view::npos)
            return {};
        rest.remove_prefix(line_end + 1);
    }
    while (rest.ends_with('\n'))
        rest.remove_suffix(1);
    const std::size_t colon = rest.find(": ");
    if (colon == std::string_view::npos || rest.substr(0, colon).find_first_of(" \n") != std::string_view::npos)
        return {std::string{rest}, {}};
    return {std::string{rest.substr(0, colon)}, std::string{rest.substr(colon + 2)}};
}

}  // namespace quaymaster::wire
