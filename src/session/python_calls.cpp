#include "session/python_calls.hpp"

#include "session/exception_names.hpp"
#include "session/server_information.hpp"
#include "wire/native_dialect.hpp"
#include "wire/python_text.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace quaymaster::session {

namespace {

using wire::builtin_exception;
using wire::python_exception;

/// Lends the arguments of a request to a call and takes the memory back, emptied: nothing of one request may outlive it
/// in memory that all sessions share.
class borrowed_call {
public:
    borrowed_call(workspace& scratch, core::time_point now) : scratch_{scratch}
    {
        core::call& call = scratch.call;
        call.method = scratch.request.method;
        call.positional.swap(scratch.request.positional);
        call.keywords.swap(scratch.request.keywords);
        call.now = now;
    }
    borrowed_call(const borrowed_call&) = delete;
    borrowed_call& operator=(const borrowed_call&) = delete;
    ~borrowed_call()
    {
        core::call& call = scratch_.call;
        call.method = {};
        call.positional.clear();
        call.keywords.clear();
        call.positional.swap(scratch_.request.positional);
        call.keywords.swap(scratch_.request.keywords);
    }
    [[nodiscard]] core::call& operator*() const noexcept { return scratch_.call; }
    [[nodiscard]] core::call* operator->() const noexcept { return &scratch_.call; }

private:
    workspace& scratch_;
};

void write_traceback(turn& now, const python_exception& error)
{
    wire::write_traceback(now.replies, now.scratch.request.reader, error);
}

void write_none(turn& now, const server_settings& settings)
{
    wire::write_return(now.replies, now.scratch.request.reader, {}, settings.limits);
}

// ---- the functions of section "server functions" in docs/protocol.md --------------------------------------------------

using server_function = void (*)(turn&, const server_settings&, core::waiter& caller);

void answer_dummy(turn& now, const server_settings& settings, core::waiter&)
{
    write_none(now, settings);
}

/// incref and decref: both take an ident and raise KeyError for one that is not counted.
template <class Count>
void answer_count(turn& now, const server_settings& settings, Count&& count)
{
    const auto ident = now.scratch.request.first_text;
    if (!ident)
        write_traceback(now, builtin_exception("TypeError", "an ident is a str"));
    else if (!count(*ident))
        write_traceback(now, builtin_exception("KeyError", std::string{*ident}));
    else
        write_none(now, settings);
}

void answer_incref(turn& now, const server_settings& settings, core::waiter&)
{
    answer_count(now, settings, [&now](std::string_view ident) { return now.server.incref(ident); });
}

void answer_decref(turn& now, const server_settings& settings, core::waiter& caller)
{
    answer_count(now, settings, [&](std::string_view ident) { return now.server.decref(ident, caller); });
}

void answer_get_methods(turn& now, const server_settings& settings, core::waiter&)
{
    std::optional<std::string> ident;
    try {
        ident = wire::ident_of_token(now.scratch.request.positional.front().to_value(settings.limits));
    } catch (const pickle_error&) {
        // Answered below like every other argument that is no Token.
    }
    if (!ident) {
        write_traceback(now, builtin_exception("AttributeError", "get_methods() takes a Token"));
        return;
    }
    const auto object = now.server.find(*ident);
    if (object == nullptr)
        write_traceback(now, builtin_exception("KeyError", *ident));
    else
        wire::write_names(now.replies, now.scratch.request.reader, object->exposed());
}

void answer_number_of_objects(turn& now, const server_settings& settings, core::waiter&)
{
    const value count{static_cast<std::int64_t>(now.server.number_of_objects())};
    wire::write_return(now.replies, now.scratch.request.reader, count, settings.limits);
}

void answer_debug_info(turn& now, const server_settings&, core::waiter&)
{
    wire::write_return_text(now.replies, now.scratch.request.reader, now.server.debug_info());
}

void answer_shutdown(turn& now, const server_settings& settings, core::waiter&)
{
    write_none(now, settings);
    now.server.request_shutdown();
}

struct function_row {
    std::string_view name;
    std::size_t arguments_min;
    std::size_t arguments_max;
    server_function answer;
    bool takes_keywords = false;
    python_calls::after begins = python_calls::after::close;
};

constexpr std::string_view create_name = "create";

constexpr std::array functions{
    function_row{"accept_connection", 1, 1, answer_dummy, false, python_calls::after::stream},
    function_row{create_name, 1, wire::arguments_max, nullptr, true},  // which may take a while: see create_object()
    function_row{"debug_info", 0, 0, answer_debug_info},
    function_row{"decref", 1, 1, answer_decref},
    function_row{"dummy", 0, 0, answer_dummy},
    function_row{"get_methods", 1, 1, answer_get_methods},
    function_row{"incref", 1, 1, answer_incref},
    function_row{"number_of_objects", 0, 0, answer_number_of_objects},
    function_row{wire::native::hello_name, 2, 2, nullptr},  // which may succeed or not: see answer_hello()
    function_row{"shutdown", 0, 0, answer_shutdown},
};

/// What calling the function with these arguments raises before it begins.
std::optional<python_exception> check_arguments(const function_row& function, const wire::python_request& request)
{
    const std::string name = std::string{function.name} + "()";
    const std::size_t given = request.positional.size();
    if (given < function.arguments_min)
        return builtin_exception("TypeError", name + " missing 1 required positional argument");
    if (given > function.arguments_max)
        return builtin_exception("TypeError", name + " takes " + std::to_string(function.arguments_max) +
                                                  " positional arguments but " + std::to_string(given) + " were given");
    if (!request.keywords.empty() && !function.takes_keywords)
        return builtin_exception("TypeError",
                                 name + " got an unexpected keyword argument " + wire::quoted(request.keywords.front().first));
    return std::nullopt;
}

// ---- methods that work on every object though never exposed -----------------------------------------------------------

using fallback_function = void (*)(core::referent&, turn&, const server_settings&, core::waiter& caller);

void answer_text(core::referent& object, turn& now, const server_settings&, core::waiter&)
{
    wire::write_return_text(now.replies, now.scratch.request.reader, now.server.text(object));
}

/// The referent by value. Stock servers fail to pickle a queue or a lock, and say so in these words.
void answer_by_value(core::referent& object, turn& now, const server_settings& settings, core::waiter& caller)
{
    if (auto copy = now.server.by_value(object)) {
        const codec::reader_dialect reader = now.scratch.request.reader;
        wire::write_return(now.replies, reader, hand_over(now.server, caller, *std::move(copy), reader, settings.limits),
                           settings.limits);
        return;
    }
    wire::write_unserializable(now.replies, now.scratch.request.reader,
                               builtin_exception("TypeError", "cannot pickle " + now.server.text(object)));
}

struct fallback_row {
    std::string_view method;
    fallback_function answer;
};

constexpr std::array fallbacks{
    fallback_row{"__str__", answer_text},
    fallback_row{"__repr__", answer_text},
    fallback_row{"#GETVALUE", answer_by_value},
};

}  // namespace

