// client_usage: which counts a client that died has left behind.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace quaymaster::core {

/// Which thread of which program a stream belongs to, as far as its client says: CPython's clients name the process and the
/// thread in accept_connection (managers.py: BaseProxy._connect).
enum class stream_role : std::uint8_t {
    main_thread,   // "MainProcess"
    other_thread,  // "MainProcess|Thread-1": the main thread of the same program may hold the proxies
    unknown,       // everything else, such as a child process, whose proxies may be its parent's
};

[[nodiscard]] stream_role role_of_stream(std::string_view name) noexcept;

/// A stock client counts over connections of their own, which say nothing of who they are; only streams last as long as a
/// thread. But the main thread's stream ends with its program, and a program that ends in order gives back its counts first
/// (managers.py: BaseProxy._decref, an exit finalizer). So a main thread's stream that ends with no decref from its host for
/// an object that it has called belonged to a program that was killed, and took one count with it.
/// Errs on the side of keeping: no count is given up while another thread or a child process of that host uses the object (a child may
/// have none of its own), of several
/// proxies of one object in one program only one is given up, and objects that were never called are not known of.
/// Thread safety: none. Memory: one entry per host and object in use.
class client_usage {
public:
    /// A stream of `host` calls `ident` for the first time.
    void begin(std::string_view host, stream_role role, std::string_view ident);
    /// A count on `ident` was given back from `host`.
    void on_decref(std::string_view host, std::string_view ident);
    /// That stream has ended. True if it has left a count on `ident` behind.
    [[nodiscard]] bool end(std::string_view host, stream_role role, std::string_view ident);

    [[nodiscard]] std::size_t size() const noexcept { return uses_.size(); }

private:
    struct use {
        std::size_t main_threads = 0;
        std::size_t other_threads = 0;
        std::size_t given_back = 0;  // counts, since one of these began
    };
    using key = std::pair<std::string, std::string>;  // host, ident
    std::map<key, use> uses_;
};

}  // namespace quaymaster::core
