// SPDX-License-Identifier: Apache-2.0
#include <kepu/testing/golden.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace kepu::testing {
namespace {

constexpr size_t around = 3; // lines of agreement shown before and after
constexpr size_t shown = 30; // differing lines shown of each side

} // namespace

std::string difference(const std::vector<std::string>& expected, const std::vector<std::string>& found) {
  if (expected == found) return "";
  size_t head = 0;
  while (head < std::min(expected.size(), found.size()) && expected[head] == found[head])
    ++head;
  size_t tail = 0;
  while (tail < std::min(expected.size(), found.size()) - head &&
         expected[expected.size() - 1 - tail] == found[found.size() - 1 - tail])
    ++tail;
  std::string out = "first difference in line " + std::to_string(head + 1) + ":\n";
  for (size_t i = head - std::min(head, around); i < head; ++i)
    out += "  " + expected[i] + "\n";
  const auto side = [&](const std::vector<std::string>& lines, const char* mark) {
    const size_t end = lines.size() - tail;
    for (size_t i = head; i < std::min(end, head + shown); ++i)
      out += mark + lines[i] + "\n";
    if (end > head + shown) out += std::string(mark) + "... " + std::to_string(end - head - shown) + " more lines\n";
  };
  side(expected, "- ");
  side(found, "+ ");
  for (size_t i = expected.size() - tail; i < std::min(expected.size(), expected.size() - tail + around); ++i)
    out += "  " + expected[i] + "\n";
  return out;
}

std::string compare_golden(const std::string& path, const std::vector<std::string>& lines) {
  const char* update = std::getenv("KEPU_UPDATE_GOLDEN");
  if (update && std::string(update) == "1") {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    for (const auto& line : lines)
      out << line << '\n';
    out.close();
    return out ? "" : path + ": cannot be written";
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) return path + ": cannot be read; run once with KEPU_UPDATE_GOLDEN=1 to make it";
  std::vector<std::string> expected;
  for (std::string line; std::getline(in, line);)
    expected.push_back(line);
  const std::string found = difference(expected, lines);
  return found.empty() ? "" : path + ": " + found + "To accept the new text, run with KEPU_UPDATE_GOLDEN=1.";
}

} // namespace kepu::testing
