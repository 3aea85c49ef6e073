// class_paths: what Python 2 and Python 3 call the same class.
#pragma once

#include <string_view>

namespace quaymaster::codec {

struct class_path {
    std::string_view module;
    std::string_view name;

    friend bool operator==(const class_path&, const class_path&) = default;
};

/// The Python 2 path of a Python 3 class, as CPython's pickler writes it under protocol 2; the same path if it has no
/// other. (The names are facts of CPython's Lib/_compat_pickle.py.) Views into `python3` or into constants.
[[nodiscard]] class_path python2_path(class_path python3) noexcept;

/// The Python 3 path of a Python 2 class, as CPython's unpickler maps it below protocol 3.
[[nodiscard]] class_path python3_path(class_path python2) noexcept;

/// True for the function that CPython's managers pickle every proxy with (managers.py: BaseProxy.__reduce__).
[[nodiscard]] constexpr bool is_proxy_maker(class_path path) noexcept
{
    return path.name == "RebuildProxy" && path.module == "multiprocessing.managers";
}

}  // namespace quaymaster::codec
