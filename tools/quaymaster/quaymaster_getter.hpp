// quaymaster_getter: a get() that waits, below the client library: ten thousand of its clients would be ten thousand threads.
#pragma once

#include "bench_target.hpp"

#include "codec/envelope.hpp"
#include "session/client_session.hpp"

#include <quaymaster/authkey.hpp>

#include <memory>
#include <string>

namespace quaymaster::tool {

/// What the getters of one run share. Thread safety: none. Lifetime: outlives them.
class quaymaster_getter_settings {
public:
    /// A client with `key` of the queue called `ident`. `is_native`: in the native dialect, else in Python's.
    quaymaster_getter_settings(const authkey& key, std::string ident, bool is_native);

    [[nodiscard]] std::unique_ptr<blocked_getter> make();

private:
    session::client_settings session_;
    codec::envelope_reader reader_;
    std::string ident_;
    bool is_native_;
};

}  // namespace quaymaster::tool
