// remote_object: one object in a server as all handles to it in this program see it: its token and its count.
#pragma once

#include "net/object_channel.hpp"

#include <quaymaster/value.hpp>

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quaymaster::net {

/// What a proxy and its copies share. `create` leaves the object's count at one; that one is ours until the destructor gives
/// it back. (CPython's client adds an incref and a decref to the same end: managers.py, BaseManager._create, temp.)
/// Thread safety: any member from any thread.
class remote_object {
public:
    /// Creates the object: throws what a call throws.
    remote_object(std::shared_ptr<object_channel> channel, std::string typeid_name, std::vector<value> positional,
                  std::vector<std::pair<std::string, value>> keywords);
    /// Takes over an object that a method answered with, and the count that the server holds for whoever does.
    remote_object(std::shared_ptr<object_channel> channel, wire::proxy_reply&& found);
    ~remote_object();
    remote_object(const remote_object&) = delete;
    remote_object& operator=(const remote_object&) = delete;

    [[nodiscard]] const std::string& typeid_name() const noexcept { return typeid_name_; }
    [[nodiscard]] std::string ident() const;
    /// The same into memory that is there already.
    void copy_ident(std::string& to) const;
    [[nodiscard]] std::vector<std::string> exposed() const;
    [[nodiscard]] const client_options& options() const noexcept { return channel_->options(); }
    [[nodiscard]] const codec::pickle_limits& limits() const noexcept { return channel_->limits(); }
    [[nodiscard]] object_channel& channel() noexcept { return *channel_; }
    /// Its operations on items, if it is a queue.
    [[nodiscard]] typed_queue& queue() noexcept { return *queue_; }

    /// Calls a method; throws what it raised. If the server knows the ident no longer, because it was restarted and gave
    /// the object a new one, creates the object again and calls once more.
    codec::payload call(const client_request& request, const reply_wait& wait);
    /// The same for a result that nobody wants, of whatever kind.
    void call_for_nothing(const client_request& request, const reply_wait& wait);
    /// The same for a method whose result stays in the server, or is a proxy that was stored there; `error` if it answers with
    /// anything else (managers.py: BaseProxy._callmethod, #PROXY; RebuildProxy).
    std::shared_ptr<remote_object> call_for_object(const client_request& request, const reply_wait& wait);
    /// The server has no object `known`: creates it again, or throws if that would be another. `is_first`: not tried before by
    /// this call.
    void find_again(const std::string& known, bool is_first);
    /// For what a call that returned all the same could not tell.
    void keep_fault(std::exception_ptr fault);
    /// What keep_fault() was given last, once.
    [[nodiscard]] std::exception_ptr take_fault();
    /// The object of the same server that `content`, a pickled proxy, stands for, and counts on it. Throws `error` if it is
    /// none, or one of another server; remote_error if the object is gone.
    [[nodiscard]] std::shared_ptr<remote_object> rebuild(const value& content) const;
    /// Itself as a pickled proxy of `python_class`, see pickled_proxy(); it keeps nothing alive.
    [[nodiscard]] value pickled(std::string_view python_class) const;

private:
    [[nodiscard]] wire::reply answer_to(const client_request& request, const reply_wait& wait);
    /// take_result(), with a method that is not there said in full.
    codec::payload result_of(wire::reply&& reply, std::string_view method) const;
    [[nodiscard]] wire::created_reply create() const;
    /// What the server says that the object exposes (managers.py: Server.get_methods).
    [[nodiscard]] std::vector<std::string> ask_methods() const;
    /// Creates anew unless another thread has done so since `stale` was the ident.
    void create_again(const std::string& stale);

    const std::shared_ptr<object_channel> channel_;
    const std::string typeid_name_;
    const bool was_created_here_;    // else nobody knows how to create it again
    std::vector<value> positional_;  // what create() takes; constant after construction
    std::vector<std::pair<std::string, value>> keywords_;
    const unsigned fork_generation_;  // a child's copy leaves the count to its parent

    mutable std::mutex mutex_;       // guards created_ and fault_; held only to copy or to replace them
    std::mutex create_again_mutex_;  // one thread creates anew, the others wait for it; taken before mutex_
    wire::created_reply created_;
    std::exception_ptr fault_;
    const std::unique_ptr<typed_queue> queue_;
};

}  // namespace quaymaster::net
