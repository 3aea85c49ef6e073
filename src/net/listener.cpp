#include "net/listener.hpp"

#include "net/handshake_filter.hpp"

#include <boost/asio/socket_base.hpp>
#include <boost/system/system_error.hpp>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <thread>
#include <utility>

namespace quaymaster::net {

namespace {

constexpr int accepts_per_turn = 64;
constexpr std::chrono::milliseconds pause_without_descriptors{100};
constexpr std::chrono::milliseconds pause_without_room{5};
constexpr int pauses_without_room_max = 20;
constexpr std::chrono::seconds notice_interval{1};
/// For those between programs of one machine, whose ends are a matter of scheduling.
constexpr std::chrono::milliseconds handshakes_end_within{5};

[[noreturn]] void fail(int cause, const address& where, const char* doing)
{
    throw boost::system::system_error{error_code{cause, boost::system::system_category()},
                                      std::string{"cannot "} + doing + ' ' + where.to_string()};
}

struct free_addresses {
    void operator()(addrinfo* found) const noexcept { ::freeaddrinfo(found); }
};

/// The addresses of `where`, IPv4 before IPv6.
std::vector<addrinfo> resolve(const address& where, std::unique_ptr<addrinfo, free_addresses>& owner)
{
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    addrinfo* found = nullptr;
    const std::string port = std::to_string(where.port());
    const int failure = ::getaddrinfo(where.host().empty() ? nullptr : where.host().c_str(), port.c_str(), &hints, &found);
    if (failure != 0)
        throw boost::system::system_error{make_error_code(boost::system::errc::address_not_available),
                                          "cannot listen on " + where.to_string() + ": " + ::gai_strerror(failure)};
    owner.reset(found);
    std::vector<addrinfo> addresses;
    // A name that stands on two lines of the hosts file comes back twice; listening a second time would meet ourselves.
    const auto is_known = [&addresses](const addrinfo& other) {
        return std::any_of(addresses.begin(), addresses.end(), [&other](const addrinfo& known) {
            return known.ai_addrlen == other.ai_addrlen && std::memcmp(known.ai_addr, other.ai_addr, known.ai_addrlen) == 0;
        });
    };
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next)
        if (!is_known(*each))
            addresses.push_back(*each);
    std::stable_partition(addresses.begin(), addresses.end(), [](const addrinfo& at) { return at.ai_family == AF_INET; });
    return addresses;
}

std::uint16_t port_of(const sockaddr_storage& at)
{
    if (at.ss_family == AF_INET6)
        return ntohs(reinterpret_cast<const sockaddr_in6&>(at).sin6_port);
    return ntohs(reinterpret_cast<const sockaddr_in&>(at).sin_port);
}

void set_port(sockaddr_storage& at, std::uint16_t port)
{
    if (at.ss_family == AF_INET6)
        reinterpret_cast<sockaddr_in6&>(at).sin6_port = htons(port);
    else
        reinterpret_cast<sockaddr_in&>(at).sin_port = htons(port);
}

unique_descriptor open_socket(int family)
{
    return unique_descriptor{::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
}

/// A listening TCP socket at `at`; errno says why there is none.
unique_descriptor listen_at(const sockaddr_storage& at, socklen_t size, int backlog)
{
    unique_descriptor socket = open_socket(at.ss_family);
    if (!socket.is_open())
        return {};
    const int on = 1;
    // Without it a restarted server would wait a minute for the old connections' TIME_WAIT.
    (void)::setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (at.ss_family == AF_INET6)  // IPv4 has a socket of its own
        (void)::setsockopt(socket.number(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (::bind(socket.number(), reinterpret_cast<const sockaddr*>(&at), size) != 0 || ::listen(socket.number(), backlog) != 0)
        return {};
    return socket;
}

/// True if nobody listens behind the socket file at `at`: a killed server leaves it so. False also where that cannot be
/// found out, for lack of descriptors say.
bool is_left_behind(const sockaddr_un& at)
{
    const unique_descriptor probe = open_socket(AF_UNIX);
    return probe.is_open() && ::connect(probe.number(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 &&
        errno == ECONNREFUSED;
}

bool is_shortage(int cause) noexcept
{
    return cause == EMFILE || cause == ENFILE || cause == ENOBUFS || cause == ENOMEM;
}

}  // namespace

listener::listener(server_state& state, std::vector<event_loop*> loops) : state_{state}, loops_{std::move(loops)} {}

listener::~listener()
{
    close();
}

void listener::open(const address& where)
{
    if (where.is_unix()) {
        open_unix(where.path());
        bound_ = where;
    } else {
        open_tcp(where);
    }
}

void listener::open_tcp(const address& where)
{
    constexpr int attempts = 8;
    for (int attempt = 1; !try_open_tcp(where); ++attempt) {
        if (attempt == attempts)
            fail(EADDRINUSE, where, "listen on");
        doors_.clear();
    }
}

/// False if the port that the system chose for the first address is taken at another one.
bool listener::try_open_tcp(const address& where)
{
    std::unique_ptr<addrinfo, free_addresses> owner;
    std::uint16_t port = where.port();
    int refusal = EADDRNOTAVAIL;
    for (const addrinfo& each : resolve(where, owner)) {
        sockaddr_storage at{};
        std::memcpy(&at, each.ai_addr, each.ai_addrlen);
        set_port(at, port);
        unique_descriptor socket = listen_at(at, each.ai_addrlen, state_.options.backlog);
        if (!socket.is_open()) {
            refusal = errno;
            if (refusal == EADDRINUSE && where.port() == 0 && !doors_.empty())
                return false;
            // IPv6 may be switched off while names still resolve to it. Any other refusal counts: somebody else's socket
            // on one of our addresses would get some of our clients.
            if (refusal != EAFNOSUPPORT && refusal != EADDRNOTAVAIL)
                fail(refusal, where, "listen on");
            continue;
        }
        socklen_t size = sizeof at;
        if (::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&at), &size) != 0)
            fail(errno, where, "listen on");
        port = port_of(at);
        add(std::move(socket));
    }
    if (doors_.empty())
        fail(refusal, where, "listen on");
    bound_ = address{where.host(), port};
    return true;
}

void listener::open_unix(const std::string& path)
{
    const address where = address::unix_socket(path);
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, path.data(), path.size());
    unique_descriptor socket = open_socket(AF_UNIX);
    if (!socket.is_open())
        fail(errno, where, "listen on");
    const auto bind_it = [&] { return ::bind(socket.number(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0; };
    if (!bind_it()) {
        if (errno != EADDRINUSE)
            fail(errno, where, "listen on");
        struct stat found {};
        if (::lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode) || !is_left_behind(at))
            fail(EADDRINUSE, where, "listen on");
        ::unlink(path.c_str());
        if (!bind_it())
            fail(errno, where, "listen on");
    }
    if (::listen(socket.number(), state_.options.backlog) != 0 || ::stat(path.c_str(), &unix_file_) != 0)
        fail(errno, where, "listen on");
    add(std::move(socket));
}

void listener::add(unique_descriptor socket)
{
    doors_.emplace_back(*this, std::move(socket));
}

void listener::start()
{
    for (door& each : doors_)
        wait(each);
}

void listener::stop_accepting()
{
    is_accepting_ = false;
    for (door& each : doors_) {
        look_away(each);
        loops_.front()->deadlines().remove(each);
    }
}

void listener::close()
{
    if (std::exchange(is_closed_, true))
        return;
    turn_away_waiting();
    for (door& each : doors_)
        each.socket = unique_descriptor{};
    if (!bound_ || !bound_->is_unix())
        return;
    struct stat found {};
    const bool is_ours =
        ::stat(bound_->path().c_str(), &found) == 0 && found.st_ino == unix_file_.st_ino && found.st_dev == unix_file_.st_dev;
    if (is_ours)
        ::unlink(bound_->path().c_str());
}

/// Drops the connections that are made or being made.
void listener::turn_away_waiting()
{
    bool settles = false;
    if (bound_ && !bound_->is_unix())
        for (door& each : doors_)
            settles = ignore_new_handshakes(each.socket.number()) || settles;
    if (settles)
        std::this_thread::sleep_for(handshakes_end_within);
    for (door& each : doors_)
        while (unique_descriptor{::accept4(each.socket.number(), nullptr, nullptr, SOCK_CLOEXEC)}.is_open())
            state_.dropped.add();
}

void listener::wait(door& at)
{
    if (!is_accepting_ || at.is_watched)
        return;
    loops_.front()->reactor().add(at.socket.number(), at, EPOLLIN);
    at.is_watched = true;
}

void listener::look_away(door& at) noexcept
{
    if (std::exchange(at.is_watched, false))
        loops_.front()->reactor().remove(at.socket.number(), at);
}

void listener::accept_waiting(door& at)
{
    for (int accepted = 0; accepted < accepts_per_turn;) {
        if (waits_for_room(at))
            return;
        sockaddr_storage peer{};
        socklen_t size = sizeof peer;
        unique_descriptor socket{
            ::accept4(at.socket.number(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC | SOCK_NONBLOCK)};
        if (socket.is_open()) {
            hand_out(std::move(socket), peer);
            ++accepted;
            continue;
        }
        const int cause = errno;
        if (cause == EAGAIN || cause == EWOULDBLOCK)
            break;
        if (is_shortage(cause))
            return pause(at, cause);
        // What remains concerns the one connection that was to be accepted (ECONNABORTED, EPROTO, ...) or is EINTR.
        ++accepted;
    }
}

void listener::hand_out(unique_descriptor socket, const sockaddr_storage& peer)
{
    state_.accepted.add();
    if (out_of_descriptors_.is_current()) {
        out_of_descriptors_.over();
        state_.log(log_level::info, "accepting again");
    }
    if (is_full(state_.connections, state_.options.connections_max, "connections_max", too_many_connections_) ||
        is_full(state_.unauthenticated, state_.options.unauthenticated_max, "unauthenticated_max", too_many_unauthenticated_)) {
        state_.dropped.add();
        return;
    }
    event_loop& home = least_loaded();
    state_.connections.add();
    state_.unauthenticated.add();
    home.load().add();
    try {
        home.adopt(std::move(socket), peer_name{peer});
    } catch (const std::bad_alloc&) {
        home.load().remove();
        state_.unauthenticated.remove();
        state_.connections.remove();
        state_.dropped.add();
    }
}

/// Strictly in turn would not do: a Python client makes a fixed number of short connections and one that stays, so those
/// that stay could all meet on one loop.
event_loop& listener::least_loaded()
{
    std::size_t best = next_loop_;
    for (std::size_t step = 1; step < loops_.size(); ++step) {
        const std::size_t other = (next_loop_ + step) % loops_.size();
        if (loops_[other]->load().count() < loops_[best]->load().count())
            best = other;
    }
    next_loop_ = (best + 1) % loops_.size();
    return *loops_[best];
}

/// Descriptors ran out: the backlog keeps the clients, and we look again when some connection may have ended. Accepting
/// on would fail at once again, and keep doing so.
void listener::pause(door& at, int cause)
{
    if (out_of_descriptors_.is_due())
        state_.log(log_level::error, "accepting pauses: " + error_code{cause, boost::system::system_category()}.message() +
                                         "; raise the limit on open files (ulimit -n)");
    accept_after(at, pause_without_descriptors);
}

/// Honest clients prove the key within milliseconds, so a burst of them only has to wait a little in the backlog, where a
/// drop would be an error in each. When that does not help the places are held by others, and newcomers are dropped.
bool listener::waits_for_room(door& at)
{
    if (state_.unauthenticated.count() < state_.options.unauthenticated_max) {
        waits_for_room_ = 0;
        return false;
    }
    if (waits_for_room_ == pauses_without_room_max)
        return false;
    ++waits_for_room_;
    accept_after(at, pause_without_room);
    return true;
}

void listener::accept_after(door& at, std::chrono::milliseconds delay)
{
    look_away(at);
    loops_.front()->deadlines().set(at, std::chrono::steady_clock::now() + delay);
}

bool listener::is_full(gauge& counted, std::size_t limit, std::string_view name, notice& said)
{
    if (counted.count() < limit) {
        said.over();
        return false;
    }
    if (said.is_due())
        state_.log(log_level::warning, "dropping new connections: there are " + std::to_string(counted.count()) + ", and " +
                                           std::string{name} + " is " + std::to_string(limit));
    return true;
}

bool listener::notice::is_due()
{
    const auto now = std::chrono::steady_clock::now();
    if (is_current_ || now - said_ < notice_interval)
        return false;  // said already, or to be said when there was silence for long enough
    is_current_ = true;
    said_ = now;
    return true;
}

}  // namespace quaymaster::net
