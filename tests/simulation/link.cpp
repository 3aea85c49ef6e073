#include "link.hpp"

#include "simulation_failure.hpp"

#include "../session/client_beginning.hpp"

namespace quaymaster::testing {

link::link(bare_service& service, const session::server_settings& settings, bool native, std::size_t number)
    : session{settings, *waiter}, is_native{native}, number{number}
{
    wire::outbox hello;
    session::turn turn{service, scratch, hello, test_start};
    session.start(turn);
    session.receive(client_handshake(service), turn);
    session.receive(native ? native_hello() : stream_hello(), turn);
    require(session.is_stream(), "a session has not begun");
}

void link::send(bytes_view octets)
{
    requests_under_way.insert(requests_under_way.end(), octets.begin(), octets.end());
    sent += octets.size();
}

void link::receive(session::turn& turn)
{
    const std::size_t taken = session.receive(input, turn);
    input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(taken));
    consumed += taken;
}

}  // namespace quaymaster::testing
