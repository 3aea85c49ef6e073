// NATS through libnats: a JetStream work queue in memory, for without JetStream NATS keeps nothing that nobody waits for. A put waits
// for the stream's answer; a get is a pull request and an acknowledgement, whose answer nobody waits for. Streams of puts are
// js_PublishAsync, which has as many under way as it is told; streams of gets are pull requests for many.
#include "peers.hpp"

#include "stream_socket.hpp"

#include <nats/nats.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <stdexcept>
#include <utility>

namespace bench {

namespace {

using quaymaster::bytes;
using quaymaster::tool::bench_connection;
using quaymaster::tool::stream_socket;

constexpr const char* stream_name = "BENCH";
constexpr const char* subject = "bench.items";
constexpr const char* consumer_name = "getters";
constexpr int under_way_max = 64;
constexpr std::int64_t answer_ms_max = 30'000;

void checked(natsStatus status, const char* what)
{
    if (status == NATS_OK)
        return;
    const char* const detail = ::nats_GetLastError(nullptr);
    throw std::runtime_error{std::string{"nats: "} + what + ": " + ::natsStatus_GetText(status) +
                             (detail != nullptr ? ": " : "") + (detail != nullptr ? detail : "")};
}

struct options_deleter {
    void operator()(natsOptions* options) const noexcept { ::natsOptions_Destroy(options); }
};
struct connection_deleter {
    void operator()(natsConnection* connection) const noexcept { ::natsConnection_Destroy(connection); }
};
struct context_deleter {
    void operator()(jsCtx* context) const noexcept { ::jsCtx_Destroy(context); }
};
struct subscription_deleter {
    void operator()(natsSubscription* subscription) const noexcept { ::natsSubscription_Destroy(subscription); }
};
struct message_deleter {
    void operator()(natsMsg* message) const noexcept { ::natsMsg_Destroy(message); }
};
using message_pointer = std::unique_ptr<natsMsg, message_deleter>;

/// A connection with its JetStream context and, from the first get on, its subscription.
class nats_client {
public:
    /// `sends_at_once`: each message is a system call, as one operation at a time wants it; else they are gathered.
    nats_client(const std::string& url, bool sends_at_once)
    {
        natsOptions* made = nullptr;
        checked(::natsOptions_Create(&made), "options");
        const std::unique_ptr<natsOptions, options_deleter> options{made};
        checked(::natsOptions_SetURL(made, url.c_str()), "url");
        checked(::natsOptions_SetSendAsap(made, sends_at_once), "SendAsap");
        natsConnection* connection = nullptr;
        checked(::natsConnection_Connect(&connection, made), "connect");
        connection_.reset(connection);
        jsOptions stream;
        checked(::jsOptions_Init(&stream), "options");
        stream.Wait = answer_ms_max;
        stream.PublishAsync.MaxPending = under_way_max;
        stream.PublishAsync.StallWait = answer_ms_max;
        jsCtx* context = nullptr;
        checked(::natsConnection_JetStream(&context, connection, &stream), "JetStream");
        context_.reset(context);
    }

    [[nodiscard]] jsCtx* context() const { return context_.get(); }
    void flush() { checked(::natsConnection_FlushTimeout(connection_.get(), answer_ms_max), "flush"); }

    /// Appends up to `count` items to `got`; false if none came in time.
    bool fetch(int count, std::int64_t timeout_ms, std::deque<message_pointer>& got)
    {
        natsMsgList list{};
        const natsStatus status = ::natsSubscription_Fetch(&list, subscription(), count, timeout_ms, nullptr);
        if (status == NATS_TIMEOUT)
            return false;
        checked(status, "fetch");
        for (int index = 0; index < list.Count; ++index) {
            checked(::natsMsg_Ack(list.Msgs[index], nullptr), "ack");
            got.emplace_back(std::exchange(list.Msgs[index], nullptr));
        }
        ::natsMsgList_Destroy(&list);
        return true;
    }

private:
    natsSubscription* subscription()
    {
        if (!subscription_) {
            jsSubOptions options;
            checked(::jsSubOptions_Init(&options), "options");
            options.Stream = stream_name;
            options.Consumer = consumer_name;
            natsSubscription* made = nullptr;
            checked(::js_PullSubscribe(&made, context(), subject, nullptr, nullptr, &options, nullptr), "subscribe");
            subscription_.reset(made);
        }
        return subscription_.get();
    }

