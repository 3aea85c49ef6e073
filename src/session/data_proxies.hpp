// data_proxies: the proxies of our own objects in the data of calls. They keep their objects alive and must be usable
// wherever they arrive.
#pragma once

#include "codec/pickle_limits.hpp"
#include "codec/transcode.hpp"
#include "core/call.hpp"
#include "core/hold.hpp"
#include "session/service.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace quaymaster::session {

/// The holds of one call's data.
using holds = std::vector<std::shared_ptr<core::hold>>;

/// Replaces `argument`, if it is a proxy of an object of ours that has a value, by that value. Throws pickle_error for one
/// that cannot be decoded.
void replace_proxy(service& server, codec::payload& argument, const codec::pickle_limits& limits);

/// Attaches a hold to each argument of `request` for each object of ours that it holds a proxy of. `owner` is the object
/// that is called, empty if it is yet to be made. Throws pickle_error for an argument that cannot be decoded.
holds hold_arguments(service& server, core::waiter& caller, std::string_view owner, core::call& request,
                     const codec::pickle_limits& limits);

/// The same for one item, which stays as it is if it holds no proxy of ours.
[[nodiscard]] codec::item hold_item(service& server, core::waiter& caller, std::string_view owner, codec::item held,
                                    const codec::pickle_limits& limits);

/// What `caller` gets for `result`: with proxies of ours that it can use, alive until it has counted on them.
/// Throws pickle_error as above.
[[nodiscard]] codec::payload hand_over(service& server, core::waiter& caller, codec::payload result,
                                       codec::reader_dialect reader, const codec::pickle_limits& limits);

}  // namespace quaymaster::session
