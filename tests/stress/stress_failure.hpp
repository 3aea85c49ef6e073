// stress_failure: what a crowd throws that has seen what must not be.
#pragma once

#include <stdexcept>

namespace quaymaster::testing {

/// Something was not as it must be.
class stress_failure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace quaymaster::testing
