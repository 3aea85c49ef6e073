// typed_calls: the members of list_proxy and its like, under the names that Python has for what they do.
#pragma once

#include <quaymaster/iteration.hpp>
#include <quaymaster/proxy.hpp>
#include <quaymaster/sync_manager.hpp>
#include <quaymaster/value.hpp>

#include <cstddef>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// One call as a stock proxy would send it.
struct method_call {
    std::string method;
    std::vector<quaymaster::value> positional;
    quaymaster::proxy::keywords named;

    [[nodiscard]] bool is(std::string_view name, std::size_t count) const
    {
        return method == name && positional.size() == count && named.empty();
    }
    /// If every argument is one of `names`, by place or by name: what each of them was given.
    [[nodiscard]] std::optional<std::vector<std::optional<quaymaster::value>>>
    bound(std::initializer_list<const char*> names) const;
};

/// `for each in object` of which one step is taken at a time. Takes no request before the first.
/// Thread safety: any number of threads; each item goes to one of them.
class stepwise_iteration {
public:
    /// The next item; remote_error (StopIteration) at the end and from then on.
    quaymaster::value next(const quaymaster::proxy& object);

private:
    std::mutex mutex_;  // held throughout a step
    std::optional<quaymaster::remote_iterator<quaymaster::value>> place_;
};

/// A proxy and what its calls need besides.
struct shared_object {
    quaymaster::proxy object;
    std::string typecode;  // of an Array; else empty
    stepwise_iteration iteration;
};

/// Calls the member of the object's typed proxy that does `asked`; nullopt if none takes these arguments.
/// Throws what the member throws, and missing_entry where Python raises what the member returns as false.
[[nodiscard]] std::optional<quaymaster::value> call_typed(shared_object& object, const method_call& asked);

/// Makes an object by the member of sync_manager that does; nullopt if none takes these arguments. The method of `asked` is the typeid.
[[nodiscard]] std::optional<quaymaster::proxy> create_typed(quaymaster::sync_manager& manager, const method_call& asked);

/// erase() returned false.
struct missing_entry : quaymaster::remote_error {
    using remote_error::remote_error;
};
