// Figures that are read from facts: the last value of each series, and what stands at a moment.
#include "measure/fact_set.hpp"
#include "query/figures.hpp"
#include "query/join.hpp"
#include "query/plan.hpp"

#include <algorithm>
#include <tuple>

namespace kepu::query {
namespace {

void add_flags(Amount& amount, const store::Reading& reading) {
  ++amount.n;
  amount.approximate += reading.approximate;
  amount.repaired += reading.repaired;
  amount.provisional += reading.provisional;
}

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
  int64_t widest() const override {
    constexpr int64_t most_sets = 20'000;
    return std::clamp<int64_t>(most_sets / static_cast<int64_t>(plan_.groups.size()), 1, max_window_sets);
  }

  Result<std::vector<Cell>> collect(const Window& window) override {
    const auto moments = moments_of(window);
    if (moments.empty()) return std::vector<Cell>();
    struct Open {
      Amount amount;
      measure::Union values;
    };
    std::vector<Open> open(moments.size() * plan_.groups.size());
    const auto read =
        reader_.readings(indicator_.id, plan_.ids, moments.back(), [&](size_t series, const store::Reading& reading) {
          const auto begin = std::ranges::lower_bound(moments, reading.first) - moments.begin();
          const auto end = std::ranges::lower_bound(moments, reading.until) - moments.begin();
          const auto number = static_cast<uint32_t>(reading.value);
          for (auto i = begin; i < end; ++i) {
            auto& cell = open[static_cast<size_t>(i) * plan_.groups.size() + plan_.group_of[series]];
            cell.values.add(std::span(&number, 1));
            add_flags(cell.amount, reading);
          }
        });
    if (!read) return read.error();
    std::vector<Cell> cells;
    for (size_t i = 0; i < open.size(); ++i) {
      if (open[i].amount.n == 0) continue;
      open[i].amount.value = static_cast<__int128>(open[i].values.count());
      cells.push_back({window.from + static_cast<int32_t>(i / plan_.groups.size()),
                       static_cast<uint32_t>(i % plan_.groups.size()), open[i].amount});
    }
    return cells;
  }
};

// What one series said, the last of each day; of all before `first` only the last.
class Values {
public:
  void add(const store::Reading& reading, model::Day first) {
    const auto day = reading.first < first ? before_all : reading.first;
    const auto [it, added] = days_.try_emplace(day, reading);
    if (added) return;
    const auto order = [](const store::Reading& one) { return std::tuple(one.first, one.time, one.fact); };
    if (order(reading) > order(it->second)) it->second = reading;
  }
  // The last up to that day; nullptr: none.
  const store::Reading* at(model::Day day) const {
    const auto after = days_.upper_bound(day);
    return after == days_.begin() ? nullptr : &std::prev(after)->second;
  }

private:
  static constexpr model::Day before_all = INT32_MIN;
  std::map<model::Day, store::Reading> days_;
};

class Latest final : public ReadFigures {
public:
  Latest(store::Reader& reader, const model::Catalog& catalog, const model::Indicator& indicator,
         const ObservationQuery& query, Plan plan, std::optional<std::pair<model::Day, model::Day>> days,
         std::optional<Grouping> sources)
      : ReadFigures(reader, indicator, query, std::move(plan), days), sources_(std::move(sources)) {
    const auto* dataset = catalog.dataset(indicator.dataset);
    const auto field = dataset ? dataset->field(indicator.field) : std::nullopt;
    if (field) scale_ = dataset->contract.fields[*field].scale;
  }
  int scale() const override { return scale_; }
  int64_t widest() const override {
    return std::max<int64_t>(1, max_window_cells / static_cast<int64_t>(plan_.groups.size()));
  }

  Result<std::vector<Cell>> collect(const Window& window) override {
    const auto moments = moments_of(window);
    if (moments.empty()) return std::vector<Cell>();
    // All that a choice between sources looks at, beside what is asked.
    std::vector<uint32_t> ids = plan_.ids;
    if (sources_) {
      for (const auto id : sources_->ids()) {
        if (std::ranges::find(plan_.ids, id) == plan_.ids.end()) ids.push_back(id);
      }
    }
    std::vector<Values> values(ids.size());
    const model::Day first = model::Period{freq_, window.from}.first_day();
    const auto read =
        reader_.readings(indicator_.id, ids, moments.back(),
                         [&](size_t series, const store::Reading& reading) { values[series].add(reading, first); });
    if (!read) return read.error();
    std::vector<Cell> cells;
    for (size_t i = 0; i < moments.size(); ++i) {
      const auto period = window.from + static_cast<int32_t>(i);
      choose(ids, values, period, moments[i]);
      std::vector<Amount> amounts(plan_.groups.size());
      for (size_t series = 0; series < plan_.ids.size(); ++series)
        add(amounts[plan_.group_of[series]], plan_.ids[series], values[series], period, moments[i]);
      for (size_t group = 0; group < amounts.size(); ++group) {
        if (amounts[group].n > 0 || amounts[group].differing > 0)
          cells.push_back({period, static_cast<uint32_t>(group), amounts[group]});
      }
      differing_.clear();
    }
    return cells;
  }

private:
  bool is_fresh_enough(const store::Reading& reading, int32_t period, model::Day moment) const {
    return is_of(reading, period) || moment - reading.first <= indicator_.max_age;
  }
  bool is_of(const store::Reading& reading, int32_t period) const {
    return reading.first >= model::Period{freq_, period}.first_day();
  }

