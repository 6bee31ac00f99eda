// SPDX-License-Identifier: Apache-2.0
//
// From the fields of a row to a passage, or why it is refused. Pure.
#pragma once

#include <kepu/toolkit/csv_folder.hpp>

#include <string_view>
#include <utility>

namespace venue_turnstile {

// Of the dataset, and in the order in which columns are asked for.
enum Field : size_t { event_id, venue, gate, direction, ts, card, field_count };
constexpr std::string_view field_names[field_count] = {"event_id", "venue", "gate", "direction", "ts", "card"};

class Passages final : public kepu::toolkit::RowReader {
public:
  explicit Passages(kepu::toolkit::Zone zone) : zone_(std::move(zone)) {}
  bool read(const kepu::toolkit::CsvRow& row, kepu::Rows& rows, kepu::toolkit::Refusal& refusal) override;

private:
  kepu::toolkit::Zone zone_;
};

} // namespace venue_turnstile