template <class Dispatch>
void python_calls::take(bytes_view pickle, python_call& call, turn& now, Dispatch&& dispatch)
{
    wire::python_request& request = now.scratch.request;
    const auto fault = wire::parse_request(pickle, now.scratch.reader, settings_->limits, request);
    call.reader_ = request.reader;
    try {
        if (fault)
            write_traceback(now, *fault);
        else
            dispatch();
    } catch (const pickle_error& error) {
        // An argument that had to be decoded, and is within the bounds of a pickle but not of an object.
        write_traceback(now, {"_pickle", "cPickle", "UnpicklingError", error.what()});
    }
    request.clear();
}

python_calls::after python_calls::take_request(bytes_view pickle, bool on_stream, python_call& call, turn& now)
{
    after next = after::close;
    take(pickle, call, now, [&] {
        if (on_stream)
            call_method(call, now);
        else
            next = call_function(call, now);
    });
    return next;
}

void python_calls::take_any_request(bytes_view pickle, python_call& call, turn& now)
{
    take(pickle, call, now, [&] {
        const wire::python_request& request = now.scratch.request;
        if (request.ident || is_about_kept_count(request))
            call_method(call, now);
        else
            call_function(call, now);
    });
}

bool python_calls::is_about_kept_count(const wire::python_request& request) const
{
    return request.method == "adopt" ||
        (request.method == "decref" && request.first_text && counts_ != nullptr && counts_->contains(*request.first_text));
}

