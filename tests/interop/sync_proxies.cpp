// sync_proxies: tries every proxy of sync_manager on the server of sync_server.py: sync_proxies HOST PORT KEY_FILE PYTHON_VERSION
#include <quaymaster/sync_manager.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <future>
#include <iostream>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

using namespace quaymaster;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

int checks = 0;

void expect(bool is_true, const std::string& what)
{
    ++checks;
    if (!is_true)
        throw std::runtime_error{"not so: " + what};
}

#define EXPECT(...) expect((__VA_ARGS__), std::to_string(__LINE__) + ": " #__VA_ARGS__)

/// The remote_error that `call` throws.
template <class Error = remote_error, class Call>
Error raised_by(Call call)
{
    try {
        call();
    } catch (const Error& raised) {
        ++checks;
        return raised;
    }
    throw std::runtime_error{"nothing was raised"};
}

template <class Call>
std::string type_raised_by(Call call)
{
    return raised_by(call).type_name();
}

template <class Call>
auto on_another_thread(Call call)
{
    return std::async(std::launch::async, call).get();
}

/// Until `is_true()`, for ten seconds.
template <class Predicate>
bool soon(Predicate is_true)
{
    for (const auto end = steady_clock::now() + 10s; steady_clock::now() < end; std::this_thread::sleep_for(2ms))
        if (is_true())
            return true;
    return false;
}

void try_calls(sync_manager& manager)
{
    const auto counter = manager.create_proxy("get_counter");
    EXPECT(counter.call<int>("increment", 5) == 5);
    EXPECT(counter.call<std::int64_t>("increment", kw("by", 2)) == 7);
    EXPECT(counter.call("increment") == value{8});
    EXPECT(counter.call("increment", {value{1}}) == value{9});
    EXPECT(counter.call("increment", {}, {{"by", 1}}) == value{10});
    EXPECT(counter.call<double>("increment", -2.5) == 7.5);
    EXPECT(counter.call<double>("increment", 2.5) == 10.0);

    const std::vector<std::string> words{"na\u00efve", "", "plain"};
    const auto description = counter.call<std::map<std::string, value>>("describe", words, kw("scale", 0.5),
                                                                        kw("more", std::map<std::string, int>{{"a", 1}}));
    EXPECT(decode<std::vector<std::string>>(description.at("words")) == words);
    EXPECT(description.at("scale") == value{0.5});
    EXPECT(description.at("others") == value::dict({{"more", value::dict({{"a", 1}})}}));
    raised_by<conversion_error>([&] { return counter.call<std::string>("increment", 0); });

    auto raised = raised_by([&] { counter.call<void>("fail", "no\u20ac"); });
    EXPECT(raised.type_name() == "ValueError" && raised.text() == "no\u20ac" && raised.traceback().empty());
    EXPECT(raised_by([&] { counter.call<void>("fail", 1, 2.5, nullptr); }).text() == "(1, 2.5, None)");
    EXPECT(raised_by([&] { counter.call<void>("fail", std::vector<int>{1, 2}); }).text() == "[1, 2]");
    EXPECT(raised_by([&] { counter.call<void>("fail"); }).text().empty());
    raised = raised_by([&] { counter.call<void>("nonsense"); });
    EXPECT(raised.type_name() == "AttributeError" || raised.type_name() == "KeyError");
    EXPECT(raised.traceback().find("Traceback") == 0 && raised.text().find("increment") != std::string::npos);
    raised = raised_by([&] { counter.call<void>("give_a_lock"); });
    EXPECT(raised.text().find("Unserializable") == 0);

    const auto exposed = counter.exposed();
    EXPECT(std::find(exposed.begin(), exposed.end(), "increment") != exposed.end());
}

/// Soon: a thread of CPython's server may still look at what its last request was about.
bool falls_to(int expected, const proxy& counter)
{
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (counter.call<int>("alive") != expected) {
        if (std::chrono::steady_clock::now() > end)
            return false;
        std::this_thread::sleep_for(10ms);
    }
    return true;
}

