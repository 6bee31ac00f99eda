// SPDX-License-Identifier: Apache-2.0
//
// From the fields of a row to a passage, or why it is refused. Pure.
#pragma once

#include "columns.hpp"

#include <kepu/toolkit/csv.hpp>
#include <kepu/toolkit/zone.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace venue_turnstile {

// Texts are those of the row.
struct Passage {
  std::string_view event_id, venue, gate, card; // gate, card: empty = none
  std::string_view direction;                   // "in" or "out"
  int64_t ts = 0;                               // microseconds since 1970 UTC
  uint8_t direction_flags = 0, ts_flags = 0;    // kepu_flag
};

// Codes are stable; messages say what to do and quote nothing of the row: in a shifted row any field may hold a card.
struct Refusal {
  std::string_view field;
  std::string_view code;
  std::string message;
};

std::optional<Refusal> read_passage(std::span<const std::string_view> fields, const Columns& columns,
                                    const kepu::toolkit::Zone& zone, Passage& out);

// For a row that could not even be cut into fields.
Refusal refusal_of(kepu::toolkit::CsvProblem problem, uint64_t offset);

} // namespace venue_turnstile
