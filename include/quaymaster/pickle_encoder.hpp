// pickle_encoder: C++ values straight to pickle opcodes, with no value tree in between.
#pragma once

#include <quaymaster/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace quaymaster {

class value;

namespace codec {
class item;
struct item_traits;
}

/// Writes one Python object, part by part: call exactly one of the members below for a scalar, or a begin, its children
/// and the matching end for a container. What was written is one object once every begin has its end.
/// The opcodes hold no references between their parts: an object that is written twice is two objects in Python.
/// Thread safety: as a std::vector. One that was moved from can only be assigned to or destroyed.
class pickle_encoder {
public:
    /// Who reads it. python3: Python 3.4 and later, and quaymaster. python2: Python 2.7, whose `str` are octets: bytes
    /// become its `str` and text its `unicode`, and class paths are spelled its way.
    enum class dialect : std::uint8_t { python3, python2 };

    explicit pickle_encoder(dialect reader = dialect::python3);
    pickle_encoder(pickle_encoder&& other) noexcept;
    pickle_encoder& operator=(pickle_encoder&& other) noexcept;
    ~pickle_encoder();

    void none();
    void boolean(bool known);
    void integer(std::int64_t known);
    void unsigned_integer(std::uint64_t known);
    void floating(double known);
    void complex(double real, double imaginary);
    /// A str. Throws std::invalid_argument if `utf8` is not UTF-8 (surrogates are accepted, as Python pickles them).
    void str(std::string_view utf8);
    void bytes(bytes_view octets);
    void bytearray(bytes_view octets);
    /// Any value, with the sharing and the cycles inside it.
    void object(const value& known);

    /// A tuple of exactly `size` items: give both calls the same size.
    void begin_tuple(std::size_t size);
    void end_tuple(std::size_t size);
    void begin_list();
    void end_list();
    /// Between them, keys and values in turn; of equal keys Python keeps the last value.
    void begin_dict();
    void end_dict();
    void begin_set();
    void end_set();
    void begin_frozenset();
    void end_frozenset();

    /// Forgets what was written and keeps the memory.
    void clear() noexcept;

    /// What was written so far: opcodes without PROTO, FRAME and STOP. Borrowed until the next call.
    [[nodiscard]] bytes_view opcodes() const noexcept;
    /// A complete pickle: PROTO, opcodes, STOP.
    [[nodiscard]] quaymaster::bytes to_pickle() const;
    /// The opcodes as an item (src/codec/item.hpp), for the layers below the public ones.
    [[nodiscard]] codec::item to_item() const;
    [[nodiscard]] codec::item_traits traits() const noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace quaymaster
