#include "codec/ndarray_pickle.hpp"

#include "codec/ndarray_layout.hpp"
#include "codec/object_graph.hpp"
#include "codec/text_arguments.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>

namespace quaymaster {

namespace codec {
namespace {

/// `module.name(*arguments)` and what was done to the result.
struct call {
    std::string_view module;
    std::string_view name;
    std::span<const node_id> arguments;
    std::span<const object_update> updates;

    /// True for a function of numpy.core.`part`, as numpy 1 calls it, or numpy._core.`part`. (numpy 1.16.0 wrote
    /// _multiarray_umath, which is where `multiarray` has its functions from.)
    [[nodiscard]] bool is_of_core(std::string_view part, std::string_view function) const noexcept
    {
        std::string_view rest = module;
        for (const std::string_view prefix : {"numpy.core.", "numpy._core."})
            if (module.starts_with(prefix))
                rest = module.substr(prefix.size());
        return name == function && rest.size() < module.size() &&
               (rest == part || (part == "multiarray" && rest == "_multiarray_umath"));
    }
};

std::optional<call> call_at(const object_graph& graph, node_id node)
{
    if (graph.kind(node) != node_kind::object)
        return std::nullopt;
    const object_parts& parts = graph.object(node);
    if (parts.how != construction::reduce || graph.kind(parts.callable) != node_kind::global ||
        graph.kind(parts.arguments) != node_kind::tuple)
        return std::nullopt;
    return call{graph.text(parts.callable), graph.qualified_name(parts.callable), graph.children(parts.arguments),
                parts.updates};
}

/// The state of the one BUILD that the object got, if it is a tuple; empty otherwise.
std::span<const node_id> state_of(const object_graph& graph, const call& made)
{
    if (made.updates.size() != 1 || made.updates[0].step != object_update::kind::build ||
        graph.kind(made.updates[0].first) != node_kind::tuple)
        return {};
    return graph.children(made.updates[0].first);
}

std::string_view text_at(const object_graph& graph, node_id node)
{
    const node_kind kind = graph.kind(node);
    return kind == node_kind::str || kind == node_kind::byte_string ? graph.text(node) : std::string_view{};
}

std::optional<std::int64_t> integer_at(const object_graph& graph, node_id node)
{
    return graph.kind(node) == node_kind::integer ? std::optional{graph.integer(node)} : std::nullopt;
}

// --- dtypes ---

/// What "f", "U" and so on stand for, and the sizes that there are of it.
struct kind_row {
    char letter;
    dtype_kind kind;
    std::array<std::size_t, 5> sizes;  // none: any size
};

constexpr kind_row kind_rows[] = {
    {'b', dtype_kind::boolean, {1}},
    {'i', dtype_kind::signed_integer, {1, 2, 4, 8}},
    {'u', dtype_kind::unsigned_integer, {1, 2, 4, 8}},
    {'f', dtype_kind::floating, {2, 4, 8, 12, 16}},
    {'c', dtype_kind::complex, {8, 16, 24, 32}},
    {'m', dtype_kind::timedelta, {8}},
    {'M', dtype_kind::datetime, {8}},
    {'S', dtype_kind::octets, {}},
    {'U', dtype_kind::text, {}},
    {'V', dtype_kind::raw, {}},
};

std::optional<dtype> dtype_from_code(std::string_view code)
{
    if (code.empty())
        return std::nullopt;
    const auto row = std::find_if(std::begin(kind_rows), std::end(kind_rows),
                                  [&](const kind_row& candidate) { return candidate.letter == code.front(); });
    std::uint32_t size = 0;
    const auto [end, failed] = std::from_chars(code.data() + 1, code.data() + code.size(), size);
    if (row == std::end(kind_rows) || failed != std::errc{} || end != code.data() + code.size() || size > INT32_MAX / 4)
        return std::nullopt;
    if (row->sizes[0] != 0 && (size == 0 || std::find(row->sizes.begin(), row->sizes.end(), size) == row->sizes.end()))
        return std::nullopt;
    return dtype{row->kind, row->kind == dtype_kind::text ? size * sizeof(char32_t) : size};
}

bool has_byte_order(const dtype& type) noexcept
{
    switch (type.kind) {
    case dtype_kind::octets:
    case dtype_kind::raw:
    case dtype_kind::structure: return false;
    default: return type.item_size > 1;
    }
}

/// A dtype, or why there is none.
struct dtype_found {
    std::optional<dtype> type;
    std::string problem;
};

/// `numpy.dtype('f4', False, True)` with the state (version, byte order, base of a subarray, names, fields, item size or -1,
/// alignment or -1, flags), where version 4 adds metadata.
dtype_found dtype_at(const std::shared_ptr<const object_graph>& owner, node_id node)
{
    const object_graph& graph = *owner;
    const std::optional<call> made = call_at(graph, node);
    if (!made || made->module != "numpy" || made->name != "dtype" || made->arguments.empty())
        return {std::nullopt, "an ndarray whose dtype is no numpy.dtype"};
    const std::string_view code = text_at(graph, made->arguments[0]);
    if (code.starts_with('O'))
        return {std::nullopt, "ndarray of Python objects"};
    std::optional<dtype> type = dtype_from_code(code);
    if (!type)
        return {std::nullopt, "ndarray of unknown dtype " + object_graph::to_value(owner, made->arguments[0]).repr(40)};
    if (made->updates.empty())
        return {type, {}};
    const std::span<const node_id> state = state_of(graph, *made);
    const bool is_known = (state.size() == 8 || state.size() == 9) && graph.kind(state[2]) == node_kind::none;
    const std::string_view order = is_known ? text_at(graph, state[1]) : std::string_view{};
    if (order.size() != 1 || std::string_view{"<>|="}.find(order[0]) == std::string_view::npos)
        return {std::nullopt, "an ndarray whose dtype has another state than numpy's"};
    if (graph.kind(state[3]) != node_kind::none || graph.kind(state[4]) != node_kind::none)
        type->kind = dtype_kind::structure;
    const std::optional<std::int64_t> item_size = integer_at(graph, state[5]);
    if (!item_size || (*item_size != -1 && std::cmp_not_equal(*item_size, type->item_size)))
        return {std::nullopt, "an ndarray whose dtype has two sizes"};
    if (has_byte_order(*type) && (order == "<" || order == ">"))
        type->byte_order = order == "<" ? std::endian::little : std::endian::big;
    return {type, {}};
}

// --- arrays ---

class array_reader {
public:
    array_reader(const value& found, std::string_view expected)
        : found_{found}, owner_{object_graph::graph_of(found)}, expected_{expected}
    {
    }

