// server: puts the loops, the listener and the registry together, and takes them down in order.
#include <quaymaster/server.hpp>

#include "core/queue_factories.hpp"
#include "core/select_referent.hpp"
#include "core/status_referent.hpp"
#include "core/sync_types.hpp"
#include "core/user_object.hpp"
#include "net/event_loop.hpp"
#include "net/fork_generation.hpp"
#include "net/guarded_objects.hpp"
#include "net/listener.hpp"
#include "net/local_access.hpp"
#include "net/option_checks.hpp"
#include "net/randomness.hpp"
#include "net/reachable_address.hpp"
#include "net/server_state.hpp"
#include "net/signals_blocked.hpp"
#include "net/stop_signals.hpp"
#include "net/worker_pool.hpp"
#include "wire/proxy_tokens.hpp"


#include <openssl/crypto.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace quaymaster {

namespace {

constexpr std::string_view status_typeid = "quaymaster_status";
constexpr std::string_view select_typeid = "quaymaster_select";
constexpr std::size_t default_threads_max = 8;

session::server_settings settings_from(const authkey& key, const server_options& options)
{
    session::server_settings settings;
    settings.authkey = to_bytes(key.octets());
    settings.require_sha256 = options.require_sha256;
    settings.handshake_timeout = options.handshake_timeout;
    settings.payload_size_max = options.payload_size_max;
    settings.replies_size_max = options.outbox_size_max;
    settings.limits = options.pickle;
    return settings;
}

std::uint64_t random_instance()
{
    std::uint64_t instance = 0;
    net::fill_random(std::as_writable_bytes(std::span{&instance, 1}));
    return instance;
}

core::hash_seed random_seed()
{
    core::hash_seed seed;
    net::fill_random(std::as_writable_bytes(std::span{&seed, 1}));
    return seed;
}

std::int64_t to_core(std::size_t maxsize)
{
    constexpr auto largest = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
    return static_cast<std::int64_t>(std::min(maxsize, largest));
}

/// "the types that can be shared are Array Barrier ..."
std::string shareable_types(const core::registry& registry)
{
    std::string all;
    for (const std::string& name : registry.typeids())
        if (registry.traits_of(name).makes_new_objects)
            all += ' ' + name;
    return all.empty() ? "no type that can be shared is registered, see register_sync_types()"
                       : "the types that can be shared are" + all;
}

std::size_t thread_count(const server_options& options)
{
    if (options.threads != 0)
        return options.threads;
    return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, default_threads_max);
}

}  // namespace

class server::implementation {
public:
    /// `options` are checked.
    implementation(address where, const authkey& key, const server_options& options)
        : where_{std::move(where)}, state_{options, settings_from(key, options), random_instance()}
    {
        if (key.empty() && !where_.is_loopback())
            throw std::invalid_argument{"an empty authkey lets everybody in who can reach " + where_.to_string() +
                                        ": set a key, or listen on 127.0.0.1"};
        state_.request_stop = [this] { request_stop(); };
        register_own_objects();
    }
    ~implementation()
    {
        stop();
        OPENSSL_cleanse(state_.settings.authkey.data(), state_.settings.authkey.size());
    }

    /// False in the child of a fork(), which has none of the threads; the server goes on in the parent.
    [[nodiscard]] bool is_of_this_process() const noexcept { return fork_generation_ == net::fork_generation(); }

    [[nodiscard]] const server_options& options() const noexcept { return state_.options; }
    [[nodiscard]] core::registry& registry_to_fill();
    void register_sync_types();
    void register_shared(std::string typeid_name, const std::string& type, const std::vector<value>& arguments);
    void register_one(const std::string& typeid_name, std::shared_ptr<core::referent> object);
    void register_class(std::string typeid_name, class_description described);
    void start();
    void wait();
    void stop();
    [[nodiscard]] bool is_started() const noexcept { return is_started_; }
    [[nodiscard]] address bound_address() const;
    [[nodiscard]] server_statistics statistics();
    [[nodiscard]] std::shared_ptr<net::local_access> local_access() const noexcept { return local_access_; }

private:
    void register_own_objects();
    [[nodiscard]] value status();
    [[nodiscard]] value queue_status();
    void open();
    void run_threads();
    void run(net::event_loop& loop);
    void run_until_stopped(net::event_loop& loop);
    void watch_signals();
    void request_stop();
    [[nodiscard]] bool is_own_thread();

