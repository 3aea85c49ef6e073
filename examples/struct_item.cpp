// struct_item: a struct that C++ sees as a struct and Python as a dict. Run struct_item, then python/struct_item.py,
// which orders a few things; this program writes the invoices.
#include "arguments.hpp"

#include <quaymaster/quaymaster.hpp>

#include <cereal/cereal.hpp>

#include <iostream>
#include <map>
#include <optional>
#include <vector>

namespace qm = quaymaster;

/// In Python: {'customer': 'Ada', 'lines': [{'article': 'rope', 'price': 2.5, 'pieces': 4}, ...], 'note': None}
struct order {
    struct line {
        std::string article;
        double price = 0;
        int pieces = 0;

        template <class Archive>
        void serialize(Archive& archive)
        {
            archive(CEREAL_NVP(article), CEREAL_NVP(price), CEREAL_NVP(pieces));
        }
    };

    std::string customer;
    std::vector<line> lines;
    std::optional<std::string> note;  // may be None, or missing

    template <class Archive>
    void serialize(Archive& archive)
    {
        archive(CEREAL_NVP(customer), CEREAL_NVP(lines), CEREAL_NVP(note));
    }
};

/// In Python: {'customer': 'Ada', 'total': 10.0, 'pieces': {'rope': 4}}
struct invoice {
    std::string customer;
    double total = 0;
    std::map<std::string, int> pieces;

    template <class Archive>
    void serialize(Archive& archive)
    {
        archive(CEREAL_NVP(customer), CEREAL_NVP(total), CEREAL_NVP(pieces));
    }
};

struct shop : qm::base_manager {
    using base_manager::base_manager;
    auto get_orders() { return create<qm::queue_proxy<order>>("get_orders"); }
    auto get_invoices() { return create<qm::queue_proxy<invoice>>("get_invoices"); }
};

namespace {

invoice invoice_of(const order& ordered)
{
    invoice made{ordered.customer, 0, {}};
    for (const order::line& line : ordered.lines) {
        made.total += line.price * line.pieces;
        made.pieces[line.article] += line.pieces;
    }
    return made;
}

}  // namespace

int main(int argc, char** argv) try {
    const arguments options{argc, argv, {"--host", "--port", "--authkey-file", "--orders"}};
    shop manager{{options.text("--host", "127.0.0.1"), options.number<std::uint16_t>("--port", 5000)}, options.authkey()};
    manager.register_queue("get_orders");
    manager.register_queue("get_invoices");
    manager.start();
    std::cout << "listening on " << manager.address().to_string() << std::endl;

    const auto orders = manager.get_orders();
    const auto invoices = manager.get_invoices();
    for (int served = 0; served < options.number("--orders", 3); ++served) {
        try {
            const order next = orders.get();
            std::cout << next.customer << " orders " << next.lines.size() << " articles"
                      << (next.note ? ": " + *next.note : "") << '\n';
            invoices.put(invoice_of(next));
        } catch (const qm::conversion_error& misfit) {
            // "lines[0].pieces: expected int within -2147483648..2147483647, found str 'four'"
            std::cout << "no order: " << misfit.what() << '\n';
        }
    }
    invoices.join();  // the customer says task_done() for each; to leave before would lose the last ones
} catch (const std::exception& failure) {
    std::cerr << "struct_item: " << failure.what() << '\n';
    return 1;
}
