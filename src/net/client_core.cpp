#include "net/client_core.hpp"

#include "net/native_queue.hpp"

#include <openssl/crypto.h>

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace quaymaster::net {
namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

std::uint64_t next_core_id() noexcept
{
    static std::atomic<std::uint64_t> made{0};
    return made.fetch_add(1, std::memory_order_relaxed) + 1;
}

/// The waits between attempts: short first, for a server that is just starting, then longer, to spare one that is not.
class back_off {
public:
    explicit back_off(time_point deadline) noexcept : deadline_{deadline} {}

    /// Sleeps until the next attempt is due. False, at once, if that would be after the deadline.
    bool pause()
    {
        if (clock::now() + next_ > deadline_)
            return false;
        std::this_thread::sleep_for(next_);
        next_ = std::min(next_ * 2, milliseconds{500});
        return true;
    }

private:
    time_point deadline_;
    milliseconds next_{10};
};

/// Repeats `attempt` while nobody listens, until `deadline`. What may have reached a server is not repeated.
template <class Attempt>
auto persist(time_point deadline, Attempt attempt)
{
    back_off waits{deadline};
    for (;;) {
        try {
            return attempt();
        } catch (const connection_lost& failed) {
            if (failed.may_have_executed() || !waits.pause())
                throw;
        }
    }
}

/// What Python 2.7 says to a request in a later protocol than its own.
bool is_too_new_for_server(const wire::reply& reply)
{
    const auto* traceback = std::get_if<wire::traceback_reply>(&reply);
    return traceback != nullptr && traceback->text.find("unsupported pickle protocol") != std::string::npos;
}

/// As CPython names its threads to the server: for people who read a log.
std::string thread_name()
{
    static std::atomic<unsigned> threads{0};
    thread_local const unsigned number = threads.fetch_add(1, std::memory_order_relaxed) + 1;
    return "quaymaster-" + std::to_string(::getpid()) + "|Thread-" + std::to_string(number);
}

}  // namespace

/// The streams of one thread, to whatever servers. They belong to their cores, which outlive neither their last proxy
/// nor their manager; this only finds them, and gives them up when the thread ends.
class client_core::thread_streams {
public:
    thread_streams() noexcept = default;
    thread_streams(const thread_streams&) = delete;
    thread_streams& operator=(const thread_streams&) = delete;
    ~thread_streams()
    {
        for (const entry& each : entries_)
            if (const std::shared_ptr<client_core> core = each.core.lock())
                core->drop(each.stream);
    }

    /// The stream to `core`, null if there is none. Valid while `core` lives and this thread does not remove it.
    [[nodiscard]] client_connection* find(const client_core& core) const noexcept
    {
        for (const entry& each : entries_)
            if (each.core_id == core.id_)
                return each.stream;
        return nullptr;
    }
    void add(client_core& core, client_connection& stream)
    {
        std::erase_if(entries_, [](const entry& each) { return each.core.expired(); });
        entries_.push_back({core.id_, core.weak_from_this(), &stream});
    }
    void remove(const client_core& core) noexcept
    {
        std::erase_if(entries_, [&](const entry& each) { return each.core_id == core.id_; });
    }

    static thread_streams& of_this_thread()
    {
        // By pointer, because a static object's destructor may still use a proxy after the thread's own objects have ended.
        thread_local thread_streams* streams = nullptr;
        thread_local const ender end_with_thread{streams};
        if (streams == nullptr)
            streams = new thread_streams;
        return *streams;
    }

private:
    struct ender {
        thread_streams*& streams;
        ~ender() { delete std::exchange(streams, nullptr); }
    };
    struct entry {
        std::uint64_t core_id;
        std::weak_ptr<client_core> core;
        client_connection* stream;
    };
    std::vector<entry> entries_;
};

client_core::client_core(address server, const authkey& key, const client_options& options)
    : environment_{make_environment(std::move(server), key, options)},
      id_{next_core_id()},
      may_be_native_{options.dialect != client_dialect::python},
      counts_{[this] { return open_python_stream("quaymaster-" + std::to_string(::getpid()) + "|counts"); }, options.release_deadline}
{
}

client_core::~client_core()
{
    OPENSSL_cleanse(environment_.session.authkey.data(), environment_.session.authkey.size());
}

void client_core::connect()
{
    back_off waits{clock::now() + options().connect_deadline};
    for (;;) {
        try {
            return probe();
        } catch (const connection_lost& failed) {
            if (!waits.pause())
                throw connection_lost{std::string{failed.what()} + "; gave up after " +
                                          std::to_string(options().connect_deadline.count()) + " ms: is the server running?",
                                      failed.cause(), false};
        } catch (const deadline_exceeded&) {
            if (!waits.pause())
                throw;
        }
    }
}

void client_core::probe()
{
    const client_request request{"dummy", {}, {}};
    const auto patience = std::min(options().call_deadline, options().handshake_deadline);
    const wire::reply reply = one_shot(request, std::nullopt, patience, time_point::max());
    if (const auto* malformed = std::get_if<wire::malformed_reply>(&reply))
        throw error{server().to_string() + " is no quaymaster or multiprocessing server: " + malformed->text};
    // Any other reply, a traceback included, is a sign of life from a server that holds our key.
}

wire::reply client_core::call_server(const client_request& request, std::optional<std::string_view> name)
{
    if (may_be_native()) {
        const auto reply = with_stream([&](client_connection& stream) -> std::optional<wire::reply> {
            if (!stream.is_native())
                return std::nullopt;
            return stream.transact({std::nullopt, request.method, name, request.positional, request.keywords}, dialect(),
                                   {options().call_deadline, nullptr});
        });
        if (reply)
            return *reply;
    }
    return persist(clock::now() + options().reconnect_deadline,
                   [&] { return one_shot(request, name, options().call_deadline, time_point::max()); });
}

