// inventory_client: uses a Python class that a stock Python manager serves. Run python/inventory.py, then this.
#include "arguments.hpp"

#include <quaymaster/quaymaster.hpp>

#include <boost/describe/class.hpp>

#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace qm = quaymaster;

using line = std::pair<std::string, int>;  // an article, and how many pieces

/// In Python: {'customer': 'Ada', 'lines': [('rope', 2)]}
struct summary {
    std::string customer;
    std::vector<line> lines;
};
BOOST_DESCRIBE_STRUCT(summary, (), (customer, lines))

int main(int argc, char** argv)
try {
    const arguments options{argc, argv, {"--host", "--port", "--authkey-file"}};
    qm::base_manager client{{options.text("--host", "127.0.0.1"), options.number<std::uint16_t>("--port", 5000)},
                            options.authkey()};
    client.connect();

    const auto inventory = client.create<qm::proxy>("Inventory", qm::kw("rope", 3), qm::kw("tar", 1));  // one of our own
    std::cout << inventory.call<int>("add", "rope", qm::kw("pieces", 4)) << " rope\n";
    try {
        inventory.call<int>("take", "tar", 3);
    } catch (const qm::remote_error& raised) {
        if (!raised.is("OutOfStock"))  // its type_name() is "__main__.OutOfStock"
            throw;
        std::cout << "out of stock: " << raised.text() << '\n';
    }

    const auto order = inventory.call<qm::proxy>("open_order", "Ada");  // an object that stays there, as long as we have this
    order.call<void>("add", "rope", 2);
    const auto ordered = order.call<summary>("summary");
    for (const auto& [article, pieces] : ordered.lines)
        std::cout << ordered.customer << " orders " << pieces << ' ' << article << '\n';
    for (const auto& [article, pieces] : qm::iterate<line>(inventory.call<qm::proxy>("articles")))  // one request for each
        std::cout << pieces << ' ' << article << " left\n";

    const auto shared = client.create<qm::proxy>("the_inventory");
    std::cout << shared.call<int>("add", "tar") << " tar in the one that all share\n";
} catch (const std::exception& failure) {
    std::cerr << "inventory_client: " << failure.what() << '\n';
    return 1;
}