void try_proxy_results(sync_manager& manager)
{
    const proxy counter = manager.create<proxy>("Counter", 3);
    {
        const proxy child = counter.call<proxy>("child");
        EXPECT(child.typeid_name() == "Child" && child.ident() != counter.ident());
        EXPECT(child.call<int>("increment") == 101);
        const proxy grandchild = child.call<proxy>("child");
        EXPECT(grandchild.call<int>("increment") == 101);
        EXPECT(child.call<int>("increment") == 102 && child.call<int>("alive") == 4);
    }
    EXPECT(falls_to(2, counter));  // this one and get_counter's
    std::vector<int> counted;
    for (const int each : iterate<int>(counter.call<proxy>("count_down")))
        counted.push_back(each);
    EXPECT(counted == std::vector<int>{3, 2, 1});
    // Each of these stays in the server, where nobody will ever use it: it must not stay for ever.
    for (int i = 0; i < 20; ++i)
        raised_by<error>([&] { counter.call("child"); });
    raised_by<error>([&] { return counter.call<proxy>("increment"); });
    EXPECT(falls_to(2, counter));
}

void try_list(sync_manager& manager)
{
    const auto list = manager.list<int>();
    EXPECT(list.empty());
    for (int i = 0; i < 5; ++i)
        list.push_back(i);
    list.extend(std::vector<int>{7, 6});
    EXPECT(list.size() == 7 && list.at(0) == 0 && list.at(-1) == 6);
    list[0] = 40;
    list[1] = list[0];
    EXPECT(list[1] == 40);
    const int second = list[1];
    EXPECT(second == 40);
    EXPECT(list.to_vector() == std::vector<int>{40, 40, 2, 3, 4, 7, 6});
    list.sort();
    list.reverse();
    EXPECT(list.to_vector() == std::vector<int>{40, 40, 7, 6, 4, 3, 2});
    list.sort();
    EXPECT(list.at(0) == 2);
    list.sort_descending();
    EXPECT(list.contains(7) && !list.contains(8) && list.index(7) == 2 && list.count(40) == 2);
    EXPECT(list.pop() == 2 && list.pop(0) == 40);
    list.insert(0, 9);
    list.insert(-1, 10);
    list.erase(1);
    list.remove(7);
    EXPECT(list.to_vector() == std::vector<int>{9, 6, 4, 10, 3});
    EXPECT(type_raised_by([&] { return list.at(5); }) == "IndexError");
    EXPECT(type_raised_by([&] { list.erase(-6); }) == "IndexError");
    EXPECT(type_raised_by([&] { list.remove(7); }) == "ValueError");
    EXPECT(type_raised_by([&] { return list.index(7); }) == "ValueError");
    list.clear();
    EXPECT(list.empty() && list.begin() == list.end());
    EXPECT(type_raised_by([&] { list.pop(); }) == "IndexError");

    std::vector<std::string> many;
    for (int i = 0; i < 150; ++i)
        many.push_back("item " + std::to_string(i));
    const auto texts = manager.list(many);
    std::vector<std::string> read;
    for (const std::string& each : texts)
        read.push_back(each);
    EXPECT(read == many);
    read.clear();
    for (const auto& each : iterate<std::string>(texts))
        read.push_back(each);
    EXPECT(read == many);
    EXPECT(texts[3] == "item 3");
    const auto flags = manager.list<bool>({true, false});
    EXPECT(flags.to_vector() == std::vector<bool>{true, false});
    EXPECT(*flags.begin());
    const auto mixed = manager.list();
    mixed.push_back(value::tuple({1, "a", value{}}));
    mixed.push_back(2.5);
    EXPECT(mixed.at(0)[1] == value{"a"} && mixed.at(1) == value{2.5});
}

