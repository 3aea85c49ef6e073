#include "net/randomness.hpp"

#include <openssl/rand.h>

#include <stdexcept>

namespace quaymaster::net {

void fill_random(std::span<std::byte> octets)
{
    if (RAND_bytes(reinterpret_cast<unsigned char*>(octets.data()), static_cast<int>(octets.size())) != 1)
        throw std::runtime_error{"the system has no randomness to give"};
}

}  // namespace quaymaster::net
