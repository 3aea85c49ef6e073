#include "net/async_service.hpp"

#include <utility>

namespace quaymaster::net {

async_service::member::member(boost::asio::execution_context& context)
    : service_{&boost::asio::use_service<async_service>(context)}
{
    const std::lock_guard lock{service_->mutex_};
    service_->members_.insert(this);
}

async_service::member::~member()
{
    if (service_ == nullptr)
        return;
    const std::lock_guard lock{service_->mutex_};
    service_->members_.erase(this);
}

void async_service::shutdown() noexcept
{
    for (;;) {
        member* next = nullptr;
        {
            const std::lock_guard lock{mutex_};
            if (members_.empty())
                return;
            next = *members_.begin();
            members_.erase(members_.begin());
        }
        next->service_ = nullptr;
        next->abandon();
    }
}

}  // namespace quaymaster::net
