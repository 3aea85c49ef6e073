// json_writer: to_json(), without recursion.
#include <quaymaster/literal.hpp>

#include "codec/base64.hpp"
#include "codec/text_arguments.hpp"

#include "codec/object_graph.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <unordered_set>
#include <vector>

namespace quaymaster {

namespace {

class json_writer {
public:
    explicit json_writer(std::size_t size_max) : size_max_{size_max} {}

    [[nodiscard]] std::string of(const value& root)
    {
        write(root);
        while (!frames_.empty()) {
            if (output_.size() > size_max_)
                break;
            step();
        }
        if (output_.size() > size_max_)
            fail_too_long();
        return std::move(output_);
    }

private:
    struct frame {
        value container;
        std::size_t next = 0;
    };

    void step()
    {
        frame& current = frames_.back();
        const bool is_dict = current.container.kind() == value_kind::dict;
        if (current.next == current.container.size()) {
            output_ += is_dict ? '}' : ']';
            open_.erase(codec::object_graph::node_of(current.container));
            frames_.pop_back();
            return;
        }
        if (current.next != 0)
            output_ += ", ";
        const std::size_t index = current.next++;
        if (!is_dict)
            return write(current.container[index]);
        const auto [key, mapped] = current.container.entry(index);
        if (key.kind() == value_kind::str)
            write_string(key.text());
        else
            write_string(whole_repr(key));
        output_ += ": ";
        write(mapped);  // not `current`: this may push a frame
    }

    void write(const value& known)
    {
        switch (known.kind()) {
        case value_kind::none: output_ += "null"; return;
        case value_kind::boolean: output_ += known.truth() ? "true" : "false"; return;
        case value_kind::integer: return write_integer(known);
        case value_kind::floating: return write_floating(known);
        case value_kind::str: return write_string(known.text());
        case value_kind::byte_string:
            if (codec::is_utf8(known.text()))
                return write_string(known.text());
            return write_octets(known.octets());
        case value_kind::bytes:
        case value_kind::bytearray: return write_octets(known.octets());
        case value_kind::tuple:
        case value_kind::list:
        case value_kind::set:
        case value_kind::frozenset:
        case value_kind::dict: return enter(known);
        case value_kind::complex:
        case value_kind::global:
        case value_kind::object: return write_repr(known);
        }
    }
    void enter(const value& container)
    {
        if (!open_.insert(codec::object_graph::node_of(container)).second)
            throw std::invalid_argument{"a container that contains itself has no JSON form"};
        output_ += container.kind() == value_kind::dict ? '{' : '[';
        frames_.push_back({container});
    }
    void write_integer(const value& known)
    {
        // repr() shows an int in hexadecimal where decimal would take too long; JSON has no such numbers.
        const std::string text = known.repr();
        if (text.find('x') != std::string::npos)
            return write_repr(known);
        output_ += text;
    }
    void write_floating(const value& known)
    {
        const double number = known.to_double().value_or(0);
        if (std::isnan(number))
            output_ += "\"NaN\"";
        else if (std::isinf(number))
            output_ += number > 0 ? "\"Infinity\"" : "\"-Infinity\"";
        else
            output_ += known.repr();
    }
    void write_octets(bytes_view octets)
    {
        output_.append("{\"").append(codec::json_bytes_key).append("\": \"");
        output_ += codec::base64_encode(as_chars(octets));
        output_ += "\"}";
    }
    [[noreturn]] void fail_too_long() const
    {
        throw std::length_error{"the JSON text exceeds size_max (" + std::to_string(size_max_) + " octets)"};
    }
    /// repr(), which cuts, of something that must not be cut.
    [[nodiscard]] std::string whole_repr(const value& known) const
    {
        constexpr std::size_t character_size_max = 4;  // repr() may leave out so much more, rather than half of one
        const std::size_t left = size_max_ - std::min(size_max_, output_.size());
        std::string text = known.repr(left + character_size_max);
        if (text.size() > left)
            fail_too_long();
        return text;
    }
    void write_repr(const value& known)
    {
        output_ += "{\"__repr__\": ";
        write_string(whole_repr(known));
        output_ += '}';
    }
    void write_string(std::string_view utf8)
    {
        output_ += '"';
        for (std::size_t i = 0; i < utf8.size(); ++i) {
            const char letter = utf8[i];
            const auto octet = static_cast<unsigned char>(letter);
            // A surrogate, which UTF-8 must not hold: 0xED and then 0xA0 or more.
            const bool surrogate = octet == 0xed && static_cast<unsigned char>(utf8[i + 1]) >= 0xa0;
            if (surrogate) {
                write_escape(0xd000U | (static_cast<unsigned char>(utf8[i + 1]) & 0x3fU) << 6U |
                             (static_cast<unsigned char>(utf8[i + 2]) & 0x3fU));
                i += 2;
            } else if (octet < ' ' || octet == 0x7f) {
                write_control(letter);
            } else {
                if (letter == '"' || letter == '\\')
                    output_ += '\\';
                output_ += letter;
            }
        }
        output_ += '"';
    }
    void write_control(char letter)
    {
        switch (letter) {
        case '\b': output_ += "\\b"; return;
        case '\f': output_ += "\\f"; return;
        case '\n': output_ += "\\n"; return;
        case '\r': output_ += "\\r"; return;
        case '\t': output_ += "\\t"; return;
        default: return write_escape(static_cast<unsigned char>(letter));
        }
    }
    void write_escape(unsigned unit)
    {
        output_ += "\\u";
        for (int shift = 12; shift >= 0; shift -= 4)
            output_ += "0123456789abcdef"[(unit >> shift) & 0xfU];
    }

    std::size_t size_max_;
    std::string output_;
    std::vector<frame> frames_;
    std::unordered_set<codec::node_id> open_;  // the nodes of frames_: meeting one again is a cycle
};

}  // namespace

std::string to_json(const value& known, std::size_t size_max)
{
    return json_writer{size_max}.of(known);
}

}  // namespace quaymaster
