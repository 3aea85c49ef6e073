#include "item_text.hpp"

#include <quaymaster/literal.hpp>

#include <stdexcept>
#include <utility>
#include <vector>

namespace quaymaster::tool {

namespace {

/// What to_json() writes of an object, or of a key that is no text: repr() with its own default.
constexpr std::size_t repr_in_json_size_max = std::size_t{1} << 20;
/// What repr() may leave out beyond what it must when it cuts: a part of a character.
constexpr std::size_t character_size_max = 4;

bool is_repr_longer(const value& item, std::size_t size_max)
{
    return item.repr(size_max + character_size_max).size() > size_max;
}

bool is_container(const value& item)
{
    switch (item.kind()) {
    case value_kind::tuple:
    case value_kind::list:
    case value_kind::set:
    case value_kind::frozenset:
    case value_kind::dict: return true;
    default: return false;
    }
}

bool is_cut_in_json(const value& item)
{
    return (item.kind() == value_kind::object || item.kind() == value_kind::global) && is_repr_longer(item, repr_in_json_size_max);
}

bool is_key_cut_in_json(const value& key)
{
    return key.kind() != value_kind::str && is_repr_longer(key, repr_in_json_size_max);
}

/// True if to_json() shows a part of `item`, which does not contain itself, by less than its repr().
bool holds_cut_in_json(const value& item)
{
    if (!is_repr_longer(item, repr_in_json_size_max))
        return false;
    std::vector<value> rest{item};
    while (!rest.empty()) {
        const value each = std::move(rest.back());
        rest.pop_back();
        if (is_cut_in_json(each))
            return true;
        if (!is_container(each))
            continue;
        for (std::size_t index = 0; index < each.size(); ++index) {
            if (each.kind() != value_kind::dict) {
                rest.push_back(each[index]);
                continue;
            }
            auto [key, mapped] = each.entry(index);
            if (is_key_cut_in_json(key))
                return true;
            rest.push_back(std::move(mapped));
        }
    }
    return false;
}

}  // namespace

std::string item_repr(const value& item)
{
    std::string text = item.repr(item_text_size_max + character_size_max);
    if (text.size() > item_text_size_max)
        throw std::length_error{"its text exceeds " + std::to_string(item_text_size_max) + " octets"};
    return text;
}

std::string item_json(const value& item)
{
    try {
        std::string text = to_json(item, item_text_size_max);
        if (!holds_cut_in_json(item))
            return text;
    } catch (const std::invalid_argument&) {
        // It contains itself.
    }
    return to_json(value::dict({{"__repr__", item_repr(item)}}), 2 * item_text_size_max);
}

}  // namespace quaymaster::tool
