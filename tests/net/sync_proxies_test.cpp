// The proxies of what a SyncManager shares: what they ask of a server, and what they make of its answers. How they get on with
// servers of Python is in tests/interop.
#include "scripted_server.hpp"

#include <quaymaster/sync_manager.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <ranges>
#include <thread>

using namespace quaymaster;
using namespace std::chrono_literals;
using client_testing::connected_to;
using client_testing::scripted_answer;
using client_testing::scripted_call;
using client_testing::scripted_server;
using client_testing::scripted_silence;
using client_testing::short_limits;
using wire::builtin_exception;

namespace {

using texts = std::vector<std::string>;
using clock_type = std::chrono::steady_clock;

scripted_server::script always(scripted_answer answer)
{
    return [answer = std::move(answer)](const scripted_call&) { return answer; };
}

manager_options slices_of(std::chrono::milliseconds slice)
{
    manager_options options = short_limits();
    options.client.wait_slice = slice;
    return options;
}

value list_of(std::initializer_list<value> items)
{
    return value::list(items);
}

value array_of(const char* typecode, const value& items)
{
    return value::object(value::global("array", "array"), {typecode, items});
}

/// What CPython's server answers for a dict's keys() and its kind.
value view_of(const value& items)
{
    return value::object(value::global("builtins", "list"), {items});
}

static_assert(std::ranges::input_range<const list_proxy<int>>);
static_assert(std::ranges::input_range<const dict_proxy<std::string, int>>);
static_assert(std::ranges::input_range<const array_proxy<double>>);

}  // namespace

TEST_CASE("sync_manager creates by the names that Python's has", "[net][client][sync]")
{
    const scripted_server server{always(value{})};
    auto manager = connected_to<sync_manager>(server);
    (void)manager.list<int>();
    (void)manager.list<int>({1, 2});
    (void)manager.dict<std::string, int>();
    (void)manager.dict(std::map<std::string, int>{{"a", 1}});
    (void)manager.value<int>("i", 5);
    (void)manager.array<double>("d", {1, 2});
    (void)manager.namespace_(kw("x", 10), kw("name", "task"));
    (void)manager.lock();
    (void)manager.rlock();
    (void)manager.semaphore(2);
    (void)manager.bounded_semaphore();
    (void)manager.condition();
    (void)manager.event();
    (void)manager.barrier(3);
    (void)manager.queue<int>();
    (void)manager.joinable_queue<int>(10);

    texts created;
    for (const std::string& each : server.functions())
        if (each.starts_with("create("))
            created.push_back(each.substr(7, each.size() - 8));
    CHECK(created == texts{"'list'", "'list', [1, 2]", "'dict'", "'dict', {'a': 1}", "'Value', 'i', 5",
                           "'Array', 'd', [1.0, 2.0]", "'Namespace', x=10, name='task'", "'Lock'", "'RLock'", "'Semaphore', 2",
                           "'BoundedSemaphore', 1", "'Condition'", "'Event'", "'Barrier', 3", "'Queue', 0",
                           "'JoinableQueue', 10"});
}

TEST_CASE("lock() waits in slices until the lock is to be had", "[net][client][sync]")
{
    int refusals = 2;
    const scripted_server server{[&](const scripted_call& call) -> scripted_answer {
        return call.method == "acquire" ? value{refusals-- == 0} : value{};
    }};
    auto manager = connected_to<sync_manager>(server, slices_of(1500ms));
    const auto lock = manager.lock();
    {
        const std::unique_lock held{lock};
        CHECK(server.calls() == texts{"acquire(True, 1.5)", "acquire(True, 1.5)", "acquire(True, 1.5)"});
    }
    CHECK(server.calls().back() == "release()");
}

TEST_CASE("try_lock() and its kind wait as long as asked", "[net][client][sync]")
{
    const scripted_server server{always(value{false})};
    auto manager = connected_to<sync_manager>(server);
    const auto lock = manager.lock();

    SECTION("not at all") {
        CHECK_FALSE(lock.try_lock());
        CHECK_FALSE(lock.try_lock_for(0s));
        CHECK_FALSE(lock.try_lock_for(-1h));
        CHECK_FALSE(lock.try_lock_until(clock_type::now() - 1s));
        CHECK_FALSE(lock.try_lock_until(clock_type::time_point::min()));
        for (const std::string& each : server.calls())
            CHECK(each == "acquire(False)");
    }
    SECTION("rounded up to milliseconds") {
        CHECK_FALSE(lock.try_lock_for(std::chrono::nanoseconds{1}));
        CHECK(server.calls().front() == "acquire(True, 0.001)");
    }
    SECTION("until the time is over, though the server answers at once") {
        const auto begin = clock_type::now();
        CHECK_FALSE(lock.try_lock_for(20ms));
        CHECK(clock_type::now() - begin >= 20ms);
        CHECK(server.calls().front() == "acquire(True, 0.02)");
    }
}

