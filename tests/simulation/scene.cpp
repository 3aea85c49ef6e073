#include "scene.hpp"

namespace quaymaster::testing {

scene::scene(const simulation_options& wanted) : options{wanted}, random{wanted.seed}
{
    settings.authkey = to_bytes("abc");
    constexpr std::array<std::size_t, 3> replies_sizes{300, 3000, std::size_t{1} << 20};
    settings.replies_size_max = replies_sizes[random.below(3)];
    constexpr std::array<std::size_t, 3> requests{3, 10, 1000};
    settings.requests_max = requests[random.below(3)];
    for (queue_under_test& each : queues)
        each.queue = core::register_named_queue(service.registry, each.ident, each.kind, each.maxsize)->as_queue();
}

scene::~scene()
{
    service.on_withdraw = [](const core::waiter&) {};  // who was to be told is gone
    for (const auto& each : links)                     // after a failure
        if (!each->is_ended)
            each->session.end(service, true);
}

std::vector<link*> scene::living()
{
    std::vector<link*> found;
    for (const auto& each : links)
        if (!each->is_dead)
            found.push_back(each.get());
    return found;
}

}  // namespace quaymaster::testing
