// What an async_client does, and what comes of its operations, when connections are lost and servers stop, freeze or come back.
#include "async_testing.hpp"
#include "client_testing.hpp"
#include "scripted_server.hpp"

#include <quaymaster/async_queue.hpp>
#include <quaymaster/server.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <catch2/catch.hpp>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace quaymaster;
using namespace async_testing;
using server_testing::python_peer;
using server_testing::test_server;

namespace {

using clock_type = std::chrono::steady_clock;

/// A server that is started again where it was.
struct restarting_server {
    explicit restarting_server(std::uint16_t port = 0) { start(port); }
    void start(std::uint16_t port)
    {
        served = std::make_unique<server>(address{"127.0.0.1", port}, "abc");
        served->register_queue("tasks");
        served->start();
        this->port = served->bound_address().port();
    }
    void stop() { served.reset(); }
    std::unique_ptr<server> served;
    std::uint16_t port = 0;
};

}  // namespace

TEST_CASE("a server that stops under load leaves nobody without an answer", "[net][async]")
{
    restarting_server serving;
    asio::io_context io;
    async_client_options options = short_limits();
    options.client.reconnect_deadline = 50ms;
    const async_client client{io, {"127.0.0.1", serving.port}, "abc", options};
    const async_queue<int> queue{client, "tasks"};
    constexpr std::size_t count = 2'000;
    std::vector<int> answers(2 * count);
    std::map<std::string, int> kinds;
    std::size_t answered = 0;
    for (std::size_t i = 0; i < count; ++i) {
        queue.async_put(1, [&, i](std::exception_ptr failed) {
            ++answers[i];
            ++answered;
            ++kinds[kind_of(failed)];
        });
        queue.async_get([&, i](std::exception_ptr failed, int) {
            ++answers[count + i];
            ++answered;
            ++kinds[kind_of(failed)];
        });
    }
    for (std::size_t i = 0; i < 10; ++i)
        queue.async_get([&](std::exception_ptr failed, int) { ++kinds["extra: " + kind_of(failed)]; });
    run_until(io, [&] { return answered > count / 2; });
    serving.stop();
    run_until(io, [&] {
        return answered == 2 * count && kinds["extra: lost, maybe executed"] + kinds["extra: lost, not executed"] == 10;
    });
    io.restart();
    io.run_for(50ms);
    CHECK(std::all_of(answers.begin(), answers.end(), [](int times) { return times == 1; }));
    CHECK(kinds[""] > 0);
}

TEST_CASE("a client survives a restart of its server", "[net][async]")
{
    restarting_server serving;
    asio::io_context io;
    const async_client client{io, {"127.0.0.1", serving.port}, "abc", short_limits()};
    const async_queue<int> queue{client, "tasks"};
    run_for(io, queue.async_put(1, asio::use_future));
    CHECK(run_for(io, queue.async_get(asio::use_future)) == 1);

    std::string came_to;
    queue.async_get([&](std::exception_ptr failed, int) { came_to = kind_of(failed); });
    (void)run_for(io, queue.async_qsize(asio::use_future));
    serving.stop();
    run_until(io, [&] { return !came_to.empty(); });
    CHECK(came_to == "lost, maybe executed");

    // Started while nobody listens; sent when somebody does.
    std::future<void> put = queue.async_put(2, asio::use_future);
    std::future<int> got = queue.async_get(asio::use_future);
    io.restart();
    io.run_for(60ms);
    CHECK(got.wait_for(0s) == std::future_status::timeout);
    serving.start(serving.port);
    run_for(io, std::move(put));
    CHECK(run_for(io, std::move(got)) == 2);
}

