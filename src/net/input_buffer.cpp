#include "net/input_buffer.hpp"

#include <algorithm>
#include <cstring>

namespace quaymaster::net {

namespace {

/// How large the memory of a connection becomes when `size` octets fill it. What holds an item of 1 MiB with its frame
/// takes one step after the shared space, because each further step copies all that has come; later steps double.
std::size_t grown_capacity(std::size_t size, std::size_t frame_size)
{
    constexpr std::size_t one_step_size_max = (std::size_t{1} << 20) + 4096;
    if (frame_size <= size)  // or unknown
        return 2 * size;
    return std::min(std::max(2 * size, one_step_size_max), frame_size);
}

}  // namespace

std::span<std::byte> input_buffer::prepare(std::span<std::byte> shared)
{
    if (own_.size() <= copied_size_max) {
        if (!own_.empty())
            std::memcpy(shared.data(), own_.data(), own_.size());
        lent_ = shared;
        lent_size_ = own_.size();
        return shared.subspan(lent_size_);
    }
    if (own_.capacity() == own_.size())
        own_.reserve(grown_capacity(own_.size(), frame_size_));
    return {own_.data() + own_.size(), own_.capacity() - own_.size()};
}

bytes_view input_buffer::commit(std::size_t count)
{
    if (!lent_.empty()) {
        lent_size_ += count;
        return lent_.first(lent_size_);
    }
    own_.resize(own_.size() + count);
    return own_.view();
}

void input_buffer::keep(std::size_t consumed, std::optional<std::size_t> frame_size)
{
    frame_size_ = frame_size.value_or(0);
    if (!lent_.empty()) {
        const bytes_view rest = lent_.first(lent_size_).subspan(consumed);
        lent_ = {};
        if (!rest.empty()) {
            own_.clear();
            if (rest.size() > copied_size_max)
                own_.reserve(grown_capacity(rest.size(), frame_size_));
            own_.append(rest);
            return;
        }
        own_.clear();
    } else if (consumed != 0 && !own_.empty()) {
        own_.consume(consumed);
    }
    if (own_.empty() && own_.capacity() != 0)
        own_.release();
}

}  // namespace quaymaster::net
