// server: registered objects, served to Python and C++ clients.
#pragma once

#include <quaymaster/address.hpp>
#include <quaymaster/authkey.hpp>
#include <quaymaster/class_definition.hpp>
#include <quaymaster/queue_options.hpp>
#include <quaymaster/server_options.hpp>
#include <quaymaster/value.hpp>

#include <memory>
#include <string>
#include <vector>

namespace quaymaster {

namespace net {
class local_access;
}  // namespace net

/// Serves named queues over one port: what `BaseManager(...).get_server()` is in Python.
/// Thread safety: register before start(), from one thread; afterwards any member from any thread.
/// Lifetime: the destructor stops the server. A stopped server does not start again; make another. In the child of a fork()
/// it does nothing, its destructor included: the server goes on in the parent.
class server {
public:
    /// Opens nothing yet. Throws std::invalid_argument for an empty key at an address that others can reach, and for an
    /// option out of its range.
    server(address where, authkey key, server_options options = {});
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// One queue under `typeid_name`: whoever creates the typeid gets this queue, and a proxy of it outlives a restart.
    /// Throws std::invalid_argument if the name is empty or taken, std::logic_error after start().
    void register_queue(std::string typeid_name, queue_options options = {});
    /// `typeid_name(name, maxsize=0)` makes or finds the queue called `name`, as the pattern `get_queue(name)` does.
    void register_queue_factory(std::string typeid_name, queue_kind kind = queue_kind::fifo);
    /// Each `typeid_name(maxsize=0)` makes a queue of its own, as SyncManager's Queue() does; it goes with its last proxy.
    void register_queue_type(std::string typeid_name, queue_kind kind = queue_kind::fifo);

    /// Everything that Python's SyncManager shares, under its typeids: list dict set Value Array Namespace Event Lock RLock Semaphore
    /// BoundedSemaphore Condition Barrier Queue JoinableQueue, each create making one. Those registered before stay as they are.
    void register_sync_types();
    /// One object of `type`, such as "dict" or "Lock", under `typeid_name`: whoever creates that, from whatever program, gets this
    /// object. `arguments` go to the constructor. Call register_sync_types() before. Throws as register_queue(), and
    /// std::invalid_argument for a type that makes no new objects, as get_queue, or is not registered, and for arguments that it refuses.
    void register_shared(std::string typeid_name, const std::string& type, const std::vector<value>& arguments = {});
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
    /// Throws as register_queue(), and std::invalid_argument for a method without a name, and for one listed twice.
    void register_type(std::string typeid_name, class_description described);
    /// `typeid_name(...)` calls a function, which runs on a worker. As in Python its result is an object in the server: str()
    /// and _getvalue() of its proxy give it.
    template <class Function>
    void register_function(std::string typeid_name, Function called, parameters takes = {})
    {
        register_function(typeid_name, function_description(typeid_name, std::move(called), std::move(takes)));
    }
    void register_function(std::string typeid_name, callable_description described);

    /// Listens, and serves in background threads until stop(). On return clients can connect.
    /// Throws boost::system::system_error if the address cannot be had, std::logic_error if started already.
    void start();
    /// start(), if that has not been called yet, and wait().
    void serve_forever();
    /// Returns when the server has stopped: by stop(), a stop signal, or a client's `shutdown` request.
    void wait();
    /// Stops accepting, lets calls of registered classes end and replies out for at most `stop_grace`, closes, and waits for the
    /// threads, and so for every method that runs. From a method or function of a registered class it only begins that.
    void stop();

    /// The address with the port that the system chose. Precondition: started.
    [[nodiscard]] address bound_address() const;
    [[nodiscard]] server_statistics statistics() const;

private:
    friend class base_manager;  // whose proxies call the objects without a connection
    [[nodiscard]] std::shared_ptr<net::local_access> local_access() const;

    class implementation;
    std::unique_ptr<implementation> implementation_;
};

}  // namespace quaymaster
