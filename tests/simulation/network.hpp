// network: what happens to octets between clients and server, to waits as time goes on, and to connections that end.
#pragma once

#include "reply_watch.hpp"
#include "scene.hpp"

#include <cstddef>

namespace quaymaster::testing {

/// Gives the sessions of `at` their turns, and has `watch` look at what they write. Lifetime: both outlive it.
class network {
public:
    network(scene& at, reply_watch& watch) noexcept : at_{at}, watch_{watch} {}

    /// Something that is under way arrives. False if nothing is.
    bool step();
    /// Time goes on when nothing is left to be done at this instant. False if nothing waits for it.
    bool pass_time();
    /// Resumes all who were told and gives up for all whose time is up, in any order.
    void settle_instant();
    /// The octets arrive at once.
    void hand_over(link& client, bytes_view octets);
    /// All the replies that there are reach their clients, the slow ones, too.
    void flush();
    /// The server does: the end of the client's connection has reached it.
    void notice_death(link& client);

private:
    void deliver(link& client, std::size_t count);
    void transmit(link& client, std::size_t count);
    void resume(link& client);
    void on_deadline(link& client);
    template <class Act>
    void turn(link& client, Act&& act);

    scene& at_;
    reply_watch& watch_;
};

}  // namespace quaymaster::testing
