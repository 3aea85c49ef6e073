// iterator_referent: an iterator that stays in the server, behind IteratorProxy.
#pragma once

#include "core/method_table.hpp"
#include "core/referent.hpp"

#include <quaymaster/value.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quaymaster::core {

/// What a method such as dict.__iter__ makes, as made_proxy with typeid_name "Iterator".
inline constexpr std::string_view iterator_typeid = "Iterator";

/// An iterator over items that were there when it was made: what happens to their container later does not reach it. (CPython's
/// notices some changes of a dict and raises RuntimeError.)
/// Exposes what IteratorProxy of some version does: __next__ and next, which raise stop_iteration at the end, and send,
/// throw and close, which no iterator but a generator has: attribute_error.
class iterator_referent final : public referent {
public:
    /// `class_name`, static, is for text() and for messages: what CPython calls the iterator, such as "dict_keyiterator".
    explicit iterator_referent(std::vector<value> items, std::string_view class_name = "iterator");

    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept override;
    outcome invoke(call& request, waiter& caller, completions& fulfilled) override;
    /// Nobody ever waits here, so neither of these is ever called.
    outcome expire(waiter& late, completions& fulfilled) override;
    void withdraw(waiter& gone, completions& fulfilled) override;
    /// "<dict_keyiterator object>".
    [[nodiscard]] std::string text() const override;
    /// `iter([...])` of the items still to come, as CPython 3 pickles an iterator.
    [[nodiscard]] std::optional<value> by_value() const override;

private:
    struct methods;

    outcome next(invocation& called);
    outcome refuse(invocation& called);

    std::vector<value> items_;  // those before next_ are None by now
    std::size_t next_ = 0;
    std::string_view class_name_;
};

}  // namespace quaymaster::core
