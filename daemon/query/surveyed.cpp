// Figures of surveys: rates estimated from microdata, each as a domain of the whole sample of its period.
#include "query/figures.hpp"
#include "query/plan.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

namespace kepu::query {
namespace {

constexpr int rate_scale = 4; // decimals of a percentage; an interval is wider than that by far
constexpr double rate_unit = 1e4;

// A row of a sample, held.
struct Held {
  int32_t period = 0; // of the asked frequency
  uint32_t source = 0;
  std::string key;
  store::Respondent row; // without what it borrows
};

// The rows of one source in one period, by key: one sample.
using Sample = std::span<const Held>;

// All samples of an indicator, by period and source.
class Samples {
public:
  static Result<Samples> read(store::Reader& reader, const model::Indicator& indicator, const ObservationQuery& query) {
    Samples out;
    std::map<std::string, uint32_t, std::less<>> numbers;
    std::map<std::pair<model::Period, int64_t>, int64_t> strata;
    const auto read = reader.respondents(indicator.id, [&](const store::Respondent& row) {
      if (query.source && row.source != *query.source) return;
      if (!model::tiles(row.period.freq, query.freq)) return;
      if (query.until && row.period.last_day() > *query.until) return;
      auto number = numbers.find(row.source);
      if (number == numbers.end()) {
        number = numbers.emplace(row.source, static_cast<uint32_t>(out.sources_.size())).first;
        out.sources_.emplace_back(row.source);
      }
      auto& held = out.rows_.emplace_back(
          Held{model::period_of(row.period.first_day(), query.freq).index, number->second, std::string(row.key), row});
      held.row.source = held.row.key = {};
      // What tells whole periods is a wave of its own for each: strata of two waves are drawn apart.
      const auto wave = row.period.freq == model::Freq::day ? model::Period{} : row.period;
      held.row.stratum = strata.try_emplace({wave, row.stratum}, static_cast<int64_t>(strata.size())).first->second;
    });
    if (!read) return read.error();
    std::ranges::sort(out.rows_, {}, [](const Held& one) { return std::tie(one.period, one.source, one.key); });
    return out;
  }

  const std::string& source(const Sample& sample) const { return sources_[sample.front().source]; }
  // Of each period up to that one, ascending, its samples.
  void each_period(int32_t last, const std::function<void(int32_t, const std::vector<Sample>&)>& visit) const {
    std::vector<Sample> samples;
    for (size_t begin = 0; begin < rows_.size() && rows_[begin].period <= last;) {
      const auto& first = rows_[begin];
      size_t end = begin;
      while (end < rows_.size() && rows_[end].period == first.period && rows_[end].source == first.source)
        ++end;
      samples.emplace_back(rows_.data() + begin, end - begin);
      if (end == rows_.size() || rows_[end].period != first.period) {
        visit(first.period, samples);
        samples.clear();
      }
      begin = end;
    }
  }

private:
  std::vector<Held> rows_;
  std::vector<std::string> sources_;
};

// Those of its rows that a figure is about.
struct Domain {
  std::vector<uint32_t> rows;  // numbers in the sample
  std::vector<double> values;  // 1: reaches the cut
  std::optional<size_t> epoch; // nullopt: of several
};

Result<measure::Survey> design_of(const Sample& sample) {
  std::vector<measure::Sampled> rows;
  rows.reserve(sample.size());
  for (const auto& [period, source, key, row] : sample)
    rows.push_back({row.weight, row.stratum, row.cluster, row.population});
  return measure::Survey::make(rows);
}

void put(Amount& amount, const measure::SurveyEstimate& estimate) {
  amount.is_known = std::isfinite(estimate.estimate);
  if (!amount.is_known) return; // nobody has a weight
  amount.survey = std::make_shared<const measure::SurveyEstimate>(estimate);
  amount.value = std::llround(estimate.estimate * rate_unit);
}

void count(Amount& amount, const store::Respondent& row) {
  ++amount.n;
  amount.approximate += row.approximate;
  amount.repaired += row.repaired;
  amount.provisional += row.provisional;
}

// Which samples of a period speak. Samples are never pooled: without a preference, two of them say nothing.
class Rule {
public:
  Rule(const model::Indicator& indicator, const ObservationQuery& query)
      : indicator_(indicator),
        is_by_source_(query.source || std::ranges::find(query.by, source_word) != query.by.end()) {}

