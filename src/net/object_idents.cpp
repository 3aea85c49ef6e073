#include "net/object_idents.hpp"

#include <cstddef>

namespace quaymaster::net {
namespace {

bool is_hexadecimal(std::string_view text) noexcept
{
    return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

bool is_found_by_name(std::string_view ident, std::string_view typeid_name) noexcept
{
    return ident.starts_with(typeid_name) && (ident.size() == typeid_name.size() || ident[typeid_name.size()] == '/');
}

bool is_made_for_client(std::string_view ident, std::string_view typeid_name) noexcept
{
    // "instance-number"; CPython's idents are numbers. What is registered may be called like that, too.
    const std::size_t dash = ident.find('-');
    return dash != std::string_view::npos && is_hexadecimal(ident.substr(0, dash)) && is_hexadecimal(ident.substr(dash + 1)) &&
           !is_found_by_name(ident, typeid_name);
}

}  // namespace quaymaster::net
