// registry: typeids and what they make, objects alive and who counts on them.
#pragma once

#include "core/referent.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace quaymaster::core {

/// What a factory gives back: an object, and the ident that it goes by if that must be the same at every call and
/// after a restart (a registered queue); without one the registry makes a unique ident, or finds the one that the object
/// has while anybody counts on it.
struct made_object {
    std::shared_ptr<referent> object;
    std::string stable_ident;
};

/// Makes, or finds, the object behind a typeid. May raise (a wrong argument).
using factory = std::function<std::variant<made_object, raised>(call& arguments)>;

/// What is known of a factory beside what it makes.
struct factory_traits {
    bool reads_arguments = false;    // objects are made of what positional arguments hold, as a list is: see referent::reads_argument()
    bool makes_new_objects = false;  // one at each call, which nobody else has: such an object can be shared under a name of its own
};

/// A `create` that worked: CPython's `(ident, exposed)`.
struct created {
    std::string ident;
    std::shared_ptr<referent> object;
};

/// An object alive, counted, held or stable. `count` is of what counts on it, in clients and in data.
struct listed_object {
    std::string ident;
    std::shared_ptr<referent> object;
    std::size_t count;
};

/// CPython's debug_info(): per counted one of `objects`, sorted by ident, its count and the first 75 characters of its text.
[[nodiscard]] std::string debug_info(std::vector<listed_object> objects,
                                     const std::function<std::string(const referent&)>& text_of);

/// Thread safety: none of its own, as for referents.
class registry {
public:
    /// How many objects clients may have made at once, those with a stable ident not counted.
    static constexpr std::size_t objects_max_default = 1'000'000;

    /// `instance` tells this server's unique idents from those of another or an earlier one.
    explicit registry(std::uint64_t instance, std::size_t objects_max = objects_max_default);

    /// Throws std::invalid_argument if `typeid_name` is empty or registered already.
    void register_typeid(std::string typeid_name, factory make, factory_traits traits = {});
    /// All false for an unknown typeid.
    [[nodiscard]] factory_traits traits_of(std::string_view typeid_name) const noexcept;
    /// A typeid whose objects `constructor` makes: invoked with the arguments of a create, it comes to a made_proxy, maybe
    /// later. Throws as register_typeid().
    void register_constructor(std::string typeid_name, std::shared_ptr<referent> constructor);
    /// Null if the typeid has none.
    [[nodiscard]] std::shared_ptr<referent> find_constructor(std::string_view typeid_name) const;
    [[nodiscard]] bool has_typeid(std::string_view typeid_name) const noexcept;
    [[nodiscard]] std::vector<std::string> typeids() const;

    /// What the factory of `typeid_name` makes, not entered here. key_error for an unknown typeid. Of a typeid whose
    /// traits.reads_arguments it needs no guard once the program has registered what it serves.
    std::variant<made_object, raised> make(std::string_view typeid_name, call& arguments) const;
    /// Makes or finds the object; its count is one higher on return. key_error for an unknown typeid; runtime_error if
    /// the stable ident belongs to another object, or for a new object beyond objects_max.
    std::variant<created, raised> create(std::string_view typeid_name, call& arguments);
    /// The second half of create(), for what make() has made.
    std::variant<created, raised> enter(made_object made, std::string_view typeid_name);
    /// Gives an object that a method made, such as an iterator, an ident of its own, or finds the one that it has; its count is one
    /// higher on return. runtime_error beyond objects_max.
    std::variant<created, raised> adopt(std::shared_ptr<referent> object, std::string_view typeid_name);
    /// False: unknown ident.
    bool incref(std::string_view ident);
    /// At zero the object goes, unless its ident is stable, when only its count does, or data holds it. False: unknown ident or
    /// count 0.
    bool decref(std::string_view ident);

    /// Data kept in the object `owner` holds a proxy of `target`, which lives at least as long. Empty: data on its way, in no
    /// object. False: no such target.
    bool add_hold(std::string_view owner, std::string_view target);
    /// The data with that hold is now in another object.
    void move_hold(std::string_view from, std::string_view to, std::string_view target);
    /// The data is gone. Returns the target if nothing else keeps it alive, for the caller to destroy: what it holds ends then.
    /// Does nothing if there is no such hold.
    [[nodiscard]] std::shared_ptr<referent> remove_hold(std::string_view owner, std::string_view target);
    /// Takes out the objects that only hold each other: `l.append(l)` and no proxy of `l` left. Costs time in proportion to the
    /// objects and holds, if there may be any such; otherwise nothing. Returns them, for the caller to destroy.
    [[nodiscard]] std::vector<std::shared_ptr<referent>> collect_cycles();
    /// True if collect_cycles() is due.
    [[nodiscard]] bool may_have_cycles() const noexcept { return may_have_cycles_; }
    /// The object behind `ident`; null if there is none. A stable ident is found even before its first create(), so a
    /// proxy made before a restart goes on working (see declare_stable).
    [[nodiscard]] std::shared_ptr<referent> find(std::string_view ident) const;
    /// True for an ident that stays when nobody counts on its object. Precondition: known.
    [[nodiscard]] bool is_stable(std::string_view ident) const noexcept;
    /// Lets find(), incref() and create() know a stable object that exists before anybody creates it.
    /// Throws std::invalid_argument if `ident` belongs to another object already.
    void declare_stable(std::string ident, std::shared_ptr<referent> object);

    /// How many objects are counted or held.
    [[nodiscard]] std::size_t number_of_objects() const noexcept;
    /// All objects alive, in no order: to be looked at when whoever guards the registry has let it go.
    [[nodiscard]] std::vector<listed_object> list() const;

private:
    struct entry {
        std::shared_ptr<referent> object;
        std::size_t count = 0;
        bool stable = false;
        std::map<std::string, std::size_t, std::less<>> holders;  // by the ident of what holds it
        [[nodiscard]] bool is_in_use() const noexcept { return count != 0 || !holders.empty(); }
        [[nodiscard]] std::size_t references() const noexcept;
    };
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
    };

    struct identity_hash {
        std::size_t operator()(const object_identity& known) const noexcept
        {
            return std::hash<const void*>{}(known.address) ^ known.type;
        }
    };

    using object_map = std::unordered_map<std::string, entry, text_hash, std::equal_to<>>;

    [[nodiscard]] std::string unique_ident();
    void take_into_use(entry& home) noexcept;
    /// After a count or hold has gone. The object if it has left the registry.
    std::shared_ptr<referent> settle(object_map::iterator place);
    std::shared_ptr<referent> take_out(object_map::iterator place);
    /// Adds an object with an ident of its own; end() if there are objects_max.
    [[nodiscard]] object_map::iterator add_made_by_client();
    [[nodiscard]] raised too_many_objects(std::string_view typeid_name) const;
    [[nodiscard]] created count_up(object_map::iterator place, std::shared_ptr<referent> object);

    struct registered_factory {
        factory make;
        factory_traits traits;
    };
    std::map<std::string, registered_factory, std::less<>> factories_;
    std::map<std::string, std::shared_ptr<referent>, std::less<>> constructors_;
    object_map objects_;
    std::unordered_map<object_identity, std::string, identity_hash> idents_;  // of every object in objects_
    std::size_t in_use_ = 0;
    bool may_have_cycles_ = false;
    std::size_t made_by_clients_ = 0;  // objects without a stable ident
    std::size_t objects_max_;
    std::uint64_t instance_;
    std::uint64_t made_ = 0;
};

}  // namespace quaymaster::core
