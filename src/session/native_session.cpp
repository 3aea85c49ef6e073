#include "session/native_session.hpp"

#include "codec/transcode.hpp"
#include "session/exception_names.hpp"
#include "session/server_information.hpp"
#include "wire/framing.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <utility>

namespace quaymaster::session {

namespace native = wire::native;

namespace {

using native::operation;

/// Requests whose memory is kept for the next that wait.
constexpr std::size_t spare_requests_max = 64;

/// Native clients are ours, and read what Python 3 writes.
constexpr codec::reader_dialect native_reader{5, false};

using by_id = boost::intrusive::set_base_hook<boost::intrusive::tag<class id_tag>, boost::intrusive::optimize_size<true>>;
using by_due = boost::intrusive::set_base_hook<boost::intrusive::tag<class due_tag>, boost::intrusive::optimize_size<true>>;

native::exception_number number_of(core::exception_type type) noexcept
{
    switch (type) {
    case core::exception_type::queue_empty: return native::exception_number::queue_empty;
    case core::exception_type::queue_full: return native::exception_number::queue_full;
    case core::exception_type::queue_shut_down: return native::exception_number::queue_shut_down;
    default: return native::exception_number::other;
    }
}

std::string_view name_of(operation code) noexcept
{
    constexpr std::array<std::string_view, 14> names{"",        "open",   "close",    "put",    "put_many", "get",  "get_many",
                                                     "consume", "credit", "put_back", "cancel", "call",     "ping", "inform"};
    const auto index = static_cast<std::size_t>(code);
    return index < names.size() ? names[index] : "";
}

/// The loop's memory for a batch, empty before and after.
class borrowed_batch {
public:
    explicit borrowed_batch(workspace& scratch) noexcept : batch_{scratch.batch} { batch_.clear(); }
    borrowed_batch(const borrowed_batch&) = delete;
    borrowed_batch& operator=(const borrowed_batch&) = delete;
    ~borrowed_batch() { batch_.clear(); }
    [[nodiscard]] std::vector<codec::item>& operator*() const noexcept { return batch_; }
    [[nodiscard]] std::vector<codec::item>* operator->() const noexcept { return &batch_; }

private:
    std::vector<codec::item>& batch_;
};

}  // namespace

/// What of a put_many is not in yet.
struct native_session::batch_rest {
    std::vector<codec::item> items;  // the last first
    core::put_id put_id{};           // of the next of them
    bool has_put_id = false;
};

/// A request that waits. It is registered, and then owns itself, from park() to settle().
class native_session::pending_request final : public core::waiter, public by_id, public by_due {
public:
    explicit pending_request(std::shared_ptr<core::waiter> principal) noexcept : principal_{std::move(principal)} {}

    [[nodiscard]] core::waiter& principal() noexcept override { return *principal_; }

    std::uint32_t id = 0;
    operation code{};
    bool is_stalled = false;           // consume: waits for the peer to read
    bool is_waiting = false;           // consume: stands in the line of its queue, or was served there and not resumed yet
    std::uint16_t count = 0;           // put_many: how many are in; get_many: how many are wanted
    std::uint32_t octets_max = 0;      // get_many
    std::uint32_t credit = 0;          // consume: how many may be sent
    std::uint32_t handle = 0;
    std::uint64_t turn = 0;            // gets: when it joined the line, compared with others of this session
    core::time_point due = core::never;
    std::shared_ptr<core::referent> object;  // a queue's; kept alive though its handle may be closed
    std::unique_ptr<batch_rest> batch;       // put_many; of others, what one before it has left
    std::unique_ptr<python_call> python;     // call; of others, what one before it has left
    std::shared_ptr<pending_request> self;   // while registered

