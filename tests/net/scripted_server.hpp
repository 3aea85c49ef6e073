// scripted_server: a server whose every answer a test writes down, to see what a client asks and what it makes of the answers.
#pragma once

#include "client_testing.hpp"
#include "codec/envelope.hpp"
#include "wire/framing.hpp"
#include "wire/handshake.hpp"
#include "wire/native_dialect.hpp"
#include "wire/python_dialect.hpp"

#include <quaymaster/address.hpp>
#include <quaymaster/value.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace client_testing {

/// A method call as it came: "append(5)", "sort(reverse=True)".
struct scripted_call {
    std::string ident;
    std::string method;
    std::vector<quaymaster::value> positional;
    std::vector<std::pair<std::string, quaymaster::value>> named;

    [[nodiscard]] std::string text() const
    {
        std::string arguments;
        for (const quaymaster::value& each : positional)
            arguments += (arguments.empty() ? "" : ", ") + each.repr();
        for (const auto& [name, argument] : named)
            arguments += (arguments.empty() ? "" : ", ") + name + "=" + argument.repr();
        return method + "(" + arguments + ")";
    }
};

/// #PROXY.
struct scripted_proxy {
    std::string typeid_name;
    std::string ident;
    std::vector<std::string_view> exposed;
};
/// #TRACEBACK: what the server itself raises, such as the KeyError of an ident that it does not know.
struct scripted_traceback {
    quaymaster::wire::python_exception error;
};
/// Nothing is ever said.
struct scripted_silence {};
using scripted_answer =
    std::variant<quaymaster::value, quaymaster::wire::python_exception, scripted_traceback, scripted_proxy, scripted_silence>;

/// Answers method calls with what the script says, one at a time; server functions by itself: create() makes the object
/// "1" that exposes `exposed`, and whatever is created later "2" and so on. Its key is "abc".
/// Thread safety: the script runs under a lock; calls() and functions() from any thread.
class scripted_server {
public:
    using script = std::function<scripted_answer(const scripted_call&)>;

    /// Writes what a request of the native dialect comes to, at once or later. False ends the connection.
    using native_script = std::function<bool(const quaymaster::wire::native::frame&, quaymaster::wire::outbox&)>;

    explicit scripted_server(script answers, std::vector<std::string_view> exposed = {})
        : answers_{std::move(answers)}, exposed_{std::move(exposed)}, accepter_{[this] { accept_all(); }}
    {
    }
    /// One that speaks the native dialect, and says in its hello that it takes requests of `payload_size_max` octets. Calls are for
    /// `answers`.
    explicit scripted_server(native_script replies, std::uint64_t payload_size_max = 1 << 20,
                             script answers = [](const scripted_call&) { return quaymaster::value{}; })
        : answers_{std::move(answers)}, native_replies_{std::move(replies)},
          payload_size_max_{payload_size_max}, accepter_{[this] { accept_all(); }}
    {
    }
    scripted_server(const scripted_server&) = delete;
    scripted_server& operator=(const scripted_server&) = delete;
    ~scripted_server()
    {
        {
            const std::lock_guard lock{mutex_};
            is_over_ = true;
            for (const int descriptor : descriptors_)
                ::shutdown(descriptor, SHUT_RDWR);
        }
        const int waker = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        at.sin_port = htons(listener_.port());
        (void)::connect(waker, reinterpret_cast<const sockaddr*>(&at), sizeof at);
        accepter_.join();
        ::close(waker);
        for (std::thread& each : threads_)
            each.join();
        for (const int descriptor : descriptors_)
            ::close(descriptor);
    }

    [[nodiscard]] quaymaster::address address() const { return {"127.0.0.1", listener_.port()}; }
    /// Says in its next hellos that it takes so many requests at once. (It is for the script to refuse more.)
    void take_requests(std::uint64_t requests_max)
    {
        const std::lock_guard lock{mutex_};
        requests_max_ = requests_max;
    }
    /// Sends octets that nobody has asked for, over the latest connection.
    void say(quaymaster::wire::outbox& octets) const
    {
        const std::lock_guard lock{mutex_};
        send_all(descriptors_.back(), octets);
    }
    /// Ends all connections.
    void hang_up() const
    {
        const std::lock_guard lock{mutex_};
        for (const int descriptor : descriptors_)
            ::shutdown(descriptor, SHUT_RDWR);
    }
    /// The method calls so far.
    [[nodiscard]] std::vector<std::string> calls() const
    {
        const std::lock_guard lock{mutex_};
        return calls_;
    }
    /// The calls of server functions so far, but for `accept_connection`.
    [[nodiscard]] std::vector<std::string> functions() const
    {
        const std::lock_guard lock{mutex_};
        return functions_;
    }

private:
    void accept_all()
    {
        for (;;) {
            const int descriptor = listener_.accept();
            const std::lock_guard lock{mutex_};
            descriptors_.push_back(descriptor);
            if (is_over_)
                return;
            threads_.emplace_back([this, descriptor] { serve(descriptor); });
        }
    }

