#include "ctl/table.hpp"

#include "base/printable.hpp"
#include "ctl/text.hpp"

#include <algorithm>

namespace kepu::ctl {
namespace {

constexpr size_t gap = 2;
constexpr size_t least_last = 20; // less than this tells nothing: better that the terminal wraps it

std::string shown(const Cell& cell) { return cell.text.empty() ? "-" : printable(cell.text); }

const char* code(Tint tint) {
  switch (tint) {
  case Tint::none:
    return "";
  case Tint::good:
    return "\x1b[32m";
  case Tint::warning:
    return "\x1b[33m";
  case Tint::bad:
    return "\x1b[31m";
  case Tint::dim:
    return "\x1b[2m";
  }
  return "";
}

} // namespace

std::string tinted(std::string_view text, Tint tint, bool color) {
  if (!color || tint == Tint::none) return std::string(text);
  return code(tint) + std::string(text) + "\x1b[0m";
}

std::string Table::text(size_t room, bool color) const {
  std::vector<size_t> widths;
  for (const auto& column : columns_)
    widths.push_back(width(column.title));
  for (const auto& row : rows_)
    for (size_t i = 0; i < columns_.size(); ++i)
      widths[i] = std::max(widths[i], width(shown(row[i])));
  size_t before_last = 0;
  for (size_t i = 0; i + 1 < widths.size(); ++i)
    before_last += widths[i] + gap;
  if (room > 0) {
    const size_t left = room > before_last + least_last ? room - before_last : least_last;
    widths.back() = std::min(widths.back(), left);
  }

  std::string out;
  const auto line = [&](const std::vector<Cell>& row) {
    for (size_t i = 0; i < columns_.size(); ++i) {
      const bool last = i + 1 == columns_.size();
      const auto text = cut(shown(row[i]), widths[i]);
      const size_t spare = widths[i] - width(text);
      if (columns_[i].right) out.append(spare, ' ');
      out += tinted(text, row[i].tint, color);
      if (!columns_[i].right && !last) out.append(spare, ' ');
      if (!last) out.append(gap, ' ');
    }
    out.push_back('\n');
  };
  std::vector<Cell> titles;
  for (const auto& column : columns_)
    titles.push_back({column.title, Tint::dim});
  line(titles);
  for (const auto& row : rows_)
    line(row);
  return out;
}

} // namespace kepu::ctl