void try_dict(sync_manager& manager)
{
    const auto dict = manager.dict<std::string, int>();
    dict["a"] = 1;
    dict.set("b", 2);
    dict.update(std::map<std::string, int>{{"c", 3}, {"d", 4}});
    EXPECT(dict.size() == 4 && dict.contains("a") && !dict.contains("z"));
    EXPECT(dict.at("b") == 2 && dict["c"] == 3 && dict.get("d") == 4 && !dict.get("z"));
    const auto raised = raised_by([&] { return dict.at("z"); });
    EXPECT(raised.type_name() == "KeyError" && raised.text().find("'z'") != std::string::npos);
    EXPECT(dict.setdefault("a", 9) == 1 && dict.setdefault("e", 5) == 5);
    auto keys = dict.keys();
    auto values = dict.values();
    std::sort(keys.begin(), keys.end());
    std::sort(values.begin(), values.end());
    EXPECT(keys == std::vector<std::string>{"a", "b", "c", "d", "e"});
    EXPECT(values == std::vector<int>{1, 2, 3, 4, 5});
    const std::map<std::string, int> all{{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}, {"e", 5}};
    EXPECT(dict.to_map<std::map<std::string, int>>() == all);
    const auto items = dict.items();
    EXPECT(std::map<std::string, int>(items.begin(), items.end()) == all);
    std::map<std::string, int> met;
    for (const auto& [key, item] : dict)
        met.emplace(key, item);
    EXPECT(met == all);
    std::size_t count = 0;
    for (const auto& key : iterate<std::string>(dict))
        count += all.count(key);
    EXPECT(count == 5);
    EXPECT(dict.erase("a") && !dict.erase("a"));
    EXPECT(dict.pop("b") == 2 && dict.pop("b", -1) == -1);
    EXPECT(type_raised_by([&] { dict.pop("b"); }) == "KeyError");
    EXPECT(all.count(dict.popitem().first) == 1 && dict.size() == 2);
    dict.clear();
    EXPECT(dict.empty() && dict.begin() == dict.end());
    EXPECT(type_raised_by([&] { dict.popitem(); }) == "KeyError");
    EXPECT(type_raised_by([&] { manager.dict().set(value::list({}), 1); }) == "TypeError");

    const auto optionals = manager.dict(std::map<int, std::optional<int>>{{1, std::nullopt}, {2, 2}});
    EXPECT(optionals.get(1).has_value() && !*optionals.get(1) && !optionals.get(3).has_value());
}

void try_values(sync_manager& manager, bool is_python2)
{
    const auto number = manager.value<double>("d", 1.5);
    EXPECT(number.get() == 1.5);
    number.set(-2);
    EXPECT(number.get() == -2);
    EXPECT(number.text().find("Value(") == 0);

    const auto space = manager.namespace_(kw("x", 10), kw("name", "task"));
    EXPECT(space.get<int>("x") == 10 && space.get<std::string>("name") == "task");
    space.set("x", std::vector<int>{1, 2});
    EXPECT(space.get("x") == value::list({1, 2}));
    EXPECT(space.contains("x") && !space.contains("y"));
    EXPECT(space.erase("x") && !space.erase("x") && !space.contains("x"));
    EXPECT(type_raised_by([&] { return space.get("x"); }) == "AttributeError");

    for (const char* typecode : {"b", "h", "i", "l", "q", "f", "d"}) {
        if (is_python2 && typecode == std::string{"q"})
            continue;
        const auto array =
            manager.array<double>(typecode == std::string{"f"} || typecode == std::string{"d"} ? typecode : "d", {1, 2});
        EXPECT(array.to_vector() == std::vector<double>{1, 2});
        const auto numbers = manager.array<int>(typecode, {1, -2, 3});
        if (std::string{"fd"}.find(typecode) == std::string::npos) {
            EXPECT(numbers.size() == 3 && numbers.at(-1) == 3);
            numbers[0] = -7;
            numbers.set(1, 8);
            EXPECT(numbers.to_vector() == std::vector<int>{-7, 8, 3});
        }
    }
    std::vector<std::uint64_t> many(3000);
    for (std::size_t i = 0; i < many.size(); ++i)
        many[i] = ~std::uint64_t{i};
    const auto array = manager.array(is_python2 ? "L" : "Q", many);
    std::vector<std::uint64_t> read;
    for (const std::uint64_t each : array)
        read.push_back(each);
    EXPECT(read == many && array.to_vector() == many);
    EXPECT(type_raised_by([&] { return array.at(3000); }) == "IndexError");
    EXPECT(type_raised_by([&] { manager.array<int>("b", {1}).set(0, 300); }) == "OverflowError");
}

/// Proxies inside the objects of the server, which hold them and hand them out.
void try_nested(sync_manager& manager)
{
    const auto outer = manager.list<proxy>();
    {
        const auto inner = manager.dict<std::string, int>();
        inner["a"] = 1;
        outer.push_back(inner);
        outer.push_back(manager.lock());
        outer.push_back(inner);
    }
    const auto found = outer.call<dict_proxy<std::string, int>>("__getitem__", 0);
    EXPECT(found.typeid_name() == "dict" && found.at("a") == 1);
    found["b"] = 2;
    EXPECT(dict_proxy<std::string, int>{outer.at(2)}.at("b") == 2);
    EXPECT(lock_proxy{outer.at(1)}.try_lock() && !lock_proxy{outer.at(1)}.try_lock());
    const value all = outer.call<value>("__getitem__", 0);
    EXPECT(outer.rebuild<dict_proxy<std::string, int>>(all).size() == 2);
    EXPECT(found.ident() == outer.at(2).ident());
    raised_by<error>([&] { return outer.rebuild(value{1}); });
    outer.clear();
    EXPECT(found.size() == 2);
}