TEST_CASE("a timeout beyond what clocks can count is no limit", "[net][client][sync]")
{
    const scripted_server server{always(value{true})};
    auto manager = connected_to<sync_manager>(server, slices_of(2s));
    const auto lock = manager.lock();
    CHECK(lock.try_lock_for(std::chrono::hours::max()));
    CHECK(lock.try_lock_for(std::chrono::duration<double>{1e300}));
    CHECK(lock.try_lock_until(std::chrono::system_clock::time_point::max()));
    CHECK(manager.event().wait_for(std::chrono::years{5}));
    CHECK(server.calls() == texts{"acquire(True, 2.0)", "acquire(True, 2.0)", "acquire(True, 2.0)", "wait()"});
}

TEST_CASE("unlock() drops the error that release() throws", "[net][client][sync]")
{
    const scripted_server server{always(builtin_exception("RuntimeError", "release unlocked lock"))};
    auto manager = connected_to<sync_manager>(server);
    const auto lock = manager.lock();
    lock.unlock();
    CHECK_THROWS_AS(lock.release(), remote_error);
}

TEST_CASE("a lock of Python 2, which knows no timeouts, is waited for without", "[net][client][sync]")
{
    const scripted_server server{[](const scripted_call& call) -> scripted_answer {
        if (call.positional.size() > 1)
            return builtin_exception("TypeError", "acquire() takes at most 1 argument (2 given)");
        return value{true};
    }};
    auto manager = connected_to<sync_manager>(server, slices_of(1s));
    const auto lock = manager.lock();
    lock.lock();
    CHECK(server.calls() == texts{"acquire(True, 1.0)", "acquire()"});
    CHECK(lock.try_lock());
    CHECK_THROWS_AS(lock.try_lock_for(5s), remote_error);
}

TEST_CASE("semaphores are released once, or many times at once", "[net][client][sync]")
{
    const scripted_server server{always(value{true})};
    auto manager = connected_to<sync_manager>(server, slices_of(1s));
    const auto semaphore = manager.semaphore(2);
    semaphore.acquire();
    CHECK(semaphore.try_acquire());
    CHECK(semaphore.try_acquire_for(500ms));
    semaphore.release();
    semaphore.release(3);
    CHECK(server.calls() == texts{"acquire(True, 1.0)", "acquire(False)", "acquire(True, 0.5)", "release()", "release(3)"});
}

TEST_CASE("event and condition wait in one request", "[net][client][sync]")
{
    const scripted_server server{always(value{true})};
    auto manager = connected_to<sync_manager>(server, slices_of(10ms));
    const auto event = manager.event();
    event.set();
    event.clear();
    CHECK(event.is_set());
    event.wait();
    CHECK(event.wait_for(2500ms));
    const auto condition = manager.condition();
    condition.wait();
    CHECK(condition.wait_for(1s));
    condition.notify_one();
    condition.notify(2);
    condition.notify_all();
    CHECK(server.calls() == texts{"set()", "clear()", "is_set()", "wait()", "wait(2.5)", "wait()", "wait(1.0)", "notify(1)",
                                  "notify(2)", "notify_all()"});
}

TEST_CASE("condition.wait(predicate) waits until it holds", "[net][client][sync]")
{
    const scripted_server server{always(value{true})};
    auto manager = connected_to<sync_manager>(server);
    const auto condition = manager.condition();
    int asked = 0;
    SECTION("as often as it takes") {
        condition.wait([&] { return ++asked == 3; });
        CHECK(server.calls() == texts{"wait()", "wait()"});
    }
    SECTION("not at all if it holds already") {
        condition.wait([] { return true; });
        CHECK(condition.wait_for(0s, [] { return true; }));
        CHECK(server.calls().empty());
    }
    SECTION("up to a limit") {
        const auto begin = clock_type::now();
        CHECK_FALSE(condition.wait_for(20ms, [] { return false; }));
        CHECK(clock_type::now() - begin >= 20ms);
        CHECK(condition.wait_for(10s, [&] { return ++asked == 3; }));
    }
}

