// Redis through hiredis: LPUSH and BRPOP; RPOP where an item is known to be there. Commands are written in place rather than
// formatted by hiredis, which costs less.
#include "peers.hpp"

#include "stream_socket.hpp"

#include <hiredis/hiredis.h>

#include <charconv>
#include <stdexcept>
#include <utility>

namespace bench {

namespace {

using quaymaster::bytes;
using quaymaster::tool::bench_connection;
using quaymaster::tool::blocked_getter;
using quaymaster::tool::stream_socket;

std::string key_of(std::size_t queue)
{
    return "bench:" + std::to_string(queue);
}

void append_number(std::string& text, std::size_t number)
{
    char digits[20];
    text.append(digits, std::to_chars(std::begin(digits), std::end(digits), number).ptr);
}

/// A command in Redis's own format, arguments added one by one.
class command {
public:
    void begin(std::size_t words)
    {
        text_.clear();
        text_ += '*';
        append_number(text_, words);
        text_ += "\r\n";
    }
    void add(std::string_view word)
    {
        text_ += '$';
        append_number(text_, word.size());
        text_ += "\r\n";
        text_ += word;
        text_ += "\r\n";
    }
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    std::string text_;
};

std::string whole_command(std::initializer_list<std::string_view> words)
{
    command made;
    made.begin(words.size());
    for (const std::string_view word : words)
        made.add(word);
    return made.text();
}

struct reply_deleter {
    void operator()(redisReply* reply) const noexcept { ::freeReplyObject(reply); }
};
using reply_pointer = std::unique_ptr<redisReply, reply_deleter>;

void assign(bytes& item, const redisReply& reply)
{
    const auto* const front = reinterpret_cast<const std::byte*>(reply.str);
    item.assign(front, front + static_cast<std::size_t>(reply.len));
}

class redis_connection final : public bench_connection {
public:
    redis_connection(const std::string& host, std::uint16_t port) : context_{::redisConnect(host.c_str(), port)}
    {
        if (!context_ || context_->err != 0)
            throw std::runtime_error{std::string{"redis: "} + (context_ ? context_->errstr : "no memory")};
        context_->reader->maxbuf = 0;  // keep the buffer, however large an item was
    }

    bool put(std::size_t queue, const bytes& item, milliseconds) override
    {
        append_push(queue, std::span{&item, 1});
        expect_number();
        return true;
    }

    bool get(std::size_t queue, bytes& item, milliseconds timeout) override
    {
        append(waiting_pop(queue, timeout));
        const reply_pointer reply = next_reply();
        if (reply->type == REDIS_REPLY_NIL)
            return false;
        expect(*reply, REDIS_REPLY_ARRAY);
        assign(item, *reply->element[1]);
        return true;
    }

    bool get_present(std::size_t queue, bytes& item, milliseconds) override
    {
        append(names(queue).pop);
        return take_popped(item);
    }

    void start_put(std::size_t queue, const bytes& item) override { append_push(queue, std::span{&item, 1}); }
    void finish_put() override { expect_number(); }
    void start_get(std::size_t queue) override { append(names(queue).pop); }
    bool finish_get(bytes& item) override { return take_popped(item); }

    void put_batch(std::span<const bytes> items) override
    {
        append_push(0, items);
        expect_number();
    }

    void get_batch(std::size_t count_max, std::vector<bytes>& items) override
    {
        if (count_max != batch_size_) {
            batch_pop_ = whole_command({"RPOP", names(0).key, std::to_string(count_max)});
            batch_size_ = count_max;
        }
        append(batch_pop_);
        const reply_pointer reply = next_reply();
        if (reply->type == REDIS_REPLY_NIL) {
            items.clear();
            return;
        }
        expect(*reply, REDIS_REPLY_ARRAY);
        items.resize(reply->elements);
        for (std::size_t index = 0; index < reply->elements; ++index)
            assign(items[index], *reply->element[index]);
    }

    void remove(std::size_t queue)
    {
        append(whole_command({"DEL", names(queue).key}));
        expect_number();
    }

private:
    struct queue_names {
        std::string key;
        std::string pop;          // the whole command
        std::string waiting_pop;  // the same that waits, for as long as it last did
        milliseconds timeout{0};
    };

    queue_names& names(std::size_t queue)
    {
        while (names_.size() <= queue) {
            const std::string key = key_of(names_.size());
            names_.push_back({key, whole_command({"RPOP", key}), {}});
        }
        return names_[queue];
    }

