// bench_report: how `quaymaster bench` shows what it measured.
#pragma once

#include "workload.hpp"

#include <iosfwd>
#include <string>
#include <string_view>

namespace quaymaster::tool {

/// A few aligned lines. What was never measured has no figure here or below, as the wakes of a W6 that was ended before its first.
/// Latencies in microseconds, MB/s in 10^6 octets of items that came out of the queue.
void print_report(std::ostream& output, const workload& what, const workload_options& options, const workload_result& result);

/// The same as one line of JSON. `server` is what was measured, such as "quaymaster".
[[nodiscard]] std::string json_report(std::string_view server, const workload& what, const workload_options& options,
                                      const workload_result& result);

/// What to say instead of a report if there was no operation to count, and the cure.
[[nodiscard]] std::string nothing_done(const workload& what, const workload_options& options);

/// "3 lost, 1 doubled"; empty if it is clean.
[[nodiscard]] std::string complaints(const item_verdict& verdict);

}  // namespace quaymaster::tool
