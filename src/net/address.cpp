// address: text forms; nothing here opens or resolves anything.
#include <quaymaster/address.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <stdexcept>

namespace quaymaster {

namespace {

constexpr std::string_view unix_prefix = "unix:";

[[noreturn]] void refuse(std::string_view text, std::string_view why)
{
    throw std::invalid_argument{"address '" + std::string{text} + "': " + std::string{why}};
}

std::uint16_t parse_port(std::string_view text, std::string_view digits)
{
    std::uint16_t port = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, failure] = std::from_chars(digits.data(), end, port);
    if (digits.empty() || failure != std::errc{} || stop != end)
        refuse(text, "the port must be a number within 0..65535");
    return port;
}

}  // namespace

address address::unix_socket(std::string path)
{
    constexpr std::size_t path_size_max = sizeof(sockaddr_un::sun_path) - 1;
    if (path.empty() || path.size() > path_size_max)
        refuse(unix_prefix.data() + path,
               "the path of a Unix socket must have 1.." + std::to_string(path_size_max) + " octets");
    address made{"", 0};
    made.path_ = std::move(path);
    return made;
}

address address::parse(std::string_view text)
{
    if (text.starts_with(unix_prefix))
        return unix_socket(std::string{text.substr(unix_prefix.size())});
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos)
        refuse(text, "expected HOST:PORT, [IPV6]:PORT or unix:PATH");
    std::string_view host = text.substr(0, colon);
    const std::uint16_t port = parse_port(text, text.substr(colon + 1));
    if (host.starts_with('[')) {
        if (!host.ends_with(']'))
            refuse(text, "the bracket of the IPv6 address is not closed");
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        refuse(text, "an IPv6 address needs brackets: [::1]:50000");
    }
    return address{std::string{host}, port};
}

bool address::is_loopback() const noexcept
{
    if (is_unix() || host_ == "localhost")
        return true;
    // By number, not by text: 127.example.org may be anywhere.
    in_addr v4{};
    if (::inet_pton(AF_INET, host_.c_str(), &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == IN_LOOPBACKNET;
    in6_addr v6{};
    return ::inet_pton(AF_INET6, host_.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::string address::to_string() const
{
    if (is_unix())
        return std::string{unix_prefix} + path_;
    const bool is_v6 = host_.find(':') != std::string::npos;
    return (is_v6 ? '[' + host_ + ']' : host_) + ':' + std::to_string(port_);
}

}  // namespace quaymaster
