#include <quaymaster/dict_proxy.hpp>

namespace quaymaster {

value detail::items_of_view(const value& view)
{
    if (view.kind() == value_kind::object && view.qualified_name() == "list" && view.arguments().size() == 1)
        return view.arguments()[0];
    return view;
}

}  // namespace quaymaster
