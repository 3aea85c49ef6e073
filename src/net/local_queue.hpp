// local_queue: the operations of a queue in this very program.
#pragma once

#include "core/queue.hpp"
#include "core/referent.hpp"
#include "net/local_caller.hpp"
#include "net/remote_object.hpp"
#include "net/typed_queue.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace quaymaster::net {

/// Thread safety: any thread. Lifetime: `object` outlives it; keeps the queue, whose items go at the latest with it.
class local_queue final : public typed_queue {
public:
    /// `network` leads to the same queue, for the child of a fork(). `referent` may be none, or null.
    local_queue(std::shared_ptr<local_access> access, std::shared_ptr<core::referent> referent, const remote_object& object,
                std::unique_ptr<typed_queue> network) noexcept;

    std::optional<bool> put(const pickle_encoder& encoded, wait_time timeout) override;
    std::optional<codec::item> get(wait_time timeout) override;
    /// As the network's, which a batch is one request of: others' items do not come between those that need not wait.
    std::optional<std::size_t> put_many(std::size_t count, bytes_view sized_items, wait_time timeout) override;
    std::optional<bool> get_many(std::size_t count, wait_time timeout, got_batch& got) override;
    std::optional<std::size_t> batch_size_max() override;
    /// Null: a get() is as good.
    std::unique_ptr<item_stream> consume(std::size_t window) override;

private:
    [[nodiscard]] bool is_here() const noexcept { return access_->is_of_this_process(); }
    [[nodiscard]] codec::item held(local_caller& caller, codec::item added) const;
    [[nodiscard]] core::batch_rest batch_of(local_caller& caller, std::size_t count, bytes_view sized_items) const;
    [[nodiscard]] codec::item handed_over(local_caller& caller, core::outcome&& result) const;
    core::outcome take(local_caller& caller, wait_time timeout) const;

    const std::shared_ptr<local_access> access_;
    const std::shared_ptr<core::referent> referent_;
    core::shared_queue* const queue_;  // null if it is none
    const remote_object& object_;
    const std::unique_ptr<typed_queue> network_;
};

}  // namespace quaymaster::net
