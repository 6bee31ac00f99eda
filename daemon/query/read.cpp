// Figures that are read from facts: the last value of each teller, and what stands at a moment.
#include "query/figures.hpp"
#include "query/join.hpp"
#include "query/plan.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

namespace kepu::query {
namespace {

class ReadFigures : public Figures {
public:
  ReadFigures(store::Reader& reader, const model::Indicator& indicator, const ObservationQuery& query, Plan plan,
              std::optional<std::pair<model::Day, model::Day>> days)
      : reader_(reader), indicator_(indicator), freq_(query.freq), today_(query.today), plan_(std::move(plan)) {
    // What was said goes on to hold, until now.
    if (days && days->first <= today_) days_.emplace(days->first, today_);
  }
  const std::vector<std::vector<std::string>>& groups() const override { return plan_.groups; }
  std::optional<std::pair<model::Day, model::Day>> days() const override { return days_; }
  int64_t widest() const override {
    return std::max<int64_t>(1, max_window_cells / static_cast<int64_t>(plan_.groups.size()));
  }

protected:
  // The day that each period is judged at: its last, or today. Periods that begin later have none.
  std::vector<model::Day> moments_of(const Window& window) const {
    std::vector<model::Day> out;
    for (int32_t period = window.from; period <= window.to; ++period) {
      if (model::Period{freq_, period}.first_day() <= today_)
        out.push_back(std::min(model::Period{freq_, period}.last_day(), today_));
    }
    return out;
  }

  store::Reader& reader_;
  const model::Indicator& indicator_;
  const model::Freq freq_;
  const model::Day today_;
  const Plan plan_;

private:
  std::optional<std::pair<model::Day, model::Day>> days_;
};

class Standing final : public ReadFigures {
public:
  using ReadFigures::ReadFigures;
  int scale() const override { return 0; }

  Result<std::vector<Observation>> collect(const Window& window) override {
    const auto moments = moments_of(window);
    if (moments.empty()) return std::vector<Observation>();
    std::vector<Change> changes;
    const auto read =
        reader_.readings(indicator_.id, plan_.ids, moments.back(), [&](size_t series, const store::Reading& reading) {
          const auto at = [&](model::Day day) {
            return static_cast<uint32_t>(std::ranges::lower_bound(moments, day) - moments.begin());
          };
          const auto begin = at(reading.first);
          const auto end = at(reading.until);
          if (begin >= end) return;
          const auto flags = static_cast<uint8_t>((reading.approximate ? 1 : 0) | (reading.repaired ? 2 : 0) |
                                                  (reading.provisional ? 4 : 0));
          const auto number = static_cast<uint32_t>(reading.value);
          changes.push_back({plan_.group_of[series], begin, number, flags, 1});
          if (end < moments.size()) changes.push_back({plan_.group_of[series], end, number, flags, -1});
        });
    if (!read) return read.error();
    std::ranges::sort(changes, {}, [](const Change& one) { return std::pair(one.group, one.moment); });
    std::vector<Observation> cells;
    for (auto change = changes.begin(); change != changes.end();) {
      const uint32_t group = change->group;
      Amount amount;
      std::unordered_map<uint32_t, uint32_t> standing; // number -> facts
      for (uint32_t moment = 0; moment < moments.size(); ++moment) {
        for (; change != changes.end() && change->group == group && change->moment == moment; ++change)
          apply(*change, amount, standing);
        if (amount.n == 0) continue;
        amount.value = static_cast<__int128>(standing.size());
        cells.push_back({amount, {freq_, window.from + static_cast<int32_t>(moment)}, group});
      }
    }
    std::sort(cells.begin(), cells.end());
    return cells;
  }

private:
  struct Change { // a fact begins or ceases to stand
    uint32_t group;
    uint32_t moment; // the first that it is so at
    uint32_t number;
    uint8_t flags;
    int8_t sign;
  };

