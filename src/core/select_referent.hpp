// select_referent: get() from the first of several queues that has something.
#pragma once

#include "codec/pickle_limits.hpp"
#include "core/method_table.hpp"
#include "core/object_access.hpp"
#include "core/referent.hpp"
#include "core/selection.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace quaymaster::core {

/// An object with one method: get_any(queues, block=True, timeout=None) returns (index, item) of the first of `queues`, a list or
/// tuple of proxies or idents, that has an item, and waits for one as Queue.get() does. If several have, the earliest wins.
/// queue_empty when the time is up; queue_shut_down when all are shut down and empty (one of them is passed over); key_error
/// for an ident that nothing goes by; type_error for what is no queue; value_error for none, for more than queues_max, and for a
/// timeout as wait_limit has it.
/// Called without a guard. A call that waits is parked in a selection of its own, and never in this.
class select_referent final : public immediate_referent {
public:
    /// A call costs time in proportion, and so does its end.
    static constexpr std::size_t queues_max = 1'024;

    select_referent(object_access& others, const codec::pickle_limits& limits) noexcept : others_{others}, limits_{limits} {}

    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept override;
    outcome invoke(call& request, waiter& caller, completions& fulfilled) override;
    [[nodiscard]] std::string text() const override;
    [[nodiscard]] const referent* guarded_with() const noexcept override { return nullptr; }

private:
    struct methods;

    outcome get_any(invocation& called);
    std::variant<std::vector<choice>, raised> read_choices(const codec::payload& argument);
    outcome look(std::span<const choice> choices, invocation& called);

    object_access& others_;
    const codec::pickle_limits limits_;
};

}  // namespace quaymaster::core
