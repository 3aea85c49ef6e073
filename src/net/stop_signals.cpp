#include "net/stop_signals.hpp"

#include "net/signals_blocked.hpp"

#include <quaymaster/errors.hpp>

#include <boost/asio/post.hpp>

#include <utility>

namespace quaymaster::net {

stop_signals::stop_signals(std::span<const int> signals, std::function<void()> on_signal)
{
    for (const int signal : signals)
        signals_.add(signal);
    signals_.async_wait([act = std::move(on_signal)](const error_code& cancelled, int) {
        if (!cancelled)
            act();
    });
    const signals_blocked blocked;
    thread_ = std::thread{[this] { context_.run(); }};
}

stop_signals::~stop_signals()
{
    let_go();
    thread_.join();
}

void stop_signals::let_go()
{
    boost::asio::post(context_, [this] {
        error_code ignored;
        signals_.cancel(ignored);
        signals_.clear(ignored);
    });
}

}  // namespace quaymaster::net
