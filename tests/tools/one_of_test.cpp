#include "one_of.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <catch2/catch.hpp>

#include <string>

using namespace quaymaster::tool;

TEST_CASE("An option that is one of a few words shows them, and takes no other", "[tools][options]")
{
    CLI::App program{"some program", "some"};
    std::string dialect;
    one_of(program.add_option("--dialect", dialect, "What to speak"), {"native", "python"});
    CHECK(program.help().find("--dialect native|python") != std::string::npos);
    program.parse("--dialect python");
    CHECK(dialect == "python");
    for (const std::string word : {"Native", "native|python"})
        CHECK_THROWS_WITH(program.parse("--dialect '" + word + "'"), "--dialect: must be one of native, python, not " + word);
}
