// SPDX-License-Identifier: Apache-2.0
#include <kepu/toolkit/nearest.hpp>

#include <algorithm>
#include <cstdint>
#include <numeric>

namespace kepu::toolkit {
namespace {

std::vector<uint32_t> code_points(std::string_view text) {
  std::vector<uint32_t> out;
  for (const char byte : text) {
    const auto c = static_cast<unsigned char>(byte);
    if ((c & 0xc0) == 0x80 && !out.empty())
      out.back() = out.back() << 6 | (c & 0x3f);
    else
      out.push_back(c);
  }
  return out;
}

} // namespace

size_t edit_distance(std::string_view left, std::string_view right) {
  const auto a = code_points(left), b = code_points(right);
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t here = std::min({row[j] + 1, row[j + 1] + 1, diagonal + (a[i] != b[j])});
      diagonal = row[j + 1];
      row[j + 1] = here;
    }
  }
  return row.back();
}

std::vector<std::string> by_nearness(std::string_view word, const std::vector<std::string>& known, size_t most) {
  std::vector<std::pair<size_t, size_t>> order; // distance, place in `known`
  for (size_t i = 0; i < known.size(); ++i)
    order.emplace_back(edit_distance(word, known[i]), i);
  std::sort(order.begin(), order.end());
  std::vector<std::string> out;
  for (size_t i = 0; i < std::min(most, order.size()); ++i)
    out.push_back(known[order[i].second]);
  return out;
}

} // namespace kepu::toolkit
