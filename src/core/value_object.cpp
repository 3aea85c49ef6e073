#include "core/value_object.hpp"

#include "core/dict_referent.hpp"
#include "core/list_referent.hpp"

#include <utility>

namespace quaymaster::core {
namespace {

class plain_object final : public referent {
public:
    explicit plain_object(value known) : known_{std::move(known)} {}

    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept override { return {}; }
    outcome invoke(call& request, waiter&, completions&) override
    {
        return raised{exception_type::attribute_error,
                      "'" + known_.type_name() + "' object has no attribute '" + std::string{request.method} + "'"};
    }
    // Nobody ever waits here.
    outcome expire(waiter&, completions&) override { return parked{}; }
    void withdraw(waiter&, completions&) override {}
    [[nodiscard]] std::string text() const override
    {
        const bool is_text = known_.kind() == value_kind::str;
        return is_text ? std::string{known_.text()} : known_.repr();
    }
    [[nodiscard]] std::optional<value> by_value() const override { return known_; }

private:
    const value known_;
};

/// The object that `make` makes of `known`; null if it cannot.
std::shared_ptr<referent> made_by(const factory& make, const value& known)
{
    call arguments;
    arguments.positional.emplace_back(known);
    auto made = make(arguments);
    auto* const object = std::get_if<made_object>(&made);
    return object != nullptr ? std::move(object->object) : nullptr;
}

}  // namespace

std::shared_ptr<referent> object_of_value(const value& known, const codec::pickle_limits& limits, const hash_seed& seed)
{
    std::shared_ptr<referent> object;
    if (known.kind() == value_kind::list)
        object = made_by(fresh_list(limits), known);
    else if (known.kind() == value_kind::dict)
        object = made_by(fresh_dict(limits, seed), known);
    return object != nullptr ? object : std::make_shared<plain_object>(known);
}

}  // namespace quaymaster::core
