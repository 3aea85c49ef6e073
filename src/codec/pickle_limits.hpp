// pickle_limits: the name of the public limits within codec.
#pragma once

#include <quaymaster/pickle_limits.hpp>

namespace quaymaster::codec {

using quaymaster::pickle_limits;

}  // namespace quaymaster::codec