void client_core::keep_count(std::string_view ident) noexcept
{
    counts_.adopt(ident);
}

void client_core::release(std::string_view ident) noexcept
{
    const time_point deadline = clock::now() + options().release_deadline;
    const bool is_given_back = counts_.release(ident);
    try {
        ended_.add(ident);
        if (is_given_back)
            close_now(ident, deadline);
        else
            give_back(ident);
    } catch (const std::exception&) {
        // See the declaration.
    }
}

/// Has the server close what the calling thread's connection has open as `ident`. Not with the next request: there may be none for
/// long, and the object be large.
void client_core::close_now(std::string_view ident, time_point deadline)
{
    client_connection* const stream = thread_streams::of_this_thread().find(*this);
    if (stream == nullptr || !stream->has_open(ident) || !stream->is_usable() || clock::now() >= deadline)
        return;
    with_stream([&](client_connection& native) { native.send_closes(std::chrono::ceil<milliseconds>(deadline - clock::now())); });
}

/// One count less, over the calling thread's connection if that serves, else over one of its own.
void client_core::give_back(std::string_view ident)
{
    const client_request request{"decref", {}, {}};
    client_connection* const stream = thread_streams::of_this_thread().find(*this);
    if (stream != nullptr && stream->is_native() && stream->is_usable()) {
        (void)with_stream([&](client_connection& native) {
            return native.transact({std::nullopt, request.method, ident, {}, {}}, dialect(), {options().release_deadline, nullptr});
        });
        return;
    }
    (void)one_shot(request, ident, options().release_deadline, clock::now() + options().release_deadline);
}

wire::reply client_core::one_shot(const client_request& request, std::optional<std::string_view> name, milliseconds patience,
                                  time_point deadline)
{
    const wire::outgoing_request outgoing{std::nullopt, request.method, name, request.positional, request.keywords};
    for (;;) {
        const codec::reader_dialect spoken = dialect();
        client_connection connection{environment_, std::min(deadline, clock::now() + options().handshake_deadline)};
        wire::reply reply = connection.transact(outgoing, spoken, {patience, nullptr});
        if (spoken.python2 || !is_too_new_for_server(reply))
            return reply;
        python2_.store(true, std::memory_order_relaxed);
    }
}

wire::reply client_core::call_object(std::string_view ident, const client_request& request, const reply_wait& wait)
{
    return with_stream([&](client_connection& stream) {
        return stream.transact({ident, request.method, std::nullopt, request.positional, request.keywords}, dialect(), wait);
    });
}

std::unique_ptr<typed_queue> client_core::open_queue(remote_object& object)
{
    return std::make_unique<native_queue>(*this, object);
}

void client_core::give_up(client_connection& stream) noexcept
{
    thread_streams::of_this_thread().remove(*this);
    drop(&stream);
}

client_connection& client_core::stream_of_this_thread()
{
    thread_streams& streams = thread_streams::of_this_thread();
    if (client_connection* found = streams.find(*this)) {
        if (found->is_usable())
            return *found;
        streams.remove(*this);
        drop(found);
    }
    std::shared_ptr<client_connection> opened =
        persist(clock::now() + options().reconnect_deadline, [this] { return open_stream(); });
    client_connection& stream = *opened;
    keep(std::move(opened));
    streams.add(*this, stream);
    return stream;
}

std::shared_ptr<client_connection> client_core::open_stream()
{
    if (may_be_native())
        if (std::shared_ptr<client_connection> stream = open_native())
            return stream;
    return open_python_stream(thread_name());
}

std::unique_ptr<client_connection> client_core::open_native()
{
    auto stream = std::make_unique<client_connection>(environment_, clock::now() + options().handshake_deadline);
    try {
        if (stream->begin_native())
            return stream;
    } catch (const connection_lost& lost) {
        // As with accept_connection: nothing can have happened.
        throw connection_lost{lost.what(), lost.cause(), false};
    }
    if (options().dialect == client_dialect::native)
        throw error{server().to_string() + " speaks only the dialect of Python's multiprocessing.managers, and client_options::dialect is native"};
    may_be_native_.store(false, std::memory_order_relaxed);
    return nullptr;
}

std::shared_ptr<client_connection> client_core::open_python_stream(std::string_view name)
{
    auto stream = std::make_shared<client_connection>(environment_, clock::now() + options().handshake_deadline);
    const wire::outgoing_request request{std::nullopt, "accept_connection", name, {}, {}};
    try {
        const wire::reply reply = stream->transact(request, dialect(), {options().call_deadline, nullptr});
        if (!std::holds_alternative<wire::returned_reply>(reply))
            throw error{server().to_string() + " refused to accept method calls"};
    } catch (const connection_lost& lost) {
        // The call that wants this stream has not been sent; to accept_connection alone nothing can have happened.
        throw connection_lost{lost.what(), lost.cause(), false};
    }
    return stream;
}

void client_core::keep(std::shared_ptr<client_connection> stream)
{
    const std::lock_guard lock{mutex_};
    streams_.push_back(std::move(stream));
}

void client_core::drop(const client_connection* stream) noexcept
{
    std::shared_ptr<client_connection> dropped;  // closed after the lock is gone
    const std::lock_guard lock{mutex_};
    const auto at = std::find_if(streams_.begin(), streams_.end(), [&](const auto& each) { return each.get() == stream; });
    if (at == streams_.end())
        return;
    dropped = std::move(*at);
    *at = std::move(streams_.back());
    streams_.pop_back();
}

codec::reader_dialect client_core::dialect() const noexcept
{
    return python2_.load(std::memory_order_relaxed) ? codec::reader_dialect{2, true} : codec::reader_dialect{};
}

}  // namespace quaymaster::net
