// queued_items: the memory that items waiting in a queue cost a server.
//   queued_items PORT AUTHKEY_FILE SERVER_PID ITEMS ITEM_SIZE
// Puts ITEMS bytes objects of ITEM_SIZE and compares the server's resident memory with before.
#include "raw_connection.hpp"
#include "resident_memory.hpp"
#include "system_call.hpp"

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <string>
#include <vector>

namespace {

/// Requests sent before their replies are read: many enough to hide the round trip, few enough that neither side's
/// socket buffer fills while the other waits.
constexpr std::size_t pipelined_max = 200;

void put_items(bench::raw_connection& connection, const std::string& ident, std::size_t count, std::size_t size)
{
    const std::vector<bench::codec::payload> item{quaymaster::value{quaymaster::bytes(size, std::byte{'x'})}};
    while (count > 0) {
        const std::size_t batch = std::min(count, pipelined_max);
        for (std::size_t sent = 0; sent < batch; ++sent)
            connection.request(bench::method_call(ident, "put", item));
        for (std::size_t answered = 0; answered < batch; ++answered)
            connection.result();
        count -= batch;
    }
}

}  // namespace

int main(int argc, char** argv)
try {
    if (argc != 6) {
        std::cerr << "usage: queued_items PORT AUTHKEY_FILE SERVER_PID ITEMS ITEM_SIZE\n";
        return 2;
    }
    const pid_t server = std::stoi(argv[3]);
    const auto count = static_cast<std::size_t>(std::stoul(argv[4]));
    bench::client client{bench::parse_port(argv[1]), argv[2]};
    const std::string ident = bench::created_ident(client, "get_task_queue");
    bench::raw_connection connection{client};
    bench::open_stream(connection);

    const auto before = quaymaster::tool::settled_memory(server);
    put_items(connection, ident, count, static_cast<std::size_t>(std::stoul(argv[5])));
    const auto after = quaymaster::tool::settled_memory(server);

    std::cout << "{\"items\": " << count << ", \"before\": " << before << ", \"after\": " << after
              << ", \"bytes_per_item\": " << static_cast<double>(after - before) / static_cast<double>(count) << "}\n";
    return 0;
} catch (const std::exception& error) {
    std::cerr << "queued_items: " << error.what() << '\n';
    return 1;
}