void try_locks(sync_manager& manager, bool is_python2)
{
    const auto lock = manager.lock();
    {
        const std::unique_lock held{lock};
        EXPECT(!lock.try_lock());
        EXPECT(!on_another_thread([&] { return lock.try_lock(); }));
        if (is_python2) {
            EXPECT(type_raised_by([&] { return lock.try_lock_for(20ms); }) == "TypeError");
        } else {
            const auto begin = steady_clock::now();
            EXPECT(!lock.try_lock_for(120ms) && steady_clock::now() - begin >= 120ms);
            EXPECT(!lock.try_lock_until(std::chrono::system_clock::now() + 20ms));
        }
    }
    EXPECT(lock.try_lock());
    // A waiter that gets it, several slices later.
    auto waiter = std::async(std::launch::async, [&] {
        lock.lock();
        lock.release();
    });
    EXPECT(waiter.wait_for(300ms) == std::future_status::timeout);
    lock.unlock();
    waiter.get();
    raised_by([&] { lock.release(); });
    lock.unlock();  // drops the error

    const auto recursive = manager.rlock();
    {
        const std::scoped_lock held{recursive};
        EXPECT(recursive.try_lock());
        EXPECT(!on_another_thread([&] { return recursive.try_lock(); }));
        recursive.release();
        EXPECT(!on_another_thread([&] { return recursive.try_lock(); }));
    }
    EXPECT(on_another_thread([&] { return recursive.try_lock(); }));

    int counted = 0;  // guarded by the lock in the server
    {
        std::vector<std::future<void>> threads;
        for (int i = 0; i < 4; ++i)
            threads.push_back(std::async(std::launch::async, [&] {
                for (int j = 0; j < 25; ++j) {
                    const std::lock_guard held{lock};
                    ++counted;
                }
            }));
    }
    EXPECT(counted == 100);

    const auto semaphore = manager.semaphore(2);
    semaphore.acquire();
    EXPECT(semaphore.try_acquire() && !semaphore.try_acquire());
    if (!is_python2)
        EXPECT(!semaphore.try_acquire_for(20ms));
    auto taker = std::async(std::launch::async, [&] { semaphore.acquire(); });
    EXPECT(taker.wait_for(30ms) == std::future_status::timeout);
    semaphore.release();
    taker.get();
    const auto bounded = manager.bounded_semaphore(1);
    EXPECT(type_raised_by([&] { bounded.release(); }) == "ValueError");
}

void try_events(sync_manager& manager, bool is_python2)
{
    const auto event = manager.event();
    EXPECT(!event.is_set());
    const auto begin = steady_clock::now();
    EXPECT(!event.wait_for(120ms) && steady_clock::now() - begin >= 120ms);
    EXPECT(!event.wait_until(steady_clock::now() - 1s));
    auto waiter = std::async(std::launch::async, [&] {
        event.wait();
        return event.wait_for(10s);
    });
    EXPECT(waiter.wait_for(250ms) == std::future_status::timeout);
    event.set();
    EXPECT(waiter.get() && event.is_set());
    event.clear();
    EXPECT(!event.is_set());

    const auto condition = manager.condition();
    int ready = 0;  // guarded by the condition's lock in the server
    std::vector<std::future<int>> waiters;
    for (int i = 0; i < 3; ++i)
        waiters.push_back(std::async(std::launch::async, [&] {
            const std::unique_lock held{condition};
            condition.wait([&] { return ready != 0; });
            return ready--;
        }));
    const auto left = [&] {
        return std::count_if(waiters.begin(), waiters.end(),
                             [](auto& each) { return each.wait_for(0s) != std::future_status::ready; });
    };
    EXPECT(waiters.front().wait_for(150ms) == std::future_status::timeout);
    for (int expected : {2, 0}) {
        const std::unique_lock held{condition};
        ready = expected == 2 ? 1 : 2;
        if (expected == 2)
            condition.notify_one();
        else
            condition.notify_all();
        condition.unlock();
        EXPECT(soon([&] { return left() == expected; }));
        condition.lock();
    }
    {
        const std::unique_lock held{condition};
        if (!is_python2)
            EXPECT(!condition.wait_for(30ms));
        EXPECT(!condition.wait_for(30ms, [] { return false; }));
        EXPECT(condition.wait_for(30ms, [] { return true; }));
    }
    raised_by([&] { condition.notify_one(); });
    raised_by([&] { condition.wait(); });

    const auto lock = manager.lock();
    const auto asked = manager.condition(lock);
    const auto answered = manager.condition(lock);
    int turn = 0;  // guarded by the lock in the server; even: to be asked
    auto answerer = std::async(std::launch::async, [&] {
        for (int i = 0; i < 10; ++i) {
            const std::unique_lock held{lock};
            asked.wait([&] { return turn % 2 != 0; });
            ++turn;
            answered.notify_one();
        }
    });
    for (int i = 0; i < 10; ++i) {
        const std::unique_lock held{answered};
        ++turn;
        asked.notify_one();
        answered.wait([&] { return turn % 2 == 0; });
    }
    answerer.get();
    EXPECT(turn == 20 && lock.try_lock());
    if (is_python2) {  // whose servers use an RLock itself, not a proxy of it
        const auto recursive = manager.rlock();
        const auto over_recursive = manager.condition(recursive);
        const std::scoped_lock held{recursive, over_recursive};
        EXPECT(over_recursive.wait_for(1ms, [] { return true; }));
        over_recursive.notify_all();
    }
}

