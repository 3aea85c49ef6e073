// local_queue: what put() and get() of a queue cost in the program that serves it, which its proxies call without a connection.
//   local_queue [SECONDS]
// One thread puts an item of 64 octets and gets it back, over and over: nanoseconds per pair, the best of many short runs, because the rest
// measures the machine's other work. Beside it the same with a std::deque behind a std::mutex, which is the least that a queue of
// threads can cost, and with blocking_queue. The items are copied in and moved out.
#include <quaymaster/base_manager.hpp>
#include <quaymaster/blocking_queue.hpp>
#include <quaymaster/bytes.hpp>
#include <quaymaster/queue_proxy.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

using clock_type = std::chrono::steady_clock;
constexpr std::size_t item_size = 64;
constexpr int pairs_per_run = 20'000;

/// The least that is possible.
template <class T>
class plain_queue {
public:
    void put(const T& item)
    {
        const std::lock_guard lock{mutex_};
        items_.push_back(item);
    }
    T get()
    {
        const std::lock_guard lock{mutex_};
        T first = std::move(items_.front());
        items_.pop_front();
        return first;
    }

private:
    std::mutex mutex_;
    std::deque<T> items_;
};

/// Nanoseconds of one put() and get().
template <class Queue, class T>
double pair_ns(Queue& queue, const T& item, double seconds)
{
    const auto end = clock_type::now() + std::chrono::duration<double>{seconds};
    double best = 1e12;
    std::size_t sum = 0;  // so that nothing is left out
    do {
        const auto begin = clock_type::now();
        for (int i = 0; i < pairs_per_run; ++i) {
            queue.put(item);
            sum += queue.get().size();
        }
        best = std::min(best, std::chrono::duration<double, std::nano>(clock_type::now() - begin).count() / pairs_per_run);
    } while (clock_type::now() < end);
    if (sum % item_size != 0)
        throw std::runtime_error{"an item was lost"};
    return best;
}

template <class T>
void measure(quaymaster::base_manager& manager, const char* type, const T& item, double seconds)
{
    plain_queue<T> plain;
    quaymaster::blocking_queue<T> blocking;
    const auto proxy = manager.create<quaymaster::queue_proxy<T>>("get_queue");
    const double plain_ns = pair_ns(plain, item, seconds / 3);
    const double blocking_ns = pair_ns(blocking, item, seconds / 3);
    const double proxy_ns = pair_ns(proxy, item, seconds / 3);
    std::cout << "{\"item\": \"" << type << "\", \"proxy_ns\": " << proxy_ns << ", \"blocking_queue_ns\": " << blocking_ns
              << ", \"deque_and_mutex_ns\": " << plain_ns << ", \"ratio\": " << proxy_ns / plain_ns << "}\n";
}

}  // namespace

int main(int argc, char** argv)
try {
    if (argc > 2) {
        std::cerr << "usage: local_queue [SECONDS]\n";
        return 2;
    }
    const double seconds = argc == 2 ? std::stod(argv[1]) : 3;
    quaymaster::base_manager manager{{"127.0.0.1", 0}, "a key that nobody needs"};
    manager.register_queue("get_queue");
    manager.start();
    measure(manager, "str", std::string(item_size, 'x'), seconds / 2);
    measure(manager, "bytes", quaymaster::bytes(item_size, std::byte{1}), seconds / 2);
    return 0;
} catch (const std::exception& error) {
    std::cerr << "local_queue: " << error.what() << '\n';
    return 1;
}
