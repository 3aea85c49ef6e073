// serve: runs a server until SIGTERM, Ctrl-C or a client's shutdown request.
#include "client_lines.hpp"
#include "exit_codes.hpp"
#include "key_source.hpp"
#include "one_of.hpp"
#include "queue_argument.hpp"
#include "share_argument.hpp"
#include "span_of_seconds.hpp"
#include "subcommands.hpp"
#include "whole_number.hpp"

#include <quaymaster/server.hpp>
#include <quaymaster/value.hpp>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <sys/resource.h>

#include <csignal>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace quaymaster::tool {

namespace {

constexpr const char* description = R"(Serve queues until SIGTERM, Ctrl-C or a client's shutdown request.

Prints `listening on HOST:PORT`, or `listening on unix:PATH`, when clients can connect, then lines for clients in Python
and in C++.
  quaymaster serve
  quaymaster serve --host 0.0.0.0 --port 5000 --authkey-file key.txt
  quaymaster serve --queue jobs,priority,maxsize=1000 --queue results
  quaymaster serve --unix /run/user/1000/queues

Besides the queues named by --queue clients can have
  get_queue(name, maxsize=0)    the queue of that name, made at its first mention
  Queue(maxsize=0), JoinableQueue, LifoQueue, PriorityQueue    a queue of one's own, gone with its last proxy
  list dict set Value Array Namespace Event Lock RLock Semaphore BoundedSemaphore Condition Barrier    as of a SyncManager
  quaymaster_status()           what `quaymaster stat` shows, by its method status()
  quaymaster_select()           its method get_any([q1, q2], block=True, timeout=None) gets from whichever queue has an item)";

const std::vector<std::string> default_queues{"get_task_queue", "get_result_queue"};

struct serve_arguments {
    std::string host = "127.0.0.1";
    std::uint16_t port = 50000;
    std::string unix_path;
    std::string authkey_file;
    std::vector<std::string> queues = default_queues;
    std::vector<std::string> shared;
    std::string log_level = "info";
    double handshake_timeout_s = 5;
    double stop_grace_s = 1;
    double handover_grace_s = 1;
    double reply_timeout_s = 300;
    std::int64_t busy_poll_us = std::chrono::microseconds{server_options{}.busy_poll}.count();
    bool refuses_shutdown = false;
    server_options options;
};

/// Nothing is logged below info.
const std::map<std::string, spdlog::level::level_enum> log_levels{
    {"info", spdlog::level::info}, {"warning", spdlog::level::warn}, {"error", spdlog::level::err}};

spdlog::level::level_enum to_spdlog(log_level level)
{
    switch (level) {
    case log_level::debug: return spdlog::level::debug;
    case log_level::info: return spdlog::level::info;
    case log_level::warning: return spdlog::level::warn;
    case log_level::error: return spdlog::level::err;
    }
    return spdlog::level::err;
}

std::shared_ptr<spdlog::logger> make_logger(const std::string& level)
{
    auto logger = spdlog::stderr_color_mt("quaymaster");
    logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
    logger->set_level(log_levels.at(level));
    logger->flush_on(spdlog::level::debug);
    return logger;
}

