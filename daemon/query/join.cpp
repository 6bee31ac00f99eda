#include "query/join.hpp"

#include "measure/fact_set.hpp"

#include <algorithm>

namespace kepu::query {

Verdict judge(model::Join join, const Cellmates& values) {
  Verdict out;
  out.differs = std::ranges::any_of(values, [&](const auto& one) { return one.second != values.begin()->second; });
  if (join != model::Join::compare || !out.differs) out.source = values.begin()->first;
  return out;
}

Grouping::Grouping(const model::Indicator& indicator, const std::vector<store::Series>& series) {
  std::vector<size_t> dimensions;
  for (const auto& by : indicator.grain.by) {
    const auto at = std::ranges::find(indicator.by, by);
    if (at != indicator.by.end()) dimensions.push_back(static_cast<size_t>(at - indicator.by.begin()));
  }
  std::map<std::vector<std::string>, uint32_t> groups;
  for (const auto& one : series) {
    const auto rank = std::ranges::find(indicator.order, one.source);
    if (rank == indicator.order.end()) continue;
    std::vector<std::string> codes;
    for (const size_t dimension : dimensions)
      codes.push_back(one.dims[dimension]);
    const auto group = groups.try_emplace(std::move(codes), static_cast<uint32_t>(groups.size())).first->second;
    places_.emplace(one.id, Place{static_cast<uint32_t>(rank - indicator.order.begin()), group,
                                  model::tiles(one.freq, indicator.grain.freq) ? indicator.grain.freq : one.freq});
    ids_.push_back(one.id);
  }
}

const Grouping::Place* Grouping::of(uint32_t series) const {
  const auto found = places_.find(series);
  return found == places_.end() ? nullptr : &found->second;
}

uint64_t Choice::cell_of(const Grouping::Place& place, model::Day day) {
  constexpr int freq_bits = 3;
  const auto group = static_cast<uint64_t>(place.group) << freq_bits | static_cast<uint64_t>(place.freq);
  return group << 32 | static_cast<uint32_t>(model::period_of(day, place.freq).index);
}

Result<void> Choice::look(model::Day first, model::Day last) {
  verdicts_.clear();
  const auto freq = indicator_.grain.freq;
  first = model::period_of(first, freq).first_day();
  last = model::period_of(last, freq).last_day();
  std::unordered_map<uint64_t, Cellmates> cells;
  const auto& ids = grouping_.ids();
  const bool is_sum = indicator_.measure == model::Measure::sum;
  const bool is_set = indicator_.measure == model::Measure::distinct;
  auto read = reader_.cells(ids, first, last, [&](size_t i, const store::DayCell& day) {
    const auto* place = grouping_.of(ids[i]);
    const auto value = is_set ? __int128{0} : is_sum ? day.sum : static_cast<__int128>(day.n);
    cells[cell_of(*place, day.day)][place->source] += value;
  });
  if (!read) return read;
  if (is_set) {
    if (auto counted = count_sets(first, last, cells); !counted) return counted;
  }
  for (auto& [cell, mates] : cells)
    verdicts_.emplace(cell, judge(indicator_.join, mates));
  return {};
}

Result<void> Choice::count_sets(model::Day first, model::Day last, std::unordered_map<uint64_t, Cellmates>& cells) {
  std::map<std::pair<uint64_t, uint32_t>, measure::Union> unions;
  const auto& ids = grouping_.ids();
  auto read = reader_.sets(ids, first, last, [&](size_t i, model::Day day, std::span<const uint32_t> numbers) {
    const auto* place = grouping_.of(ids[i]);
    unions[{cell_of(*place, day), place->source}].add(numbers);
  });
  if (!read) return read;
  for (const auto& [key, one] : unions)
    cells[key.first][key.second] += static_cast<__int128>(one.count());
  return {};
}

Choice::Said Choice::of(uint32_t series, model::Day day) {
  Said out;
  const auto* place = grouping_.of(series);
  if (!place) return out;
  out.cell = cell_of(*place, day);
  const auto found = verdicts_.find(out.cell);
  if (found == verdicts_.end()) return out;
  out.takes = found->second.source == place->source;
  out.differs = found->second.differs;
  return out;
}

} // namespace kepu::query
