#include "resident_memory.hpp"

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

namespace quaymaster::tool {

std::int64_t resident_memory(pid_t pid)
{
    const std::string path = "/proc/" + std::to_string(pid) + "/smaps_rollup";
    std::ifstream file{path};
    for (std::string word; file >> word;) {
        std::int64_t kibibytes = 0;
        if (word == "Rss:" && file >> kibibytes)
            return kibibytes * 1024;
    }
    throw std::runtime_error{"no Rss in " + path};
}

std::int64_t settled_memory(pid_t pid)
{
    using namespace std::chrono_literals;
    constexpr int looks_max = 25;
    std::int64_t now = resident_memory(pid);
    for (int looks = 0; looks < looks_max; ++looks) {
        const std::int64_t before = now;
        std::this_thread::sleep_for(200ms);
        now = resident_memory(pid);
        if (now == before)
            break;
    }
    return now;
}

}  // namespace quaymaster::tool
