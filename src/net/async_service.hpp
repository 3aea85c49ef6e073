// async_service: ends what waits on an execution context that ends.
#pragma once

#include <boost/asio/execution_context.hpp>

#include <mutex>
#include <set>

namespace quaymaster::net {

/// An operation's handler may own what keeps its connection alive, and the connection owns the operation. When the context is
/// destroyed nobody ever completes it; so the context is what lets go.
class async_service final : public boost::asio::execution_context::service {
public:
    /// Joins in its constructor, and leaves in its destructor or when the context ends, whichever comes first.
    class member {
    public:
        member(const member&) = delete;
        member& operator=(const member&) = delete;
        /// The context ends: lets go of everything that belongs to it. Nothing of it runs any more.
        virtual void abandon() noexcept = 0;

    protected:
        explicit member(boost::asio::execution_context& context);
        ~member();

    private:
        friend async_service;
        async_service* service_;
    };

    static inline boost::asio::execution_context::id id;

    explicit async_service(boost::asio::execution_context& context) : service{context} {}

private:
    void shutdown() noexcept override;

    std::mutex mutex_;  // guards members_
    std::set<member*> members_;
};

}  // namespace quaymaster::net