    const unsigned fork_generation_ = net::fork_generation();
    const address where_;
    net::server_state state_;
    net::guarded_objects objects_{state_};
    net::worker_pool workers_{state_, state_.options.workers_max};
    const core::hash_seed seed_ = random_seed();
    core::user_classes classes_{workers_, state_.options.pickle, seed_};
    const std::shared_ptr<net::local_access> local_access_ = std::make_shared<net::local_access>(state_);
    std::vector<std::pair<value, value>> shared_;  // the typeids that stand for one object each, queues apart, and its type
    std::vector<std::unique_ptr<net::event_loop>> loops_;
    std::optional<net::listener> listener_;                // of the first loop
    std::optional<net::stop_signals> stop_signals_;
    std::atomic<bool> is_started_ = false;
    std::atomic<bool> is_stop_requested_ = false;
    std::atomic<std::size_t> loops_running_ = 0;
    std::mutex threads_mutex_;  // guards threads_; held while joining, so that all who wait return when all is over
    std::vector<std::thread> threads_;
    std::mutex thread_ids_mutex_;  // guards thread_ids_
    std::vector<std::thread::id> thread_ids_;
};

core::registry& server::implementation::registry_to_fill()
{
    if (is_started_)
        throw std::logic_error{"register before start(): clients may be using the registry already"};
    return state_.registry;
}

void server::implementation::register_shared(std::string typeid_name, const std::string& type,
                                             const std::vector<value>& arguments)
{
    const core::registry& registry = registry_to_fill();
    const std::string refused = "'" + typeid_name + "' cannot be a shared " + type + ": ";
    // What finds an object instead of making one, as get_queue does, would have it under two names.
    if (!registry.traits_of(type).makes_new_objects)
        throw std::invalid_argument{refused + shareable_types(registry)};
    core::call construction;
    construction.method = type;
    for (const value& each : arguments)
        construction.positional.emplace_back(each);
    auto made = registry.make(type, construction);
    if (const auto* refusal = std::get_if<core::raised>(&made))
        throw std::invalid_argument{refused + refusal->text};
    register_one(typeid_name, std::move(std::get<core::made_object>(made).object));
    shared_.emplace_back(typeid_name, type);
}

/// One object for whoever creates the typeid, and by that name for good.
void server::implementation::register_one(const std::string& typeid_name, std::shared_ptr<core::referent> object)
{
    core::registry& registry = registry_to_fill();
    registry.register_typeid(typeid_name, [object, typeid_name](core::call&) -> std::variant<core::made_object, core::raised> {
        return core::made_object{object, typeid_name};
    });
    registry.declare_stable(typeid_name, std::move(object));
}

void server::implementation::register_class(std::string typeid_name, class_description described)
{
    core::registry& registry = registry_to_fill();
    const auto known = std::make_shared<const core::user_class>(typeid_name, std::move(described));
    std::shared_ptr<void> instance = known->description().instance;
    if (instance == nullptr) {
        registry.register_constructor(typeid_name, std::make_shared<core::user_object>(classes_, known, nullptr));
    } else {
        register_one(typeid_name, std::make_shared<core::user_object>(classes_, known, std::move(instance)));
        shared_.emplace_back(typeid_name, typeid_name);
    }
    if (known->description().type != typeid(void))
        classes_.add(known);
}

void server::implementation::register_sync_types()
{
    core::registry& registry = registry_to_fill();
    core::sync_type_options options;
    options.limits = state_.options.pickle;
    options.seed = seed_;
    options.releases_locks_at_session_end = state_.options.release_locks_at_session_end;
    // Called while an object is made, and so under the registry's guard.
    options.resolve_lock = [&registry, limits = options.limits](const value& proxy) -> std::shared_ptr<core::referent> {
        const auto found = wire::proxies_in(codec::payload{proxy}, limits);
        return found.size() == 1 ? registry.find(found.front().ident) : nullptr;
    };
    core::register_sync_types(registry, options);
}

