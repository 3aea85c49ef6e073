// outbox_contents: an outbox as one run of octets, for tests and fuzz targets.
#pragma once

#include "wire/outbox.hpp"

#include <quaymaster/bytes.hpp>

#include <vector>

namespace quaymaster::testing {

/// All octets that wait in `out`, which stay there.
inline bytes contents(const wire::outbox& out)
{
    std::vector<bytes_view> pieces;
    out.gather(pieces);
    bytes whole;
    for (const bytes_view piece : pieces)
        whole.insert(whole.end(), piece.begin(), piece.end());
    return whole;
}

}  // namespace quaymaster::testing
