// Figures that are made of other indicators' figures: ratios, and what entries of a register meet.
#include "query/entries.hpp"
#include "query/figures.hpp"
#include "query/plan.hpp"
#include "query/quotient.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace kepu::query {
namespace {

using Days = std::optional<std::pair<model::Day, model::Day>>;

Days joined(const Days& a, const Days& b) {
  if (!a || !b) return a ? a : b;
  return std::pair(std::min(a->first, b->first), std::max(a->second, b->second));
}

constexpr int ratio_scale = 6; // decimals of ratios and percents
constexpr int hundred = 2;     // of a percent, as a power of ten

__int128 power(int exponent) {
  __int128 out = 1;
  for (; exponent > 0; --exponent)
    out *= 10;
  return out;
}

bool is_percent(const model::Catalog& catalog, const model::Indicator& indicator) {
  const auto* unit = catalog.unit(indicator.unit);
  return unit && unit->quantity == "percent";
}

void add_facts(Amount& to, const Amount& from) {
  to.n += from.n;
  to.approximate += from.approximate;
  to.repaired += from.repaired;
  to.provisional += from.provisional;
  to.carried += from.carried;
  to.missing += from.missing;
  to.differing += from.differing;
  to.is_frozen = to.is_frozen || from.is_frozen;
  to.is_known = to.is_known && from.is_known;
}

class Ratio final : public Figures {
public:
  Ratio(model::Freq freq, std::unique_ptr<Figures> numerator, std::unique_ptr<Figures> denominator, bool percent)
      : freq_(freq), numerator_(std::move(numerator)), denominator_(std::move(denominator)), percent_(percent) {
    // Without a denominator there is no ratio, so only its groups count.
    std::map<std::vector<std::string>, uint32_t> numbers;
    for (uint32_t i = 0; i < groups().size(); ++i)
      numbers.emplace(groups()[i], i);
    for (const auto& codes : numerator_->groups()) {
      const auto found = numbers.find(codes);
      group_of_.push_back(found == numbers.end() ? none : found->second);
    }
  }
  const std::vector<std::vector<std::string>>& groups() const override { return denominator_->groups(); }
  Days days() const override { return denominator_->days(); }
  int64_t widest() const override {
    const auto most = denominator_->widest();
    return numerator_->groups().empty() ? most : std::min(most, numerator_->widest());
  }
  int scale() const override { return ratio_scale; }
  std::pair<int, int> part_scales() const override { return {numerator_->scale(), denominator_->scale()}; }

  Result<std::vector<Observation>> collect(const Window& window) override {
    auto below = denominator_->collect(window);
    if (!below) return below;
    if (numerator_->groups().empty() || below->empty()) return std::vector<Observation>();
    // The window ends where the denominator's figures do, within a period perhaps.
    const Window whole{window.from, window.to, model::Period{freq_, window.from}.first_day(),
                       model::Period{freq_, window.to}.last_day()};
    auto above = numerator_->collect(whole);
    if (!above) return above;
    std::map<std::pair<int32_t, uint32_t>, const Amount*> numerators;
    for (const auto& cell : *above) {
      if (group_of_[cell.group] != none) numerators.emplace(std::pair(cell.period.index, group_of_[cell.group]), &cell);
    }
    std::vector<Observation> out;
    for (const auto& cell : *below) {
      const auto found = numerators.find({cell.period.index, cell.group});
      if (found == numerators.end()) continue; // missing is not zero
      Observation made{{}, cell.period, cell.group};
      add_facts(made, *found->second);
      add_facts(made, cell);
      made.numerator = found->second->value;
      made.denominator = cell.value;
      std::optional<__int128> value; // nothing is divided by zero, and no value has more digits than it holds
      if (made.is_known && cell.value != 0) {
        value = quotient(made.numerator, made.denominator,
                         ratio_scale + (percent_ ? hundred : 0) + denominator_->scale() - numerator_->scale());
      }
      made.is_known = value.has_value();
      made.value = value.value_or(0);
      out.push_back(made);
    }
    return out;
  }

private:
  static constexpr uint32_t none = std::numeric_limits<uint32_t>::max();
  const model::Freq freq_;
  std::unique_ptr<Figures> numerator_;
  std::unique_ptr<Figures> denominator_;
  bool percent_;
  std::vector<uint32_t> group_of_; // numerator's group -> denominator's
};

// Figures of one quantity, added row by row; a row is there where any of them has one.
class Added final : public Figures {
public:
  explicit Added(std::vector<std::unique_ptr<Figures>> parts) : parts_(std::move(parts)) {
    std::map<std::vector<std::string>, uint32_t> numbers;
    for (const auto& part : parts_) {
      for (const auto& codes : part->groups())
        numbers.emplace(codes, 0);
      days_ = joined(days_, part->days());
      scale_ = std::max(scale_, part->scale());
    }
    for (auto& [codes, number] : numbers) {
      number = static_cast<uint32_t>(groups_.size());
      groups_.push_back(codes);
    }
    for (const auto& part : parts_) {
      auto& of_part = group_of_.emplace_back();
      for (const auto& codes : part->groups())
        of_part.push_back(numbers.at(codes));
    }
  }
  const std::vector<std::vector<std::string>>& groups() const override { return groups_; }
  Days days() const override { return days_; }
  int scale() const override { return scale_; }
  int64_t widest() const override {
    int64_t out = std::max<int64_t>(1, max_window_cells / static_cast<int64_t>(groups_.size()));
    for (const auto& part : parts_)
      if (!part->groups().empty()) out = std::min(out, part->widest());
    return out;
  }

