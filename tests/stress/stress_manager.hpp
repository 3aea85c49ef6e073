// stress_manager: how the clients of the stress test that are ours reach its server.
#pragma once

#include <quaymaster/base_manager.hpp>
#include <quaymaster/queue_proxy.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace quaymaster::testing {

struct stress_manager : base_manager {
    using base_manager::base_manager;
    auto queue(const std::string& typeid_name) { return create<queue_proxy<std::int64_t>>(typeid_name); }
};

inline manager_options client_of(client_dialect dialect)
{
    manager_options options;
    options.client.dialect = dialect;
    options.client.call_deadline = std::chrono::seconds{60};
    return options;
}

}  // namespace quaymaster::testing
