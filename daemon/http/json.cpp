#include "http/json.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace kepu::http {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD"; // U+FFFD
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// The text with every byte that belongs to no well-formed sequence replaced.
std::string repaired(std::string_view text) {
  std::string out;
  for (size_t bad = find_invalid_utf8(text); bad != std::string_view::npos; bad = find_invalid_utf8(text)) {
    out.append(text.substr(0, bad));
    out.append(replacement);
    text.remove_prefix(bad + 1);
  }
  out.append(text);
  return out;
}

void append_integer(std::string& out, uint64_t value) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

void append_escape(std::string& out, char c) {
  switch (c) {
  case '"':
    out += "\\\"";
    return;
  case '\\':
    out += "\\\\";
    return;
  case '\n':
    out += "\\n";
    return;
  case '\r':
    out += "\\r";
    return;
  case '\t':
    out += "\\t";
    return;
  default:
    break;
  }
  constexpr std::string_view hex = "0123456789abcdef";
  out += "\\u00";
  out.push_back(hex[static_cast<unsigned char>(c) >> 4]);
  out.push_back(hex[static_cast<unsigned char>(c) & 15]);
}

// What makes a spreadsheet calculate a cell instead of showing it, full-width forms included.
bool is_formula(std::string_view text) {
  static constexpr std::array<std::string_view, 11> starts{"=",  "+",  "-",  "@",  "\t", "\r",
                                                           "\n", "＝", "＋", "－", "＠"};
  return std::any_of(starts.begin(), starts.end(), [&](std::string_view start) { return text.starts_with(start); });
}

} // namespace

void append_json_text(std::string& out, std::string_view text) {
  if (!is_utf8(text)) return append_json_text(out, repaired(text));
  out.push_back('"');
  size_t plain = 0; // start of what needs no escape
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text.substr(plain, i - plain));
    append_escape(out, text[i]);
    plain = i + 1;
  }
  out.append(text.substr(plain));
  out.push_back('"');
}

void append_decimal(std::string& out, __int128 value, int scale) {
  auto magnitude = static_cast<unsigned __int128>(value);
  if (value < 0) {
    out.push_back('-');
    magnitude = 0 - magnitude;
  }
  if (scale == 0 && magnitude <= UINT64_MAX) return append_integer(out, static_cast<uint64_t>(magnitude));
  char digits[80]; // 39 digits, a point, and zeros up to the largest scale
  char* at = digits + sizeof digits;
  for (int written = 0; magnitude != 0 || written <= scale; ++written) {
    if (written == scale && scale > 0) *--at = '.';
    *--at = static_cast<char>('0' + static_cast<int>(magnitude % 10));
    magnitude /= 10;
  }
  out.append(at, digits + sizeof digits);
}

Json& Json::key(std::string_view name) {
  separate();
  append_json_text(out_, name);
  out_.push_back(':');
  comma_ = false;
  return *this;
}
Json& Json::text(std::string_view value) {
  separate();
  append_json_text(out_, value);
  return *this;
}
Json& Json::number(uint64_t value) {
  separate();
  append_integer(out_, value);
  return *this;
}
Json& Json::boolean(bool value) { return raw(value ? "true" : "false"); }
Json& Json::null() { return raw("null"); }
Json& Json::raw(std::string_view json) {
  separate();
  out_.append(json);
  return *this;
}

RowWriter::RowWriter(std::string& out, Format format, const std::vector<std::string>& columns, bool excel)
    : out_(out), json_(format == Format::json), excel_(excel) {
  if (excel_ && !json_) out_.append(byte_order_mark);
  for (size_t i = 0; i < columns.size(); ++i) {
    std::string before = i == 0 ? "" : ",";
    if (json_) {
      if (i == 0) before = "{";
      append_json_text(before, columns[i]);
      before.push_back(':');
    } else {
      out_.append(before);
      append_csv_text(out_, columns[i]);
    }
    before_.push_back(std::move(before));
  }
  out_.append(json_ ? "[" : "\r\n");
}

void RowWriter::start_row() {
  if (json_ && column_ == 0 && !first_row_) out_.push_back(',');
}

void RowWriter::start_cell() {
  start_row();
  out_.append(before_[column_]);
}

void RowWriter::end_cells(size_t columns) {
  column_ += columns;
  if (column_ < before_.size()) return;
  out_.append(json_ ? "}" : "\r\n");
  column_ = 0;
  first_row_ = false;
}

void RowWriter::append_csv_text(std::string& out, std::string_view value) const {
  if (!is_utf8(value)) return append_csv_text(out, repaired(value));
  const bool neutralise = excel_ && is_formula(value);
  if (value.find_first_of(",\"\r\n") == std::string_view::npos) {
    if (neutralise) out.push_back('\'');
    out.append(value);
    return;
  }
  out.push_back('"');
  if (neutralise) out.push_back('\'');
  for (const char c : value) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
}

void RowWriter::append_text(std::string& out, std::string_view value) const {
  json_ ? append_json_text(out, value) : append_csv_text(out, value);
}

void RowWriter::text(std::string_view value) {
  start_cell();
  append_text(out_, value);
  end_cells(1);
}

std::string RowWriter::cell(size_t column, std::string_view value) const {
  std::string out = before_[column];
  if (!value.empty()) {
    append_text(out, value);
  } else if (json_) {
    out.append("null");
  }
  return out;
}

void RowWriter::made(std::string_view cells, size_t columns) {
  if (columns == 0) return;
  start_row();
  out_.append(cells);
  end_cells(columns);
}

void RowWriter::number(uint64_t value) {
  start_cell();
  append_integer(out_, value);
  end_cells(1);
}

void RowWriter::decimal(__int128 value, int scale) {
  start_cell();
  append_decimal(out_, value, scale);
  end_cells(1);
}

void RowWriter::literal(std::string_view value) {
  start_cell();
  out_.append(value);
  end_cells(1);
}

void RowWriter::null() {
  start_cell();
  if (json_) out_.append("null");
  end_cells(1);
}

void RowWriter::finish() {
  if (json_) out_.push_back(']');
}

} // namespace kepu::http
