// peers: other servers that hold queues, each through the fastest client that it has in C.
#pragma once

#include "bench_target.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct peer {
    std::string_view name;
    std::string_view client;  // what it is measured through
    std::unique_ptr<quaymaster::tool::bench_target> (*make)(const std::string& host, std::uint16_t port);
};

/// Those whose client libraries were there when this was built.
[[nodiscard]] const std::vector<peer>& peers();

/// What each file of this folder defines. Nothing is connected before open_queues().
[[nodiscard]] std::unique_ptr<quaymaster::tool::bench_target> make_echo_target(const std::string& host, std::uint16_t port);
[[nodiscard]] std::unique_ptr<quaymaster::tool::bench_target> make_beanstalkd_target(const std::string& host,
                                                                                     std::uint16_t port);
[[nodiscard]] std::unique_ptr<quaymaster::tool::bench_target> make_redis_target(const std::string& host, std::uint16_t port);
[[nodiscard]] std::unique_ptr<quaymaster::tool::bench_target> make_nats_target(const std::string& host, std::uint16_t port);
[[nodiscard]] std::unique_ptr<quaymaster::tool::bench_target> make_rabbitmq_target(const std::string& host, std::uint16_t port);
[[nodiscard]] std::unique_ptr<quaymaster::tool::bench_target> make_zeromq_target(const std::string& host, std::uint16_t port);

}  // namespace bench
