#include "query/rule.hpp"

#include <array>
#include <charconv>

namespace kepu::query {
namespace {

const std::string& first_of(const std::string& wanted, const std::string& other) {
  return wanted.empty() ? other : wanted;
}

// The name behind a code; empty: it has none.
model::Label name_of(const model::Catalog& catalog, const abi::Field& field, const std::string& code) {
  if (field.roles & KEPU_ROLE_AREA) {
    if (const auto* area = catalog.areas.find(code)) return area->name;
  } else if (const auto entries = catalog.registers.find(field.entity_register); entries != catalog.registers.end()) {
    if (const auto* entry = entries->second.find(code)) return entry->name;
  }
  return {};
}

std::string decimal_text(double number) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return {digits.data(), end};
}

void join(model::Label& to, const model::Label& more, const char* zh, const char* en) {
  to.zh += (to.zh.empty() ? "" : zh) + more.zh;
  to.en += (to.en.empty() ? "" : en) + more.en;
}

model::Label of_entries(const model::Indicator& indicator) {
  model::Label rules;
  for (const auto& rule : indicator.rules) {
    model::Label one{rule.indicator + " 有值", rule.indicator + " has a value"};
    if (rule.at_least || rule.at_most) one = {rule.indicator, rule.indicator + " is"};
    if (rule.at_least) one = {one.zh + " 不小于 " + *rule.at_least, one.en + " at least " + *rule.at_least};
    if (rule.at_most) one = {one.zh + " 不大于 " + *rule.at_most, one.en + " at most " + *rule.at_most};
    join(rules, one, "，且 ", " and ");
  }
  std::string of = indicator.entries;
  for (const auto& kind : indicator.kinds)
    of += (kind == indicator.kinds.front() ? " (" : ", ") + kind;
  if (!indicator.kinds.empty()) of += ")";
  const bool share = indicator.measure == model::Measure::share;
  return {"期内有效的 " + of + " 中满足以下条件者" + (share ? "所占百分比" : "的个数") + "：" + rules.zh,
          (share ? "of the entries of " : "the number of entries of ") + of + " that are valid in the period" +
              (share ? ", the percentage for which " : " for which ") + rules.en};
}

// "70 from 2018-01-01"
model::Label cuts_of(const model::Indicator& indicator) {
  model::Label out;
  for (const auto& epoch : indicator.epochs) {
    const auto cut = decimal_text(epoch.cut);
    const bool always = epoch.from == INT32_MIN;
    const auto day = always ? std::string() : model::day_text(epoch.from);
    join(out, {always ? cut : day + " 起 " + cut, always ? cut : cut + " from " + day + " on"}, "、", ", ");
  }
  return out;
}

} // namespace

model::Label in_words(const model::Catalog& catalog, const model::Indicator& indicator,
                      const model::Condition& condition) {
  const auto* dataset = catalog.dataset(indicator.dataset);
  const auto field = dataset ? dataset->field(condition.field) : std::nullopt;
  model::Label out;
  if (!condition.any_of.empty()) {
    model::Label words;
    for (const auto& code : condition.any_of) {
      const auto name = field ? name_of(catalog, dataset->contract.fields[*field], code) : model::Label{};
      const auto with = [&](const std::string& title) { return title.empty() ? code : code + " (" + title + ")"; };
      join(words, {with(first_of(name.zh, name.en)), with(first_of(name.en, name.zh))}, "、", ", ");
    }
    const bool several = condition.any_of.size() > 1;
    const char* en = condition.negated ? (several ? " is none of " : " is not ") : (several ? " is one of " : " is ");
    const char* zh = condition.negated ? " 不为 " : " 为 ";
    out = {condition.field + zh + words.zh + (several ? (condition.negated ? " 中任何一个" : " 之一") : ""),
           condition.field + en + words.en};
  }
  if (condition.at_least)
    join(out,
         {condition.field + " 不小于 " + *condition.at_least, condition.field + " is at least " + *condition.at_least},
         "，且 ", " and ");
  if (condition.at_most)
    join(out,
         {condition.field + " 不大于 " + *condition.at_most, condition.field + " is at most " + *condition.at_most},
         "，且 ", " and ");
  return out;
}

model::Label in_words(const model::Catalog& catalog, const model::Indicator& indicator) {
  const auto* dataset = catalog.dataset(indicator.dataset);
  model::Label of{indicator.dataset, indicator.dataset};
  if (dataset) {
    const auto version = std::to_string(dataset->contract.version);
    of = {first_of(dataset->name.zh, indicator.dataset) + "（" + indicator.dataset + "，第 " + version + " 版）",
          first_of(dataset->name.en, indicator.dataset) + " (" + indicator.dataset + ", version " + version + ")"};
  }
  model::Label where;
  for (const auto& condition : indicator.where)
    join(where, in_words(catalog, indicator, condition), "，且 ", " and ");
  const std::string zh = where.zh.empty() ? of.zh + "中" : of.zh + "中 " + where.zh + " 的记录里";
  const std::string en = " of " + of.en + (where.en.empty() ? "" : " where " + where.en);
  switch (indicator.measure) {
  case model::Measure::count:
    return {zh + "，记录的条数", "the number of rows" + en};
  case model::Measure::sum:
    return {zh + "，字段 " + indicator.field + " 之和", "the sum of " + indicator.field + " over the rows" + en};
  case model::Measure::distinct:
    return {zh + "，字段 " + indicator.field + " 不同取值的个数（同一取值只计一次）",
            "the number of different values of " + indicator.field + ", each counted once, in the rows" + en};
  case model::Measure::latest: {
    const auto days = std::to_string(indicator.max_age);
    return {zh + "，每个序列期内最后一个 " + indicator.field + " 之和，没有新值时沿用不超过 " + days + " 天",
            "the last " + indicator.field + " of each series in the period, carried on for up to " + days +
                " days, added up over the rows" + en};
  }
  case model::Measure::standing:
    return {zh + "，期末仍在有效期内的 " + indicator.field + " 不同取值的个数",
            "the number of different values of " + indicator.field + " in force at the end of the period, in the rows" +
                en};
  case model::Measure::share:
  case model::Measure::each:
    return of_entries(indicator);
  case model::Measure::survey_rate: {
    const auto cuts = cuts_of(indicator);
    return {zh + "，字段 " + indicator.field + " 达到分数线（" + cuts.zh +
                "）者的加权百分比，按抽样设计（权重、分层、整群）估计",
            "the weighted percentage of those whose " + indicator.field + " reaches the cut (" + cuts.en +
                "), estimated with the survey's weights, strata and clusters, in the rows" + en};
  }
  case model::Measure::ratio:
    return {indicator.numerator + " 与 " + indicator.denominator + " 之比",
            indicator.numerator + " divided by " + indicator.denominator};
  }
  return {};
}

} // namespace kepu::query
