#include <quaymaster/iteration.hpp>

#include <quaymaster/errors.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace quaymaster {
namespace {

/// One item of each call of `next`, until that raises `end_type`.
template <class Next>
std::deque<value> one_item(std::string_view end_type, Next next)
{
    std::deque<value> items;
    try {
        items.push_back(next());
    } catch (const remote_error& raised) {
        if (!detail::was_raised_by_method(raised, end_type))
            throw;
    }
    return items;
}

}  // namespace

std::function<std::deque<value>()> detail::python_iteration(const proxy& object)
{
    const std::vector<std::string> exposed = object.exposed();
    const auto has = [&](std::string_view name) { return std::find(exposed.begin(), exposed.end(), name) != exposed.end(); };
    if (has("__next__")) {
        // Python 2 exposes both names, and its iterators have the second alone.
        const char* const name = has("next") ? "next" : "__next__";
        return [object, name] { return one_item("StopIteration", [&] { return object.call(name); }); };
    }
    if (has("__iter__"))
        return python_iteration(object.call<proxy>("__iter__"));
    if (has("__getitem__"))
        return [object, index = 0LL]() mutable {
            return one_item("IndexError", [&] { return object.call<value>("__getitem__", index++); });
        };
    throw error{"an object of type " + object.typeid_name() +
                " cannot be iterated over: it exposes no __next__, __iter__ or "
                "__getitem__"};
}

}  // namespace quaymaster
