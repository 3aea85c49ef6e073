// payload: one object on its way through a call. A scalar travels decoded, everything else as its item.
#pragma once

#include "codec/item.hpp"
#include "codec/pickle_limits.hpp"

#include <quaymaster/value.hpp>

#include <memory>
#include <variant>

namespace quaymaster::codec {


/// An argument or a result: either a value that is already known or an item that nobody has had to decode.
/// Flags and timeouts are read on every call and items hardly ever, so scalars come decoded and the rest does not.
class payload {
public:
    payload() noexcept = default;  // None
    payload(value known) noexcept : content_{std::move(known)} {}
    payload(item pickled) noexcept : content_{std::move(pickled)} {}

    [[nodiscard]] bool is_item() const noexcept { return std::holds_alternative<item>(content_); }
    /// The value inside, or null when this is an item.
    [[nodiscard]] const value* known() const noexcept { return std::get_if<value>(&content_); }
    /// The item inside, or null when this is a known value.
    [[nodiscard]] const item* pickled() const noexcept { return std::get_if<item>(&content_); }

    /// True if it may hold proxies of managers, whoever's; see is_proxy_maker().
    [[nodiscard]] bool has_proxies() const noexcept;
    /// Keeps `held` alive as long as the object is kept, in whatever form. Precondition: this is an item.
    void attach(std::shared_ptr<const void> held);
    /// What was attached to the item, or to the one that this value was decoded from; null if nothing.
    [[nodiscard]] std::shared_ptr<const void> held() const noexcept;

    /// As an item; a known value is encoded in the lowest protocol that carries it. The rvalue form moves.
    [[nodiscard]] item to_item() const&;
    [[nodiscard]] item to_item() &&;
    /// As a value; an item is decoded. Throws pickle_error beyond `limits`.
    [[nodiscard]] value to_value(const pickle_limits& limits) const;
    [[nodiscard]] value to_value() const;  // with the default limits

private:
    std::variant<value, item> content_;
};

}  // namespace quaymaster::codec
