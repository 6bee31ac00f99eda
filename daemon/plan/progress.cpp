#include "plan/progress.hpp"

#include "model/made.hpp"

#include <algorithm>
#include <array>

namespace kepu::plan {
namespace {

using model::Day;
using model::Measure;
using model::Period;
using model::TargetKind;

// A share of the way as integers, so that "exactly 0.95" is exactly that.
struct Share {
  int64_t part = 0;
  int64_t whole = 1;
};

__int128 power(int exponent) {
  __int128 out = 1;
  for (; exponent > 0; --exponent)
    out *= 10;
  return out;
}

// A canonical decimal: "0.5", "2000".
Number number_of(std::string_view text) {
  Number out;
  bool after_point = false;
  for (const char c : text) {
    if (c == '.') {
      after_point = true;
    } else if (c >= '0' && c <= '9') {
      out.value = out.value * 10 + (c - '0');
      out.scale += after_point;
    }
  }
  return out;
}

// As people told by a survey do: the interval's ends are doubles.
double real(const Number& number) {
  return static_cast<double>(static_cast<long double>(number.value) / static_cast<long double>(power(number.scale)));
}

// What is held against what: a value over a required one, both whole numbers.
struct Quotient {
  __int128 above = 0;
  __int128 below = 1; // above 0
  // Exact where the products have at most 19 digits.
  bool reaches(bool strictly) const { return strictly ? above > below : above >= below; }
  double over(const Share& share) const {
    return static_cast<double>(static_cast<long double>(above) * static_cast<long double>(share.whole) /
                               (static_cast<long double>(below) * static_cast<long double>(share.part)));
  }
};

Quotient quotient(const Judged& judged, const Number& required) {
  // A share's own value was rounded; its entries were not.
  if (judged.entries > 0 && judged.value->scale > 0)
    return {judged.counted * 100 * power(required.scale), required.value * judged.entries};
  return {judged.value->value * power(required.scale), required.value * power(judged.value->scale)};
}

Status by_pace(double pace) {
  if (pace >= on_track_pace) return Status::on_track;
  return pace >= behind_pace ? Status::behind : Status::far_behind;
}

Status by_interval(bool reached, const std::optional<Interval>& interval, double required, bool strictly) {
  const auto reaches = [&](double value) { return strictly ? value > required : value >= required; };
  if (interval && reaches(interval->low)) return Status::met_with_confidence;
  if (interval && !reaches(interval->high)) return Status::not_met;
  return reached ? Status::met : Status::cannot_tell;
}

Judgement judge(const Judged& judged, const std::optional<Number>& required, bool strictly, TargetKind kind,
                const Share& expected) {
  Judgement out;
  out.required = required;
  if (!judged.value || !required) return out;
  const Quotient held = quotient(judged, *required);
  const bool is_reached = held.reaches(strictly);
  out.reached = held.over({1, 1});
  if (kind == TargetKind::survey) {
    out.status = by_interval(is_reached, judged.interval, real(*required), strictly);
    return out;
  }
  if (judged.is_closed) {
    out.status = is_reached ? Status::met : Status::not_met;
    return out;
  }
  if (expected.part > 0) out.pace = held.over(expected);
  out.status = is_reached ? Status::achieved : out.pace ? by_pace(*out.pace) : Status::on_track;
  return out;
}

// The worst first.
constexpr std::array by_badness{Status::not_met,     Status::far_behind,         Status::behind,   Status::no_data,
                                Status::cannot_tell, Status::not_begun,          Status::on_track, Status::met,
                                Status::achieved,    Status::met_with_confidence};

Status worse(Status a, Status b) {
  return *std::ranges::find_if(by_badness, [&](Status one) { return one == a || one == b; });
}

Share days_passed(Day from, Day to, Day today) {
  const int64_t whole = int64_t{to} - from + 1;
  return {std::clamp<int64_t>(int64_t{today} - from + 1, 0, whole), whole};
}

// How much of the profile's year is spent by the end of a day of it: of the weights times `days`, which all months
// share.
int64_t spent(const model::Profile& profile, Day day, int64_t days) {
  const auto at = model::civil(day);
  const Period month = model::period_of(day, model::Freq::month);
  int64_t out =
      int64_t{profile.months[at.month - 1]} * at.day * days / (int64_t{month.last_day()} - month.first_day() + 1);
  for (unsigned i = 0; i + 1 < at.month; ++i)
    out += profile.months[i] * days;
  return out;
}

// Of a calendar year, up to the last day of it that counts.
Share year_passed(const model::Profile* profile, const Period& year, Day last, Day today) {
  if (!profile || today >= last) return days_passed(year.first_day(), last, today);
  constexpr int64_t days = int64_t{28} * 29 * 30 * 31; // that every month's length divides
  const auto whole = spent(*profile, last, days);
  return whole == 0 ? Share{} : Share{spent(*profile, today, days), whole};
}

// The indicator's value holds at a moment, not over a span.
bool stands(const model::Catalog& catalog, const model::Indicator& indicator, int depth = 0) {
  if (indicator.measure == Measure::standing || indicator.measure == Measure::latest) {
    const auto* dataset = catalog.dataset(indicator.dataset);
    return dataset && !dataset->field_with(KEPU_ROLE_PERIOD);
  }
  const auto parts = model::made_of(indicator);
  return !parts.empty() && depth < model::max_made_depth && std::ranges::all_of(parts, [&](const auto& id) {
    const auto* part = catalog.indicator(id);
    return part && stands(catalog, *part, depth + 1);
  });
}

// The longest periods that tile the days from first to last.
model::Freq tiling(Day first, Day last) {
  using model::Freq;
  for (const Freq freq : {Freq::year, Freq::half, Freq::quarter, Freq::month}) {
    if (model::period_of(first, freq).first_day() == first && model::period_of(last, freq).last_day() == last)
      return freq;
  }
  return Freq::day;
}

bool adds_up(const model::Indicator& indicator) {
  return indicator.measure == Measure::count || indicator.measure == Measure::sum;
}

Question question(const model::Catalog& catalog, const model::Plan& plan, const model::Target& target,
                  const std::string& id, Day today) {
  using model::Freq;
  const auto* indicator = catalog.indicator(id);
  const Day until = std::min(today, target.due);
  if (target.kind == TargetKind::annual || target.kind == TargetKind::survey)
    return {id, model::period_of(plan.from, Freq::year), model::period_of(until, Freq::year), target.due};
  if (target.kind == TargetKind::cumulative && indicator && adds_up(*indicator)) {
    const Freq freq = tiling(plan.from, target.due);
    return {id, model::period_of(plan.from, freq), model::period_of(until, freq), target.due};
  }
  const Period at = model::period_of(until, indicator && stands(catalog, *indicator) ? Freq::day : Freq::year);
  return {id, at, at, target.due};
}

Judged judged_of(const Question& question, const Figure* figure) {
  Judged out;
  out.indicator = question.indicator;
  out.from = question.from;
  out.to = question.to;
  if (!figure || !figure->is_known) return out;
  out.value = Number{figure->value, figure->scale};
  out.counted = figure->counted;
  out.entries = figure->entries;
  out.interval = figure->interval;
  out.n = figure->n;
  return out;
}

class Judge {
public:
  Judge(const model::Plan& plan, const model::Target& target, Day today)
      : plan_(plan), target_(target), profile_(plan.profile(target.profile)), today_(today) {
    if (target.floor) floor_ = number_of(*target.floor);
    if (target.stretch) stretch_ = number_of(*target.stretch);
  }

