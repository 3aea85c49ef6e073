#include "core/user_object.hpp"

#include "core/iterator_referent.hpp"
#include "core/user_exceptions.hpp"
#include "core/value_object.hpp"

#include <quaymaster/errors.hpp>

#include <boost/container/small_vector.hpp>
#include <boost/core/demangle.hpp>

#include <algorithm>
#include <atomic>
#include <optional>
#include <stdexcept>
#include <utility>

namespace quaymaster::core {
namespace {

/// So many arguments cost a call no memory.
constexpr std::size_t usual_arguments = 4;
using payloads = boost::container::small_vector<codec::payload, usual_arguments>;

/// The arguments of `request` in the order of the parameters, defaults filled in; or the type_error. They are moved out of
/// `request` only if they fit.
std::variant<payloads, raised> take_arguments(const user_class::callable& called, call& request)
{
    boost::container::small_vector<codec::payload*, usual_arguments> places(called.expected.size());
    if (auto misfit = bind_arguments(called.expects(), request, places))
        return *std::move(misfit);
    payloads arguments;
    arguments.reserve(places.size());
    for (std::size_t i = 0; i < places.size(); ++i)
        arguments.push_back(places[i] != nullptr ? std::move(*places[i])
                                                 : codec::payload{*called.described->takes[i].otherwise});
    return arguments;
}

/// In Python's words: what kind of callable is this?
enum signature::style style_of(const callable_description& described)
{
    const bool is_nameless = std::all_of(described.takes.begin(), described.takes.end(),
                                         [](const quaymaster::parameter& each) { return each.name.empty(); });
    if (is_nameless)
        return signature::style::builtin;
    return described.name.empty() ? signature::style::function : signature::style::python_method;
}

bool take_the_same(const callable_description& left, const callable_description& right)
{
    const auto name_of = [](const quaymaster::parameter& each) -> const std::string& { return each.name; };
    return std::ranges::equal(left.takes, right.takes, {}, name_of, name_of);
}

/// The second of two such would never be called. `callables` are sorted by name.
void require_distinct(std::span<const user_class::callable> callables)
{
    for (auto one = callables.begin(); one != callables.end(); ++one)
        for (auto other = one + 1; other != callables.end() && other->described->name == one->described->name; ++other)
            if (take_the_same(*one->described, *other->described))
                throw std::invalid_argument{"'" + one->full_name + "' is listed twice with the same parameters"};
}

}  // namespace

// ---- the class ------------------------------------------------------------------------------------------------------------

user_class::user_class(std::string typeid_name, class_description described)
    : typeid_name_{std::move(typeid_name)}, description_{std::move(described)}
{
    const auto add = [this](const callable_description& each, std::string full_name) {
        std::vector<parameter> expected;
        for (const quaymaster::parameter& takes : each.takes)
            expected.push_back({takes.name, !takes.otherwise});
        callables_.push_back({&each, std::move(full_name), std::move(expected), style_of(each)});
    };
    for (const callable_description& each : description_.constructors)
        add(each, typeid_name_);
    for (const callable_description& each : description_.methods) {
        if (each.name.empty())
            throw std::invalid_argument{"a method of '" + typeid_name_ + "' has no name"};
        add(each, typeid_name_ + "." + each.name);
    }
    std::stable_sort(callables_.begin(), callables_.end(),
                     [](const callable& left, const callable& right) { return left.described->name < right.described->name; });
    require_distinct(callables_);
    for (const callable_description& each : description_.methods)
        exposed_.push_back(each.name);
    std::sort(exposed_.begin(), exposed_.end());
    exposed_.erase(std::unique(exposed_.begin(), exposed_.end()), exposed_.end());
}

std::span<const user_class::callable> user_class::overloads(std::string_view name) const
{
    const auto first =
        std::lower_bound(callables_.begin(), callables_.end(), name,
                         [](const callable& each, std::string_view sought) { return each.described->name < sought; });
    const auto last =
        std::find_if(first, callables_.end(), [name](const callable& each) { return each.described->name != name; });
    return {first, last};
}

void user_classes::add(std::shared_ptr<const user_class> known)
{
    const std::type_index type = known->description().type;
    by_type_.try_emplace(type, std::move(known));
}

std::shared_ptr<const user_class> user_classes::find(std::type_index type) const
{
    const auto found = by_type_.find(type);
    return found != by_type_.end() ? found->second : nullptr;
}

// ---- a call ---------------------------------------------------------------------------------------------------------------

/// One call from its arrival to its result.
class user_object::user_call final : public job {
public:
    user_call(std::shared_ptr<user_object> target, const callable_description& called, payloads&& arguments, waiter& caller)
        : target_{std::move(target)}, called_{called}, arguments_{std::move(arguments)}, caller_{caller.shared_from_this()}
    {
    }

