// Text of answers: JSON as it is written, and rows as JSON or CSV. Only valid UTF-8 comes out. Pure; any thread.
#pragma once

#include "http/cache.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::http {

// Appends a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
void append_json_text(std::string& out, std::string_view text);

// `value` in units of 10^-scale, exactly: 1230 with scale 2 is 12.30.
void append_decimal(std::string& out, __int128 value, int scale);

// Appends JSON; commas are its own affair, balance is the caller's.
class Json {
public:
  explicit Json(std::string& out) : out_(out) {}

  Json& object() { return open('{'); }
  Json& end_object() { return close('}'); }
  Json& array() { return open('['); }
  Json& end_array() { return close(']'); }
  Json& key(std::string_view name);
  Json& text(std::string_view value);
  Json& number(uint64_t value);
  Json& boolean(bool value);
  Json& null();
  // Something that is JSON already.
  Json& raw(std::string_view json);
  // Text, or null where it is empty.
  Json& text_or_null(std::string_view value) { return value.empty() ? null() : text(value); }

private:
  void separate() {
    if (comma_) out_.push_back(',');
    comma_ = true;
  }
  Json& open(char bracket) {
    separate();
    out_.push_back(bracket);
    comma_ = false;
    return *this;
  }
  Json& close(char bracket) {
    out_.push_back(bracket);
    comma_ = true;
    return *this;
  }

  std::string& out_;
  bool comma_ = false;
};

// Flat rows under fixed columns. Every row gives each column one value, in order: cell by cell, or as text that was
// made before of cells that are the same in many rows.
class RowWriter {
public:
  // `excel`: CSV with a byte-order mark, and text that a spreadsheet would calculate is written with an
  // apostrophe before it.
  RowWriter(std::string& out, Format format, const std::vector<std::string>& columns, bool excel);

  void text(std::string_view value);
  void text_or_null(std::string_view value) { value.empty() ? null() : text(value); }
  void number(uint64_t value);
  void decimal(__int128 value, int scale);
  // true, false, or a number as JSON writes it.
  void literal(std::string_view value);
  void null();
  // The text of that column's cell, null where it is empty, for made().
  std::string cell(size_t column, std::string_view value) const;
  // The next cells of the row, so many.
  void made(std::string_view cells, size_t columns);
  // Call once, after the last row.
  void finish();

private:
  void start_row();
  void start_cell();
  void end_cells(size_t columns);
  void append_text(std::string& out, std::string_view value) const;
  void append_csv_text(std::string& out, std::string_view value) const;

  std::string& out_;
  bool json_;
  bool excel_;
  std::vector<std::string> before_; // what stands before each cell
  size_t column_ = 0;
  bool first_row_ = true;
};

} // namespace kepu::http