void try_barriers(sync_manager& manager)
{
    const auto barrier = manager.barrier(3);
    EXPECT(barrier.parties() == 3 && barrier.n_waiting() == 0 && !barrier.broken());
    std::vector<std::future<std::size_t>> others;
    for (int i = 0; i < 2; ++i)
        others.push_back(std::async(std::launch::async, [&] { return barrier.arrive_and_wait(); }));
    EXPECT(soon([&] { return barrier.n_waiting() == 2; }));
    std::this_thread::sleep_for(150ms);  // several slices: a wait cut at one would break the barrier
    std::vector<std::size_t> places{barrier.arrive_and_wait_for(10s)};
    for (auto& each : others)
        places.push_back(each.get());
    std::sort(places.begin(), places.end());
    EXPECT(places == std::vector<std::size_t>{0, 1, 2});

    auto broken = std::async(std::launch::async, [&] { return barrier.arrive_and_wait(); });
    EXPECT(soon([&] { return barrier.n_waiting() == 1; }));
    raised_by<broken_barrier>([&] { barrier.arrive_and_wait_for(20ms); });
    raised_by<broken_barrier>([&] { broken.get(); });
    EXPECT(barrier.broken());
    barrier.reset();
    EXPECT(!barrier.broken());
    barrier.abort();
    EXPECT(barrier.broken());
    raised_by<broken_barrier>([&] { barrier.arrive_and_wait(); });
}

void try_queues(sync_manager& manager)
{
    const auto queue = manager.queue<std::string>(1);
    queue.put("a");
    EXPECT(queue.full() && queue.get() == "a");
    const auto joinable = manager.joinable_queue<int>();
    joinable.put(1);
    EXPECT(joinable.get() == 1);
    joinable.task_done();
    joinable.join();
}

}  // namespace

int main(int argc, char** argv)
try {
    if (argc != 5) {
        std::cerr << "usage: sync_proxies HOST PORT KEY_FILE PYTHON_VERSION\n";
        return 2;
    }
    const bool is_python2 = std::string{argv[4]}.starts_with("2.");
    manager_options options;
    options.client.wait_slice = 50ms;  // so that waits of fractions of a second are cut
    sync_manager manager{{argv[1], static_cast<std::uint16_t>(std::stoi(argv[2]))}, authkey::from_file(argv[3]), options};
    manager.connect();
    try_calls(manager);
    try_proxy_results(manager);
    try_list(manager);
    try_dict(manager);
    try_values(manager, is_python2);
    if (!is_python2)  // whose servers keep the object itself, and cannot send it
        try_nested(manager);
    try_locks(manager, is_python2);
    try_events(manager, is_python2);
    if (!is_python2)
        try_barriers(manager);
    try_queues(manager);
    std::cout << checks << " checks\n";
    return 0;
} catch (const std::exception& failed) {
    std::cerr << "sync_proxies: " << failed.what() << '\n';
    return 1;
}