  Judged year(const Question& question, const Figure* figure, const Period& year) const {
    Judged out = judged_of({question.indicator, year, year, question.until}, figure);
    out.is_closed = today_ > std::min(year.last_day(), target_.due);
    fill(out, year_passed(profile_, year, std::min(year.last_day(), target_.due), today_));
    return out;
  }

  Judged whole(const Question& question, const Figure* figure) const {
    Judged out = judged_of(question, figure);
    out.is_closed = today_ > target_.due;
    fill(out, days_passed(plan_.from, target_.due, today_));
    return out;
  }

private:
  void fill(Judged& out, const Share& expected) const {
    const auto kind = target_.kind;
    if (kind != TargetKind::survey)
      out.expected = static_cast<double>(expected.part) / static_cast<double>(expected.whole);
    auto required = floor_;
    if (!required && out.entries > 0) required = Number{out.entries, 0};
    out.floor = judge(out, required, target_.above, kind, expected);
    if (stretch_) out.stretch = judge(out, stretch_, false, kind, expected);
  }

  const model::Plan& plan_;
  const model::Target& target_;
  const model::Profile* profile_;
  const Day today_;
  std::optional<Number> floor_; // nullopt: every entry
  std::optional<Number> stretch_;
};

const Figure* figure_of(const std::vector<Figure>& figures, const Period& period) {
  const auto found = std::ranges::find(figures, period, &Figure::period);
  return found == figures.end() ? nullptr : &*found;
}

// What came in all periods; a period without a figure had none, one whose figure is not known makes the whole unknown.
std::optional<Figure> sum_of(const std::vector<Figure>& figures) {
  std::optional<Figure> out;
  for (const auto& one : figures) {
    if (!out) {
      out = one;
      continue;
    }
    out->value += one.value;
    out->n += one.n;
    out->is_known = out->is_known && one.is_known;
  }
  return out;
}

std::string_view formula_of(TargetKind kind) {
  switch (kind) {
  case TargetKind::annual:
    return "annual/1";
  case TargetKind::cumulative:
    return "cumulative/1";
  case TargetKind::stock:
    return "stock/1";
  case TargetKind::coverage:
    return "coverage/1";
  case TargetKind::each:
    return "each/1";
  case TargetKind::survey:
    return "survey/1";
  }
  return {};
}

void conclude(Progress& out, const std::vector<Judged>& from) {
  out.status = from.front().floor.status;
  for (const auto& one : from)
    out.status = worse(out.status, one.floor.status);
  for (const auto& one : from) {
    if (one.stretch) out.stretch = out.stretch ? worse(*out.stretch, one.stretch->status) : one.stretch->status;
  }
}

} // namespace

std::string_view word(Status status) {
  switch (status) {
  case Status::no_data:
    return "no_data";
  case Status::not_begun:
    return "not_begun";
  case Status::achieved:
    return "achieved";
  case Status::on_track:
    return "on_track";
  case Status::behind:
    return "behind";
  case Status::far_behind:
    return "far_behind";
  case Status::met:
    return "met";
  case Status::met_with_confidence:
    return "met_with_confidence";
  case Status::not_met:
    return "not_met";
  case Status::cannot_tell:
    return "cannot_tell";
  }
  return {};
}

std::vector<Question> questions(const model::Catalog& catalog, const model::Plan& plan, const model::Target& target,
                                Day today) {
  std::vector<Question> out;
  if (today < plan.from) return out;
  for (const auto& id : target.indicators)
    out.push_back(question(catalog, plan, target, id, today));
  return out;
}

Progress progress(const model::Catalog& catalog, const model::Plan& plan, const model::Target& target,
                  const std::vector<std::vector<Figure>>& figures, Day today) {
  Progress out;
  const auto asked = questions(catalog, plan, target, today);
  if (asked.empty()) {
    out.status = Status::not_begun;
    return out;
  }
  out.formula = formula_of(target.kind);
  const Judge judge(plan, target, today);
  for (size_t i = 0; i < asked.size(); ++i) {
    const auto& question = asked[i];
    if (target.kind == TargetKind::annual) {
      for (Period year = question.from; year <= question.to; ++year.index)
        out.years.push_back(judge.year(question, figure_of(figures[i], year), year));
      out.now.push_back(out.years.back());
    } else if (target.kind == TargetKind::survey) {
      Judged one = judge.whole(question, figures[i].empty() ? nullptr : &figures[i].back());
      if (!figures[i].empty()) one.from = one.to = figures[i].back().period;
      out.now.push_back(std::move(one));
    } else {
      const auto sum = sum_of(figures[i]);
      out.now.push_back(judge.whole(question, sum ? &*sum : nullptr));
    }
  }
  const bool is_over = target.kind == TargetKind::annual && today > target.due;
  conclude(out, is_over ? out.years : out.now);
  return out;
}

} // namespace kepu::plan
