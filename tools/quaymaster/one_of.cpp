#include "one_of.hpp"

#include <CLI/Error.hpp>
#include <CLI/Validators.hpp>

#include <algorithm>

namespace quaymaster::tool {

namespace {

std::string joined(const std::vector<std::string>& words, const char* separator)
{
    std::string all;
    for (const std::string& word : words)
        all += (all.empty() ? "" : separator) + word;
    return all;
}

}  // namespace

CLI::Option* one_of(CLI::Option* option, const std::vector<std::string>& words)
{
    const auto check = [words](const std::string& text) -> std::string {
        if (std::find(words.begin(), words.end(), text) != words.end())
            return {};
        return "must be one of " + joined(words, ", ") + ", not " + text;
    };
    return option->type_name(joined(words, "|"))->check(CLI::Validator{check, "", "one of"});
}

}  // namespace quaymaster::tool
