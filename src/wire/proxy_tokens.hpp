// proxy_tokens: the proxies of managers inside pickled data: which objects they stand for, and by which address.
#pragma once

#include "codec/payload.hpp"
#include "codec/pickle_limits.hpp"
#include "codec/transcode.hpp"

#include <quaymaster/value.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace quaymaster::wire {

/// A proxy as CPython pickles it: RebuildProxy(class, Token(typeid, address, ident), serializer, keywords).
struct proxy_token {
    std::string ident;
    value address;  // (host, port), or the path of a Unix socket
};

/// The proxies in `data`, in no order, one for each ident. Throws pickle_error if it cannot be decoded within `limits`.
[[nodiscard]] std::vector<proxy_token> proxies_in(const codec::payload& data, const codec::pickle_limits& limits);

/// The proxy that `data` as a whole is; nullopt if it is none. Throws pickle_error as above.
[[nodiscard]] std::optional<proxy_token> as_proxy(const codec::payload& data, const codec::pickle_limits& limits);

/// `data` with another address in every proxy for which `address_for` gives one; unchanged if it gives none. The rest is the
/// same object, written anew for `reader`. Throws pickle_error as above.
[[nodiscard]] codec::payload readdress(codec::payload data, codec::reader_dialect reader, const codec::pickle_limits& limits,
                                       const std::function<std::optional<value>(const proxy_token&)>& address_for);

}  // namespace quaymaster::wire
