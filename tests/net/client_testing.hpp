// client_testing: servers to connect to, good and bad, for the tests of managers and proxies.
#pragma once

#include <quaymaster/base_manager.hpp>
#include <quaymaster/queue_proxy.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace client_testing {

using namespace std::chrono_literals;

/// Limits that make a failing test fail soon.
inline quaymaster::manager_options short_limits()
{
    quaymaster::manager_options options;
    options.client.connect_deadline = 5s;
    options.client.reconnect_deadline = 5s;
    options.client.handshake_deadline = 2s;
    options.client.call_deadline = 10s;
    return options;
}

/// Two queues of any type, as in the tutorials.
struct queue_manager : quaymaster::base_manager {
    using base_manager::base_manager;

    template <class T>
    auto queue(const std::string& typeid_name = "get_task_queue")
    {
        return create<quaymaster::queue_proxy<T>>(typeid_name);
    }
    void serve(quaymaster::queue_options options = {})
    {
        register_queue("get_task_queue", options);
        register_queue("get_result_queue", options);
        start();
    }
};

/// A manager connected to `serving`.
inline queue_manager connected_to(const quaymaster::base_manager& serving, quaymaster::manager_options options = short_limits())
{
    queue_manager manager{serving.address(), "abc", options};
    manager.connect();
    return manager;
}

/// A TCP socket that listens on loopback and never accepts: the kernel completes connections, nobody answers.
class silent_listener {
public:
    silent_listener() : descriptor_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}
    {
        sockaddr_in bound{};
        bound.sin_family = AF_INET;
        bound.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof bound;
        if (::bind(descriptor_, reinterpret_cast<sockaddr*>(&bound), size) != 0 || ::listen(descriptor_, 16) != 0 ||
            ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&bound), &size) != 0)
            throw std::runtime_error{"no listening socket"};
        port_ = ntohs(bound.sin_port);
    }
    silent_listener(const silent_listener&) = delete;
    silent_listener& operator=(const silent_listener&) = delete;
    ~silent_listener() { ::close(descriptor_); }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    /// The next connection, for a test that plays the server itself.
    [[nodiscard]] int accept() const { return ::accept(descriptor_, nullptr, nullptr); }

private:
    int descriptor_;
    std::uint16_t port_ = 0;
};

/// A server in a process of its own, so that it can be frozen and killed. Make it before the test starts threads.
class server_process {
public:
    explicit server_process(std::uint16_t port = 0)
    {
        int channel[2];
        if (::pipe(channel) != 0)
            throw std::runtime_error{"no pipe"};
        process_ = ::fork();
        if (process_ == 0)
            serve(port, channel[1]);
        ::close(channel[1]);
        const bool told = ::read(channel[0], &port_, sizeof port_) == sizeof port_;
        ::close(channel[0]);
        if (!told)
            throw std::runtime_error{"the server process did not start"};
    }
    server_process(const server_process&) = delete;
    server_process& operator=(const server_process&) = delete;
    ~server_process() { kill(); }

    [[nodiscard]] quaymaster::address address() const { return {"127.0.0.1", port_}; }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    /// Stops it in its tracks; on return it runs no more.
    void freeze()
    {
        ::kill(process_, SIGSTOP);
        ::waitpid(process_, nullptr, WUNTRACED);
    }
    void thaw() { ::kill(process_, SIGCONT); }
    void kill()
    {
        if (process_ > 0) {
            ::kill(process_, SIGKILL);
            ::waitpid(process_, nullptr, 0);
        }
        process_ = -1;
    }

private:
    [[noreturn]] static void serve(std::uint16_t port, int channel)
    {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that is aborted leaves no server behind
        try {
            queue_manager manager{{"127.0.0.1", port}, "abc"};
            manager.serve();
            const std::uint16_t chosen = manager.address().port();
            if (::write(channel, &chosen, sizeof chosen) != sizeof chosen)
                ::_exit(1);
            for (;;)
                ::pause();
        } catch (...) {
            ::_exit(1);
        }
    }

    pid_t process_ = -1;
    std::uint16_t port_ = 0;
};

}  // namespace client_testing
