// What becomes of items when memory runs out between their queue and the reply.
#include "session/native_session.hpp"

#include "../allocations.hpp"
#include "native_testing.hpp"

#include <new>
#include <string>
#include <vector>

using namespace quaymaster;
using namespace quaymaster::testing;
namespace native = wire::native;

namespace {

using values = std::vector<value>;

/// A session, and another one that sees what it leaves.
struct watched_session {
    explicit watched_session(bare_service& around) : service{around}, server{around}, client{server}, other_server{around}, other{other_server}
    {
        queue = client.open("get_task_queue");
        other_queue = other.open("get_task_queue");
    }
    /// True if `act` needs no more allocations than these. Else the next of them fails, and the session ends, as its connection would.
    bool does_with(std::size_t allocations, auto&& act)
    {
        try {
            const memory_gap gap{allocations};
            act();
            return true;
        } catch (const std::bad_alloc&) {
        }
        server.session.end(service);
        return false;
    }
    /// Those in whole replies, and those that are left in the queue.
    [[nodiscard]] values answered_and_left()
    {
        values found;
        const bytes written = contents(server.replies);
        for (bytes_view rest = written;;) {
            error_code ec;
            const auto frame = native::parse_frame(rest, written.size(), ec);
            if (!frame)
                break;
            rest = rest.subspan(frame->size());
            add({frame->code, frame->flags, frame->count, frame->id, to_bytes(frame->body)}, found);
        }
        other.get_many(1, other_queue, 100);
        add(other.next(1), found);
        return found;
    }
    static void add(const native_reply& reply, values& found)
    {
        if (reply.code == native::operation::item)
            found.push_back(reply.item());
        if (reply.code == native::operation::items)
            for (value& each : reply.items())
                found.push_back(std::move(each));
    }

    bare_service& service;
    server_end server;
    native_client client;
    server_end other_server;
    native_client other;
    std::uint32_t queue = 0;
    std::uint32_t other_queue = 0;
};

}  // namespace

TEST_CASE("items for which there is no memory when they are to be answered go back", "[session][native]")
{
    const bool is_large = GENERATE(false, true);
    const values items{"a" + std::string(is_large ? 100'000 : 100, 'x'), "b" + std::string(1000, 'y'), 3};
    const auto which = GENERATE(native::operation::get, native::operation::get_many, native::operation::consume);
    const bool has_waited = GENERATE(false, true);
    CAPTURE(is_large, static_cast<int>(which), has_waited);
    int failures = 0;
    for (std::size_t allocations = 0;; ++allocations) {
        bare_service service;
        watched_session watched{service};
        const auto ask = [&] {
            switch (which) {
            case native::operation::get: watched.client.get(5, watched.queue, native::no_limit); break;
            case native::operation::get_many: watched.client.get_many(5, watched.queue, 10, native::no_limit); break;
            default: watched.client.consume(5, watched.queue, 10); break;
            }
        };
        if (has_waited)
            ask();
        watched.other.put_many(2, watched.other_queue, items);
        REQUIRE(watched.other.next(2).code == native::operation::done);
        const bool was_enough = watched.does_with(allocations, [&] {
            if (has_waited)
                resume_told(service, {&watched.server, &watched.other_server});
            else
                ask();
        });
        if (was_enough)
            break;
        ++failures;
        CHECK(watched.answered_and_left() == items);
    }
    const bool needs_none = which == native::operation::get && has_waited && !is_large;
    CHECK((failures > 0 || needs_none));
}

TEST_CASE("a session that ends without memory for it leaves no line occupied", "[session][native]")
{
    const values items{std::string(1000, 'a'), std::string(1000, 'b'), std::string(1000, 'c')};
    int failures = 0;
    for (std::size_t allocations = 0;; ++allocations) {
        bare_service service;
        watched_session watched{service};
        for (const std::uint32_t id : {1U, 2U, 3U, 4U})
            watched.client.get(id, watched.queue, native::no_limit);
        watched.other.put_many(2, watched.other_queue, {items[0], items[1]});  // told of, and not answered yet
        bool has_failed = false;
        try {
            const memory_gap gap{allocations};
            watched.server.session.end(service);
        } catch (const std::bad_alloc&) {
            has_failed = true;
        }
        watched.other.put(3, watched.other_queue, items[2]);
        CHECK(service.queue->as_queue()->statistics().waiting_getters == 0);
        while (watched.other.has_reply())
            (void)watched.other.next();
        const values left = watched.answered_and_left();
        CHECK(left.size() == 3);
        if (!has_failed) {
            CHECK(left == items);
            break;
        }
        ++failures;
    }
    CHECK(failures > 0);
}
