// value_referent: SyncManager's Value.
#pragma once

#include "codec/payload.hpp"
#include "codec/pickle_limits.hpp"
#include "core/method_table.hpp"
#include "core/referent.hpp"
#include "core/registry.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace quaymaster::core {

/// managers.Value: one object that clients get and set; a ValueProxy makes its `value` of these two. As in CPython the
/// typecode is only kept: any object may be set, and the lock that the constructor is asked for does not exist.
class value_referent final : public immediate_referent {
public:
    /// `limits`: for text() and by_value(), which are all that decodes anything.
    value_referent(codec::payload typecode, codec::payload initial, const codec::pickle_limits& limits = {});

    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept override;
    outcome invoke(core::call& request, waiter& caller, completions& fulfilled) override;
    /// Value.__repr__: "Value('i', 3)".
    [[nodiscard]] std::string text() const override;
    /// A multiprocessing.managers.Value; nullopt if what it holds cannot be read.
    [[nodiscard]] std::optional<value> by_value() const override;

private:
    struct methods;

    outcome get(invocation& called);
    outcome set(invocation& called);

    codec::pickle_limits limits_;
    codec::payload typecode_;
    codec::payload value_;
};

/// `Value(typecode, value, lock=True)` of SyncManager: each create() makes a new one.
[[nodiscard]] factory fresh_value(const codec::pickle_limits& limits = {});

}  // namespace quaymaster::core
