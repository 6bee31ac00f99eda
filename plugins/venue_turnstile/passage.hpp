// SPDX-License-Identifier: Apache-2.0
//
// From the fields of a row to a passage, or why it is refused. Pure.
#pragma once

#include <kepu/toolkit/csv_folder.hpp>

#include <cstdint>
#include <string_view>

namespace venue_turnstile {

// In the order in which columns are asked for.
enum Field : size_t { event_id, venue, gate, direction, ts, card, field_count };
constexpr std::string_view field_names[field_count] = {"event_id", "venue", "gate", "direction", "ts", "card"};

// Texts are those of the row.
struct Passage {
  std::string_view event_id, venue, gate, card; // gate, card: empty = none
  std::string_view direction;                   // "in" or "out"
  int64_t ts = 0;                               // microseconds since 1970 UTC
  uint8_t direction_flags = 0, ts_flags = 0;    // kepu_flag
};

bool read_passage(const kepu::toolkit::CsvRow& row, const kepu::toolkit::Zone& zone, Passage& out,
                  kepu::toolkit::Refusal& refusal);

} // namespace venue_turnstile
