// counter: a C++ class and a C++ function that programs elsewhere call, stock Python among them. Run counter, then
// python/counter.py, or any number of them.
#include "arguments.hpp"

#include <quaymaster/quaymaster.hpp>

#include <csignal>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace qm = quaymaster;

namespace {

/// Calls of one object take turns, so it needs no lock.
class counter {
public:
    explicit counter(int first) : count_{first} {}

    int increment(int by)
    {
        if (by < 0)
            throw std::invalid_argument{"a counter only counts up"};  // ValueError in Python
        return count_ += by;
    }
    [[nodiscard]] int count() const { return count_; }
    /// A counter of its own that begins where this one is: its caller gets a proxy of it.
    [[nodiscard]] std::unique_ptr<counter> fork() const { return std::make_unique<counter>(count_); }

private:
    int count_;
};

/// In Python: count_words('a rose is a rose') is {'a': 2, 'is': 1, 'rose': 2}.
std::map<std::string, int> count_words(std::string_view text)
{
    std::map<std::string, int> counts;
    std::istringstream words{std::string{text}};
    for (std::string word; words >> word;)
        ++counts[word];
    return counts;
}

}  // namespace

int main(int argc, char** argv)
try {
    const arguments options{argc, argv, {"--host", "--port", "--authkey-file"}};
    qm::server_options how;
    how.stop_signals = {SIGINT, SIGTERM};
    qm::server server{
        {options.text("--host", "127.0.0.1"), options.number<std::uint16_t>("--port", 5000)}, options.authkey(), how};
    const auto described = qm::class_definition<counter>{}
                               .constructor<int>({{"first", 0}})
                               .method("increment", &counter::increment, {{"by", 1}})
                               .method("count", &counter::count)
                               .method("fork", &counter::fork);
    server.register_type("Counter", described);
    server.register_type("shared_counter", qm::class_definition<counter>{described}.instance(std::make_shared<counter>(0)));
    server.register_function("count_words", count_words, {{"text"}});
    server.start();
    std::cout << "listening on " << server.bound_address().to_string() << std::endl;
    server.wait();
} catch (const std::exception& failure) {
    std::cerr << "counter: " << failure.what() << '\n';
    return 1;
}
