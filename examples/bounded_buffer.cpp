// bounded_buffer: a classic of threads, between programs: a list with room for a few items, a lock and two conditions over it.
// Start
//
//     QUAYMASTER_AUTHKEY=abc quaymaster serve --port 5000 --share buffer=list --share lock=RLock --share conditions=dict
//
// then bounded_buffer --produce 20 and bounded_buffer --consume 20, or python/bounded_buffer.py, any number of each.
// (A queue with a maxsize does the same in one request: this is for waits that no queue knows, with predicates of your own.)
#include "arguments.hpp"

#include <quaymaster/quaymaster.hpp>

#include <iostream>
#include <mutex>
#include <string>
#include <utility>

namespace qm = quaymaster;

using item = std::pair<std::string, int>;  // who made it, and its number

namespace {

class bounded_buffer {
public:
    bounded_buffer(qm::sync_manager& manager, std::size_t capacity)
        : capacity_{capacity},
          items_{manager.create_proxy("buffer")},
          lock_{manager.create_proxy("lock")},
          not_full_{condition_called("not_full", manager)},
          not_empty_{condition_called("not_empty", manager)}
    {
    }

    void put(const item& made) const
    {
        const std::unique_lock held{lock_};
        not_full_.wait([&] { return items_.size() < capacity_; });
        items_.push_back(made);
        not_empty_.notify_one();
    }

    [[nodiscard]] item get() const
    {
        const std::unique_lock held{lock_};
        not_empty_.wait([&] { return !items_.empty(); });
        item taken = items_.pop(0);
        not_full_.notify_one();
        return taken;
    }

private:
    /// Whoever comes first makes it; proxies in a dict keep what they stand for.
    qm::condition_proxy condition_called(const std::string& name, qm::sync_manager& manager) const
    {
        const qm::dict_proxy<std::string, qm::condition_proxy> conditions{manager.create_proxy("conditions")};
        return conditions.setdefault(name, manager.condition(lock_));
    }

    std::size_t capacity_;
    qm::list_proxy<item> items_;
    qm::recursive_lock_proxy lock_;  // not a Lock: this one is released if a program dies that holds it
    qm::condition_proxy not_full_;
    qm::condition_proxy not_empty_;
};

}  // namespace

int main(int argc, char** argv)
try {
    const arguments options{
        argc, argv, {"--host", "--port", "--authkey-file", "--name", "--produce", "--consume", "--capacity"}};
    if (!options.has("--produce") && !options.has("--consume"))
        options.refuse("nothing to do: --produce NUMBER, or --consume NUMBER");
    qm::sync_manager manager{{options.text("--host", "127.0.0.1"), options.number<std::uint16_t>("--port", 5000)},
                             options.authkey()};
    manager.connect();
    const bounded_buffer buffer{manager, options.number<std::size_t>("--capacity", 4)};
    for (int number = 0; number < options.number("--produce", 0); ++number)
        buffer.put({options.text("--name", "C++"), number});
    for (int left = options.number("--consume", 0); left > 0; --left) {
        const auto [maker, number] = buffer.get();
        std::cout << maker << ' ' << number << std::endl;
    }
} catch (const std::exception& failure) {
    std::cerr << "bounded_buffer: " << failure.what() << '\n';
    return 1;
}
