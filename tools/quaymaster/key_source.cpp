#include "key_source.hpp"

#include "subcommands.hpp"

#include <cstdlib>
#include <optional>
#include <stdexcept>

namespace quaymaster::tool {

namespace {

/// nullopt: neither named nor in the environment.
std::optional<found_key> find_given_key(const std::string& file)
{
    if (!file.empty())
        return found_key{authkey::from_file(file), std::filesystem::absolute(file)};
    // Set but empty is an empty key, which serve takes on a loopback address only.
    if (const char* text = std::getenv(authkey_variable))
        return found_key{authkey{text}, {}};
    return std::nullopt;
}

}  // namespace

std::filesystem::path default_key_file()
{
    const auto from = [](const char* variable) {
        const char* folder = std::getenv(variable);
        return std::filesystem::path{folder != nullptr ? folder : ""};
    };
    // The specification of XDG_CONFIG_HOME has relative paths ignored.
    if (const auto folder = from("XDG_CONFIG_HOME"); folder.is_absolute())
        return folder / "quaymaster" / "authkey";
    if (const auto home = from("HOME"); home.is_absolute())
        return home / ".config" / "quaymaster" / "authkey";
    throw usage_error{std::string{"no key: HOME is not set; use --authkey-file or "} + authkey_variable};
}

found_key find_key(const std::string& file)
{
    if (auto given = find_given_key(file))
        return *given;
    const std::filesystem::path path = default_key_file();
    if (!std::filesystem::exists(path))
        throw usage_error{"no key: " + path.string() +
                          " does not exist; copy it from the machine that runs `quaymaster serve`, or use" +
                          " --authkey-file or " + authkey_variable};
    return {authkey::from_file(path), path};
}

found_key find_or_make_key(const std::string& file)
{
    if (auto given = find_given_key(file))
        return *given;
    const std::filesystem::path path = default_key_file();
    if (std::filesystem::exists(path))
        return {authkey::from_file(path), path};
    found_key made{authkey::generate(), path, true};
    made.key.write_new_file(path);
    return made;
}

}  // namespace quaymaster::tool
