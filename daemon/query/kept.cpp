// Figures that are kept by day: counts and sums add up, distinct values are united.
#include "measure/fact_set.hpp"
#include "query/figures.hpp"
#include "query/join.hpp"
#include "query/plan.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string_view>
#include <unordered_map>

namespace kepu::query {
namespace {

Error unknown_before(const store::Frozen& lost, const model::Indicator& indicator) {
  const auto day = model::day_text(lost.before);
  return fail("history_horizon", "the facts of " + lost.source + " from before " + day + " were given up before " +
                                     indicator.id +
                                     " was defined as it is now, so earlier figures are not known; ask days from " +
                                     day + " on, or as_of a moment before the definition changed");
}

class KeptFigures final : public Figures {
public:
  KeptFigures(store::Reader& reader, const model::Catalog& catalog, const model::Indicator& indicator,
              const ObservationQuery& query, Planned planned, std::vector<store::Frozen> lost,
              std::optional<Choice> choice)
      : reader_(reader), indicator_(indicator), plan_(std::move(planned.plan)), freq_(query.freq), until_(query.until),
        days_(planned.days), lost_(std::move(lost)), choice_(std::move(choice)) {
    std::unordered_map<std::string_view, model::Day> before; // by source
    for (const auto& one : planned.frozen)
      before.emplace(one.source, one.before);
    std::unordered_map<uint32_t, model::Day> of_series;
    for (const auto& one : planned.series) {
      if (until_) freq_of_.emplace(one.id, one.freq);
      const auto found = before.find(one.source);
      if (found != before.end()) of_series.emplace(one.id, found->second);
    }
    for (const auto id : plan_.ids) {
      const auto found = of_series.find(id);
      frozen_before_.push_back(found == of_series.end() ? INT32_MIN : found->second);
    }
    const auto* dataset = catalog.dataset(indicator.dataset);
    const auto field = dataset ? dataset->field(indicator.field) : std::nullopt;
    if (indicator.measure == model::Measure::sum && field) scale_ = dataset->contract.fields[*field].scale;
  }

  const std::vector<std::vector<std::string>>& groups() const override { return plan_.groups; }
  std::optional<std::pair<model::Day, model::Day>> days() const override { return days_; }
  int scale() const override { return scale_; }

  int64_t widest() const override {
    const auto most = std::max<int64_t>(1, max_window_cells / static_cast<int64_t>(plan_.groups.size()));
    return is_set() ? std::min(most, max_window_sets) : most;
  }

  Result<std::vector<Observation>> collect(const Window& asked) override {
    Window window = asked;
    if (until_) window.last_day = std::min(window.last_day, *until_);
    cells_.clear();
    for (const auto& one : lost_) {
      // The window begins with the first figure that is known, perhaps within a period that lacks earlier ones.
      if (model::Period{freq_, window.from}.first_day() < one.before) return unknown_before(one, indicator_);
    }
    if (choice_) {
      if (auto looked = choice_->look(window.first_day, window.last_day); !looked) return looked.error();
    }
    const auto sums = add_up(window);
    if (!sums) return sums.error();
    if (is_set() && !cells_.empty()) {
      const auto unions = unite(window);
      if (!unions) return unions.error();
    }
    order_by_period(window);
    return std::move(cells_);
  }

private:
  // Whether the period that the series tells of on that day is over on the last day that counts.
  bool is_over(size_t series, model::Day day) const {
    if (!until_) return true;
    const auto freq = freq_of_.at(plan_.ids[series]);
    return freq == model::Freq::day || model::period_of(day, freq).last_day() <= *until_;
  }

  bool is_set() const { return indicator_.measure == model::Measure::distinct; }

  // The row of the open group and that period.
  Observation& row_of(size_t at) {
    if (open_[at] == none) {
      open_[at] = static_cast<uint32_t>(cells_.size());
      cells_.push_back({{}, {freq_, from_ + static_cast<int32_t>(at)}, group_});
    }
    return cells_[open_[at]];
  }

  // Whether the cell counts; one in which sources differ is noted once for each figure that it belongs to.
  bool takes(size_t series, model::Day day, size_t at) {
    if (!choice_) return true;
    const auto said = choice_->of(plan_.ids[series], day);
    if (said.differs && differing_.emplace(at, said.cell).second) {
      auto& row = row_of(at);
      ++row.differing;
      if (indicator_.join == model::Join::compare) row.is_known = false;
    }
    return said.takes;
  }

