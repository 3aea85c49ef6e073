// sync_types: everything that CPython's SyncManager shares, under its typeids.
#pragma once

#include "codec/pickle_limits.hpp"
#include "core/condition_referent.hpp"
#include "core/key_hash.hpp"
#include "core/registry.hpp"

namespace quaymaster::core {

struct sync_type_options {
    codec::pickle_limits limits;
    /// For the hash tables of dicts and sets, whose keys clients choose: random, and told to nobody.
    hash_seed seed{};
    /// Locks and semaphores that a session has acquired are released at its end. CPython leaves them locked for ever.
    bool releases_locks_at_session_end = false;
    /// Finds the lock that `Condition(lock)` is given a proxy of.
    lock_resolver resolve_lock;
};

/// Registers `Queue JoinableQueue Event Lock RLock Semaphore BoundedSemaphore Condition Barrier list dict set Value Array
/// Namespace` as SyncManager of CPython 2.7 to 3.14 does (managers.py, at its end), those that are registered already excepted,
/// and `Pool`, which is refused: it would run Python code in the server.
void register_sync_types(registry& where, const sync_type_options& options);

}  // namespace quaymaster::core
