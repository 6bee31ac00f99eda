// SPDX-License-Identifier: Apache-2.0
#include <kepu/toolkit/header.hpp>

#include <kepu/toolkit/fold.hpp>
#include <kepu/toolkit/nearest.hpp>

#include <algorithm>

namespace kepu::toolkit {
namespace {

constexpr size_t nearest_shown = 3;
constexpr size_t longest_word_shown = 60; // bytes; a header that is no header may hold anything

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words)
    out += (out.empty() ? "\"" : ", \"") + word + "\"";
  return out;
}

} // namespace

std::string plain_word(std::string_view word) {
  bool changed = false;
  return lower_ascii(trim(fold_width(word, changed)));
}

std::vector<std::string> words_of(std::string_view setting) {
  std::vector<std::string> out;
  while (!setting.empty()) {
    const size_t comma = setting.find(',');
    const auto word = trim(setting.substr(0, comma));
    if (!word.empty()) out.emplace_back(word);
    setting.remove_prefix(comma == std::string_view::npos ? setting.size() : comma + 1);
  }
  return out;
}

HeaderProblem find_columns(std::span<const std::string_view> header, std::span<const Column> wanted,
                           std::string_view set_by, Header& out) {
  std::vector<std::string> there, shown;
  for (const auto word : header) {
    there.push_back(plain_word(word));
    if (!there.back().empty() && there.back().size() <= longest_word_shown) shown.push_back(there.back());
  }
  out.count = header.size();
  out.at.assign(wanted.size(), Header::absent);
  HeaderProblem problem;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto& column = wanted[i];
    if (column.words.empty()) continue;
    size_t found = 0;
    for (size_t n = 0; n < there.size(); ++n) {
      if (std::ranges::none_of(column.words, [&](const auto& word) { return there[n] == plain_word(word); })) continue;
      out.at[i] = n;
      ++found;
    }
    if (found == 1 || (found == 0 && column.optional)) continue;
    if (problem.code.empty()) {
      problem.field = column.field;
      problem.code = found ? "repeated_column" : "missing_column";
    }
    if (!problem.message.empty()) problem.message += "; ";
    if (found) {
      problem.message += std::to_string(found) + " columns are called " + joined(column.words) + ": keep one of them";
    } else {
      problem.message += "there is no column " + joined(column.words);
      const auto near = by_nearness(plain_word(column.words.front()), shown, nearest_shown);
      if (!near.empty()) problem.message += " (nearest: " + joined(near) + ")";
    }
    problem.message += column.advice;
  }
  if (problem) problem.message += "; correct the first line of the file, or " + std::string(set_by);
  return problem;
}

} // namespace kepu::toolkit