TEST_CASE("condition(lock) sends the lock's proxy", "[net][client][sync]")
{
    const scripted_server server{always(value{})};
    auto manager = connected_to<sync_manager>(server);
    const auto gate = manager.create<lock_proxy>("gate");
    const auto condition = manager.condition(gate);
    CHECK(condition.typeid_name() == "Condition");
    CHECK(condition.ident() == "2");
    const texts asked = server.functions();
    CHECK(std::count(asked.begin(), asked.end(), "create('Condition', " + gate.pickled().repr() + ")") == 1);
}

TEST_CASE("conditions over one lock share it", "[net][sync]")
{
    sync_manager serving{{"127.0.0.1", 0}, "abc", short_limits()};
    serving.register_sync_types();
    serving.start();
    sync_manager client{serving.address(), "abc", short_limits()};
    client.connect();
    const bool is_recursive = GENERATE(false, true);
    const bool is_local = GENERATE(false, true);
    CAPTURE(is_recursive, is_local);
    sync_manager& manager = is_local ? serving : client;
    const lock_proxy lock = is_recursive ? manager.rlock() : manager.lock();
    const auto not_full = manager.condition(lock);
    const auto not_empty = manager.condition(lock);

    SECTION("each wakes its own") {
        constexpr int count = 20;
        const auto place = manager.list<int>();  // room for one
        std::thread producer{[&] {
            for (int item = 0; item < count; ++item) {
                const std::unique_lock held{lock};
                not_full.wait([&] { return place.empty(); });
                place.push_back(item);
                not_empty.notify_one();
            }
        }};
        std::vector<int> got;
        for (int i = 0; i < count; ++i) {
            const std::unique_lock held{not_empty};
            not_empty.wait([&] { return !place.empty(); });
            got.push_back(place.pop());
            not_full.notify_one();
        }
        producer.join();
        for (int i = 0; i < count; ++i)
            CHECK(got[static_cast<std::size_t>(i)] == i);
    }
    SECTION("who holds one holds the others") {
        const std::unique_lock held{not_full};
        CHECK(lock.try_lock() == is_recursive);
        CHECK(not_empty.try_lock() == is_recursive);
        CHECK_NOTHROW(not_empty.notify_all());
    }
    SECTION("a condition is no lock for another") {
        CHECK_THROWS_WITH(manager.condition(not_full), Catch::StartsWith("TypeError") && Catch::Contains("Lock"));
    }
}

TEST_CASE("a server that lives and does not answer a wait is given up after the timeout and call_deadline",
          "[net][client][sync]")
{
    const scripted_server server{always(scripted_silence{})};
    manager_options options = slices_of(30ms);
    options.client.call_deadline = 100ms;
    auto manager = connected_to<sync_manager>(server, options);
    const auto begin = clock_type::now();
    SECTION("an event") {
        CHECK_THROWS_AS(manager.event().wait_for(50ms), deadline_exceeded);
    }
    SECTION("a lock") {
        CHECK_THROWS_AS(manager.lock().lock(), deadline_exceeded);
    }
    SECTION("a barrier") {
        CHECK_THROWS_AS(manager.barrier(2).arrive_and_wait_for(50ms), deadline_exceeded);
    }
    CHECK(clock_type::now() - begin >= 130ms);
    CHECK(server.calls().size() == 1);
}

TEST_CASE("a wait without limit asks every slice whether the server lives", "[net][client][sync]")
{
    std::optional<scripted_server> server{std::in_place, always(scripted_silence{})};
    auto manager = connected_to<sync_manager>(*server, slices_of(20ms));
    const auto event = manager.event();
    std::thread ender{[&] {
        const auto probes = [&] {
            const texts asked = server->functions();
            return std::count(asked.begin(), asked.end(), "dummy()");
        };
        while (probes() < 4)
            std::this_thread::sleep_for(1ms);
        server.reset();
    }};
    CHECK_THROWS_AS(event.wait(), connection_lost);
    ender.join();
}