TEST_CASE("a client gives up when nobody listens for too long", "[net][async]")
{
    std::uint16_t port = 0;
    {
        const restarting_server gone;
        port = gone.port;
    }
    asio::io_context io;
    async_client_options options = short_limits();
    options.client.connect_deadline = 60ms;
    const async_client client{io, {"127.0.0.1", port}, "abc", options};
    const async_queue<int> queue{client, "tasks"};
    std::vector<std::string> came_to;
    const auto begun = clock_type::now();
    queue.async_put(1, [&](std::exception_ptr failed) { came_to.push_back(kind_of(failed)); });
    queue.async_get(0ms, [&](std::exception_ptr failed, int) { came_to.push_back(kind_of(failed)); });
    client.async_connect([&](std::exception_ptr failed) { came_to.push_back(kind_of(failed)); });
    run_until(io, [&] { return came_to.size() == 3; });
    CHECK(came_to == std::vector<std::string>(3, "lost, not executed"));
    CHECK(clock_type::now() - begun >= 20ms);
    // It tries again with the next operation.
    restarting_server serving{port};
    run_for(io, queue.async_put(1, asio::use_future));
}

TEST_CASE("a put whose reply is lost is sent again, and is in the queue once", "[net][async]")
{
    test_server server;
    cuttable_path path{server.port()};
    asio::io_context io;
    async_client_options options = short_limits();
    const auto is_repeated = GENERATE(true, false);
    options.repeat_puts = is_repeated;
    const async_client client{io, path.address(), "abc", options};
    const async_queue<int> queue{client, "tasks"};
    run_for(io, queue.async_open(asio::use_future));
    std::vector<std::string> came_to;
    for (int i = 0; i < 5; ++i)
        queue.async_put(i, [&](std::exception_ptr failed) { came_to.push_back(kind_of(failed)); });
    queue.async_put_many(std::vector<int>{5, 6, 7}, [&](std::exception_ptr failed, std::size_t count) {
        came_to.push_back(kind_of(failed));
        CHECK(count == (is_repeated ? 3 : 0));
    });
    path.lose_next_reply();
    run_until(io, [&] { return came_to.size() == 6; });
    CHECK(path.connections() == (is_repeated ? 2 : 1));
    CHECK(came_to == std::vector<std::string>(6, is_repeated ? "" : "lost, maybe executed"));
    CHECK(run_for(io, queue.async_get_many(100, asio::use_future)) == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("a put that its queue may have forgotten is not sent again", "[net][async]")
{
    // Beside the first put a batch, which two more bring to what a queue remembers, and beyond.
    constexpr std::size_t remembered = 65'536;
    constexpr int batch_size = 60'000;
    const bool is_beyond = GENERATE(false, true);
    const std::size_t count = remembered + (is_beyond ? 500 : 0);
    connected_by_path here;
    run_for(here.io, here.queue.async_open(asio::use_future));
    python_peer asking{here.server.port()};
    asking.open_stream();
    here.path.keep_replies();
    std::vector<std::string> came_to;
    const auto on_end = [&](std::exception_ptr failed, std::size_t) { came_to.push_back(kind_of(failed)); };
    here.queue.async_put(-1, [&](std::exception_ptr failed) { came_to.push_back(kind_of(failed)); });
    here.queue.async_put_many(numbers_to(batch_size), on_end);
    here.queue.async_put_many(numbers_to(static_cast<int>(count) - batch_size - 1), on_end);
    const auto depth = [&] { return static_cast<std::size_t>(server_testing::queue_status(asking, "tasks", "depth")); };
    run_until(here.io, [&] { return depth() == count; });
    CHECK(came_to.empty());
    here.path.lose_kept();
    run_until(here.io, [&] { return came_to.size() == 3; });
    CHECK(came_to == std::vector<std::string>(3, is_beyond ? "lost, maybe executed" : ""));
    CHECK(depth() == count);
    // What was answered, if only by the loss of its connection, is no reason against the next.
    (void)run_for(here.io, here.queue.async_qsize(asio::use_future));
    here.path.keep_replies();
    here.queue.async_put(-2, [&](std::exception_ptr failed) { came_to.push_back(kind_of(failed)); });
    run_until(here.io, [&] { return depth() == count + 1; });
    here.path.lose_kept();
    run_until(here.io, [&] { return came_to.size() == 4; });
    CHECK(came_to.back().empty());
    CHECK(depth() == count + 1);
}

TEST_CASE("a batch of more items than a queue remembers is sent again part by part", "[net][async]")
{
    constexpr std::size_t count = 150'000;
    connected_by_path here;
    run_for(here.io, here.queue.async_open(asio::use_future));
    python_peer asking{here.server.port()};
    asking.open_stream();
    const auto depth = [&] { return static_cast<std::size_t>(server_testing::queue_status(asking, "tasks", "depth")); };
    here.path.keep_replies();
    std::optional<std::size_t> in;
    std::string came_to;
    here.queue.async_put_many(numbers_to(count), [&](std::exception_ptr failed, std::size_t put) {
        came_to = kind_of(failed);
        in = put;
    });
    run_until(here.io, [&] { return depth() == 65'535; });
    here.path.lose_kept();
    run_until(here.io, [&] { return in.has_value(); });
    CHECK(came_to.empty());
    CHECK(*in == count);
    CHECK(depth() == count);
}

namespace {

/// A server in a process of its own, which is forked before there are threads, and a client that has no patience.
struct freezable {
    freezable() { run_for(io, queue.async_open(asio::use_future)); }

    static async_client_options impatient()
    {
        async_client_options options = short_limits();
        options.client.call_deadline = 200ms;
        options.client.wait_slice = 100ms;
        options.client.handshake_deadline = 300ms;
        options.client.reconnect_deadline = 200ms;
        return options;
    }

    client_testing::server_process serving;
    asio::io_context io;
    const async_client client{io, serving.address(), "abc", impatient()};
    const async_queue<int> queue{client, "get_task_queue"};
    std::vector<std::string> came_to;
};

}  // namespace

namespace {

/// Where nobody answers: connections are taken until there is no room for them, and what comes then is dropped.
class swallowing_port {
public:
    swallowing_port() : listening_{open()}
    {
        at_.sin_family = AF_INET;
        at_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at_;
        REQUIRE(::bind(listening_, reinterpret_cast<sockaddr*>(&at_), size) == 0);
        REQUIRE(::listen(listening_, 0) == 0);
        REQUIRE(::getsockname(listening_, reinterpret_cast<sockaddr*>(&at_), &size) == 0);
        while (fill()) {
        }
    }
    swallowing_port(const swallowing_port&) = delete;
    swallowing_port& operator=(const swallowing_port&) = delete;
    ~swallowing_port()
    {
        for (const int each : filling_)
            ::close(each);
        ::close(listening_);
    }
    [[nodiscard]] std::uint16_t number() const noexcept { return ntohs(at_.sin_port); }

private:
    static int open() { return ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }
    /// False: one more connection is not answered.
    bool fill()
    {
        filling_.push_back(open());
        (void)::connect(filling_.back(), reinterpret_cast<const sockaddr*>(&at_), sizeof at_);
        pollfd connected{filling_.back(), POLLOUT, 0};
        return ::poll(&connected, 1, 100) == 1;
    }

    int listening_;
    sockaddr_in at_{};
    std::vector<int> filling_;
};

}  // namespace

TEST_CASE("a first address that swallows packets leaves time for the second", "[net][async]")
{
    const swallowing_port first;
    std::optional<server> served;
    try {
        served.emplace(address{"::1", first.number()}, "abc");
        served->register_queue("tasks");
        served->start();
    } catch (const std::exception& failure) {
        WARN("not tested, there is no second address: " << failure.what());
        return;
    }
    asio::io_context io;
    async_client_options options = short_limits();
    options.client.handshake_deadline = 1s;
    const async_client client{io, address{"", first.number()}, "abc", options};
    const async_queue<int> queue{client, "tasks"};
    std::string came_to;
    queue.async_put(1, [&](std::exception_ptr failed) { came_to = failed ? kind_of(failed) : "done"; });
    run_until(io, [&] { return !came_to.empty(); });
    CHECK(came_to == "done");
}

TEST_CASE_METHOD(freezable, "a server that freezes is found out by what does not answer in time", "[net][async]")
{
    serving.freeze();
    queue.async_get(10ms, [&](std::exception_ptr failed, int) { came_to.push_back(kind_of(failed)); });
    queue.async_get([&](std::exception_ptr failed, int) { came_to.push_back(kind_of(failed)); });
    run_until(io, [&] { return came_to.size() == 2; });
    CHECK(came_to == std::vector<std::string>{"deadline_exceeded", "lost, maybe executed"});
}

TEST_CASE_METHOD(freezable, "a server that freezes is found out by a ping, where nothing else has to be answered", "[net][async]")
{
    queue.async_get([&](std::exception_ptr failed, int) { came_to.push_back(kind_of(failed)); });
    (void)run_for(io, queue.async_qsize(asio::use_future));
    io.restart();
    io.run_for(500ms);  // pings are answered
    CHECK(came_to.empty());
    serving.freeze();
    run_until(io, [&] { return came_to.size() == 1; });
    CHECK(came_to.front() == "lost, maybe executed");
    serving.thaw();
    run_for(io, queue.async_put(1, asio::use_future));
}

TEST_CASE("a put that was sent again is never said to have had no effect", "[net][async]")
{
    test_server server{{}, {.maxsize = 1}};
    cuttable_path path{server.port()};
    asio::io_context io;
    async_client_options options = short_limits();
    options.repeat_puts = true;
    const async_client client{io, path.address(), "abc", options};
    const async_queue<int> queue{client, "tasks"};
    run_for(io, queue.async_put(0, asio::use_future));
    python_peer asking{server.port()};
    asking.open_stream();
    std::string came_to;
    asio::cancellation_signal signal;
    // Whether the server that was left behind has let it in, or will, nobody can tell.
    const auto send_again = [&] {
        run_until(io, [&] { return server_testing::queue_status(asking, "tasks", "waiting_putters") == 1; });
        path.lose_next_reply();
        CHECK(run_for(io, queue.async_qsize(asio::use_future)) == 1);  // asked again, too, after the put
        CHECK(path.connections() == 2);
        CHECK(came_to.empty());
    };
    const auto on_end = [&](std::exception_ptr failed) { came_to = failed ? kind_of(failed) : "done"; };
    const auto on_batch_end = [&](std::exception_ptr failed, std::size_t count) {
        on_end(failed);
        CHECK(count == 0);
    };
    SECTION("when it is cancelled")
    {
        queue.async_put(1, asio::bind_cancellation_slot(signal.slot(), on_end));
        send_again();
        signal.emit(asio::cancellation_type::total);
    }
    SECTION("when there is no room in time")
    {
        queue.async_put(1, 2s, on_end);
        send_again();
    }
    SECTION("when it is a batch that is cancelled")
    {
        queue.async_put_many(std::vector<int>{1, 2}, asio::bind_cancellation_slot(signal.slot(), on_batch_end));
        send_again();
        signal.emit(asio::cancellation_type::total);
    }
    SECTION("when it is a batch that finds no room in time")
    {
        queue.async_put_many(std::vector<int>{1, 2}, 2s, on_batch_end);
        send_again();
    }
    run_until(io, [&] { return !came_to.empty(); });
    CHECK(came_to == "lost, maybe executed");
}

TEST_CASE("a batch that is cancelled when its connection is lost says how many are in", "[net][async]")
{
    server_testing::test_server server;
    cuttable_path path{server.port()};
    asio::io_context io;
    const async_client client{io, path.address(), "abc", short_limits()};
    const async_queue<std::string> queue{client, "tasks"};
    run_for(io, queue.async_open(asio::use_future));
    // More than two requests' worth, so that the second part does not fit into what sockets hold.
    const std::vector<std::string> items(20, std::string(1 << 20, 'x'));
    path.stall_after_next_reply();
    asio::cancellation_signal stop;
    std::optional<std::size_t> count;
    std::string came_to;
    queue.async_put_many(items, asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr failed, std::size_t in) {
                             came_to = kind_of(failed);
                             count = in;
                         }));
    run_until(io, [&] { return path.holds_up_client(); });
    stop.emit(asio::cancellation_type::all);
    io.restart();
    io.poll();
    path.end_stalled();
    run_until(io, [&] { return count.has_value(); });
    CHECK(came_to.empty());
    CHECK(*count > 0);
    CHECK(*count < items.size());
    CHECK(run_for(io, queue.async_qsize(asio::use_future)) == *count);
}