    std::unique_ptr<natsConnection, connection_deleter> connection_;
    std::unique_ptr<jsCtx, context_deleter> context_;
    std::unique_ptr<natsSubscription, subscription_deleter> subscription_;
};

void assign(bytes& item, natsMsg* message)
{
    const auto* const front = reinterpret_cast<const std::byte*>(::natsMsg_GetData(message));
    item.assign(front, front + ::natsMsg_GetDataLength(message));
}

class nats_connection final : public bench_connection {
public:
    explicit nats_connection(std::string url) : url_{std::move(url)}, single_{url_, true} {}

    ~nats_connection() override
    {
        try {
            single_.flush();  // an acknowledgement that is not sent makes its item come again
            if (many_)
                many_->flush();
        } catch (...) {
            // The connection ends anyway.
        }
    }

    bool put(std::size_t, const bytes& item, milliseconds) override
    {
        jsPubAck* ack = nullptr;
        checked(::js_Publish(&ack, single_.context(), subject, item.data(), static_cast<int>(item.size()), nullptr, nullptr),
                "publish");
        ::jsPubAck_Destroy(ack);
        return true;
    }

    bool get(std::size_t, bytes& item, milliseconds timeout) override
    {
        if (!single_.fetch(1, timeout.count(), got_) || got_.empty())
            return false;
        take(item);
        return true;
    }

    void start_put(std::size_t, const bytes& item) override
    {
        checked(::js_PublishAsync(many().context(), subject, item.data(), static_cast<int>(item.size()), nullptr), "publish");
        ++puts_under_way_;
    }
    /// The library bounds how many are under way; only the last one is waited for here.
    void finish_put() override
    {
        if (--puts_under_way_ == 0)
            checked(::js_PublishAsyncComplete(many().context(), nullptr), "publish");
    }

    void start_get(std::size_t) override { ++gets_under_way_; }
    bool finish_get(bytes& item) override
    {
        if (got_.empty())
            (void)many().fetch(std::min(gets_under_way_, under_way_max), answer_ms_max, got_);
        --gets_under_way_;
        if (got_.empty())
            return false;
        take(item);
        return true;
    }

private:
    nats_client& many()
    {
        if (!many_)
            many_.emplace(url_, false);
        return *many_;
    }

    void take(bytes& item)
    {
        assign(item, got_.front().get());
        got_.pop_front();
    }

    const std::string url_;
    nats_client single_;
    std::optional<nats_client> many_;  // from the first operation of a stream on
    std::deque<message_pointer> got_;
    int puts_under_way_ = 0;
    int gets_under_way_ = 0;
};

class nats_target final : public quaymaster::tool::bench_target {
public:
    nats_target(std::string host, std::uint16_t port)
        : host_{std::move(host)}, port_{port}, url_{"nats://" + host_ + ':' + std::to_string(port_)}
    {
    }

    std::string name() const override { return "nats"; }

    void open_queues(std::size_t count, std::size_t) override
    {
        if (count > 1)
            throw std::runtime_error{"nats: a thousand streams with their consumers are not written"};
        const nats_client client{url_, true};
        (void)::js_DeleteStream(client.context(), stream_name, nullptr, nullptr);  // there may be none
        const char* subjects[]{subject};
        jsStreamConfig stream;
        checked(::jsStreamConfig_Init(&stream), "options");
        stream.Name = stream_name;
        stream.Subjects = subjects;
        stream.SubjectsLen = 1;
        stream.Retention = js_WorkQueuePolicy;
        stream.Storage = js_MemoryStorage;
        checked(::js_AddStream(nullptr, client.context(), &stream, nullptr, nullptr), "stream");
        jsConsumerConfig consumer;
        checked(::jsConsumerConfig_Init(&consumer), "options");
        consumer.Durable = consumer_name;
        consumer.AckPolicy = js_AckExplicit;  // what a work queue demands
        consumer.MaxAckPending = 100'000;
        checked(::js_AddConsumer(nullptr, client.context(), stream_name, &consumer, nullptr, nullptr), "consumer");
    }
    void close_queues() override
    {
        const nats_client client{url_, true};
        checked(::js_DeleteStream(client.context(), stream_name, nullptr, nullptr), "stream");
    }

    std::unique_ptr<bench_connection> connect() override { return std::make_unique<nats_connection>(url_); }
    int connect_socket() override { return stream_socket::tcp(host_, port_).release(); }

private:
    const std::string host_;
    const std::uint16_t port_;
    const std::string url_;
};

}  // namespace

std::unique_ptr<quaymaster::tool::bench_target> make_nats_target(const std::string& host, std::uint16_t port)
{
    return std::make_unique<nats_target>(host, port);
}

}  // namespace bench
