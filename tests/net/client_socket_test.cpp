// sync_socket: every operation ends by its deadline.
#include "client_testing.hpp"

#include "net/sync_socket.hpp"

#include <boost/asio/error.hpp>
#include <catch2/catch.hpp>

#include <pthread.h>
#include <sys/un.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace quaymaster;
using namespace std::chrono_literals;
using client_testing::silent_listener;
using net::sync_socket;

namespace {

using clock_type = std::chrono::steady_clock;

bool is_timeout(error_code ec)
{
    return ec == boost::system::errc::timed_out;
}

/// A socket connected to a listener, and the listener's end of it.
struct connected_pair {
    explicit connected_pair(const net::socket_settings& settings = {})
    {
        error_code ec;
        ours = sync_socket::connect_tcp("127.0.0.1", listener.port(), settings, clock_type::now() + 2s, ec);
        REQUIRE_FALSE(ec);
        theirs = listener.accept();
    }
    ~connected_pair() { ::close(theirs); }
    connected_pair(const connected_pair&) = delete;
    connected_pair& operator=(const connected_pair&) = delete;

    silent_listener listener;
    sync_socket ours;
    int theirs = -1;
};

/// Signals to the thread that made it, as a program's periodic timer has them, after which no system call goes on by itself.
class interruptions {
public:
    interruptions()
    {
        // For good: one that comes late must not end the program.
        struct sigaction nothing {};
        nothing.sa_handler = [](int) {};
        ::sigaction(SIGUSR1, &nothing, nullptr);
        thread_ = std::jthread{[interrupted = ::pthread_self()](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                ::pthread_kill(interrupted, SIGUSR1);
                std::this_thread::sleep_for(5ms);
            }
        }};
    }

private:
    std::jthread thread_;
};

/// An abstract Unix socket that listens, accepts nobody, and has no room for another.
class full_unix_listener {
public:
    full_unix_listener()
    {
        bound_.sun_family = AF_UNIX;
        std::memcpy(bound_.sun_path, name.data(), name.size());
        REQUIRE(::bind(listening_, as_address(), size()) == 0);
        REQUIRE(::listen(listening_, 0) == 0);
        REQUIRE(::connect(waiting_, as_address(), size()) == 0);
    }
    full_unix_listener(const full_unix_listener&) = delete;
    full_unix_listener& operator=(const full_unix_listener&) = delete;
    ~full_unix_listener()
    {
        ::close(waiting_);
        ::close(listening_);
    }
    void make_room() const { ::close(::accept(listening_, nullptr, nullptr)); }

    const std::string name = std::string(1, '\0') + "quaymaster-test-" + std::to_string(::getpid());

private:
    [[nodiscard]] const sockaddr* as_address() const { return reinterpret_cast<const sockaddr*>(&bound_); }
    [[nodiscard]] socklen_t size() const { return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size()); }

    sockaddr_un bound_{};
    int listening_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int waiting_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

}  // namespace

