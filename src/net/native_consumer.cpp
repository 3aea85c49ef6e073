#include "net/native_consumer.hpp"

#include "codec/byte_buffer.hpp"
#include "net/native_errors.hpp"
#include "wire/little_endian.hpp"
#include "wire/native_dialect.hpp"

#include <quaymaster/errors.hpp>

#include <exception>
#include <utility>

namespace quaymaster::net {

namespace native = wire::native;

native_consumer::native_consumer(std::unique_ptr<client_connection> stream, std::uint32_t handle, std::uint32_t window)
    : stream_{std::move(stream)}, handle_{handle}, window_{window}
{
    start();
}

void native_consumer::start()
{
    native::fixed_fields fields;
    fields.add(handle_).add(window_);
    id_ = stream_->start_native({native::operation::consume, 0}, fields.view());
    taken_ = 0;
}

native_consumer::~native_consumer()
{
    try {
        give_back();
    } catch (const std::exception&) {
        // The connection is lost, and with it what was on its way.
    }
}

codec::item native_consumer::next()
{
    while (ahead_.empty())
        fetch();
    codec::item first = std::move(ahead_.front());
    ahead_.pop_front();
    // In halves of the window: the server has always some to send, and hears of it seldom.
    if (++taken_ >= (window_ + 1) / 2 && end_ == nullptr)
        give_credit();
    return first;
}

/// What goes wrong with it is for when all that has come is taken.
void native_consumer::give_credit() noexcept
{
    try {
        native::fixed_fields fields;
        fields.add(std::exchange(taken_, 0));
        stream_->send_native({native::operation::credit, id_}, fields.view());
    } catch (...) {
        end_ = std::current_exception();
    }
}

void native_consumer::fetch()
{
    if (end_ != nullptr)
        std::rethrow_exception(end_);
    try {
        const native_reply reply = stream_->receive_native(id_, {std::nullopt});
        require(reply, native::operation::items);
        fetched_.clear();
        take_items(reply, fetched_);
    } catch (const remote_error&) {
        // That was about one item, and has ended the request.
        try {
            start();
        } catch (...) {
            end_ = std::current_exception();
            throw;
        }
        throw;
    } catch (...) {
        end_ = std::current_exception();
        throw;
    }
    for (codec::item& each : fetched_)
        ahead_.push_back(std::move(each));
}

void native_consumer::give_back()
{
    if (end_ != nullptr || is_inherited())
        return;
    stream_->send_native({native::operation::cancel, id_}, {});
    for (;;) {
        const native_reply reply = stream_->receive_native(id_, {std::chrono::milliseconds{0}});
        if (reply.code != native::operation::items)
            break;  // cancelled, or it had ended
        fetched_.clear();
        take_items(reply, fetched_);
        for (codec::item& each : fetched_)
            ahead_.push_back(std::move(each));
    }
    while (!ahead_.empty())
        give_back_last();
}

/// As many of the last items as go into one request: what goes back later comes out of the queue before it.
void native_consumer::give_back_last()
{
    std::size_t size = sizeof handle_;
    std::size_t first = ahead_.size();
    while (first > 0) {
        const std::size_t more = sizeof(std::uint32_t) + ahead_[first - 1].size();
        if (first < ahead_.size() && size + more > stream_->request_size_max())
            break;
        size += more;
        --first;
    }
    codec::byte_buffer items;
    items.reserve(size);
    for (std::size_t i = first; i < ahead_.size(); ++i) {
        wire::store_little(items.extend(sizeof(std::uint32_t)), static_cast<std::uint32_t>(ahead_[i].size()));
        items.append(ahead_[i].opcodes());
    }
    native::fixed_fields fields;
    fields.add(handle_);
    const native::frame_head head{native::operation::put_back, 0, static_cast<std::uint16_t>(ahead_.size() - first)};
    ahead_.erase(ahead_.begin() + static_cast<std::ptrdiff_t>(first), ahead_.end());
    take_done(stream_->transact_native(head, fields.view(), items.view(), {std::chrono::milliseconds{0}}));
}

}  // namespace quaymaster::net