/// Each client thread is a descriptor, and the soft limit of most systems, 1,024, is meant for select().
void raise_descriptor_limit()
{
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

address address_from(const serve_arguments& arguments)
{
    if (!arguments.unix_path.empty())
        return from_arguments([&] { return address::unix_socket(arguments.unix_path); });
    return address{arguments.host.empty() ? "0.0.0.0" : arguments.host, arguments.port};
}

void register_all(server& served, const std::vector<queue_argument>& queues, const std::vector<share_argument>& shared)
{
    served.register_sync_types();
    for (const queue_argument& queue : queues)
        served.register_queue(queue.name, queue.options);
    served.register_queue_factory("get_queue");
    for (const share_argument& each : shared)
        served.register_shared(each.name, each.type, each.arguments);
    served.register_queue_type("LifoQueue", queue_kind::lifo);
    served.register_queue_type("PriorityQueue", queue_kind::priority);
}

server_options options_from(const serve_arguments& arguments, const std::shared_ptr<spdlog::logger>& logger)
{
    server_options options = arguments.options;
    options.allow_shutdown_request = !arguments.refuses_shutdown;
    options.handshake_timeout = to_milliseconds(arguments.handshake_timeout_s);
    options.stop_grace = to_milliseconds(arguments.stop_grace_s);
    options.handover_grace = to_milliseconds(arguments.handover_grace_s);
    options.reply_timeout = to_milliseconds(arguments.reply_timeout_s);
    options.busy_poll = std::chrono::microseconds{arguments.busy_poll_us};
    options.stop_signals = {SIGINT, SIGTERM};
    options.log = [logger](log_level level, std::string_view line) { logger->log(to_spdlog(level), "{}", line); };
    return options;
}

void serve(const serve_arguments& arguments)
{
    std::vector<queue_argument> queues;
    for (const std::string& text : arguments.queues)
        queues.push_back(parse_queue_argument(text));
    std::vector<share_argument> shared;
    for (const std::string& text : arguments.shared)
        shared.push_back(parse_share_argument(text));
    const address where = address_from(arguments);
    const found_key key = find_or_make_key(arguments.authkey_file);
    if (key.key.empty() && !where.is_loopback())
        throw usage_error{std::string{authkey_variable} + " is empty, and " + where.to_string() +
                          " can be reached from other machines: set a key, or use --host 127.0.0.1"};
    const auto logger = make_logger(arguments.log_level);
    raise_descriptor_limit();
    if (key.is_new)
        logger->info("made a new key in {}", key.file.string());

    server served = from_arguments([&] { return server{where, key.key, options_from(arguments, logger)}; });
    from_arguments([&] { register_all(served, queues, shared); });  // a name may be taken
    served.start();
    const address bound = served.bound_address();
    std::cout << "listening on " << bound.to_string() << std::endl;
    if (!std::cout) {
        const std::string fault = "standard output cannot be written to: it would have said `listening on " + bound.to_string() + "`";
        if (!bound.is_unix() && arguments.port == 0)
            throw std::runtime_error{fault};  // so nobody would know the port
        logger->warn(fault);
    }
    std::cout << client_lines(bound, key, queues, shared) << std::flush;
    served.wait();
    logger->info("stopped");
}

void add_limits(CLI::App& subcommand, serve_arguments& arguments)
{
    const CLI::Validator seconds = span_of_seconds(0.001, 86'400);
    server_options& options = arguments.options;
    const auto add = [&subcommand](const char* name, auto& variable, const char* text) {
        return subcommand.add_option(name, variable, text)->capture_default_str()->group("Limits");
    };
    add("--max-payload", options.payload_size_max, "Octets of one request; a client that announces more is dropped")
        ->check(whole_number(1024, std::uint64_t{1} << 40));
    add("--max-connections", options.connections_max, "Connections at once; further ones are dropped")->check(whole_number(1));
    add("--max-unauthenticated", options.unauthenticated_max,
        "Peers at once that have not proved the key; further ones are dropped soon")
        ->check(whole_number(1));
    add("--handshake-timeout", arguments.handshake_timeout_s, "Seconds a peer may take to prove the key")->check(seconds);
    add("--max-outbox", options.outbox_size_max, "Octets of unread replies above which nothing more is read from a client")
        ->check(whole_number(1));
    add("--reply-timeout", arguments.reply_timeout_s,
        "Seconds in which a client must fetch some of the replies that wait for it")
        ->check(seconds);
    add("--max-objects", options.objects_max, "Objects that clients have made at once; registered queues do not count")
        ->check(whole_number(1));
    add("--max-named-queues", options.named_queues_max, "Queues that get_queue(name) makes")->check(whole_number(1));
    add("--max-queue-name", options.queue_name_size_max, "Octets of such a name")->check(whole_number(1));
    add("--max-depth", options.pickle.depth_max, "Containers inside containers in one item")->check(whole_number(1));
    add("--max-stack", options.pickle.stack_size_max, "Objects on the stack while a pickle is read")->check(whole_number(1));
    add("--max-memo", options.pickle.memo_size_max, "Memo entries of one pickle")->check(whole_number(1));
    add("--max-nodes", options.pickle.node_count_max, "Objects in one item that must be decoded, as a priority queue does")
        ->check(whole_number(1));
    add("--max-integer", options.pickle.integer_size_max, "Octets of one integer")->check(whole_number(1));
    add("--backlog", options.backlog, "Connections that wait to be accepted")->check(whole_number(1, 1'000'000));
    add("--stop-grace", arguments.stop_grace_s, "Seconds that replies under way get when the server stops")->check(seconds);
    add("--handover-grace", arguments.handover_grace_s,
        "Seconds that an object lives on whose proxy has left for a client in an item, until the client counts on it")
        ->check(seconds);
}

}  // namespace

void add_serve(CLI::App& program, int& exit_code)
{
    const auto arguments = std::make_shared<serve_arguments>();
    arguments->options.threads = 0;
    CLI::App& subcommand = *program.add_subcommand("serve", description);
    auto* const host = subcommand.add_option("--host", arguments->host, "Address to listen on; 0.0.0.0 for every interface")
                           ->capture_default_str();
    auto* const port = subcommand.add_option("--port", arguments->port, "Port to listen on; 0 for any that is free")
                           ->capture_default_str()
                           ->check(whole_number(0, 65'535));
    subcommand.add_option("--unix", arguments->unix_path, "Listen on a Unix socket at this path, instead of --host and --port")
        ->excludes(host, port);
    subcommand.add_option("--authkey-file", arguments->authkey_file, "File that holds the key");
    subcommand
        .add_option("--queue", arguments->queues,
                    "A queue: NAME[,fifo|lifo|priority][,maxsize=N], fifo if not said; may be repeated, and replaces the two"
                    " of the default")
        ->capture_default_str()
        ->allow_extra_args(false);
    subcommand
        .add_option(
            "--share", arguments->shared,
            "An object for all: NAME=TYPE, such as status=dict, or NAME=TYPE(ARGUMENTS), such as 'free=Semaphore(4)', TYPE"
            " list, dict, set, Namespace, Value, Array, Event, Lock, RLock, Semaphore, BoundedSemaphore, Condition, Barrier,"
            " Queue or JoinableQueue; may be repeated")
        ->allow_extra_args(false);
    subcommand.add_option("--threads", arguments->options.threads, "Event loops; 0 for one per core, at most 8")
        ->capture_default_str()
        ->check(whole_number(0, 1024));
    subcommand.add_flag("--require-sha256", arguments->options.require_sha256,
                        "Refuse MD5, that is, clients of Python 3.11 and older");
    subcommand.add_flag("--release-locks", arguments->options.release_locks_at_session_end,
                        "Release the Lock or Semaphore of a client that is gone; Python leaves it locked");
    subcommand.add_flag("--refuse-shutdown", arguments->refuses_shutdown, "Do not stop when a client asks for it");
    subcommand
        .add_option("--busy-poll", arguments->busy_poll_us,
                    "Microseconds to look for more work before sleeping, while that pays; 0 for never")
        ->capture_default_str()
        ->check(whole_number(0, 1'000'000));
    one_of(subcommand.add_option("--log-level", arguments->log_level, "What goes to standard error: this and worse"),
           {"info", "warning", "error"})
        ->capture_default_str();
    add_limits(subcommand, *arguments);
    subcommand.callback([arguments, &exit_code] {
        serve(*arguments);
        exit_code = exit_success;
    });
}

}  // namespace quaymaster::tool
