// blocked_clients: the memory that clients blocked in get() cost a server.
//   blocked_clients PORT AUTHKEY_FILE SERVER_PID CLIENTS
// Opens CLIENTS streams, each with a get() under way, and compares the server's resident memory with before. Then
// puts one item for each and sees that each gets one: they were all blocked, and none was lost.
#include "raw_connection.hpp"
#include "resident_memory.hpp"
#include "system_call.hpp"

#include <sys/resource.h>

#include <cstddef>
#include <iostream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

/// Lets this process open `count` sockets besides its few files.
void allow_sockets(rlim_t count)
{
    constexpr rlim_t others = 32;
    rlimit limit{};
    bench::checked(::getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
    if (limit.rlim_max < count + others)
        throw std::runtime_error{"the hard limit of open files (ulimit -Hn) is " + std::to_string(limit.rlim_max) +
                                 ": run with fewer clients"};
    limit.rlim_cur = limit.rlim_max;
    bench::checked(::setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
}

using connections = std::vector<std::unique_ptr<bench::raw_connection>>;

connections block_in_get(bench::client& client, const std::string& ident, std::size_t count)
{
    connections blocked;
    while (blocked.size() < count) {
        auto connection = std::make_unique<bench::raw_connection>(client);
        bench::open_stream(*connection);
        connection->request(bench::method_call(ident, "get"));
        connection->flush();
        blocked.push_back(std::move(connection));
    }
    return blocked;
}

void serve_all(bench::client& client, const std::string& ident, connections& blocked)
{
    bench::raw_connection producer{client};
    bench::open_stream(producer);
    const std::vector<bench::codec::payload> item{quaymaster::value{1}};
    for (std::size_t count = 0; count < blocked.size(); ++count) {
        producer.request(bench::method_call(ident, "put", item));
        producer.result();
    }
    for (auto& connection : blocked)
        connection->result();
}

}  // namespace

int main(int argc, char** argv)
try {
    if (argc != 5) {
        std::cerr << "usage: blocked_clients PORT AUTHKEY_FILE SERVER_PID CLIENTS\n";
        return 2;
    }
    const auto count = static_cast<std::size_t>(std::stoul(argv[4]));
    const pid_t server = std::stoi(argv[3]);
    allow_sockets(count);
    bench::client client{bench::parse_port(argv[1]), argv[2]};
    const std::string ident = bench::created_ident(client, "get_task_queue");

    const auto before = quaymaster::tool::settled_memory(server);
    connections blocked = block_in_get(client, ident, count);
    const auto after = quaymaster::tool::settled_memory(server);
    serve_all(client, ident, blocked);

    std::cout << "{\"clients\": " << count << ", \"before\": " << before << ", \"after\": " << after
              << ", \"bytes_per_client\": " << static_cast<double>(after - before) / static_cast<double>(count) << "}\n";
    return 0;
} catch (const std::exception& error) {
    std::cerr << "blocked_clients: " << error.what() << '\n';
    return 1;
}
