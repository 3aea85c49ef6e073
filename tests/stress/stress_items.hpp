// stress_items: the items of the stress test, which say who has put them.
#pragma once

#include "native_peer.hpp"

#include <quaymaster/bytes.hpp>

#include <cstdint>
#include <vector>

namespace quaymaster::testing {

/// Items are numbers: who has put it, and its how manieth it is.
std::int64_t item_of(std::uint64_t producer, std::uint64_t number) noexcept;
std::uint64_t producer_of(std::int64_t item) noexcept;
std::uint64_t number_of(std::int64_t item) noexcept;

bytes opcodes_of(std::int64_t item);
/// As the body of a put_many or put_back has them.
bytes batch_of(const std::vector<std::int64_t>& items);
/// Throws stress_failure if it is none of these numbers.
std::int64_t item_from(bytes_view opcodes);
/// Of a reply of operation::items.
std::vector<std::int64_t> items_from(const native_peer::reply& reply);

/// What is known of any number of items in any order, in little memory: two of these are the same if the same items were added, and
/// differ, but for one chance in 2^64, if not. Thread safety: none.
class item_sum {
public:
    void add(std::int64_t item) noexcept;
    void add(const item_sum& other) noexcept;
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    friend bool operator==(const item_sum&, const item_sum&) = default;

private:
    std::uint64_t count_ = 0;
    std::uint64_t sum_ = 0;  // of their hashes, modulo 2^64
};

}  // namespace quaymaster::testing
