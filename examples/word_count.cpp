// word_count: requests and replies over queues. Splits a text, has N workers count the words of the pieces, and merges
// what they answer. The workers are threads here; `word_count --worker` adds one from any machine.
//
// A request says where the answer goes (the name of a queue) and under which number, because answers come in any order.
#include "arguments.hpp"

#include <quaymaster/quaymaster.hpp>

#include <cereal/cereal.hpp>

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace qm = quaymaster;
using namespace std::chrono_literals;

using counts = std::map<std::string, std::int64_t>;

struct request {
    std::int64_t id = 0;
    std::string reply_to;
    std::string text;

    template <class Archive>
    void serialize(Archive& archive)
    {
        archive(CEREAL_NVP(id), CEREAL_NVP(reply_to), CEREAL_NVP(text));
    }
};

struct reply {
    std::int64_t id = 0;  // that of the request
    counts words;

    template <class Archive>
    void serialize(Archive& archive)
    {
        archive(CEREAL_NVP(id), CEREAL_NVP(words));
    }
};

struct counting_manager : qm::base_manager {
    using base_manager::base_manager;
    auto get_requests() { return create<qm::queue_proxy<request>>("get_requests"); }
    auto get_queue(const std::string& name) { return create<qm::queue_proxy<reply>>("get_queue", name); }
};

namespace {

constexpr std::string_view sample =
    "Who has seen the wind? Neither I nor you: But when the leaves hang trembling, The wind is passing through. "
    "Who has seen the wind? Neither you nor I: But when the trees bow down their heads, The wind is passing by.";

counts count_words(std::string_view text)
{
    counts words;
    std::string word;
    const auto end_word = [&] {
        if (!word.empty())
            ++words[word];
        word.clear();
    };
    for (const char each : text) {
        const auto letter = static_cast<unsigned char>(each);
        if (std::isalnum(letter) != 0 || each == '\'' || letter >= 0x80)
            word += static_cast<char>(std::tolower(letter));
        else
            end_word();
    }
    end_word();
    return words;
}

/// Pieces of about `size` characters that end at white space.
std::vector<std::string> split(std::string_view text, std::size_t size)
{
    std::vector<std::string> pieces;
    while (!text.empty()) {
        const std::size_t end = text.size() <= size ? text.size() : std::min(text.find_first_of(" \t\r\n", size), text.size());
        pieces.emplace_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return pieces;
}

/// Answers requests until there is none for a while, or the queue is shut down.
void work(counting_manager& manager)
{
    const auto requests = manager.get_requests();
    try {
        for (;;) {
            const request next = requests.get(10s);
            manager.get_queue(next.reply_to).put(reply{next.id, count_words(next.text)});
        }
    } catch (const qm::queue_empty&) {
    } catch (const qm::queue_shut_down&) {
    }
}

/// Sends every piece out and merges the answers.
counts count_remotely(counting_manager& manager, const std::vector<std::string>& pieces)
{
    const std::string reply_to = "word_count-" + std::to_string(::getpid());
    const auto replies = manager.get_queue(reply_to);
    const auto requests = manager.get_requests();
    std::set<std::int64_t> waiting;
    for (const std::string& piece : pieces) {
        const auto id = static_cast<std::int64_t>(waiting.size());
        waiting.insert(id);
        requests.put({id, reply_to, piece});
    }
    counts total;
    while (!waiting.empty()) {
        const reply answer = replies.get(60s);
        if (waiting.erase(answer.id) == 0)
            continue;  // an answer twice: a request that was handed out again
        for (const auto& [word, times] : answer.words)
            total[word] += times;
    }
    requests.shutdown();
    return total;
}

void print_most_frequent(const counts& words)
{
    std::vector<std::pair<std::string, std::int64_t>> sorted{words.begin(), words.end()};
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& left, const auto& right) { return left.second > right.second; });
    sorted.resize(std::min<std::size_t>(sorted.size(), 10));
    for (const auto& [word, times] : sorted)
        std::cout << times << '\t' << word << '\n';
}

std::string read_text(const std::string& path)
{
    if (path.empty())
        return std::string{sample};
    std::ifstream file{path, std::ios::binary};
    if (!file)
        throw std::runtime_error{"cannot read " + path};
    return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

int main(int argc, char** argv) try {
    const arguments options{argc, argv, {"--host", "--port", "--authkey-file", "--workers", "--text", "--piece"}, {"--worker"}};
    counting_manager manager{{options.text("--host", "127.0.0.1"), options.number<std::uint16_t>("--port", 0)}, options.authkey()};
    if (options.has("--worker")) {
        manager.connect();
        work(manager);
        return 0;
    }
    manager.register_queue("get_requests");
    manager.register_queue_factory("get_queue");
    manager.start();
    std::cerr << "listening on " << manager.address().to_string() << '\n';

    const std::string text = read_text(options.text("--text", ""));
    std::vector<std::jthread> workers;
    for (int number = options.number("--workers", 3); number > 0; --number)
        workers.emplace_back([&manager] { work(manager); });
    const counts words = count_remotely(manager, split(text, options.number<std::size_t>("--piece", 64)));
    print_most_frequent(words);
    if (words != count_words(text))
        throw std::runtime_error{"the workers counted otherwise than one alone"};
} catch (const std::exception& failure) {
    std::cerr << "word_count: " << failure.what() << '\n';
    return 1;
}
