#include "net/reactor.hpp"

#include "net/unique_descriptor.hpp"

#include <catch2/catch.hpp>

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>

using quaymaster::net::reactor;
using quaymaster::net::unique_descriptor;
using quaymaster::net::watched;

namespace {

/// One end of a connection whose other end sends to it.
class receiver final : public watched {
public:
    explicit receiver(reactor& where) : where_{where}
    {
        std::array<int, 2> ends{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
        own_ = unique_descriptor{ends[0]};
        other_ = unique_descriptor{ends[1]};
        where_.add(own_.number(), *this, EPOLLIN);
    }
    ~receiver() { leave(); }

    void send() { REQUIRE(::send(other_.number(), "x", 1, 0) == 1); }
    void leave()
    {
        if (own_.is_open())
            where_.remove(own_.number(), *this);
        own_ = unique_descriptor{};
    }

    void on_ready(std::uint32_t events) override
    {
        CHECK(events == EPOLLIN);
        CHECK(receive());
        ++told;
    }
    bool on_guess() noexcept override
    {
        const bool has_come = receive();
        (has_come ? guessed : guessed_wrong) += 1;
        return has_come;
    }

    int told = 0;
    int guessed = 0;
    int guessed_wrong = 0;

private:
    bool receive() noexcept
    {
        std::byte octet;
        return ::recv(own_.number(), &octet, 1, 0) == 1;
    }

    reactor& where_;
    unique_descriptor own_;
    unique_descriptor other_;
};

/// Has `lone` be the only one that is ready, twice.
void make_regular(reactor& where, receiver& lone)
{
    for (int turn = 0; turn < 2; ++turn) {
        lone.send();
        REQUIRE(where.look());
        where.tell_ready();
    }
    REQUIRE(lone.told == 2);
    REQUIRE(lone.guessed == 0);
}

TEST_CASE("a descriptor that alone was ready twice is read on the guess that it is so again", "[net][reactor]")
{
    reactor where;
    receiver lone{where};
    make_regular(where, lone);
    lone.send();
    CHECK(where.look());
    CHECK(lone.guessed == 1);
    where.tell_ready();
    CHECK(lone.told == 2);  // it has been seen to
}

TEST_CASE("after a guess that did not come true the system is asked", "[net][reactor]")
{
    reactor where;
    receiver lone{where};
    receiver other{where};
    make_regular(where, lone);
    other.send();
    CHECK_FALSE(where.look());
    CHECK(lone.guessed_wrong == 1);
    REQUIRE(where.look());
    where.tell_ready();
    CHECK(other.told == 1);
    // Now the other was the last: neither is regular.
    CHECK_FALSE(where.look());
    CHECK(lone.guessed_wrong == 1);
    CHECK(other.guessed_wrong == 0);
}

TEST_CASE("one that is ready each time does not keep the others from being noticed", "[net][reactor]")
{
    reactor where;
    receiver lone{where};
    receiver other{where};
    make_regular(where, lone);
    other.send();
    int looks = 0;
    for (; looks < 100 && other.told == 0; ++looks) {
        lone.send();
        CHECK(where.look());
        where.tell_ready();
    }
    CHECK(other.told == 1);
    CHECK(looks <= 10);
    CHECK(lone.guessed >= 1);
    CHECK(lone.guessed + lone.told == 2 + looks);
}

TEST_CASE("a descriptor that was removed is not guessed at, nor one that is ready beside others", "[net][reactor]")
{
    reactor where;
    receiver lone{where};
    receiver other{where};
    make_regular(where, lone);
    lone.leave();
    CHECK_FALSE(where.look());
    CHECK(lone.guessed + lone.guessed_wrong == 0);

    receiver third{where};
    for (int turn = 0; turn < 3; ++turn) {
        other.send();
        third.send();
        REQUIRE(where.look());
        where.tell_ready();
    }
    CHECK(other.told == 3);
    CHECK(third.told == 3);
    CHECK(other.guessed + other.guessed_wrong + third.guessed + third.guessed_wrong == 0);
}

}  // namespace
