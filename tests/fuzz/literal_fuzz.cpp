// literal_fuzz: a text read as a Python literal and as JSON. What was read is shown, and read again as the same.
#include <quaymaster/literal.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace quaymaster;

void expect(bool truth)
{
    if (!truth)
        std::abort();
}

/// nan equals nothing, so what holds one is compared by its text.
bool same(const value& left, const value& right)
{
    return left == right || left.repr() == right.repr();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    try {
        const value read = parse_literal(text);
        const std::string shown = read.repr();
        if (shown.size() < (1 << 20))  // else it is cut
            expect(same(parse_literal(shown), read));
        static_cast<void>(parse_json(to_json(read)));
    } catch (const literal_error& refused) {
        expect(refused.position() <= size);
    }
    try {
        const value read = parse_json(text);
        const std::string written = to_json(read);
        if (written.find("Infinity") == std::string::npos)  // what 1e999 became comes back as text
            expect(same(parse_json(written), read));
    } catch (const literal_error& refused) {
        expect(refused.position() <= size);
    }
    return 0;
}