    array_info read()
    {
        const std::optional<call> made = owner_ == nullptr ? std::nullopt : call_at(*owner_, object_graph::node_of(found_));
        if (made && made->is_of_core("multiarray", "_reconstruct"))
            return read_reconstructed(*made);
        if (made && made->is_of_core("numeric", "_frombuffer"))
            return read_from_buffer(*made);
        fail(detail::describe(found_));
    }

private:
    /// `_reconstruct(class, (0,), b'b')` with the state (1, shape, dtype, is_fortran, data): protocols up to 4, and what has
    /// gaps in 5. What a subclass adds to the state is more than we know of.
    array_info read_reconstructed(const call& made)
    {
        const object_graph& graph = *owner_;
        const std::span<const node_id> state = state_of(graph, made);
        if (made.arguments.size() != 3 || state.size() != 5 || integer_at(graph, state[0]) != 1)
            fail("an ndarray, or a subclass, with another state than numpy.ndarray's");
        array_info array;
        read_type(state[2], array);
        read_shape(state[1], array);
        const node_kind flag = graph.kind(state[3]);
        if (flag != node_kind::boolean && flag != node_kind::integer)
            fail("an ndarray that is neither in C nor in Fortran order");
        const bool is_fortran = flag == node_kind::boolean ? graph.boolean(state[3]) : graph.integer(state[3]) != 0;
        read_data(state[4], array);
        array.strides = is_fortran ? fortran_strides(array.shape) : c_strides(array.shape);
        return array;
    }

