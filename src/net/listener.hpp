// listener: the listening sockets of a server, and what is turned away at the door.
#pragma once

#include "net/event_loop.hpp"
#include "net/unique_descriptor.hpp"

#include <quaymaster/address.hpp>

#include <sys/stat.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quaymaster::net {

/// Accepts on the first loop and hands each connection to the loop that has fewest.
/// A host with several addresses ("localhost", or empty for every interface) is listened on at each, with one port.
/// Thread safety: open() before the loops run; afterwards the first loop's thread only, but for close().
/// Lifetime: the loops outlive it.
class listener {
public:
    /// `loops` is not empty.
    listener(server_state& state, std::vector<event_loop*> loops);
    ~listener();

    /// Binds and listens. Throws boost::system::system_error. IPv4 comes first, as stock Python uses nothing else.
    void open(const address& where);
    /// Begins to accept.
    void start();
    /// Hands out no more. Whoever connects from now on waits for close().
    void stop_accepting();
    /// Turns away who still waits and closes the doors; removes the Unix socket's file, if it is still ours. Only when no
    /// loop runs any more. Takes some milliseconds, see ignore_new_handshakes().
    void close();
    /// What was asked for, with the port in use.
    [[nodiscard]] const address& bound() const noexcept { return *bound_; }

private:
    /// One listening socket, and when it is to be opened again after a pause.
    struct door final : watched, timed {
        door(listener& its_home, unique_descriptor opened) noexcept : home{its_home}, socket{std::move(opened)} {}
        void on_ready(std::uint32_t) override { home.accept_waiting(*this); }
        void on_due(core::time_point) override { home.wait(*this); }

        listener& home;
        unique_descriptor socket;
        bool is_watched = false;
    };

    /// Says something once while it lasts, and at most once a second.
    class notice {
    public:
        [[nodiscard]] bool is_due();
        void over() noexcept { is_current_ = false; }
        [[nodiscard]] bool is_current() const noexcept { return is_current_; }

    private:
        bool is_current_ = false;
        std::chrono::steady_clock::time_point said_{};
    };

    void open_tcp(const address& where);
    void open_unix(const std::string& path);
    [[nodiscard]] bool try_open_tcp(const address& where);
    void add(unique_descriptor socket);
    void wait(door& at);
    void accept_waiting(door& at);
    void hand_out(unique_descriptor socket, const sockaddr_storage& peer);
    void turn_away_waiting();
    void pause(door& at, int cause);
    [[nodiscard]] bool waits_for_room(door& at);
    void accept_after(door& at, std::chrono::milliseconds delay);
    void look_away(door& at) noexcept;
    [[nodiscard]] event_loop& least_loaded();
    [[nodiscard]] bool is_full(gauge& counted, std::size_t limit, std::string_view name, notice& said);

    server_state& state_;
    std::vector<event_loop*> loops_;
    std::size_t next_loop_ = 0;
    int waits_for_room_ = 0;  // in a row
    bool is_accepting_ = true;
    bool is_closed_ = false;
    std::optional<address> bound_;
    std::list<door> doors_;     // a list: the reactor refers to its elements
    struct stat unix_file_ {};  // identity of the socket file we made
    notice out_of_descriptors_;
    notice too_many_connections_;
    notice too_many_unauthenticated_;
};

}  // namespace quaymaster::net
