#include "store/replacement.hpp"

#include <algorithm>

namespace kepu::store {

namespace {

bool is_any_time(const Scope& scope) { return scope.time_from == INT64_MIN && scope.time_until == INT64_MAX; }

// Of a value of the time field.
int64_t micros(const StoredDataset& dataset, int64_t time) {
  constexpr int64_t day_micros = 86'400'000'000;
  const auto when = dataset.dataset.when();
  const bool is_timestamp = when && dataset.dataset.contract.fields[*when].type == KEPU_TIMESTAMP;
  return is_timestamp ? time : time * day_micros;
}

} // namespace

bool lies_in(const StoredDataset& dataset, const Scope& scope, const model::FactColumns& facts, uint32_t row) {
  if (!is_any_time(scope)) {
    const auto when = measure::When(dataset.dataset, dataset.codes)(facts, row);
    if (!when || micros(dataset, *when) < scope.time_from || micros(dataset, *when) >= scope.time_until) return false;
  }
  return std::ranges::all_of(scope.conditions, [&](const Scope::Condition& condition) {
    const auto& column = facts.fields[condition.field];
    if (column.is_null(row)) return false;
    return column.holding == model::Holding::code
               ? dataset.codes.text(condition.field, column.codes[row]) == condition.text
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
    return is_any_time(scope_) ||
           (low <= high && micros(dataset_, low) < scope_.time_until && micros(dataset_, high) >= scope_.time_from);
  };
  scan_facts(db, dataset_.dataset, ask, [&](const FactSlice& slice) {
    rows.clear();
    for (const uint32_t row : slice.rows) {
      const Fact fact = slice.block.first + row;
      if (scope_.this_input && !is_ours(slice.extent, fact)) continue;
      if (!kept_.contains(fact) && lies_in(dataset_, scope_, slice.block.facts, row)) rows.push_back(row);
    }
    if (!rows.empty()) visit(slice.block, rows);
  });
}

} // namespace kepu::store
