// errors: the exceptions that quaymaster throws. What sockets do is a boost::system::error_code inside connection_lost.
#pragma once

#include <boost/system/error_code.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace quaymaster {

using error_code = boost::system::error_code;

/// The base of every error below.
class error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// No item came in time: Python's queue.Empty. Expected in normal use.
class queue_empty : public error {
public:
    queue_empty() : error{"the queue is empty"} {}
    using error::error;
};

/// No room came in time: Python's queue.Full. Expected in normal use.
class queue_full : public error {
public:
    queue_full() : error{"the queue is full"} {}
    using error::error;
};

/// The queue was shut down: Python 3.13's queue.ShutDown.
class queue_shut_down : public error {
public:
    queue_shut_down() : error{"the queue has been shut down"} {}
    using error::error;
};

/// The other side does not hold the same authkey, or refuses the digests that we can offer.
class authentication_error : public error {
public:
    using error::error;
};

/// The connection could not be made or was lost. If `may_have_executed()`, the request had left when it happened.
class connection_lost : public error {
public:
    connection_lost(const std::string& what, error_code cause, bool may_have_executed)
        : error{what}, cause_{cause}, may_have_executed_{may_have_executed}
    {
    }
    [[nodiscard]] error_code cause() const noexcept { return cause_; }
    [[nodiscard]] bool may_have_executed() const noexcept { return may_have_executed_; }

private:
    error_code cause_;
    bool may_have_executed_;
};

/// The server did not answer in time: it may be frozen, overloaded or unreachable.
class deadline_exceeded : public error {
public:
    using error::error;
};

/// The server raised an exception that has no type of its own here, or reported a failed request.
class remote_error : public error {
public:
    /// `type_name` as Python prints it ("ValueError", "queue.Empty"); "RemoteError" for a traceback that names none.
    remote_error(std::string type_name, std::string text, std::string traceback = {})
        : error{type_name + ": " + text}, type_name_{std::move(type_name)}, text_{std::move(text)}, traceback_{std::move(traceback)}
    {
    }
    /// A class that is no builtin has its module before it, such as "__main__.OutOfStock" from a program's own file.
    [[nodiscard]] const std::string& type_name() const noexcept { return type_name_; }
    /// True if `name` is type_name(), or the part of it after the module: is("OutOfStock"). Classes above it do not count.
    [[nodiscard]] bool is(std::string_view name) const noexcept
    {
        const std::string_view full = type_name_;
        return full.ends_with(name) && (full.size() == name.size() || full[full.size() - name.size() - 1] == '.');
    }
    /// str(exception).
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    /// The server's traceback, as untrusted text; empty if it sent none.
    [[nodiscard]] const std::string& traceback() const noexcept { return traceback_; }

private:
    std::string type_name_;
    std::string text_;
    std::string traceback_;
};

/// Thrown by a method of a registered class to raise a certain exception in its caller, such as python_error{"KeyError", "x"}.
/// One of Python's builtin exceptions that services raise (AssertionError, AttributeError, IndexError, KeyError, MemoryError,
/// NotImplementedError, OverflowError, RuntimeError, StopIteration, TypeError, ValueError, ZeroDivisionError) or queue.Empty,
/// queue.Full; any other arrives as a RuntimeError whose text begins with its name.
class python_error : public error {
public:
    python_error(std::string type_name, std::string text)
        : error{type_name + ": " + text}, type_name_{std::move(type_name)}, text_{std::move(text)}
    {
    }
    [[nodiscard]] const std::string& type_name() const noexcept { return type_name_; }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string type_name_;
    std::string text_;
};

/// A Python object does not fit the C++ type that was asked for.
/// The message says the path ("[2].width"), what was expected ("int within -128..127") and what was found ("int 300").
class conversion_error : public error {
public:
    conversion_error(std::string path, std::string expected, std::string found)
        : error{(path.empty() ? std::string{} : path + ": ") + "expected " + expected + ", found " + found},
          path_{std::move(path)}, expected_{std::move(expected)}, found_{std::move(found)}
    {
    }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] const std::string& expected() const noexcept { return expected_; }
    [[nodiscard]] const std::string& found() const noexcept { return found_; }

private:
    std::string path_;
    std::string expected_;
    std::string found_;
};

/// A pickle that is malformed, or exceeds a limit.
class pickle_error : public error {
public:
    pickle_error(const std::string& what, error_code code, std::size_t offset)
        : error{what}, code_{code}, offset_{offset}
    {
    }
    [[nodiscard]] error_code code() const noexcept { return code_; }
    /// Where in the pickle, in octets from its start.
    [[nodiscard]] std::size_t offset() const noexcept { return offset_; }

private:
    error_code code_;
    std::size_t offset_;
};

}  // namespace quaymaster
