#include "net/thread_spare.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <thread>
#include <utility>

using quaymaster::net::thread_spare;

namespace {

using spare_text = thread_spare<std::string, struct spare_text_tag>;
const std::string long_text(1'000, 'x');

TEST_CASE("a thread takes what it has kept, once, and nobody else's", "[net][thread_spare]")
{
    std::thread{[] {
        CHECK(spare_text::take().empty());
        spare_text::keep(std::string{long_text});
        std::thread{[] { CHECK(spare_text::take().empty()); }}.join();
        CHECK(spare_text::take() == long_text);
        CHECK(spare_text::take().empty());
    }}.join();
}

/// Ends after what is made later on its thread.
struct late_user {
    bool* was_empty;
    ~late_user()
    {
        if (was_empty == nullptr)
            return;
        *was_empty = spare_text::take().empty();
        spare_text::keep(std::string{long_text});
        *was_empty = *was_empty && spare_text::take().empty();
    }
};

TEST_CASE("what ends after the thread's own objects finds nothing kept", "[net][thread_spare]")
{
    bool was_empty = false;
    std::thread{[&] {
        thread_local late_user late{nullptr};
        late.was_empty = &was_empty;
        spare_text::keep(std::string{long_text});
    }}.join();
    CHECK(was_empty);
}

}  // namespace