  // By source each speaks for itself; else the one that is preferred, or the only one; else none.
  bool speaks(const Samples& all, const std::vector<Sample>& asked, const Sample& sample) const {
    if (is_by_source_) return true;
    const auto having = with_say(all, asked);
    if (indicator_.join == model::Join::prefer) return !having.empty() && having.front().data() == sample.data();
    return having.size() == 1 && having.front().data() == sample.data();
  }
  // Samples with rows that count, the best first; of a preference, only those that it names.
  std::vector<Sample> with_say(const Samples& all, const std::vector<Sample>& asked) const {
    std::vector<Sample> out;
    for (const auto& sample : asked) {
      const bool counts = std::ranges::any_of(sample, [](const Held& one) { return one.row.series.has_value(); });
      if (counts && (indicator_.join == model::Join::sum || rank(all.source(sample)) < indicator_.order.size()))
        out.push_back(sample);
    }
    if (indicator_.join != model::Join::sum)
      std::ranges::sort(out, {}, [&](const Sample& sample) { return rank(all.source(sample)); });
    return out;
  }
  bool is_undecided(const Samples& all, const std::vector<Sample>& asked) const {
    return !is_by_source_ && indicator_.join == model::Join::sum && with_say(all, asked).size() > 1;
  }

private:
  size_t rank(const std::string& source) const {
    return static_cast<size_t>(std::ranges::find(indicator_.order, source) - indicator_.order.begin());
  }

  const model::Indicator& indicator_;
  const bool is_by_source_;
};

class Surveyed final : public Figures {
public:
  Surveyed(Plan plan, std::optional<std::pair<model::Day, model::Day>> days, Samples samples, Rule rule,
           model::Freq freq)
      : plan_(std::move(plan)), days_(days), samples_(std::move(samples)), rule_(rule), freq_(freq) {
    for (size_t i = 0; i < plan_.ids.size(); ++i)
      group_of_.emplace(plan_.ids[i], plan_.group_of[i]);
  }
  const std::vector<std::vector<std::string>>& groups() const override { return plan_.groups; }
  std::optional<std::pair<model::Day, model::Day>> days() const override { return days_; }
  int64_t widest() const override {
    return std::max<int64_t>(1, max_window_cells / static_cast<int64_t>(plan_.groups.size()));
  }
  int scale() const override { return rate_scale; }

  Result<std::vector<Observation>> collect(const Window& window) override {
    std::vector<Observation> out;
    std::map<uint32_t, std::optional<size_t>> last_epochs; // by group; nullopt: of several
    std::optional<Error> failed;
    samples_.each_period(window.to, [&](int32_t period, const std::vector<Sample>& asked) {
      if (failed) return;
      const bool is_asked = period >= window.from;
      std::map<uint32_t, Amount> amounts;
      std::map<uint32_t, std::optional<size_t>> epochs; // by group
      for (const auto& sample : asked) {
        const auto domains = domains_of(sample);
        const bool speaks = rule_.speaks(samples_, asked, sample);
        if (!speaks && !rule_.is_undecided(samples_, asked)) continue;
        std::optional<measure::Survey> design;
        for (const auto& [group, domain] : domains) {
          auto& amount = amounts[group];
          for (const auto row : domain.rows)
            count(amount, sample[row].row);
          auto& epoch = epochs.try_emplace(group, domain.epoch).first->second;
          if (epoch != domain.epoch) epoch.reset();
          amount.differing = speaks ? 0 : 1;
          amount.is_known = speaks && epoch;
          if (!is_asked || !amount.is_known) continue;
          if (!design) {
            auto made = design_of(sample);
            if (!made) {
              failed = made.error();
              return;
            }
            design = std::move(*made);
          }
          put(amount, design->rate(domain.rows, domain.values));
        }
      }
      for (auto& [group, amount] : amounts) {
        const auto epoch = epochs.at(group);
        const auto [last, is_first] = last_epochs.try_emplace(group, epoch);
        amount.is_break = !epoch || (!is_first && last->second != epoch);
        last->second = epoch;
        if (is_asked) out.push_back({amount, {freq_, period}, group});
      }
    });
    if (failed) return *failed;
    return out;
  }

