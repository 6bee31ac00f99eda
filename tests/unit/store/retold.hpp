// A plain model of a source: what its runs did, told again, perhaps without some of them.
#pragma once

#include "fixture.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace kepu::store::test {

struct Act {
  uint64_t run = 0;
  enum Kind : uint8_t { put, retract, replace_days, replace_input, swap } kind = put;
  std::vector<Row> rows; // put: given; replace_...: what is given within; retract: by key
  std::string input;     // name; empty: none
  int from = 0;          // replace_days, swap; until exclusive
  int until = 0;
  std::map<std::string, std::string> by = {}; // swap: input that gave a row last, by key
};
struct Held {
  Row row;
  std::string by;
};
using World = std::map<std::string, Held>; // by key

inline World retold(const std::vector<Act>& acts, const std::set<uint64_t>& without) {
  World world;
  for (const auto& act : acts) {
    if (without.contains(act.run)) continue;
    const auto is_given = [&](const std::string& key) { return std::ranges::count(act.rows, key, &Row::id) > 0; };
    std::erase_if(world, [&](const auto& one) {
      const auto& [key, held] = one;
      switch (act.kind) {
      case Act::put:
        return false;
      case Act::retract:
        return is_given(key);
      case Act::replace_days:
      case Act::swap:
        return held.row.day >= act.from && held.row.day < act.until && !is_given(key);
      case Act::replace_input:
        return held.by == act.input && !is_given(key);
      }
      return false;
    });
    if (act.kind == Act::retract) continue;
    for (const auto& row : act.rows)
      world[row.id] = {row, act.kind == Act::swap ? act.by.at(row.id) : act.input};
  }
  return world;
}

} // namespace kepu::store::test
