#include "core/registry.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <stdexcept>
#include <unordered_set>
#include <utility>

namespace quaymaster::core {
namespace {

// How much of an object's text debug_info() shows, in characters.
constexpr std::size_t debug_text_characters_max = 75;

std::string hexadecimal(std::uint64_t number)
{
    char digits[16];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), number, 16).ptr;
    return {digits, end};
}

// Python counts characters, so a UTF-8 sequence must not be cut through.
std::string_view first_characters(std::string_view utf8, std::size_t count)
{
    std::size_t end = 0;
    for (; end < utf8.size(); ++end) {
        const bool continues = (static_cast<unsigned char>(utf8[end]) & 0xC0U) == 0x80U;
        if (continues)
            continue;
        if (count == 0)
            break;
        --count;
    }
    return utf8.substr(0, end);
}

}  // namespace

std::string debug_info(std::vector<listed_object> objects, const std::function<std::string(const referent&)>& text_of)
{
    std::erase_if(objects, [](const listed_object& each) { return each.count == 0; });
    std::sort(objects.begin(), objects.end(), [](const auto& left, const auto& right) { return left.ident < right.ident; });
    std::string info;
    for (const listed_object& each : objects) {
        if (!info.empty())
            info += '\n';
        info += "  " + each.ident + ":       refcount=" + std::to_string(each.count) + "\n    ";
        info += first_characters(text_of(*each.object), debug_text_characters_max);
    }
    return info;
}

registry::registry(std::uint64_t instance, std::size_t objects_max) : objects_max_{objects_max}, instance_{instance} {}

void registry::register_typeid(std::string typeid_name, factory make, factory_traits traits)
{
    if (typeid_name.empty())
        throw std::invalid_argument{"a typeid needs a name"};
    if (has_typeid(typeid_name))
        throw std::invalid_argument{"typeid '" + typeid_name + "' is registered already"};
    factories_.emplace(std::move(typeid_name), registered_factory{std::move(make), traits});
}

void registry::register_constructor(std::string typeid_name, std::shared_ptr<referent> constructor)
{
    register_typeid(typeid_name, [](call&) -> std::variant<made_object, raised> {
        return raised{exception_type::runtime_error, "made by a constructor"};  // whoever asks looks for that first
    });
    constructors_.emplace(std::move(typeid_name), std::move(constructor));
}

std::shared_ptr<referent> registry::find_constructor(std::string_view typeid_name) const
{
    const auto found = constructors_.find(typeid_name);
    return found != constructors_.end() ? found->second : nullptr;
}

factory_traits registry::traits_of(std::string_view typeid_name) const noexcept
{
    const auto found = factories_.find(typeid_name);
    return found != factories_.end() ? found->second.traits : factory_traits{};
}

bool registry::has_typeid(std::string_view typeid_name) const noexcept
{
    return factories_.find(typeid_name) != factories_.end();
}

std::vector<std::string> registry::typeids() const
{
    std::vector<std::string> names;
    names.reserve(factories_.size());
    for (const auto& [name, make] : factories_)
        names.push_back(name);
    return names;
}

std::variant<made_object, raised> registry::make(std::string_view typeid_name, call& arguments) const
{
    const auto found = factories_.find(typeid_name);
    if (found == factories_.end())
        return raised{exception_type::key_error, std::string{typeid_name}};
    return found->second.make(arguments);
}

std::variant<created, raised> registry::create(std::string_view typeid_name, call& arguments)
{
    auto result = make(typeid_name, arguments);
    if (auto* const refusal = std::get_if<raised>(&result))
        return std::move(*refusal);
    return enter(std::get<made_object>(std::move(result)), typeid_name);
}

std::variant<created, raised> registry::enter(made_object made, std::string_view typeid_name)
{
    object_map::iterator place;
    if (!made.stable_ident.empty()) {
        place = objects_.try_emplace(made.stable_ident).first;
        if (place->second.object != nullptr && place->second.object != made.object) {
            return raised{exception_type::runtime_error,
                          "ident '" + made.stable_ident + "' belongs to another object already"};
        }
        place->second.stable = true;
    } else if (const auto known = idents_.find(made.object->identity()); known != idents_.end()) {
        place = objects_.find(known->second);
    } else if ((place = add_made_by_client()) == objects_.end()) {
        return too_many_objects(typeid_name);
    }
    return count_up(place, std::move(made.object));
}

std::variant<created, raised> registry::adopt(std::shared_ptr<referent> object, std::string_view typeid_name)
{
    if (const auto known = idents_.find(object->identity()); known != idents_.end())
        return count_up(objects_.find(known->second), nullptr);
    const auto place = add_made_by_client();
    if (place == objects_.end())
        return too_many_objects(typeid_name);
    return count_up(place, std::move(object));
}

registry::object_map::iterator registry::add_made_by_client()
{
    if (made_by_clients_ >= objects_max_)
        return objects_.end();
    const auto place = objects_.try_emplace(unique_ident()).first;
    ++made_by_clients_;
    return place;
}

raised registry::too_many_objects(std::string_view typeid_name) const
{
    return {exception_type::runtime_error,
            std::string{typeid_name} + "(): one more object exceeds objects_max (" + std::to_string(objects_max_) +
                "): drop proxies that are not needed, or raise the limit"};
}

