#include "session/server_information.hpp"

#include "wire/native_dialect.hpp"

#include <quaymaster/version.hpp>

#include <utility>
#include <vector>

namespace quaymaster::session {

value server_information(const server_settings& settings, std::uint32_t native_version)
{
    return value::dict({
        {"version", std::uint64_t{native_version}},
        {"server", std::string{"quaymaster "} + std::string{version}},
        {"payload_size_max", std::uint64_t{settings.payload_size_max}},
        {"batch_items_max", std::uint64_t{wire::native::batch_items_max}},
        {"batch_size_max", std::uint64_t{settings.replies_size_max}},
        {"requests_max", std::uint64_t{settings.requests_max}},
        {"handles_max", std::uint64_t{settings.handles_max}},
    });
}

value queue_information(const core::queue_statistics& queue)
{
    return value::dict({
        {"kind", core::to_string(queue.kind)},
        {"maxsize", queue.maxsize},
        {"depth", std::uint64_t{queue.depth}},
        {"unfinished", std::uint64_t{queue.unfinished}},
        {"waiting_getters", std::uint64_t{queue.waiting_getters}},
        {"waiting_putters", std::uint64_t{queue.waiting_putters}},
        {"puts_total", queue.puts_total},
        {"gets_total", queue.gets_total},
        {"is_shut_down", queue.is_shut_down},
    });
}

}  // namespace quaymaster::session
