// SPDX-License-Identifier: Apache-2.0
#include "passage.hpp"

#include <kepu/toolkit/fold.hpp>
#include <kepu/toolkit/time.hpp>

namespace venue_turnstile {
namespace {

using kepu::toolkit::Refusal;
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

} // namespace

bool Passages::read(const kepu::toolkit::CsvRow& row, kepu::Rows& rows, Refusal& refusal) {
  const auto refuse = [&](Refusal why) {
    refusal = std::move(why);
    return false;
  };
  const auto event = row[event_id];
  if (is_blank(event)) return refuse(missing(event_id, "event id"));
  const auto place = row[venue];
  if (is_blank(place)) return refuse(missing(venue, "venue"));

  auto way = direction_of(row[direction]);
  uint8_t way_flags = 0;
  if (way.empty()) {
    if (is_blank(row[direction])) return refuse(missing(direction, "direction"));
    bool folded = false;
    way = direction_of(kepu::toolkit::trim(kepu::toolkit::fold_width(row[direction], folded)));
    way_flags = KEPU_REPAIRED;
    if (way.empty())
      return refuse(
          {field_names[direction], "bad_direction", "the direction is none of in, out, 进, 入, 出; write one of them"});
  }

  const auto time = kepu::toolkit::read_time(row[ts], zone_);
  if (time.problem == TimeProblem::empty) return refuse(missing(ts, "time"));
  if (!time.ok()) return refuse({field_names[ts], "bad_time", kepu::toolkit::advice(time.problem)});

  const auto or_null = [&](std::string_view text) { text.empty() ? rows.null() : rows.borrowed(text); };
  rows.borrowed(event).borrowed(place);
  or_null(row[gate]);
  rows.borrowed(way, way_flags).timestamp(time.value, time.flags);
  or_null(row[card]);
  return true;
}

} // namespace venue_turnstile
