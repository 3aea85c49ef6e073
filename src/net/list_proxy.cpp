#include <quaymaster/list_proxy.hpp>

namespace quaymaster {

value detail::make_slice(std::optional<std::ptrdiff_t> first, std::optional<std::ptrdiff_t> last)
{
    const auto bound = [](std::optional<std::ptrdiff_t> index) { return index ? value{*index} : value{}; };
    return value::object(value::global("builtins", "slice"), {bound(first), bound(last), value{}});
}

}  // namespace quaymaster
