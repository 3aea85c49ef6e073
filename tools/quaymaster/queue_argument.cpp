#include "queue_argument.hpp"

#include "subcommands.hpp"
#include "text_argument.hpp"

#include <charconv>
#include <system_error>

namespace quaymaster::tool {

namespace {

constexpr std::string_view maxsize_prefix = "maxsize=";

[[noreturn]] void refuse(std::string_view text, std::string_view why)
{
    throw usage_error{"--queue '" + std::string{text} + "': " + std::string{why} +
                      "; expected NAME[,fifo|lifo|priority][,maxsize=N]"};
}

void apply(std::string_view text, std::string_view word, queue_options& options)
{
    if (word == "fifo") {
        options.kind = queue_kind::fifo;
    } else if (word == "lifo") {
        options.kind = queue_kind::lifo;
    } else if (word == "priority") {
        options.kind = queue_kind::priority;
    } else if (word.starts_with(maxsize_prefix)) {
        const std::string_view digits = word.substr(maxsize_prefix.size());
        const char* const end = digits.data() + digits.size();
        const auto [stop, failure] = std::from_chars(digits.data(), end, options.maxsize);
        if (digits.empty() || failure != std::errc{} || stop != end)
            refuse(text, "maxsize must be a number of items");
    } else {
        refuse(text, "'" + std::string{word} + "' is unknown");
    }
}

}  // namespace

queue_argument parse_queue_argument(std::string_view text)
{
    queue_argument parsed;
    std::string_view rest = text;
    const auto next_word = [&rest] {
        const std::size_t comma = rest.find(',');
        const std::string_view word = rest.substr(0, comma);
        rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
        return word;
    };
    parsed.name = next_word();
    if (parsed.name.empty())
        refuse(text, "it has no name");
    // put and get would look for a typeid before the slash, and read the rest as its argument.
    if (parsed.name.find('/') != std::string::npos)
        refuse(text, "a name cannot hold '/', which clients write between a factory and the name of one of its queues");
    (void)text_argument("--queue", parsed.name);
    while (!rest.empty())
        apply(text, next_word(), parsed.options);
    return parsed;
}

}  // namespace quaymaster::tool
