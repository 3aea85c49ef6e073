#include "client_lines.hpp"

#include <quaymaster/value.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <stdexcept>
#include <string_view>

namespace quaymaster::tool {

namespace {

/// `text`, which may be a path and thus any octets, as an expression in Python.
std::string in_python(const std::string& text)
{
    try {
        return value{text}.repr();
    } catch (const std::invalid_argument&) {
        return "__import__('os').fsdecode(" + value{as_bytes(text)}.repr() + ")";
    }
}

/// The same in C++. Octets beyond ASCII become octal: a hexadecimal escape would go on into digits that follow it.
std::string in_cpp(std::string_view text)
{
    std::string literal = "\"";
    for (const char letter : text) {
        const auto octet = static_cast<unsigned char>(letter);
        if (octet < ' ' || octet >= 0x7f) {
            const auto digit = [octet](unsigned shift) {
                return static_cast<char>('0' + ((static_cast<unsigned>(octet) >> shift) & 7U));
            };
            literal.append({'\\', digit(6), digit(3), digit(0)});
            continue;
        }
        if (letter == '"' || letter == '\\')
            literal += '\\';
        literal += letter;
    }
    return literal + '"';
}

/// The reserved words of Python 2.7 to 3.13: no attribute can be written so.
bool is_python_keyword(std::string_view word)
{
    static constexpr std::array<std::string_view, 37> keywords{
        "False",    "None",  "True",   "and",  "as",    "assert", "async",    "await",   "break", "class",
        "continue", "def",   "del",    "elif", "else",  "except", "exec",     "finally", "for",   "from",
        "global",   "if",    "import", "in",   "is",    "lambda", "nonlocal", "not",     "or",    "pass",
        "print",    "raise", "return", "try",  "while", "with",   "yield"};
    return std::find(keywords.begin(), keywords.end(), word) != keywords.end();
}

/// How Python gets at the method that makes a proxy of what `name` stands for.
std::string method_in_python(const std::string& name)
{
    const auto is_word = [](char letter) { return letter == '_' || std::isalnum(static_cast<unsigned char>(letter)) != 0; };
    const bool is_identifier = std::all_of(name.begin(), name.end(), is_word) && !('0' <= name.front() && name.front() <= '9');
    return is_identifier && !is_python_keyword(name) ? "manager." + name : "getattr(manager, " + in_python(name) + ")";
}

std::string python_key(const found_key& key)
{
    if (key.file.empty())
        return std::string{"__import__('os').environ['"} + authkey_variable + "'].encode()";
    return "open(" + in_python(key.file.string()) + ", 'rb').read().strip()";
}

std::string cpp_key(const found_key& key)
{
    if (key.file.empty())
        return std::string{"std::getenv(\""} + authkey_variable + "\")";
    return "quaymaster::authkey::from_file(" + in_cpp(key.file.string()) + ")";
}

/// Where a client on another machine would connect to, if the server listens on every interface.
std::string host_for_clients(const address& bound)
{
    if (bound.host() != "0.0.0.0" && bound.host() != "::")
        return bound.host();
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

/// The proxies of a type, in both languages. Python's own proxies do more than the one it makes up for an unknown type.
struct proxy_names {
    std::string_view type;
    std::string_view python;  // of multiprocessing.managers
    std::string_view cpp;     // of namespace quaymaster
};
constexpr std::array known_proxies{
    proxy_names{"list", "ListProxy", "list_proxy<quaymaster::value>"},
    proxy_names{"dict", "DictProxy", "dict_proxy<std::string, quaymaster::value>"},
    proxy_names{"Namespace", "NamespaceProxy", "namespace_proxy"},
    proxy_names{"Value", "ValueProxy", "value_proxy<quaymaster::value>"},
    proxy_names{"Array", "ArrayProxy", "array_proxy<double>"},
    proxy_names{"Event", "EventProxy", "event_proxy"},
    proxy_names{"Lock", "AcquirerProxy", "lock_proxy"},
    proxy_names{"RLock", "AcquirerProxy", "recursive_lock_proxy"},
    proxy_names{"Semaphore", "AcquirerProxy", "semaphore_proxy"},
    proxy_names{"BoundedSemaphore", "AcquirerProxy", "semaphore_proxy"},
    proxy_names{"Condition", "ConditionProxy", "condition_proxy"},
    proxy_names{"Barrier", "BarrierProxy", "barrier_proxy"},
    proxy_names{"Queue", "", "queue_proxy<quaymaster::value>"},
    proxy_names{"JoinableQueue", "", "queue_proxy<quaymaster::value>"},
};

proxy_names proxies_of(const std::string& type)
{
    const auto* const found =
        std::find_if(known_proxies.begin(), known_proxies.end(), [&](const proxy_names& row) { return row.type == type; });
    return found != known_proxies.end() ? *found : proxy_names{type, "", "proxy"};
}

std::string python_lines(const address& bound, const found_key& key, const std::string& queue,
                         const std::vector<share_argument>& shared)
{
    std::set<std::string_view> imported{"BaseManager"};
    std::string registrations = "BaseManager.register(" + in_python(queue) + ")\n";
    std::string uses = method_in_python(queue) + "().put('hello')\n";
    for (const share_argument& each : shared) {
        const std::string_view proxy = proxies_of(each.type).python;
        if (!proxy.empty())
            imported.insert(proxy);
        registrations.append("BaseManager.register(").append(in_python(each.name));
        registrations.append(proxy.empty() ? "" : ", proxytype=").append(proxy).append(")\n");
        uses.append("print(").append(method_in_python(each.name)).append("())\n");
    }
    std::string imports;
    for (const std::string_view name : imported)
        imports.append(imports.empty() ? "" : ", ").append(name);
    const std::string where = bound.is_unix()
                                  ? in_python(bound.path())
                                  : "(" + in_python(host_for_clients(bound)) + ", " + std::to_string(bound.port()) + ")";
    return "# a client in Python\nfrom multiprocessing.managers import " + imports + "\n" + registrations +
           "manager = BaseManager(" + where + ", authkey=" + python_key(key) + ")\nmanager.connect()\n" + uses;
}

std::string cpp_lines(const address& bound, const found_key& key, const std::string& queue,
                      const std::vector<share_argument>& shared)
{
    const std::string where = bound.is_unix()
                                  ? "quaymaster::address::unix_socket(" + in_cpp(bound.path()) + ")"
                                  : "{" + in_cpp(host_for_clients(bound)) + ", " + std::to_string(bound.port()) + "}";
    std::string uses = "    manager.create<quaymaster::queue_proxy<std::string>>(" + in_cpp(queue) + ").put(\"hello\");\n";
    for (const share_argument& each : shared)
        uses.append("    std::cout << manager.create<quaymaster::")
            .append(proxies_of(each.type).cpp)
            .append(">(")
            .append(in_cpp(each.name))
            .append(").text() << '\\n';\n");
    return "// a client in C++\n#include <quaymaster/quaymaster.hpp>\n#include <cstdlib>\n#include <iostream>\n\nint "
           "main()\n{\n"
           "    quaymaster::base_manager manager{" +
           where + ", " + cpp_key(key) + "};\n    manager.connect();\n" + uses + "}\n";
}

}  // namespace

std::string client_lines(const address& bound, const found_key& key, const std::vector<queue_argument>& queues,
                         const std::vector<share_argument>& shared)
{
    const std::string& queue = queues.front().name;
    return "\n" + python_lines(bound, key, queue, shared) + "\n" + cpp_lines(bound, key, queue, shared) + "\n";
}

}  // namespace quaymaster::tool
