// iterator_referent: an iterator that stays in the server, behind IteratorProxy.
#pragma once

#include "core/method_table.hpp"
#include "core/referent.hpp"

#include <quaymaster/value.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quaymaster::core {

/// What a method such as dict.__iter__ makes, as made_proxy with typeid_name "Iterator".
inline constexpr std::string_view iterator_typeid = "Iterator";

/// The size of a container now, for iterators over it, which are called under other guards.
using shared_size = std::shared_ptr<const std::atomic<std::size_t>>;

/// An iterator over items that were there when it was made: what happens to their container later does not reach it, but that
/// one over a dict notices, as CPython's does, when the dict has another size.
/// Exposes what IteratorProxy of some version does: __next__ and next, which raise stop_iteration at the end, and send,
/// throw and close, which no iterator but a generator has: attribute_error.
class iterator_referent final : public immediate_referent {
public:
    /// `class_name`, static, is for text() and for messages: what CPython calls the iterator, such as "dict_keyiterator".
    explicit iterator_referent(std::vector<value> items, std::string_view class_name = "iterator");
    /// While `size` is not that of `items`, and until it has come to its end, it raises runtime_error.
    iterator_referent(std::vector<value> items, std::string_view class_name, shared_size size);

    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept override;
    outcome invoke(call& request, waiter& caller, completions& fulfilled) override;
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
    shared_size size_;  // null: nothing to notice, or at the end
    std::size_t expected_size_ = 0;
};

}  // namespace quaymaster::core