  Result<std::vector<Observation>> collect(const Window& window) override {
    std::map<std::pair<model::Period, uint32_t>, Amount> sums;
    for (size_t i = 0; i < parts_.size(); ++i) {
      if (parts_[i]->groups().empty()) continue;
      const auto cells = parts_[i]->collect(window);
      if (!cells) return cells.error();
      const auto unit = power(scale_ - parts_[i]->scale());
      for (const auto& cell : *cells) {
        Amount& sum = sums[{cell.period, group_of_[i][cell.group]}];
        __int128 value = 0;
        add_facts(sum, cell);
        if (__builtin_mul_overflow(cell.value, unit, &value) || __builtin_add_overflow(sum.value, value, &sum.value))
          sum.is_known = false;
      }
    }
    std::vector<Observation> out;
    for (const auto& [at, sum] : sums)
      out.push_back({sum, at.first, at.second});
    return out;
  }

private:
  std::vector<std::unique_ptr<Figures>> parts_;
  std::vector<std::vector<std::string>> groups_;
  std::vector<std::vector<uint32_t>> group_of_; // of each part, its groups
  Days days_;
  int scale_ = 0;
};

// Why the indicator's figures cannot be added to others; empty: they can.
std::string why_not_additive(model::Measure measure) {
  switch (measure) {
  case model::Measure::count:
  case model::Measure::sum:
  case model::Measure::latest:
  case model::Measure::each:
    return "";
  case model::Measure::distinct:
  case model::Measure::standing:
    return "counts different values, of which some may be in both";
  case model::Measure::share:
  case model::Measure::ratio:
  case model::Measure::survey_rate:
    return "is a rate";
  }
  return "is of an unknown measure";
}

// A rule over the figures of its indicator, one group an entry.
struct Checked {
  std::unique_ptr<Figures> figures;
  std::optional<__int128> least; // in the figures' scale
  std::optional<__int128> most;
  bool met(const Amount& amount) const {
    return amount.is_known && (!least || amount.value >= *least) && (!most || amount.value <= *most);
  }
};

class OfEntries final : public Figures {
public:
  OfEntries(const model::Indicator& indicator, model::Freq freq, EntryGroups entries, std::vector<Checked> rules)
      : indicator_(indicator), freq_(freq), entries_(std::move(entries)), rules_(std::move(rules)) {
    for (const auto& rule : rules_)
      days_ = joined(days_, rule.figures->days());
  }
  const std::vector<std::vector<std::string>>& groups() const override { return entries_.groups; }
  Days days() const override { return days_; }
  int64_t widest() const override {
    int64_t out = std::max<int64_t>(1, max_window_cells / static_cast<int64_t>(entries_.entries.size() + 1));
    for (const auto& rule : rules_)
      if (!rule.figures->groups().empty()) out = std::min(out, rule.figures->widest());
    return out;
  }
  int scale() const override { return indicator_.measure == model::Measure::share ? ratio_scale : 0; }

  Result<std::vector<Observation>> collect(const Window& window) override {
    const auto periods = static_cast<size_t>(window.to - window.from) + 1;
    const auto count = entries_.entries.size();
    std::vector<uint16_t> met(periods * count); // rules that the entry meets
    std::vector<Amount> facts(periods * entries_.groups.size());
    for (const auto& rule : rules_) {
      if (rule.figures->groups().empty()) continue;
      const auto cells = rule.figures->collect(window);
      if (!cells) return cells.error();
      for (const auto& cell : *cells) {
        const auto entry = entries_.by_code.find(rule.figures->groups()[cell.group].front());
        if (entry == entries_.by_code.end()) continue;
        const auto period = static_cast<size_t>(cell.period.index - window.from);
        met[period * count + entry->second] += rule.met(cell);
        Amount& amount = facts[period * entries_.groups.size() + entries_.entries[entry->second].group];
        add_facts(amount, cell);
      }
    }
    std::vector<Observation> out;
    for (size_t i = 0; i < periods; ++i) {
      const model::Period period{freq_, window.from + static_cast<int32_t>(i)};
      Amount* amounts = &facts[i * entries_.groups.size()];
      for (size_t entry = 0; entry < count; ++entry) {
        const auto& one = entries_.entries[entry];
        if (!one.valid_in(period.first_day(), period.last_day())) continue;
        ++amounts[one.group].denominator;
        if (met[i * count + entry] == rules_.size()) ++amounts[one.group].numerator;
      }
      for (size_t group = 0; group < entries_.groups.size(); ++group) {
        Amount& amount = amounts[group];
        if (amount.denominator == 0) continue; // no entry to speak of
        amount.is_known = true;                // an entry whose figure is not known does not meet the rule
        amount.value = indicator_.measure == model::Measure::share
                           ? *quotient(amount.numerator, amount.denominator, ratio_scale + hundred)
                           : amount.numerator;
        out.push_back({amount, period, static_cast<uint32_t>(group)});
      }
    }
    return out;
  }

private:
  const model::Indicator& indicator_;
  const model::Freq freq_;
  const EntryGroups entries_;
  const std::vector<Checked> rules_;
  Days days_;
};

// A canonical decimal in that scale, rounded towards what it bounds: 0.5 of a count is 1 as the least, 0 as the most.
__int128 scaled(std::string_view text, int scale, bool up) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  __int128 value = 0;
  bool rest = false;
  int decimals = -1; // before the point
  for (const char c : text) {
    if (c == '.') {
      decimals = 0;
    } else if (decimals < scale) {
      value = value * 10 + (c - '0');
      if (decimals >= 0) ++decimals;
    } else {
      rest = rest || c != '0';
    }
  }
  for (int i = std::max(decimals, 0); i < scale; ++i)
    value *= 10;
  if (rest && up != negative) ++value;
  return negative ? -value : value;
}

} // namespace