    /// `_frombuffer(data, dtype, shape, order)`: protocol 5. Order 'K' comes with the axes that the array has of one in C
    /// order, whose shape it is.
    array_info read_from_buffer(const call& made)
    {
        const object_graph& graph = *owner_;
        if ((made.arguments.size() != 4 && made.arguments.size() != 5) || !made.updates.empty())
            fail("an ndarray with other parts than numpy.ndarray's");
        array_info array;
        read_type(made.arguments[1], array);
        read_shape(made.arguments[2], array);
        read_data(made.arguments[0], array);
        const std::string_view order = text_at(graph, made.arguments[3]);
        if (order == "F") {
            array.strides = fortran_strides(array.shape);
        } else if (order == "C") {
            array.strides = c_strides(array.shape);
        } else if (order == "K" && made.arguments.size() == 5) {
            array.strides = c_strides(array.shape);
            transpose(made.arguments[4], array);
        } else {
            fail("an ndarray that is in no order that numpy writes");
        }
        return array;
    }

    void read_type(node_id node, array_info& array)
    {
        dtype_found found = dtype_at(owner_, node);
        if (!found.type)
            fail(std::move(found.problem));
        array.type = *found.type;
    }

    void read_shape(node_id node, array_info& array)
    {
        const object_graph& graph = *owner_;
        if (graph.kind(node) != node_kind::tuple)
            fail("an ndarray whose shape is no tuple");
        const std::span<const node_id> extents = graph.children(node);
        if (extents.size() > array_rank_max)
            fail("an ndarray of " + std::to_string(extents.size()) + " dimensions");
        array.shape.clear();
        for (const node_id each : extents) {
            const std::optional<std::int64_t> extent = integer_at(graph, each);
            if (!extent || *extent < 0)
                fail("an ndarray with a dimension of " + object_graph::to_value(owner_, each).repr(40));
            array.shape.push_back(static_cast<std::size_t>(*extent));
        }
    }

    void read_data(node_id node, array_info& array)
    {
        const object_graph& graph = *owner_;
        switch (graph.kind(node)) {
        case node_kind::bytes:
        case node_kind::bytearray:
        case node_kind::byte_string: break;
        case node_kind::str:
            // What Python 2 had as its str, once a Python 3 has read and written it.
            if (is_ascii(graph.text(node)))
                break;
            [[fallthrough]];
        default: fail("an ndarray whose data is a " + object_graph::to_value(owner_, node).type_name());
        }
        array.octets = as_bytes(graph.text(node));
        array.owner = object_graph::to_value(owner_, node);
        const std::optional<std::size_t> needed = array_octets(array.shape, array.type.item_size);
        if (needed != array.octets.size())
            fail("an ndarray of " + array.type.name() + " with shape " + shape_text(array.shape) + " and " +
                 std::to_string(array.octets.size()) + " octets of data");
    }

    void transpose(node_id node, array_info& array)
    {
        const object_graph& graph = *owner_;
        const std::size_t rank = array.shape.size();
        std::array<bool, array_rank_max> is_taken{};
        const bool fits = graph.kind(node) == node_kind::tuple && graph.children(node).size() == rank;
        const array_info straight = array;
        for (std::size_t i = 0; i < rank; ++i) {
            const std::optional<std::int64_t> axis = fits ? integer_at(graph, graph.children(node)[i]) : std::nullopt;
            if (!axis || std::cmp_less(*axis, 0) || std::cmp_greater_equal(*axis, rank) ||
                is_taken[static_cast<std::size_t>(*axis)])
                fail("an ndarray whose axes are in no order");
            is_taken[static_cast<std::size_t>(*axis)] = true;
            array.shape[i] = straight.shape[static_cast<std::size_t>(*axis)];
            array.strides[i] = straight.strides[static_cast<std::size_t>(*axis)];
        }
    }