  static void apply(const Change& change, Amount& amount, std::unordered_map<uint32_t, uint32_t>& standing) {
    const auto by = static_cast<uint64_t>(static_cast<int64_t>(change.sign));
    amount.n += by;
    if (change.flags & 1) amount.approximate += by;
    if (change.flags & 2) amount.repaired += by;
    if (change.flags & 4) amount.provisional += by;
    uint32_t& count = standing[change.number];
    count += static_cast<uint32_t>(static_cast<int32_t>(change.sign));
    if (count == 0) standing.erase(change.number);
  }
};

// What one teller said, the last of each day; of all before `first` only the last.
class Values {
public:
  struct One {
    store::Reading reading;
    size_t series; // index into the ids that were read
  };
  void add(size_t series, const store::Reading& reading, model::Day first) {
    const auto day = reading.first < first ? before_all : reading.first;
    const auto [it, added] = days_.try_emplace(day, One{reading, series});
    if (added) return;
    const auto order = [](const store::Reading& one) { return std::tuple(one.first, one.time, one.fact); };
    if (order(reading) > order(it->second.reading)) it->second = {reading, series};
  }
  // The last up to that day; nullptr: none.
  const One* at(model::Day day) const {
    const auto after = days_.upper_bound(day);
    return after == days_.begin() ? nullptr : &std::prev(after)->second;
  }

private:
  static constexpr model::Day before_all = INT32_MIN;
  std::map<model::Day, One> days_;
};
using Tellers = std::map<uint32_t, Values>;

// How old a value may be that counts at a moment of a period.
struct Age {
  model::Day first; // of the period
  model::Day moment;
  int32_t most;
  bool is_of_period(const store::Reading& reading) const { return reading.first >= first; }
  bool is_fresh_enough(const store::Reading& reading) const {
    return is_of_period(reading) || moment - reading.first <= most;
  }
};

// What sources say at the moment, by group of the grain. `all`: ids of the series that were read.
std::map<uint32_t, Cellmates> said_by(const Tellers& tellers, const Grouping& sources, const std::vector<uint32_t>& all,
                                      const Age& age) {
  std::map<uint32_t, Cellmates> out;
  for (const auto& [teller, values] : tellers) {
    const auto* last = values.at(age.moment);
    const auto* place = last ? sources.of(all[last->series]) : nullptr;
    if (place && age.is_fresh_enough(last->reading)) out[place->group][place->source] += last->reading.value;
  }
  return out;
}

std::vector<uint32_t> ids_of(const std::vector<store::Series>& series) {
  std::vector<uint32_t> out;
  for (const auto& one : series)
    out.push_back(one.id);
  return out;
}

class Latest final : public ReadFigures {
public:
  Latest(store::Reader& reader, const model::Catalog& catalog, const model::Indicator& indicator,
         const ObservationQuery& query, Plan plan, const std::vector<store::Series>& series,
         std::optional<std::pair<model::Day, model::Day>> days, std::optional<Grouping> sources)
      : ReadFigures(reader, indicator, query, std::move(plan), days), sources_(std::move(sources)),
        all_(ids_of(series)) {
    for (size_t i = 0; i < plan_.ids.size(); ++i)
      group_of_.emplace(plan_.ids[i], plan_.group_of[i]);
    const auto* dataset = catalog.dataset(indicator.dataset);
    const auto field = dataset ? dataset->field(indicator.field) : std::nullopt;
    if (field) scale_ = dataset->contract.fields[*field].scale;
  }
  int scale() const override { return scale_; }

  Result<std::vector<Observation>> collect(const Window& window) override {
    const auto moments = moments_of(window);
    if (moments.empty()) return std::vector<Observation>();
    Tellers tellers;
    const model::Day first = model::Period{freq_, window.from}.first_day();
    const auto read =
        reader_.readings(indicator_.id, all_, moments.back(), [&](size_t series, const store::Reading& reading) {
          tellers[reading.teller].add(series, reading, first);
        });
    if (!read) return read.error();
    std::vector<Observation> cells;
    for (size_t i = 0; i < moments.size(); ++i) {
      const auto period = window.from + static_cast<int32_t>(i);
      choose(tellers, period, moments[i]);
      std::vector<Amount> amounts(plan_.groups.size());
      for (const auto& [teller, values] : tellers) {
        const auto* last = values.at(moments[i]);
        const auto group = last ? group_of_.find(all_[last->series]) : group_of_.end();
        if (group != group_of_.end()) add(amounts[group->second], *last, period, moments[i]);
      }
      for (size_t group = 0; group < amounts.size(); ++group) {
        if (amounts[group].n > 0 || amounts[group].differing > 0)
          cells.push_back({amounts[group], {freq_, period}, static_cast<uint32_t>(group)});
      }
      told_.clear();
    }
    return cells;
  }

private:
  void choose(const Tellers& tellers, int32_t period, model::Day moment) {
    verdicts_.clear();
    if (!sources_) return;
    for (const auto& [group, mates] : said_by(tellers, *sources_, all_, age_at(period, moment)))
      verdicts_.emplace(group, judge(indicator_.join, mates));
  }
  Age age_at(int32_t period, model::Day moment) const {
    return {model::Period{freq_, period}.first_day(), moment, indicator_.max_age};
  }

