// SPDX-License-Identifier: Apache-2.0
//
// Which column of a file holds which field. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace venue_turnstile {

enum Field : size_t { event_id, venue, gate, direction, ts, card, field_count };
constexpr std::array<std::string_view, field_count> field_names = {"event_id",  "venue", "gate",
                                                                   "direction", "ts",    "card"};

// For each field the header words that it may have; none: files have no such column.
using Wanted = std::array<std::vector<std::string>, field_count>;

// "event_id, 事件编号" -> its words.
std::vector<std::string> words_of(std::string_view setting);

struct Columns {
  static constexpr size_t absent = SIZE_MAX;
  std::array<size_t, field_count> at{};
  size_t count = 0; // columns of the header
};

// Why a header cannot be used.
struct HeaderProblem {
  std::string field; // the first one that it is about
  std::string code;  // missing_column or repeated_column
  std::string message;
  explicit operator bool() const { return !code.empty(); }
};

// Header words are compared without surrounding spaces, full-width forms and the case of ASCII letters.
HeaderProblem find_columns(std::span<const std::string_view> header, const Wanted& wanted, Columns& out);

} // namespace venue_turnstile