    [[noreturn]] void fail(std::string found) const { throw conversion_error{"", std::string{expected_}, std::move(found)}; }

    const value& found_;
    const std::shared_ptr<const object_graph>& owner_;
    std::string_view expected_;
};

// --- scalars ---

double double_from_half(std::uint16_t bits)
{
    const int exponent = (bits >> 10U) & 0x1f;
    const int mantissa = bits & 0x3ff;
    double number = 0;
    if (exponent == 0x1f)
        number = mantissa == 0 ? HUGE_VAL : std::nan("");
    else if (exponent == 0)
        number = std::ldexp(mantissa, -24);
    else
        number = std::ldexp(0x400 + mantissa, exponent - 25);
    return (bits & 0x8000U) != 0 ? -number : number;
}

std::optional<value> scalar_of(const dtype& type, bytes_view data)
{
    const std::size_t size = type.item_size;
    if (data.size() != size || size > sizeof(std::uint64_t))
        return std::nullopt;
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < size; ++i)
        bits = (bits << 8U) | std::to_integer<std::uint64_t>(data[type.byte_order == std::endian::big ? i : size - 1 - i]);
    switch (type.kind) {
    case dtype_kind::boolean: return value{bits != 0};
    case dtype_kind::unsigned_integer: return value{static_cast<unsigned long long>(bits)};
    case dtype_kind::signed_integer: {
        const std::size_t unused = 8 * (sizeof bits - size);  // above the sign, which the shifts then spread
        return value{static_cast<long long>(static_cast<std::int64_t>(bits << unused) >> unused)};
    }
    case dtype_kind::floating:
        switch (size) {
        case 2: return value{double_from_half(static_cast<std::uint16_t>(bits))};
        case 4: return value{static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)))};
        default: return value{std::bit_cast<double>(bits)};
        }
    default: return std::nullopt;
    }
}

// --- writing ---

/// Builds the few nodes that an array is, around octets that it borrows.
class array_writer {
public:
    value write(const array_info& array, bool is_fortran)
    {
        const node_id reconstruct = graph_->add_global("numpy.core.multiarray", "_reconstruct");
        const node_id shape_then = tuple({graph_->add_integer(0)});
        const node_id made = graph_->add_object(
            construction::reduce, reconstruct,
            tuple({graph_->add_global("numpy", "ndarray"), shape_then, graph_->add_text(node_kind::bytes, "b")}));
        std::vector<node_id> extents;
        for (const std::size_t extent : array.shape)
            extents.push_back(graph_->add_integer(static_cast<std::int64_t>(extent)));
        const node_id shape = graph_->add_container(node_kind::tuple, extents);
        build(made, {graph_->add_integer(1), shape, type(array.type), graph_->add_boolean(is_fortran),
                     graph_->add_text(node_kind::bytes, as_chars(array.octets))});
        return object_graph::to_value(graph_, made);
    }

private:
    node_id type(const dtype& type)
    {
        const bool is_flexible =
            type.kind == dtype_kind::octets || type.kind == dtype_kind::text || type.kind == dtype_kind::raw;
        const bool is_little = type.byte_order == std::endian::little;
        const std::string_view order = has_byte_order(type) ? (is_little ? "<" : ">") : "|";
        const node_id made = graph_->add_object(
            construction::reduce, graph_->add_global("numpy", "dtype"),
            tuple({python_str(graph_->own(dtype_code(type))), graph_->add_boolean(false), graph_->add_boolean(true)}));
        const std::int64_t item_size = is_flexible ? static_cast<std::int64_t>(type.item_size) : -1;
        const std::int64_t alignment = !is_flexible ? -1 : type.kind == dtype_kind::text ? 4 : 1;
        build(made, {graph_->add_integer(3), python_str(order), graph_->add_none(), graph_->add_none(), graph_->add_none(),
                     graph_->add_integer(item_size), graph_->add_integer(alignment), graph_->add_integer(0)});
        return made;
    }
    /// A str for either Python, which is the octets kind in 2.
    node_id python_str(std::string_view ascii) { return graph_->add_text(node_kind::byte_string, ascii); }
    node_id tuple(std::initializer_list<node_id> items) { return graph_->add_container(node_kind::tuple, items); }
    void build(node_id object, std::initializer_list<node_id> state)
    {
        graph_->append_update(object, {object_update::kind::build, tuple(state), no_node});
    }

