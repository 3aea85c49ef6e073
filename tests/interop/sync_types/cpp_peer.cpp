// cpp_peer: a C++ client that does what standard input says, for cpp_client.py: cpp_peer HOST PORT KEY_FILE [typed]
// Each line, both ways, is a Python tuple; the library reads and writes it. Requests begin with (thread, number), the answer with the
// number; each thread of the other side has one here, and so a connection of its own.
//     'create', typeid, arguments             base_manager::create_proxy; with `typed` sync_manager::list() and its like, where one fits
//     'call', proxy, method, arguments        proxy::call; with `typed` the member of list_proxy and its like, where one fits
//     'iterate', proxy                        iterate(proxy), to be gone through with the method '__next__' of what is answered
//     'drop', proxy                           no answer
//     'end'                                   of the thread; no answer
//     'settle'                                answers once what was dropped before is gone
// Arguments are (positional, named), or the pickle of that if it has no literal. A proxy in it is the object proxy_of(number).
//     number, 'value', type, repr, pickle, how                a result; proxies in it are proxy_of(number, typeid, ident, exposed)
//     number, 'error', type, text, is_traceback, how          what the server raised
//     number, 'failure', C++ type, text, '', how              any other exception of the library
// `how` is 'typed' if a typed proxy made the call, 'worded' if it also raised, in words of this program, what the member returns as false.
#include "typed_calls.hpp"

#include <quaymaster/literal.hpp>
#include <quaymaster/quaymaster.hpp>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <thread>

namespace {

namespace qm = quaymaster;
using qm::value;
using qm::value_kind;

constexpr std::size_t line_size_max = std::size_t{1} << 28;
constexpr int depth_max = 50;  // lists that contain themselves end there

struct answer {
    std::string kind;
    value first, second, third;
    std::string how;
};

/// `found` with every part replaced for which `replacement` has another; nullopt if that is none.
using replacement_function = std::function<std::optional<value>(const value&)>;
std::optional<value> replaced(const value& found, const replacement_function& replacement, int depth = 0)
{
    if (auto other = replacement(found))
        return other;
    if (depth == depth_max)
        return std::nullopt;
    bool is_other = false;
    const auto part = [&](const value& child) {
        const auto other = replaced(child, replacement, depth + 1);
        is_other = is_other || other;
        return other.value_or(child);
    };
    if (found.kind() == value_kind::dict) {
        std::vector<std::pair<value, value>> entries;
        for (std::size_t i = 0; i < found.size(); ++i)
            entries.emplace_back(found.entry(i).first, part(found.entry(i).second));
        return is_other ? std::optional{value::dict(entries)} : std::nullopt;
    }
    if (found.kind() != value_kind::list && found.kind() != value_kind::tuple)
        return std::nullopt;
    std::vector<value> items;
    for (std::size_t i = 0; i < found.size(); ++i)
        items.push_back(part(found[i]));
    if (!is_other)
        return std::nullopt;
    return found.kind() == value_kind::list ? value::list(items) : value::tuple(items);
}

class peer {
public:
    peer(qm::address server, qm::authkey key, bool is_typed) : manager_{std::move(server), std::move(key)}, is_typed_{is_typed}
    {
        manager_.connect();
    }

    /// What comes of one request.
    answer outcome_of(const value& request)
    {
        std::string how;
        try {
            const value result = take(request, how);
            qm::pickle_encoder encoder;
            encoder.object(result);
            return {"value", result.type_name(), result.repr(line_size_max), value{encoder.to_pickle()}, how};
        } catch (const missing_entry& raised) {
            return {"error", raised.type_name(), raised.text(), false, "worded"};
        } catch (const qm::remote_error& raised) {
            // Typed proxies have a type for it.
            const bool has_own_type = raised.type_name() != "threading.BrokenBarrierError" || how.empty() ||
                                      dynamic_cast<const qm::broken_barrier*>(&raised) != nullptr;
            if (!has_own_type)
                return {"failure", "remote_error", "is no broken_barrier", "", how};
            return {"error", raised.type_name(), raised.text(), !raised.traceback().empty(), how};
        } catch (const qm::queue_empty&) {
            return {"error", "queue.Empty", "", false, how};
        } catch (const qm::queue_full&) {
            return {"error", "queue.Full", "", false, how};
        } catch (const qm::queue_shut_down&) {
            return {"error", "queue.ShutDown", "", false, how};
        } catch (const qm::error& failure) {
            return {"failure", "error", failure.what(), "", how};
        } catch (const std::exception& failure) {
            return {"failure", "exception", failure.what(), "", how};
        }
    }

    void drop(std::int64_t number)
    {
        std::shared_ptr<shared_object> last;  // ends below, when the lock is free: that is a request
        const std::lock_guard lock{mutex_};
        if (const auto at = objects_.find(number); at != objects_.end()) {
            last = std::move(at->second);
            objects_.erase(at);
        }
    }

private:
    value take(const value& request, std::string& how)
    {
        const std::string_view verb = request[2].text();
        if (verb == "create")
            return create(arguments_of(request[3].text(), request[4]), how);
        const auto object = object_of(request[3]);
        if (verb == "iterate")
            return known(object->object);
        if (verb != "call")
            throw std::invalid_argument{"no such request: " + std::string{verb}};
        const method_call asked = arguments_of(request[4].text(), request[5]);
        std::optional<value> result;
        if (is_typed_) {
            how = "typed";
            result = call_typed(*object, asked);
        }
        if (!result) {
            how.clear();
            if (asked.method == "__iter__")
                return known(call_for_proxy(object->object, asked));
            result = object->object.call(asked.method, asked.positional, asked.named);
        }
        return with_known_proxies(object->object, *result);
    }