  Result<void> add_up(const Window& window) {
    const auto periods = static_cast<size_t>(window.to - window.from) + 1;
    cells_.reserve(periods * plan_.groups.size());
    open_.assign(periods, none);
    differing_.clear();
    from_ = window.from;
    group_ = 0;
    const bool is_sum = indicator_.measure == model::Measure::sum;
    PeriodOf period_of(freq_);
    return reader_.cells(plan_.ids, window.first_day, window.last_day, [&](size_t series, const store::DayCell& day) {
      if (plan_.group_of[series] != group_) {
        std::ranges::fill(open_, none);
        differing_.clear();
        group_ = plan_.group_of[series];
      }
      const auto at = static_cast<size_t>(period_of(day.day) - window.from);
      if (!is_over(series, day.day)) return;
      if (!takes(series, day.day, at)) return;
      auto& row = row_of(at);
      row.is_frozen = row.is_frozen || day.day < frozen_before_[series];
      row.n += day.n;
      row.value += is_sum ? day.sum : static_cast<__int128>(day.n);
      row.approximate += day.approximate;
      row.repaired += day.repaired;
      row.provisional += day.provisional;
    });
  }

  // What was collected by group is put in the order of rows, in place: each goes where those of its period begin.
  void order_by_period(const Window& window) {
    std::vector<uint32_t> begin(static_cast<size_t>(window.to - window.from) + 2);
    for (const auto& cell : cells_)
      ++begin[static_cast<size_t>(cell.period.index - window.from) + 1];
    std::partial_sum(begin.begin(), begin.end(), begin.begin());
    std::vector<uint32_t> place;
    place.reserve(cells_.size());
    for (const auto& cell : cells_)
      place.push_back(begin[static_cast<size_t>(cell.period.index - window.from)]++);
    for (uint32_t i = 0; i < place.size(); ++i) {
      while (place[i] != i) {
        const auto to = place[i];
        std::swap(cells_[i], cells_[to]);
        std::swap(place[i], place[to]);
      }
    }
  }

  // Values of distinct: the rows lie by group, and the sets come by group too.
  Result<void> unite(const Window& window) {
    std::vector<measure::Union> unions(static_cast<size_t>(window.to - window.from) + 1);
    std::vector<bool> used(unions.size());
    size_t next = 0; // first cell of groups not closed yet
    uint32_t group = 0;
    auto close = [&] {
      for (; next < cells_.size() && cells_[next].group <= group; ++next) {
        auto& cell = cells_[next];
        const auto at = static_cast<size_t>(cell.period.index - window.from);
        cell.value = cell.group == group && used[at] ? static_cast<__int128>(unions[at].count()) : 0;
      }
      for (size_t i = 0; i < unions.size(); ++i) {
        if (used[i]) unions[i] = measure::Union{};
        used[i] = false;
      }
    };
    PeriodOf period_of(freq_);
    const auto read = reader_.sets(plan_.ids, window.first_day, window.last_day,
                                   [&](size_t series, model::Day day, std::span<const uint32_t> numbers) {
                                     if (plan_.group_of[series] != group) {
                                       close();
                                       group = plan_.group_of[series];
                                     }
                                     if (!is_over(series, day)) return;
                                     if (choice_ && !choice_->of(plan_.ids[series], day).takes) return;
                                     const auto at = static_cast<size_t>(period_of(day) - window.from);
                                     unions[at].add(numbers);
                                     used[at] = true;
                                   });
    close();
    return read;
  }

  store::Reader& reader_;
  const model::Indicator& indicator_;
  const Plan plan_;
  const model::Freq freq_;
  const std::optional<model::Day> until_;
  std::unordered_map<uint32_t, model::Freq> freq_of_; // of series, where until_ is given
  const std::optional<std::pair<model::Day, model::Day>> days_;
  const std::vector<store::Frozen> lost_; // sources that earlier figures lack
  std::vector<model::Day> frozen_before_; // parallel to the plan's series
  std::optional<Choice> choice_;
  int scale_ = 0;
  // The window that is collected. Its rows lie by group, those of one in the order in which its periods came.
  std::vector<Observation> cells_;
  int32_t from_ = 0;
  uint32_t group_ = 0; // the open one
  static constexpr uint32_t none = std::numeric_limits<uint32_t>::max();
  std::vector<uint32_t> open_;                      // of it, the row of each period
  std::set<std::pair<size_t, uint64_t>> differing_; // of it: period, and cell of the grain
};

} // namespace

Result<std::unique_ptr<Figures>> kept_figures(store::Reader& reader, const model::Catalog& catalog,
                                              const model::Indicator& indicator, const ObservationQuery& query) {
  auto begun = planned(reader, catalog, indicator, query);
  if (!begun) return begun.error();
  std::optional<Choice> choice;
  if (is_judged(indicator, query)) choice.emplace(reader, indicator, begun->series);
  std::vector<store::Frozen> lost;
  for (const auto& one : begun->frozen) {
    if (!one.is_lost || (query.source && *query.source != one.source)) continue;
    if (query.from && query.from->first_day() < one.before) return unknown_before(one, indicator);
    lost.push_back(one);
  }
  return std::unique_ptr<Figures>(std::make_unique<KeptFigures>(reader, catalog, indicator, query, std::move(*begun),
                                                                std::move(lost), std::move(choice)));
}

} // namespace kepu::query
