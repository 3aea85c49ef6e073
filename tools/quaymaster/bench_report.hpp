// bench_report: how `quaymaster bench` shows what it measured.
#pragma once

#include "workload.hpp"

#include <iosfwd>
#include <string>
#include <string_view>

namespace quaymaster::tool {

/// A few aligned lines. Latencies in microseconds, MB/s in 10^6 octets of items that came out of the queue.
void print_report(std::ostream& output, const workload& what, const workload_options& options, const workload_result& result);

/// The same as one line of JSON. `server` is what was measured, such as "quaymaster".
[[nodiscard]] std::string json_report(std::string_view server, const workload& what, const workload_options& options,
                                      const workload_result& result);

/// "3 lost, 1 doubled"; empty if it is clean.
[[nodiscard]] std::string complaints(const item_verdict& verdict);

}  // namespace quaymaster::tool
