// job: work of a referent that may block or compute, for a thread that nobody else waits for.
#pragma once

#include "core/waiter.hpp"

#include <memory>

namespace quaymaster::core {

/// Lifetime: shared by its referent and the runner.
class job {
public:
    job() = default;
    job(const job&) = delete;
    job& operator=(const job&) = delete;
    virtual ~job() = default;

    /// Does the work: on any thread, without a guard, once.
    virtual void execute() noexcept = 0;
    /// Hands the result over: afterwards, under the guard of home().
    virtual void finish(completions& fulfilled) = 0;
    /// The referent whose guard finish() needs.
    [[nodiscard]] virtual referent& home() noexcept = 0;
};

/// Where referents send their jobs. Lifetime: outlives the referents.
class job_runner {
public:
    /// Has `work` executed and finished soon. Called under the guard of its home. Throws std::bad_alloc or std::system_error
    /// if it cannot be taken.
    virtual void submit(std::shared_ptr<job> work) = 0;

protected:
    ~job_runner() = default;
};

}  // namespace quaymaster::core
