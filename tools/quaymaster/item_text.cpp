#include "item_text.hpp"

#include <quaymaster/literal.hpp>

#include <stdexcept>

namespace quaymaster::tool {

namespace {

/// What repr() may leave out beyond what it must when it cuts: a part of a character.
constexpr std::size_t character_size_max = 4;

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
        return to_json(item, item_text_size_max);
    } catch (const std::invalid_argument&) {  // it contains itself
        return to_json(value::dict({{"__repr__", item_repr(item)}}), 2 * item_text_size_max);
    }
}

}  // namespace quaymaster::tool