    const std::string& waiting_pop(std::size_t queue, milliseconds timeout)
    {
        queue_names& found = names(queue);
        if (timeout != found.timeout) {
            const auto seconds = std::max<milliseconds::rep>(1, timeout.count() / 1000);  // 0 would be for ever
            found.waiting_pop = whole_command({"BRPOP", found.key, std::to_string(seconds)});
            found.timeout = timeout;
        }
        return found.waiting_pop;
    }

    void append(const std::string& text)
    {
        if (::redisAppendFormattedCommand(context_.get(), text.data(), text.size()) != REDIS_OK)
            throw std::runtime_error{std::string{"redis: "} + context_->errstr};
    }

    void append_push(std::size_t queue, std::span<const bytes> items)
    {
        command_.begin(2 + items.size());
        command_.add("LPUSH");
        command_.add(names(queue).key);
        for (const bytes& item : items)
            command_.add(quaymaster::as_chars(item));
        append(command_.text());
    }

    reply_pointer next_reply()
    {
        void* reply = nullptr;
        if (::redisGetReply(context_.get(), &reply) != REDIS_OK)
            throw std::runtime_error{std::string{"redis: "} + context_->errstr};
        reply_pointer owned{static_cast<redisReply*>(reply)};
        if (owned->type == REDIS_REPLY_ERROR)
            throw std::runtime_error{std::string{"redis: "} + owned->str};
        return owned;
    }

    static void expect(const redisReply& reply, int type)
    {
        if (reply.type != type)
            throw std::runtime_error{"redis: an answer of another type than expected"};
    }

    void expect_number() { expect(*next_reply(), REDIS_REPLY_INTEGER); }

    bool take_popped(bytes& item)
    {
        const reply_pointer reply = next_reply();
        if (reply->type == REDIS_REPLY_NIL)
            return false;
        expect(*reply, REDIS_REPLY_STRING);
        assign(item, *reply);
        return true;
    }

    struct context_deleter {
        void operator()(redisContext* context) const noexcept { ::redisFree(context); }
    };
    std::unique_ptr<redisContext, context_deleter> context_;
    std::vector<queue_names> names_;
    std::string batch_pop_;  // of `batch_size_`
    std::size_t batch_size_ = 0;
    command command_;
};

/// BRPOP without limit.
class redis_getter final : public blocked_getter {
public:
    redis_getter() : output_{whole_command({"BRPOP", key_of(0), "0"})}, reader_{::redisReaderCreate()} {}

    std::string take_output() override { return std::exchange(output_, {}); }
    bool is_waiting() const override { return true; }

    void receive(std::string_view input) override
    {
        ::redisReaderFeed(reader_.get(), input.data(), input.size());
        void* found = nullptr;
        if (::redisReaderGetReply(reader_.get(), &found) != REDIS_OK)
            throw std::runtime_error{std::string{"redis: "} + reader_->errstr};
        const reply_pointer reply{static_cast<redisReply*>(found)};
        if (!reply)
            return;
        if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
            throw std::runtime_error{reply->type == REDIS_REPLY_ERROR ? std::string{"redis: "} + reply->str
                                                                      : "redis: an answer of another type than expected"};
        assign(item_.emplace(), *reply->element[1]);
    }

    std::optional<bytes> take_item() override { return std::exchange(item_, std::nullopt); }

private:
    struct reader_deleter {
        void operator()(redisReader* reader) const noexcept { ::redisReaderFree(reader); }
    };
    std::string output_;
    std::unique_ptr<redisReader, reader_deleter> reader_;
    std::optional<bytes> item_;
};

class redis_target final : public quaymaster::tool::bench_target {
public:
    redis_target(std::string host, std::uint16_t port) : host_{std::move(host)}, port_{port} {}

    std::string name() const override { return "redis"; }

    void open_queues(std::size_t count, std::size_t) override
    {
        queues_ = count;
        remove_all();
    }
    void close_queues() override { remove_all(); }

    std::unique_ptr<bench_connection> connect() override { return std::make_unique<redis_connection>(host_, port_); }
    std::unique_ptr<blocked_getter> make_blocked_getter() override { return std::make_unique<redis_getter>(); }
    int connect_socket() override { return stream_socket::tcp(host_, port_).release(); }

private:
    void remove_all()
    {
        redis_connection connection{host_, port_};
        for (std::size_t queue = 0; queue < queues_; ++queue)
            connection.remove(queue);
    }

    const std::string host_;
    const std::uint16_t port_;
    std::size_t queues_ = 0;
};

}  // namespace

std::unique_ptr<quaymaster::tool::bench_target> make_redis_target(const std::string& host, std::uint16_t port)
{
    return std::make_unique<redis_target>(host, port);
}

}  // namespace bench
