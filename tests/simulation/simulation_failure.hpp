// simulation_failure: how a simulation ends in which something is not as it must be.
#pragma once

#include <stdexcept>
#include <string>

namespace quaymaster::testing {

/// Something was not as it must be.
class simulation_failure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

[[noreturn]] inline void fail(const std::string& what)
{
    throw simulation_failure{what};
}

inline void require(bool holds, const char* what)
{
    if (!holds)
        fail(what);
}

}  // namespace quaymaster::testing
