// scanning_sink: what a scan of a pickle, which builds nothing, knows of the objects in it.
#pragma once

#include "codec/class_paths.hpp"
#include "codec/item.hpp"
#include "codec/object_graph.hpp"
#include "codec/opcode_output.hpp"
#include "codec/pickle_errc.hpp"
#include "codec/pickle_machine.hpp"

#include <quaymaster/bytes.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace quaymaster::codec {

/// What the scan knows of an object: its kind, and a scalar's bits or a text's offset and length.
/// In halves, because there may be millions: in one piece the alignment would make each of them larger by a third.
struct scanned {
    std::uint32_t high = 0;
    std::uint32_t low = 0;
    node_kind kind = node_kind::none;

    scanned() = default;
    explicit scanned(node_kind what) noexcept : kind{what} {}
    scanned(node_kind what, std::uint64_t bits) noexcept
        : high{static_cast<std::uint32_t>(bits >> 32U)}, low{static_cast<std::uint32_t>(bits)}, kind{what}
    {
    }
    [[nodiscard]] std::uint64_t bits() const noexcept { return std::uint64_t{high} << 32U | low; }
};
using scan_slot = stack_slot<scanned>;

/// Those members of a pickle_machine's sink that look at single objects: kinds, scalars, and the traits of the whole. Whoever derives
/// from it adds those that see where objects lie: own_text(), container(), set_items() and the memo's and frames' at_...().
class scanning_sink {
public:
    using ref = scanned;

    /// `python2`: who wrote the pickle, until a PROTO says it.
    void begin(bytes_view pickle, bool python2) noexcept
    {
        pickle_ = as_chars(pickle);
        has_globals_ = false;
        has_proxies_ = false;
        has_non_ascii_byte_string_ = false;
        python2_ = python2;
    }

    // What the machine asks and tells.
    static node_kind kind(ref known) noexcept { return known.kind; }
    static bool full() noexcept { return false; }
    static pickle_errc exceeded() noexcept { return pickle_errc::node_count_exceeded; }  // makes no nodes: never asked
    static ref none() noexcept { return ref{node_kind::none}; }
    static ref boolean(bool known) noexcept { return {node_kind::boolean, known ? 1U : 0U}; }
    // Only what is the same number to everyone may travel as a scalar. A Python 2 long stays as it is pickled, and so does
    // an int beyond 32 bits, which would come out as a long.
    ref integer(std::int64_t number, bool python2_long) const noexcept
    {
        if (python2_ && (python2_long || !opcode_output::fits_binint(number)))
            return ref{node_kind::big_integer};
        return {node_kind::integer, static_cast<std::uint64_t>(number)};
    }
    static ref decimal(const decimal_digits&, bool) noexcept { return ref{node_kind::big_integer}; }
    ref big_integer(bytes_view little_endian, bool python2_long) const noexcept
    {
        const bool only_python2 = python2_ && (python2_long || little_endian.size() > sizeof(std::int32_t));
        if (little_endian.size() > sizeof(std::uint64_t) || only_python2)
            return ref{node_kind::big_integer};
        const bool negative = !little_endian.empty() && (std::to_integer<unsigned>(little_endian.back()) & 0x80U) != 0;
        std::uint64_t bits = negative ? ~std::uint64_t{0} : 0;
        for (std::size_t i = little_endian.size(); i-- > 0;)
            bits = (bits << 8U) | std::to_integer<std::uint64_t>(little_endian[i]);
        return {node_kind::integer, bits};
    }
    static ref floating(double number) noexcept { return {node_kind::floating, std::bit_cast<std::uint64_t>(number)}; }
    ref text(node_kind kind, std::string_view content) noexcept
    {
        if (kind == node_kind::byte_string && !has_non_ascii_byte_string_)
            has_non_ascii_byte_string_ = !is_ascii(content);
        const auto offset = static_cast<std::uint64_t>(content.data() - pickle_.data());
        return {kind, offset << 32U | content.size()};
    }
    static void append(scan_slot&, std::span<const scan_slot>, std::size_t, std::uint32_t) noexcept {}
    static void add_items(scan_slot&, std::span<const scan_slot>, std::size_t, std::uint32_t) noexcept {}
    ref global(std::string_view module, std::string_view name) noexcept { return named({module, name}); }
    ref stack_global(ref module, ref name) noexcept { return named({text_of(module), text_of(name)}); }
    static ref object(construction, ref, ref, const ref*) noexcept { return ref{node_kind::object}; }
    ref instance(ref, std::span<const scan_slot>) noexcept
    {
        has_globals_ = true;
        return ref{node_kind::object};
    }
    static void build(ref, ref) noexcept {}
    ref extension(std::uint32_t) noexcept
    {
        has_globals_ = true;
        return ref{node_kind::extension};
    }
    static ref persistent_text(std::string_view) noexcept { return ref{node_kind::persistent}; }
    static ref persistent(ref) noexcept { return ref{node_kind::persistent}; }

    void at_protocol(std::uint8_t protocol) noexcept { python2_ = protocol <= 2; }

    [[nodiscard]] std::string_view text_of(ref known) const noexcept
    {
        return pickle_.substr(known.high, known.low);
    }
    [[nodiscard]] item_traits traits(std::uint8_t protocol) const noexcept
    {
        return {protocol, python2_, has_non_ascii_byte_string_, has_globals_, has_proxies_};
    }

private:
    ref named(class_path path) noexcept
    {
        has_globals_ = true;
        has_proxies_ = has_proxies_ || is_proxy_maker(path);
        return ref{node_kind::global};
    }

    std::string_view pickle_;
    bool has_globals_ = false;
    bool has_proxies_ = false;
    bool has_non_ascii_byte_string_ = false;
    bool python2_ = true;
};

}  // namespace quaymaster::codec
