#include "core/user_exceptions.hpp"

#include <quaymaster/errors.hpp>

#include <algorithm>
#include <array>
#include <new>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace quaymaster::core {
namespace {

constexpr std::array<std::pair<std::string_view, exception_type>, 14> named{{
    {"AssertionError", exception_type::assertion_error},
    {"AttributeError", exception_type::attribute_error},
    {"IndexError", exception_type::index_error},
    {"KeyError", exception_type::key_error},
    {"MemoryError", exception_type::memory_error},
    {"NotImplementedError", exception_type::not_implemented_error},
    {"OverflowError", exception_type::overflow_error},
    {"RuntimeError", exception_type::runtime_error},
    {"StopIteration", exception_type::stop_iteration},
    {"TypeError", exception_type::type_error},
    {"ValueError", exception_type::value_error},
    {"ZeroDivisionError", exception_type::zero_division_error},
    {"queue.Empty", exception_type::queue_empty},
    {"queue.Full", exception_type::queue_full},
}};

raised by_name(const python_error& error)
{
    const auto found =
        std::find_if(named.begin(), named.end(), [&](const auto& each) { return each.first == error.type_name(); });
    if (found == named.end())
        return {exception_type::runtime_error, error.what()};
    return {found->second, error.text()};
}

/// The most derived type that matches decides, so bases come after what derives from them.
raised by_type(const std::exception_ptr& thrown)
{
    try {
        std::rethrow_exception(thrown);
    } catch (const python_error& error) {
        return by_name(error);
    } catch (const queue_empty&) {
        return {exception_type::queue_empty, {}};
    } catch (const queue_full&) {
        return {exception_type::queue_full, {}};
    } catch (const conversion_error& error) {
        return {exception_type::type_error, error.what()};
    } catch (const pickle_error& error) {
        return {exception_type::value_error, error.what()};
    } catch (const std::invalid_argument& error) {
        return {exception_type::value_error, error.what()};
    } catch (const std::domain_error& error) {
        return {exception_type::value_error, error.what()};
    } catch (const std::out_of_range& error) {
        return {exception_type::index_error, error.what()};
    } catch (const std::range_error& error) {
        return {exception_type::overflow_error, error.what()};
    } catch (const std::overflow_error& error) {
        return {exception_type::overflow_error, error.what()};
    } catch (const std::bad_alloc&) {
        return {exception_type::memory_error, {}};
    } catch (const std::exception& error) {
        return {exception_type::runtime_error, error.what()};
    } catch (...) {
        return {exception_type::runtime_error, "an exception that is no std::exception"};
    }
}

}  // namespace

raised raised_by(const std::exception_ptr& thrown) noexcept
{
    try {
        return by_type(thrown);
    } catch (...) {
        return {exception_type::memory_error, {}};  // no room for the text
    }
}

}  // namespace quaymaster::core
