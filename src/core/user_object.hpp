// user_object: an object of a C++ class that the program has registered, called by method name.
#pragma once

#include "codec/pickle_limits.hpp"
#include "core/job.hpp"
#include "core/key_hash.hpp"
#include "core/referent.hpp"
#include "core/signature.hpp"

#include <quaymaster/class_description.hpp>

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <typeindex>
#include <unordered_map>
#include <vector>

namespace quaymaster::core {

/// A class as its objects and its constructor see it: the description, its name, and which arguments each method takes.
class user_class {
public:
    /// Throws std::invalid_argument for a method without a name, and for two that take the same parameters.
    user_class(std::string typeid_name, class_description described);

    struct callable {
        const callable_description* described;
        std::string full_name;  // "Counter.increment", for messages
        std::vector<parameter> expected;
        enum signature::style style;

        [[nodiscard]] signature expects() const noexcept { return {full_name, expected, style}; }
    };

    [[nodiscard]] const std::string& typeid_name() const noexcept { return typeid_name_; }
    [[nodiscard]] const class_description& description() const noexcept { return description_; }
    /// The method names, sorted, each once.
    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept { return exposed_; }
    /// Those of that name; of a constructor for an empty name.
    [[nodiscard]] std::span<const callable> overloads(std::string_view name) const;

private:
    std::string typeid_name_;
    class_description description_;
    std::vector<callable> callables_;  // by name, constructors first
    std::vector<std::string_view> exposed_;
};

/// The classes of one server by their C++ type, for results that are objects. Constant while calls run.
class user_classes {
public:
    /// `seed`: for the hash tables of dicts that functions return.
    user_classes(job_runner& runner, const codec::pickle_limits& limits, const hash_seed& seed = {}) noexcept
        : runner_{runner}, limits_{limits}, seed_{seed}
    {
    }

    void add(std::shared_ptr<const user_class> known);
    [[nodiscard]] std::shared_ptr<const user_class> find(std::type_index type) const;
    [[nodiscard]] job_runner& runner() const noexcept { return runner_; }
    [[nodiscard]] const codec::pickle_limits& limits() const noexcept { return limits_; }
    [[nodiscard]] const hash_seed& seed() const noexcept { return seed_; }

private:
    job_runner& runner_;
    codec::pickle_limits limits_;
    hash_seed seed_;
    std::unordered_map<std::type_index, std::shared_ptr<const user_class>> by_type_;
};

/// An object of a registered class, or, without an object, what makes those: then its one method has an empty name, and what
/// it returns stays in the server.
/// A call parks its caller and becomes a job. The arguments are decoded there, too. One call at a time, in the order of their
/// arrival, unless the class says that calls may overlap; making objects always may. If the class says that its calls are quick
/// nothing of that is worth its cost: they are run at once.
/// Errors: type_error for arguments that do not fit, and what the C++ code throws: see class_definition.
class user_object final : public referent, public std::enable_shared_from_this<user_object> {
public:
    /// `object` null: the constructor.
    user_object(const user_classes& classes, std::shared_ptr<const user_class> known, std::shared_ptr<void> object);
    ~user_object() override;

    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept override;
    outcome invoke(call& request, waiter& caller, completions& fulfilled) override;
    /// No call has a deadline, so this is never called.
    outcome expire(waiter& late, completions& fulfilled) override;
    /// A call that has begun runs to its end, and its result is dropped.
    void withdraw(waiter& gone, completions& fulfilled) override;
    [[nodiscard]] bool works_for_the_parked() const noexcept override { return true; }
    /// The C++ object's: whoever is given it again gets the same proxy, and so takes turns with the others.
    [[nodiscard]] object_identity identity() const noexcept override;
    /// "<Counter object>".
    [[nodiscard]] std::string text() const override;

private:
    class user_call;

    [[nodiscard]] outcome submit(std::shared_ptr<user_call> begun, waiter& caller, completions& fulfilled);
    void start_next();
    [[nodiscard]] outcome run(const callable_description& called, std::span<const codec::payload> arguments) noexcept;
    [[nodiscard]] outcome to_outcome(call_result&& result) const;
    [[nodiscard]] outcome to_proxy(object_result&& result) const;

    const user_classes& classes_;
    const std::shared_ptr<const user_class> class_;
    const std::shared_ptr<void> object_;
    std::deque<std::shared_ptr<user_call>> waiting_;
    std::vector<std::shared_ptr<user_call>> running_;
};

}  // namespace quaymaster::core
