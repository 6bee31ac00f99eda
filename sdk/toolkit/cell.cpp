// SPDX-License-Identifier: Apache-2.0
#include <kepu/toolkit/cell.hpp>

#include <kepu/toolkit/boolean.hpp>
#include <kepu/toolkit/fold.hpp>
#include <kepu/toolkit/period.hpp>

#include <algorithm>

namespace kepu::toolkit {
namespace {

CellRead of(kepu_type type, int64_t value, uint8_t flags) {
  CellRead out;
  out.cell = {static_cast<uint8_t>(type), flags, 0, 0, {value}};
  return out;
}

CellRead refused(std::string_view code, const char* advice) {
  CellRead out;
  out.code = code;
  out.advice = advice;
  return out;
}

bool is_dash(std::string_view text) {
  constexpr std::string_view dashes[] = {"-", "－", "—", "——", "–", "―"};
  return std::ranges::find(dashes, text) != std::ranges::end(dashes);
}

CellRead read_text(std::string_view text, std::string_view trimmed) {
  const uint8_t flags = trimmed.size() == text.size() ? 0 : KEPU_REPAIRED;
  auto out = of(KEPU_TEXT, 0, flags);
  out.cell.size = static_cast<uint32_t>(std::min<size_t>(trimmed.size(), UINT32_MAX));
  out.cell.value.text = trimmed.data();
  return out;
}

CellRead read_instant(std::string_view text, bool day, DateOrder order, const Zone& zone) {
  const bool turned = order != DateOrder::plain;
  const std::string turned_text = turned ? year_first(text, order) : std::string();
  const std::string_view plain = turned ? std::string_view(turned_text) : text;
  auto read = day ? read_date(plain) : read_time(plain, zone);
  if (read.ok() && turned && plain != text) read.flags |= KEPU_REPAIRED;
  if (read.ok()) return of(day ? KEPU_DATE : KEPU_TIMESTAMP, read.value, read.flags);
  if (day && read.problem == TimeProblem::unreadable)
    return refused("bad_date", "the date cannot be read; write it like 2025-03-05");
  return refused(day ? "bad_date" : "bad_time", advice(read.problem));
}

} // namespace

CellRead read_cell(std::string_view text, const kepu_field& field, const Manner& manner, const Zone& zone) {
  const auto trimmed = trim(text);
  if (trimmed.empty() || (field.type != KEPU_TEXT && is_dash(trimmed))) return {};
  switch (static_cast<kepu_type>(field.type)) {
  case KEPU_NULL:
    return {};
  case KEPU_TEXT:
    return read_text(text, trimmed);
  case KEPU_INTEGER:
  case KEPU_DECIMAL: {
    const auto read = read_number(text, field.scale, manner.decimal);
    if (!read.ok()) return refused("bad_number", advice(read.problem));
    return of(static_cast<kepu_type>(field.type), read.value, read.flags);
  }
  case KEPU_REAL: {
    const auto read = read_real(text, manner.decimal);
    if (!read.ok()) return refused("bad_number", advice(read.problem));
    auto out = of(KEPU_REAL, 0, read.flags);
    out.cell.value.real = read.value;
    return out;
  }
  case KEPU_BOOLEAN: {
    const auto read = read_boolean(text);
    if (!read) return refused("bad_boolean", "this is neither yes nor no; write 是 or 否, yes or no, 1 or 0");
    return of(KEPU_BOOLEAN, read->value, read->flags);
  }
  case KEPU_DATE:
  case KEPU_TIMESTAMP:
    return read_instant(text, field.type == KEPU_DATE, manner.dates, zone);
  case KEPU_PERIOD: {
    auto read = read_period(text);
    if (!read.ok()) return refused("bad_period", advice(read.problem));
    auto out = of(KEPU_PERIOD, 0, read.flags);
    out.period = std::move(read.text);
    return out;
  }
  }
  return {};
}

} // namespace kepu::toolkit
