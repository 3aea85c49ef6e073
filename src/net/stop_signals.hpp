// stop_signals: the signals that stop a server, waited for on a thread of their own.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <functional>
#include <span>
#include <thread>

namespace quaymaster::net {

/// Calls a function when one of some signals comes, once.
/// Thread safety: let_go() from any thread; everything else from the one that made it. While it has the signals nobody else may have
/// them. Lifetime: what is called outlives it.
class stop_signals {
public:
    /// `on_signal` is called on the thread that waits. Throws boost::system::system_error for what is no signal that can be had.
    stop_signals(std::span<const int> signals, std::function<void()> on_signal);
    ~stop_signals();
    stop_signals(const stop_signals&) = delete;
    stop_signals& operator=(const stop_signals&) = delete;

    /// The signals do again what they did before, soon.
    void let_go();

private:
    boost::asio::io_context context_{1};
    boost::asio::signal_set signals_{context_};
    std::thread thread_;
};

}  // namespace quaymaster::net
