// python_dialect: requests and replies as Python's multiprocessing.managers pickles them, as server and as client.
// docs/protocol.md says every request and reply.
#pragma once

#include "codec/envelope.hpp"
#include "codec/payload.hpp"
#include "codec/pickle_limits.hpp"
#include "codec/transcode.hpp"
#include "wire/outbox.hpp"

#include <quaymaster/bytes.hpp>
#include <quaymaster/value.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace quaymaster::wire {

/// An exception on its way to a Python program.
struct python_exception {
    /// Where Python 3 finds the class: "builtins", "queue"; Python 2: "exceptions", "Queue".
    std::string_view python3_module;
    std::string_view python2_module;
    std::string_view name;
    /// args[0]; no args when empty.
    std::string text;
    /// args[0] where that is no text.
    std::optional<value> argument{};
};

/// One of Python's builtin exceptions: "ValueError" and so on.
[[nodiscard]] inline python_exception builtin_exception(std::string_view name, std::string text)
{
    return {"builtins", "exceptions", name, std::move(text), std::nullopt};
}

// ---- the server's side ------------------------------------------------------------------------------------------------

/// `(ident, method, args, kwds)`. Texts are borrowed from the pickle. Reuse one for many requests: it keeps its memory.
struct python_request {
    /// nullopt: None, as in every first request of a connection.
    std::optional<std::string_view> ident;
    std::string_view method;
    /// The first positional argument if it is a text: a typeid, an ident, a name.
    std::optional<std::string_view> first_text;
    std::vector<codec::payload> positional;
    /// Each name once.
    std::vector<std::pair<std::string_view, codec::payload>> keywords;
    /// Who asked, and so how to answer.
    codec::reader_dialect reader;

    /// Lets go of what it holds, not of its memory.
    void clear() noexcept;
};

/// Arguments of one request. CPython has no such bound; no method needs a fraction of it.
inline constexpr std::size_t arguments_max = 1024;
inline constexpr std::size_t keywords_max = 64;

/// Who wrote `pickle`, from its first octets: an unmodified Python 3 never sends protocol 2, so 2 and less mean Python 2.
[[nodiscard]] codec::reader_dialect dialect_of(bytes_view pickle) noexcept;

/// Takes `pickle` apart into `request`, whose `reader` is set whatever happens. Returns what Python would raise on it,
/// nullopt if it is a request.
[[nodiscard]] std::optional<python_exception> parse_request(bytes_view pickle, codec::envelope_reader& reader,
                                                            const codec::pickle_limits& limits, python_request& request);

/// Each of these appends one whole frame, readable for `reader`.
/// `('#RETURN', result)`. Throws pickle_error, before anything is written, if `result` cannot be rewritten for `reader`.
void write_return(outbox& out, codec::reader_dialect reader, codec::payload&& result, const codec::pickle_limits& limits);
/// `('#RETURN', text)` for a text of the server's own, which is a byte string in Python 2.
void write_return_text(outbox& out, codec::reader_dialect reader, std::string_view text);
/// `('#RETURN', (ident, (name, ...)))`: the answer to `create`.
void write_created(outbox& out, codec::reader_dialect reader, std::string_view ident,
                   std::span<const std::string_view> exposed);
/// `('#RETURN', (name, ...))`: the answer to `get_methods`.
void write_names(outbox& out, codec::reader_dialect reader, std::span<const std::string_view> names);
/// `('#PROXY', ((name, ...), Token(typeid_name, None, ident)))`: the result is an object that stays at the server. The client
/// puts in the address by which it reached the server.
void write_proxy(outbox& out, codec::reader_dialect reader, std::string_view typeid_name, std::string_view ident,
                 std::span<const std::string_view> exposed);
