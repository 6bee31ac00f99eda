// SPDX-License-Identifier: Apache-2.0
#include <kepu/testing/lines.hpp>

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace kepu::testing {
namespace {

template <class... Args> std::string printed(const char* format, Args... args) {
  char buffer[64];
  const int n = std::snprintf(buffer, sizeof buffer, format, args...);
  return std::string(buffer, static_cast<size_t>(n));
}

std::string date_text(int64_t days) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  return printed("%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                 static_cast<unsigned>(date.day()));
}

std::string decimal_text(int64_t value, int scale) {
  // Through unsigned, so that the smallest number has a magnitude.
  const uint64_t magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  std::string digits = std::to_string(magnitude);
  const auto places = static_cast<size_t>(scale);
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  if (places) digits.insert(digits.size() - places, ".");
  return (value < 0 ? "-" : "") + digits;
}

std::string real_text(double value) {
  char buffer[40];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  return std::string(buffer, error == std::errc() ? end : buffer);
}

// Numbers and booleans as they are, everything else as text without quotes.
std::string plain_text(const abi::Field& field, const abi::Column& column, size_t row) {
  if (column.type == abi::pseudonym) return printed("~%016llx", static_cast<unsigned long long>(column.person(row)));
  switch (static_cast<kepu_type>(column.type)) {
  case KEPU_NULL:
    return "";
  case KEPU_TEXT:
  case KEPU_PERIOD:
    return std::string(column.text_at(row));
  case KEPU_INTEGER:
    return std::to_string(column.integer(row));
  case KEPU_DECIMAL:
    return decimal_text(column.integer(row), field.scale);
  case KEPU_REAL:
    return real_text(column.real(row));
  case KEPU_BOOLEAN:
    return column.booleans[row] ? "true" : "false";
  case KEPU_DATE:
    return date_text(column.integer(row));
  case KEPU_TIMESTAMP:
    return timestamp_text(column.integer(row));
  }
  return "";
}

bool is_bare_json(int32_t type) {
  return type == KEPU_INTEGER || type == KEPU_DECIMAL || type == KEPU_REAL || type == KEPU_BOOLEAN;
}

} // namespace

std::string timestamp_text(int64_t microseconds) {
  constexpr int64_t day = 86400ll * 1000000;
  const int64_t days = microseconds / day - (microseconds % day < 0 ? 1 : 0);
  const int64_t rest = microseconds - days * day;
  const auto seconds = static_cast<int>(rest / 1000000);
  std::string out = date_text(days) + printed("T%02d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (rest % 1000000) out += printed(".%06d", static_cast<int>(rest % 1000000));
  return out + "Z";
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      out += printed("\\u%04x", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + "\"";
}

std::string cell_text(const abi::Field& field, const abi::Column& column, size_t row) {
  std::string out = column.is_null(row) ? "null" : plain_text(field, column, row);
  if (!column.is_null(row) && column.type == KEPU_TEXT) out = json_string(out);
  const uint8_t flags = column.flag(row);
  if (flags & KEPU_APPROXIMATE) out += "~approx";
  if (flags & KEPU_REPAIRED) out += "~repaired";
  if (flags & KEPU_PROVISIONAL) out += "~provisional";
  return out;
}

std::string row_text(const std::vector<abi::Field>& fields, const abi::Batch& batch, size_t row) {
  std::string out;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (batch.columns[i].is_null(row) && !batch.columns[i].flag(row)) continue;
    out += (out.empty() ? "" : " ") + fields[i].name + "=" + cell_text(fields[i], batch.columns[i], row);
  }
  return out;
}

std::string row_json(const std::vector<abi::Field>& fields, const abi::Batch& batch, size_t row) {
  std::string out = "{";
  for (size_t i = 0; i < fields.size(); ++i) {
    const auto& column = batch.columns[i];
    out += (i ? "," : "") + json_string(fields[i].name) + ":";
    if (column.is_null(row))
      out += "null";
    else if (is_bare_json(column.type))
      out += plain_text(fields[i], column, row);
    else
      out += json_string(plain_text(fields[i], column, row));
  }
  return out + "}";
}

std::string scope_text(const abi::Dataset& dataset, const host::Scope& scope) {
  std::string out = dataset.id;
  if (scope.this_input) out += " this_input";
  if (scope.time_from != INT64_MIN) out += " from " + timestamp_text(scope.time_from);
  if (scope.time_until != INT64_MAX) out += " until " + timestamp_text(scope.time_until);
  for (const auto& condition : scope.conditions) {
    const auto& field = dataset.fields[condition.field];
    const bool text = field.type == KEPU_TEXT || field.type == KEPU_PERIOD;
    out += " " + field.name + "=" + (text ? json_string(condition.text) : std::to_string(condition.integer));
  }
  return out;
}

std::vector<abi::Field> key_fields(const abi::Dataset& dataset) {
  std::vector<abi::Field> out;
  for (const auto& field : dataset.fields)
    if (field.roles & KEPU_ROLE_KEY) out.push_back(field);
  return out;
}

const char* decision_text(int32_t decision) {
  switch (static_cast<kepu_decision>(decision)) {
  case KEPU_TAKE:
    return "take";
  case KEPU_KNOWN:
    return "known";
  case KEPU_RESUME:
    return "resume";
  case KEPU_REFUSED:
    return "refused";
  }
  return "unknown";
}

const char* level_text(int32_t level) {
  switch (static_cast<kepu_level>(level)) {
  case KEPU_DEBUG:
    return "debug";
  case KEPU_INFO:
    return "info";
  case KEPU_WARNING:
    return "warning";
  case KEPU_ERROR:
    return "error";
  }
  return "unknown";
}

const char* status_text(int32_t run_status) {
  switch (static_cast<kepu_run_status>(run_status)) {
  case KEPU_RUN_OK:
    return "ok";
  case KEPU_RUN_RETRY:
    return "retry";
  case KEPU_RUN_BAD_CONFIG:
    return "bad_config";
  case KEPU_RUN_BAD_DATA:
    return "bad_data";
  case KEPU_RUN_CANCELLED:
    return "cancelled";
  case KEPU_RUN_BUG:
    return "bug";
  }
  return "unknown";
}

} // namespace kepu::testing
