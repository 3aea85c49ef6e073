// value_object: what a registered function returns, as the object that its caller gets a proxy of.
#pragma once

#include "codec/pickle_limits.hpp"
#include "core/key_hash.hpp"
#include "core/referent.hpp"

#include <quaymaster/value.hpp>

#include <memory>

namespace quaymaster::core {

/// A list or dict with its methods; anything else as an object without any, of which there is str(), repr() and `_getvalue()`:
/// CPython's server would expose the public methods of its type.
[[nodiscard]] std::shared_ptr<referent> object_of_value(const value& known, const codec::pickle_limits& limits, const hash_seed& seed);

}  // namespace quaymaster::core