TEST_CASE("a broken barrier has an error of its own", "[net][client][sync]")
{
    const scripted_server server{always(wire::python_exception{"threading", "threading", "BrokenBarrierError", "", {}})};
    auto manager = connected_to<sync_manager>(server);
    CHECK_THROWS_AS(manager.barrier(2).arrive_and_wait(), broken_barrier);
    CHECK_THROWS_AS(manager.barrier(2).arrive_and_wait_for(1s), broken_barrier);
}

TEST_CASE("a barrier tells what it knows", "[net][client][sync]")
{
    const scripted_server server{[](const scripted_call& call) -> scripted_answer {
        if (call.positional.empty() || call.positional.front().text() != "broken")
            return value{2};
        return value{false};
    }};
    auto manager = connected_to<sync_manager>(server);
    const auto barrier = manager.barrier(3);
    CHECK(barrier.parties() == 2);
    CHECK(barrier.n_waiting() == 2);
    CHECK_FALSE(barrier.broken());
    CHECK(barrier.arrive_and_wait() == 2);
    barrier.abort();
    barrier.reset();
    CHECK(server.calls() == texts{"__getattribute__('parties')", "__getattribute__('n_waiting')", "__getattribute__('broken')",
                                  "wait()", "abort()", "reset()"});
}

TEST_CASE("list_proxy asks as Python's does", "[net][client][sync]")
{
    const scripted_server server{always(value{5})};
    auto manager = connected_to<sync_manager>(server);
    const auto list = manager.list<int>();
    CHECK(list.size() == 5);
    CHECK(list.at(-1) == 5);
    list.set(0, 7);
    list[1] = 8;
    const int read = list[2];
    CHECK(read == 5);
    list[3] = list[4];
    list.push_back(9);
    list.extend(std::vector<int>{1, 2});
    list.insert(0, 3);
    list.erase(4);
    CHECK(list.pop() == 5);
    list.remove(6);
    list.clear();
    list.sort();
    list.sort_descending();
    list.reverse();
    CHECK(list.count(1) == 5);
    CHECK(list.index(2) == 5);
    CHECK(server.calls() == texts{"__len__()", "__getitem__(-1)", "__setitem__(0, 7)", "__setitem__(1, 8)", "__getitem__(2)",
                                  "__getitem__(4)", "__setitem__(3, 5)", "append(9)", "extend([1, 2])", "insert(0, 3)",
                                  "__delitem__(4)", "pop(-1)", "remove(6)", "__delitem__(slice(None, None, None))", "sort()",
                                  "sort(reverse=True)", "reverse()", "count(1)", "index(2)"});
}

TEST_CASE("list_proxy is read in pages until one is empty", "[net][client][sync]")
{
    int pages = 0;
    const scripted_server server{[&](const scripted_call&) -> scripted_answer {
        return ++pages < 3 ? list_of({1, 2}) : list_of({});
    }};
    auto manager = connected_to<sync_manager>(server);
    std::vector<int> met;
    for (const int each : manager.list<int>())
        met.push_back(each);
    CHECK(met == std::vector<int>{1, 2, 1, 2});
    CHECK(server.calls() ==
          texts{"__getitem__(slice(0, 64, None))", "__getitem__(slice(64, 128, None))", "__getitem__(slice(128, 192, None))"});
}

TEST_CASE("dict_proxy asks as Python's does", "[net][client][sync]")
{
    const value pair = value::tuple({"a", 1});
    const scripted_server server{[&](const scripted_call& call) -> scripted_answer {
        if (call.method == "keys")
            return view_of(list_of({"a"}));
        if (call.method == "values")
            return list_of({1});  // Python 2
        if (call.method == "items")
            return view_of(list_of({pair}));
        if (call.method == "popitem")
            return pair;
        if (call.method == "copy")
            return value::dict({{"a", 1}});
        return call.method == "__contains__" ? value{true} : value{5};
    }};
    auto manager = connected_to<sync_manager>(server);
    const auto dict = manager.dict<std::string, int>();
    dict["a"] = 1;
    CHECK(dict["a"] == 5);
    CHECK(dict.at("a") == 5);
    CHECK(dict.get("a") == 5);
    CHECK(dict.contains("a"));
    CHECK(dict.setdefault("a", 2) == 5);
    dict.update(std::map<std::string, int>{{"b", 3}});
    CHECK(dict.erase("a"));
    CHECK(dict.pop("a") == 5);
    CHECK(dict.pop("a", 4) == 5);
    dict.clear();
    CHECK(dict.popitem() == std::pair<std::string, int>{"a", 1});
    CHECK(dict.keys() == texts{"a"});
    CHECK(dict.values() == std::vector<int>{1});
    CHECK(dict.items() == std::vector<std::pair<std::string, int>>{{"a", 1}});
    CHECK(dict.to_map<std::map<std::string, int>>() == std::map<std::string, int>{{"a", 1}});
    for (const auto& [key, item] : dict)
        CHECK((key == "a" && item == 1));
    CHECK(server.calls() == texts{"__setitem__('a', 1)", "__getitem__('a')", "__getitem__('a')", "__getitem__('a')",
                                  "__contains__('a')", "setdefault('a', 2)", "update({'b': 3})", "__delitem__('a')", "pop('a')",
                                  "pop('a', 4)", "clear()", "popitem()", "keys()", "values()", "items()", "copy()", "items()"});
}

