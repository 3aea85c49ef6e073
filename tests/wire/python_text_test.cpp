#include "wire/python_text.hpp"

#include <catch2/catch.hpp>

using quaymaster::wire::quoted;

TEST_CASE("quoted() is Python's repr of a text", "[wire][text]")
{
    CHECK(quoted("get") == "'get'");
    CHECK(quoted("") == "''");
    CHECK(quoted("it's") == "\"it's\"");
    CHECK(quoted("'\"") == "'\\'\"'");
    CHECK(quoted("a\\b\n\t\r\x01\x7f") == "'a\\\\b\\n\\t\\r\\x01\\x7f'");
    CHECK(quoted("\xc3\xa9") == "'\xc3\xa9'");
}

TEST_CASE("quoted() is short however long the text, and cuts no character in two", "[wire][text]")
{
    CHECK(quoted("abcdef", 3) == "'abc'...");
    CHECK(quoted("ab\xc3\xa9", 3) == "'ab'...");
    CHECK(quoted(std::string(1000, 'x')).size() < 210);
}
