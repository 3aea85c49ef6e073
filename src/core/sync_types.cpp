#include "core/sync_types.hpp"

#include "core/array_referent.hpp"
#include "core/barrier_referent.hpp"
#include "core/dict_referent.hpp"
#include "core/event_referent.hpp"
#include "core/list_referent.hpp"
#include "core/lock_referent.hpp"
#include "core/namespace_referent.hpp"
#include "core/queue_factories.hpp"
#include "core/semaphore_referent.hpp"
#include "core/set_referent.hpp"
#include "core/value_referent.hpp"

#include <string>
#include <utility>

namespace quaymaster::core {
namespace {

factory refused(std::string what)
{
    return [what = std::move(what)](call&) -> std::variant<made_object, raised> {
        return raised{exception_type::runtime_error, what};
    };
}

}  // namespace

void register_sync_types(registry& where, const sync_type_options& options)
{
    const auto add = [&where](const char* typeid_name, factory make, factory_traits traits = {.makes_new_objects = true}) {
        if (!where.has_typeid(typeid_name))
            where.register_typeid(typeid_name, std::move(make), traits);
    };
    constexpr factory_traits of_arguments{.reads_arguments = true, .makes_new_objects = true};
    const bool releases = options.releases_locks_at_session_end;
    add("Array", fresh_array(options.limits), of_arguments);
    add("Barrier", fresh_barrier(options.limits));
    add("BoundedSemaphore", fresh_bounded_semaphore(releases));
    add("Condition", fresh_condition(options.resolve_lock, options.limits));
    add("Event", fresh_event());
    add("JoinableQueue", fresh_queue(queue_kind::fifo, options.limits));
    add("Lock", fresh_lock(releases));
    add("Namespace", fresh_namespace(options.limits, options.seed));
    add("Pool", refused("a Pool would run Python code in the server, which runs none: use one in your own program"), {});
    add("Queue", fresh_queue(queue_kind::fifo, options.limits));
    add("RLock", fresh_rlock());
    add("Semaphore", fresh_semaphore(releases));
    add("Value", fresh_value(options.limits));
    add("dict", fresh_dict(options.limits, options.seed), of_arguments);
    add("list", fresh_list(options.limits), of_arguments);
    add("set", fresh_set(options.limits, options.seed), of_arguments);
}

}  // namespace quaymaster::core
