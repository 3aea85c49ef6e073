// cpp_client: times the C++ client through the public API, against any server of this protocol.
//   cpp_client latency HOST PORT AUTHKEY_FILE ITEM_SIZE SECONDS   one put or one get at a time
//   cpp_client large HOST PORT AUTHKEY_FILE ITEM_SIZE SECONDS     put and get in turn, as MB/s
//   cpp_client dict|lock|call HOST PORT AUTHKEY_FILE 0 SECONDS    set and get, acquire and release, or two calls of a class, as operations/s
#include "measure.hpp"
#include "system_call.hpp"

#include <quaymaster/base_manager.hpp>
#include <quaymaster/queue_proxy.hpp>
#include <quaymaster/sync_manager.hpp>

#include <cstddef>
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

struct queue_manager : quaymaster::sync_manager {
    using sync_manager::sync_manager;
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

/// `pair` makes two calls of one object.
template <class Pair>
void time_pairs(double seconds, Pair&& pair)
{
    const auto pairs = bench::time_calls(seconds, pair);
    double total_us = 0;
    for (const auto each : pairs)
        total_us += each.count();
    std::cout << "{\"operations_per_s\": " << 2e6 * static_cast<double>(pairs.size()) / total_us << "}\n";
}

void time_object(quaymaster::sync_manager& manager, const std::string& kind, double seconds)
{
    if (kind == "dict") {
        const auto table = manager.dict<std::string, int>();
        return time_pairs(seconds, [&] {
            table.set("key", 1);
            if (table.at("key") != 1)
                throw std::runtime_error{"got another value than was set"};
        });
    }
    if (kind == "lock") {
        auto lock = manager.lock();
        return time_pairs(seconds, [&] {
            lock.lock();
            lock.unlock();
        });
    }
    const auto counter = manager.create_proxy("Counter");
    time_pairs(seconds, [&] {
        const int before = counter.call<int>("increment");
        if (counter.call<int>("increment") != before + 1)
            throw std::runtime_error{"the counter counts wrongly"};
    });
}

}  // namespace

int main(int argc, char** argv)
try {
    const std::string mode = argc == 7 ? argv[1] : "";
    const bool is_object = mode == "dict" || mode == "lock" || mode == "call";
    if (mode != "latency" && mode != "large" && !is_object) {
        std::cerr << "usage: cpp_client latency|large|dict|lock|call HOST PORT AUTHKEY_FILE ITEM_SIZE SECONDS\n";
        return 2;
    }
    queue_manager manager{{argv[2], bench::parse_port(argv[3])}, quaymaster::authkey::from_file(argv[4])};
    manager.connect();
    if (is_object) {
        time_object(manager, mode, std::stod(argv[6]));
        return 0;
    }
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