Result<std::unique_ptr<Figures>> ratio_figures(store::Reader& reader, const model::Catalog& catalog,
                                               const model::Indicator& indicator, const ObservationQuery& query,
                                               int depth) {
  const auto known = groupings(catalog, indicator);
  for (const auto& by : query.by) {
    if (std::ranges::find(known, by) == known.end()) return unknown_dimension(by, catalog, indicator);
  }
  std::vector<std::unique_ptr<Figures>> parts;
  for (const auto& id : {indicator.numerator, indicator.denominator}) {
    const auto* part = catalog.indicator(id);
    if (!part)
      return fail("store", "indicator " + indicator.id + " is made of " + id + ", which is not in the catalog");
    auto figures = figures_of(reader, catalog, *part, query, depth + 1);
    if (!figures) return figures.error();
    parts.push_back(std::move(*figures));
  }
  return std::unique_ptr<Figures>(
      std::make_unique<Ratio>(query.freq, std::move(parts[0]), std::move(parts[1]), is_percent(catalog, indicator)));
}

Result<std::unique_ptr<Figures>> added_figures(store::Reader& reader, const model::Catalog& catalog,
                                               const model::Indicator& indicator, const ObservationQuery& query) {
  std::vector<const model::Indicator*> all{&indicator};
  for (const auto& id : query.added) {
    const auto* more = catalog.indicator(id);
    if (!more) return fail("unknown_indicator", "no indicator \"" + id + "\"");
    all.push_back(more);
  }
  std::vector<std::unique_ptr<Figures>> parts;
  for (const auto* one : all) {
    const auto* unit = catalog.unit(one->unit);
    const auto* first = catalog.unit(indicator.unit);
    if (!unit || !first || unit->quantity != first->quantity) {
      return fail("different_quantities", indicator.id + " is in " + indicator.unit + " and " + one->id + " in " +
                                              one->unit + "; different quantities are never added");
    }
    if (one->unit != indicator.unit) {
      return fail("different_quantities", indicator.id + " is in " + indicator.unit + " and " + one->id + " in " +
                                              one->unit + "; units are not converted");
    }
    if (const auto why = why_not_additive(one->measure); !why.empty())
      return fail("not_additive", one->id + " " + why + ", so it is not added to others");
    auto figures = figures_of(reader, catalog, *one, query);
    if (!figures) return figures.error();
    parts.push_back(std::move(*figures));
  }
  return std::unique_ptr<Figures>(std::make_unique<Added>(std::move(parts)));
}

Result<std::unique_ptr<Figures>> entry_figures(store::Reader& reader, const model::Catalog& catalog,
                                               const model::Indicator& indicator, const ObservationQuery& query,
                                               int depth) {
  auto entries = entry_groups(catalog, indicator, query);
  if (!entries) return entries.error();
  std::vector<Checked> rules;
  for (const auto& rule : indicator.rules) {
    const auto* part = catalog.indicator(rule.indicator);
    const auto dimension = part ? entry_dimension(catalog, indicator, *part) : std::nullopt;
    if (!dimension) {
      return fail("store", "indicator " + indicator.id + " has a rule on " + rule.indicator +
                               ", which the catalog does not tell for entries of " + indicator.entries);
    }
    ObservationQuery each = query;
    each.indicator = part->id;
    each.area.reset();
    each.filters.clear();
    each.by = {*dimension};
    auto figures = figures_of(reader, catalog, *part, each, depth + 1);
    if (!figures) return figures.error();
    Checked checked;
    checked.figures = std::move(*figures);
    const int scale = checked.figures->scale();
    if (rule.at_least) checked.least = scaled(*rule.at_least, scale, true);
    if (rule.at_most) checked.most = scaled(*rule.at_most, scale, false);
    rules.push_back(std::move(checked));
  }
  return std::unique_ptr<Figures>(
      std::make_unique<OfEntries>(indicator, query.freq, std::move(*entries), std::move(rules)));
}

} // namespace kepu::query