  void add(Amount& amount, const Values::One& last, int32_t period, model::Day moment) {
    const auto age = age_at(period, moment);
    if (sources_) {
      const auto* place = sources_->of(all_[last.series]);
      if (!place) return; // it has no say
      const auto verdict = verdicts_.find(place->group);
      const bool is_first = told_.emplace(&amount, place->group).second;
      if (verdict == verdicts_.end()) { // no source has a value that is fresh enough
        if (is_first) ++amount.missing;
        return;
      }
      if (verdict->second.differs && is_first) {
        ++amount.differing;
        if (indicator_.join == model::Join::compare) amount.is_known = false;
      }
      if (verdict->second.source != place->source) return;
    }
    if (!age.is_fresh_enough(last.reading)) {
      ++amount.missing;
      return;
    }
    amount.value += last.reading.value;
    if (!age.is_of_period(last.reading)) ++amount.carried;
    ++amount.n;
    amount.approximate += last.reading.approximate;
    amount.repaired += last.reading.repaired;
    amount.provisional += last.reading.provisional;
  }

  std::optional<Grouping> sources_;
  const std::vector<uint32_t> all_;                   // series: a teller may have moved out of those that are asked
  std::unordered_map<uint32_t, uint32_t> group_of_;   // of the series that are asked
  std::map<uint32_t, Verdict> verdicts_;              // of the period in work, by group of the grain
  std::set<std::pair<const Amount*, uint32_t>> told_; // groups of the grain that a figure has counted already
  int scale_ = 0;
};

} // namespace

Result<std::unique_ptr<Figures>> read_figures(store::Reader& reader, const model::Catalog& catalog,
                                              const model::Indicator& indicator, const ObservationQuery& query) {
  auto begun = planned(reader, catalog, indicator, query);
  if (!begun) return begun.error();
  if (indicator.measure == model::Measure::standing)
    return std::unique_ptr<Figures>(
        std::make_unique<Standing>(reader, indicator, query, std::move(begun->plan), begun->days));
  std::optional<Grouping> sources;
  if (is_judged(indicator, query)) sources.emplace(indicator, begun->series);
  return std::unique_ptr<Figures>(std::make_unique<Latest>(reader, catalog, indicator, query, std::move(begun->plan),
                                                           begun->series, begun->days, std::move(sources)));
}

Result<ReadFacts> read_facts(store::Reader& reader, const model::Catalog& catalog, const model::Indicator& indicator,
                             const ObservationQuery& query) {
  const auto series = reader.series(indicator.id);
  if (!series) return series.error();
  const auto planned = plan(catalog, indicator, query, *series);
  if (!planned) return planned.error();
  const auto period = query.to.value();
  const Age age{period.first_day(), std::min(period.last_day(), query.today), indicator.max_age};
  ReadFacts out;
  if (age.first > query.today) return out;
  const auto all = ids_of(*series);
  const std::set<uint32_t> asked(planned->ids.begin(), planned->ids.end());
  Tellers tellers;
  const auto read = reader.readings(indicator.id, all, age.moment, [&](size_t at, const store::Reading& reading) {
    if (indicator.measure == model::Measure::latest) {
      tellers[reading.teller].add(at, reading, age.first);
    } else if (reading.until > age.moment && asked.contains(all[at])) {
      out.counted.push_back(reading.fact);
    }
  });
  if (!read) return read.error();
  std::optional<Grouping> sources;
  std::map<uint32_t, Cellmates> said;
  std::map<uint32_t, Judged> met; // cells of the grain, by group
  if (is_judged(indicator, query)) {
    sources.emplace(indicator, *series);
    said = said_by(tellers, *sources, all, age);
  }
  for (const auto& [teller, values] : tellers) {
    const auto* last = values.at(age.moment);
    if (!last || !asked.contains(all[last->series]) || !age.is_fresh_enough(last->reading)) continue;
    bool counts = true;
    if (sources) {
      const auto* place = sources->of(all[last->series]);
      if (place) met.try_emplace(place->group, sources->judged(period, place->group, said.at(place->group)));
      counts = place && judge(indicator.join, said.at(place->group)).source == place->source;
    }
    if (counts) {
      out.counted.push_back(last->reading.fact);
    } else {
      ++out.left_out;
    }
  }
  for (auto& [group, cell] : met)
    out.cells.push_back(std::move(cell));
  std::ranges::sort(out.counted);
  return out;
}

} // namespace kepu::query
