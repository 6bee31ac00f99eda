// How much room text takes on a terminal. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kepu::ctl {

// Columns that `text` (UTF-8 without control characters) takes: 2 for Chinese, Japanese and Korean characters and
// for most pictures, 0 for combining marks, else 1. Bytes that are not UTF-8 count 1 each.
size_t width(std::string_view text);

// `text` in at most `columns` columns, with an ellipsis where something was left out.
std::string cut(std::string_view text, size_t columns);

// "2026-11-25T07:54:30.125+08:00" as "2026-11-25 07:54:30": people read the hub's own clock. Anything else as it is.
std::string short_time(std::string_view text);

} // namespace kepu::ctl
