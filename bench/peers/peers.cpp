#include "peers.hpp"

namespace bench {

const std::vector<peer>& peers()
{
    static const std::vector<peer> all{
        {"echo", "a blocking socket", make_echo_target},
        {"beanstalkd", "a blocking socket", make_beanstalkd_target},
#ifdef BENCH_HAS_REDIS
        {"redis", "hiredis " BENCH_HAS_REDIS, make_redis_target},
#endif
#ifdef BENCH_HAS_NATS
        {"nats", "libnats " BENCH_HAS_NATS, make_nats_target},
#endif
#ifdef BENCH_HAS_RABBITMQ
        {"rabbitmq", "librabbitmq " BENCH_HAS_RABBITMQ, make_rabbitmq_target},
#endif
#ifdef BENCH_HAS_ZEROMQ
        {"zeromq", "libzmq " BENCH_HAS_ZEROMQ, make_zeromq_target},
#endif
    };
    return all;
}

}  // namespace bench
