#include "store/replacement.hpp"

#include <algorithm>

namespace kepu::store {

int64_t Replacement::micros(int64_t time) const {
  constexpr int64_t day_micros = 86'400'000'000;
  const auto when = dataset_.dataset.when();
  const bool is_timestamp = when && dataset_.dataset.contract.fields[*when].type == KEPU_TIMESTAMP;
  return is_timestamp ? time : time * day_micros;
}

bool Replacement::meets(const model::FactColumns& facts, uint32_t row) const {
  if (!is_any_time()) {
    const auto when = when_(facts, row);
    if (!when || micros(*when) < scope_.time_from || micros(*when) >= scope_.time_until) return false;
  }
  return std::ranges::all_of(scope_.conditions, [&](const Scope::Condition& condition) {
    const auto& column = facts.fields[condition.field];
    if (column.is_null(row)) return false;
    return column.holding == model::Holding::code
               ? dataset_.codes.text(condition.field, column.codes[row]) == condition.text
               : column.numbers[row] == condition.number;
  });
}

void Replacement::left_out(Db& db, const OpenRun& run, const std::set<int64_t>& inputs, const Claims::Owners& owners,
                           const Visit& visit) const {
  const auto is_ours = [&](const Extent& extent, Fact fact) {
    return inputs.contains(extent.input) ? !owners.others.contains(fact) : owners.ours.contains(fact);
  };
  std::vector<uint32_t> rows;
  ScanAsk ask;
  ask.source = run.source;
  ask.run = run.run;
  ask.wanted_extent = [&](const Extent& extent) {
    return !scope_.this_input || inputs.contains(extent.input) || owners.ours.intersects(extent.first, extent.n);
  };
  ask.wanted_times = [&](int64_t low, int64_t high) {
    // Blocks without any time have low > high; they lie in no time scope.
    return is_any_time() || (low <= high && micros(low) < scope_.time_until && micros(high) >= scope_.time_from);
  };
  scan_facts(db, dataset_.dataset, ask, [&](const FactSlice& slice) {
    rows.clear();
    for (const uint32_t row : slice.rows) {
      const Fact fact = slice.block.first + row;
      if (scope_.this_input && !is_ours(slice.extent, fact)) continue;
      if (!kept_.contains(fact) && meets(slice.block.facts, row)) rows.push_back(row);
    }
    if (!rows.empty()) visit(slice.block, rows);
  });
}

} // namespace kepu::store
