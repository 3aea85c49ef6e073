// Many items at once: what put_many(), get_many() and consume() of a queue's proxy do.
#include <quaymaster/queue_proxy.hpp>

#include "codec/byte_buffer.hpp"
#include "net/later.hpp"
#include "net/remote_object.hpp"
#include "net/thread_spare.hpp"
#include "wire/little_endian.hpp"
#include "wire/native_dialect.hpp"

#include <quaymaster/errors.hpp>

#include <algorithm>
#include <exception>
#include <limits>
#include <stdexcept>
#include <string>

namespace quaymaster {
namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
namespace native = wire::native;

/// A request of this many octets is long enough to make the way there and back cheap.
constexpr std::size_t request_size_wanted = std::size_t{256} << 10;
/// What is larger is not kept for the next batch.
constexpr std::size_t kept_size_max = 2 * request_size_wanted;

/// `object` has had something to return, and `ask_again()` is to get more: false once that ends it. What has come already is not lost
/// with whatever goes wrong then; if that may have cost an item, the next get_many() of the object says so.
template <class AskAgain>
bool get_further(net::remote_object& object, AskAgain ask_again)
{
    try {
        return ask_again();
    } catch (const queue_empty&) {
    } catch (const queue_shut_down&) {
    } catch (const connection_lost& lost) {
        if (lost.may_have_executed())
            object.keep_fault(std::current_exception());
    } catch (const std::exception&) {
        object.keep_fault(std::current_exception());
    }
    return false;
}

/// What is left of a time-out that several requests share.
class shared_timeout {
public:
    explicit shared_timeout(std::optional<milliseconds> timeout) noexcept : timeout_{timeout}
    {
        if (timeout && timeout->count() > 0)
            end_ = net::later(clock::now(), *timeout);
    }
    [[nodiscard]] std::optional<milliseconds> left() const noexcept
    {
        if (!timeout_ || timeout_->count() <= 0)
            return timeout_;
        return std::max(std::chrono::ceil<milliseconds>(end_ - clock::now()), milliseconds{0});
    }

private:
    std::optional<milliseconds> timeout_;
    clock::time_point end_{};
};

}  // namespace

namespace detail {

namespace {

/// The memory of a batch, so that the next one of this thread allocates nothing.
using spare_batch = net::thread_spare<codec::byte_buffer, struct spare_batch_tag>;

void keep(codec::byte_buffer&& used)
{
    if (used.capacity() > kept_size_max)
        return;
    used.clear();
    spare_batch::keep(std::move(used));
}

}  // namespace

struct got_items::state {
    net::got_batch batch{{}, spare_batch::take()};
    std::vector<value> values;  // instead, one by one, in the Python dialect
    codec::pickle_limits limits;
    std::size_t given_out = 0;
    wire::native::body_reader rest{{}};  // of batch.sized
};

got_items::got_items() : state_{std::make_unique<state>()} {}
got_items::got_items(got_items&&) noexcept = default;
got_items& got_items::operator=(got_items&&) noexcept = default;
got_items::~got_items()
{
    if (state_ != nullptr && !state_->batch.sized.empty())
        keep(std::move(state_->batch.sized));
}

std::size_t got_items::size() const noexcept
{
    return state_->batch.size() + state_->values.size();
}

std::optional<value> got_items::next(opcode_reader direct)
{
    state& known = *state_;
    const std::size_t index = known.given_out++;
    if (!known.values.empty())
        return std::move(known.values[index]);
    if (index < known.batch.items.size()) {
        const codec::item& stored = known.batch.items[index];
        return direct(stored.opcodes()) ? std::nullopt : std::optional{codec::payload{stored}.to_value(known.limits)};
    }
    const bytes_view opcodes = known.rest.sized_octets();
    if (direct(opcodes))
        return std::nullopt;
    return codec::payload{codec::item::make(opcodes, {.protocol_min = 4})}.to_value(known.limits);
}

}  // namespace detail

detail::got_items queue_proxy_base::get_items(std::size_t items_max, timeout_type timeout) const
{
    if (items_max == 0)
        throw std::invalid_argument{"get_many() of 0 items: ask for one at least"};
    detail::got_items all;
    all.state_->limits = object().limits();
    net::got_batch& got = all.state_->batch;
    net::typed_queue& queue = object().queue();
    if (const std::exception_ptr fault = object().take_fault())
        std::rethrow_exception(fault);
    std::optional<bool> more = queue.get_many(items_max, timeout, got);
    if (!more) {
        std::vector<value>& values = all.state_->values;
        values.push_back(get_value(timeout));
        const auto get_one = [&] {
            values.push_back(get_value_nowait());
            return true;
        };
        while (values.size() < items_max && get_further(object(), get_one)) {
        }
        return all;
    }
    const auto get_rest = [&] {
        more = queue.get_many(items_max - got.size(), milliseconds{0}, got);
        return more.has_value();  // if not, the server was restarted by one that is older
    };
    while (*more && got.size() < items_max && get_further(object(), get_rest)) {
    }
    all.state_->rest = wire::native::body_reader{got.sized.view()};
    return all;
}

