// hold: that data kept somewhere, such as an item in a queue, holds a proxy of an object and so keeps the object alive.
#pragma once

#include <memory>
#include <string>
#include <utility>

namespace quaymaster::core {

/// Hears of the end of holds, from whatever thread drops the data. Holds that outlive it, in values that a registered class has
/// kept, end unheard.
class hold_keeper {
public:
    /// `owner` and `target` as registry::add_hold() was told. Must not fail, and call nothing that could wait for the thread
    /// it is called from.
    virtual void on_released(std::string owner, std::string target) noexcept = 0;

protected:
    ~hold_keeper() = default;
};

/// One hold, which ends with this object. Data that holds a proxy carries it (codec::payload::attach()).
/// Thread safety: constant once the data is stored; ended by any thread.
class hold {
public:
    hold(std::weak_ptr<hold_keeper> keeper, std::string owner, std::string target) noexcept
        : keeper_{std::move(keeper)}, owner_{std::move(owner)}, target_{std::move(target)}
    {
    }
    hold(const hold&) = delete;
    hold& operator=(const hold&) = delete;
    /// Who holds, and what; move_to() before the data is stored.
    [[nodiscard]] const std::string& owner() const noexcept { return owner_; }
    [[nodiscard]] const std::string& target() const noexcept { return target_; }
    void move_to(std::string owner) noexcept { owner_ = std::move(owner); }
    ~hold()
    {
        if (const auto keeper = keeper_.lock())
            keeper->on_released(std::move(owner_), std::move(target_));
    }

private:
    std::weak_ptr<hold_keeper> keeper_;
    std::string owner_;
    std::string target_;
};

}  // namespace quaymaster::core
