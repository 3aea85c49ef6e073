// object_idents: what an ident tells of the object that goes by it.
#pragma once

#include <string_view>

namespace quaymaster::net {

/// True if it is one of our servers' own registered objects, or a queue of one of its factories: create() finds that by its name,
/// after a restart of the server, too.
[[nodiscard]] bool is_found_by_name(std::string_view ident, std::string_view typeid_name) noexcept;

/// True if create() of `typeid_name` has one of our servers make it for a client. It goes with its last count, and is not found again.
[[nodiscard]] bool is_made_for_client(std::string_view ident, std::string_view typeid_name) noexcept;

}  // namespace quaymaster::net
