#include <quaymaster/async_client.hpp>
#include <quaymaster/async_queue.hpp>

#include "codec/item.hpp"
#include "codec/payload.hpp"
#include "net/async_core.hpp"
#include "net/spare_encoder.hpp"

#include <new>
#include <stdexcept>

namespace quaymaster {

namespace detail {

namespace {

static_assert(sizeof(codec::item) == sizeof(void*) && alignof(codec::item) == alignof(void*));

codec::item& item_in(void** block) noexcept
{
    return *std::launder(reinterpret_cast<codec::item*>(block));
}

}  // namespace

encoded_item::encoded_item() noexcept
{
    ::new (static_cast<void*>(block_)) codec::item;
}

encoded_item::encoded_item(codec::item content) noexcept
{
    ::new (static_cast<void*>(block_)) codec::item{std::move(content)};
}

encoded_item::encoded_item(const encoded_item& other) noexcept
{
    ::new (static_cast<void*>(block_)) codec::item{other.content()};
}

encoded_item::encoded_item(encoded_item&& other) noexcept
{
    ::new (static_cast<void*>(block_)) codec::item{std::move(item_in(other.block_))};
}

encoded_item& encoded_item::operator=(encoded_item other) noexcept
{
    item_in(block_) = std::move(item_in(other.block_));
    return *this;
}

encoded_item::~encoded_item()
{
    item_in(block_).~item();
}

const codec::item& encoded_item::content() const noexcept
{
    return *std::launder(reinterpret_cast<const codec::item*>(block_));
}

value encoded_item::decoded(const pickle_limits& limits) const
{
    return codec::payload{content()}.to_value(limits);
}

boost::asio::any_io_executor executor_of(const async_request& request) noexcept
{
    return request.object->handle->core->executor();
}

std::uint64_t next_operation_number(const async_request& request) noexcept
{
    return request.object->handle->core->next_number();
}

void submit(async_operation& started)
{
    const std::shared_ptr<net::async_core> core = started.request.object->handle->core;
    core->submit(started);
}

async_canceller::async_canceller(async_operation& cancelled)
    : core_{cancelled.request.object->handle->core}, number_{cancelled.number}
{
}

void async_canceller::operator()(boost::asio::cancellation_type types) const
{
    if (types == boost::asio::cancellation_type::none)
        return;
    if (const auto core = core_.lock())
        core->cancel(number_);
}

}  // namespace detail

// ---- async_client -----------------------------------------------------------------------------------------------------

async_client::async_client(executor_type executor, address server, const authkey& key, const async_client_options& options)
{
    auto core = std::make_shared<net::async_core>(std::move(executor), std::move(server), key, options);
    itself_ = std::make_shared<net::async_object>(std::make_shared<net::async_handle>(std::move(core)), std::string{},
                                                  std::vector<value>{});
}

async_client::executor_type async_client::get_executor() const noexcept
{
    return itself_->handle->core->executor();
}

const address& async_client::server() const noexcept
{
    return itself_->handle->core->server();
}

void async_client::close() const
{
    itself_->handle->core->close();
}

std::shared_ptr<net::async_object> async_client::make_object(std::string typeid_name, std::vector<value> arguments) const
{
    return std::make_shared<net::async_object>(itself_->handle, std::move(typeid_name), std::move(arguments));
}

// ---- async_queue ------------------------------------------------------------------------------------------------------

async_queue_base::async_queue_base(const async_client& client, std::string typeid_name, std::vector<value> arguments)
    : object_{client.make_object(std::move(typeid_name), std::move(arguments))}
{
}

const std::string& async_queue_base::typeid_name() const noexcept
{
    return object_->typeid_name;
}

async_client::executor_type async_queue_base::get_executor() const noexcept
{
    return object_->handle->core->executor();
}

std::size_t async_queue_base::checked_count(std::size_t count_max)
{
    if (count_max == 0)
        throw std::invalid_argument{"async_get_many() of 0 items: ask for one at least"};
    return count_max;
}

std::shared_ptr<net::async_stream> async_queue_base::make_stream(std::size_t window) const
{
    if (window == 0 || window > wire::native::batch_items_max)
        throw std::invalid_argument{"the window of a consumer is " + std::to_string(window) + "; it must be 1 to " +
                                    std::to_string(wire::native::batch_items_max)};
    return std::make_shared<net::async_stream>(std::make_shared<net::async_feed>(object_, static_cast<std::uint32_t>(window)));
}

pickle_encoder async_queue_base::spare_encoder()
{
    return net::take_spare_encoder();
}

detail::encoded_item async_queue_base::take(pickle_encoder&& encoder)
{
    detail::encoded_item encoded{encoder.to_item()};
    net::keep_spare_encoder(std::move(encoder));
    return encoded;
}

}  // namespace quaymaster
