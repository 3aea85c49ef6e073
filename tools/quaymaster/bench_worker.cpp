#include "bench_worker.hpp"

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <utility>

namespace quaymaster::tool {

namespace {

/// Calls that wait do so in slices, to notice that another thread has failed.
constexpr std::chrono::seconds slice{1};
constexpr int slices_max = 30;

}  // namespace

void worker_times::count(clock::time_point start, clock::time_point finish)
{
    first_begin = std::min(first_begin, start);
    last_finish = finish;
    ++operations;
}

void worker_times::merge(const worker_times& other)
{
    puts.merge(other.puts);
    gets.merge(other.gets);
    wake_ups.merge(other.wake_ups);
    first_begin = std::min(first_begin, other.first_begin);
    last_finish = std::max(last_finish, other.last_finish);
    operations += other.operations;
    octets += other.octets;
    figures.insert(figures.end(), other.figures.begin(), other.figures.end());
}

bench_worker::bench_worker(bench_run& run, std::uint32_t thread, std::uint32_t stream,
                           std::unique_ptr<bench_connection> connection)
    : run{run},
      thread{thread},
      stream{stream},
      connection{std::move(connection)},
      receiver{run.audit()},
      item(run.options().sizes.largest(), std::byte{'x'})
{
}

bool bench_worker::put_next(std::uint32_t queue, clock::time_point due)
{
    stamp_next(stream_of(queue), due);
    const auto start = clock::now();
    if (!put(queue))
        return false;
    count_put(due, start, clock::now());
    return true;
}

bool bench_worker::put_unmeasured(std::uint32_t queue)
{
    stamp_next(stream_of(queue), {});
    return put(queue);
}

void bench_worker::put_last()
{
    write_stamp(item, run.audit().last(stream));
    put(0);
}

std::optional<item_stamp> bench_worker::get_next(std::uint32_t queue, clock::time_point begun)
{
    return get_counted(queue, false, begun);
}

std::optional<item_stamp> bench_worker::get_present(std::uint32_t queue, clock::time_point begun)
{
    return get_counted(queue, true, begun);
}

void bench_worker::get_until_last()
{
    while (!run.is_abandoned()) {
        const std::optional<item_stamp> stamp = get_next(0, clock::now());
        if (stamp && stamp->is_last)
            return;
    }
}

void bench_worker::stamp_next(std::uint32_t of_stream, clock::time_point due)
{
    const item_stamp stamp = run.audit().next(of_stream, due);
    item.resize(run.audit().size_of(stamp));
    write_stamp(item, stamp);
}

void bench_worker::count_put(clock::time_point begun, clock::time_point start, clock::time_point finish)
{
    if (!run.counts(begun, finish))
        return;
    times.puts.record(finish - start);
    times.count(start, finish);
}

std::optional<item_stamp> bench_worker::count_got(clock::time_point begun, clock::time_point start, clock::time_point finish)
{
    const std::optional<item_stamp> stamp = receiver.receive(got);
    if (!stamp || stamp->is_last)
        return stamp;
    run.note_received(1);
    if (run.counts(begun, finish)) {
        times.gets.record(finish - start);
        times.octets += got.size();
        times.count(start, finish);
    }
    if (run.is_due_in_time(stamp->due))
        times.wake_ups.record(finish - stamp->due);
    return stamp;
}

/// False if the run was abandoned.
bool bench_worker::put(std::uint32_t queue)
{
    for (int slices = 0; slices < slices_max; ++slices) {
        if (run.is_abandoned())
            return false;
        if (connection->put(queue, item, slice))
            return true;
    }
    throw std::runtime_error{"the queue stayed full for 30 s, although items were taken out of it"};
}

/// False if the run was abandoned.
bool bench_worker::get(std::uint32_t queue, bool is_present)
{
    if (is_present && !run.is_abandoned() && connection->get_present(queue, got, slice))
        return true;
    for (int slices = 0; slices < slices_max; ++slices) {
        if (run.is_abandoned())
            return false;
        if (connection->get(queue, got, slice))
            return true;
    }
    throw std::runtime_error{"nothing came out of the queue for 30 s, although items were put into it: they are lost"};
}

std::optional<item_stamp> bench_worker::get_counted(std::uint32_t queue, bool is_present, clock::time_point begun)
{
    const auto start = clock::now();
    const bool has_come = get(queue, is_present);
    return has_come ? count_got(begun, start, clock::now()) : std::nullopt;
}

}  // namespace quaymaster::tool