python_calls::after python_calls::call_function(python_call& call, turn& now)
{
    const std::string_view name = now.scratch.request.method;
    const auto function =
        std::find_if(functions.begin(), functions.end(), [&](const function_row& row) { return row.name == name; });
    if (function == functions.end()) {
        write_traceback(now, builtin_exception("AssertionError", wire::quoted(name) + " unrecognized"));
        return after::close;
    }
    if (const auto fault = check_arguments(*function, now.scratch.request)) {
        write_traceback(now, *fault);
        return after::close;
    }
    if (name == wire::native::hello_name)
        return answer_hello(now);
    if (function->begins == after::stream && !is_last_used_ && (used_ == nullptr || used_->idents.empty()))  // what has been called as one role ends as the same
        role_ = core::role_of_stream(now.scratch.request.first_text.value_or(std::string_view{}));
    if (function->answer != nullptr)
        function->answer(now, *settings_, *caller_);
    else
        create_object(call, now);
    return function->begins;
}

/// The client says which versions of the native dialect it speaks, from the first argument to the second.
python_calls::after python_calls::answer_hello(turn& now)
{
    const auto& versions = now.scratch.request.positional;
    const auto lowest = versions[0].to_value(settings_->limits).to_uint64();
    const auto highest = versions[1].to_value(settings_->limits).to_uint64();
    if (!lowest || !highest || *lowest > *highest) {
        write_traceback(now, builtin_exception("TypeError", std::string{wire::native::hello_name} + "() takes the lowest and the highest version"));
        return after::close;
    }
    if (*lowest > wire::native::version_max || *highest < wire::native::version_min) {
        write_traceback(now, builtin_exception("ValueError", "this server speaks versions " + std::to_string(wire::native::version_min) + " to " +
                                                                 std::to_string(wire::native::version_max) + " of the native dialect"));
        return after::close;
    }
    const auto version = static_cast<std::uint32_t>(std::min<std::uint64_t>(*highest, wire::native::version_max));
    wire::write_return(now.replies, now.scratch.request.reader, server_information(*settings_, version), settings_->limits);
    return after::native;
}

void python_calls::create_object(python_call& waiting, turn& now)
{
    const auto typeid_name = now.scratch.request.first_text;
    if (!typeid_name) {
        write_traceback(now, builtin_exception("TypeError", "create() needs a typeid, which is a str, as its first argument"));
        return;
    }
    borrowed_call call{now.scratch, now.now};
    call->method = *typeid_name;
    call->positional.erase(call->positional.begin());
    if (now.server.reads_arguments(*typeid_name))
        for (codec::payload& argument : call->positional)
            replace_proxy(now.server, argument, settings_->limits);
    holds held = hold_arguments(now.server, *caller_, {}, *call, settings_->limits);
    if (auto constructor = now.server.find_constructor(*typeid_name)) {
        core::outcome result = now.server.invoke(*constructor, *call, *waiting.waiter_);
        if (!std::holds_alternative<core::parked>(result))
            return answer_created(waiting, std::move(result), held, now);
        waiting.creating_ = std::make_unique<holds>(std::move(held));
        return waiting.park_in(std::move(constructor));
    }
    auto made = now.server.create(*typeid_name, *call);
    if (auto* error = std::get_if<core::raised>(&made))
        return answer_created(waiting, std::move(*error), held, now);
    answer_created(waiting, std::get<core::created>(made), held, now);
}

/// What a constructor has come to.
void python_calls::answer_created(const python_call& call, core::outcome result, const holds& held, turn& now)
{
    if (auto* made = std::get_if<core::made_proxy>(&result)) {
        auto known = now.server.adopt(std::move(*made));
        if (const auto* object = std::get_if<core::created>(&known))
            return answer_created(call, *object, held, now);
        result = std::move(std::get<core::raised>(known));
    }
    wire::write_traceback(now.replies, call.reader_, to_python(std::move(std::get<core::raised>(result)), true));
}

