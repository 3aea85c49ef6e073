// key_source: where the program finds the authkey.
#pragma once

#include <quaymaster/authkey.hpp>

#include <filesystem>
#include <string>

namespace quaymaster::tool {

/// A key and how a user's own program would get at it.
struct found_key {
    authkey key;
    /// The file that holds it; empty if it came from the environment.
    std::filesystem::path file;
    /// True if it was made just now.
    bool is_new = false;
};

inline constexpr const char* authkey_variable = "QUAYMASTER_AUTHKEY";

/// $XDG_CONFIG_HOME/quaymaster/authkey or ~/.config/quaymaster/authkey. Throws usage_error if neither folder is known.
[[nodiscard]] std::filesystem::path default_key_file();

/// The key in `file` if that is not empty, else in the environment, else in the default file.
/// Throws usage_error if there is none, std::runtime_error if a file cannot be read.
[[nodiscard]] found_key find_key(const std::string& file);
/// The same, but makes a key in the default file if there is none yet.
[[nodiscard]] found_key find_or_make_key(const std::string& file);

}  // namespace quaymaster::tool
