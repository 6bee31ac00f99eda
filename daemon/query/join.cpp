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

bool is_judged(const model::Indicator& indicator, const ObservationQuery& query) {
  return indicator.join != model::Join::sum && !query.source && std::ranges::find(query.by, "source") == query.by.end();
}

Grouping::Grouping(const model::Indicator& indicator, const std::vector<store::Series>& series)
    : indicator_(indicator) {
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
  codes_.resize(groups.size());
  for (const auto& [codes, group] : groups)
    codes_[group] = codes;
}

Judged Grouping::judged(const model::Period& period, uint32_t group, const Cellmates& values) const {
  const auto verdict = judge(indicator_.join, values);
  Judged out{period, codes_[group], {}, std::nullopt, verdict.differs};
  for (const auto& [source, value] : values)
    out.said.emplace_back(indicator_.order[source], value);
  if (verdict.source) out.source = indicator_.order[*verdict.source];
  return out;
}

const Grouping::Place* Grouping::of(uint32_t series) const {
  const auto found = places_.find(series);
  return found == places_.end() ? nullptr : &found->second;
}

constexpr int freq_bits = 3;

uint64_t Choice::cell_of(const Grouping::Place& place, model::Day day) {
  const auto group = static_cast<uint64_t>(place.group) << freq_bits | static_cast<uint64_t>(place.freq);
  return group << 32 | static_cast<uint32_t>(model::period_of(day, place.freq).index);
}

Judged Choice::judged(uint64_t cell) const {
  const auto freq = static_cast<model::Freq>(cell >> 32 & ((1u << freq_bits) - 1));
  return grouping_.judged({freq, static_cast<int32_t>(static_cast<uint32_t>(cell))},
                          static_cast<uint32_t>(cell >> (32 + freq_bits)), cells_.at(cell));
}

Result<void> Choice::look(model::Day first, model::Day last) {
  cells_.clear();
  const auto freq = indicator_.grain.freq;
  first = model::period_of(first, freq).first_day();
  last = model::period_of(last, freq).last_day();
  const auto& ids = grouping_.ids();
  const bool is_sum = indicator_.measure == model::Measure::sum;
  const bool is_set = indicator_.measure == model::Measure::distinct;
  auto read = reader_.cells(ids, first, last, [&](size_t i, const store::DayCell& day) {
    const auto* place = grouping_.of(ids[i]);
    const auto value = is_set ? __int128{0} : is_sum ? day.sum : static_cast<__int128>(day.n);
    cells_[cell_of(*place, day.day)][place->source] += value;
  });
  return read && is_set ? count_sets(first, last) : read;
}

Result<void> Choice::count_sets(model::Day first, model::Day last) {
  std::map<std::pair<uint64_t, uint32_t>, measure::Union> unions;
  const auto& ids = grouping_.ids();
  auto read = reader_.sets(ids, first, last, [&](size_t i, model::Day day, std::span<const uint32_t> numbers) {
    const auto* place = grouping_.of(ids[i]);
    unions[{cell_of(*place, day), place->source}].add(numbers);
  });
  if (!read) return read;
  for (const auto& [key, one] : unions)
    cells_[key.first][key.second] += static_cast<__int128>(one.count());
  return {};
}

Choice::Said Choice::of(uint32_t series, model::Day day) const {
  Said out;
  const auto* place = grouping_.of(series);
  if (!place) return out;
  out.cell = cell_of(*place, day);
  const auto found = cells_.find(out.cell);
  if (found == cells_.end()) return out;
  const auto verdict = judge(indicator_.join, found->second);
  out.has_say = true;
  out.takes = verdict.source == place->source;
  out.differs = verdict.differs;
  return out;
}

} // namespace kepu::query
