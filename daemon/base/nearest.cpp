#include "base/nearest.hpp"

#include "base/ascii.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>

namespace kepu {
namespace {

std::vector<uint32_t> code_points(std::string_view text) {
  std::vector<uint32_t> out;
  for (unsigned char c : text) {
    if ((c & 0xc0) == 0x80 && !out.empty()) {
      out.back() = (out.back() << 6) | (c & 0x3f);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

// Insertions, deletions, substitutions and swaps of neighbours, the last of which typists make most.
size_t edit_distance(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> above(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    before.swap(above);
    above.swap(row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, substituted});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row.back();
}

} // namespace

std::vector<std::string> nearest(std::string_view word, const std::vector<std::string>& known, size_t most) {
  const auto wanted = code_points(word.substr(0, 256));
  const size_t limit = std::max<size_t>(1, wanted.size() / 3);
  std::vector<std::pair<size_t, const std::string*>> found;
  const auto folded = lower(word);
  for (const auto& candidate : known) {
    if (lower(candidate) == folded) {
      found.emplace_back(size_t{0}, &candidate);
      continue;
    }
    const auto points = code_points(candidate);
    const size_t gap = points.size() > wanted.size() ? points.size() - wanted.size() : wanted.size() - points.size();
    if (gap > limit) continue;
    const size_t distance = edit_distance(wanted, points);
    if (distance <= limit) found.emplace_back(distance, &candidate);
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> out;
  for (const auto& [distance, candidate] : found) {
    if (out.size() == most) break;
    out.push_back(*candidate);
  }
  return out;
}

} // namespace kepu
