// thread_spare: one object that a thread keeps from a use to the next.
#pragma once

#include <utility>

namespace quaymaster::net {

/// Memory, say, so that the next use allocates none. `Tag` tells apart what different places keep.
/// Thread safety: each thread has its own. A static object's destructor may use it after the thread's own objects have ended: then
/// nothing is kept.
template <class T, class Tag>
class thread_spare {
public:
    /// What was kept, which is then kept no longer; a new one if nothing was.
    [[nodiscard]] static T take() { return is_gone ? T{} : std::exchange(kept(), T{}); }
    static void keep(T&& used)
    {
        if (!is_gone)
            kept() = std::move(used);
    }

private:
    struct holder {
        holder() = default;
        holder(const holder&) = delete;
        holder& operator=(const holder&) = delete;
        ~holder() { is_gone = true; }
        T object;
    };
    static T& kept()
    {
        thread_local holder own;
        return own.object;
    }
    inline static thread_local bool is_gone = false;
};

}  // namespace quaymaster::net