    std::shared_ptr<object_graph> graph_ = std::make_shared<object_graph>();
};

}  // namespace

array_info read_array(const value& found, std::string_view expected)
{
    return array_reader{found, expected}.read();
}

std::string dtype_code(const dtype& type)
{
    const dtype_kind kind = type.kind == dtype_kind::structure ? dtype_kind::raw : type.kind;
    const auto row = std::find_if(std::begin(kind_rows), std::end(kind_rows),
                                  [&](const kind_row& candidate) { return candidate.kind == kind; });
    const std::size_t size = kind == dtype_kind::text ? type.item_size / sizeof(char32_t) : type.item_size;
    return row->letter + std::to_string(size);
}

}  // namespace codec

bool is_ndarray(const value& found) noexcept
{
    const auto& graph = codec::object_graph::graph_of(found);
    const auto made = graph == nullptr ? std::nullopt : codec::call_at(*graph, codec::object_graph::node_of(found));
    return made && (made->is_of_core("multiarray", "_reconstruct") || made->is_of_core("numeric", "_frombuffer"));
}

namespace detail {

std::optional<value> numpy_scalar(const value& found)
{
    const auto& graph = codec::object_graph::graph_of(found);
    const auto made = graph == nullptr ? std::nullopt : codec::call_at(*graph, codec::object_graph::node_of(found));
    if (!made || !made->is_of_core("multiarray", "scalar") || made->arguments.size() != 2 || !made->updates.empty())
        return std::nullopt;
    const codec::dtype_found type = codec::dtype_at(graph, made->arguments[0]);
    if (!type.type)
        return std::nullopt;
    switch (graph->kind(made->arguments[1])) {
    case codec::node_kind::bytes:
    case codec::node_kind::byte_string: return codec::scalar_of(*type.type, as_bytes(graph->text(made->arguments[1])));
    case codec::node_kind::str:  // see array_reader::read_data
        if (codec::is_ascii(graph->text(made->arguments[1])))
            return codec::scalar_of(*type.type, as_bytes(graph->text(made->arguments[1])));
        return std::nullopt;
    default: return std::nullopt;
    }
}

void encode_array(pickle_encoder& output, const array_info& array)
{
    switch (array.type.kind) {
    case dtype_kind::timedelta:
    case dtype_kind::datetime:
    case dtype_kind::structure:
        throw std::invalid_argument{"an array of " + array.type.name() +
                                    " is more than its elements: put the value that it was in"};
    default: break;
    }
    const bool is_c = array.is_c_contiguous();
    if (is_c || array.is_fortran_contiguous())
        return output.object(codec::array_writer{}.write(array, !is_c));
    bytes elements(array.octets.size());
    array_info straight = array;
    straight.type.byte_order = std::endian::native;
    straight.octets = elements;
    copy_elements(array, elements.data());
    output.object(codec::array_writer{}.write(straight, false));
}

void encode_array(pickle_encoder& output, const std::vector<std::size_t>& shape, const std::vector<bool>& elements)
{
    bytes octets(elements.size());
    std::transform(elements.begin(), elements.end(), octets.begin(), [](bool element) { return std::byte{element}; });
    output.object(codec::array_writer{}.write({dtype::of<bool>(), shape, octets}, false));
}

}  // namespace detail

}  // namespace quaymaster
