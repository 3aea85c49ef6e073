// native_queue: what a queue's proxy asks for in the native dialect.
#pragma once

#include "net/client_core.hpp"
#include "net/remote_object.hpp"
#include "net/thread_spare.hpp"
#include "net/typed_queue.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace quaymaster::net {

/// The queue behind a proxy, over the calling thread's stream, if that speaks the native dialect.
/// Thread safety: any thread. Lifetime: both arguments outlive it.
class native_queue final : public typed_queue {
public:
    native_queue(client_core& core, remote_object& queue) noexcept : core_{core}, queue_{queue} {}

    std::optional<bool> put(const pickle_encoder& encoded, wait_time timeout) override;
    std::optional<codec::item> get(wait_time timeout) override;
    std::optional<std::size_t> put_many(std::size_t count, bytes_view sized_items, wait_time timeout) override;
    std::optional<bool> get_many(std::size_t count, wait_time timeout, got_batch& got) override;
    std::optional<std::size_t> batch_size_max() override;
    /// Over a connection of its own.
    std::unique_ptr<item_stream> consume(std::size_t window) override;

private:
    /// `act(stream, handle)` with the calling thread's stream and a handle of this object for its first request, which may throw
    /// unknown_object: then the object is found again, and `act` is called once more. nullopt, with nothing done, if the stream does not
    /// speak the native dialect.
    template <class Act>
    auto on_native(Act&& act) -> std::optional<std::invoke_result_t<Act&, client_connection&, std::uint32_t>>
    {
        std::optional<std::invoke_result_t<Act&, client_connection&, std::uint32_t>> result;
        for (bool is_first = true;; is_first = false) {
            std::string known = spare_ident::take();
            queue_.copy_ident(known);
            const bool is_known = core_.with_stream([&](client_connection& stream) {
                if (!stream.is_native())
                    return true;
                try {
                    result.emplace(act(stream, stream.handle_for_next(known)));
                } catch (const unknown_object&) {
                    return false;
                }
                return true;
            });
            if (is_known) {
                spare_ident::keep(std::move(known));
                return result;
            }
            queue_.find_again(known, is_first);
        }
    }

    /// The memory of a request for the ident, so that this thread's next one allocates none.
    using spare_ident = thread_spare<std::string, struct spare_ident_tag>;

    client_core& core_;
    remote_object& queue_;
};

}  // namespace quaymaster::net
