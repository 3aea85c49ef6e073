// quaymaster_target: a server of quaymaster, or a manager that Python serves, as bench measures it: through the client library.
#pragma once

#include "bench_target.hpp"

#include <quaymaster/authkey.hpp>
#include <quaymaster/base_manager.hpp>
#include <quaymaster/client_options.hpp>
#include <quaymaster/queue_proxy.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace quaymaster::tool {

class native_stream;
class quaymaster_getter_settings;

class quaymaster_target final : public bench_target {
public:
    /// `manager` is connected, with `key` and `dialect`. `queue_name`, as find_queue() takes it, is used instead of new queues unless
    /// empty.
    quaymaster_target(base_manager manager, const authkey& key, client_dialect dialect, std::string queue_name);
    ~quaymaster_target() override;

    [[nodiscard]] std::string name() const override { return "quaymaster"; }
    /// Throws usage_error if the queue that was named is not empty, or not enough.
    void open_queues(std::size_t count, std::size_t capacity) override;
    void close_queues() override;
    [[nodiscard]] std::unique_ptr<bench_connection> connect() override;
    [[nodiscard]] std::unique_ptr<blocked_getter> make_blocked_getter() override;
    [[nodiscard]] int connect_socket() override;
    /// A connection of its own for the requests of queue 0 that are to be under way at once. nullptr: the library and the server do not
    /// speak the native dialect.
    [[nodiscard]] std::unique_ptr<native_stream> connect_stream();

private:
    [[nodiscard]] queue_proxy<bytes> make_queue(std::size_t capacity);
    [[nodiscard]] queue_proxy<bytes> find_empty_queue();
    [[nodiscard]] bool is_native();

    base_manager manager_;
    const authkey key_;
    const client_dialect dialect_;
    const std::string queue_name_;
    std::vector<queue_proxy<bytes>> queues_;
    std::unique_ptr<quaymaster_getter_settings> getter_settings_;  // made with the first getter
};

}  // namespace quaymaster::tool
