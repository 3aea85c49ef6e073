#include "ordered_queue.hpp"

#include "stress_failure.hpp"
#include "stress_manager.hpp"

#include <quaymaster/async_queue.hpp>
#include <quaymaster/errors.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <exception>
#include <random>
#include <thread>
#include <utility>

namespace quaymaster::testing {

namespace asio = boost::asio;
namespace native = wire::native;
using native::operation;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

/// What one producer has put. Thread safety: none.
class ordered_queue::producer {
public:
    producer(ordered_queue& owner, std::uint64_t number) : owner_{owner}, number_{number} {}
    producer(const producer&) = delete;
    producer& operator=(const producer&) = delete;
    ~producer()
    {
        const std::lock_guard lock{owner_.mutex_};
        owner_.all_sent_.add(sum_);
    }
    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
    /// Before it is put, for it may arrive before the put returns.
    [[nodiscard]] std::int64_t next()
    {
        const std::int64_t item = item_of(number_, sum_.count() + 1);
        sum_.add(item);
        ++owner_.sent_;
        return item;
    }
    /// Once a put has returned.
    void note_done()
    {
        if (!std::exchange(is_steady_, true))
            owner_.producers_.note_steady();
    }

private:
    ordered_queue& owner_;
    const std::uint64_t number_;
    item_sum sum_;
    bool is_steady_ = false;
};

/// What one consumer has been handed out. Thread safety: none.
struct ordered_queue::consumption {
    explicit consumption(ordered_queue& queue) : owner{queue} {}
    consumption(const consumption&) = delete;
    consumption& operator=(const consumption&) = delete;
    ~consumption()
    {
        const std::lock_guard lock{owner.mutex_};
        owner.all_received_.add(sum);
    }
    void take(std::int64_t item)
    {
        std::uint64_t& known = latest[producer_of(item)];
        if (number_of(item) <= known)
            throw stress_failure{owner.typeid_name_ + ": item " + std::to_string(number_of(item)) + " of producer " +
                                 std::to_string(producer_of(item)) + " came after " + std::to_string(known)};
        known = number_of(item);
        if (sum.count() == 0)
            owner.consumers_.note_steady();
        sum.add(item);
        ++owner.received_;
    }

    ordered_queue& owner;
    item_sum sum;
    std::map<std::uint64_t, std::uint64_t> latest;  // number, by producer
};

/// Keeps some puts under way on one connection. Thread safety: none.
class ordered_queue::async_producer {
public:
    async_producer(ordered_queue& owner, producer& from, asio::io_context& loop)
        : owner_{owner}, from_{from}, client_{loop, owner.server_, "abc"}, queue_{client_, owner.typeid_name_}, pause_{loop}
    {
    }
    void run(asio::io_context& loop)
    {
        go_on();
        loop.run();
        if (failure_ != nullptr)
            std::rethrow_exception(failure_);
    }

private:
    static constexpr std::size_t under_way_max = 32;

    void go_on()
    {
        while (under_way_ < under_way_max && !owner_.is_over_ && failure_ == nullptr && !owner_.is_crowded()) {
            ++under_way_;
            queue_.async_put(from_.next(), [this](std::exception_ptr failed) { on_put(failed); });
        }
        if (under_way_ != 0)
            return;
        if (owner_.is_over_ || failure_ != nullptr)
            return client_.close();
        pause_.expires_after(1ms);
        pause_.async_wait([this](auto) { go_on(); });
    }
    void on_put(const std::exception_ptr& failed)
    {
        --under_way_;
        if (failed != nullptr && failure_ == nullptr)
            failure_ = failed;
        from_.note_done();
        go_on();
    }

