#include "quaymaster_target.hpp"

#include "client_arguments.hpp"
#include "native_stream.hpp"
#include "quaymaster_getter.hpp"
#include "stream_socket.hpp"
#include "subcommands.hpp"

#include <quaymaster/errors.hpp>

#include <algorithm>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>

namespace quaymaster::tool {

namespace {

/// The library keeps a connection for each thread, so this refers to proxies that all threads share.
class proxy_connection final : public bench_connection {
public:
    proxy_connection(quaymaster_target& target, const std::vector<queue_proxy<bytes>>& queues)
        : target_{target}, queues_{queues}
    {
        (void)queues_.front().qsize();  // makes this thread's connection
    }

    bool put(std::size_t queue, const bytes& item, milliseconds timeout) override
    {
        try {
            queues_[queue].put(item, timeout);
            return true;
        } catch (const queue_full&) {
            return false;
        }
    }

    bool get(std::size_t queue, bytes& item, milliseconds timeout) override
    {
        try {
            item = queues_[queue].get(timeout);
            return true;
        } catch (const queue_empty&) {
            return false;
        }
    }

    /// Waits for room as long as it takes, as the library lets it.
    void put_batch(std::span<const bytes> items) override
    {
        if (queues_.front().put_many(items) != items.size())
            throw std::runtime_error{"the queue had no room for a batch"};
    }

    void get_batch(std::size_t count_max, std::vector<bytes>& items) override
    {
        try {
            items = queues_.front().get_many(count_max, milliseconds{0});
        } catch (const queue_empty&) {
            items.clear();
        }
    }

    void open_stream() override { static_cast<void>(has_stream()); }
    void start_put(std::size_t queue, const bytes& item) override
    {
        has_stream() ? stream_->start_put(queue, item) : bench_connection::start_put(queue, item);
    }
    void finish_put() override { has_stream() ? stream_->finish_put() : bench_connection::finish_put(); }
    void start_get(std::size_t queue) override
    {
        has_stream() ? stream_->start_get(queue) : bench_connection::start_get(queue);
    }
    bool finish_get(bytes& item) override
    {
        return has_stream() ? stream_->finish_get(item) : bench_connection::finish_get(item);
    }

private:
    bool has_stream()
    {
        if (!was_stream_tried_) {
            stream_ = target_.connect_stream();
            was_stream_tried_ = true;
        }
        return stream_ != nullptr;
    }

    quaymaster_target& target_;
    const std::vector<queue_proxy<bytes>>& queues_;
    std::unique_ptr<native_stream> stream_;
    bool was_stream_tried_ = false;
};

}  // namespace

quaymaster_target::quaymaster_target(base_manager manager, const authkey& key, client_dialect dialect, std::string queue_name)
    : manager_{std::move(manager)}, key_{key}, dialect_{dialect}, queue_name_{std::move(queue_name)}
{
}

quaymaster_target::~quaymaster_target() = default;

queue_proxy<bytes> quaymaster_target::make_queue(std::size_t capacity)
{
    try {
        return manager_.create<queue_proxy<bytes>>("Queue", capacity);
    } catch (const remote_error& error) {
        throw std::runtime_error{
            std::string{"the server makes no queue for bench (typeid Queue): name an empty one with --queue. "
                        "It says: "} +
            error.what()};
    }
}

queue_proxy<bytes> quaymaster_target::find_empty_queue()
{
    queue_proxy<bytes> queue{static_cast<const proxy&>(find_queue(manager_, queue_name_))};
    if (const std::size_t size = queue.qsize(); size > 0)
        throw usage_error{"the queue " + queue_name_ + " holds " + std::to_string(size) +
                          " items: bench needs an empty one that nobody else uses"};
    return queue;
}

void quaymaster_target::open_queues(std::size_t count, std::size_t capacity)
{
    if (!queue_name_.empty() && count > 1)
        throw usage_error{"--queue names one queue, and this workload takes " + std::to_string(count)};
    while (queues_.size() < count)
        queues_.push_back(queue_name_.empty() ? make_queue(capacity) : find_empty_queue());
}

void quaymaster_target::close_queues()
{
    getter_settings_.reset();
    queues_.clear();
}

std::unique_ptr<bench_connection> quaymaster_target::connect()
{
    return std::make_unique<proxy_connection>(*this, queues_);
}

std::unique_ptr<blocked_getter> quaymaster_target::make_blocked_getter()
{
    if (!getter_settings_)
        getter_settings_ = std::make_unique<quaymaster_getter_settings>(key_, queues_.front().ident(), is_native());
    return getter_settings_->make();
}

/// What the library speaks with this server.
bool quaymaster_target::is_native()
{
    if (dialect_ != client_dialect::automatic)
        return dialect_ == client_dialect::native;
    stream_socket socket{connect_socket()};
    return agree_on_native(socket, key_).has_value();
}

std::unique_ptr<native_stream> quaymaster_target::connect_stream()
{
    if (dialect_ == client_dialect::python)
        return nullptr;
    stream_socket socket{connect_socket()};
    std::optional<std::string> input = agree_on_native(socket, key_);
    if (!input)
        return nullptr;
    std::vector<std::string> idents(queues_.size());
    std::transform(queues_.begin(), queues_.end(), idents.begin(), [](const auto& each) { return each.ident(); });
    return std::make_unique<native_stream>(std::move(socket), std::move(*input), idents);
}

int quaymaster_target::connect_socket()
{
    const address where = manager_.address();
    auto socket = where.is_unix() ? stream_socket::unix_path(where.path()) : stream_socket::tcp(where.host(), where.port());
    return socket.release();
}

}  // namespace quaymaster::tool