/// The new object holds what its arguments do.
void python_calls::answer_created(const python_call& call, const core::created& object, const holds& held, turn& now)
{
    for (const auto& each : held)
        now.server.move_hold(*each, object.ident);
    wire::write_created(now.replies, call.reader_, object.ident, object.object->exposed());
}

/// Another thread may fulfil the waiter from here on; its deadline stays as it is until we take the outcome.
void python_call::park_in(std::shared_ptr<core::referent> place)
{
    place_ = std::move(place);
    deadline_ = waiter_->deadline();
}

void python_calls::call_method(python_call& waiting, turn& now)
{
    const wire::python_request& request = now.scratch.request;
    if (!request.ident)
        return keep_count(now);
    auto object = now.server.find(*request.ident);
    if (object == nullptr) {
        write_traceback(now, builtin_exception("KeyError", std::string{*request.ident}));
        return;
    }
    const auto exposed = object->exposed();
    if (!std::binary_search(exposed.begin(), exposed.end(), request.method)) {
        call_fallback(*object, now);
        return;
    }
    owned_.note(object);
    note_use(*request.ident, now);
    borrowed_call call{now.scratch, now.now};
    for (std::size_t i = 0; i < call->positional.size(); ++i)
        if (call->positional[i].has_proxies() && object->reads_argument(*call, i))
            replace_proxy(now.server, call->positional[i], settings_->limits);
    hold_arguments(now.server, *caller_, *request.ident, *call, settings_->limits);
    core::outcome result = now.server.invoke(*object, *call, *waiting.waiter_);
    if (auto* const elsewhere = std::get_if<core::parked>(&result))
        return waiting.park_in(elsewhere->place != nullptr ? std::move(elsewhere->place) : std::move(object));
    answer(waiting, std::move(result), now);
}

/// Requests for no object: what the client counts on for no longer than this stream. Stock clients send none.
void python_calls::keep_count(turn& now)
{
    const wire::python_request& request = now.scratch.request;
    const bool is_adopt = request.method == "adopt";
    if ((!is_adopt && request.method != "decref") || !request.first_text || request.positional.size() != 1)
        return write_traceback(now, builtin_exception("KeyError", "None"));  // as CPython
    const std::string_view ident = *request.first_text;
    if (counts_ == nullptr)
        counts_ = std::make_unique<count_map>();
    const auto counted = counts_->find(ident);
    bool is_known = counted != counts_->end();
    if (is_adopt && is_known) {
        ++counted->second;
    } else if (is_adopt) {
        is_known = now.server.find(ident) != nullptr;
        if (is_known)
            counts_->emplace(ident, 1);
    } else if (is_known) {
        if (--counted->second == 0)
            counts_->erase(counted);
        is_known = now.server.decref(ident, *caller_);
    }
    if (is_known)
        write_none(now, *settings_);
    else
        write_traceback(now, builtin_exception("KeyError", std::string{ident}));
}

void python_calls::call_fallback(core::referent& object, turn& now)
{
    const std::string_view method = now.scratch.request.method;
    for (const fallback_row& row : fallbacks) {
        if (row.method == method) {
            row.answer(object, now, *settings_, *caller_);
            return;
        }
    }
    write_traceback(now, not_exposed(method, object.exposed()));
}

void python_calls::answer(const python_call& call, core::outcome result, turn& now)
{
    if (auto* object = std::get_if<core::made_proxy>(&result))
        return answer_with_proxy(call, std::move(*object), now);
    if (auto* error = std::get_if<core::raised>(&result))
        return answer_with_error(call, std::move(*error), now);
    try {
        wire::write_return(
            now.replies, call.reader_,
            hand_over(now.server, *caller_, std::move(std::get<core::returned>(result).result), call.reader_, settings_->limits),
            settings_->limits);
    } catch (const pickle_error& error) {
        wire::write_unserializable(now.replies, call.reader_, {"_pickle", "cPickle", "PicklingError", error.what()});
    }
}

