// Every figure once more, by a plain scan of all facts: slow, simple, and sharing no code with measure/
// or the kept figures, so that it can judge them. Opens the store read-only; any thread.
#pragma once

#include "base/result.hpp"
#include "model/catalog.hpp"
#include "model/zone.hpp"

#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace kepu::store {

struct OracleCell {
  uint64_t n = 0;
  __int128 sum = 0;
  uint64_t approximate = 0;
  uint64_t repaired = 0;
  uint64_t provisional = 0;
  std::set<uint32_t> values; // distinct only
  bool operator==(const OracleCell&) const = default;
};
struct OracleKey {
  std::string source;
  std::vector<std::string> dims; // parallel to Indicator::by
  model::Freq freq = model::Freq::day;
  model::Day day = 0; // the first of the period
  auto operator<=>(const OracleKey&) const = default;
};
using OracleFigures = std::map<OracleKey, OracleCell>;

// One indicator's cells from the facts in force.
Result<OracleFigures> recompute(const std::filesystem::path& file, const model::Catalog& catalog,
                                const model::Indicator& indicator, const model::Zone& zone);

// Compares every kept figure of the catalog in force with its recomputation. Sentences that name what
// differs; empty: all agree.
Result<std::vector<std::string>> verify(const std::filesystem::path& file, const model::Zone& zone);

} // namespace kepu::store
