#include "net/server_log.hpp"

#include <string>

namespace quaymaster::net {

void server_log::write_at(std::chrono::steady_clock::time_point now, log_level level, std::string_view line)
{
    if (!sink_)
        return;
    std::size_t left_out_before = 0;
    {
        const std::lock_guard lock{mutex_};
        if (now - second_begin_ >= std::chrono::seconds{1}) {
            second_begin_ = now;
            written_ = 0;
            left_out_before = std::exchange(left_out_, 0);
        }
        if (written_ == lines_per_second_max) {
            ++left_out_;
            return;
        }
        ++written_;
    }
    try {
        if (left_out_before != 0)
            sink_(log_level::warning, "left out " + std::to_string(left_out_before) + " log lines of one second");
        sink_(level, line);
    } catch (...) {
    }
}

}  // namespace quaymaster::net
