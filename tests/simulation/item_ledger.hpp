// item_ledger: what the clients know of each item, and what must be true of it.
#pragma once

#include "core/queue.hpp"

#include <quaymaster/bytes.hpp>
#include <quaymaster/value.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace quaymaster::testing {

struct item_key {
    std::size_t queue = 0;
    std::size_t producer = 0;
    std::size_t number = 0;
    friend auto operator<=>(const item_key&, const item_key&) = default;
};

[[nodiscard]] std::string to_string(const item_key& key);
/// The item itself: its key, and so many octets more.
[[nodiscard]] bytes opcodes_of(const item_key& key, std::size_t padding);
/// Throws simulation_failure if it is no such item.
[[nodiscard]] item_key key_of(const value& item);
[[nodiscard]] item_key key_of(bytes_view opcodes);

/// No item's opcodes, with what is around them in a reply of either dialect, are more octets.
inline constexpr std::size_t padding_max = 1000;
inline constexpr std::size_t item_reply_size_max = padding_max + 200;

struct queue_under_test {
    const char* ident;
    core::queue_kind kind;
    std::int64_t maxsize;
    core::shared_queue* queue = nullptr;
    bool is_shut_down = false;
    bool drops_items = false;
};

/// Every member that is told something throws simulation_failure if that cannot be.
class item_ledger {
public:
    /// A put of it begins.
    void on_put(const item_key& item);
    /// A put begins again that nobody has heard of.
    void on_put_again(const item_key& item);
    /// A put of `items` is over: the first `in` of them are in, and the others are not.
    void on_put_over(std::span<const item_key> items, std::size_t in);
    /// It is written for a client that has asked `queue` for it.
    void on_handed_out(const item_key& item, std::size_t queue);
    void on_put_back_sent(const item_key& item);
    void on_put_back_answered(const item_key& item);
    /// The connection has died before the answer.
    void on_put_back_unanswered(const item_key& item);
    /// It went back by itself, or may have: then its place in the order is lost.
    void on_came_back(const item_key& item);
    [[nodiscard]] bool keeps_its_place(const item_key& item) const;

    /// When everybody has left: takes out what is in `queues`, by number, and compares.
    void check_conservation(std::span<queue_under_test> queues, core::completions& told);

private:
    struct known_item {
        enum class fate : std::uint8_t { not_in, maybe_in, in };
        fate put = fate::maybe_in;  // of the put; definite once it is answered
        bool is_repeated = false;   // a repetition that is refused says nothing of the first attempt
        int handed_out = 0;
        int put_back_sent = 0;
        int put_back = 0;        // answered
        int maybe_put_back = 0;  // the connection died before the answer
        bool came_back = false;  // or may have: then its place in the order is lost
        int left = 0;
    };

    void count_left(std::span<queue_under_test> queues, core::completions& told);

    std::map<item_key, known_item> items_;
};

}  // namespace quaymaster::testing
