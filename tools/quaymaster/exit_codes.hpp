// exit_codes: what the program's exit status says. Scripts rely on it; `quaymaster --help` lists it.
#pragma once

namespace quaymaster::tool {

inline constexpr int exit_success = 0;
inline constexpr int exit_failure = 1;        // the server refused, is not there, or something broke
inline constexpr int exit_usage = 2;          // the command line is wrong; nothing was done
inline constexpr int exit_empty_or_full = 3;  // the queue stayed empty, or full, for as long as --timeout allowed
inline constexpr int exit_interrupted = 130;  // Ctrl-C or SIGTERM ended bench early: what shells report for it, too

}  // namespace quaymaster::tool
