// SPDX-License-Identifier: Apache-2.0
#include <kepu/toolkit/boolean.hpp>

#include <kepu/connector.h>
#include <kepu/toolkit/fold.hpp>

#include <algorithm>
#include <string>

namespace kepu::toolkit {
namespace {

constexpr size_t longest_text = 64; // no form is longer, spaces included
constexpr std::string_view yes[] = {"是", "有", "对", "yes", "y", "true", "1", "√", "✓", "✔"};
constexpr std::string_view no[] = {"否", "无", "没有", "错", "no", "n", "false", "0", "×", "✗", "✘"};

} // namespace

std::optional<BooleanRead> read_boolean(std::string_view text) {
  if (text.size() > longest_text) return std::nullopt;
  const auto trimmed = trim(text);
  bool repaired = trimmed.size() != text.size();
  const std::string word = lower_ascii(fold_width(trimmed, repaired));
  const uint8_t flags = repaired ? KEPU_REPAIRED : 0;
  if (std::ranges::find(yes, word) != std::ranges::end(yes)) return BooleanRead{true, flags};
  if (std::ranges::find(no, word) != std::ranges::end(no)) return BooleanRead{false, flags};
  return std::nullopt;
}

} // namespace kepu::toolkit
