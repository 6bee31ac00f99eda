// The ends of a range as people write them. Pure; any thread.
#pragma once

#include "base/result.hpp"
#include "model/period.hpp"

#include <string_view>

namespace kepu::query {

enum class End { from, to };

// A period of `freq` out of a text that may be coarser: from=2025 asked by month is 2025-01, to=2025 is
// 2025-12. A week belongs to the month, quarter or year that holds its Thursday, as ISO weeks do. "now" is the period
// of today, "now-3" the third before it.
// Error code "bad_range": no period, or finer than `freq`.
Result<model::Period> bound(std::string_view text, model::Freq freq, End end, model::Day today);

} // namespace kepu::query
