// conversion: C++ types to pickles and back.
#pragma once

#include <quaymaster/conversion/containers.hpp>
#include <quaymaster/conversion/converter.hpp>
#include <quaymaster/conversion/opcodes.hpp>
#include <quaymaster/conversion/scalars.hpp>
#include <quaymaster/conversion/structs.hpp>

namespace quaymaster {

template <class T>
value to_value(const T& object)
{
    pickle_encoder output;
    encode(output, object);
    return detail::value_of(output);
}

template <class T>
T from_pickle(bytes_view pickle)
{
    return decode<T>(detail::value_of_pickle(pickle));
}

}  // namespace quaymaster
