// ndarray_pickle: how numpy pickles arrays, and what it needs to load them.
#pragma once

#include <quaymaster/ndarray.hpp>
#include <quaymaster/value.hpp>

#include <string>
#include <string_view>

namespace quaymaster::codec {

/// `found` as an array; see array_info. Throws conversion_error, which says that `expected` was expected.
/// (The forms are those of numpy/_core/src/multiarray: array_reduce, array_reduce_ex, arraydescr_reduce; and of
/// numeric._frombuffer.)
[[nodiscard]] array_info read_array(const value& found, std::string_view expected);

/// "f4", "U3": how numpy writes the type in a pickle.
[[nodiscard]] std::string dtype_code(const dtype& type);

}  // namespace quaymaster::codec
