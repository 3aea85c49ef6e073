#include "core/iterator_referent.hpp"

#include "core/iterable.hpp"

#include <array>
#include <utility>

namespace quaymaster::core {

struct iterator_referent::methods {
    static constexpr auto builtin = signature::style::builtin;
    static constexpr auto raw = signature::style::raw;
    static constexpr auto next = &run_member<iterator_referent, &iterator_referent::next>;
    static constexpr auto refuse = &run_member<iterator_referent, &iterator_referent::refuse>;

    static constexpr method_table table{std::array{
        method{"__next__", {"__next__", {}, builtin}, next},
        method{"close", {"close", {}, raw}, refuse},
        method{"next", {"next", {}, builtin}, next},
        method{"send", {"send", {}, raw}, refuse},
        method{"throw", {"throw", {}, raw}, refuse},
    }};
};

iterator_referent::iterator_referent(std::vector<value> items, std::string_view class_name)
    : items_{std::move(items)}, class_name_{class_name}
{
}

iterator_referent::iterator_referent(std::vector<value> items, std::string_view class_name, shared_size size)
    : items_{std::move(items)}, class_name_{class_name}, size_{std::move(size)}, expected_size_{items_.size()}
{
}

std::span<const std::string_view> iterator_referent::exposed() const noexcept
{
    return methods::table.names;
}

outcome iterator_referent::invoke(call& request, waiter& caller, completions& fulfilled)
{
    return invoke_method(methods::table.methods, class_name_, *this, request, caller, fulfilled);
}

std::string iterator_referent::text() const
{
    return "<" + std::string{class_name_} + " object>";
}

std::optional<value> iterator_referent::by_value() const
{
    const std::vector<value> rest(items_.begin() + static_cast<std::ptrdiff_t>(next_), items_.end());
    return value::object(value::global("builtins", "iter"), {value::list(rest)});
}

outcome iterator_referent::next(invocation&)
{
    if (size_ != nullptr && size_->load(std::memory_order_relaxed) != expected_size_)
        return raised{exception_type::runtime_error, "dictionary changed size during iteration"};
    if (next_ == items_.size()) {
        size_.reset();
        items_ = {};  // an exhausted iterator may be kept for long
        next_ = 0;
        return raised{exception_type::stop_iteration, {}};
    }
    const value item = std::exchange(items_[next_++], value{});
    return returned{detached(item)};
}

outcome iterator_referent::refuse(invocation& called)
{
    return raised{exception_type::attribute_error,
                  "'" + std::string{class_name_} + "' object has no attribute '" + std::string{called.request.method} + "'"};
}

}  // namespace quaymaster::core
