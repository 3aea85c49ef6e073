// clients: what the clients of a simulation do.
#pragma once

#include "scene.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace quaymaster::testing {

/// Sends requests over the links of `at`, which it leaves to the network. Lifetime: `at` outlives it.
class clients {
public:
    explicit clients(scene& at) noexcept : at_{at} {}

    /// One of those who live, at least one, does something.
    void act();
    /// The client is no more. A part of what it has sent may still arrive.
    void kill(link& client);
    /// Gives up one of the requests that wait, or none of them.
    void cancel_some(link& client);

private:
    /// One who puts items and remembers, over connections, how far it is.
    struct producer {
        std::size_t number = 0;
        std::size_t next = 0;
    };

    void act_native(link& client);
    void act_python(link& client);
    void put(link& client, std::size_t queue, std::size_t count);
    void repeat_put(link& client);
    void get(link& client, action kind, std::size_t queue);
    void put_back(link& client);
    void ping(link& client);
    void send_put(link& client, request what, const std::vector<std::size_t>& paddings);
    void send_credit(link& client, std::uint32_t id);
    [[nodiscard]] bytes call_of_put(const request& what, const std::vector<std::size_t>& paddings) const;
    [[nodiscard]] bytes call_of_get(const request& what) const;
    [[nodiscard]] bytes frame_of_put(const link& client, std::uint32_t id, const request& what,
                                     const std::vector<std::size_t>& paddings) const;
    [[nodiscard]] bytes frame_of_get(const link& client, std::uint32_t id, request& what);
    void send(link& client, request what, std::uint32_t id, bytes_view frame);
    [[nodiscard]] std::uint32_t some_timeout();

    scene& at_;
    std::map<std::pair<std::size_t, std::size_t>, producer> producers_;  // by connection and queue
    std::size_t producers_made_ = 0;
    std::uint64_t last_put_client_ = 0;
};

}  // namespace quaymaster::testing