TEST_CASE("a read gives up at its deadline and not before", "[net][client][socket]")
{
    // With a tick above the wait the socket polls, with one below it blocks in the kernel first.
    const int tick_ms = GENERATE(1'000, 10);
    net::socket_settings settings;
    settings.tick = std::chrono::milliseconds{tick_ms};
    connected_pair pair{settings};
    std::array<std::byte, 16> into{};
    error_code ec;
    const auto started = clock_type::now();
    CHECK(pair.ours.read_some(into, started + 60ms, ec) == 0);
    CHECK(is_timeout(ec));
    CHECK(clock_type::now() - started >= 60ms);
    CHECK(clock_type::now() - started < 2s);
}

TEST_CASE("a write to a peer that takes nothing gives up", "[net][client][socket]")
{
    connected_pair pair;
    const bytes large(std::size_t{64} << 20);
    const std::array<bytes_view, 1> pieces{bytes_view{large}};
    error_code ec;
    pair.ours.write(pieces, 50ms, ec);
    CHECK(is_timeout(ec));
}

TEST_CASE("a periodic signal does not keep a write from giving up", "[net][client][socket]")
{
    // Below the patience, so that the write waits in the kernel, and above the period.
    net::socket_settings settings;
    settings.tick = 100ms;
    connected_pair pair{settings};
    const bytes large(std::size_t{64} << 20);
    // One piece and several go by different system calls.
    const std::vector<bytes_view> pieces(GENERATE(1U, 2U), bytes_view{large});
    const interruptions signals;
    error_code ec;
    const auto started = clock_type::now();
    pair.ours.write(pieces, 300ms, ec);
    CHECK(is_timeout(ec));
    CHECK(clock_type::now() - started >= 300ms);
    CHECK(clock_type::now() - started < 5s);
}

TEST_CASE("many pieces arrive in order, whatever the kernel takes at once", "[net][client][socket]")
{
    connected_pair pair;
    constexpr std::size_t piece_count = 500;
    std::vector<bytes> pieces;
    for (std::size_t index = 0; index < piece_count; ++index)
        pieces.emplace_back(index * 17, static_cast<std::byte>(index));
    std::size_t size = 0;
    for (const bytes& piece : pieces)
        size += piece.size();

    error_code failed;
    std::jthread writer{[&] {
        const std::vector<bytes_view> views{pieces.begin(), pieces.end()};
        pair.ours.write(views, 5s, failed);
    }};
    std::vector<std::byte> received(size);
    for (std::size_t have = 0; have < size;) {
        const ssize_t count = ::read(pair.theirs, received.data() + have, size - have);
        REQUIRE(count > 0);
        have += static_cast<std::size_t>(count);
    }
    writer.join();
    CHECK_FALSE(failed);
    std::vector<std::byte> expected;
    for (const bytes& piece : pieces)
        expected.insert(expected.end(), piece.begin(), piece.end());
    CHECK(received == expected);
}

TEST_CASE("read_exactly() fills its buffer from pieces", "[net][client][socket]")
{
    connected_pair pair;
    const bytes sent(std::size_t{1} << 20, std::byte{7});
    std::jthread writer{[&] {
        for (std::size_t done = 0; done < sent.size();) {
            const ssize_t count = ::write(pair.theirs, sent.data() + done, std::min<std::size_t>(sent.size() - done, 7'001));
            if (count <= 0)
                return;
            done += static_cast<std::size_t>(count);
        }
    }};
    bytes into(sent.size());
    error_code ec;
    pair.ours.read_exactly(into, 5s, ec);
    CHECK_FALSE(ec);
    CHECK(into == sent);
}

TEST_CASE("is_quiet() sees an octet and the peer's end without waiting", "[net][client][socket]")
{
    connected_pair pair;
    CHECK(pair.ours.is_quiet());
    SECTION("an octet") {
        REQUIRE(::write(pair.theirs, "x", 1) == 1);
    }
    SECTION("the end") {
        ::shutdown(pair.theirs, SHUT_WR);
    }
    error_code ec;
    REQUIRE(pair.ours.wait_readable(clock_type::now() + 2s, ec));
    CHECK_FALSE(pair.ours.is_quiet());
}

TEST_CASE("the peer's end is eof", "[net][client][socket]")
{
    connected_pair pair;
    ::shutdown(pair.theirs, SHUT_WR);
    std::array<std::byte, 16> into{};
    error_code ec;
    CHECK(pair.ours.read_some(into, clock_type::now() + 2s, ec) == 0);
    CHECK(ec == boost::asio::error::eof);
}

TEST_CASE("connecting where nobody listens is refused at once", "[net][client][socket]")
{
    std::uint16_t port = 0;
    {
        const silent_listener gone;
        port = gone.port();
    }
    error_code ec;
    const sync_socket socket = sync_socket::connect_tcp("127.0.0.1", port, {}, clock_type::now() + 2s, ec);
    CHECK(ec == boost::system::errc::connection_refused);
    CHECK_FALSE(socket.is_open());
}

TEST_CASE("an empty host is this machine, and a name is resolved", "[net][client][socket]")
{
    const silent_listener listener;
    for (const char* host : {"", "localhost", "127.0.0.1"}) {
        CAPTURE(host);
        error_code ec;
        const sync_socket socket = sync_socket::connect_tcp(host, listener.port(), {}, clock_type::now() + 2s, ec);
        CHECK_FALSE(ec);
        CHECK(socket.is_open());
    }
}

TEST_CASE("a Unix socket path that does not fit is refused", "[net][client][socket]")
{
    error_code ec;
    (void)sync_socket::connect_unix(std::string(200, 'x'), {}, clock_type::now() + 1s, ec);
    CHECK(ec == boost::system::errc::filename_too_long);
    (void)sync_socket::connect_unix("/nonexistent/socket", {}, clock_type::now() + 1s, ec);
    CHECK(ec == boost::system::errc::no_such_file_or_directory);
}

TEST_CASE("a signal does not end the wait for room at a Unix socket", "[net][client][socket]")
{
    const full_unix_listener listener;
    const interruptions signals;
    error_code ec;
    const auto started = clock_type::now();
    SECTION("which ends at its deadline") {
        const sync_socket socket = sync_socket::connect_unix(listener.name, {}, started + 100ms, ec);
        CHECK(is_timeout(ec));
        CHECK_FALSE(socket.is_open());
        CHECK(clock_type::now() - started >= 100ms);
    }
    SECTION("or when there is room") {
        std::jthread other{[&] {
            std::this_thread::sleep_for(50ms);
            listener.make_room();
        }};
        const sync_socket socket = sync_socket::connect_unix(listener.name, {}, started + 10s, ec);
        CHECK_FALSE(ec);
        CHECK(socket.is_open());
    }
}
