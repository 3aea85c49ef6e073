// conversion: the parts of typed conversion that do not depend on the type.
#include <quaymaster/conversion.hpp>
#include <quaymaster/ndarray.hpp>

#include "codec/item.hpp"
#include "codec/object_graph.hpp"
#include "codec/pickle_decoder.hpp"
#include "codec/text_arguments.hpp"

namespace quaymaster::detail {

namespace {

/// How much of a value's repr an error message shows.
constexpr std::size_t shown_size_max = 60;
/// Python's own default bound on recursion.
constexpr std::size_t nesting_max = 1000;

thread_local std::size_t nesting_depth = 0;

std::string counted(std::size_t count, std::string_view noun, std::string_view plural)
{
    return std::to_string(count) + " " + std::string{count == 1 ? noun : plural};
}

}  // namespace

std::string describe(const value& found)
{
    switch (found.kind()) {
    case value_kind::none: return "None";
    case value_kind::tuple:
    case value_kind::list:
    case value_kind::set:
    case value_kind::frozenset: return found.type_name() + " of " + counted(found.size(), "item", "items");
    case value_kind::dict: return "dict of " + counted(found.size(), "entry", "entries");
    case value_kind::byte_string: return "Python 2 str " + found.repr(shown_size_max);
    case value_kind::global: return found.repr(shown_size_max);
    case value_kind::object:
        return is_ndarray(found) ? "a numpy.ndarray, which quaymaster::ndarray reads" : "object " + found.repr(shown_size_max);
    default: return found.type_name() + " " + found.repr(shown_size_max);
    }
}

void fail(std::string expected, const value& found)
{
    throw conversion_error{"", std::move(expected), describe(found)};
}

void fail_below(const std::string& step, const conversion_error& inner)
{
    const std::string& rest = inner.path();
    const std::string_view dot = rest.empty() || rest.front() == '[' ? "" : ".";
    throw conversion_error{step + std::string{dot} + rest, inner.expected(), inner.found()};
}

void fail_missing(std::string_view name, std::string expected)
{
    throw conversion_error{std::string{name}, std::move(expected), "no such key"};
}

std::string index_step(std::size_t index)
{
    return "[" + std::to_string(index) + "]";
}

std::string key_step(const value& key)
{
    return "[" + key.repr(shown_size_max) + "]";
}

std::string range_text(std::int64_t low, std::int64_t high)
{
    return "int within " + std::to_string(low) + ".." + std::to_string(high);
}

std::string range_text(std::uint64_t high)
{
    return "int within 0.." + std::to_string(high);
}

std::int64_t expect_int64(const value& found, std::int64_t low, std::int64_t high)
{
    const auto integer = found.to_int64();
    if (!integer || *integer < low || *integer > high)
        fail(range_text(low, high), found);
    return *integer;
}

std::uint64_t expect_uint64(const value& found, std::uint64_t high)
{
    const auto integer = found.to_uint64();
    if (!integer || *integer > high)
        fail(range_text(high), found);
    return *integer;
}

double expect_double(const value& found)
{
    const auto number = found.to_double();
    if (!number)
        fail(found.kind() == value_kind::integer ? "float, or int within its range" : "float", found);
    return *number;
}

std::string_view expect_text(const value& found)
{
    if (found.kind() == value_kind::str)
        return found.text();
    if (found.kind() == value_kind::byte_string && codec::is_utf8(found.text()))
        return found.text();
    fail(found.kind() == value_kind::byte_string ? "str, or Python 2 str that is UTF-8" : "str", found);
}

bytes_view expect_octets(const value& found, std::string_view expected)
{
    switch (found.kind()) {
    case value_kind::bytes:
    case value_kind::bytearray:
    case value_kind::byte_string: return found.octets();
    default: fail(std::string{expected}, found);
    }
}

const value& expect_kind(const value& found, value_kind first, value_kind second, std::string_view expected)
{
    if (found.kind() != first && found.kind() != second)
        fail(std::string{expected}, found);
    return found;
}

void expect_size(const value& found, std::size_t size)
{
    if (found.size() != size)
        fail(counted(size, "item", "items"), found);
}

nesting::nesting(const value& found)
{
    if (nesting_depth >= nesting_max)
        throw conversion_error{"", "at most " + std::to_string(nesting_max) + " objects inside each other",
                               describe(found) + ", deeper or inside itself"};
    ++nesting_depth;
}

nesting::~nesting()
{
    --nesting_depth;
}

field_reader::field_reader(const value& found) : fields_{found.kind() == value_kind::object ? found.state() : found}
{
    if (fields_.kind() != value_kind::dict)
        fail("dict", found);
}

std::optional<value> field_reader::find(std::string_view name)
{
    const auto& graph = codec::object_graph::graph_of(fields_);
    const auto children = graph->children(codec::object_graph::node_of(fields_));
    const std::size_t size = children.size() / 2;
    for (std::size_t tried = 0; tried < size; ++tried) {
        const std::size_t index = next_ + tried < size ? next_ + tried : next_ + tried - size;
        const codec::node_id key = children[2 * index];
        const codec::node_kind kind = graph->kind(key);
        if ((kind == codec::node_kind::str || kind == codec::node_kind::byte_string) && graph->text(key) == name) {
            next_ = index + 1 < size ? index + 1 : 0;
            return codec::object_graph::to_value(graph, children[2 * index + 1]);
        }
    }
    return std::nullopt;
}

value value_of(const pickle_encoder& written)
{
    const codec::item made = written.to_item();
    codec::pickle_status status;
    // What our own encoder wrote is within any limit that memory allows.
    codec::pickle_limits limits;
    limits.depth_max = SIZE_MAX;
    limits.stack_size_max = SIZE_MAX;
    limits.memo_size_max = SIZE_MAX;
    limits.node_count_max = UINT32_MAX;
    limits.integer_size_max = SIZE_MAX;
    const codec::decoded read = codec::decode_item(made, limits, status);
    if (status)
        throw pickle_error{status.message(limits), status.code, status.offset};
    return codec::object_graph::to_value(read.graph, read.root);
}

value value_of_pickle(bytes_view pickle)
{
    return codec::value_from_pickle(pickle);
}

}  // namespace quaymaster::detail