  // What makes the figure of a period, of the only group there is.
  Result<ReadFacts> facts(const model::Indicator& indicator, const model::Period& asked_period) const {
    ReadFacts out;
    Judged cell{asked_period, {}, {}, std::nullopt, false};
    std::optional<Error> failed;
    samples_.each_period(asked_period.index, [&](int32_t period, const std::vector<Sample>& asked) {
      if (period != asked_period.index) return;
      for (const auto& sample : asked) {
        const auto domains = domains_of(sample);
        if (domains.empty()) continue;
        const auto& rows = domains.begin()->second.rows;
        if (!rule_.speaks(samples_, asked, sample)) {
          out.left_out += rows.size();
          continue;
        }
        for (const auto row : rows)
          out.counted.push_back(sample[row].row.fact);
      }
      if (indicator.join == model::Join::sum) return;
      for (const auto& sample : rule_.with_say(samples_, asked)) {
        const auto domains = domains_of(sample);
        auto design = design_of(sample);
        if (!design) {
          failed = design.error();
          return;
        }
        Amount said;
        if (!domains.empty()) put(said, design->rate(domains.begin()->second.rows, domains.begin()->second.values));
        if (said.survey) cell.said.emplace_back(samples_.source(sample), said.value);
        if (rule_.speaks(samples_, asked, sample)) cell.source = samples_.source(sample);
      }
    });
    if (failed) return *failed;
    cell.differs = std::ranges::any_of(cell.said, [&](const auto& one) { return one.second != cell.said[0].second; });
    if (!cell.said.empty()) out.cells.push_back(std::move(cell));
    std::ranges::sort(out.counted);
    return out;
  }

private:
  // By group.
  std::map<uint32_t, Domain> domains_of(const Sample& sample) const {
    std::map<uint32_t, Domain> out;
    for (uint32_t i = 0; i < sample.size(); ++i) {
      const auto& row = sample[i].row;
      const auto group = row.series ? group_of_.find(*row.series) : group_of_.end();
      if (group == group_of_.end()) continue;
      auto& domain = out[group->second];
      if (domain.rows.empty()) domain.epoch = row.epoch;
      if (domain.epoch != row.epoch) domain.epoch.reset();
      domain.rows.push_back(i);
      domain.values.push_back(row.reaches_cut ? 1 : 0);
    }
    return out;
  }

  const Plan plan_;
  const std::optional<std::pair<model::Day, model::Day>> days_;
  const Samples samples_;
  const Rule rule_;
  const model::Freq freq_;
  std::unordered_map<uint32_t, uint32_t> group_of_; // of the series that are asked
};

Result<std::unique_ptr<Surveyed>> surveyed(store::Reader& reader, const model::Catalog& catalog,
                                           const model::Indicator& indicator, const ObservationQuery& query) {
  auto begun = planned(reader, catalog, indicator, query);
  if (!begun) return begun.error();
  auto samples = Samples::read(reader, indicator, query);
  if (!samples) return samples.error();
  return std::make_unique<Surveyed>(std::move(begun->plan), begun->days, std::move(*samples), Rule(indicator, query),
                                    query.freq);
}

} // namespace

Result<std::unique_ptr<Figures>> survey_figures(store::Reader& reader, const model::Catalog& catalog,
                                                const model::Indicator& indicator, const ObservationQuery& query) {
  auto made = surveyed(reader, catalog, indicator, query);
  if (!made) return made.error();
  return std::unique_ptr<Figures>(std::move(*made));
}

Result<ReadFacts> survey_facts(store::Reader& reader, const model::Catalog& catalog, const model::Indicator& indicator,
                               const ObservationQuery& query) {
  const auto made = surveyed(reader, catalog, indicator, query);
  if (!made) return made.error();
  return (*made)->facts(indicator, query.to.value());
}

} // namespace kepu::query