    void execute() noexcept override
    {
        if (has_begun_.exchange(true))
            return;  // its caller left before
        result_ = target_->run(called_, arguments_);
        arguments_.clear();
    }
    void finish(completions& fulfilled) override
    {
        auto& running = target_->running_;
        std::erase_if(running, [this](const auto& each) { return each.get() == this; });
        if (caller_ != nullptr) {
            caller_->fulfil(std::move(result_));
            fulfilled.push_back(std::move(caller_));
        }
        target_->start_next();
    }
    [[nodiscard]] referent& home() noexcept override { return *target_; }

    [[nodiscard]] bool is_of(const waiter& caller) const noexcept { return caller_.get() == &caller; }
    /// The caller has left: if the call has not begun, it never will.
    void forget_caller() noexcept
    {
        caller_.reset();
        if (!has_begun_.exchange(true))
            arguments_.clear();
    }

private:
    const std::shared_ptr<user_object> target_;
    const callable_description& called_;
    payloads arguments_;
    std::shared_ptr<waiter> caller_;  // null once it has left; under the guard
    std::atomic<bool> has_begun_{false};
    outcome result_{parked{}};  // between execute() and finish()
};

// ---- the object -----------------------------------------------------------------------------------------------------------

user_object::user_object(const user_classes& classes, std::shared_ptr<const user_class> known, std::shared_ptr<void> object)
    : classes_{classes}, class_{std::move(known)}, object_{std::move(object)}
{
}

user_object::~user_object() = default;

std::span<const std::string_view> user_object::exposed() const noexcept
{
    return class_->exposed();
}

outcome user_object::invoke(call& request, waiter& caller, completions& fulfilled)
{
    const auto overloads = class_->overloads(object_ != nullptr ? request.method : std::string_view{});
    std::optional<raised> misfit;
    for (const user_class::callable& each : overloads) {
        auto arguments = take_arguments(each, request);
        if (auto* const wrong = std::get_if<raised>(&arguments)) {
            misfit = std::move(*wrong);
            continue;
        }
        auto& fitting = std::get<payloads>(arguments);
        if (class_->description().calls_are_quick)
            return run(*each.described, fitting);
        return submit(std::make_shared<user_call>(shared_from_this(), *each.described, std::move(fitting), caller), caller,
                      fulfilled);
    }
    if (misfit)
        return *std::move(misfit);
    return raised{exception_type::type_error, "cannot create '" + class_->typeid_name() + "' instances"};
}

outcome user_object::submit(std::shared_ptr<user_call> begun, waiter& caller, completions& fulfilled)
{
    waiting_.push_back(std::move(begun));
    caller.park(*this, 0, never);
    try {
        start_next();
    } catch (...) {
        withdraw(caller, fulfilled);
        throw;
    }
    return parked{};
}

void user_object::start_next()
{
    const bool may_overlap = object_ == nullptr || class_->description().calls_may_overlap;
    while (!waiting_.empty() && (may_overlap || running_.empty())) {
        classes_.runner().submit(waiting_.front());
        running_.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
    }
}

/// Whatever goes wrong is for the caller.
outcome user_object::run(const callable_description& called, std::span<const codec::payload> arguments) noexcept
{
    try {
        boost::container::small_vector<value, usual_arguments> decoded;
        for (const codec::payload& each : arguments)
            decoded.push_back(each.to_value(classes_.limits()));
        return to_outcome(called.run(object_.get(), decoded));
    } catch (...) {
        return raised_by(std::current_exception());
    }
}

outcome user_object::to_outcome(call_result&& result) const
{
    if (auto* sequence = std::get_if<sequence_result>(&result))
        return made_proxy{std::make_shared<iterator_referent>(std::move(sequence->items)), "Iterator"};
    if (auto* object = std::get_if<object_result>(&result))
        return to_proxy(std::move(*object));
    if (object_ == nullptr)  // a function: what it returns becomes an object, as in CPython
        return made_proxy{object_of_value(std::get<value>(result), classes_.limits(), classes_.seed()), class_->typeid_name()};
    return returned{std::move(std::get<value>(result))};
}

outcome user_object::to_proxy(object_result&& result) const
{
    // A class may be registered under several names: what a constructor makes is of its own.
    auto known = class_->description().type == result.type ? class_ : classes_.find(result.type);
    if (known == nullptr)
        return raised{exception_type::type_error, std::string{"the result is of a C++ class that is not registered: "} +
                                                      boost::core::demangle(result.type.name())};
    const std::string_view typeid_name = known->typeid_name();
    return made_proxy{std::make_shared<user_object>(classes_, std::move(known), std::move(result.object)), typeid_name};
}

outcome user_object::expire(waiter&, completions&)
{
    return parked{};
}

void user_object::withdraw(waiter& gone, completions&)
{
    std::erase_if(waiting_, [&gone](const auto& each) { return each->is_of(gone); });
    for (const auto& each : running_)
        if (each->is_of(gone))
            each->forget_caller();
    gone.reset();
}

object_identity user_object::identity() const noexcept
{
    if (object_ == nullptr)
        return referent::identity();
    return {object_.get(), class_->description().type.hash_code()};
}

std::string user_object::text() const
{
    return "<" + class_->typeid_name() + " object>";
}

}  // namespace quaymaster::core
