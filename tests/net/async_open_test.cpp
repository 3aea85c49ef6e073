// What an async_client sends along with the open of an object, and what that comes to.
#include "async_testing.hpp"
#include "client_testing.hpp"
#include "scripted_server.hpp"

#include <quaymaster/async_queue.hpp>
#include <quaymaster/server.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace quaymaster;
using namespace async_testing;

namespace {

/// A server that answers an open only once three requests have come behind it, and all requests but gets with `done` if that has
/// succeeded.
struct late_opens {
    using operation = wire::native::operation;

    bool on_request(const wire::native::frame& asked, wire::outbox& out)
    {
        const std::lock_guard lock{mutex};
        seen.push_back(asked.code);
        if (asked.code == operation::open) {
            open = asked.id;
            behind.clear();
        } else if (asked.code == operation::get) {
            // It waits as long as the connection lasts.
        } else if (!open) {
            wire::native::write_frame(out, {operation::done, asked.id, 1});
        } else {
            are_behind = are_behind && wire::native::body_reader{asked.body}.number32() == wire::native::last_opened;
            behind.push_back(asked.id);
            if (behind.size() == 3)
                answer_all(out);
        }
        return true;
    }
    void answer_all(wire::outbox& out)
    {
        const bool is_known = unknown == 0;
        if (is_known) {
            client_testing::answer_opened({operation::open, 0, 0, *open, {}}, out);
        } else {
            --unknown;
            wire::native::write_frame(out, {operation::raised, *open}, as_bytes(std::string_view{"\0\10KeyError'1'", 13}));
        }
        for (const std::uint32_t id : behind) {
            if (is_known)
                wire::native::write_frame(out, {operation::done, id, 1});
            else
                wire::native::write_frame(out, {operation::refused, id}, as_bytes(std::string_view{"no such handle"}));
        }
        open.reset();
    }
    [[nodiscard]] std::vector<operation> take_seen()
    {
        const std::lock_guard lock{mutex};
        return std::exchange(seen, {});
    }
    void forget(int times)
    {
        const std::lock_guard lock{mutex};
        unknown = times;
    }

    std::mutex mutex;  // guards the rest
    std::vector<operation> seen;
    std::optional<std::uint32_t> open;  // not answered yet
    std::vector<std::uint32_t> behind;  // ids
    bool are_behind = true;
    int unknown = 0;  // opens that are to fail
    client_testing::scripted_server serving{
        [this](const wire::native::frame& asked, wire::outbox& out) { return on_request(asked, out); }};
};

}  // namespace

TEST_CASE("the first requests on an object leave with its open", "[net][async]")
{
    using wire::native::operation;
    late_opens there;
    asio::io_context io;
    const async_client client{io, there.serving.address(), "abc", short_limits()};
    const async_queue<int> queue{client, "tasks"};
    const auto put_three = [&] {
        std::vector<std::string> came_to;
        for (int i = 0; i < 3; ++i)
            queue.async_put(i, [&came_to, i](std::exception_ptr failed) { came_to.push_back(std::to_string(i) + kind_of(failed)); });
        run_until(io, [&] { return came_to.size() == 3; });
        return came_to;
    };
    const std::vector<std::string> all_in{"0", "1", "2"};
    const std::vector<operation> together{operation::open, operation::put, operation::put, operation::put};
    SECTION("when it is new")
    {
        CHECK(put_three() == all_in);
        CHECK(there.take_seen() == together);
        run_for(io, queue.async_put(3, asio::use_future));
        CHECK(there.take_seen() == std::vector{operation::put});
    }
    SECTION("over a new connection, and once more if its server does not know the object")
    {
        CHECK(put_three() == all_in);
        CHECK(there.take_seen() == together);
        there.forget(1);
        std::string came_to;
        queue.async_get([&](std::exception_ptr failed, int) { came_to = kind_of(failed); });
        run_until(io, [&] { return there.take_seen() == std::vector{operation::get}; });
        there.serving.hang_up();
        run_until(io, [&] { return !came_to.empty(); });
        CHECK(came_to == "lost, maybe executed");
        CHECK(put_three() == all_in);
        std::vector<operation> twice = together;
        twice.insert(twice.end(), together.begin(), together.end());
        CHECK(there.take_seen() == twice);
    }
    SECTION("and fail as that does")
    {
        there.forget(1);
        const std::vector<std::string> failed = put_three();
        CHECK_THAT(failed[0], Catch::StartsWith("0KeyError"));
        CHECK_THAT(failed[2], Catch::StartsWith("2KeyError"));
        CHECK(put_three() == all_in);  // it is tried again
    }
    const std::lock_guard lock{there.mutex};
    CHECK(there.are_behind);
}

namespace {

/// A server that answers nothing but pings: what comes of a request the test says.
struct told_what_to_say {
    using operation = wire::native::operation;
    struct request {
        operation code;
        std::uint32_t id;
    };

