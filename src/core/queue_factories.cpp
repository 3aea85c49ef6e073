#include "core/queue_factories.hpp"

#include "core/signature.hpp"

#include <quaymaster/errors.hpp>
#include <quaymaster/value.hpp>

#include <array>
#include <cmath>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>

namespace quaymaster::core {
namespace {

using made_or_raised = std::variant<made_object, raised>;

constexpr std::array<parameter, 1> maxsize_parameters{{{"maxsize", false}}};
// LifoQueue and PriorityQueue inherit it, so CPython's messages name it for them too.
constexpr signature queue_constructor{"Queue.__init__", maxsize_parameters};
constexpr std::array<parameter, 2> name_and_maxsize_parameters{{{"name"}, {"maxsize", false}}};

// The maxsize that behaves as `argument` does in queue.py, which only ever asks `0 < maxsize <= qsize`: so 2.5 is 3, and
// infinity and NaN are no bound. A type that does not compare is refused here; CPython's constructor takes it and then
// every put() fails.
std::variant<std::int64_t, raised> read_maxsize(const codec::payload* argument)
{
    constexpr std::int64_t unbounded = 0;
    if (argument == nullptr)
        return unbounded;
    const value maxsize = argument->to_value();
    const value zero{0};
    const auto is_bound = value::less(zero, maxsize);
    if (!is_bound)
        return raised{exception_type::type_error, "'>' not supported between instances of '" + maxsize.type_name() +
                                                      "' and 'int'"};
    if (!*is_bound)
        return unbounded;
    if (const auto exact = maxsize.to_int64())
        return *exact;
    const double size = std::ceil(maxsize.to_double().value_or(HUGE_VAL));
    return size < 0x1p63 ? static_cast<std::int64_t>(size) : unbounded;
}

// Runs `make` after binding; an argument that cannot be decoded is the caller's mistake, not the server's.
template <class Make>
made_or_raised with_bound(const signature& expected, call& arguments, std::span<codec::payload*> bound, Make&& make)
{
    if (auto misfit = bind_arguments(expected, arguments, bound))
        return *std::move(misfit);
    try {
        return make();
    } catch (const pickle_error& unreadable) {
        return raised{exception_type::value_error, unreadable.what()};
    }
}

// The queues of one queue_by_name() typeid.
struct named_queues {
    std::string typeid_name;
    queue_kind kind;
    named_queue_limits limits;
    std::unordered_map<std::string, std::shared_ptr<queue_referent>> by_name;

    made_or_raised find_or_make(const codec::payload& name_argument, const codec::payload* maxsize_argument);
};

made_or_raised named_queues::find_or_make(const codec::payload& name_argument, const codec::payload* maxsize_argument)
{
    const value name_value = name_argument.to_value();
    // Python 2 says its names as byte strings; the same name from Python 3 is the same queue.
    if (name_value.kind() != value_kind::str && name_value.kind() != value_kind::byte_string) {
        return raised{exception_type::type_error,
                      typeid_name + "() argument 'name' must be str, not " + name_value.type_name()};
    }
    const std::string name{name_value.text()};
    if (name.size() > limits.queue_name_size_max) {
        return raised{exception_type::value_error,
                      typeid_name + "(): a name of " + std::to_string(name.size()) +
                          " bytes exceeds queue_name_size_max (" + std::to_string(limits.queue_name_size_max) +
                          "): choose a shorter name"};
    }
    auto found = by_name.find(name);
    if (found == by_name.end()) {
        const auto maxsize = read_maxsize(maxsize_argument);
        if (const auto* const wrong = std::get_if<raised>(&maxsize))
            return *wrong;
        if (by_name.size() >= limits.named_queues_max) {
            return raised{exception_type::runtime_error,
                          typeid_name + "(): one more queue exceeds named_queues_max (" +
                              std::to_string(limits.named_queues_max) + "): raise the limit or use fewer names"};
        }
        const auto size = std::get<std::int64_t>(maxsize);
        found = by_name.emplace(name, std::make_shared<queue_referent>(name, kind, size, limits.items)).first;
    }
    return made_object{found->second, typeid_name + "/" + name};
}

}  // namespace

std::shared_ptr<queue_referent> register_named_queue(registry& where, std::string typeid_name, queue_kind kind,
                                                     std::int64_t maxsize, const codec::pickle_limits& limits)
{
    auto queue = std::make_shared<queue_referent>(typeid_name, kind, maxsize, limits);
    where.register_typeid(typeid_name, named_queue(typeid_name, queue));
    where.declare_stable(std::move(typeid_name), queue);
    return queue;
}

factory named_queue(std::string typeid_name, std::shared_ptr<queue_referent> queue)
{
    return [typeid_name = std::move(typeid_name), queue = std::move(queue)](call& arguments) -> made_or_raised {
        const signature expected{typeid_name, {}, signature::style::function};
        return with_bound(expected, arguments, {}, [&]() -> made_or_raised { return made_object{queue, typeid_name}; });
    };
}

factory queue_by_name(std::string typeid_name, queue_kind kind, named_queue_limits limits)
{
    // Shared, because a std::function is copied; every copy must know the same queues.
    auto queues = std::make_shared<named_queues>(named_queues{std::move(typeid_name), kind, limits, {}});
    return [queues = std::move(queues)](call& arguments) -> made_or_raised {
        const signature expected{queues->typeid_name, name_and_maxsize_parameters, signature::style::function};
        std::array<codec::payload*, name_and_maxsize_parameters.size()> bound{};
        return with_bound(expected, arguments, bound, [&] { return queues->find_or_make(*bound[0], bound[1]); });
    };
}

factory fresh_queue(queue_kind kind, const codec::pickle_limits& limits)
{
    return [kind, limits](call& arguments) -> made_or_raised {
        std::array<codec::payload*, maxsize_parameters.size()> bound{};
        return with_bound(queue_constructor, arguments, bound, [&]() -> made_or_raised {
            const auto maxsize = read_maxsize(bound[0]);
            if (const auto* const wrong = std::get_if<raised>(&maxsize))
                return *wrong;
            const auto size = std::get<std::int64_t>(maxsize);
            return made_object{std::make_shared<queue_referent>(std::string{}, kind, size, limits), {}};
        });
    };
}

}  // namespace quaymaster::core
