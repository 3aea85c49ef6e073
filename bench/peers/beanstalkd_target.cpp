// beanstalkd over a blocking socket: there is no C client of it in Debian. A get is `reserve` and `delete`; the answer to `delete`
// is read with the next operation's, so that each operation costs one round trip. Start it with -z above the largest item.
#include "peers.hpp"

#include "stream_socket.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <stdexcept>
#include <utility>

namespace bench {

namespace {

using quaymaster::bytes;
using quaymaster::tool::bench_connection;
using quaymaster::tool::blocked_getter;
using quaymaster::tool::stream_socket;

std::string tube_of(std::size_t queue)
{
    return "bench" + std::to_string(queue);
}

[[noreturn]] void fail(std::string_view answer)
{
    throw std::runtime_error{"beanstalkd: " + std::string{answer}};
}

/// `RESERVED <id> <size>`.
struct reservation {
    std::string_view id;
    std::size_t size;
};

reservation parse_reserved(std::string_view line)
{
    constexpr std::string_view word = "RESERVED ";
    const std::size_t space = line.rfind(' ');
    reservation found{};
    if (!line.starts_with(word) || space < word.size() ||
        std::from_chars(line.data() + space + 1, line.data() + line.size(), found.size).ec != std::errc{})
        fail(line);
    found.id = line.substr(word.size(), space - word.size());
    return found;
}

void append_put(std::string& output, const bytes& item)
{
    output += "put 0 0 120 ";
    output += std::to_string(item.size());
    output += "\r\n";
    output += quaymaster::as_chars(item);
    output += "\r\n";
}

void append_delete(std::string& output, std::string_view id)
{
    output += "delete ";
    output += id;
    output += "\r\n";
}

class beanstalkd_connection final : public bench_connection {
public:
    beanstalkd_connection(const std::string& host, std::uint16_t port) : socket_{stream_socket::tcp(host, port)} {}

    bool put(std::size_t queue, const bytes& item, milliseconds) override
    {
        use(queue);
        append_put(output_, item);
        expect("INSERTED");
        return true;
    }

    bool get(std::size_t queue, bytes& item, milliseconds timeout) override
    {
        watch(queue);
        output_ += "reserve-with-timeout " + std::to_string(timeout.count() / 1000) + "\r\n";
        if (!take_reserved(item))
            return false;
        flush();  // now, not with the next operation: an item that is not deleted comes again
        return true;
    }

    void start_put(std::size_t queue, const bytes& item) override
    {
        expect_first(queue);
        use(0);
        append_put(output_, item);
    }
    void finish_put() override { expect("INSERTED"); }
    void start_get(std::size_t queue) override
    {
        expect_first(queue);
        watch(0);
        output_ += "reserve-with-timeout 0\r\n";
    }
    /// The `delete` leaves with the next starts.
    bool finish_get(bytes& item) override { return take_reserved(item); }

    ~beanstalkd_connection() override
    {
        try {
            flush();
            skip_answers();
        } catch (...) {
            // The connection ends anyway.
        }
    }

private:
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

    /// Answers that say nothing but that all is well, and are skipped when the next answer that matters is read. In order.
    void use(std::size_t queue)
    {
        if (used_ == queue)
            return;
        output_ += "use " + tube_of(queue) + "\r\n";
        used_ = queue;
        ++unread_;
    }

    static void expect_first(std::size_t queue)
    {
        if (queue != 0)
            throw std::runtime_error{"beanstalkd: many operations under way are written for one queue"};
    }

    void watch(std::size_t queue)
    {
        if (watched_ == queue)
            return;
        const std::string before = watched_ == none ? "default" : tube_of(watched_);
        output_ += "watch " + tube_of(queue) + "\r\nignore " + before + "\r\n";
        watched_ = queue;
        unread_ += 2;
    }

    void flush()
    {
        if (output_.empty())
            return;
        socket_.send(output_);
        output_.clear();
    }

    /// The next line, without its end; valid until the next call. Sends what is unsent if it has to wait.
    std::string_view read_line()
    {
        for (std::size_t looked = read_;;) {
            const std::size_t end = input_.find("\r\n", looked);
            if (end != std::string::npos) {
                const std::string_view line = std::string_view{input_}.substr(read_, end - read_);
                read_ = end + 2;
                return line;
            }
            const std::size_t unread = input_.size() - read_;
            receive_more(1);
            looked = read_ + (unread > 0 ? unread - 1 : 0);
        }
    }