TEST_CASE("a key or attribute that is not there is an answer, whatever else is raised an error", "[net][client][sync]")
{
    const std::string type_name = GENERATE("KeyError", "AttributeError", "TypeError");
    CAPTURE(type_name);
    const scripted_server server{always(builtin_exception(type_name, "no"))};
    auto manager = connected_to<sync_manager>(server);
    const auto dict = manager.dict<std::string, int>();
    const auto space = manager.namespace_();
    if (type_name == "KeyError") {
        CHECK_FALSE(dict.get("a"));
        CHECK_FALSE(dict.erase("a"));
    } else {
        CHECK_THROWS_AS(dict.get("a"), remote_error);
        CHECK_THROWS_AS(dict.erase("a"), remote_error);
    }
    if (type_name == "AttributeError") {
        CHECK_FALSE(space.contains("a"));
        CHECK_FALSE(space.erase("a"));
    } else {
        CHECK_THROWS_AS(space.contains("a"), remote_error);
        CHECK_THROWS_AS(space.erase("a"), remote_error);
    }
    CHECK_THROWS_AS(dict.at("a"), remote_error);
    CHECK_THROWS_AS(space.get("a"), remote_error);
}

TEST_CASE("array_proxy reads arrays as any Python pickles them", "[net][client][sync]")
{
    const auto octets = [](std::initializer_list<unsigned char> all) {
        bytes made;
        for (const unsigned char each : all)
            made.push_back(std::byte{each});
        return value{made};
    };
    value answer;
    const scripted_server server{
        [&](const scripted_call& call) -> scripted_answer { return call.method == "__getitem__" ? answer : value{}; }};
    auto manager = connected_to<sync_manager>(server);
    const auto array = manager.array<int>("h", {1});
    SECTION("as octets") {
        answer = array_of("h", octets({1, 0, 0xfe, 0xff}));
        CHECK(array.to_vector() == std::vector<int>{1, -2});
    }
    SECTION("as a list") {
        answer = array_of("h", list_of({1, -2}));
        CHECK(array.to_vector() == std::vector<int>{1, -2});
    }
    SECTION("empty") {
        answer = value::object(value::global("array", "array"), {"h"});
        CHECK(array.to_vector().empty());
        CHECK(array.begin() == array.end());
    }
    SECTION("not what is none") {
        for (const value& each :
             {array_of("h", octets({1})), array_of("u", octets({1, 0, 0, 0})), array_of("hh", octets({1, 0})), value{5},
              value::object(value::global("os", "array"), {"h", list_of({})})}) {
            answer = each;
            CHECK_THROWS_AS(array.to_vector(), conversion_error);
        }
    }
}

TEST_CASE("a value and a namespace are read and set as any type", "[net][client][sync]")
{
    const scripted_server server{always(value{5})};
    auto manager = connected_to<sync_manager>(server);
    const auto number = manager.value<int>("i", 1);
    number.set(2);
    CHECK(number.get() == 5);
    const auto space = manager.namespace_();
    space.set("x", std::vector<int>{1});
    CHECK(space.get<int>("x") == 5);
    CHECK(space.contains("x"));
    CHECK(space.erase("x"));
    CHECK(server.calls() == texts{"set(2)", "get()", "__setattr__('x', [1])", "__getattribute__('x')", "__getattribute__('x')",
                                  "__delattr__('x')"});
}