    ordered_queue& owner_;
    producer& from_;
    async_client client_;
    async_queue<std::int64_t> queue_;
    asio::steady_timer pause_;
    std::size_t under_way_ = 0;
    std::exception_ptr failure_;
};

ordered_queue::ordered_queue(const address& server, std::string typeid_name, std::uint64_t seed, std::size_t scale)
    : server_{server}, typeid_name_{std::move(typeid_name)}, seed_{seed}
{
    constexpr std::array<producing, 4> ways_to_put{&ordered_queue::put_one_by_one, &ordered_queue::put_one_by_one_by_python_dialect,
                                                   &ordered_queue::put_batches, &ordered_queue::put_asynchronously};
    for (std::size_t i = 0; i < ways_to_put.size() * scale; ++i)
        producers_.add([this, i, how = ways_to_put[i % ways_to_put.size()]] {
            producer from{*this, i + 1};
            (this->*how)(from);
        });
    constexpr std::array<consuming, 6> ways_to_get{
        &ordered_queue::get_one_by_one, &ordered_queue::get_one_by_one_by_python_dialect,
        &ordered_queue::get_batches,    &ordered_queue::consume_range,
        &ordered_queue::consume_frames, &ordered_queue::consume_asynchronously};
    ranges_ = scale;
    for (std::size_t i = 0; i < ways_to_get.size() * scale; ++i)
        consumers_.add([this, how = ways_to_get[i % ways_to_get.size()]] {
            consumption into{*this};
            consume(into, how);
        });
}

ordered_queue::~ordered_queue()
{
    is_over_ = true;
    try {
        shut_down();  // or those who wait would wait for ever, after a failure elsewhere
    } catch (const std::exception&) {
    }
}

std::uint64_t ordered_queue::end()
{
    is_over_ = true;
    if (consumers_.has_failed()) {
        shut_down();  // or producers would wait for room
        consumers_.join();
    }
    producers_.join();
    const auto limit = clock_type::now() + 60s;
    while (received_ < sent_ && !consumers_.has_failed()) {
        if (clock_type::now() > limit) {
            shut_down();
            throw stress_failure{typeid_name_ + ": " + std::to_string(sent_ - received_) + " items have not arrived"};
        }
        std::this_thread::sleep_for(1ms);
    }
    shut_down();
    consumers_.join();
    const std::lock_guard lock{mutex_};
    if (all_received_ != all_sent_)
        throw stress_failure{typeid_name_ + ": of " + std::to_string(all_sent_.count()) + " items " +
                             std::to_string(all_received_.count()) + " have arrived, and not each of them once"};
    return all_sent_.count();
}

bool ordered_queue::is_crowded() const noexcept
{
    constexpr std::uint64_t on_their_way_max = 20'000;
    return sent_ - received_ > on_their_way_max;
}

void ordered_queue::shut_down()
{
    stress_manager manager{server_, "abc", client_of(client_dialect::native)};
    manager.connect();
    manager.queue(typeid_name_).shutdown();
}

// ---- producers --------------------------------------------------------------------------------------------------------

void ordered_queue::put_by(client_dialect dialect, producer& from)
{
    stress_manager manager{server_, "abc", client_of(dialect)};
    manager.connect();
    auto queue = manager.queue(typeid_name_);
    while (!is_over_) {
        if (is_crowded()) {
            std::this_thread::sleep_for(1ms);
            continue;
        }
        queue.put(from.next());
        from.note_done();
    }
}

void ordered_queue::put_one_by_one(producer& from)
{
    put_by(client_dialect::native, from);
}

void ordered_queue::put_one_by_one_by_python_dialect(producer& from)
{
    put_by(client_dialect::python, from);
}

void ordered_queue::put_batches(producer& from)
{
    stress_manager manager{server_, "abc", client_of(client_dialect::native)};
    manager.connect();
    auto queue = manager.queue(typeid_name_);
    std::mt19937_64 random{seed_ * 1000 + from.number()};
    std::vector<std::int64_t> batch;
    while (!is_over_) {
        if (is_crowded()) {
            std::this_thread::sleep_for(1ms);
            continue;
        }
        batch.clear();
        for (std::uint64_t i = 1 + random() % 200; i > 0; --i)
            batch.push_back(from.next());
        if (queue.put_many(batch) != batch.size())
            throw stress_failure{"put_many() has not put all"};
        from.note_done();
    }
}

void ordered_queue::put_asynchronously(producer& from)
{
    asio::io_context loop{1};
    async_producer{*this, from, loop}.run(loop);
}

// ---- consumers --------------------------------------------------------------------------------------------------------

void ordered_queue::consume(consumption& into, consuming how)
{
    try {
        (this->*how)(into);
    } catch (const queue_shut_down&) {
    }
}

void ordered_queue::get_by(client_dialect dialect, consumption& into)
{
    stress_manager manager{server_, "abc", client_of(dialect)};
    manager.connect();
    auto queue = manager.queue(typeid_name_);
    for (;;)
        into.take(queue.get());
}

void ordered_queue::get_one_by_one(consumption& into)
{
    get_by(client_dialect::native, into);
}

void ordered_queue::get_one_by_one_by_python_dialect(consumption& into)
{
    try {
        get_by(client_dialect::python, into);
    } catch (const remote_error&) {  // that of a queue that was shut down has no name in that dialect before Python 3.13
        if (!is_over_)
            throw;
    }
}

void ordered_queue::get_batches(consumption& into)
{
    stress_manager manager{server_, "abc", client_of(client_dialect::native)};
    manager.connect();
    auto queue = manager.queue(typeid_name_);
    for (;;)
        for (const std::int64_t each : queue.get_many(50))
            into.take(each);
}

void ordered_queue::consume_range(consumption& into)
{
    stress_manager manager{server_, "abc", client_of(client_dialect::native)};
    manager.connect();
    auto queue = manager.queue(typeid_name_);
    for (const std::int64_t each : queue.consume(100))
        into.take(each);
}

/// As consume_range(), without the client.
void ordered_queue::consume_frames(consumption& into)
{
    native_peer peer{server_.port()};
    const std::uint32_t handle = peer.open(typeid_name_);
    native::fixed_fields fields;
    fields.add(handle).add(std::uint32_t{200});
    peer.send({operation::consume, 7}, fields.view());
    std::uint32_t used = 0;
    for (;;) {
        const auto reply = peer.receive(60s);
        if (!reply)
            throw stress_failure{"a consume is forgotten"};
        if (reply->code == operation::raised && is_over_)
            return;
        if (reply->code != operation::items || reply->id != 7)
            throw stress_failure{"a consume is answered by something else"};
        for (const std::int64_t each : items_from(*reply))
            into.take(each);
        used += reply->count;
        if (used < 100)
            continue;
        native::fixed_fields more;
        more.add(std::exchange(used, 0));
        peer.send({operation::credit, 7}, more.view());
    }
}

void ordered_queue::consume_asynchronously(consumption& into)
{
    asio::io_context loop{1};
    std::exception_ptr failure;
    {
        const async_client client{loop, server_, "abc"};
        const auto items = async_queue<std::int64_t>{client, typeid_name_}.consume(100);
        const auto take_all = [&]() -> asio::awaitable<void> {
            for (;;)
                into.take(co_await items.async_next());
        };
        asio::co_spawn(loop, take_all(), [&](std::exception_ptr failed) {
            failure = failed;
            client.close();
        });
        loop.run();
    }
    std::rethrow_exception(failure);  // it ends by no other way
}

}  // namespace quaymaster::testing
