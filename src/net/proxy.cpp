#include <quaymaster/proxy.hpp>

#include "codec/item.hpp"
#include "net/remote_object.hpp"

namespace quaymaster {
namespace {

/// The list that `result` stands for if it is the call list(items), as which CPython's server pickles the views of a dict
/// (managers.py: view_type).
value items_of_view(value result)
{
    const bool is_list_call = result.kind() == value_kind::object && result.qualified_name() == "list" &&
                              (result.module_name() == "builtins" || result.module_name() == "__builtin__");
    if (!is_list_call || result.arguments().size() != 1 || result.arguments()[0].kind() != value_kind::list)
        return result;
    return result.arguments()[0];
}

}  // namespace

bool detail::was_raised_by_method(const remote_error& raised, std::string_view type_name)
{
    // What the server itself raises comes with a traceback: managers.py, serve_client.
    return raised.type_name() == type_name && raised.traceback().empty();
}

struct detail::call_arguments::content {
    void add(std::optional<std::string_view> name, codec::payload argument)
    {
        if (name)
            named.emplace_back(*name, std::move(argument));
        else
            positional.push_back(std::move(argument));
    }
    [[nodiscard]] net::client_request request(std::string_view method) const noexcept { return {method, positional, named}; }

    std::vector<codec::payload> positional;
    net::keyword_payloads named;
};

detail::call_arguments::call_arguments() : content_{std::make_unique<content>()} {}

detail::call_arguments::~call_arguments() = default;

void detail::call_arguments::add_scalar(std::optional<std::string_view> name, value scalar)
{
    content_->add(name, std::move(scalar));
}

void detail::call_arguments::add_encoded(std::optional<std::string_view> name)
{
    content_->add(name, encoder_.to_item());
    encoder_.clear();
}

const std::string& proxy::typeid_name() const noexcept
{
    return object_->typeid_name();
}

std::string proxy::ident() const
{
    return object_->ident();
}

std::vector<std::string> proxy::exposed() const
{
    return object_->exposed();
}

value proxy::call(std::string_view method, const std::vector<value>& positional, const keywords& named) const
{
    const std::vector<codec::payload> arguments{positional.begin(), positional.end()};
    net::keyword_payloads named_arguments;
    for (const auto& [name, argument] : named)
        named_arguments.emplace_back(name, argument);
    const codec::payload result =
        object_->call({method, arguments, named_arguments}, {object_->options().call_deadline, nullptr});
    return items_of_view(result.to_value(object_->limits()));
}

void proxy::call_for_nothing(std::string_view method, const detail::call_arguments& arguments) const
{
    object_->call_for_nothing(arguments.all().request(method), {object_->options().call_deadline, nullptr});
}

value proxy::call_for_value(std::string_view method, const detail::call_arguments& arguments) const
{
    const codec::payload result = object_->call(arguments.all().request(method), {object_->options().call_deadline, nullptr});
    return items_of_view(result.to_value(object_->limits()));
}

proxy proxy::call_for_proxy(std::string_view method, const detail::call_arguments& arguments) const
{
    return proxy{object_->call_for_object(arguments.all().request(method), {object_->options().call_deadline, nullptr})};
}

value proxy::pickled_as(std::string_view python_class) const
{
    return object_->pickled(python_class);
}

proxy proxy::rebuild_proxy(const value& found) const
{
    return proxy{object_->rebuild(found)};
}

std::string proxy::text() const
{
    return std::string{call("__str__").text()};
}

}  // namespace quaymaster
