// Proxies in data, on a server whose clients have fallen silent.
#include "client_testing.hpp"

#include <quaymaster/class_definition.hpp>
#include <quaymaster/queue_proxy.hpp>
#include <quaymaster/server.hpp>
#include <quaymaster/sync_manager.hpp>

#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>
#include <utility>

using namespace client_testing;
using namespace quaymaster;

namespace {

/// Looks at the server from within: nobody calls it.
bool falls_to(std::size_t expected, const server& serving)
{
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (serving.statistics().objects != expected) {
        if (std::chrono::steady_clock::now() > end)
            return false;
        std::this_thread::sleep_for(10ms);
    }
    return true;
}

/// A process that runs `live` and then waits to be killed. No test waits for one that did not come so far.
class client_process {
public:
    template <class Live>
    explicit client_process(Live live)
    {
        int done[2];
        if (::pipe(done) != 0)
            throw std::runtime_error{"no pipe"};
        child_ = ::fork();
        if (child_ == 0) {
            ::alarm(60);
            live([&] {
                (void)!::write(done[1], "", 1);
                for (;;)
                    ::pause();
            });
            ::_exit(1);
        }
        ::close(done[1]);
        char octet = 0;
        has_lived_ = ::read(done[0], &octet, 1) == 1;
        ::close(done[0]);
    }
    client_process(const client_process&) = delete;
    client_process& operator=(const client_process&) = delete;
    ~client_process() { kill(); }

    [[nodiscard]] bool has_lived() const noexcept { return has_lived_; }
    void kill()
    {
        if (const pid_t child = std::exchange(child_, 0); child > 0) {
            ::kill(child, SIGKILL);
            ::waitpid(child, nullptr, 0);
        }
    }

private:
    pid_t child_ = 0;
    bool has_lived_ = false;
};

/// A class of the user's that keeps what it is given.
struct keeper {
    explicit keeper(value first) : kept{std::move(first)} {}
    void keep(value more) { kept = std::move(more); }
    value kept;
};

struct fixture {
    explicit fixture(const server_options& options = {}) : serving{{"127.0.0.1", 0}, "abc", options}
    {
        serving.register_sync_types();
        serving.register_queue("get_task_queue");
        serving.register_type("Keeper",
                              class_definition<keeper>{}.constructor<value>({{"first"}}).method("keep", &keeper::keep));
        serving.start();
    }
    server serving;
};

}  // namespace

TEST_CASE_METHOD(fixture, "what was handed over ends on a server that nobody calls any more", "[net][data_proxies]")
{
    sync_manager client{serving.bound_address(), "abc", short_limits()};
    client.connect();
    const auto tasks = client.create<queue_proxy<value>>("get_task_queue");
    const std::size_t before = serving.statistics().objects;
    {
        const auto handed = client.list<int>();
        tasks.call<void>("put", handed);
    }
    CHECK(serving.statistics().objects == before + 1);
    (void)tasks.get();  // and does not count on what the proxy in it stands for
    CHECK(falls_to(before, serving));
}

TEST_CASE_METHOD(fixture, "what a call drops ends on a server that nobody calls any more", "[net][data_proxies]")
{
    sync_manager client{serving.bound_address(), "abc", short_limits()};
    client.connect();
    SECTION("in an object of ours")
    {
        const auto store = client.dict<std::string, value>();
        {
            const auto inner = client.list<int>();
            store.set("inner", inner.pickled());
        }
        CHECK(serving.statistics().objects == 2);
        store.clear();
        CHECK(falls_to(1, serving));
    }
    SECTION("on a worker")
    {
        const auto keeps = client.create<proxy>("Keeper", client.list<int>());
        CHECK(serving.statistics().objects == 2);
        keeps.call<void>("keep", 0);
        CHECK(falls_to(1, serving));
    }
}

TEST_CASE_METHOD(fixture, "a C++ program that is killed takes its counts along", "[net][data_proxies][fork]")
{
    sync_manager survivor{serving.bound_address(), "abc", short_limits()};
    survivor.connect();
    const auto tasks = survivor.create<queue_proxy<value>>("get_task_queue");
    const std::size_t before = serving.statistics().objects;
    client_process killed{[&](auto done) {
        sync_manager client{serving.bound_address(), "abc", short_limits()};
        client.connect();
        const auto table = client.dict<std::string, int>();  // never called, and one that is
        const auto numbers = client.list(std::vector<int>{1});
        numbers.push_back(2);
        const proxy keeps = client.create<proxy>("Keeper", 7);
        const auto jobs = client.create<queue_proxy<value>>("get_task_queue");
        jobs.put(numbers.pickled());
        const value again = jobs.get();  // which others of this program stand for, too
        const auto twice = jobs.rebuild<list_proxy<int>>(again);
        {
            const auto given_back = client.list<int>();
            jobs.put(given_back.pickled());
        }
        done();
    }};
    REQUIRE(killed.has_lived());
    CHECK(serving.statistics().objects == before + 4);
    const auto handed = tasks.rebuild<list_proxy<int>>(tasks.get());
    killed.kill();
    CHECK(falls_to(before + 1, serving));
    CHECK(handed.empty());
}

TEST_CASE("a client may take as long as handover_grace to count on what it was handed", "[net][data_proxies]")
{
    server_options options;
    options.handover_grace = std::chrono::hours{1};
    fixture patient{options};
    sync_manager client{patient.serving.bound_address(), "abc", short_limits()};
    client.connect();
    const auto tasks = client.create<queue_proxy<value>>("get_task_queue");
    tasks.call<void>("put", client.list(std::vector<int>{1, 2}));
    const value item = tasks.get();
    (void)client.number_of_objects();  // which settles whatever is due
    CHECK(tasks.rebuild<list_proxy<int>>(item).to_vector() == std::vector<int>{1, 2});
}

TEST_CASE_METHOD(fixture, "objects that a constructor was given are the new object's", "[net][data_proxies]")
{
    sync_manager client{serving.bound_address(), "abc", short_limits()};
    client.connect();
    {
        const proxy inner = client.list<value>();
        const proxy outer = client.create<proxy>("Keeper", inner);
        inner.call<void>("append", outer);  // each holds the other now
        CHECK(client.number_of_objects() == 2);
        CHECK_THAT(client.debug_info(), Catch::Contains("Keeper object"));
    }
    CHECK(falls_to(0, serving));
}
