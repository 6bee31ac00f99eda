// SPDX-License-Identifier: Apache-2.0
//
// Yes and no as clerks write them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace kepu::toolkit {

struct BooleanRead {
  bool value = false;
  uint8_t flags = 0; // KEPU_REPAIRED or 0
};

// 是 有 对 yes y true 1 √ ✓, 否 无 没有 错 no n false 0 × ✗; letters in either case. Repaired: full-width characters
// and surrounding spaces. nullopt: none of them, also for nothing at all, which is not "no".
std::optional<BooleanRead> read_boolean(std::string_view text);

} // namespace kepu::toolkit