    /// The oldest request of this kind that has not been taken yet. Runs `io` until it is there.
    std::uint32_t take(asio::io_context& io, operation code)
    {
        std::optional<std::uint32_t> found;
        run_until(io, [&] {
            const std::lock_guard lock{mutex};
            const auto at = std::find_if(seen.begin(), seen.end(), [&](const request& each) { return each.code == code; });
            if (at != seen.end()) {
                found = at->id;
                seen.erase(at);
            }
            return found.has_value();
        });
        return *found;
    }
    [[nodiscard]] std::size_t count(operation code)
    {
        const std::lock_guard lock{mutex};
        const auto is_one = [&](const request& each) { return each.code == code; };
        return static_cast<std::size_t>(std::count_if(seen.begin(), seen.end(), is_one));
    }
    void say_opened(std::uint32_t id)
    {
        wire::outbox out;
        client_testing::answer_opened({operation::open, 0, 0, id, {}}, out);
        serving.say(out);
    }
    void say_done(std::uint32_t id)
    {
        wire::outbox out;
        wire::native::write_frame(out, {operation::done, id, 1});
        serving.say(out);
    }
    void say_key_error(std::uint32_t id)
    {
        wire::outbox out;
        wire::native::write_raised(out, id, 0, wire::native::exception_number::other, "KeyError", "'1'");
        serving.say(out);
    }
    void say_refused(std::uint32_t id)
    {
        wire::outbox out;
        wire::native::write_frame(out, {operation::refused, id}, as_bytes(std::string_view{"no such handle"}));
        serving.say(out);
    }

    std::mutex mutex;  // guards `seen`
    std::vector<request> seen;
    client_testing::scripted_server serving{[this](const wire::native::frame& asked, wire::outbox& out) {
        if (asked.code == operation::ping) {
            wire::native::write_frame(out, {operation::pong, asked.id}, asked.body);
        } else {
            const std::lock_guard lock{mutex};
            seen.push_back({asked.code, asked.id});
        }
        return true;
    }};
};

}  // namespace

TEST_CASE("what left with an open that failed comes to what that came to, though another has left since", "[net][async]")
{
    using wire::native::operation;
    told_what_to_say there;
    asio::io_context io;
    const async_client client{io, there.serving.address(), "abc", short_limits()};
    const async_queue<int> queue{client, "tasks"};
    std::string first;
    std::string opening;
    std::string second;
    queue.async_put(1, [&](std::exception_ptr failed) { first = failed ? kind_of(failed) : "done"; });
    queue.async_open([&](std::exception_ptr failed) { opening = failed ? kind_of(failed) : "done"; });
    const std::uint32_t first_open = there.take(io, operation::open);
    const std::uint32_t first_put = there.take(io, operation::put);
    there.say_key_error(first_open);
    run_until(io, [&] { return !opening.empty(); });  // the client knows
    CHECK_THAT(opening, Catch::StartsWith("KeyError"));
    CHECK(first.empty());
    queue.async_put(2, [&](std::exception_ptr failed) { second = failed ? kind_of(failed) : "done"; });
    const std::uint32_t second_open = there.take(io, operation::open);
    const std::uint32_t second_put = there.take(io, operation::put);
    there.say_refused(first_put);
    run_until(io, [&] { return !first.empty(); });
    CHECK(first == opening);
    there.say_opened(second_open);
    there.say_done(second_put);
    run_until(io, [&] { return !second.empty(); });
    CHECK(second == "done");
    CHECK(there.count(operation::put) == 0);  // none a second time
}

TEST_CASE("what left with an open that is never answered fails with it in time, and is sent once", "[net][async]")
{
    using wire::native::operation;
    told_what_to_say there;
    asio::io_context io;
    async_client_options options = short_limits();
    options.client.call_deadline = 300ms;
    const async_client client{io, there.serving.address(), "abc", options};
    const async_queue<int> queue{client, "tasks"};
    std::vector<std::string> came_to;
    queue.async_put(1, [&](std::exception_ptr failed) { came_to.push_back(kind_of(failed)); });
    queue.async_put_many(std::vector{2, 3}, [&](std::exception_ptr failed, std::size_t) { came_to.push_back(kind_of(failed)); });
    queue.async_get([&](std::exception_ptr failed, int) { came_to.push_back(kind_of(failed)); });
    queue.async_get(1s, [&](std::exception_ptr failed, int) { came_to.push_back(kind_of(failed)); });
    queue.async_qsize([&](std::exception_ptr failed, std::size_t) { came_to.push_back(kind_of(failed)); });  // waits for the open
    run_until(io, [&] { return came_to.size() == 5; });
    CHECK(came_to == std::vector<std::string>(5, "deadline_exceeded"));
    CHECK(there.count(operation::open) == 1);
    CHECK(there.count(operation::put) == 1);
}
