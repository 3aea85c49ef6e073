#include <quaymaster/namespace_proxy.hpp>

#include <quaymaster/errors.hpp>

namespace quaymaster {

bool namespace_proxy::contains(std::string_view name) const
{
    try {
        call<void>("__getattribute__", name);
        return true;
    } catch (const remote_error& raised) {
        if (!detail::was_raised_by_method(raised, "AttributeError"))
            throw;
        return false;
    }
}

bool namespace_proxy::erase(std::string_view name) const
{
    try {
        call<void>("__delattr__", name);
        return true;
    } catch (const remote_error& raised) {
        if (!detail::was_raised_by_method(raised, "AttributeError"))
            throw;
        return false;
    }
}

}  // namespace quaymaster
