// object_server: a server of SyncManager's types and of one C++ class, as the other side of what stock_server.py serves.
//   object_server AUTHKEY_FILE
// Prints `listening on HOST:PORT` when ready and serves until it is terminated.
#include <quaymaster/server.hpp>

#include <csignal>
#include <iostream>
#include <string>

namespace {

class counter {
public:
    int increment(int by) { return count_ += by; }

private:
    int count_ = 0;
};

}  // namespace

int main(int argc, char** argv)
try {
    if (argc != 2) {
        std::cerr << "usage: object_server AUTHKEY_FILE\n";
        return 2;
    }
    quaymaster::server_options options;
    options.stop_signals = {SIGINT, SIGTERM};
    quaymaster::server server{{"127.0.0.1", 0}, quaymaster::authkey::from_file(argv[1]), options};
    server.register_sync_types();
    const auto counters = [] {
        return quaymaster::class_definition<counter>{}.method("increment", &counter::increment, {{"by", 1}});
    };
    server.register_type("Counter", counters().calls_are_quick());
    server.register_type("WorkerCounter", counters());
    server.start();
    std::cout << "listening on " << server.bound_address().to_string() << std::endl;
    server.wait();
    return 0;
} catch (const std::exception& error) {
    std::cerr << "object_server: " << error.what() << '\n';
    return 1;
}
