#include <quaymaster/waiting_proxy.hpp>

#include "net/later.hpp"
#include "net/remote_object.hpp"

#include <quaymaster/errors.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <string>

namespace quaymaster {
namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

double in_seconds(milliseconds span)
{
    return std::chrono::duration<double>{span}.count();
}

bool acquire_in_request(net::remote_object& lock, std::span<const codec::payload> arguments, milliseconds timeout)
{
    const net::client_request request{"acquire", arguments, {}};
    return lock.call(request, {lock.options().call_deadline + timeout, nullptr}).to_value(lock.limits()).truth();
}

/// Python 2's acquire() takes one argument, and says so in these words.
bool says_too_many_arguments(const remote_error& raised)
{
    return raised.type_name() == "TypeError" && raised.text().find("argument") != std::string::npos;
}

}  // namespace

bool waiting_proxy::acquire_within(wait_limit timeout) const
{
    if (timeout && *timeout <= milliseconds::zero()) {
        const std::array<codec::payload, 1> arguments{value{false}};
        return acquire_in_request(object(), arguments, {});
    }
    const milliseconds slice = object().options().wait_slice;
    const auto end = net::later(clock::now(), timeout.value_or(milliseconds::zero()));
    for (milliseconds left = timeout.value_or(slice);;) {
        const milliseconds asked = std::min(left, slice);
        const std::array<codec::payload, 2> arguments{value{true}, value{in_seconds(asked)}};
        try {
            if (acquire_in_request(object(), arguments, asked))
                return true;
        } catch (const remote_error& raised) {
            if (timeout || !says_too_many_arguments(raised))
                throw;
            return call_watched("acquire", {}, std::nullopt).truth();
        }
        if (!timeout)
            continue;
        left = std::chrono::ceil<milliseconds>(end - clock::now());
        if (left <= milliseconds::zero())
            return false;
    }
}

value waiting_proxy::call_watched(std::string_view method, const std::vector<value>& positional, wait_limit answer_within) const
{
    const client_options& options = object().options();
    const std::vector<codec::payload> arguments{positional.begin(), positional.end()};
    const auto begin = clock::now();
    const auto end = answer_within ? net::later(net::later(begin, *answer_within), options.call_deadline) : clock::time_point::max();
    const std::function<void()> still_alive = [&] {
        if (clock::now() >= end)
            throw deadline_exceeded{"the server did not answer " + std::string{method} + "() of " + typeid_name() + " within " +
                                    std::to_string(std::chrono::ceil<milliseconds>(end - begin).count()) + " ms, though it lives"};
        object().channel().probe();
    };
    const milliseconds patience = std::min(options.wait_slice, std::chrono::floor<milliseconds>(end - begin));
    return object().call({method, arguments, {}}, {patience, &still_alive, answer_within}).to_value(object().limits());
}

}  // namespace quaymaster
