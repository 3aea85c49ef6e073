// python_calls: the requests of the Python dialect as a server answers them, whatever frames they come in.
#pragma once

#include "codec/transcode.hpp"
#include "core/call.hpp"
#include "core/registry.hpp"
#include "core/waiter.hpp"
#include "session/data_proxies.hpp"
#include "session/owned_objects.hpp"
#include "session/service.hpp"
#include "session/turn.hpp"

#include <quaymaster/bytes.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace quaymaster::session {

/// One request that a session is at: what it waits in, and how it is to be answered.
/// Lifetime: `waiting` outlives it.
class python_call {
public:
    explicit python_call(core::waiter& waiting) noexcept : waiter_{&waiting} {}

    /// True while it blocks.
    [[nodiscard]] bool parked() const noexcept { return place_ != nullptr; }
    /// True while it runs, rather than blocks: its outcome comes without anybody else's doing.
    [[nodiscard]] bool awaits_work() const noexcept { return parked() && place_->works_for_the_parked(); }
    /// When it gives up; core::never if it does not.
    [[nodiscard]] core::time_point deadline() const noexcept { return deadline_; }

private:
    friend class python_calls;
    void park_in(std::shared_ptr<core::referent> place);

    core::waiter* waiter_;
    std::shared_ptr<core::referent> place_;  // kept alive though a decref may drop it
    core::time_point deadline_ = core::never;
    std::unique_ptr<holds> creating_;  // what the arguments hold, if it is a create
    codec::reader_dialect reader_;
};

/// The calls of one session, and what that session comes to own by them. Each answer is one whole frame of the Python dialect in
/// turn::replies. Follows managers.py: Server.handle_request and Server.serve_client.
/// Thread safety: none. Lifetime: `settings` and `caller` outlive it. `caller` is whose calls these are, whichever waiter waits.
class python_calls {
public:
    /// What follows a server function on its connection.
    enum class after : std::uint8_t { close, stream, native };

    python_calls(const server_settings& settings, core::waiter& caller) noexcept : settings_{&settings}, caller_{&caller} {}
    python_calls(const python_calls&) = delete;
    python_calls& operator=(const python_calls&) = delete;

    /// Whether the peer may know queue.ShutDown.
    void set_has_shut_down_error(bool has) noexcept { has_shut_down_error_ = has; }

    /// Answers one request, or parks `call`. `on_stream`: it is a method of the object that it names; otherwise a server function.
    /// Precondition: `call` is not parked.
    after take_request(bytes_view pickle, bool on_stream, python_call& call, turn& now);
    /// The same in a session of the native dialect, where both kinds come in any order. Nothing follows a server function there.
    void take_any_request(bytes_view pickle, python_call& call, turn& now);
    /// Answers with what the wait has come to. Precondition: parked, and its caller has been told that the wait is over.
    void resume(python_call& call, turn& now);
    /// Its deadline has passed. It may stay parked nevertheless, without one. Precondition: parked.
    void expire(python_call& call, turn& now);
    /// As withdraw(). False, with nothing done, if the wait has come to something that its caller is about to be told, and that would not
    /// be undone: what a getter of several queues was given goes back.
    /// Precondition: parked.
    [[nodiscard]] bool cancel(python_call& call, service& server);
    /// Its caller wants no answer any more.
    void withdraw(python_call& call, service& server);
    /// Notes that the session calls `ident`, an object of a client's making.
    void note_use(std::string_view ident, turn& now);
    /// Releases what the session owns. Precondition: no call is parked.
    void end(service& server, bool peer_left);

private:
    template <class Dispatch>
    void take(bytes_view pickle, python_call& call, turn& now, Dispatch&& dispatch);
    [[nodiscard]] bool is_about_kept_count(const wire::python_request& request) const;
    after call_function(python_call& call, turn& now);
    after answer_hello(turn& now);
    void create_object(python_call& waiting, turn& now);
    void answer_created(const python_call& call, core::outcome result, const holds& held, turn& now);
    void answer_created(const python_call& call, const core::created& object, const holds& held, turn& now);
    void call_method(python_call& waiting, turn& now);
    static std::shared_ptr<core::referent> forget_wait(python_call& call) noexcept;
    void keep_count(turn& now);
    void keep_last_used(turn& now);
    void call_fallback(core::referent& object, turn& now);
    void answer(const python_call& call, core::outcome result, turn& now);
    void answer_with_error(const python_call& call, core::raised error, turn& now);
    void answer_with_proxy(const python_call& call, core::made_proxy object, turn& now);

    const server_settings* settings_;
    core::waiter* caller_;
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
    };
    static constexpr std::size_t swept_min = 16;
    struct use_table {
        std::unordered_set<std::string, text_hash, std::equal_to<>> idents;
        std::size_t swept_at = swept_min;
    };
    owned_objects owned_;  // that this session may own
    // Which objects, stable ones not counted, this stream has called. Most streams call one, and a set has its price.
    std::string last_called_;
    std::unique_ptr<use_table> used_;  // those before it; null if there are none
    using count_map = std::unordered_map<std::string, std::size_t, text_hash, std::equal_to<>>;
    std::unique_ptr<count_map> counts_;  // what the client counts on as long as this stream; null if it has never said
    core::stream_role role_ = core::stream_role::unknown;
    bool is_last_used_ = false;         // last_called_ is such an object
    bool has_shut_down_error_ = false;  // the peer is new enough that it may know queue.ShutDown
};

}  // namespace quaymaster::session
