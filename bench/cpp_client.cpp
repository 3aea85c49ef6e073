// cpp_client: times the C++ client through the public API, against any server of this protocol.
//   cpp_client latency HOST PORT AUTHKEY_FILE ITEM_SIZE SECONDS   one put or one get at a time
//   cpp_client large HOST PORT AUTHKEY_FILE ITEM_SIZE SECONDS     put and get in turn, as MB/s
#include "measure.hpp"
#include "system_call.hpp"

#include <quaymaster/base_manager.hpp>
#include <quaymaster/queue_proxy.hpp>

#include <cstddef>
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

struct queue_manager : quaymaster::base_manager {
    using base_manager::base_manager;
    auto get_task_queue() { return create<quaymaster::queue_proxy<quaymaster::bytes>>("get_task_queue"); }
};

/// Puts and gets alternate, so that the queue never holds more than one item and no get waits.
template <class Queue>
void time_operations(Queue& queue, const quaymaster::bytes& item, double seconds)
{
    bool put_next = true;
    const auto operation = [&] {
        if (put_next)
            queue.put(item);
        else if (queue.get().size() != item.size())
            throw std::runtime_error{"got another item than was put"};
        put_next = !put_next;
    };
    std::cout << bench::latency_json(bench::time_calls(seconds, operation)) << '\n';
}

/// Counts an item once for its put and get together.
template <class Queue>
void time_items(Queue& queue, const quaymaster::bytes& item, double seconds)
{
    auto pairs = bench::time_calls(seconds, [&] {
        queue.put(item);
        if (queue.get().size() != item.size())
            throw std::runtime_error{"got another item than was put"};
    });
    const double pair_us = bench::quantile_us(pairs, 0.5);
    std::cout << "{\"mb_per_s\": " << static_cast<double>(item.size()) / pair_us << ", \"pairs\": " << pairs.size() << "}\n";
}

}  // namespace

int main(int argc, char** argv)
try {
    const std::string mode = argc == 7 ? argv[1] : "";
    if (mode != "latency" && mode != "large") {
        std::cerr << "usage: cpp_client latency|large HOST PORT AUTHKEY_FILE ITEM_SIZE SECONDS\n";
        return 2;
    }
    queue_manager manager{{argv[2], bench::parse_port(argv[3])}, quaymaster::authkey::from_file(argv[4])};
    manager.connect();
    auto queue = manager.get_task_queue();
    const quaymaster::bytes item(std::stoul(argv[5]), std::byte{'x'});
    const double seconds = std::stod(argv[6]);
    if (mode == "latency")
        time_operations(queue, item, seconds);
    else
        time_items(queue, item, seconds);
    return 0;
} catch (const std::exception& error) {
    std::cerr << "cpp_client: " << error.what() << '\n';
    return 1;
}
