// queue_argument: the NAME[,fifo|lifo|priority][,maxsize=N] of --queue.
#pragma once

#include <quaymaster/queue_options.hpp>

#include <string>
#include <string_view>

namespace quaymaster::tool {

struct queue_argument {
    std::string name;
    queue_options options;
};

/// Throws usage_error, saying which part is wrong.
[[nodiscard]] queue_argument parse_queue_argument(std::string_view text);

}  // namespace quaymaster::tool
