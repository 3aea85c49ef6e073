#include <quaymaster/authkey.hpp>

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

using namespace quaymaster;

namespace {

class temporary_folder {
public:
    temporary_folder()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "quaymaster_test_XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    ~temporary_folder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

std::string text_of(const authkey& key)
{
    return std::string{as_chars(key.octets())};
}

unsigned mode_of(const std::filesystem::path& path)
{
    struct stat found {};
    REQUIRE(::stat(path.c_str(), &found) == 0);
    return found.st_mode & 0777U;
}

}  // namespace

TEST_CASE("a key file holds the key and white space around it", "[net][authkey]")
{
    const temporary_folder folder;
    const auto file = folder.path() / "key";
    std::ofstream{file} << " \n s3cret key\r\n\n";
    CHECK(text_of(authkey::from_file(file)) == "s3cret key");
}

TEST_CASE("a key file that holds no key is refused", "[net][authkey]")
{
    const temporary_folder folder;
    const auto file = folder.path() / "key";
    CHECK_THROWS_WITH(authkey::from_file(file), Catch::Contains("cannot be opened"));
    std::ofstream{file} << " \n";
    CHECK_THROWS_WITH(authkey::from_file(file), Catch::Contains("holds no key"));
    std::ofstream{file} << std::string(5000, 'x');
    CHECK_THROWS_WITH(authkey::from_file(file), Catch::Contains("4096"));
}

TEST_CASE("generated keys differ and are text", "[net][authkey]")
{
    const std::string first = text_of(authkey::generate());
    CHECK(first.size() == 64);
    CHECK(first.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(first != text_of(authkey::generate()));
}

TEST_CASE("a key is written for this user only, and never over another", "[net][authkey]")
{
    const temporary_folder folder;
    const auto file = folder.path() / "config" / "quaymaster" / "authkey";
    authkey{"k1"}.write_new_file(file);
    CHECK(mode_of(file) == 0600);
    CHECK(mode_of(file.parent_path()) == 0700);
    CHECK(text_of(authkey::from_file(file)) == "k1");
    CHECK_THROWS_AS(authkey{"k2"}.write_new_file(file), std::runtime_error);
    CHECK(text_of(authkey::from_file(file)) == "k1");
}

TEST_CASE("a key may be any octets", "[net][authkey]")
{
    CHECK(authkey{}.empty());
    CHECK(authkey{""}.empty());
    const bytes octets{std::byte{0}, std::byte{255}};
    CHECK(to_bytes(authkey{octets}.octets()) == octets);
}