void server::implementation::start()
{
    if (is_started_)
        throw std::logic_error{"the server was started already; a stopped one does not start again"};
    open();
    is_started_ = true;
    run_threads();
}

void server::implementation::open()
{
    const std::size_t count = thread_count(state_.options);
    while (loops_.size() < count)
        loops_.push_back(std::make_unique<net::event_loop>(state_, loops_.size(), count));
    std::vector<net::event_loop*> all;
    for (const auto& loop : loops_)
        all.push_back(loop.get());
    listener_.emplace(state_, std::move(all));
    listener_->open(where_);
    local_access_->set_own_end(net::to_value(net::reachable_here(listener_->bound())));
    state_.settle_soon = [loop = loops_.front().get()] { loop->settle_soon(); };
    watch_signals();
    listener_->start();
}

void server::implementation::run_threads()
{
    const std::lock_guard lock{threads_mutex_};
    const net::signals_blocked blocked;
    loops_running_ = loops_.size();
    try {
        for (const auto& loop : loops_)
            threads_.emplace_back([this, &loop] { run(*loop); });
    } catch (...) {
        request_stop();
        for (std::thread& thread : threads_)
            thread.join();
        threads_.clear();
        listener_->close();
        throw;
    }
}

void server::implementation::run(net::event_loop& loop)
{
    {
        const std::lock_guard lock{thread_ids_mutex_};
        thread_ids_.push_back(std::this_thread::get_id());
    }
    run_until_stopped(loop);
    // Not earlier: who connects while others get their last replies is turned away in order.
    if (--loops_running_ > 0)
        return;
    for (const auto& each : loops_)
        each->drop_posted();
    listener_->close();
}

void server::implementation::run_until_stopped(net::event_loop& loop)
{
    for (;;) {
        try {
            return loop.run();
        } catch (const std::exception& failure) {
            // The loop goes on, without the handler that threw, to take its connections down.
            state_.log_or_drop(log_level::error, "the server stops: ", failure.what());
            request_stop();
        }
    }
}

void server::implementation::watch_signals()
{
    if (state_.options.stop_signals.empty())
        return;
    stop_signals_.emplace(state_.options.stop_signals, [this] { request_stop(); });
}

void server::implementation::request_stop()
{
    if (!is_started_ || is_stop_requested_.exchange(true))
        return;
    local_access_->close(state_.options.stop_grace);
    loops_.front()->post([this] {
        listener_->stop_accepting();
        if (stop_signals_)
            stop_signals_->let_go();
    });
    for (const auto& loop : loops_)
        loop->begin_stop();
}

bool server::implementation::is_own_thread()
{
    const std::lock_guard lock{thread_ids_mutex_};
    return std::find(thread_ids_.begin(), thread_ids_.end(), std::this_thread::get_id()) != thread_ids_.end();
}

void server::implementation::wait()
{
    if (!is_of_this_process())
        return;
    const std::lock_guard lock{threads_mutex_};
    for (std::thread& thread : threads_)
        thread.join();
    threads_.clear();
    local_access_->wait_until_left();
    workers_.stop();
}

void server::implementation::stop()
{
    if (!is_of_this_process())
        return;
    request_stop();
    if (!is_own_thread() && !workers_.is_own_thread())
        wait();
}

address server::implementation::bound_address() const
{
    if (!is_started_)
        throw std::logic_error{"bound_address() before start()"};
    return listener_->bound();
}

server_statistics server::implementation::statistics()
{
    server_statistics now;
    now.connections = state_.connections.count();
    now.unauthenticated = state_.unauthenticated.count();
    now.streams = state_.streams.count();
    now.accepted = state_.accepted.count();
    now.dropped = state_.dropped.count();
    const std::lock_guard lock{state_.guards.registry()};
    now.objects = state_.registry.number_of_objects();
    return now;
}

