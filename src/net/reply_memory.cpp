#include "net/reply_memory.hpp"

#include "codec/object_graph.hpp"
#include "codec/pickle_decoder.hpp"

#include <mutex>
#include <utility>

namespace quaymaster::net {
namespace {

bool is_return(const codec::object_graph& graph, codec::node_id kind)
{
    const codec::node_kind type = graph.kind(kind);
    return (type == codec::node_kind::str || type == codec::node_kind::byte_string) && graph.text(kind) == "#RETURN";
}

}  // namespace

/// The buffer that came back last.
struct reply_memory::spare_buffer {
    std::mutex mutex;  // guards buffer: it comes back in whatever thread the last value ends
    codec::byte_buffer buffer;
};

/// A decoded reply with the memory that its texts are in.
struct reply_memory::lent_reply {
    lent_reply(std::shared_ptr<spare_buffer> comes_back_to, codec::decoded whole)
        : home{std::move(comes_back_to)}, reply{std::move(whole)}
    {
    }
    lent_reply(const lent_reply&) = delete;
    lent_reply& operator=(const lent_reply&) = delete;
    ~lent_reply()
    {
        if (memory.capacity() > kept_size_max)
            return;
        const std::lock_guard lock{home->mutex};
        if (memory.capacity() > home->buffer.capacity())
            home->buffer = std::move(memory);
    }

    std::shared_ptr<spare_buffer> home;
    codec::byte_buffer memory;
    codec::decoded reply;
};

reply_memory::reply_memory() : spare_{std::make_shared<spare_buffer>()} {}

std::optional<value> reply_memory::give_result(codec::byte_buffer& input, bytes_view reply, const codec::pickle_limits& limits)
{
    codec::pickle_status status;
    codec::decoded whole = codec::decode_pickle(reply, limits, status);
    if (status || whole.graph->kind(whole.root) != codec::node_kind::tuple)
        return std::nullopt;
    const auto fields = whole.graph->children(whole.root);
    if (fields.size() != 2 || !is_return(*whole.graph, fields[0]))
        return std::nullopt;
    const codec::node_id result = fields[1];

    auto lent = std::make_shared<lent_reply>(spare_, std::move(whole));
    lent->memory = std::move(input);
    const std::shared_ptr<const codec::object_graph> graph{lent, lent->reply.graph.get()};
    return codec::object_graph::to_value(graph, result);
}

void reply_memory::grow(codec::byte_buffer& input, std::size_t capacity)
{
    codec::byte_buffer larger;
    {
        const std::lock_guard lock{spare_->mutex};
        if (spare_->buffer.capacity() >= capacity)
            larger = std::move(spare_->buffer);
    }
    larger.clear();
    larger.reserve(capacity);
    larger.append(input.view());
    input = std::move(larger);
}

}  // namespace quaymaster::net
