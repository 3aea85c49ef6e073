// base_manager: serves registered queues to other programs, or connects to a program that does.
#pragma once

#include <quaymaster/address.hpp>
#include <quaymaster/authkey.hpp>
#include <quaymaster/class_definition.hpp>
#include <quaymaster/client_options.hpp>
#include <quaymaster/proxy.hpp>
#include <quaymaster/queue_options.hpp>
#include <quaymaster/server_options.hpp>
#include <quaymaster/value.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quaymaster {

struct manager_options {
    client_options client;  ///< of its calls, and of those of the proxies that it makes
    server_options server;  ///< of what start() or serve_forever() serves
};

/// Python's BaseManager. Derive from it to give the two ends of a program one typed interface:
///
///     struct queue_manager : base_manager {
///         using base_manager::base_manager;
///         auto get_task_queue() { return create<queue_proxy<int>>("get_task_queue"); }
///     };
///
/// Either register what to serve and start() (or serve_forever()), or connect() to a server elsewhere, C++ or Python.
/// Thread safety: register, start, connect and shut down from one thread; create() from any.
/// Proxies of a manager that started its server call the objects where they are, on the calling thread and without a connection;
/// those of one that connected do not, even if the server is in the same program. Everything else is the same: a thread here
/// takes its turn among the clients, and owns the locks that it acquires.
/// Lifetime: the destructor stops a server that start() began. Proxies may outlive it: their calls then throw connection_lost, as
/// do those that wait when it stops. After fork() the child's copy still makes proxies, and the server goes on in the parent.
/// Errors: start() and connect() throw std::invalid_argument for an option out of its range.
class base_manager {
public:
    /// Opens nothing yet. For a server `where` may have an empty host (every interface) and port 0 (the system's choice);
    /// for a client an empty host is this machine.
    base_manager(quaymaster::address where, authkey key, manager_options options = {});
    ~base_manager();
    base_manager(base_manager&&) noexcept;
    base_manager& operator=(base_manager&&) noexcept;

    /// One queue under `typeid_name`: whoever creates the typeid, from whatever program, gets this queue.
    /// These and those below throw std::logic_error after start() or connect(); a name that is empty or taken makes start() throw.
    void register_queue(std::string typeid_name, queue_options queue = {});
    /// `typeid_name(name, maxsize=0)` makes or finds the queue called `name`.
    void register_queue_factory(std::string typeid_name, queue_kind kind = queue_kind::fifo);
    /// Each create of `typeid_name(maxsize=0)` makes a queue of its own, which goes with its last proxy, as
    /// `manager.Queue()` does in Python.
    void register_type(std::string typeid_name, queue_kind kind = queue_kind::fifo);
    /// Everything that Python's SyncManager shares, under its typeids: list dict set Value Array Namespace Event Lock RLock Semaphore
    /// BoundedSemaphore Condition Barrier Queue JoinableQueue, each create making one. Those registered before stay as they are.
    void register_sync_types();
    /// One object of `type`, such as "dict" or "Lock", under `typeid_name`: whoever creates that, from whatever program, gets this
    /// object. `arguments` go to the constructor. Call register_sync_types() before. A type that makes no new objects, as
    /// get_queue, is not registered, or refuses the arguments, makes start() throw std::invalid_argument.
    void register_shared(std::string typeid_name, std::string type, std::vector<value> arguments = {});
    /// Each create of `typeid_name` makes an object of class `T`, whose members are called as `definition` says.
    template <class T>
    void register_type(std::string typeid_name, const class_definition<T>& definition)
    {
        register_type(std::move(typeid_name), definition.description());
    }
    /// The same for a class that BOOST_DESCRIBE_CLASS describes.
    template <class T>
    void register_type(std::string typeid_name)
    {
        register_type(std::move(typeid_name), class_definition<T>{}.described().description());
    }
    void register_type(std::string typeid_name, class_description described);
    /// `typeid_name(...)` calls a function, which runs on a worker of the server. As in Python its result is an object in the
    /// server: str() and _getvalue() of its proxy give it.
    template <class Function>
    void register_function(std::string typeid_name, Function called, parameters takes = {})
    {
        register_function(typeid_name, function_description(typeid_name, std::move(called), std::move(takes)));
    }
    void register_function(std::string typeid_name, callable_description described);

    /// Serves in the background of this process, until shutdown(). On return clients can connect, and this manager
    /// makes proxies. Throws boost::system::system_error if the address cannot be had, std::invalid_argument for an empty
    /// key at an address that other machines reach, std::logic_error if started or connected already.
    void start();
    /// start() and wait for the end: a signal of server_options::stop_signals, or a client's `shutdown` request.
    void serve_forever();
    /// Finds the server, trying again until client_options::connect_deadline if it is not up yet. Throws
    /// authentication_error if it holds another key, connection_lost if none came, deadline_exceeded if it does not
    /// answer, std::logic_error if started already. Calling it again checks again.
    void connect();
    /// Stops the server that start() began, letting replies out. A manager that only connected has none to stop: as in
    /// Python it leaves the server alone.
    void shutdown();

    /// Where clients of this manager connect to; after start() with the port that the system chose.
    [[nodiscard]] quaymaster::address address() const;

    /// Makes, or finds, the object that `typeid_name` stands for, and returns a `Proxy` of it, such as
    /// `queue_proxy<int>`. `arguments`, of any types that conversion.hpp knows or kw("name", argument), go to the constructor in
    /// the server. Throws std::logic_error before start() or connect(), remote_error if the server knows no such typeid, and what
    /// proxy::call throws.
    template <class Proxy, class... Arguments>
    [[nodiscard]] Proxy create(std::string_view typeid_name, const Arguments&... arguments)
    {
        std::vector<value> positional;
        proxy::keywords named;
        (add_argument(positional, named, arguments), ...);
        return Proxy{create_proxy(typeid_name, positional, named)};
    }
    /// The same, with arguments known only at run time.
    [[nodiscard]] proxy create_proxy(std::string_view typeid_name, const std::vector<value>& positional = {},
                                     const proxy::keywords& named = {});

    /// How many objects, made by clients, the server holds: CPython's `_number_of_objects()`. Throws as create().
    [[nodiscard]] std::size_t number_of_objects();
    /// A line or two about each object of the server, for people: CPython's `_debug_info()`. Throws as create().
    [[nodiscard]] std::string debug_info();

private:
    template <class T>
    static void add_argument(std::vector<value>& positional, proxy::keywords&, const T& argument)
    {
        positional.push_back(to_value(argument));
    }
    template <class T>
    static void add_argument(std::vector<value>&, proxy::keywords& named, const keyword_argument<T>& argument)
    {
        named.emplace_back(argument.name, to_value(argument.argument));
    }

    class implementation;
    std::unique_ptr<implementation> implementation_;
};

}  // namespace quaymaster