/// What `quaymaster stat` and get_any() ask for, under typeids of their own: Python's `manager.register('quaymaster_status')`.
void server::implementation::register_own_objects()
{
    register_one(std::string{select_typeid}, std::make_shared<core::select_referent>(objects_, state_.options.pickle));
    register_one(std::string{status_typeid}, std::make_shared<core::status_referent>([this] { return status(); }));
}

value server::implementation::status()
{
    const server_statistics now = statistics();
    return value::dict({{"address", listener_->bound().to_string()},
                        {"threads", loops_.size()},
                        {"connections", now.connections},
                        {"unauthenticated", now.unauthenticated},
                        {"clients", now.streams},
                        {"objects", now.objects},
                        {"accepted", now.accepted},
                        {"dropped", now.dropped},
                        {"queues", queue_status()},
                        {"shared", value::dict(shared_)}});
}

value server::implementation::queue_status()
{
    std::vector<std::pair<value, value>> queues;
    for (const core::listed_object& each : net::list_objects(state_)) {
        const auto* queue = dynamic_cast<const core::queue_referent*>(each.object.get());
        if (queue == nullptr)
            continue;
        const auto lock = state_.guards.lock(*queue);
        queues.emplace_back(each.ident, core::to_value(queue->queue().statistics()));
    }
    return value::dict(queues);
}

server::server(address where, authkey key, server_options options)
    : implementation_{std::make_unique<implementation>(std::move(where), key, net::checked(std::move(options)))}
{
}

server::~server()
{
    if (implementation_->is_of_this_process())
        return;
    // Nothing of it may end here: joining would wait for threads that are not there, and the Unix socket's file is the
    // parent's. It stays where it is until the process ends.
    static auto* const abandoned = new std::vector<std::unique_ptr<implementation>>;
    abandoned->push_back(std::move(implementation_));
}

void server::register_queue(std::string typeid_name, queue_options options)
{
    core::register_named_queue(implementation_->registry_to_fill(), std::move(typeid_name), options.kind,
                               to_core(options.maxsize), implementation_->options().pickle);
}

void server::register_queue_factory(std::string typeid_name, queue_kind kind)
{
    core::registry& registry = implementation_->registry_to_fill();
    const server_options& options = implementation_->options();
    const core::named_queue_limits limits{options.named_queues_max, options.queue_name_size_max, options.pickle};
    registry.register_typeid(typeid_name, core::queue_by_name(typeid_name, kind, limits));
}

void server::register_queue_type(std::string typeid_name, queue_kind kind)
{
    core::registry& registry = implementation_->registry_to_fill();
    registry.register_typeid(std::move(typeid_name), core::fresh_queue(kind, implementation_->options().pickle),
                             {.makes_new_objects = true});
}

void server::register_sync_types()
{
    implementation_->register_sync_types();
}

void server::register_shared(std::string typeid_name, const std::string& type, const std::vector<value>& arguments)
{
    implementation_->register_shared(std::move(typeid_name), type, arguments);
}

void server::register_type(std::string typeid_name, class_description described)
{
    implementation_->register_class(std::move(typeid_name), std::move(described));
}

void server::register_function(std::string typeid_name, callable_description described)
{
    class_description function;
    described.name.clear();
    function.constructors.push_back(std::move(described));
    implementation_->register_class(std::move(typeid_name), std::move(function));
}

void server::start()
{
    implementation_->start();
}

void server::serve_forever()
{
    if (!implementation_->is_started())
        implementation_->start();
    implementation_->wait();
}

void server::wait()
{
    implementation_->wait();
}

void server::stop()
{
    implementation_->stop();
}

std::shared_ptr<net::local_access> server::local_access() const
{
    return implementation_->local_access();
}

address server::bound_address() const
{
    return implementation_->bound_address();
}

server_statistics server::statistics() const
{
    return implementation_->statistics();
}

}  // namespace quaymaster
