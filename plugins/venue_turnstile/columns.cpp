// SPDX-License-Identifier: Apache-2.0
#include "columns.hpp"

#include <kepu/toolkit/fold.hpp>
#include <kepu/toolkit/nearest.hpp>

namespace venue_turnstile {
namespace {

constexpr size_t nearest_shown = 3;
constexpr size_t longest_word_shown = 60; // bytes; a header that is no header may hold anything

std::string plain(std::string_view word) {
  bool changed = false;
  return kepu::toolkit::lower_ascii(kepu::toolkit::trim(kepu::toolkit::fold_width(word, changed)));
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words)
    out += (out.empty() ? "\"" : ", \"") + word + "\"";
  return out;
}

} // namespace

std::vector<std::string> words_of(std::string_view setting) {
  std::vector<std::string> out;
  while (!setting.empty()) {
    const size_t comma = setting.find(',');
    const auto word = kepu::toolkit::trim(setting.substr(0, comma));
    if (!word.empty()) out.emplace_back(word);
    setting.remove_prefix(comma == std::string_view::npos ? setting.size() : comma + 1);
  }
  return out;
}

HeaderProblem find_columns(std::span<const std::string_view> header, const Wanted& wanted, Columns& out) {
  std::vector<std::string> there, shown;
  for (const auto word : header) {
    there.push_back(plain(word));
    if (!there.back().empty() && there.back().size() <= longest_word_shown) shown.push_back(there.back());
  }
  out.count = header.size();
  HeaderProblem problem;
  for (size_t field = 0; field < field_count; ++field) {
    out.at[field] = Columns::absent;
    if (wanted[field].empty()) continue;
    size_t found = 0;
    for (size_t i = 0; i < there.size(); ++i) {
      for (const auto& word : wanted[field]) {
        if (there[i] != plain(word)) continue;
        out.at[field] = i;
        ++found;
        break;
      }
    }
    if (found == 1) continue;
    if (problem.code.empty()) {
      problem.field = field_names[field];
      problem.code = found ? "repeated_column" : "missing_column";
    }
    const std::string name(field_names[field]);
    if (!problem.message.empty()) problem.message += "; ";
    if (found) {
      problem.message += std::to_string(found) + " columns are called " + joined(wanted[field]) + ": keep one of them";
    } else {
      problem.message += "there is no column " + joined(wanted[field]);
      const auto near = kepu::toolkit::by_nearness(plain(wanted[field].front()), shown, nearest_shown);
      if (!near.empty()) problem.message += " (nearest: " + joined(near) + ")";
    }
    problem.message += field == gate || field == card ? ", or set column_" + name + " = \"\" when files have none" : "";
  }
  if (problem) problem.message += "; correct the first line of the file, or the settings column_* of the source";
  return problem;
}

} // namespace venue_turnstile
