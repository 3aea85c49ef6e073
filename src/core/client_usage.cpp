#include "core/client_usage.hpp"

namespace quaymaster::core {

stream_role role_of_stream(std::string_view name) noexcept
{
    constexpr std::string_view main_process = "MainProcess";
    if (!name.starts_with(main_process))
        return stream_role::unknown;
    name.remove_prefix(main_process.size());
    if (name.empty())
        return stream_role::main_thread;
    return name.front() == '|' ? stream_role::other_thread : stream_role::unknown;
}

void client_usage::begin(std::string_view host, stream_role role, std::string_view ident)
{
    use& known = uses_[{std::string{host}, std::string{ident}}];
    ++(role == stream_role::main_thread ? known.main_threads : known.other_threads);
}

void client_usage::on_decref(std::string_view host, std::string_view ident)
{
    const auto found = uses_.find({std::string{host}, std::string{ident}});
    if (found != uses_.end())
        ++found->second.given_back;
}

bool client_usage::end(std::string_view host, stream_role role, std::string_view ident)
{
    const auto found = uses_.find({std::string{host}, std::string{ident}});
    if (found == uses_.end())
        return false;
    use& known = found->second;
    bool has_left_count = false;
    if (role != stream_role::main_thread) {
        --known.other_threads;
    } else {
        --known.main_threads;
        if (known.given_back != 0)
            --known.given_back;
        else
            has_left_count = known.other_threads == 0;
    }
    if (known.main_threads == 0 && known.other_threads == 0)
        uses_.erase(found);
    return has_left_count;
}

}  // namespace quaymaster::core
