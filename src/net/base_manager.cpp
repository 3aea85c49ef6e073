#include <quaymaster/base_manager.hpp>

#include "net/client_core.hpp"
#include "net/client_reply.hpp"
#include "net/local_channel.hpp"
#include "net/reachable_address.hpp"
#include "net/remote_object.hpp"

#include <quaymaster/server.hpp>

#include <functional>
#include <optional>
#include <stdexcept>

namespace quaymaster {
class base_manager::implementation {
public:
    implementation(quaymaster::address where, authkey key, manager_options options)
        : where_{std::move(where)}, key_{std::move(key)}, options_{std::move(options)}
    {
    }

    void register_with_server(std::function<void(server&)> registration)
    {
        must_be_initial("register");
        registrations_.push_back(std::move(registration));
    }

    void start()
    {
        must_be_initial("start()");
        auto started = std::make_unique<server>(where_, key_, options_.server);
        for (const auto& registration : registrations_)
            registration(*started);
        started->start();
        auto network = std::make_shared<net::client_core>(net::reachable_here(started->bound_address()), key_, options_.client);
        channel_ = std::make_shared<net::local_channel>(started->local_access(), std::move(network));
        server_ = std::move(started);
    }

    void wait() { server_->wait(); }

    void connect()
    {
        if (server_ != nullptr)
            throw std::logic_error{"this manager serves: it is connected to itself already"};
        auto core = core_ != nullptr ? core_ : std::make_shared<net::client_core>(where_, key_, options_.client);
        core->connect();
        core_ = core;
        channel_ = std::move(core);
    }

    void shutdown()
    {
        if (server_ != nullptr)
            server_->stop();
    }

    [[nodiscard]] quaymaster::address address() const { return channel_ != nullptr ? channel_->server() : where_; }

    [[nodiscard]] const std::shared_ptr<net::object_channel>& channel() const
    {
        if (channel_ == nullptr)
            throw std::logic_error{"no server yet: call start() or connect() first"};
        return channel_;
    }

    /// What a server function without arguments returns.
    [[nodiscard]] value ask(std::string_view function) const
    {
        return net::take_result(channel()->call_server({function, {}, {}}, std::nullopt)).to_value(channel()->limits());
    }

private:
    void must_be_initial(const std::string& what) const
    {
        if (channel_ != nullptr)
            throw std::logic_error{what + " comes before start() or connect(), and once"};
    }

    const quaymaster::address where_;
    const authkey key_;
    const manager_options options_;
    std::vector<std::function<void(server&)>> registrations_;
    std::unique_ptr<server> server_;                   // null unless start()ed
    std::shared_ptr<net::client_core> core_;           // null until connect()
    std::shared_ptr<net::object_channel> channel_;     // null until start() or connect()
};

base_manager::base_manager(quaymaster::address where, authkey key, manager_options options)
    : implementation_{std::make_unique<implementation>(std::move(where), std::move(key), std::move(options))}
{
}

base_manager::~base_manager() = default;
base_manager::base_manager(base_manager&&) noexcept = default;
base_manager& base_manager::operator=(base_manager&&) noexcept = default;

void base_manager::register_queue(std::string typeid_name, queue_options queue)
{
    implementation_->register_with_server(
        [name = std::move(typeid_name), queue](server& serving) { serving.register_queue(name, queue); });
}

void base_manager::register_queue_factory(std::string typeid_name, queue_kind kind)
{
    implementation_->register_with_server(
        [name = std::move(typeid_name), kind](server& serving) { serving.register_queue_factory(name, kind); });
}

void base_manager::register_type(std::string typeid_name, queue_kind kind)
{
    implementation_->register_with_server(
        [name = std::move(typeid_name), kind](server& serving) { serving.register_queue_type(name, kind); });
}

void base_manager::register_sync_types()
{
    implementation_->register_with_server([](server& serving) { serving.register_sync_types(); });
}

void base_manager::register_shared(std::string typeid_name, std::string type, std::vector<value> arguments)
{
    implementation_->register_with_server(
        [name = std::move(typeid_name), type = std::move(type), arguments = std::move(arguments)](server& serving) {
            serving.register_shared(name, type, arguments);
        });
}

void base_manager::register_type(std::string typeid_name, class_description described)
{
    implementation_->register_with_server([name = std::move(typeid_name), described = std::move(described)](server& serving) {
        serving.register_type(name, described);
    });
}

void base_manager::register_function(std::string typeid_name, callable_description described)
{
    implementation_->register_with_server([name = std::move(typeid_name), described = std::move(described)](server& serving) {
        serving.register_function(name, described);
    });
}

void base_manager::start()
{
    implementation_->start();
}

void base_manager::serve_forever()
{
    implementation_->start();
    implementation_->wait();
}

void base_manager::connect()
{
    implementation_->connect();
}

void base_manager::shutdown()
{
    implementation_->shutdown();
}

quaymaster::address base_manager::address() const
{
    return implementation_->address();
}

proxy base_manager::create_proxy(std::string_view typeid_name, const std::vector<value>& positional,
                                 const proxy::keywords& named)
{
    return proxy{std::make_shared<net::remote_object>(implementation_->channel(), std::string{typeid_name}, positional, named)};
}

std::size_t base_manager::number_of_objects()
{
    return decode<std::size_t>(implementation_->ask("number_of_objects"));
}

std::string base_manager::debug_info()
{
    return decode<std::string>(implementation_->ask("debug_info"));
}

}  // namespace quaymaster
