// ZeroMQ through libzmq: a DEALER socket for each connection, and zeromq_broker, which is ours.
#include "peers.hpp"

#include "stream_socket.hpp"
#include "zeromq_message.hpp"
#include "zeromq_protocol.hpp"

#include <stdexcept>
#include <utility>

namespace bench {

namespace {

using quaymaster::bytes;
using quaymaster::bytes_view;
using quaymaster::tool::bench_connection;
using quaymaster::tool::stream_socket;

class zeromq_connection final : public bench_connection {
public:
    zeromq_connection(void* context, const std::string& endpoint) : socket_{::zmq_socket(context, ZMQ_DEALER)}
    {
        const int none = 0;
        set(ZMQ_LINGER, none);
        set(ZMQ_SNDHWM, none);
        set(ZMQ_RCVHWM, none);
        zeromq_checked(::zmq_connect(socket_, endpoint.c_str()), "connect");
    }
    ~zeromq_connection() override { ::zmq_close(socket_); }

    bool put(std::size_t queue, const bytes& item, milliseconds) override
    {
        send_put(queue, std::span{&item, 1});
        expect_done();
        return true;
    }

    bool get(std::size_t queue, bytes& item, milliseconds timeout) override
    {
        send_head(zeromq_request::get, queue, 1, true);
        if (!receive_head(timeout)) {
            send_head(zeromq_request::cancel, queue, 0, true);
            if (!receive_head(answer_max))
                throw std::runtime_error{"zeromq: the broker does not answer"};
            if (kind_ == zeromq_reply::done)
                return false;
        }
        return receive_item(item);
    }

    void start_put(std::size_t queue, const bytes& item) override { send_put(queue, std::span{&item, 1}); }
    void finish_put() override { expect_done(); }
    void start_get(std::size_t queue) override { send_head(zeromq_request::take, queue, 1, true); }
    bool finish_get(bytes& item) override
    {
        expect(zeromq_reply::items);
        return receive_item(item);
    }

    void put_batch(std::span<const bytes> items) override
    {
        send_put(0, items);
        expect_done();
    }

    void get_batch(std::size_t count_max, std::vector<bytes>& items) override
    {
        send_head(zeromq_request::take, 0, count_max, true);
        expect(zeromq_reply::items);
        items.resize(count_max);
        std::size_t count = 0;
        while (count < count_max && receive_item(items[count]))
            ++count;
        items.resize(count);
    }

private:
    static constexpr milliseconds answer_max{30'000};

    void set(int option, int amount)
    {
        zeromq_checked(::zmq_setsockopt(socket_, option, &amount, sizeof amount), "setsockopt");
    }

    void send_head(zeromq_request request, std::size_t queue, std::size_t count, bool is_whole)
    {
        const zeromq_head head{request, static_cast<std::uint32_t>(queue), static_cast<std::uint32_t>(count)};
        zeromq_message{bytes_view{reinterpret_cast<const std::byte*>(&head), sizeof head}}.send(socket_, is_whole);
    }

    void send_put(std::size_t queue, std::span<const bytes> items)
    {
        send_head(zeromq_request::put, queue, items.size(), items.empty());
        for (const bytes& item : items)
            zeromq_message{item}.send(socket_, &item == &items.back());
    }

    /// False if nothing came within `timeout`.
    bool receive_head(milliseconds timeout)
    {
        if (timeout != timeout_) {
            set(ZMQ_RCVTIMEO, static_cast<int>(timeout.count()));
            timeout_ = timeout;
        }
        if (!part_.receive(socket_))
            return false;
        if (part_.octets().size() != sizeof kind_)
            throw std::runtime_error{"zeromq: no answer of the broker"};
        kind_ = static_cast<zeromq_reply>(part_.octets().front());
        return true;
    }

    void expect(zeromq_reply kind)
    {
        if (!receive_head(answer_max) || kind_ != kind)
            throw std::runtime_error{"zeromq: another answer than expected"};
    }
    void expect_done() { expect(zeromq_reply::done); }

    /// The next item of the answer; false if there is no other.
    bool receive_item(bytes& item)
    {
        if (!part_.has_more())
            return false;
        if (!part_.receive(socket_))
            throw std::runtime_error{"zeromq: half an answer"};
        item.assign(part_.octets().begin(), part_.octets().end());
        return true;
    }

    void* const socket_;
    zeromq_message part_;  // received last
    zeromq_reply kind_{};  // of the answer received last
    milliseconds timeout_{-1};
};

class zeromq_target final : public quaymaster::tool::bench_target {
public:
    zeromq_target(std::string host, std::uint16_t port) : host_{std::move(host)}, port_{port}, context_{::zmq_ctx_new()} {}
    ~zeromq_target() override { ::zmq_ctx_term(context_); }

    std::string name() const override { return "zeromq"; }
    /// A queue is there when it is named, and empty after a run that went well.
    void open_queues(std::size_t, std::size_t) override {}
    std::unique_ptr<bench_connection> connect() override
    {
        return std::make_unique<zeromq_connection>(context_, "tcp://" + host_ + ':' + std::to_string(port_));
    }
    int connect_socket() override { return stream_socket::tcp(host_, port_).release(); }

private:
    const std::string host_;
    const std::uint16_t port_;
    void* const context_;
};

}  // namespace

std::unique_ptr<quaymaster::tool::bench_target> make_zeromq_target(const std::string& host, std::uint16_t port)
{
    return std::make_unique<zeromq_target>(host, port);
}

}  // namespace bench