/// `('#ERROR', exception)`. Throws pickle_error, before anything is written, if its argument cannot be rewritten for `reader`.
void write_error(outbox& out, codec::reader_dialect reader, const python_exception& error, const codec::pickle_limits& limits);
/// `('#TRACEBACK', text)`: what format_exc() would give, without the lines of a stack that would tell paths.
void write_traceback(outbox& out, codec::reader_dialect reader, const python_exception& error);
/// `('#UNSERIALIZABLE', text)`, the same for a result that cannot travel.
void write_unserializable(outbox& out, codec::reader_dialect reader, const python_exception& error);

/// The text of write_traceback() and write_unserializable().
[[nodiscard]] std::string failure_text(codec::reader_dialect reader, const python_exception& error);

/// The ident inside a `multiprocessing.managers.Token`; nullopt if `token` is none.
[[nodiscard]] std::optional<std::string> ident_of_token(const value& token);

// ---- the client's side ------------------------------------------------------------------------------------------------

/// A request to write. Everything is borrowed for the length of the call.
struct outgoing_request {
    /// nullopt for a server function (`create`, `incref`, `dummy`, ...), which is the first request of its connection.
    std::optional<std::string_view> ident{};
    std::string_view method{};
    /// An argument before the others that is a name, so a byte string for Python 2: the typeid of `create`, the ident of
    /// `incref` and `decref`, the thread name of `accept_connection`.
    std::optional<std::string_view> name{};
    std::span<const codec::payload> positional{};
    std::span<const std::pair<std::string_view, codec::payload>> keywords{};
};

/// Appends `request` as one whole frame, readable for a server of `dialect`. Throws pickle_error, before anything is
/// written, if an argument cannot be rewritten for it within `limits`.
void write_request(outbox& out, codec::reader_dialect dialect, const outgoing_request& request,
                   const codec::pickle_limits& limits);

/// The Token that `get_methods` takes.
[[nodiscard]] codec::item make_token(codec::reader_dialect dialect, std::string_view typeid_name, std::string_view ident);

/// `#RETURN`.
struct returned_reply {
    codec::payload result;
};
/// `#ERROR`. All of it is untrusted text.
struct exception_reply {
    /// "queue", "Queue", "_queue", "builtins", "exceptions", ...
    std::string module;
    /// "Empty", "ValueError", ...
    std::string name;
    /// str(exception).
    std::string text;
    /// "ValueError" for builtins of either Python, "queue.Empty" (whichever module the server named), else "module.name".
    [[nodiscard]] std::string type_name() const;
    [[nodiscard]] bool is_queue_empty() const noexcept;
    [[nodiscard]] bool is_queue_full() const noexcept;
    [[nodiscard]] bool is_queue_shut_down() const noexcept;
};
/// What a client makes of write_error().
[[nodiscard]] exception_reply to_exception_reply(python_exception&& error);
/// `#TRACEBACK`.
struct traceback_reply {
    std::string text;
    /// The exception's type and text, from the last line that begins at a margin: "KeyError", "'7f01'". Empty if it has none.
    [[nodiscard]] std::pair<std::string, std::string> exception() const;
};
/// `#UNSERIALIZABLE`.
struct unserializable_reply {
    std::string text;
};
/// `#PROXY`: the result is an object that stays at the server.
struct proxy_reply {
    std::string typeid_name;
    std::string ident;
    std::vector<std::string> exposed;
};
/// No reply of this protocol; says why.
struct malformed_reply {
    std::string text;
    /// Set if it is no pickle, or goes beyond a limit: which one, and at which octet.
    error_code unreadable{};
    std::size_t offset = 0;
};
using reply =
    std::variant<returned_reply, exception_reply, traceback_reply, unserializable_reply, proxy_reply, malformed_reply>;

[[nodiscard]] reply parse_reply(bytes_view pickle, codec::envelope_reader& reader, const codec::pickle_limits& limits);

/// The result of `create`.
struct created_reply {
    std::string ident;
    std::vector<std::string> exposed;
};
[[nodiscard]] std::optional<created_reply> parse_created(const codec::payload& result, const codec::pickle_limits& limits);

}  // namespace quaymaster::wire
