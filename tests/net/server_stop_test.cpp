// How a server starts, where it listens, and how it stops.
#include "server_testing.hpp"

#include <catch2/catch.hpp>

#include <boost/system/system_error.hpp>

#include <poll.h>
#include <sys/un.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

using namespace server_testing;

namespace {

/// A folder of this test, removed at its end.
class temporary_folder {
public:
    temporary_folder()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "quaymaster_test_XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    ~temporary_folder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] std::string file(const char* name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

int connect_to(const std::string& path)
{
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, path.data(), path.size());
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool is_connected = ::connect(socket, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
    if (!is_connected)
        ::close(socket);
    return is_connected ? socket : -1;
}

}  // namespace

TEST_CASE("stop() lets replies out and ends waiting calls", "[net][server][stop]")
{
    server_options options;
    options.threads = GENERATE(1U, 3U);
    options.stop_grace = 20s;  // for a client slowed down by a sanitizer; it ends as soon as the client has all
    test_server server{options};
    python_peer busy{server.port()};
    busy.open_stream();
    const bytes large(std::size_t{20} << 20);
    (void)busy.call("tasks", "put", {value{large}});
    python_peer waiting{server.port()};
    waiting.open_stream();
    python_peer asking{server.port()};
    asking.open_stream();

    busy.request("tasks", "get");
    wait_until([&] { return queue_status(asking, "tasks", "depth") == 0; });
    waiting.request("tasks", "get");
    wait_for_getters(asking, 1);
    std::thread stopping{[&] { server.served.stop(); }};
    CHECK_THROWS_WITH(waiting.result(), Catch::Contains("closed"));
    CHECK(busy.result() == value{large});
    stopping.join();
    CHECK_THROWS(raw_peer{server.served.bound_address().port()});
    CHECK(server.served.statistics().connections == 0);
}

TEST_CASE("stop() waits stop_grace for a client that does not read, and no longer", "[net][server][stop]")
{
    server_options options;
    options.stop_grace = 200ms;
    test_server server{options};
    python_peer peer{server.port()};
    peer.open_stream();
    (void)peer.call("tasks", "put", {value{bytes(std::size_t{30} << 20)}});
    python_peer asking{server.port()};
    asking.open_stream();
    peer.request("tasks", "get");
    wait_until([&] { return queue_status(asking, "tasks", "depth") == 0; });
    const auto begin = std::chrono::steady_clock::now();
    server.served.stop();
    const auto taken = std::chrono::steady_clock::now() - begin;
    CHECK(taken >= 200ms);
    CHECK(taken < 5s);
}

TEST_CASE("a shutdown request stops the server once it is answered", "[net][server][stop]")
{
    test_server server;
    python_peer peer{server.port()};
    peer.request({.method = "shutdown"});
    CHECK(peer.result() == value{});
    server.served.wait();
    CHECK_THROWS(raw_peer{server.port()});
}

TEST_CASE("a shutdown request can be refused", "[net][server][stop]")
{
    server_options options;
    options.allow_shutdown_request = false;
    test_server server{options};
    python_peer peer{server.port()};
    peer.request({.method = "shutdown"});
    (void)peer.reply();
    CHECK(server.log.has("allow_shutdown_request"));
    CHECK(python_peer{server.port()}.open_stream().call("tasks", "qsize") == value{0});
}

TEST_CASE("serve_forever() returns when a stop signal comes", "[net][server][stop]")
{
    server_options options;
    options.stop_signals = {SIGUSR1};
    server served{{"127.0.0.1", 0}, "abc", options};
    served.start();
    ::kill(::getpid(), SIGUSR1);
    served.serve_forever();
    CHECK_THROWS(raw_peer{served.bound_address().port()});
}

TEST_CASE("a stopped server's port can be had at once", "[net][server][stop]")
{
    std::uint16_t port = 0;
    {
        test_server server;
        port = server.port();
        python_peer peer{port};
        CHECK(peer.open_stream().call("tasks", "qsize") == value{0});
    }
    server again{{"127.0.0.1", port}, "abc"};
    again.register_queue("tasks");
    again.start();
    python_peer peer{port};
    SECTION("and a proxy from before works on, without creating anything")
    {
        CHECK(peer.open_stream().call("tasks", "qsize") == value{0});
    }
}

TEST_CASE("an address in use is a system_error that names it", "[net][server][start]")
{
    test_server server;
    quaymaster::server second{{"127.0.0.1", server.port()}, "abc"};
    CHECK_THROWS_WITH(second.start(), Catch::Contains("127.0.0.1:" + std::to_string(server.port())));
    CHECK_THROWS_AS(second.start(), boost::system::system_error);
}

TEST_CASE("a server tells what it holds", "[net][server]")
{
    test_server server;
    python_peer creating{server.port()};
    creating.request({.method = "create", .name = "tasks"});
    CHECK(creating.result()[0] == value{"tasks"});
    python_peer counting{server.port()};
    counting.request({.method = "number_of_objects"});
    CHECK(counting.result() == value{1});
    python_peer looking{server.port()};
    looking.request({.method = "debug_info"});
    CHECK_THAT(std::string{looking.result().text()}, Catch::Contains("  tasks:       refcount=1\n"));
    CHECK(server.served.statistics().objects == 1);
}

TEST_CASE("a server starts once and registers before", "[net][server][start]")
{
    test_server server;
    CHECK_THROWS_AS(server.served.start(), std::logic_error);
    CHECK_THROWS_AS(server.served.register_queue("late"), std::logic_error);
    server.served.stop();
    server.served.stop();
    CHECK_THROWS_AS(server.served.start(), std::logic_error);
}

TEST_CASE("a server may end without having started", "[net][server][start]")
{
    server served{{"127.0.0.1", 0}, "abc"};
    CHECK_THROWS_AS(served.bound_address(), std::logic_error);
    served.stop();
}

TEST_CASE("an empty key is refused where others can reach the server", "[net][server][start]")
{
    CHECK_THROWS_AS(server({"", 0}, ""), std::invalid_argument);
    CHECK_THROWS_AS(server({"0.0.0.0", 0}, authkey{}), std::invalid_argument);
    CHECK_NOTHROW(server({"127.0.0.1", 0}, ""));
    CHECK_NOTHROW(server({"::1", 0}, ""));
    CHECK_NOTHROW(server(address::unix_socket("/tmp/x"), ""));
}

TEST_CASE("a Unix socket's file comes and goes with its server", "[net][server][unix]")
{
    const temporary_folder folder;
    const std::string path = folder.file("socket");
    server served{address::unix_socket(path), "abc"};
    served.start();
    const int peer = connect_to(path);
    CHECK(peer >= 0);
    std::array<char, 4> head{};
    CHECK(::recv(peer, head.data(), head.size(), 0) == 4);
    ::close(peer);

    SECTION("a second server does not take a socket that is served")
    {
        server second{address::unix_socket(path), "abc"};
        CHECK_THROWS_AS(second.start(), boost::system::system_error);
    }
    served.stop();
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a Unix socket that a killed server left is taken over", "[net][server][unix]")
{
    const temporary_folder folder;
    const std::string path = folder.file("socket");
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, path.data(), path.size());
    const int left = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::bind(left, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
    ::close(left);
    server served{address::unix_socket(path), "abc"};
    CHECK_NOTHROW(served.start());
}

TEST_CASE("a file that is no socket is left alone", "[net][server][unix]")
{
    const temporary_folder folder;
    const std::string path = folder.file("notes");
    std::fclose(std::fopen(path.c_str(), "w"));
    server served{address::unix_socket(path), "abc"};
    CHECK_THROWS_AS(served.start(), boost::system::system_error);
    CHECK(std::filesystem::exists(path));
}

namespace {

/// A connection to `port` of this machine, or -1 if it is refused or not answered within 50 ms.
int connect_quickly(std::uint16_t port)
{
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(port);
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    pollfd watched{socket, POLLOUT, 0};
    int refusal = 0;
    socklen_t size = sizeof refusal;
    const bool is_under_way =
        ::connect(socket, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 || errno == EINPROGRESS;
    if (is_under_way && ::poll(&watched, 1, 50) == 1 && ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &refusal, &size) == 0 &&
        refusal == 0)
        return socket;
    ::close(socket);
    return -1;
}

/// True if the server's side of `socket` ends within `limit`, after whatever it sends.
bool ends_within(int socket, std::chrono::milliseconds limit)
{
    pollfd watched{socket, POLLIN, 0};
    while (::poll(&watched, 1, static_cast<int>(limit.count())) == 1) {
        char octets[512];
        if (::recv(socket, octets, sizeof octets, 0) <= 0)
            return true;
    }
    return false;
}

}  // namespace

TEST_CASE("whoever connects while the server stops is not left waiting for the challenge", "[net][server][stop]")
{
    // Linux can lose the reset of a handshake that ends while its listening socket is closed.
    std::size_t left_waiting = 0;
    for (int round = 0; round < 60; ++round) {
        server_options options;
        options.threads = 1;
        options.unauthenticated_max = 100'000;
        options.connections_max = 100'000;
        test_server server{options};
        const std::uint16_t port = server.port();
        std::vector<int> connected;
        std::atomic<bool> is_connecting = false;
        std::thread newcomers{[&] {
            for (int socket = connect_quickly(port); socket != -1; socket = connect_quickly(port)) {
                connected.push_back(socket);
                is_connecting = true;
            }
            is_connecting = true;  // or tried to
        }};
        while (!is_connecting)
            std::this_thread::yield();
        server.served.stop();
        newcomers.join();
        for (const int socket : connected) {
            left_waiting += ends_within(socket, 2s) ? 0U : 1U;
            ::close(socket);
        }
    }
    CHECK(left_waiting == 0);
}
