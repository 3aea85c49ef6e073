#include "net/server_log.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace quaymaster;
using namespace std::chrono_literals;
using net::server_log;

TEST_CASE("a log passes lines on", "[net][log]")
{
    std::vector<std::string> lines;
    server_log log{[&](log_level level, std::string_view line) {
        CHECK(level == log_level::info);
        lines.emplace_back(line);
    }};
    log.write(log_level::info, "hello");
    CHECK(lines == std::vector<std::string>{"hello"});
}

TEST_CASE("a log without a listener says nothing", "[net][log]")
{
    server_log log{nullptr};
    CHECK_NOTHROW(log.write(log_level::error, "unheard"));
}

TEST_CASE("strangers cannot make the log endless", "[net][log]")
{
    std::vector<std::string> lines;
    server_log log{[&](log_level, std::string_view line) { lines.emplace_back(line); }};
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t line = 0; line < server_log::lines_per_second_max + 5; ++line)
        log.write_at(begin, log_level::warning, "again");
    CHECK(lines.size() == server_log::lines_per_second_max);

    log.write_at(begin + 999ms, log_level::warning, "again");
    CHECK(lines.size() == server_log::lines_per_second_max);
    log.write_at(begin + 1s, log_level::warning, "later");
    REQUIRE(lines.size() == server_log::lines_per_second_max + 2);
    CHECK(lines.back() == "later");
    CHECK(lines[lines.size() - 2] == "left out 6 log lines of one second");
}
