#include "store/matching.hpp"

#include "base/hash.hpp"
#include "base/radix.hpp"

#include <algorithm>

namespace kepu::store {

std::vector<HashedKey> hash_keys(const model::FactColumns& keys, uint64_t seed) {
  std::vector<HashedKey> out(keys.rows);
  for (uint32_t row = 0; row < keys.rows; ++row)
    out[row] = {hash64(keys.key(row), seed), row};
  sort_by_hash(out);
  return out;
}

void keep_last_of_each_key(const model::FactColumns& keys, std::vector<HashedKey>& order,
                           const std::function<void(uint32_t row, uint32_t later)>& taken_out) {
  size_t kept = 0;
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && order[end].hash == order[begin].hash)
      ++end;
    for (size_t i = begin; i < end; ++i) {
      size_t later = i + 1;
      while (later < end && keys.key(order[later].row) != keys.key(order[i].row))
        ++later;
      if (later == end) {
        order[kept++] = order[i];
      } else {
        taken_out(order[i].row, order[later].row);
      }
    }
    begin = end;
  }
  order.resize(kept);
}

void each_version(Ledger& ledger, const StoredDataset& dataset, int64_t source, const model::FactColumns& keys,
                  const std::vector<HashedKey>& order, const std::function<void(const Version&)>& visit) {
  struct Match {
    Fact fact;
    uint32_t row;
    auto operator<=>(const Match&) const = default;
  };
  std::vector<uint64_t> hashes(order.size());
  std::ranges::transform(order, hashes.begin(), &HashedKey::hash);
  std::vector<Match> matches;
  ledger.keys().find(hashes, [&](size_t i, uint64_t fact) { matches.push_back({fact, order[i].row}); });
  constexpr size_t few = 512;
  if (matches.size() < few) {
    std::ranges::sort(matches);
  } else {
    const auto [least, most] = std::ranges::minmax(matches, {}, &Match::fact);
    sort_by_number(matches, keys.rows, [](const Match& match) { return match.row; });
    sort_by_number(matches, most.fact - least.fact, [&](const Match& match) { return match.fact - least.fact; });
  }
  matches.erase(std::unique(matches.begin(), matches.end()), matches.end());
  const auto* horizon = ledger.horizon(source, dataset.name);
  const measure::When when(dataset.dataset, dataset.codes);
  for (const auto& match : matches) {
    const auto* extent = ledger.extent_of(match.fact);
    if (!extent || extent->source != source || extent->dataset != dataset.name) continue;
    auto block = ledger.blocks().holding(match.fact, dataset.dataset, ledger.side(), [&](Fact end) {
      const auto next = std::ranges::lower_bound(matches, end, {}, &Match::fact);
      const auto* its = next == matches.end() ? nullptr : ledger.extent_of(next->fact);
      return its && its->source == source && its->dataset == dataset.name ? next->fact : 0;
    });
    if (!block) continue;
    const auto at = static_cast<uint32_t>(match.fact - block->first);
    // The hash is a hint; the key's text decides.
    if (block->facts.key(at) != keys.key(match.row)) continue;
    if (!horizon || !lies_beyond(*horizon, when, block->facts, at))
      visit({match.fact, match.row, std::move(block), at});
  }
}

} // namespace kepu::store
