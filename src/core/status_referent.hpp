// status_referent: what `quaymaster stat` asks a running server.
#pragma once

#include "core/queue.hpp"
#include "core/referent.hpp"

#include <quaymaster/value.hpp>

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace quaymaster::core {

/// An object with one method, status(), which takes no arguments, changes nothing and returns a dict such as
/// {'queues': {ident: {...}}, ...}. The layers above know what is in it, so they supply it.
class status_referent final : public immediate_referent {
public:
    /// Called by each status(), on the caller's thread, maybe by several at once: it goes through the guards of others.
    using supplier = std::function<value()>;

    explicit status_referent(supplier supply);

    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept override;
    outcome invoke(call& request, waiter& caller, completions& fulfilled) override;
    [[nodiscard]] std::string text() const override;
    [[nodiscard]] const referent* guarded_with() const noexcept override { return nullptr; }

private:
    const supplier supply_;
};

/// A queue's statistics as a dict, each member under its own name: {'kind': 'fifo', 'maxsize': 0, 'depth': 3, ...}.
[[nodiscard]] value to_value(const queue_statistics& shown);

}  // namespace quaymaster::core
