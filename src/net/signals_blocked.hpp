// signals_blocked: threads of ours take no signals.
#pragma once

#include <pthread.h>

#include <csignal>

namespace quaymaster::net {

/// While it lives, threads that are started take no signals: those belong to the program's own threads.
class signals_blocked {
public:
    signals_blocked() noexcept
    {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    signals_blocked(const signals_blocked&) = delete;
    signals_blocked& operator=(const signals_blocked&) = delete;
    ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_;
};

}  // namespace quaymaster::net
