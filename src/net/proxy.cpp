#include <quaymaster/proxy.hpp>

#include "net/remote_object.hpp"

namespace quaymaster {

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
    return result.to_value(object_->limits());
}

std::string proxy::text() const
{
    return std::string{call("__str__").text()};
}

}  // namespace quaymaster