    /// Makes `input_` longer by at least `size`. What was read of it goes.
    void receive_more(std::size_t size)
    {
        flush();
        input_.erase(0, std::exchange(read_, 0));
        constexpr std::size_t step = 65'536;
        for (const std::size_t wanted = input_.size() + size; input_.size() < wanted;) {
            const std::size_t before = input_.size();
            input_.resize(std::max(wanted, before + step));
            input_.resize(before + socket_.receive(input_.data() + before, input_.size() - before));
        }
    }

    /// Answers to `use`, `watch`, `ignore` and `delete` come between those that matter, and there are `unread_` of them in all.
    std::string_view read_answer()
    {
        for (;;) {
            const std::string_view line = read_line();
            if (!line.starts_with("USING") && !line.starts_with("WATCHING") && line != "DELETED")
                return line;
            --unread_;
        }
    }

    void skip_answers()
    {
        while (unread_ > 0) {
            (void)read_line();
            --unread_;
        }
    }

    void expect(std::string_view word)
    {
        if (const std::string_view answer = read_answer(); !answer.starts_with(word))
            fail(answer);
    }

    bool take_reserved(bytes& item)
    {
        const std::string_view answer = read_answer();
        if (answer == "TIMED_OUT")
            return false;
        const reservation found = parse_reserved(answer);
        append_delete(output_next_, found.id);
        ++unread_;
        constexpr std::size_t end_size = 2;
        if (const std::size_t there = input_.size() - read_; there < found.size + end_size)
            receive_more(found.size + end_size - there);
        const auto* const front = reinterpret_cast<const std::byte*>(input_.data() + read_);
        item.assign(front, front + found.size);
        read_ += found.size + end_size;
        output_ += std::exchange(output_next_, {});
        return true;
    }

    stream_socket socket_;
    std::string output_;       // not sent yet
    std::string output_next_;  // made while `output_` may be on its way
    std::string input_;
    std::size_t read_ = 0;  // of input_
    std::size_t used_ = none;
    std::size_t watched_ = none;
    std::size_t unread_ = 0;
};

class beanstalkd_getter final : public blocked_getter {
public:
    std::string take_output() override { return std::exchange(output_, {}); }
    bool is_waiting() const override { return is_waiting_; }

    void receive(std::string_view input) override
    {
        input_ += input;
        for (std::size_t end = input_.find("\r\n"); end != std::string::npos; end = input_.find("\r\n")) {
            const std::string_view line = std::string_view{input_}.substr(0, end);
            if (line == "WATCHING 1") {
                is_waiting_ = true;
                output_ = "reserve\r\n";
            } else if (line.starts_with("RESERVED")) {
                const reservation found = parse_reserved(line);
                if (input_.size() < end + 2 + found.size + 2)
                    return;
                append_delete(output_, found.id);
                item_ = quaymaster::to_bytes(std::string_view{input_}.substr(end + 2, found.size));
                end += 2 + found.size;
            } else if (line != "WATCHING 2" && line != "DELETED") {
                fail(line);
            }
            input_.erase(0, end + 2);
        }
    }

    std::optional<bytes> take_item() override { return std::exchange(item_, std::nullopt); }

private:
    std::string output_ = "watch " + tube_of(0) + "\r\nignore default\r\n";
    std::string input_;
    bool is_waiting_ = false;
    std::optional<bytes> item_;
};

class beanstalkd_target final : public quaymaster::tool::bench_target {
public:
    beanstalkd_target(std::string host, std::uint16_t port) : host_{std::move(host)}, port_{port} {}

    std::string name() const override { return "beanstalkd"; }

    /// A tube is there while it is used, and empty after a run that went well.
    void open_queues(std::size_t, std::size_t) override {}

    std::unique_ptr<bench_connection> connect() override { return std::make_unique<beanstalkd_connection>(host_, port_); }
    std::unique_ptr<blocked_getter> make_blocked_getter() override { return std::make_unique<beanstalkd_getter>(); }
    int connect_socket() override { return stream_socket::tcp(host_, port_).release(); }

private:
    const std::string host_;
    const std::uint16_t port_;
};

}  // namespace

std::unique_ptr<quaymaster::tool::bench_target> make_beanstalkd_target(const std::string& host, std::uint16_t port)
{
    return std::make_unique<beanstalkd_target>(host, port);
}

}  // namespace bench
