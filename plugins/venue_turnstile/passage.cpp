// SPDX-License-Identifier: Apache-2.0
#include "passage.hpp"

#include <kepu/connector.h>
#include <kepu/toolkit/fold.hpp>
#include <kepu/toolkit/time.hpp>

namespace venue_turnstile {
namespace {

using kepu::toolkit::CsvProblem;
using kepu::toolkit::TimeProblem;

bool is_blank(std::string_view text) {
  if (text.empty()) return true;
  const auto c = static_cast<unsigned char>(text.front());
  return (c <= ' ' || c == 0xe3) && kepu::toolkit::trim(text).empty();
}

// "in", "out", or nothing.
std::string_view direction_of(std::string_view text) {
  if (text == "in" || text == "进" || text == "入" || text == "進") return "in";
  if (text == "out" || text == "出") return "out";
  if (text.size() > 3) return {};
  const auto lower = kepu::toolkit::lower_ascii(text);
  if (lower == "in") return "in";
  return lower == "out" ? "out" : std::string_view{};
}

Refusal missing(Field field, const char* what) {
  return {field_names[field], "missing_value", std::string("there is no ") + what + "; fill it in"};
}

Refusal bad_time(TimeProblem problem) {
  const char* message = "";
  switch (problem) {
  case TimeProblem::none:
  case TimeProblem::empty:
    return missing(ts, "time");
  case TimeProblem::unreadable:
    message = "the time cannot be read; write it like 2025-03-05 09:30:00 or 2025-03-05T09:30:00+08:00";
    break;
  case TimeProblem::no_such_day:
    message = "the calendar has no such day; correct the date";
    break;
  case TimeProblem::no_such_time:
    message = "no clock shows such a time (00:00:00 to 23:59:59); correct it";
    break;
  case TimeProblem::no_time_of_day:
    message = "there is a date but no time of day; add it";
    break;
  case TimeProblem::without_offset:
    message = "the time does not say which zone it is of; add the offset (+08:00 or Z), or write a space for the T "
              "when it is local time";
    break;
  case TimeProblem::skipped:
    message = "the clocks were put forward over this time: it never was; correct it or write it with its offset";
    break;
  case TimeProblem::repeated:
    message = "the clocks were put back and showed this time twice; write it with its offset";
    break;
  }
  return {field_names[ts], "bad_time", message};
}

} // namespace

std::optional<Refusal> read_passage(std::span<const std::string_view> fields, const Columns& columns,
                                    const kepu::toolkit::Zone& zone, Passage& out) {
  if (fields.size() != columns.count) {
    return Refusal{"", "column_count",
                   "the row has " + std::to_string(fields.size()) + " columns and the header " +
                       std::to_string(columns.count) +
                       "; look for a missing or extra delimiter, and put text that holds one in quotes"};
  }
  auto field = [&](Field f) { return columns.at[f] == Columns::absent ? std::string_view{} : fields[columns.at[f]]; };
  out.event_id = field(event_id);
  if (is_blank(out.event_id)) return missing(event_id, "event id");
  out.venue = field(venue);
  if (is_blank(out.venue)) return missing(venue, "venue");

  const auto way = field(direction);
  out.direction = direction_of(way);
  out.direction_flags = 0;
  if (out.direction.empty()) {
    if (is_blank(way)) return missing(direction, "direction");
    bool folded = false;
    out.direction = direction_of(kepu::toolkit::trim(kepu::toolkit::fold_width(way, folded)));
    out.direction_flags = KEPU_REPAIRED;
    if (out.direction.empty())
      return Refusal{field_names[direction], "bad_direction",
                     "the direction is none of in, out, 进, 入, 出; write one of them"};
  }

  const auto time = kepu::toolkit::read_time(field(ts), zone);
  if (!time.ok()) return bad_time(time.problem);
  out.ts = time.value;
  out.ts_flags = time.flags;
  out.gate = field(gate);
  out.card = field(card);
  return std::nullopt;
}

Refusal refusal_of(CsvProblem problem, uint64_t offset) {
  const std::string at = " (byte " + std::to_string(offset) + " of the file)";
  switch (problem) {
  case CsvProblem::none:
    break;
  case CsvProblem::too_long:
    return {"", "too_long",
            "a field is longer than 64 KiB, or the row than 256 KiB" + at + "; look for a quote that is not closed"};
  case CsvProblem::unterminated_quote:
    return {"", "unterminated_quote", "a quote is opened and not closed" + at + "; close it or take it out"};
  case CsvProblem::nul_byte:
    return {"", "bad_character",
            "there is a NUL byte in the row" + at +
                "; save the file as CSV in UTF-8 (it may be UTF-16 without a mark)"};
  case CsvProblem::bad_encoding:
    return {"", "bad_encoding",
            "a byte is no character in the file's encoding" + at + "; correct the row and save the file in UTF-8"};
  }
  return {};
}

} // namespace venue_turnstile
