// Rows for people: columns aligned by what they take on a terminal. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::ctl {

enum class Tint : uint8_t { none, good, warning, bad, dim };
// `text` in that colour, where `color`.
std::string tinted(std::string_view text, Tint tint, bool color);

struct Column {
  std::string title;
  bool right = false; // numbers
};
struct Cell {
  std::string text; // shown as printable() makes it; empty: a dash
  Tint tint = Tint::none;
};

class Table {
public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {} // at least one
  // As many cells as columns.
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  // Lines that end in a line feed, titles first. The last column is cut to what is left of `room` columns, but not
  // below some 20; room 0: nothing is cut.
  std::string text(size_t room, bool color) const;

private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

} // namespace kepu::ctl
