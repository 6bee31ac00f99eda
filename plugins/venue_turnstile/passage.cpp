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

bool read_passage(const kepu::toolkit::CsvRow& row, const kepu::toolkit::Zone& zone, Passage& out, Refusal& refusal) {
  const auto refuse = [&](Refusal why) {
    refusal = std::move(why);
    return false;
  };
  out.event_id = row[event_id];
  if (is_blank(out.event_id)) return refuse(missing(event_id, "event id"));
  out.venue = row[venue];
  if (is_blank(out.venue)) return refuse(missing(venue, "venue"));

  const auto way = row[direction];
  out.direction = direction_of(way);
  out.direction_flags = 0;
  if (out.direction.empty()) {
    if (is_blank(way)) return refuse(missing(direction, "direction"));
    bool folded = false;
    out.direction = direction_of(kepu::toolkit::trim(kepu::toolkit::fold_width(way, folded)));
    out.direction_flags = KEPU_REPAIRED;
    if (out.direction.empty())
      return refuse(
          {field_names[direction], "bad_direction", "the direction is none of in, out, 进, 入, 出; write one of them"});
  }

  const auto time = kepu::toolkit::read_time(row[ts], zone);
  if (time.problem == TimeProblem::empty) return refuse(missing(ts, "time"));
  if (!time.ok()) return refuse({field_names[ts], "bad_time", kepu::toolkit::advice(time.problem)});
  out.ts = time.value;
  out.ts_flags = time.flags;
  out.gate = row[gate];
  out.card = row[card];
  return true;
}

} // namespace venue_turnstile
