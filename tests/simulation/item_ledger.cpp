#include "item_ledger.hpp"

#include "simulation_failure.hpp"

#include "codec/item.hpp"
#include "codec/payload.hpp"

#include <sstream>

namespace quaymaster::testing {

std::string to_string(const item_key& key)
{
    return std::to_string(key.queue) + '/' + std::to_string(key.producer) + '/' + std::to_string(key.number);
}

bytes opcodes_of(const item_key& key, std::size_t padding)
{
    return to_bytes(codec::payload{value{to_string(key) + ' ' + std::string(padding, 'x')}}.to_item().opcodes());
}

item_key key_of(const value& item)
{
    item_key key;
    char slash = 0;
    std::istringstream text{std::string{item.text()}};
    if (!(text >> key.queue >> slash >> key.producer >> slash >> key.number))
        fail("an item that nobody has put");
    return key;
}

item_key key_of(bytes_view opcodes)
{
    return key_of(codec::payload{codec::item::make(opcodes, {.protocol_min = 4})}.to_value());
}

void item_ledger::on_put(const item_key& item)
{
    items_.emplace(item, known_item{});
}

void item_ledger::on_put_again(const item_key& item)
{
    items_.at(item).is_repeated = true;
    items_.at(item).came_back = true;  // a put of the first attempt may be under way beside it
}

void item_ledger::on_put_over(std::span<const item_key> items, std::size_t in)
{
    for (std::size_t i = 0; i < items.size(); ++i) {
        known_item& known = items_.at(items[i]);
        if (i < in) {
            known.put = known_item::fate::in;
        } else if (!known.is_repeated) {
            require(known.handed_out == 0, "an item is handed out whose put was refused");
            known.put = known_item::fate::not_in;
        }
    }
}

void item_ledger::on_handed_out(const item_key& item, std::size_t queue)
{
    const auto found = items_.find(item);
    require(found != items_.end() && item.queue == queue, "an item of another queue");
    known_item& known = found->second;
    require(known.put != known_item::fate::not_in, "an item that was refused is handed out");
    ++known.handed_out;
    if (known.handed_out > 1 + known.put_back_sent)
        fail("item " + to_string(item) + " is handed out twice");
}

void item_ledger::on_put_back_sent(const item_key& item)
{
    items_.at(item).came_back = true;
    ++items_.at(item).put_back_sent;
}

void item_ledger::on_put_back_answered(const item_key& item)
{
    ++items_.at(item).put_back;
}

void item_ledger::on_put_back_unanswered(const item_key& item)
{
    ++items_.at(item).maybe_put_back;
}

void item_ledger::on_came_back(const item_key& item)
{
    items_.at(item).came_back = true;
}

bool item_ledger::keeps_its_place(const item_key& item) const
{
    return !items_.at(item).came_back;
}

void item_ledger::count_left(std::span<queue_under_test> queues, core::completions& told)
{
    for (const queue_under_test& each : queues) {
        std::vector<codec::item> left;
        while (each.queue->take_ready(1000, 1'000'000'000, left, told) != 0) {
        }
        std::map<std::size_t, std::size_t> latest;
        for (const codec::item& item : left) {
            const item_key key = key_of(item.opcodes());
            known_item& known = items_.at(key);
            ++known.left;
            require(known.put != known_item::fate::not_in, "an item that was refused is in its queue");
            if (each.kind != core::queue_kind::fifo || known.came_back)
                continue;
            require(key.number > latest[key.producer], "what is left is not in order");
            latest[key.producer] = key.number;
        }
    }
}

void item_ledger::check_conservation(std::span<queue_under_test> queues, core::completions& told)
{
    count_left(queues, told);
    std::vector<std::uint64_t> in(queues.size());
    std::vector<std::uint64_t> maybe_in(queues.size());
    for (const auto& [key, item] : items_) {
        const int out = item.handed_out + item.left;
        const int back_at_most = item.put_back + item.maybe_put_back;
        const bool is_in = item.put == known_item::fate::in || out != 0;
        in[key.queue] += is_in ? 1 : 0;
        maybe_in[key.queue] += item.put != known_item::fate::not_in ? 1 : 0;
        if (out > 1 + back_at_most)
            fail("item " + to_string(key) + " is there " + std::to_string(out) + " times");
        if (is_in && !queues[key.queue].drops_items && out < 1 + item.put_back)
            fail("item " + to_string(key) + " is lost");
    }
    for (std::size_t i = 0; i < queues.size(); ++i) {
        const std::uint64_t total = queues[i].queue->statistics().puts_total;
        require(total <= maybe_in[i], "a queue has let in more than was put");
        require(total >= in[i], "a queue has let in less than it said");
        require(queues[i].drops_items || total == in[i], "an item is lost that nobody knows to be in");
    }
}

}  // namespace quaymaster::testing