namespace detail {

struct put_batch::state {
    state(const queue_proxy_base& where, std::optional<milliseconds> timeout)
        : queue{where}, time{timeout}, request_size_max{where.object().queue().batch_size_max()}
    {
    }

    /// Sends what is there. False once there was no room.
    bool send()
    {
        if (count == 0)
            return !is_refused;
        try {
            const auto put = queue.object().queue().put_many(count, items.view(), time.left());
            if (!put)
                throw error{"the server does not speak the native dialect any more: try again"};
            accepted += *put;
            is_refused = *put < count;
        } catch (const queue_full&) {
            is_refused = true;
        }
        count = 0;
        items.clear();
        return !is_refused;
    }
    bool put_alone()
    {
        try {
            queue.put_encoded(std::move(encoder), time.left());
            ++accepted;
        } catch (const queue_full&) {
            is_refused = true;
        }
        encoder = queue_proxy_base::spare_encoder();
        return !is_refused;
    }
    /// False if a request with `size` more octets would be too long.
    [[nodiscard]] bool has_room(std::size_t size) const noexcept
    {
        const std::size_t front = 2 * sizeof(std::uint32_t);  // handle and time-out
        return count < native::batch_items_max && items.size() + size + front <= std::min(*request_size_max, request_size_wanted);
    }

    const queue_proxy_base& queue;
    const shared_timeout time;
    const std::optional<std::size_t> request_size_max;  // nullopt: one by one, in the Python dialect
    pickle_encoder encoder = queue_proxy_base::spare_encoder();
    codec::byte_buffer items = spare_batch::take();  // each with its size before it
    std::size_t count = 0;     // in `items`
    std::size_t accepted = 0;
    bool is_refused = false;
};

put_batch::put_batch(const queue_proxy_base& queue, std::optional<milliseconds> timeout)
    : state_{std::make_unique<state>(queue, timeout)}
{
}

put_batch::~put_batch()
{
    state& known = *state_;
    if (!known.request_size_max)
        return;  // then they are the puts' own
    queue_proxy_base::keep(std::move(known.encoder));
    keep(std::move(known.items));
}

pickle_encoder& put_batch::encoder() noexcept
{
    return state_->encoder;
}

bool put_batch::add()
{
    state& known = *state_;
    if (!known.request_size_max)
        return known.put_alone();
    const bytes_view opcodes = known.encoder.opcodes();
    const std::size_t size = sizeof(std::uint32_t) + opcodes.size();
    if (opcodes.size() > std::numeric_limits<std::uint32_t>::max())
        throw error{"an item of " + std::to_string(opcodes.size()) + " octets: the native dialect carries less than 4 GiB"};
    if (!known.has_room(size) && !known.send())
        return false;
    wire::store_little(known.items.extend(sizeof(std::uint32_t)), static_cast<std::uint32_t>(opcodes.size()));
    known.items.append(opcodes);
    ++known.count;
    known.encoder.clear();
    return true;
}

std::size_t put_batch::finish()
{
    state_->send();
    if (state_->is_refused && state_->accepted == 0)
        throw queue_full{};
    return state_->accepted;
}

struct item_source::state {
    state(const queue_proxy_base& where, std::size_t items_ahead)
        : queue{where}, window{items_ahead}, stream{where.object().queue().consume(window)}
    {
    }

    /// In the child of a fork() the stream is the parent's, and so is what has been sent ahead.
    void leave_to_parent()
    {
        if (stream != nullptr && stream->is_inherited())
            stream = queue.object().queue().consume(window);
    }

    queue_proxy_base queue;
    const std::size_t window;
    std::unique_ptr<net::item_stream> stream;  // null: one by one
};

item_source::item_source(const queue_proxy_base& queue, std::size_t window)
{
    if (window == 0 || window > native::batch_items_max)
        throw std::invalid_argument{"consume() with a window of " + std::to_string(window) + " items: from 1 to " +
                                    std::to_string(native::batch_items_max)};
    state_ = std::make_unique<state>(queue, window);
}

item_source::item_source(item_source&&) noexcept = default;
item_source& item_source::operator=(item_source&&) noexcept = default;
item_source::~item_source() = default;

std::optional<value> item_source::next(opcode_reader direct)
{
    try {
        state_->leave_to_parent();
        if (state_->stream == nullptr)
            return state_->queue.get_value(std::nullopt, direct);
        codec::item next = state_->stream->next();
        if (direct(next.opcodes()))
            return std::nullopt;
        return codec::payload{std::move(next)}.to_value(state_->queue.object().limits());
    } catch (const queue_shut_down&) {
        return std::nullopt;
    }
}

}  // namespace detail

}  // namespace quaymaster
