// event_referent: Event under the method names of Python's threading module.
#pragma once

#include "core/method_table.hpp"
#include "core/referent.hpp"
#include "core/registry.hpp"
#include "core/waiter_line.hpp"

#include <span>
#include <string>
#include <string_view>

namespace quaymaster::core {

/// threading.Event as EventProxy sees it: is_set() (isSet() for old proxies), set(), clear(), wait(timeout=None). set() ends
/// all waits with True, whatever clear() does before their callers come to run. Hence at any time: while somebody waits, the
/// event is not set. As in threading.py, wait() looks at its timeout only if it must wait.
class event_referent final : public referent {
public:
    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept override;
    outcome invoke(call& request, waiter& caller, completions& fulfilled) override;
    /// False.
    outcome expire(waiter& late, completions& fulfilled) override;
    void withdraw(waiter& gone, completions& fulfilled) override;
    /// "<threading.Event: unset>", "<threading.Event: set>".
    [[nodiscard]] std::string text() const override;

private:
    struct methods;

    outcome clear(invocation& called);
    outcome is_set(invocation& called);
    outcome set(invocation& called);
    outcome wait(invocation& called);

    bool is_set_ = false;
    waiter_line line_;
};

/// `Event()` of SyncManager: each create() makes a new one.
[[nodiscard]] factory fresh_event();

}  // namespace quaymaster::core
