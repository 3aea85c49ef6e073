#include "core/waiter_line.hpp"

#include <utility>

namespace quaymaster::core {

waiter& waiter_line::pop_front() noexcept
{
    waiter& first = line_.front();
    line_.pop_front();
    return first;
}

void waiter_line::serve_first(outcome result, completions& fulfilled)
{
    fulfilled.push_back(line_.front().shared_from_this());  // first: if memory has run out, nothing has happened
    pop_front().fulfil(std::move(result));
}

void waiter_line::serve_all(const outcome& result, completions& fulfilled)
{
    while (!empty())
        serve_first(result, fulfilled);
}

}  // namespace quaymaster::core
