// namespace_referent: SyncManager's Namespace.
#pragma once

#include "codec/pickle_limits.hpp"
#include "core/method_table.hpp"
#include "core/referent.hpp"
#include "core/registry.hpp"
#include "core/value_table.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace quaymaster::core {

/// managers.Namespace: attributes in the order of their first assignment. Of what every instance has, `__dict__` may be read,
/// replaced and deleted as in CPython, and `__class__`, `__doc__` and `__module__` may be read; methods, which no
/// client could load, are attributes that are missing.
/// Errors: attribute_error ("'Namespace' object has no attribute 'x'"), type_error for a name that is no text and for
/// assignments that CPython refuses; value_error for an argument that cannot be read.
class namespace_referent final : public immediate_referent {
public:
    /// `seed`: see hash_seed.
    explicit namespace_referent(const codec::pickle_limits& limits = {}, const hash_seed& seed = {}) : table_{seed, limits} {}

    /// Namespace(**attributes).
    [[nodiscard]] std::optional<raised> construct(core::call& arguments);

    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept override;
    outcome invoke(core::call& request, waiter& caller, completions& fulfilled) override;
    /// Namespace.__repr__: "Namespace(a=1, b='x')", sorted, without the names that begin with an underscore.
    /// Beyond a megabyte "..." takes the place of the rest.
    [[nodiscard]] std::string text() const override;
    /// A multiprocessing.managers.Namespace; nullopt if an attribute cannot be read.
    [[nodiscard]] std::optional<value> by_value() const override;

private:
    struct methods;

    outcome delete_attribute(invocation& called);
    outcome get_attribute(invocation& called);
    outcome set_attribute(invocation& called);

    [[nodiscard]] std::variant<value, raised> read_name(const codec::payload& argument) const;
    [[nodiscard]] std::optional<raised> replace_all(const codec::payload& argument);
    [[nodiscard]] value attributes() const;

    value_table table_;  // the attributes by their names, each a str or a byte_string
};

/// `Namespace(**attributes)` of SyncManager: each create() makes a new one, with `limits` for what is decoded of arguments.
[[nodiscard]] factory fresh_namespace(const codec::pickle_limits& limits = {}, const hash_seed& seed = {});

}  // namespace quaymaster::core