void python_calls::answer_with_error(const python_call& call, core::raised error, turn& now)
{
    python_exception raised = to_python(std::move(error), has_shut_down_error_);
    try {
        wire::write_error(now.replies, call.reader_, raised, settings_->limits);
    } catch (const pickle_error&) {
        // Its argument is not for this reader.
        raised.text = raised.argument->repr();
        raised.argument.reset();
        wire::write_error(now.replies, call.reader_, raised, settings_->limits);
    }
}

void python_calls::answer_with_proxy(const python_call& call, core::made_proxy object, turn& now)
{
    const std::string_view typeid_name = object.typeid_name;
    auto made = now.server.adopt(std::move(object));
    if (auto* error = std::get_if<core::raised>(&made))
        return answer_with_error(call, std::move(*error), now);
    const auto& known = std::get<core::created>(made);
    wire::write_proxy(now.replies, call.reader_, typeid_name, known.ident, known.object->exposed());
}

/// Most streams call registered queues and nothing else, or the same few objects over and over.
void python_calls::note_use(std::string_view ident, turn& now)
{
    if (last_called_ == ident)
        return;
    last_called_.reserve(ident.size());  // first: what has begun is noted, come what may
    if (is_last_used_)
        keep_last_used(now);
    is_last_used_ = false;
    is_last_used_ = (used_ != nullptr && used_->idents.contains(ident)) || now.server.begin_use(*caller_, role_, ident);
    last_called_ = ident;
}

void python_calls::keep_last_used(turn& now)
{
    if (used_ == nullptr)
        used_ = std::make_unique<use_table>();
    auto& [idents, swept_at] = *used_;
    idents.insert(last_called_);
    if (idents.size() < swept_at)
        return;
    // Idents are never given again: those of objects that are gone may go, too.
    std::erase_if(idents, [&](const std::string& known) {
        if (now.server.find(known) != nullptr)
            return false;
        now.server.end_use(*caller_, role_, known, false);
        return true;
    });
    swept_at = 2 * idents.size() + swept_min;
}

void python_calls::resume(python_call& call, turn& now)
{
    core::outcome result = call.place_->collect(*call.waiter_);
    call.place_.reset();
    call.deadline_ = core::never;
    if (const auto held = std::exchange(call.creating_, nullptr))
        answer_created(call, std::move(result), *held, now);
    else
        answer(call, std::move(result), now);
}

void python_calls::expire(python_call& call, turn& now)
{
    call.deadline_ = core::never;
    core::outcome result = now.server.expire(*call.place_, *call.waiter_);
    if (std::holds_alternative<core::parked>(result))
        return;  // fulfilled a moment before, or it waits on, for a condition's lock: resume() will come
    call.place_.reset();
    answer(call, std::move(result), now);
}

bool python_calls::cancel(python_call& call, service& server)
{
    bool is_served = false;
    server.run_inside(*call.place_, [&](core::completions& fulfilled) {
        is_served = call.waiter_->current_state() == core::waiter::state::fulfilled;
        if (!is_served)
            call.place_->withdraw(*call.waiter_, fulfilled);
    });
    if (is_served)
        return false;
    forget_wait(call);
    return true;
}

/// The memory of what it was creating may serve another call.
std::shared_ptr<core::referent> python_calls::forget_wait(python_call& call) noexcept
{
    call.deadline_ = core::never;
    call.creating_.reset();
    return std::exchange(call.place_, nullptr);
}

void python_calls::withdraw(python_call& call, service& server)
{
    if (const auto place = forget_wait(call))
        server.withdraw(*place, *call.waiter_);
}

void python_calls::end(service& server, bool peer_left)
{
    owned_.release(server, *caller_);
    const auto used = std::exchange(used_, nullptr);
    if (std::exchange(is_last_used_, false) && (used == nullptr || !used->idents.contains(last_called_)))
        server.end_use(*caller_, role_, last_called_, peer_left);
    if (used != nullptr)
        for (const std::string& ident : used->idents)
            server.end_use(*caller_, role_, ident, peer_left);
    if (const auto counted = std::exchange(counts_, nullptr))
        for (const auto& [ident, count] : *counted)
            for (std::size_t i = 0; i < count; ++i)
                server.give_up(ident);
}

}  // namespace quaymaster::session
