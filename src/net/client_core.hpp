// client_core: what a manager and its proxies share: where the server is, how to reach it, and each thread's connection.
#pragma once

#include "net/client_connection.hpp"
#include "net/ended_objects.hpp"
#include "net/kept_counts.hpp"
#include "net/object_channel.hpp"

#include <quaymaster/authkey.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace quaymaster::net {

/// The connections of one client to one server.
/// Thread safety: any member from any thread. Method calls go over a stream of the calling thread's own; server functions
/// (`create`, `decref`, ...) over a fresh connection each, as CPython does it (managers.py: BaseProxy._callmethod, dispatch).
/// Lifetime: shared by the manager and its proxies; the last one closes the streams of all threads. A thread that ends
/// closes its own.
class client_core final : public object_channel, public std::enable_shared_from_this<client_core> {
public:
    client_core(address server, const authkey& key, const client_options& options);
    ~client_core() override;

    [[nodiscard]] const address& server() const noexcept override { return environment_.server; }
    [[nodiscard]] const client_options& options() const noexcept override { return environment_.options; }
    [[nodiscard]] const codec::pickle_limits& limits() const noexcept override { return environment_.session.limits; }

    /// Has the server answer `dummy`, trying again until connect_deadline, and learns which dialect it speaks.
    void connect();
    /// One attempt at `dummy`.
    void probe() override;

    /// If nobody listens, tries again until reconnect_deadline.
    wire::reply call_server(const client_request& request, std::optional<std::string_view> name) override;
    /// If the server was restarted, connects anew before anything is sent, trying until reconnect_deadline.
    wire::reply call_object(std::string_view ident, const client_request& request, const reply_wait& wait) override;
    void keep_count(std::string_view ident) noexcept override;
    /// In at most release_deadline.
    void release(std::string_view ident) noexcept override;
    [[nodiscard]] std::unique_ptr<typed_queue> open_queue(remote_object& object) override;
    /// `act(stream)` with the calling thread's stream, which is given up at once if that fails half-way: the server may carry out
    /// yet what was given up, and must find nobody there to give an item to.
    template <class Act>
    auto with_stream(Act&& act)
    {
        client_connection& stream = stream_of_this_thread();
        ended_.tell(stream);
        try {
            return std::forward<Act>(act)(stream);
        } catch (...) {
            if (stream.is_in_progress())
                give_up(stream);
            throw;
        }
    }
    /// A connection of the caller's own that speaks the native dialect; null if the server does not.
    std::unique_ptr<client_connection> open_native();

private:
    class thread_streams;

    wire::reply one_shot(const client_request& request, std::optional<std::string_view> name, std::chrono::milliseconds patience,
                         time_point deadline);
    void close_now(std::string_view ident, time_point deadline);
    void give_back(std::string_view ident);
    client_connection& stream_of_this_thread();
    std::shared_ptr<client_connection> open_stream();
    std::shared_ptr<client_connection> open_python_stream(std::string_view name);
    void give_up(client_connection& stream) noexcept;
    [[nodiscard]] bool may_be_native() const noexcept { return may_be_native_.load(std::memory_order_relaxed); }
    void keep(std::shared_ptr<client_connection> stream);
    void drop(const client_connection* stream) noexcept;
    [[nodiscard]] codec::reader_dialect dialect() const noexcept;

    client_environment environment_;  // constant until the destructor wipes the key
    const std::uint64_t id_;  // unlike an address, never reused
    std::atomic<bool> python2_{false};
    std::atomic<bool> may_be_native_;  // false once the server has refused it
    kept_counts counts_;
    ended_objects ended_;

    std::mutex mutex_;  // guards streams_; held only to add or remove
    std::vector<std::shared_ptr<client_connection>> streams_;
};

}  // namespace quaymaster::net
