// Text that may be hostile, made safe for a terminal, a log line or a message. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kepu {

// Control characters (C0, DEL, C1), line separators and marks that change the direction of writing are
// written as \n, \r, \t, \xNN or \u{N}, bytes that are not UTF-8 as \xNN; everything else as it is.
std::string printable(std::string_view text);

// printable(text) in double quotes, cut after `most` code points: what was written, for a message.
std::string in_quotes(std::string_view text, size_t most = 60);

} // namespace kepu