    void serve(int descriptor)
    {
        using namespace quaymaster;
        wire::outbox out;
        wire::server_handshake handshake{wire::handshake_nonce{}};
        const bytes key = to_bytes(std::string_view{"abc"});
        codec::envelope_reader reader;
        wire::python_request request;
        bytes input;
        handshake.start(out);
        bool is_native = false;
        for (bool goes_on = true; goes_on;) {
            send_all(descriptor, out);
            error_code ec;
            if (const auto asked = is_native ? wire::native::parse_frame(input, 1 << 20, ec) : std::nullopt) {
                goes_on = answer_natively(*asked, reader, out);
                input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(asked->size()));
                continue;
            }
            const auto frame = is_native ? std::nullopt : wire::parse_frame(input, 1 << 20, ec);
            if (!frame) {
                bytes more(1 << 16);
                const ::ssize_t count = ::recv(descriptor, more.data(), more.size(), 0);
                if (count <= 0)
                    return;
                input.insert(input.end(), more.begin(), more.begin() + count);
                continue;
            }
            if (handshake.state() == wire::handshake_state::running)
                goes_on = handshake.on_frame(frame->payload, {key, false}, out) != wire::handshake_state::failed;
            else
                goes_on = !wire::parse_request(frame->payload, reader, {}, request) && answer(request, out);
            is_native = goes_on && request.method == wire::native::hello_name;
            input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(frame->size));
        }
        send_all(descriptor, out);
        ::shutdown(descriptor, SHUT_RDWR);
    }

    static void send_all(int descriptor, quaymaster::wire::outbox& out)
    {
        std::vector<quaymaster::bytes_view> pieces;
        out.gather(pieces);
        for (quaymaster::bytes_view piece : pieces)
            while (!piece.empty()) {
                const ::ssize_t count = ::send(descriptor, piece.data(), piece.size(), MSG_NOSIGNAL);
                if (count <= 0)
                    return;
                piece = piece.subspan(static_cast<std::size_t>(count));
            }
        out.clear();
    }

    bool answer_natively(const quaymaster::wire::native::frame& asked, quaymaster::codec::envelope_reader& reader,
                         quaymaster::wire::outbox& out)
    {
        using namespace quaymaster;
        if (asked.code != wire::native::operation::call) {
            const std::lock_guard lock{mutex_};
            return native_replies_(asked, out);
        }
        error_code ec;
        const auto inner = wire::parse_frame(asked.body, 1 << 20, ec);
        wire::python_request request;
        if (!inner || wire::parse_request(inner->payload, reader, {}, request))
            return false;
        const std::size_t begun = wire::native::begin_body(out, {wire::native::operation::answer, asked.id});
        (void)answer(request, out);
        if (out.size_since(begun) == wire::native::header_size)
            out.truncate(begun);  // silence
        else
            wire::native::end_body(out, begun);
        return true;
    }

    /// False if the connection is to end.
    bool answer(const quaymaster::wire::python_request& request, quaymaster::wire::outbox& out)
    {
        using namespace quaymaster;
        scripted_call call{std::string{request.ident.value_or("")}, std::string{request.method}, {}, {}};
        for (const codec::payload& each : request.positional)
            call.positional.push_back(each.to_value());
        for (const auto& [name, argument] : request.keywords)
            call.named.emplace_back(name, argument.to_value());

        const std::lock_guard lock{mutex_};
        if (!request.ident) {
            if (request.method != "accept_connection")
                functions_.push_back(call.text());
            if (request.method == wire::native::hello_name && native_replies_) {
                const value hello = value::dict({{"version", 1},
                                                 {"server", "scripted"},
                                                 {"payload_size_max", payload_size_max_},
                                                 {"batch_items_max", 65'535},
                                                 {"batch_size_max", 1 << 20},
                                                 {"requests_max", requests_max_},
                                                 {"handles_max", 65'536}});
                wire::write_return(out, request.reader, hello, {});
                return true;
            }
            if (request.method == wire::native::hello_name)
                wire::write_traceback(out, request.reader, wire::builtin_exception("AssertionError", "'quaymaster_native' unrecognized"));
            else if (request.method == "create")
                wire::write_created(out, request.reader, std::to_string(++created_), exposed_);
            else
                wire::write_return(out, request.reader, value{}, {});
            return request.method == "accept_connection";
        }
        calls_.push_back(call.text());
        scripted_answer said = answers_(call);
        if (auto* returned = std::get_if<value>(&said))
            wire::write_return(out, request.reader, std::move(*returned), {});
        else if (const auto* raised = std::get_if<wire::python_exception>(&said))
            wire::write_error(out, request.reader, *raised, {});
        else if (const auto* failed = std::get_if<scripted_traceback>(&said))
            wire::write_traceback(out, request.reader, failed->error);
        else if (const auto* made = std::get_if<scripted_proxy>(&said))
            wire::write_proxy(out, request.reader, made->typeid_name, made->ident, made->exposed);
        return true;
    }

    const silent_listener listener_;
    const script answers_;
    const std::vector<std::string_view> exposed_;
    const native_script native_replies_;  // null: it knows the Python dialect only
    const std::uint64_t payload_size_max_ = 0;
    mutable std::mutex mutex_;  // guards the rest
    std::uint64_t requests_max_ = 65'536;
    bool is_over_ = false;
    int created_ = 0;
    std::vector<std::string> calls_;
    std::vector<std::string> functions_;
    std::vector<int> descriptors_;
    std::vector<std::thread> threads_;
    std::thread accepter_;
};

/// The answer to an `open`: the one object that a script has, a queue, has the handle 7.
inline void answer_opened(const quaymaster::wire::native::frame& asked, quaymaster::wire::outbox& out)
{
    using namespace quaymaster::wire;
    const auto kind = static_cast<std::uint8_t>(native::object_kind::queue);
    native::write_frame(out, {native::operation::opened, asked.id}, native::fixed_fields{}.add(std::uint32_t{7}).add(kind).view());
}

/// A manager of the given type connected to `serving`.
template <class Manager>
Manager connected_to(const scripted_server& serving, quaymaster::manager_options options = short_limits(),
                     quaymaster::client_dialect dialect = quaymaster::client_dialect::python)
{
    options.client.dialect = dialect;
    Manager manager{serving.address(), "abc", options};
    manager.connect();
    return manager;
}

}  // namespace client_testing
