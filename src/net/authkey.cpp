// authkey: made from randomness, read from and written to files, wiped at its end.
#include <quaymaster/authkey.hpp>

#include "net/randomness.hpp"
#include "net/unique_descriptor.hpp"

#include <openssl/crypto.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <system_error>

namespace quaymaster {

namespace {

constexpr std::size_t file_size_max = 4096;
constexpr std::size_t generated_octets = 32;
constexpr std::string_view white_space = " \t\n\r\v\f";  // what Python's bytes.strip() takes off

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view what)
{
    throw std::runtime_error{"authkey file " + path.string() + ": " + std::string{what}};
}

[[noreturn]] void fail_with_errno(const std::filesystem::path& path, std::string_view what)
{
    fail(path, std::string{what} + ": " + std::generic_category().message(errno));
}

void make_private_folders(const std::filesystem::path& folder)
{
    if (folder.empty() || std::filesystem::exists(folder))
        return;
    make_private_folders(folder.parent_path());
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
        fail_with_errno(folder, "cannot make the folder");
}

}  // namespace

authkey::~authkey()
{
    if (!octets_.empty())
        OPENSSL_cleanse(octets_.data(), octets_.size());
}

authkey authkey::from_file(const std::filesystem::path& path)
{
    std::ifstream file{path, std::ios::binary};
    if (!file)
        fail_with_errno(path, "cannot be opened");
    std::array<char, file_size_max + 1> content{};
    file.read(content.data(), static_cast<std::streamsize>(content.size()));
    if (file.bad())
        fail_with_errno(path, "cannot be read");
    const auto size = static_cast<std::size_t>(file.gcount());
    if (size > file_size_max)
        fail(path, "is longer than " + std::to_string(file_size_max) + " octets; is it a key at all?");
    const std::string_view text{content.data(), size};
    const std::size_t first = text.find_first_not_of(white_space);
    if (first == std::string_view::npos)
        fail(path, "holds no key");
    const authkey key{text.substr(first, text.find_last_not_of(white_space) - first + 1)};
    OPENSSL_cleanse(content.data(), content.size());
    return key;
}

authkey authkey::generate()
{
    std::array<unsigned char, generated_octets> random{};
    net::fill_random(std::as_writable_bytes(std::span{random}));
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<char, 2 * generated_octets> text{};
    for (std::size_t index = 0; index < random.size(); ++index) {
        text[2 * index] = digits[random[index] >> 4];
        text[2 * index + 1] = digits[random[index] & 15];
    }
    const authkey key{std::string_view{text.data(), text.size()}};
    OPENSSL_cleanse(random.data(), random.size());
    OPENSSL_cleanse(text.data(), text.size());
    return key;
}

void authkey::write_new_file(const std::filesystem::path& path) const
{
    make_private_folders(path.parent_path());
    // O_EXCL: never follow a link that somebody left there, never overwrite a key that is in use.
    const net::unique_descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (!file.is_open())
        fail_with_errno(path, "cannot be made");
    bytes content;
    content.reserve(octets_.size() + 1);  // a larger copy would leave this one behind
    content.assign(octets_.begin(), octets_.end());
    content.push_back(std::byte{'\n'});
    std::size_t written = 0;
    while (written < content.size()) {
        const ::ssize_t count = ::write(file.number(), content.data() + written, content.size() - written);
        if (count < 0 && errno != EINTR) {
            const int cause = errno;
            ::unlink(path.c_str());  // half a key would be taken for a key
            errno = cause;
            OPENSSL_cleanse(content.data(), content.size());
            fail_with_errno(path, "cannot be written");
        }
        written += count > 0 ? static_cast<std::size_t>(count) : 0;
    }
    OPENSSL_cleanse(content.data(), content.size());
}

}  // namespace quaymaster
