// zeromq_broker: queues over one ROUTER socket. ZeroMQ has no server of its own; this is the least that one must do.
//   zeromq_broker        prints `listening on 127.0.0.1:PORT`
#include "zeromq_message.hpp"
#include "zeromq_protocol.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <exception>
#include <iostream>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

using bench::zeromq_checked;
using bench::zeromq_head;
using bench::zeromq_message;
using bench::zeromq_reply;
using bench::zeromq_request;

struct queue {
    std::deque<zeromq_message> items;
    std::deque<zeromq_message> waiting;  // identities of clients; empty unless `items` is
};

class broker {
public:
    explicit broker(void* socket) : socket_{socket} {}

    /// Receives one request and does it.
    void serve_one()
    {
        zeromq_message identity;
        zeromq_message part;
        (void)identity.receive(socket_);
        (void)part.receive(socket_);
        zeromq_head head{};
        if (part.octets().size() == sizeof head)
            std::memcpy(&head, part.octets().data(), sizeof head);
        arguments_.clear();
        for (bool has_more = part.has_more(); has_more;) {
            zeromq_message& argument = arguments_.emplace_back();
            (void)argument.receive(socket_);
            has_more = argument.has_more();
        }
        run(head, identity);
    }

private:
    void run(const zeromq_head& head, zeromq_message& identity)
    {
        queue& named = queues_[head.queue];
        switch (head.request) {
        case zeromq_request::put:
            for (zeromq_message& item : arguments_)
                add(named, std::move(item));
            reply(identity, zeromq_reply::done, true);
            break;
        case zeromq_request::get:
            if (named.items.empty())
                named.waiting.push_back(std::move(identity));
            else
                hand_out(named, identity, 1);
            break;
        case zeromq_request::take: hand_out(named, identity, head.count); break;
        case zeromq_request::cancel: cancel(named, identity); break;
        }
    }

    void add(queue& named, zeromq_message&& item)
    {
        named.items.push_back(std::move(item));
        if (named.waiting.empty())
            return;
        zeromq_message identity = std::move(named.waiting.front());
        named.waiting.pop_front();
        hand_out(named, identity, 1);
    }

    void hand_out(queue& named, zeromq_message& identity, std::size_t count_max)
    {
        const std::size_t count = std::min(count_max, named.items.size());
        reply(identity, zeromq_reply::items, count == 0);
        for (std::size_t index = 0; index < count; ++index) {
            named.items.front().send(socket_, index + 1 == count);
            named.items.pop_front();
        }
    }

    void cancel(queue& named, zeromq_message& identity)
    {
        const auto is_same = [&identity](zeromq_message& each) { return std::ranges::equal(each.octets(), identity.octets()); };
        const auto found = std::find_if(named.waiting.begin(), named.waiting.end(), is_same);
        if (found == named.waiting.end())
            return;
        named.waiting.erase(found);
        reply(identity, zeromq_reply::done, true);
    }

    void reply(zeromq_message& identity, zeromq_reply kind, bool is_whole)
    {
        identity.shared().send(socket_, false);
        zeromq_message{quaymaster::bytes_view{reinterpret_cast<const std::byte*>(&kind), sizeof kind}}.send(socket_, is_whole);
    }

    void* const socket_;
    std::unordered_map<std::uint32_t, queue> queues_;
    std::vector<zeromq_message> arguments_;  // of the request that is served
};

}  // namespace

int main()
try {
    void* const context = ::zmq_ctx_new();
    void* const socket = ::zmq_socket(context, ZMQ_ROUTER);
    const int unlimited = 0;
    zeromq_checked(::zmq_setsockopt(socket, ZMQ_SNDHWM, &unlimited, sizeof unlimited), "SNDHWM");  // else replies are dropped
    zeromq_checked(::zmq_setsockopt(socket, ZMQ_RCVHWM, &unlimited, sizeof unlimited), "RCVHWM");
    zeromq_checked(::zmq_bind(socket, "tcp://127.0.0.1:*"), "bind");
    char endpoint[64]{};
    std::size_t size = sizeof endpoint;
    zeromq_checked(::zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &size), "LAST_ENDPOINT");
    std::cout << "listening on " << std::string{endpoint}.substr(std::string{"tcp://"}.size()) << std::endl;
    for (broker served{socket};;)
        served.serve_one();
} catch (const std::exception& error) {
    std::cerr << "zeromq_broker: " << error.what() << '\n';
    return 1;
}
