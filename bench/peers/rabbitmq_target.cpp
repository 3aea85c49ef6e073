// RabbitMQ through librabbitmq. Queues are transient; a put waits for the publisher confirm, as every other server's put waits for
// an answer. A get that may wait is a consumer with a prefetch of 1, which acknowledges an item when it asks for the next: with
// more, items that a consumer leaves unread would come again out of order. A get of what is known to be there is basic.get. Streams
// of gets are a consumer to which the server pushes without acknowledgement.
#include "peers.hpp"

#include "stream_socket.hpp"

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>

#include <sys/time.h>

#include <stdexcept>
#include <utility>

namespace bench {

namespace {

using quaymaster::bytes;
using quaymaster::tool::bench_connection;
using quaymaster::tool::stream_socket;

constexpr amqp_channel_t channel = 1;

std::string name_of(std::size_t queue)
{
    return "bench" + std::to_string(queue);
}

amqp_bytes_t borrowed(std::string_view text)
{
    return {text.size(), const_cast<char*>(text.data())};
}

void checked(int status, const char* what)
{
    if (status != AMQP_STATUS_OK)
        throw std::runtime_error{std::string{"rabbitmq: "} + what + ": " + ::amqp_error_string2(status)};
}

void checked(const amqp_rpc_reply_t& reply, const char* what)
{
    if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION)
        checked(reply.library_error, what);
    if (reply.reply_type != AMQP_RESPONSE_NORMAL)
        throw std::runtime_error{std::string{"rabbitmq: the server refuses "} + what};
}

timeval in_timeval(std::chrono::milliseconds span)
{
    return {static_cast<time_t>(span.count() / 1000), static_cast<suseconds_t>(span.count() % 1000 * 1000)};
}

void assign(bytes& item, const amqp_bytes_t& body)
{
    const auto* const front = static_cast<const std::byte*>(body.bytes);
    item.assign(front, front + body.len);
}

class rabbitmq_connection final : public bench_connection {
public:
    rabbitmq_connection(const std::string& host, std::uint16_t port) : state_{::amqp_new_connection()}
    {
        amqp_socket_t* const socket = ::amqp_tcp_socket_new(state_.get());
        checked(::amqp_socket_open(socket, host.c_str(), port), "connect");
        checked(::amqp_login(state_.get(), "/", 0, 131'072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest"), "login");
        ::amqp_channel_open(state_.get(), channel);
        checked(::amqp_get_rpc_reply(state_.get()), "channel");
        ::amqp_confirm_select(state_.get(), channel);
        checked(::amqp_get_rpc_reply(state_.get()), "confirm.select");
    }

    ~rabbitmq_connection() override
    {
        // First no more deliveries, then the acknowledgement that would ask for one.
        if (consumer_ == consumer::acknowledging)
            ::amqp_basic_cancel(state_.get(), channel, borrowed(consumer_tag));
        if (unacknowledged_ != 0)
            ::amqp_basic_ack(state_.get(), channel, unacknowledged_, 0);
        ::amqp_connection_close(state_.get(), AMQP_REPLY_SUCCESS);
    }

    bool put(std::size_t queue, const bytes& item, milliseconds) override
    {
        publish(queue, item);
        await_confirm(published_);
        return true;
    }

    bool get(std::size_t queue, bytes& item, milliseconds timeout) override
    {
        if (queue != 0)
            throw std::runtime_error{"rabbitmq: gets that wait are written for one queue"};
        consume(consumer::acknowledging);
        if (unacknowledged_ != 0)
            checked(::amqp_basic_ack(state_.get(), channel, std::exchange(unacknowledged_, 0), 0), "basic.ack");
        return receive_delivery(item, timeout);
    }

    bool get_present(std::size_t queue, bytes& item, milliseconds) override
    {
        ::amqp_maybe_release_buffers(state_.get());
        const amqp_rpc_reply_t reply = ::amqp_basic_get(state_.get(), channel, borrowed(names(queue)), 1);
        checked(reply, "basic.get");
        if (reply.reply.id == AMQP_BASIC_GET_EMPTY_METHOD)
            return false;
        amqp_message_t message;
        checked(::amqp_read_message(state_.get(), channel, &message, 0), "message");
        assign(item, message.body);
        ::amqp_destroy_message(&message);
        return true;
    }

    void start_put(std::size_t queue, const bytes& item) override { publish(queue, item); }
    void finish_put() override { await_confirm(++finished_); }
    void start_get(std::size_t queue) override
    {
        if (queue != 0)
            throw std::runtime_error{"rabbitmq: gets under way are written for one queue"};
        consume(consumer::streaming);
    }
    bool finish_get(bytes& item) override { return receive_delivery(item, milliseconds{30'000}); }

    void declare(std::size_t queue)
    {
        ::amqp_queue_declare(state_.get(), channel, borrowed(names(queue)), 0, 0, 0, 0, amqp_empty_table);
        checked(::amqp_get_rpc_reply(state_.get()), "queue.declare");
        ::amqp_queue_purge(state_.get(), channel, borrowed(names(queue)));
        checked(::amqp_get_rpc_reply(state_.get()), "queue.purge");
    }

    void remove(std::size_t queue)
    {
        ::amqp_queue_delete(state_.get(), channel, borrowed(names(queue)), 0, 0);
        checked(::amqp_get_rpc_reply(state_.get()), "queue.delete");
    }

private:
    enum class consumer : std::uint8_t { none, acknowledging, streaming };
    static constexpr std::string_view consumer_tag = "bench";

    const std::string& names(std::size_t queue)
    {
        while (names_.size() <= queue)
            names_.push_back(name_of(names_.size()));
        return names_[queue];
    }

    void publish(std::size_t queue, const bytes& item)
    {
        const amqp_bytes_t body{item.size(), const_cast<std::byte*>(item.data())};
        checked(::amqp_basic_publish(state_.get(), channel, amqp_empty_bytes, borrowed(names(queue)), 0, 0, nullptr, body),
                "basic.publish");
        ++published_;
    }

    /// Confirms come in any order; a multiple one is of all up to its number.
    void await_confirm(std::uint64_t count)
    {
        while (confirmed_ < count) {
            amqp_frame_t frame;
            checked(::amqp_simple_wait_frame(state_.get(), &frame), "confirm");
            if (frame.frame_type != AMQP_FRAME_METHOD || frame.payload.method.id != AMQP_BASIC_ACK_METHOD)
                throw std::runtime_error{"rabbitmq: something else came than a confirm"};
            const auto* const ack = static_cast<const amqp_basic_ack_t*>(frame.payload.method.decoded);
            confirmed_ = ack->multiple ? std::max(confirmed_, ack->delivery_tag) : confirmed_ + 1;
            ::amqp_maybe_release_buffers(state_.get());
        }
    }

    void consume(consumer wanted)
    {
        if (consumer_ == wanted)
            return;
        const bool acknowledges = wanted == consumer::acknowledging;
        if (acknowledges) {
            ::amqp_basic_qos(state_.get(), channel, 0, 1, 0);
            checked(::amqp_get_rpc_reply(state_.get()), "basic.qos");
        }
        ::amqp_basic_consume(state_.get(), channel, borrowed(names(0)), borrowed(consumer_tag), 0, acknowledges ? 0 : 1, 0,
                             amqp_empty_table);
        checked(::amqp_get_rpc_reply(state_.get()), "basic.consume");
        consumer_ = wanted;
    }

    bool receive_delivery(bytes& item, milliseconds timeout)
    {
        ::amqp_maybe_release_buffers(state_.get());
        const timeval limit = in_timeval(timeout);
        amqp_envelope_t envelope;
        const amqp_rpc_reply_t reply = ::amqp_consume_message(state_.get(), &envelope, &limit, 0);
        if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION && reply.library_error == AMQP_STATUS_TIMEOUT)
            return false;
        checked(reply, "delivery");
        assign(item, envelope.message.body);
        if (consumer_ == consumer::acknowledging)
            unacknowledged_ = envelope.delivery_tag;
        ::amqp_destroy_envelope(&envelope);
        return true;
    }

    struct state_deleter {
        void operator()(amqp_connection_state_t state) const noexcept { ::amqp_destroy_connection(state); }
    };
    std::unique_ptr<amqp_connection_state_t_, state_deleter> state_;
    std::vector<std::string> names_;
    std::uint64_t published_ = 0;
    std::uint64_t confirmed_ = 0;
    std::uint64_t finished_ = 0;        // of a stream of puts
    std::uint64_t unacknowledged_ = 0;  // the item handed out last; 0 is none
    consumer consumer_ = consumer::none;
};

class rabbitmq_target final : public quaymaster::tool::bench_target {
public:
    rabbitmq_target(std::string host, std::uint16_t port) : host_{std::move(host)}, port_{port} {}

    std::string name() const override { return "rabbitmq"; }

    void open_queues(std::size_t count, std::size_t) override
    {
        rabbitmq_connection connection{host_, port_};
        for (queues_ = 0; queues_ < count; ++queues_)
            connection.declare(queues_);
    }
    void close_queues() override
    {
        rabbitmq_connection connection{host_, port_};
        for (std::size_t queue = 0; queue < queues_; ++queue)
            connection.remove(queue);
    }

    std::unique_ptr<bench_connection> connect() override { return std::make_unique<rabbitmq_connection>(host_, port_); }
    int connect_socket() override { return stream_socket::tcp(host_, port_).release(); }

private:
    const std::string host_;
    const std::uint16_t port_;
    std::size_t queues_ = 0;
};

}  // namespace

std::unique_ptr<quaymaster::tool::bench_target> make_rabbitmq_target(const std::string& host, std::uint16_t port)
{
    return std::make_unique<rabbitmq_target>(host, port);
}

}  // namespace bench
