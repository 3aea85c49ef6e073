// client_lines: what to copy and paste into a program that is to become a client.
#pragma once

#include "key_source.hpp"
#include "queue_argument.hpp"
#include "share_argument.hpp"

#include <quaymaster/address.hpp>

#include <string>
#include <vector>

namespace quaymaster::tool {

/// Lines for Python and for C++ that put something into the first queue and show the shared objects.
[[nodiscard]] std::string client_lines(const address& bound, const found_key& key, const std::vector<queue_argument>& queues,
                                       const std::vector<share_argument>& shared);

}  // namespace quaymaster::tool
