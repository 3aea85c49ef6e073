#include "net/handshake_filter.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#ifdef __linux__
#include <linux/filter.h>
#endif

#include <iterator>

namespace quaymaster::net {

bool ignore_new_handshakes(int listening) noexcept
{
#ifdef __linux__
    constexpr unsigned flags_offset = 13;  // in the TCP header, where the filter's packet begins
    constexpr unsigned whole_packet = 0xffff'ffff;
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, flags_offset),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TH_SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, whole_packet),
    };
    const sock_fprog filter{std::size(program), program};
    return ::setsockopt(listening, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
#else
    static_cast<void>(listening);
    return false;
#endif
}

}  // namespace quaymaster::net