  void choose(const std::vector<uint32_t>& ids, const std::vector<Values>& values, int32_t period, model::Day moment) {
    verdicts_.clear();
    if (!sources_) return;
    std::map<uint32_t, Cellmates> groups;
    for (size_t series = 0; series < ids.size(); ++series) {
      const auto* place = sources_->of(ids[series]);
      const auto* reading = place ? values[series].at(moment) : nullptr;
      if (reading && is_fresh_enough(*reading, period, moment)) groups[place->group].add(place->source, reading->value);
    }
    for (auto& [group, mates] : groups)
      verdicts_.emplace(group, judge(indicator_.join, mates.values()));
  }

  void add(Amount& amount, uint32_t series, const Values& values, int32_t period, model::Day moment) {
    const auto* reading = values.at(moment);
    if (!reading) return;
    if (sources_) {
      const auto* place = sources_->of(series);
      const auto verdict = place ? verdicts_.find(place->group) : verdicts_.end();
      if (verdict == verdicts_.end()) return;
      if (verdict->second.differs && differing_.emplace(&amount, place->group).second) {
        ++amount.differing;
        if (indicator_.join == model::Join::compare) amount.is_known = false;
      }
      if (verdict->second.source != place->source) return;
    }
    if (!is_fresh_enough(*reading, period, moment)) {
      ++amount.missing;
      return;
    }
    amount.value += reading->value;
    if (!is_of(*reading, period)) ++amount.carried;
    add_flags(amount, *reading);
  }

  std::optional<Grouping> sources_;
  std::map<uint32_t, Verdict> verdicts_;                   // of the period in work, by group of the grain
  std::set<std::pair<const Amount*, uint32_t>> differing_; // counted already
  int scale_ = 0;
};

} // namespace

Result<std::unique_ptr<Figures>> read_figures(store::Reader& reader, const model::Catalog& catalog,
                                              const model::Indicator& indicator, const ObservationQuery& query) {
  const auto series = reader.series(indicator.id);
  if (!series) return series.error();
  auto planned = plan(catalog, indicator, query, *series);
  if (!planned) return planned.error();
  auto days = reader.extent(indicator.id);
  if (!days) return days.error();
  if (indicator.measure == model::Measure::standing)
    return std::unique_ptr<Figures>(std::make_unique<Standing>(reader, indicator, query, std::move(*planned), *days));
  std::optional<Grouping> sources;
  if (indicator.join != model::Join::sum && !query.source && std::ranges::find(query.by, source_word) == query.by.end())
    sources.emplace(indicator, *series);
  return std::unique_ptr<Figures>(
      std::make_unique<Latest>(reader, catalog, indicator, query, std::move(*planned), *days, std::move(sources)));
}

Result<std::vector<uint64_t>> read_facts(store::Reader& reader, const model::Catalog& catalog,
                                         const model::Indicator& indicator, const ObservationQuery& query) {
  const auto series = reader.series(indicator.id);
  if (!series) return series.error();
  const auto planned = plan(catalog, indicator, query, *series);
  if (!planned) return planned.error();
  const auto period = query.to.value();
  const auto moment = std::min(period.last_day(), query.today);
  std::vector<uint64_t> out;
  if (period.first_day() > query.today) return out;
  std::vector<Values> values(planned->ids.size());
  const auto read = reader.readings(indicator.id, planned->ids, moment, [&](size_t at, const store::Reading& reading) {
    if (indicator.measure == model::Measure::latest) {
      values[at].add(reading, period.first_day());
    } else if (reading.until > moment) {
      out.push_back(reading.fact);
    }
  });
  if (!read) return read.error();
  for (const auto& one : values) {
    const auto* reading = one.at(moment);
    if (reading && (reading->first >= period.first_day() || moment - reading->first <= indicator.max_age))
      out.push_back(reading->fact);
  }
  std::ranges::sort(out);
  return out;
}

} // namespace kepu::query
