// select: a worker that serves two queues, and the urgent one first. Run
//     quaymaster serve --port 5000 --queue urgent --queue normal      (with QUAYMASTER_AUTHKEY=abc)
// then select, or any number of them, and give it work:
//     quaymaster put --port 5000 normal --text "tidy up"
//     quaymaster put --port 5000 urgent --text "put out the fire"
// A None in either queue tells one worker to leave.
#include "arguments.hpp"

#include <quaymaster/quaymaster.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace qm = quaymaster;
using namespace std::chrono_literals;

namespace {

using job = std::optional<std::string>;

/// Works until told to leave, or until there is nothing to do for `patience`. Returns why.
std::string work(const qm::queue_proxy<job>& urgent, const qm::queue_proxy<job>& normal, std::chrono::milliseconds patience)
{
    constexpr std::array<std::string_view, 2> kinds{"urgent: ", "normal: "};
    try {
        for (;;) {
            // The server waits in both lines; an item leaves its queue only for a worker that gets it.
            const auto [index, item] = qm::get_any({urgent, normal}, patience);
            if (!item)
                return "done";
            std::cout << kinds[index] << *item << std::endl;
            std::this_thread::sleep_for(10ms);  // as if that were work
        }
    } catch (const qm::queue_empty&) {
        return "nothing to do";
    }
}

}  // namespace

int main(int argc, char** argv)
try {
    const arguments options{argc, argv, {"--host", "--port", "--authkey-file", "--patience"}};
    qm::base_manager manager{{options.text("--host", "127.0.0.1"), options.number<std::uint16_t>("--port", 5000)},
                             options.authkey()};
    manager.connect();
    const auto urgent = manager.create<qm::queue_proxy<job>>("urgent");
    const auto normal = manager.create<qm::queue_proxy<job>>("normal");
    std::cout << work(urgent, normal, std::chrono::seconds{options.number<std::int32_t>("--patience", 60)}) << '\n';
} catch (const std::exception& failure) {
    std::cerr << "select: " << failure.what() << '\n';
    return 1;
}
