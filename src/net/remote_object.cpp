#include "net/remote_object.hpp"

#include "net/client_reply.hpp"
#include "net/fork_generation.hpp"
#include "net/object_idents.hpp"
#include "net/pickled_proxy.hpp"

#include <quaymaster/errors.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>
#include <utility>

namespace quaymaster::net {
namespace {

/// True if create() finds the object that had `ident` before the server was restarted. Where it makes a new one instead, to
/// create it again would quietly hand out another object than the one that other programs hold.
bool finds_same_object(std::string_view typeid_name, std::string_view ident) noexcept
{
    if (is_found_by_name(ident, typeid_name))
        return true;
    if (is_made_for_client(ident, typeid_name))
        return false;
    // CPython's idents are numbers. SyncManager's own typeids make new objects, others are registered to find theirs.
    static constexpr std::array<std::string_view, 17> own{
        "Array", "Barrier", "BoundedSemaphore", "Condition", "Event",     "JoinableQueue", "LifoQueue", "Lock", "Namespace",
        "Pool",  "Queue",   "PriorityQueue",    "RLock",     "Semaphore", "Value",         "dict",      "list"};
    return std::find(own.begin(), own.end(), typeid_name) == own.end();
}

/// `reply`'s result, or the exception that it carries. A KeyError of the server's own about `looked_up`, of which CPython says no
/// more, is explained.
codec::payload take_result(wire::reply&& reply, std::string_view looked_up, const std::function<std::string()>& explain)
{
    try {
        return net::take_result(std::move(reply));
    } catch (const remote_error& raised) {
        const bool is_of_server = !raised.traceback().empty();  // a method's own arrives without
        if (is_of_server && raised.type_name() == "KeyError" && raised.text() == '\'' + std::string{looked_up} + '\'')
            throw remote_error{raised.type_name(), raised.text() + ": " + explain(), raised.traceback()};
        throw;
    }
}

std::string listed(std::vector<std::string> names)
{
    std::sort(names.begin(), names.end());  // CPython names those in method_to_typeid twice
    names.erase(std::unique(names.begin(), names.end()), names.end());
    std::string all;
    for (const std::string& name : names)
        (all += all.empty() ? "" : ", ") += name;
    return all;
}

}  // namespace

remote_object::remote_object(std::shared_ptr<object_channel> channel, std::string typeid_name, std::vector<value> positional,
                             std::vector<std::pair<std::string, value>> keywords)
    : channel_{std::move(channel)},
      typeid_name_{std::move(typeid_name)},
      was_created_here_{true},
      positional_{std::move(positional)},
      keywords_{std::move(keywords)},
      fork_generation_{fork_generation()},
      created_{create()},
      queue_{channel_->open_queue(*this)}
{
    // What a list began with would otherwise stay in memory as long as its proxy.
    if (!finds_same_object(typeid_name_, created_.ident)) {
        positional_ = {};
        keywords_ = {};
    }
    if (is_made_for_client(created_.ident, typeid_name_))
        channel_->keep_count(created_.ident);
}

remote_object::remote_object(std::shared_ptr<object_channel> channel, wire::proxy_reply&& found)
    : channel_{std::move(channel)},
      typeid_name_{std::move(found.typeid_name)},
      was_created_here_{false},
      fork_generation_{fork_generation()},
      created_{std::move(found.ident), std::move(found.exposed)},
      queue_{channel_->open_queue(*this)}
{
    if (is_made_for_client(created_.ident, typeid_name_))
        channel_->keep_count(created_.ident);
}

remote_object::~remote_object()
{
    if (fork_generation_ == fork_generation())
        channel_->release(created_.ident);
}

std::string remote_object::ident() const
{
    const std::lock_guard lock{mutex_};
    return created_.ident;
}

void remote_object::copy_ident(std::string& to) const
{
    const std::lock_guard lock{mutex_};
    to = created_.ident;
}

std::vector<std::string> remote_object::exposed() const
{
    const std::lock_guard lock{mutex_};
    return created_.exposed;
}

codec::payload remote_object::call(const client_request& request, const reply_wait& wait)
{
    wire::reply reply = answer_to(request, wait);
    if (const auto* proxy = std::get_if<wire::proxy_reply>(&reply))
        channel_->release(proxy->ident);  // counted for a proxy that nobody will hold
    return result_of(std::move(reply), request.method);
}

void remote_object::call_for_nothing(const client_request& request, const reply_wait& wait)
{
    wire::reply reply = answer_to(request, wait);
    if (const auto* proxy = std::get_if<wire::proxy_reply>(&reply))
        channel_->release(proxy->ident);
    else
        result_of(std::move(reply), request.method);
}

std::shared_ptr<remote_object> remote_object::call_for_object(const client_request& request, const reply_wait& wait)
{
    wire::reply reply = answer_to(request, wait);
    if (auto* proxy = std::get_if<wire::proxy_reply>(&reply))
        return std::make_shared<remote_object>(channel_, std::move(*proxy));
    const value result = result_of(std::move(reply), request.method).to_value(limits());
    if (find_proxy(result))
        return rebuild(result);
    throw error{std::string{request.method} +
                "() answered with no proxy, but with a copy of its result: " + result.type_name()};
}

std::shared_ptr<remote_object> remote_object::rebuild(const value& content) const
{
    std::optional<found_proxy> found = find_proxy(content);
    if (!found)
        throw error{"no proxy: " + content.type_name()};
    if (!is_same_server(channel_->server(), found->address))
        throw error{"the proxy stands for an object of another server, at " + found->address.repr() +
                    ": connect a manager there"};
    wire::proxy_reply& object = found->object;
    take_result(channel_->call_server({"incref", {}, {}}, object.ident));
    auto rebuilt = std::make_shared<remote_object>(channel_, std::move(object));
    if (rebuilt->created_.exposed.empty())
        rebuilt->created_.exposed = rebuilt->ask_methods();
    return rebuilt;
}

value remote_object::pickled(std::string_view python_class) const
{
    const std::lock_guard lock{mutex_};
    return pickled_proxy(channel_->server(), typeid_name_, created_.ident, created_.exposed, python_class);
}

codec::payload remote_object::result_of(wire::reply&& reply, std::string_view method) const
{
    return take_result(std::move(reply), method,
                       [&] { return "no method of this '" + typeid_name_ + "', which has " + listed(exposed()); });
}

wire::reply remote_object::answer_to(const client_request& request, const reply_wait& wait)
{
    std::string known = ident();
    wire::reply reply = channel_->call_object(known, request, wait);
    if (was_created_here_ && says_unknown_ident(reply, known) && finds_same_object(typeid_name_, known)) {
        create_again(known);
        known = ident();
        reply = channel_->call_object(known, request, wait);
    }
    return reply;
}

void remote_object::find_again(const std::string& known, bool is_first)
{
    if (!is_first || !was_created_here_ || !finds_same_object(typeid_name_, known))
        throw remote_error{"KeyError", '\'' + known + "': the server has no such object (any more)"};
    create_again(known);
}

void remote_object::keep_fault(std::exception_ptr fault)
{
    const std::lock_guard lock{mutex_};
    fault_ = std::move(fault);
}

std::exception_ptr remote_object::take_fault()
{
    const std::lock_guard lock{mutex_};
    return std::exchange(fault_, nullptr);
}

wire::created_reply remote_object::create() const
{
    const std::vector<codec::payload> positional{positional_.begin(), positional_.end()};
    keyword_payloads keywords;
    for (const auto& [name, argument] : keywords_)
        keywords.emplace_back(name, argument);
    const codec::payload result =
        take_result(channel_->call_server({"create", positional, keywords}, typeid_name_), typeid_name_,
                    [&] { return "nothing is registered by this name at " + channel_->server().to_string(); });
    if (std::optional<wire::created_reply> created = wire::parse_created(result, limits()))
        return std::move(*created);
    throw error{"the server's answer to create('" + typeid_name_ + "') is no (ident, exposed)"};
}

std::vector<std::string> remote_object::ask_methods() const
{
    const std::array<codec::payload, 1> token{wire::make_token({}, typeid_name_, created_.ident)};
    const value names = take_result(channel_->call_server({"get_methods", token, {}}, std::nullopt)).to_value(limits());
    std::vector<std::string> methods;
    for (std::size_t i = 0; i < names.size(); ++i)
        methods.emplace_back(names[i].text());
    return methods;
}

void remote_object::create_again(const std::string& stale)
{
    const std::lock_guard one_at_a_time{create_again_mutex_};
    if (ident() != stale)
        return;
    wire::created_reply created = create();
    const std::lock_guard lock{mutex_};
    created_ = std::move(created);
}

}  // namespace quaymaster::net
