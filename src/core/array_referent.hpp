// array_referent: a shared array.array under the method names that ArrayProxy knows.
#pragma once

#include "core/array_data.hpp"
#include "core/method_table.hpp"
#include "core/referent.hpp"
#include "core/registry.hpp"

#include <quaymaster/pickle_limits.hpp>
#include <quaymaster/value.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace quaymaster::core {

/// An array.array as a proxy sees it, with what ArrayProxy exposes in some version from 2.7 to 3.13.
/// What a call raises leaves the array as it was.
class array_referent final : public immediate_referent {
public:
    /// `limits`: what an argument may be.
    explicit array_referent(array_data content, const pickle_limits& limits = {});

    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept override;
    outcome invoke(call& request, waiter& caller, completions& fulfilled) override;
    /// str(array), at most 2^20 octets.
    [[nodiscard]] std::string text() const override;
    /// The array.
    [[nodiscard]] std::optional<value> by_value() const override;

    [[nodiscard]] const array_data& content() const noexcept { return content_; }

private:
    struct methods;

    outcome getitem(invocation& called);
    outcome getslice(invocation& called);
    outcome len(invocation& called);
    outcome setitem(invocation& called);
    outcome setslice(invocation& called);

    [[nodiscard]] value decoded(const codec::payload& argument) const { return argument.to_value(limits_); }
    /// The positions that __getslice__ and __setslice__ are asked for in their first two arguments.
    [[nodiscard]] std::variant<slice_range, raised> read_plain_slice(const invocation& called) const;
    [[nodiscard]] outcome assign(const slice_range& range, const value& items);

    array_data content_;
    pickle_limits limits_;
};

/// `Array(typecode, sequence, lock=True)` of SyncManager: each create() makes a new one. Errors as array.array raises them,
/// and as items_of() for what cannot be iterated.
[[nodiscard]] factory fresh_array(const pickle_limits& limits = {});

}  // namespace quaymaster::core