    /// `asked`: of the typeid as a method of the manager.
    value create(const method_call& asked, std::string& how)
    {
        std::optional<qm::proxy> made;
        if (is_typed_) {
            how = "typed";
            made = create_typed(manager_, asked);
        }
        if (!made) {
            how.clear();
            made = manager_.create_proxy(asked.method, asked.positional, asked.named);
        }
        const auto bound = asked.method == "Array" ? asked.bound({"typecode", "sequence", "lock"}) : std::nullopt;
        return known(*made, bound && (*bound)[0] ? std::string{(*bound)[0]->text()} : std::string{});
    }

    /// A method whose result stays in the server.
    static qm::proxy call_for_proxy(const qm::proxy& object, const method_call& asked)
    {
        if (asked.positional.empty() && asked.named.empty())
            return object.call<qm::proxy>(asked.method);
        if (asked.positional.size() == 1 && asked.named.empty())
            return object.call<qm::proxy>(asked.method, asked.positional[0]);
        throw std::invalid_argument{"no step calls " + asked.method + " so"};
    }

    method_call arguments_of(std::string_view method, const value& written)
    {
        const value both = written.kind() == value_kind::bytes ? qm::from_pickle<value>(written.octets()) : written;
        const value arguments = replaced(both, [this](const value& part) -> std::optional<value> {
                                    if (part.kind() != value_kind::object || part.qualified_name() != "proxy_of")
                                        return std::nullopt;
                                    return object_of(part.arguments()[0])->object.pickled();
                                }).value_or(both);
        method_call asked{std::string{method}, {}, {}};
        for (std::size_t i = 0; i < arguments[0].size(); ++i)
            asked.positional.push_back(arguments[0][i]);
        for (std::size_t i = 0; i < arguments[1].size(); ++i)
            asked.named.emplace_back(arguments[1].entry(i).first.text(), arguments[1].entry(i).second);
        return asked;
    }

    value with_known_proxies(const qm::proxy& source, const value& result)
    {
        return replaced(result,
                        [&](const value& part) -> std::optional<value> {
                            if (part.kind() != value_kind::object || part.qualified_name() != "RebuildProxy")
                                return std::nullopt;
                            return known(source.rebuild(part));
                        })
            .value_or(result);
    }

    /// Keeps a proxy until it is dropped; what the other side calls it.
    value known(const qm::proxy& object, std::string typecode = {})
    {
        std::vector<value> exposed;
        for (const std::string& each : object.exposed())
            exposed.emplace_back(each);
        const std::lock_guard lock{mutex_};
        const std::int64_t number = next_number_++;
        objects_.emplace(number, std::make_shared<shared_object>(object, std::move(typecode)));
        return value::object(value::global("cpp_client", "proxy_of"),
                             {number, object.typeid_name(), object.ident(), value::list(exposed)});
    }

    std::shared_ptr<shared_object> object_of(const value& number)
    {
        const std::lock_guard lock{mutex_};
        return objects_.at(number.to_int64().value());
    }

    qm::sync_manager manager_;
    const bool is_typed_;
    std::mutex mutex_;  // guards what follows
    std::map<std::int64_t, std::shared_ptr<shared_object>> objects_;
    std::int64_t next_number_ = 1;
};

void write_answer(const value& number, const answer& said)
{
    static std::mutex one_line;
    const std::string line =
        value::tuple({number, said.kind, said.first, said.second, said.third, said.how}).repr(line_size_max) + '\n';
    const std::lock_guard lock{one_line};
    std::cout << line << std::flush;
}

/// One thread that takes requests in turn, until it is given None.
class worker {
public:
    explicit worker(peer& client)
        : thread_{[this, &client] {
              for (value request = requests_.get(); !request.is_none(); request = requests_.get())
                  write_answer(request[1], client.outcome_of(request));
          }}
    {
    }
    ~worker()
    {
        requests_.put(value{});
        thread_.join();
    }
    void take(const value& request) { requests_.put(request); }

private:
    qm::blocking_queue<value> requests_;
    std::thread thread_;
};

void serve(peer& client)
{
    std::map<std::int64_t, std::unique_ptr<worker>> workers;
    for (std::string line; std::getline(std::cin, line);) {
        const value request = qm::parse_literal(line);
        const std::int64_t thread = request[0].to_int64().value();
        const std::string_view verb = request[2].text();
        if (verb == "drop") {
            client.drop(request[3].to_int64().value());
        } else if (verb == "settle") {
            write_answer(request[1], {"value", "NoneType", "None", value{qm::bytes{}}, ""});
        } else if (verb == "end") {
            workers.erase(thread);
        } else {
            auto& hand = workers[thread];
            if (!hand)
                hand = std::make_unique<worker>(client);
            hand->take(request);
        }
    }
    std::_Exit(0);  // some thread may wait for what never comes
}

}  // namespace

int main(int argc, char** argv)
try {
    if (argc != 4 && argc != 5) {
        std::cerr << "usage: cpp_peer HOST PORT KEY_FILE [typed]\n";
        return 2;
    }
    peer client{qm::address::parse(std::string{argv[1]} + ':' + argv[2]), qm::authkey::from_file(argv[3]), argc == 5};
    serve(client);
} catch (const std::exception& error) {
    std::cerr << "cpp_peer: " << error.what() << '\n';
    return 1;
}
