// The raw epoll echo: what a round trip costs when nothing is done. An operation sends the item and has it back; there is no queue,
// so it is for W1 alone.
#include "peers.hpp"

#include "stream_socket.hpp"

#include <stdexcept>
#include <utility>

namespace bench {

namespace {

using quaymaster::bytes;
using quaymaster::tool::bench_connection;
using quaymaster::tool::stream_socket;

/// The server answers what it gets with one recv() by one send().
constexpr std::size_t item_size_max = 4096;

class echo_connection final : public bench_connection {
public:
    echo_connection(const std::string& host, std::uint16_t port) : socket_{stream_socket::tcp(host, port)} {}

    bool put(std::size_t, const bytes& item, milliseconds) override
    {
        if (item.size() > item_size_max)
            throw std::runtime_error{"the echo is for small items"};
        last_ = item;
        round_trip(last_);
        return true;
    }

    bool get(std::size_t, bytes& item, milliseconds) override
    {
        item = last_;
        round_trip(item);
        return true;
    }

private:
    void round_trip(bytes& item)
    {
        socket_.send(quaymaster::as_chars(item));
        auto* const buffer = reinterpret_cast<char*>(item.data());
        for (std::size_t came = 0; came < item.size();)
            came += socket_.receive(buffer + came, item.size() - came);
    }

    stream_socket socket_;
    bytes last_;
};

class echo_target final : public quaymaster::tool::bench_target {
public:
    echo_target(std::string host, std::uint16_t port) : host_{std::move(host)}, port_{port} {}

    std::string name() const override { return "echo"; }
    void open_queues(std::size_t, std::size_t) override {}
    std::unique_ptr<bench_connection> connect() override { return std::make_unique<echo_connection>(host_, port_); }
    int connect_socket() override { return stream_socket::tcp(host_, port_).release(); }

private:
    const std::string host_;
    const std::uint16_t port_;
};

}  // namespace

std::unique_ptr<quaymaster::tool::bench_target> make_echo_target(const std::string& host, std::uint16_t port)
{
    return std::make_unique<echo_target>(host, port);
}

}  // namespace bench