    [[nodiscard]] core::shared_queue& queue() const noexcept { return *object->as_queue(); }

private:
    const std::shared_ptr<core::waiter> principal_;
};

struct native_session::id_of {
    using type = std::uint32_t;
    std::uint32_t operator()(const pending_request& waiting) const noexcept { return waiting.id; }
};

struct native_session::earlier {
    bool operator()(const pending_request& left, const pending_request& right) const noexcept { return left.due < right.due; }
};

struct native_session::open_object {
    std::shared_ptr<core::referent> object;  // null once closed
    core::shared_queue* queue;               // null if it is none
    std::string ident;
    std::uint64_t taken = 0;  // items that this connection was handed out, those given back not counted
};

struct native_session::requests {
    boost::intrusive::set<pending_request, boost::intrusive::base_hook<by_id>, boost::intrusive::key_of_value<id_of>> all;
    boost::intrusive::multiset<pending_request, boost::intrusive::base_hook<by_due>, boost::intrusive::compare<earlier>> timed;
    std::vector<std::shared_ptr<pending_request>> spare;
    std::size_t stalled = 0;
    std::uint64_t turns = 0;  // of those that have joined a line
};

struct native_session::request_row {
    void (native_session::*take)(const frame&, turn&) = nullptr;
    std::uint8_t flags = 0;  // that it may have
};

native_session::native_session(const server_settings& settings, python_calls& calls, core::waiter& caller)
    : settings_{&settings}, calls_{&calls}, caller_{caller.shared_from_this()}
{
}

native_session::~native_session() = default;

// ---- frames -----------------------------------------------------------------------------------------------------------

const native_session::request_row* native_session::find_row(operation code) noexcept
{
    static constexpr std::array<request_row, 14> rows{{
        {},
        {&native_session::open},
        {&native_session::close},
        {&native_session::put, native::has_put_id},
        {&native_session::put_many, native::has_put_id},
        {&native_session::get},
        {&native_session::get_many},
        {&native_session::consume},
        {&native_session::credit},
        {&native_session::put_back},
        {&native_session::cancel},
        {&native_session::call},
        {&native_session::ping},
        {&native_session::inform},
    }};
    const auto index = static_cast<std::size_t>(code);
    return index > 0 && index < rows.size() ? &rows[index] : nullptr;
}

std::size_t native_session::receive(bytes_view input, turn& now)
{
    feed_stalled(now);
    std::size_t consumed = 0;
    while (!is_over() && now.replies.size() < settings_->replies_size_max) {
        const bytes_view rest = input.subspan(consumed);
        error_code ec;
        const auto next = native::parse_frame(rest, settings_->payload_size_max, ec);
        if (ec) {
            const std::size_t announced = native::announced_body_size(rest).value_or(0);
            std::string why = wire::frame_fault_text(ec, announced, settings_->payload_size_max, "payload_size_max");
            native::write_frame(now.replies, {operation::refused, wire::load_little<std::uint32_t>(rest.data() + 8)}, as_bytes(why));
            break_off({ec, std::move(why)});
            break;
        }
        if (!next)
            break;
        take_frame(*next, now);
        consumed += next->size();
    }
    return consumed;
}

void native_session::take_frame(const frame& request, turn& now)
{
    const request_row* const row = find_row(request.code);
    if (row == nullptr)
        return refuse(request, "version " + std::to_string(native::version_max) + " of the native dialect has no operation " +
                                   std::to_string(static_cast<unsigned>(request.code)), now);
    if ((request.flags & ~row->flags) != 0)
        return refuse(request, "it has flags that its version of the native dialect does not know", now);
    try {
        (this->*row->take)(request, now);
    } catch (const pickle_error& error) {
        native::write_raised(now.replies, request.id, 0, native::exception_number::other, "_pickle.UnpicklingError", error.what());
    }
}

void native_session::refuse(const frame& request, std::string_view why, turn& now)
{
    const std::string_view name = name_of(request.code);
    const std::string text = (name.empty() ? std::string{} : std::string{name} + ": ") + std::string{why};
    native::write_frame(now.replies, {operation::refused, request.id}, as_bytes(text));
}

void native_session::break_off(bad_end end)
{
    end_ = std::make_unique<bad_end>(std::move(end));
    is_over_ = true;
}

// ---- objects ----------------------------------------------------------------------------------------------------------

void native_session::open(const frame& request, turn& now)
{
    last_opened_ = native::last_opened;  // that is: nothing
    const std::string_view ident = as_chars(request.body);
    auto object = now.server.find(ident);
    if (object == nullptr)
        return answer_raised(request.id, 0, {core::exception_type::key_error, std::string{ident}}, now);
    if (closed_.empty() && open_.size() >= settings_->handles_max)
        return refuse(request, "handles_max (" + std::to_string(settings_->handles_max) + ") objects are open: close some", now);
    calls_->note_use(ident, now);
    core::shared_queue* const queue = object->as_queue();
    open_object opened{std::move(object), queue, std::string{ident}};
    auto handle = static_cast<std::uint32_t>(open_.size());
    if (closed_.empty()) {
        open_.push_back(std::move(opened));
    } else {
        handle = closed_.back();
        closed_.pop_back();
        open_[handle] = std::move(opened);
    }
    native::fixed_fields fields;
    last_opened_ = handle;
    fields.add(handle);
    fields.add(static_cast<std::uint8_t>(queue != nullptr ? native::object_kind::queue : native::object_kind::other));
    native::write_frame(now.replies, {operation::opened, request.id}, fields.view());
}

void native_session::close(const frame& request, turn& now)
{
    body_reader body{request.body};
    const std::uint32_t handle = own_handle(body.number32());
    open_object* const known = find_open(handle);
    if (!body.at_end() || known == nullptr)
        return refuse(request, "no such handle", now);
    closed_.push_back(handle);
    *known = {};
    answer_done(request.id, 0, now);
}

/// What `handle` stands for.
std::uint32_t native_session::own_handle(std::uint32_t handle) const noexcept
{
    return handle == native::last_opened ? last_opened_ : handle;
}

native_session::open_object* native_session::find_open(std::uint32_t handle) noexcept
{
    handle = own_handle(handle);
    return handle < open_.size() && open_[handle].object != nullptr ? &open_[handle] : nullptr;
}

/// Null, with the request refused, if there is no such handle, or the object is no queue.
native_session::open_object* native_session::queue_for(const frame& request, std::uint32_t handle, turn& now)
{
    open_object* const known = find_open(handle);
    if (known != nullptr && known->queue != nullptr)
        return known;
    refuse(request, known == nullptr ? "no such handle" : "the object is no queue: call its methods", now);
    return nullptr;
}

void native_session::inform(const frame& request, turn& now)
{
    if (request.body.empty())
        return answer_item(request.id, server_information(*settings_, native::version_max), now);
    body_reader body{request.body};
    open_object* const known = queue_for(request, body.number32(), now);
    if (known == nullptr)
        return;
    core::queue_statistics found;
    now.server.run_inside(*known->object, [&](core::completions&) { found = known->queue->statistics(); });
    answer_item(request.id, queue_information(found), now);
}

void native_session::ping(const frame& request, turn& now)
{
    if (request.body.size() > native::ping_size_max)
        return refuse(request, "at most " + std::to_string(native::ping_size_max) + " octets come back", now);
    native::write_frame(now.replies, {operation::pong, request.id}, request.body);
}

// ---- items in ---------------------------------------------------------------------------------------------------------

core::wait_limit native_session::limit_of(std::uint32_t timeout, const turn& now) const noexcept
{
    if (timeout == 0)
        return std::nullopt;
    return timeout == native::no_limit ? core::never : now.now + std::chrono::milliseconds{timeout};
}

/// False, with the request answered, if the opcodes are no item.
bool native_session::read_item(const frame& request, bytes_view opcodes, const open_object& into, codec::item& found, turn& now)
{
    if (const auto fault = now.scratch.items.read(opcodes, settings_->limits, found)) {
        native::write_raised(now.replies, request.id, 0, native::exception_number::other, "_pickle.UnpicklingError",
                             fault.message(settings_->limits));
        return false;
    }
    if (found.traits().has_proxies)
        found = hold_item(now.server, *caller_, into.ident, std::move(found), settings_->limits);
    return true;
}

/// The items that `body` goes on with, into `batch`. False, with the request answered, if it is no batch.
bool native_session::read_items(const frame& request, body_reader& body, const open_object& into, std::vector<codec::item>& batch, turn& now)
{
    for (std::size_t i = 0; i < request.count; ++i) {
        const bytes_view opcodes = body.sized_octets();
        if (body.failed())
            break;
        if (!read_item(request, opcodes, into, batch.emplace_back(), now))
            return false;
    }
    if (request.count != 0 && body.at_end())
        return true;
    refuse(request, request.count == 0 ? "a batch has one item at least" : "its items are not as many octets as it has", now);
    return false;
}

void native_session::put(const frame& request, turn& now)
{
    body_reader body{request.body};
    open_object* const into = queue_for(request, body.number32(), now);
    if (into == nullptr)
        return;
    const core::wait_limit limit = limit_of(body.number32(), now);
    core::put_id id{};
    const bool has_id = (request.flags & native::has_put_id) != 0;
    if (has_id) {
        id.client = body.number64();
        id.number = body.number64();
    }
    const bytes_view opcodes = body.rest();
    if (body.failed())
        return refuse(request, "its body is too short", now);
    codec::item item;
    if (!read_item(request, opcodes, *into, item, now) || !has_room(request, now))
        return;
    const bool may_wait = limit && into->queue->maxsize() > 0;  // which is constant
    auto waiting = may_wait ? make_pending(request, into) : nullptr;
    core::outcome result;
    now.server.run_inside(*into->object, [&](core::completions& fulfilled) {
        core::waiter& waiter = waiting != nullptr ? static_cast<core::waiter&>(*waiting) : *caller_;
        result = into->queue->put(std::move(item), may_wait ? limit : std::nullopt, waiter, fulfilled, has_id ? &id : nullptr, now.now);
    });
    if (std::holds_alternative<core::parked>(result))
        return park(std::move(waiting), *limit);
    if (waiting != nullptr)
        recycle(std::move(waiting));
    if (auto* const error = std::get_if<core::raised>(&result))
        return answer_raised(request.id, 0, std::move(*error), now);
    answer_done(request.id, 1, now);
}

void native_session::put_many(const frame& request, turn& now)
{
    body_reader body{request.body};
    open_object* const into = queue_for(request, body.number32(), now);
    if (into == nullptr)
        return;
    const core::wait_limit limit = limit_of(body.number32(), now);
    auto waiting = make_pending(request, into);
    waiting->count = 0;
    if (waiting->batch == nullptr)
        waiting->batch = std::make_unique<batch_rest>();
    batch_rest& rest = *waiting->batch;
    rest.has_put_id = (request.flags & native::has_put_id) != 0;
    if (rest.has_put_id) {
        rest.put_id.client = body.number64();
        rest.put_id.number = body.number64();
    }
    const borrowed_batch batch{now.scratch};
    if (!read_items(request, body, *into, *batch, now) || !has_room(request, now))
        return;
    waiting->due = limit.value_or(core::time_point::min());  // that is: at once
    rest.items.swap(*batch);
    std::reverse(rest.items.begin(), rest.items.end());
    core::outcome result = put_rest(*waiting, now);
    if (std::holds_alternative<core::parked>(result)) {
        const core::time_point due = waiting->due;
        return park(std::move(waiting), due);
    }
    proceed_with_put(*waiting, std::move(result), now);
    rest.items.clear();
    rest.items.swap(*batch);  // its memory
    recycle(std::move(waiting));
}

/// Puts what is left of a batch. `parked` if it has to wait; else what the last put has come to.
core::outcome native_session::put_rest(pending_request& waiting, turn& now)
{
    core::outcome result = core::returned{};
    const core::wait_limit limit = waiting.due == core::time_point::min() ? std::nullopt : core::wait_limit{waiting.due};
    batch_rest& rest = *waiting.batch;
    now.server.run_inside(*waiting.object, [&](core::completions& fulfilled) {
        while (!rest.items.empty()) {
            try {
                result = waiting.queue().put(std::move(rest.items.back()), limit, waiting, fulfilled,
                                             rest.has_put_id ? &rest.put_id : nullptr, now.now);
            } catch (const pickle_error& error) {  // a priority queue must be able to read it
                result = core::raised{core::exception_type::value_error, error.what()};
            }
            rest.items.pop_back();
            ++rest.put_id.number;
            if (!std::holds_alternative<core::returned>(result))
                return;
            ++waiting.count;
        }
    });
    return result;
}

void native_session::put_back(const frame& request, turn& now)
{
    body_reader body{request.body};
    open_object* const into = queue_for(request, body.number32(), now);
    if (into == nullptr)
        return;
    if (request.count > into->taken)
        return refuse(request, "this connection was handed out " + std::to_string(into->taken) + " items of that queue, not " +
                                   std::to_string(request.count), now);
    const borrowed_batch batch{now.scratch};
    if (!read_items(request, body, *into, *batch, now))
        return;
    into->taken -= request.count;
    now.server.run_inside(*into->object, [&](core::completions& fulfilled) { into->queue->put_back(*batch, fulfilled); });
    answer_done(request.id, request.count, now);
}

// ---- items out --------------------------------------------------------------------------------------------------------

void native_session::get(const frame& request, turn& now)
{
    body_reader body{request.body};
    open_object* const from = queue_for(request, body.number32(), now);
    if (from == nullptr)
        return;
    const core::wait_limit limit = limit_of(body.number32(), now);
    if (!body.at_end())
        return refuse(request, "its body is no handle and timeout", now);
    if (!has_room(request, now))
        return;
    auto waiting = limit ? make_pending(request, from) : nullptr;
    core::outcome result;
    now.server.run_inside(*from->object, [&](core::completions& fulfilled) {
        core::waiter& waiter = waiting != nullptr ? static_cast<core::waiter&>(*waiting) : *caller_;
        result = from->queue->get(limit, waiter, fulfilled);
    });
    if (std::holds_alternative<core::parked>(result))
        return park(std::move(waiting), *limit);
    if (waiting != nullptr)
        recycle(std::move(waiting));
    if (auto* const error = std::get_if<core::raised>(&result))
        return answer_raised(request.id, 0, std::move(*error), now);
    ++from->taken;
    answer_item(request.id, std::move(std::get<core::returned>(result).result), now);
}

void native_session::get_many(const frame& request, turn& now)
{
    body_reader body{request.body};
    open_object* const from = queue_for(request, body.number32(), now);
    if (from == nullptr)
        return;
    const core::wait_limit limit = limit_of(body.number32(), now);
    const std::uint32_t octets_max = body.number32();
    if (!body.at_end() || request.count == 0)
        return refuse(request, request.count == 0 ? "it asks for no item" : "its body is no handle, timeout and size", now);
    if (!has_room(request, now))
        return;
    auto waiting = make_pending(request, from);
    waiting->octets_max = static_cast<std::uint32_t>(std::min<std::size_t>(octets_max, settings_->replies_size_max));
    const borrowed_batch batch{now.scratch};
    core::outcome result;
    bool more = false;
    now.server.run_inside(*from->object, [&](core::completions& fulfilled) {
        if (from->queue->take_ready(request.count, waiting->octets_max, *batch, fulfilled) == 0)
            result = from->queue->get(limit, *waiting, fulfilled);
        else
            more = !from->queue->empty();
    });
    if (batch->empty() && std::holds_alternative<core::parked>(result))
        return park(std::move(waiting), *limit);
    if (batch->empty())
        proceed_with_get(*waiting, std::move(result), now);
    else
        (void)answer_items(*waiting, *batch, more, now);
    recycle(std::move(waiting));
}

void native_session::consume(const frame& request, turn& now)
{
    body_reader body{request.body};
    open_object* const from = queue_for(request, body.number32(), now);
    if (from == nullptr)
        return;
    const std::uint32_t credit = body.number32();
    if (!body.at_end())
        return refuse(request, "its body is no handle and credit", now);
    if (!has_room(request, now))
        return;
    auto waiting = make_pending(request, from);
    waiting->credit = credit;
    pending_request& stream = *waiting;
    park(std::move(waiting), core::never);
    feed(stream, now);
}

void native_session::credit(const frame& request, turn& now)
{
    body_reader body{request.body};
    const std::uint32_t added = body.number32();
    if (!body.at_end())
        return refuse(request, "its body is no credit", now);
    pending_request* const found = find_pending(request.id);
    if (found == nullptr || found->code != operation::consume)
        return;  // it has ended meanwhile, and its end is under way
    found->credit += std::min(added, std::numeric_limits<std::uint32_t>::max() - found->credit);
    if (!found->is_waiting && !found->is_stalled)
        feed(*found, now);
}

/// Sends a consumer what there is, as far as its credit goes, and has it wait for more if that is not used up. Precondition: it does not
/// wait.
void native_session::feed(pending_request& waiting, turn& now)
{
    while (waiting.credit != 0) {
        const bool is_stalled = now.replies.size() >= settings_->replies_size_max;
        if (is_stalled != waiting.is_stalled) {
            waiting.is_stalled = is_stalled;
            is_stalled ? ++requests_->stalled : --requests_->stalled;
        }
        if (is_stalled)
            return;
        const borrowed_batch batch{now.scratch};
        core::outcome result;
        now.server.run_inside(*waiting.object, [&](core::completions& fulfilled) {
            const std::size_t wanted = std::min<std::size_t>(waiting.credit, native::batch_items_max);
            const std::size_t room = settings_->replies_size_max - now.replies.size();
            if (waiting.queue().take_ready(wanted, room, *batch, fulfilled) == 0)
                result = waiting.queue().get(core::never, waiting, fulfilled);
        });
        if (batch->empty()) {
            if (auto* const error = std::get_if<core::raised>(&result)) {
                answer_raised(waiting.id, 0, std::move(*error), now);
                return settle(waiting);
            }
            waiting.is_waiting = true;
            waiting.turn = ++requests_->turns;
            return;
        }
        const std::size_t sent = answer_items(waiting, *batch, true, now);
        if (sent == 0)
            return settle(waiting);
        waiting.credit -= static_cast<std::uint32_t>(sent);  // for those that went back it stands
    }
}

/// Those who had more credit than the peer was ready to read.
void native_session::feed_stalled(turn& now)
{
    if (requests_ == nullptr || requests_->stalled == 0)
        return;
    for (auto next = requests_->all.begin(); next != requests_->all.end() && now.replies.size() < settings_->replies_size_max;) {
        pending_request& waiting = *next;
        ++next;  // before it may end
        if (waiting.is_stalled)
            feed(waiting, now);
    }
}

// ---- calls ------------------------------------------------------------------------------------------------------------

void native_session::call(const frame& request, turn& now)
{
    error_code ec;
    const auto inner = wire::parse_frame(request.body, settings_->payload_size_max, ec);
    if (!inner || inner->size != request.body.size())
        return refuse(request, "its body is no frame of the Python dialect", now);
    if (!has_room(request, now))
        return;
    auto waiting = make_pending(request, nullptr);
    const std::size_t begun = native::begin_body(now.replies, {operation::answer, request.id});
    if (waiting->python == nullptr)
        waiting->python = std::make_unique<python_call>(*waiting);
    calls_->take_any_request(inner->payload, *waiting->python, now);
    if (waiting->python->parked()) {
        now.replies.truncate(begun);
        const core::time_point due = waiting->python->deadline();
        return park(std::move(waiting), due);
    }
    native::end_body(now.replies, begun);
    recycle(std::move(waiting));
}

void native_session::cancel(const frame& request, turn& now)
{
    if (!request.body.empty())
        return refuse(request, "it has no body", now);
    pending_request* const found = find_pending(request.id);
    if (found == nullptr)
        return;  // its reply is under way
    pending_request& waiting = *found;
    if (waiting.code == operation::put || waiting.code == operation::put_many)
        return cancel_put(waiting, now);
    if (waiting.code == operation::call) {
        if (python_calls::is_served(*waiting.python, now.server))
            return;  // it may have put something: its answer is under way
        calls_->withdraw(*waiting.python, now.server);
    } else {
        now.server.withdraw(*waiting.object, waiting);
    }
    native::write_frame(now.replies, {operation::cancelled, waiting.id});
    settle(waiting);
}

/// What is in stays in, so the answer must not say that nothing came of it.
void native_session::cancel_put(pending_request& waiting, turn& now)
{
    core::outcome result = now.server.expire(*waiting.object, waiting);
    const bool was_waiting = !std::holds_alternative<core::parked>(result);
    if (!was_waiting)  // served a moment before: whoever comes to tell finds it settled
        result = waiting.object->collect(waiting);
    const bool is_batch = waiting.code == operation::put_many;
    const bool is_let_in = std::holds_alternative<core::returned>(result);
    if (is_let_in && is_batch)
        ++waiting.count;
    const bool is_partly_in = is_let_in && is_batch && !waiting.batch->items.empty();
    const bool is_not_in = was_waiting && std::holds_alternative<core::raised>(result);
    if (is_partly_in || is_not_in)
        native::write_frame(now.replies, {operation::cancelled, waiting.id, waiting.count});
    else
        proceed_with_put(waiting, std::move(result), now);
    settle(waiting);
}

// ---- what waits -------------------------------------------------------------------------------------------------------

/// False, with the request refused, if too many wait or one of its id does.
bool native_session::has_room(const frame& request, turn& now)
{
    if (requests_ == nullptr)
        return true;
    if (requests_->all.size() >= settings_->requests_max) {
        refuse(request, "requests_max (" + std::to_string(settings_->requests_max) + ") requests are under way on this connection", now);
        return false;
    }
    if (find_pending(request.id) != nullptr) {
        refuse(request, "a request of that id is under way", now);
        break_off({{}, "it used the id " + std::to_string(request.id) + " of a request that was still under way"});
        return false;
    }
    return true;
}

bool native_session::is_stalled() const noexcept
{
    return requests_ != nullptr && requests_->stalled != 0;
}

native_session::pending_request* native_session::find_pending(std::uint32_t id) noexcept
{
    if (requests_ == nullptr)
        return nullptr;
    const auto found = requests_->all.find(id);
    return found != requests_->all.end() ? &*found : nullptr;
}

std::shared_ptr<native_session::pending_request> native_session::make_pending(const frame& request, const open_object* object)
{
    if (requests_ == nullptr)
        requests_ = std::make_unique<requests>();
    std::shared_ptr<pending_request> made;
    if (requests_->spare.empty()) {
        made = std::make_shared<pending_request>(caller_);
    } else {
        made = std::move(requests_->spare.back());
        requests_->spare.pop_back();
    }
    made->id = request.id;
    made->code = request.code;
    made->count = request.count;
    made->object = object != nullptr ? object->object : nullptr;
    made->handle = object != nullptr ? static_cast<std::uint32_t>(object - open_.data()) : 0;
    return made;
}

/// Registers a request that is to be answered later.
void native_session::park(std::shared_ptr<pending_request> waiting, core::time_point due)
{
    waiting->due = due;
    waiting->turn = ++requests_->turns;
    requests_->all.insert(*waiting);
    if (due != core::never)
        requests_->timed.insert(*waiting);
    pending_request& registered = *waiting;
    registered.self = std::move(waiting);
}

/// A registered request has been answered, or will never be.
void native_session::settle(pending_request& waiting)
{
    requests_->all.erase(requests_->all.iterator_to(waiting));
    if (waiting.by_due::is_linked())
        requests_->timed.erase(requests_->timed.iterator_to(waiting));
    if (std::exchange(waiting.is_stalled, false))
        --requests_->stalled;
    waiting.is_waiting = false;
    recycle(std::move(waiting.self));
}

/// One that waits for nothing goes to those that the next ones are made of.
void native_session::recycle(std::shared_ptr<pending_request> done)
{
    done->object.reset();
    if (done->batch != nullptr)
        std::vector<codec::item>{}.swap(done->batch->items);  // with its memory, which may be that of a large batch
    // One that somebody is about to tell of something that is over must not be taken for the next request.
    if (done.use_count() > 1 || requests_->spare.size() >= spare_requests_max)
        return;
    requests_->spare.push_back(std::move(done));
}

core::time_point native_session::deadline() const noexcept
{
    return requests_ == nullptr || requests_->timed.empty() ? core::never : requests_->timed.begin()->due;
}

bool native_session::awaits_work() const noexcept
{
    return requests_ != nullptr &&
        std::any_of(requests_->all.begin(), requests_->all.end(), [](const pending_request& each) {
            return each.code == operation::call && each.python->awaits_work();
        });
}

void native_session::resume(core::waiter& told, turn& now)
{
    auto& waiting = static_cast<pending_request&>(told);  // of whose kind all are whose principal is a connection of this dialect
    if (!waiting.by_id::is_linked())
        return;
    if (waiting.code == operation::call) {
        const std::size_t begun = native::begin_body(now.replies, {operation::answer, waiting.id});
        calls_->resume(*waiting.python, now);
        native::end_body(now.replies, begun);
        return settle(waiting);
    }
    proceed(waiting, waiting.object->collect(waiting), now);
}

void native_session::on_deadline(turn& now)
{
    while (requests_ != nullptr && !requests_->timed.empty() && requests_->timed.begin()->due <= now.now) {
        pending_request& waiting = *requests_->timed.begin();
        requests_->timed.erase(requests_->timed.begin());
        if (waiting.code == operation::call) {
            const std::size_t begun = native::begin_body(now.replies, {operation::answer, waiting.id});
            calls_->expire(*waiting.python, now);
            if (waiting.python->parked()) {
                now.replies.truncate(begun);
                continue;
            }
            native::end_body(now.replies, begun);
            settle(waiting);
            continue;
        }
        core::outcome result = now.server.expire(*waiting.object, waiting);
        if (!std::holds_alternative<core::parked>(result))  // else it was served a moment before, and resume() will come
            proceed(waiting, std::move(result), now);
    }
}

/// The wait of `waiting` has come to `result`: answers, or goes on waiting.
void native_session::proceed(pending_request& waiting, core::outcome result, turn& now)
{
    switch (waiting.code) {
    case operation::consume: return proceed_with_consume(waiting, std::move(result), now);
    case operation::put_many:
        if (std::holds_alternative<core::returned>(result)) {
            ++waiting.count;
            result = put_rest(waiting, now);
            if (std::holds_alternative<core::parked>(result)) {
                if (waiting.due != core::never && !waiting.by_due::is_linked())  // served at the very end of its time
                    requests_->timed.insert(waiting);
                return;
            }
        }
        [[fallthrough]];
    case operation::put: proceed_with_put(waiting, std::move(result), now); break;
    default: proceed_with_get(waiting, std::move(result), now); break;
    }
    settle(waiting);
}

void native_session::proceed_with_put(pending_request& waiting, core::outcome result, turn& now)
{
    const bool is_batch = waiting.code == operation::put_many;
    const std::uint16_t count = is_batch ? waiting.count : std::uint16_t{0};
    auto* const error = std::get_if<core::raised>(&result);
    // That there was no room for the rest of a batch in time is no error of those that are in.
    if (error != nullptr && (count == 0 || error->type != core::exception_type::queue_full))
        return answer_raised(waiting.id, count, std::move(*error), now);
    answer_done(waiting.id, is_batch ? count : std::uint16_t{1}, now);
}

void native_session::proceed_with_get(pending_request& waiting, core::outcome result, turn& now)
{
    if (auto* const error = std::get_if<core::raised>(&result))
        return answer_raised(waiting.id, 0, std::move(*error), now);
    codec::payload& first = std::get<core::returned>(result).result;
    if (waiting.code == operation::get) {
        count_taken(waiting, 1);
        return answer_item(waiting.id, std::move(first), now);
    }
    const borrowed_batch batch{now.scratch};
    batch->push_back(std::move(first).to_item());
    bool more = false;
    now.server.run_inside(*waiting.object, [&](core::completions& fulfilled) {
        core::shared_queue& queue = waiting.queue();
        const std::size_t size = batch->front().size();
        const std::size_t room = waiting.octets_max - std::min<std::size_t>(size, waiting.octets_max);
        if (!queue.empty() && queue.next_size() <= room)  // one that is larger would come alone, and here is one already
            queue.take_ready(waiting.count - std::size_t{1}, room, *batch, fulfilled);
        more = !queue.empty();
    });
    (void)answer_items(waiting, *batch, more, now);
}

void native_session::proceed_with_consume(pending_request& waiting, core::outcome result, turn& now)
{
    if (auto* const error = std::get_if<core::raised>(&result)) {
        answer_raised(waiting.id, 0, std::move(*error), now);
        return settle(waiting);
    }
    waiting.is_waiting = false;
    --waiting.credit;
    const borrowed_batch batch{now.scratch};
    batch->push_back(std::move(std::get<core::returned>(result).result).to_item());
    if (answer_items(waiting, *batch, true, now) == 0)
        return settle(waiting);
    batch->clear();
    feed(waiting, now);
}

void native_session::end(service& server)
{
    if (requests_ != nullptr) {
        std::vector<pending_request*> in_queues;
        in_queues.reserve(requests_->all.size());
        for (pending_request& each : requests_->all) {
            if (each.code == operation::call)
                calls_->withdraw(*each.python, server);
            else
                in_queues.push_back(&each);
        }
        withdraw_all(in_queues, server);
        while (!requests_->all.empty())
            settle(*requests_->all.begin());
        requests_->spare.clear();
    }
    open_.clear();
    closed_.clear();
    caller_.reset();
}

/// Withdraws what waits in queues. What gets were given and not told goes back together, in the order in which they got it: one
/// by one, each would come before the last, or go to a get of this session's that is yet to be withdrawn.
void native_session::withdraw_all(std::span<pending_request*> in_queues, service& server)
{
    std::sort(in_queues.begin(), in_queues.end(), [](const pending_request* left, const pending_request* right) {
        return std::pair{left->object.get(), left->turn} < std::pair{right->object.get(), right->turn};
    });
    std::vector<codec::item> returned;
    while (!in_queues.empty()) {
        core::referent& object = *in_queues.front()->object;
        const auto end_of_queue =
            std::find_if(in_queues.begin(), in_queues.end(), [&](const pending_request* each) { return each->object.get() != &object; });
        const auto count = static_cast<std::size_t>(end_of_queue - in_queues.begin());
        returned.clear();
        returned.reserve(count);
        server.run_inside(object, [&](core::completions& fulfilled) {
            for (pending_request* const each : in_queues.first(count)) {
                if (each->current_state() == core::waiter::state::parked) {
                    each->queue().withdraw(*each, fulfilled);
                } else if (each->current_state() == core::waiter::state::fulfilled) {
                    core::outcome result = each->take_outcome();
                    auto* const served = std::get_if<core::returned>(&result);
                    if (served != nullptr && each->code != operation::put && each->code != operation::put_many)
                        returned.push_back(std::move(served->result).to_item());
                }
            }
            object.as_queue()->put_back(returned, fulfilled);
        });
        in_queues = in_queues.subspan(count);
    }
}

// ---- replies ----------------------------------------------------------------------------------------------------------

void native_session::answer_done(std::uint32_t id, std::uint16_t count, turn& now)
{
    native::write_frame(now.replies, {operation::done, id, count});
}

/// As a native client can load it: what Python 2 has pickled is written anew.
codec::item native_session::for_client(codec::item pickled, turn& now)
{
    if (pickled.traits().has_proxies)
        pickled = hand_over(now.server, *caller_, codec::payload{std::move(pickled)}, native_reader, settings_->limits).to_item();
    return pickled.traits().from_python2 ? codec::rewrite(pickled, native_reader, settings_->limits) : pickled;
}

void native_session::answer_item(std::uint32_t id, codec::payload&& item, turn& now)
{
    try {
        native::write_frame(now.replies, {operation::item, id}, {}, for_client(std::move(item).to_item(), now));
    } catch (const pickle_error& error) {
        native::write_raised(now.replies, id, 0, native::exception_number::other, "_pickle.PicklingError", error.what());
    }
}

/// Items for `waiting`, which its client can load. The first that cannot be written for it, and what follows, goes back; if that is the
/// very first, it is lost, as it is with a get(), and the answer says so. Returns how many are sent.
std::size_t native_session::answer_items(const pending_request& waiting, std::vector<codec::item>& items, bool more, turn& now)
{
    std::size_t ready = 0;
    std::string fault;
    for (; ready < items.size() && fault.empty(); ++ready) {
        codec::item& each = items[ready];
        if (!each.traits().has_proxies && !each.traits().from_python2)
            continue;
        try {
            each = for_client(each, now);
        } catch (const pickle_error& error) {
            fault = error.what();
            break;
        }
    }
    if (ready < items.size()) {
        more = true;
        const std::span<codec::item> unsent = std::span{items}.subspan(ready == 0 ? 1 : ready);
        now.server.run_inside(*waiting.object, [&](core::completions& fulfilled) { waiting.queue().put_back(unsent, fulfilled); });
    }
    if (!items.empty() && ready == 0) {
        native::write_raised(now.replies, waiting.id, 0, native::exception_number::other, "_pickle.PicklingError", fault);
        return 0;
    }
    count_taken(waiting, ready);
    native::write_items(now.replies, {operation::items, waiting.id, 0, more ? native::has_more : std::uint8_t{0}}, {},
                        std::span{items}.first(ready));
    return ready;
}

/// So many items of its queue are the client's, who may give them back.
void native_session::count_taken(const pending_request& waiting, std::size_t count) noexcept
{
    open_object* const from = find_open(waiting.handle);
    if (from != nullptr && from->object == waiting.object)
        from->taken += count;
}

void native_session::answer_raised(std::uint32_t id, std::uint16_t count, core::raised&& error, turn& now)
{
    const native::exception_number number = number_of(error.type);
    const wire::python_exception named = to_python(std::move(error), true);
    const std::string type_name = named.python3_module == "builtins"
        ? std::string{named.name}
        : std::string{named.python3_module} + '.' + std::string{named.name};
    const std::string text = named.argument ? named.argument->repr() : named.text;
    native::write_raised(now.replies, id, count, number, number == native::exception_number::other ? type_name : "", text);
}

}  // namespace quaymaster::session
