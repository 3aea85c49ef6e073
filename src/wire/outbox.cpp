#include "wire/outbox.hpp"

#include "wire/framing.hpp"

#include <algorithm>
#include <cstring>

namespace quaymaster::wire {

namespace {

constexpr std::size_t compaction_threshold = std::size_t{64} << 10;

}  // namespace

void outbox::append(const codec::item& content)
{
    if (content.size() <= copied_item_size_max) {
        append(content.opcodes());
        return;
    }
    references_.push_back({small_.size(), content});
    size_ += content.size();
}

std::size_t outbox::begin_frame()
{
    const std::size_t frame_start = small_.size();
    small_.extend(short_header_size);
    size_ += short_header_size;
    return frame_start;
}

void outbox::end_frame(std::size_t frame_start)
{
    const frame_header header{size_since(frame_start) - short_header_size};
    const std::size_t longer_by = header.view().size() - short_header_size;
    if (longer_by > 0) {  // a payload above 2 GiB, which nearly always is one large reference: there is little to move
        const std::size_t moved_from = frame_start + short_header_size;
        const std::size_t moved_size = small_.size() - moved_from;
        small_.extend(longer_by);
        std::memmove(small_.data() + moved_from + longer_by, small_.data() + moved_from, moved_size);
        for (auto it = references_.rbegin(); it != references_.rend() && it->position >= moved_from; ++it)
            it->position += longer_by;
        size_ += longer_by;
    }
    std::memcpy(small_.data() + frame_start, header.view().data(), header.view().size());
}

std::size_t outbox::size_since(std::size_t begun) const noexcept
{
    std::size_t size = small_.size() - begun;
    for (auto it = references_.rbegin(); it != references_.rend() && it->position > begun; ++it)
        size += it->content.size();
    return size;
}

void outbox::overwrite(std::size_t begun, bytes_view octets) noexcept
{
    std::memcpy(small_.data() + begun, octets.data(), octets.size());
}

void outbox::truncate(std::size_t begun) noexcept
{
    size_ -= size_since(begun);
    while (references_.size() > references_consumed_ && references_.back().position > begun)
        references_.pop_back();
    small_.resize(begun);
}

void outbox::splice(outbox& other)
{
    if (empty()) {
        std::swap(*this, other);  // with how much of it was consumed: a write may have taken a part
        other.clear();
        return;
    }
    if (other.reference_offset_ != 0) {
        // Only the first reference of an outbox can be half consumed, and here it will not be the first.
        const reference& begun = other.references_[other.references_consumed_];
        append(other.small_.view().subspan(other.small_consumed_, begun.position - other.small_consumed_));
        append(begun.content.opcodes().subspan(other.reference_offset_));
        other.consume(begun.position - other.small_consumed_ + begun.content.size() - other.reference_offset_);
    }
    other.compact();
    const std::size_t base = small_.size();
    small_.append(other.small_.view());
    for (reference& moved : other.references_)
        references_.push_back({base + moved.position, std::move(moved.content)});
    size_ += other.size_;
    other.clear();
}

void outbox::gather(std::vector<bytes_view>& pieces) const
{
    std::size_t from = small_consumed_;
    std::size_t skipped = reference_offset_;
    const auto add_small = [&](std::size_t to) {
        if (to > from)
            pieces.push_back(small_.view().subspan(from, to - from));
        from = to;
    };
    for (std::size_t i = references_consumed_; i < references_.size(); ++i) {
        add_small(references_[i].position);
        pieces.push_back(references_[i].content.opcodes().subspan(skipped));
        skipped = 0;
    }
    add_small(small_.size());
}

void outbox::consume(std::size_t count) noexcept
{
    size_ -= count;
    if (size_ == 0) {
        clear();
        return;
    }
    while (count > 0) {
        const bool has_reference = references_consumed_ < references_.size();
        const std::size_t small_end = has_reference ? references_[references_consumed_].position : small_.size();
        const std::size_t from_small = std::min(count, small_end - small_consumed_);
        small_consumed_ += from_small;
        count -= from_small;
        if (count == 0 || !has_reference)
            continue;
        reference& next = references_[references_consumed_];
        const std::size_t from_reference = std::min(count, next.content.size() - reference_offset_);
        reference_offset_ += from_reference;
        count -= from_reference;
        if (reference_offset_ == next.content.size()) {
            next.content = {};  // written: nothing needs it any more
            reference_offset_ = 0;
            ++references_consumed_;
        }
    }
    // A peer that reads slower than we write never lets us start over, so what it has read must go on the way.
    if (small_consumed_ > compaction_threshold && small_consumed_ > small_.size() / 2)
        compact();
}

void outbox::compact() noexcept
{
    references_.erase(references_.begin(), references_.begin() + static_cast<std::ptrdiff_t>(references_consumed_));
    for (reference& kept : references_)
        kept.position -= small_consumed_;
    small_.consume(small_consumed_);
    references_consumed_ = small_consumed_ = 0;
}

void outbox::clear() noexcept
{
    small_.clear();
    references_.clear();
    small_consumed_ = references_consumed_ = reference_offset_ = size_ = 0;
}

void outbox::release() noexcept
{
    small_.release();
    std::vector<reference>{}.swap(references_);
    clear();
}

}  // namespace quaymaster::wire
