// The objects of an async_core: how they are made or found in the server, over each connection.
#include "net/async_core.hpp"

#include "net/async_tags.hpp"
#include "net/object_idents.hpp"

#include <quaymaster/errors.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace quaymaster::net {

namespace native = wire::native;

namespace {

using kind = async_request::kind;
using native::operation;

/// True if a server that has not opened its object has not carried it out either. (A call is about the ident.)
bool can_go_along(const async_operation& next) noexcept
{
    return next.request.what != kind::open && next.request.what != kind::call;
}

}  // namespace

bool async_core::is_open(const async_object& object) const noexcept
{
    return phase_ == phase::ready && object.connection == connection_number_ && object.at == async_object::step::open;
}

void async_core::want(const std::shared_ptr<async_object>& object)
{
    if (std::find(wanted_.begin(), wanted_.end(), object) != wanted_.end())
        return;
    wanted_.push_back(object);
    if (phase_ == phase::ready)
        to_ask_for_.push_back(object);
    else
        connect();
}

/// Asks for the next thing that it takes to open it. Precondition: ready; nothing is being asked.
void async_core::advance(async_object& object)
{
    using step = async_object::step;
    session::native_client_session& session = connection_->session();
    if (std::exchange(object.connection, connection_number_) != connection_number_)
        object.at = step::none;
    object.due = now_ + environment_.options.call_deadline;
    if (object.at == step::opening)
        return open(object);
    try {
        if (object.ident.empty()) {
            object.at = step::creating;
            const std::vector<codec::payload> arguments{object.arguments.begin(), object.arguments.end()};
            session.call(tag_of(object), {.method = "create", .name = object.typeid_name, .positional = arguments});
        } else if (object.is_ours) {
            // Our count went with the connection that it was made for.
            object.at = step::counting;
            session.call(tag_of(object), {.method = "incref", .name = object.ident});
        } else {
            object.at = step::opening;
            open(object);
        }
    } catch (const pickle_error&) {
        fail_object(object, std::current_exception());
    }
}

/// Opens it, and sends what waits for it along.
void async_core::open(async_object& object)
{
    connection_->session().open(tag_of(object), object.ident);
    object.server_handle = native::last_opened;
    ++object.opens;
    while (!object.waiting.empty() && can_go_along(object.waiting.front()) && held_.empty() && server_takes_more()) {
        async_operation& next = object.waiting.front();
        object.waiting.pop_front();
        next.along_with = object.opens;
        send(next);
    }
}

void async_core::on_object_reply(async_object& object, const session::native_reply& reply)
{
    using step = async_object::step;
    if (reply.asked == operation::open)
        return on_open(object, reply);
    try {
        const codec::payload result = result_of(reply);
        if (object.at == step::creating) {
            std::optional<wire::created_reply> made = wire::parse_created(result, environment_.session.limits);
            if (!made)
                throw error{"the server's answer to create('" + object.typeid_name + "') is no (ident, exposed)"};
            object.ident = std::move(made->ident);
            object.is_ours = is_made_for_client(object.ident, object.typeid_name);
            object.created_on = connection_number_;
        }
        // So that the count ends with the connection at the latest.
        if (object.is_ours)
            connection_->session().call(nullptr, {.method = "adopt", .name = object.ident});
        object.at = step::opening;
        advance(object);
    } catch (const remote_error& raised) {
        if (object.at == step::creating && raised.type_name() == "KeyError" &&
            raised.text() == '\'' + object.typeid_name + '\'')
            return fail_object(object, std::make_exception_ptr(remote_error{
                                           raised.type_name(),
                                           raised.text() + ": nothing is registered by this name at " + server().to_string(),
                                           raised.traceback()}));
        fail_object(object, std::current_exception());
    } catch (const error&) {
        fail_object(object, std::current_exception());
    }
}

void async_core::on_open(async_object& object, const session::native_reply& reply)
{
    using step = async_object::step;
    if (reply.code != operation::opened) {
        if (reply.code == operation::raised && !object.is_ours && object.created_on != connection_number_) {
            // The server was restarted, and knows a registered object only once somebody has asked for it.
            object.ident.clear();
            object.at = step::none;
            return advance(object);
        }
        return fail_object(object, error_of(reply));
    }
    const session::opened_object opened = session::read_opened(reply);
    object.at = step::open;
    object.server_handle = opened.handle;
    object.is_queue = opened.kind == native::object_kind::queue;
    const auto at = std::find_if(wanted_.begin(), wanted_.end(), [&](const auto& each) { return each.get() == &object; });
    const std::shared_ptr<async_object> kept = *at;
    wanted_.erase(at);
    operation_list ready;
    ready.swap(object.waiting);
    while (!ready.empty()) {
        async_operation& next = ready.front();
        ready.pop_front();
        next.along_with = 0;
        send_in_turn(next);
    }
    for (std::size_t i = 0; i < feeds_.size(); ++i)
        if (feeds_[i]->is_wanted && feeds_[i]->object == kept)
            run_feed(*feeds_[i]);
}

void async_core::fail_object(async_object& object, std::exception_ptr error)
{
    object.at = async_object::step::none;
    object.failed_open = object.opens;
    object.failure = error;
    const auto at = std::find_if(wanted_.begin(), wanted_.end(), [&](const auto& each) { return each.get() == &object; });
    const std::shared_ptr<async_object> kept = *at;
    wanted_.erase(at);
    while (!object.waiting.empty())
        finish_with_error(object.waiting.front(), error);
    for (const auto& each : std::vector{feeds_})
        if (each->is_wanted && each->object == kept)
            fail_feed(*each, error);
}

/// Of an open that has not been answered, and never will be: what went along with it.
void async_core::fail_along(const async_object& object, const std::exception_ptr& error)
{
    for (auto next = sent_.begin(); next != sent_.end();) {
        async_operation& each = *next++;
        if (each.request.object.get() == &object && each.along_with == object.opens)
            finish_with_error(each, error);
    }
}

}  // namespace quaymaster::net