created registry::count_up(object_map::iterator place, std::shared_ptr<referent> object)
{
    entry& home = place->second;
    if (home.object == nullptr) {
        home.object = std::move(object);
        idents_.emplace(home.object->identity(), place->first);
    }
    // Count it before its ident leaves: the client's incref comes over another connection, and until then nothing else
    // keeps the object alive if another client's decref comes first.
    take_into_use(home);
    ++home.count;
    return created{place->first, home.object};
}

bool registry::incref(std::string_view ident)
{
    const auto found = objects_.find(ident);
    if (found == objects_.end())
        return false;
    take_into_use(found->second);
    ++found->second.count;
    return true;
}

bool registry::decref(std::string_view ident)
{
    const auto found = objects_.find(ident);
    if (found == objects_.end() || found->second.count == 0)
        return false;
    --found->second.count;
    (void)settle(found);
    return true;
}

bool registry::add_hold(std::string_view owner, std::string_view target)
{
    const auto found = objects_.find(target);
    if (found == objects_.end())
        return false;
    take_into_use(found->second);
    ++found->second.holders.try_emplace(std::string{owner}).first->second;
    return true;
}

void registry::move_hold(std::string_view from, std::string_view to, std::string_view target)
{
    if (add_hold(to, target))
        (void)remove_hold(from, target);  // which takes nothing out: it is held again
}

std::shared_ptr<referent> registry::remove_hold(std::string_view owner, std::string_view target)
{
    const auto found = objects_.find(target);
    if (found == objects_.end())
        return nullptr;
    auto& holders = found->second.holders;
    const auto hold = holders.find(owner);
    if (hold == holders.end())
        return nullptr;
    if (--hold->second == 0)
        holders.erase(hold);
    return settle(found);
}

std::size_t registry::entry::references() const noexcept
{
    std::size_t all = count;
    for (const auto& [owner, holds] : holders)
        all += holds;
    return all;
}

void registry::take_into_use(entry& home) noexcept
{
    if (!home.is_in_use())
        ++in_use_;
}

std::shared_ptr<referent> registry::settle(object_map::iterator place)
{
    const entry& home = place->second;
    if (home.is_in_use()) {
        may_have_cycles_ = may_have_cycles_ || (home.count == 0 && !home.stable);
        return nullptr;
    }
    --in_use_;
    return home.stable ? nullptr : take_out(place);
}

std::shared_ptr<referent> registry::take_out(object_map::iterator place)
{
    std::shared_ptr<referent> object = std::move(place->second.object);
    idents_.erase(object->identity());
    objects_.erase(place);
    --made_by_clients_;
    return object;
}

std::vector<std::shared_ptr<referent>> registry::collect_cycles()
{
    std::vector<std::shared_ptr<referent>> garbage;
    if (!std::exchange(may_have_cycles_, false))
        return garbage;

    // Marks what counts, stable idents and data on its way can reach, then takes out the rest.
    std::unordered_map<std::string_view, std::vector<std::string_view>> held_by;
    std::vector<std::string_view> reached;
    std::unordered_set<std::string_view> marked;
    const auto reach = [&](std::string_view ident) {
        if (marked.insert(ident).second)
            reached.push_back(ident);
    };
    for (const auto& [ident, home] : objects_) {
        for (const auto& [owner, count] : home.holders) {
            held_by[owner].push_back(ident);
            if (!objects_.contains(owner))  // data on its way, or that has outlived the object it was in
                reach(ident);
        }
        if (home.count != 0 || home.stable)
            reach(ident);
    }
    while (!reached.empty()) {
        const std::string_view owner = reached.back();
        reached.pop_back();
        if (const auto targets = held_by.find(owner); targets != held_by.end())
            for (const std::string_view target : targets->second)
                reach(target);
    }
    for (auto place = objects_.begin(); place != objects_.end();) {
        const auto next = std::next(place);
        if (!marked.contains(place->first)) {
            --in_use_;
            garbage.push_back(take_out(place));
        }
        place = next;
    }
    return garbage;
}

std::shared_ptr<referent> registry::find(std::string_view ident) const
{
    const auto found = objects_.find(ident);
    return found != objects_.end() ? found->second.object : nullptr;
}

bool registry::is_stable(std::string_view ident) const noexcept
{
    const auto found = objects_.find(ident);
    return found != objects_.end() && found->second.stable;
}

void registry::declare_stable(std::string ident, std::shared_ptr<referent> object)
{
    const auto [place, is_new] = objects_.try_emplace(std::move(ident));
    if (!is_new && place->second.object != object)
        throw std::invalid_argument{"ident '" + place->first + "' belongs to another object already"};
    place->second.stable = true;
    if (is_new) {
        place->second.object = std::move(object);
        idents_.emplace(place->second.object->identity(), place->first);
    }
}

std::size_t registry::number_of_objects() const noexcept
{
    return in_use_;
}

std::vector<listed_object> registry::list() const
{
    std::vector<listed_object> all;
    all.reserve(objects_.size());
    for (const auto& [ident, home] : objects_)
        all.push_back({ident, home.object, home.references()});
    return all;
}

// Never given twice, in this registry or, `instance` being random, in another: a stale proxy finds nothing rather than an
// object that is not its own.
std::string registry::unique_ident()
{
    std::string ident;
    do
        ident = hexadecimal(instance_) + "-" + hexadecimal(++made_);
    while (objects_.find(ident) != objects_.end());
    return ident;
}

}  // namespace quaymaster::core
