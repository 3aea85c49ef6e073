// native_consumer: a consume request, and the connection that it has to itself.
#pragma once

#include "codec/item.hpp"
#include "net/client_connection.hpp"
#include "net/typed_queue.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <vector>

namespace quaymaster::net {

/// Has the server send items as they come, up to a window ahead of what next() has given out.
/// Thread safety: none; one thread at a time. Lifetime: its end gives back what was not taken, which takes up to call_deadline for each
/// reply that it waits for.
class native_consumer final : public item_stream {
public:
    /// `window`: from 1 to batch_items_max.
    native_consumer(std::unique_ptr<client_connection> stream, std::uint32_t handle, std::uint32_t window);
    ~native_consumer() override;

    codec::item next() override;
    [[nodiscard]] bool is_inherited() const noexcept override { return stream_->is_inherited(); }

private:
    void start();
    void give_credit() noexcept;
    void fetch();
    void give_back();
    void give_back_last();

    std::unique_ptr<client_connection> stream_;
    const std::uint32_t handle_;
    const std::uint32_t window_;
    std::uint32_t id_ = 0;
    std::uint32_t taken_ = 0;  // since credit was last given
    std::deque<codec::item> ahead_;
    std::vector<codec::item> fetched_;  // fetch()'s own, kept for its memory
    std::exception_ptr end_;  // null while the request is under way
};

}  // namespace quaymaster::net
