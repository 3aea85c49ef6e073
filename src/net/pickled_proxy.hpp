// pickled_proxy: proxies inside data, as CPython's clients send and find them.
#pragma once

#include "wire/python_dialect.hpp"

#include <quaymaster/address.hpp>
#include <quaymaster/value.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace quaymaster::net {

/// `RebuildProxy(class, Token(typeid, address, ident), 'pickle', keywords)`, as BaseProxy.__reduce__ gives it (managers.py). If
/// `python_class` is empty, it is that of SyncManager's typeids, else AutoProxy, which is told what is exposed.
[[nodiscard]] value pickled_proxy(const address& server, std::string_view typeid_name, std::string_view ident,
                                  std::span<const std::string> exposed, std::string_view python_class = {});

/// What stands in such a value.
struct found_proxy {
    wire::proxy_reply object;  // exposed is empty where the class says it
    value address;
};
/// nullopt if `content` is no proxy.
[[nodiscard]] std::optional<found_proxy> find_proxy(const value& content);

/// True if a client of `server` may take `told`, the address in a token, for that server: a host has many names, a port one.
[[nodiscard]] bool is_same_server(const address& server, const value& told);

}  // namespace quaymaster::net
