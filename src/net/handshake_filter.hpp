// handshake_filter: a listening TCP socket that lets begun handshakes end and begins no more.
#pragma once

namespace quaymaster::net {

/// Has `listening`, a TCP socket, ignore every new SYN from now on, while the handshakes under way can still end and be
/// accepted. Closing a socket at which a handshake is just ending can lose that client's reset on Linux: it would be
/// connected to nobody for ever. One whose SYN was ignored sends it again a second later and is refused.
/// False where the system has no such filter; then nothing has changed. Source: Linux socket filters, SO_ATTACH_FILTER.
bool ignore_new_handshakes(int listening) noexcept;

}  // namespace quaymaster::net
