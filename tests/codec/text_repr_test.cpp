#include "codec/text_repr.hpp"

#include <catch2/catch.hpp>

using namespace quaymaster;

namespace {

std::string str_repr(std::string_view utf8)
{
    std::string text;
    codec::append_str_repr(text, utf8, 1000);
    return text;
}

std::string bytes_repr(std::string_view octets)
{
    std::string text;
    codec::append_bytes_repr(text, octets, 1000);
    return text;
}

}  // namespace

TEST_CASE("str is quoted and escaped as Python does", "[codec][repr]")
{
    CHECK(str_repr("") == "''");
    CHECK(str_repr("a'b") == R"("a'b")");
    CHECK(str_repr("a\"b") == R"('a"b')");
    CHECK(str_repr("'\"") == R"('\'"')");
    CHECK(str_repr("\t\n\r\\") == R"('\t\n\r\\')");
    CHECK(str_repr(std::string_view{"\0\x1f\x7f", 3}) == R"('\x00\x1f\x7f')");
    CHECK(str_repr("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") == "'\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80'");
    CHECK(str_repr("\xc2\x85\xc2\xa0\xc2\xad") == R"('\x85\xa0\xad')");
    CHECK(str_repr("\xe2\x80\xa8") == R"('\u2028')");
    CHECK(str_repr("\xed\xa0\x80") == R"('\ud800')");
    CHECK(str_repr("\xf3\xa0\x80\x81") == R"('\U000e0001')");
}

TEST_CASE("bytes are quoted and escaped as Python does", "[codec][repr]")
{
    CHECK(bytes_repr("") == "b''");
    CHECK(bytes_repr("a'\xff\n") == R"(b"a'\xff\n")");
    CHECK(bytes_repr("'\"") == R"(b'\'"')");
}

TEST_CASE("a long text is not escaped to its end for nothing", "[codec][repr]")
{
    std::string text;
    codec::append_str_repr(text, std::string(1'000'000, '\n'), 10);
    CHECK(text.size() < 20);
}
