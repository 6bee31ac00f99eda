// How an indicator is measured: what each measure needs, and whether what it is made of goes together.
#include "base/printable.hpp"
#include "model/made.hpp"
#include "settings/loading.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace kepu::settings {
namespace {

using model::Measure;

constexpr int64_t micros_per_day = 86'400'000'000;

const std::vector<std::string>& entry_levels() { // registers that are lists of areas
  static const std::vector<std::string> all{"subdistrict", "community"};
  return all;
}

std::string quantity_of(const model::Catalog& catalog, std::string_view unit) {
  const auto* found = catalog.unit(unit);
  return found ? found->quantity : "";
}

// The measured numbers must be of what the indicator is told in.
void check_field_unit(Section& section, const CatalogDraft& draft, const model::Dataset& dataset,
                      const model::Indicator& indicator) {
  const auto unit = dataset.units.find(indicator.field);
  if (!draft.units_clean || unit == dataset.units.end()) return;
  const auto measured = quantity_of(draft.catalog, unit->second);
  if (indicator.measure == Measure::sum && measured == "percent") {
    section.complain("field", "not_additive",
                     in_quotes(indicator.field) +
                         " is in percent, and rates cannot be added up; use latest, or a ratio "
                         "of two indicators");
  } else if (measured != quantity_of(draft.catalog, indicator.unit)) {
    section.complain("unit", "different_quantities",
                     in_quotes(indicator.field) + " is in " + in_quotes(unit->second) +
                         ", which is another quantity than " + in_quotes(indicator.unit));
  } else if (unit->second != indicator.unit) {
    section.complain("unit", "different_units",
                     in_quotes(indicator.field) + " is in " + in_quotes(unit->second) + " and is not converted to " +
                         in_quotes(indicator.unit) + "; use one unit");
  }
}

// Weights and finite populations of a survey's dataset.
void check_design(Section& section, const model::Dataset& dataset, const model::Indicator& indicator, Report& report) {
  const auto weight = dataset.field_with(KEPU_ROLE_WEIGHT);
  if (weight && !dataset.contract.fields[*weight].required)
    section.complain("dataset", "bad_measure",
                     "who has no weight stands for nobody: field " + in_quotes(dataset.contract.fields[*weight].name) +
                         " of dataset " + in_quotes(dataset.contract.id) + " must be required = true");
  if (indicator.population.empty()) return;
  const auto* field = known_field(dataset, indicator.population, section.at("population"), report);
  if (field && field->type != KEPU_INTEGER && field->type != KEPU_DECIMAL && field->type != KEPU_REAL)
    section.complain("population", "bad_measure",
                     "a population is a number, and " + in_quotes(field->name) + " is " + type_name(field->type));
}

void check_field(Section& section, const CatalogDraft& draft, const model::Dataset& dataset,
                 const model::Indicator& indicator, Report& report) {
  const std::string of = "dataset " + in_quotes(dataset.contract.id);
  const auto when = dataset.when();
  if (!when) {
    section.complain("dataset", "no_time",
                     of + " has no field with the role time or period, so its facts fall on no day");
  } else if (indicator.measure == Measure::standing && dataset.contract.fields[*when].type == KEPU_PERIOD) {
    section.complain("dataset", "no_time", "what stands has a day on which it began; " + of + " tells periods");
  }
  if (indicator.measure == Measure::count) {
    if (section.has("field"))
      section.complain("field", "bad_measure", "count counts rows and has no field; take it out");
    return;
  }
  if (!section.has("field")) {
    section.missing("field", ": which field is measured?");
    return;
  }
  if (indicator.field.empty()) return;
  const auto* field = known_field(dataset, indicator.field, section.at("field"), report);
  if (!field) return;
  if (indicator.measure == Measure::survey_rate) {
    if (field->type != KEPU_INTEGER && field->type != KEPU_DECIMAL && field->type != KEPU_REAL)
      section.complain("field", "bad_measure",
                       "a score is an integer, a decimal or a real, and " + in_quotes(field->name) + " is " +
                           type_name(field->type));
    check_design(section, dataset, indicator, report);
    return;
  }
  const bool adds = indicator.measure == Measure::sum || indicator.measure == Measure::latest;
  if (adds) {
    if (field->type != KEPU_INTEGER && field->type != KEPU_DECIMAL) {
      section.complain("field", "bad_measure",
                       "only integers and decimals are summed, and " + in_quotes(field->name) + " is " +
                           type_name(field->type));
    }
    check_field_unit(section, draft, dataset, indicator);
    return;
  }
  if (field->roles & KEPU_ROLE_PERSON) return;
  if (field->type != KEPU_TEXT) {
    section.complain("field", "bad_measure",
                     "distinct counts persons or texts, and " + in_quotes(field->name) + " is " +
                         type_name(field->type));
  } else if (only_key(*field)) {
    section.complain("field", "bad_measure",
                     in_quotes(field->name) + " is only a key; give it the role attribute too to count its values");
  }
}

// sources = { rule = "prefer", order = ["a", "b"] }, grain = { freq = "M", by = ["venue"] }
void read_join(Section& section, CatalogDraft& draft, model::Indicator& out, Report& report) {
  static const std::vector<std::string> rules{"sum", "prefer", "compare"};
  const Node* sources = section.table("sources");
  // A survey's cell is the sample of its period, whatever is asked.
  const Node* grain = out.measure == Measure::survey_rate ? nullptr : section.table("grain");
  if (sources) {
    Section inner(*sources, report, "\"sources\"");
    if (!inner.has("rule")) inner.missing("rule", ": \"sum\", \"prefer\" or \"compare\"");
    out.join = static_cast<model::Join>(inner.choice("rule", rules).value_or(0));
    for (const auto& word : inner.texts("order")) {
      if (std::ranges::find(out.order, word.text) != out.order.end())
        report.add(word.at, "duplicate", "source " + in_quotes(word.text) + " is given twice");
      out.order.push_back(word.text);
      draft.ruled_sources.push_back({word.text, report.file(), word.at});
    }
    inner.finish();
    if (out.join == model::Join::sum) {
      if (!out.order.empty()) inner.complain("order", "bad_value", "sources that are added have no order; take it out");
      out.order.clear();
    } else if (out.order.size() < 2) {
      inner.complain("order", "bad_value", "name the sources between which this rule decides, the best first");
    }
    if (out.measure == Measure::survey_rate) {
      if (out.join != model::Join::prefer)
        inner.complain("rule", out.join == model::Join::sum ? "not_additive" : "bad_measure",
                       "samples of several sources are neither pooled nor equal; use \"prefer\", or leave "
                       "\"sources\" out and ask by=source");
      return;
    }
    if (out.join != model::Join::sum && out.measure == Measure::standing)
      section.complain("sources", "bad_measure",
                       "standing unites the values of all sources, so there is nothing to choose; use where");
  }
  if (out.join != model::Join::sum && !section.has("grain"))
    section.missing("grain", "; at which cells are the sources compared? write { freq = \"M\", by = [\"area\"] }");
  if (!grain) return;
  if (out.join == model::Join::sum)
    section.complain("grain", "bad_value", "a grain is for sources with the rule prefer or compare");
  Section inner(*grain, report, "\"grain\"");
  static const std::vector<std::string> letters{"D", "W", "M", "Q", "S", "A"};
  if (!inner.has("freq")) inner.missing("freq", ": D, W, M, Q, S or A");
  if (const auto freq = inner.choice("freq", letters)) out.grain.freq = *model::freq_of(letters[*freq].front());
  for (const auto& word : inner.texts("by")) {
    if (std::ranges::find(out.by, word.text) == out.by.end()) {
      report.add(word.at, "unknown_dimension",
                 in_quotes(word.text) + " is not in \"by\" of this indicator" + suggestion(word.text, out.by));
    } else {
      out.grain.by.push_back(word.text);
    }
  }
  inner.finish();
}

// rules = [{ indicator = "school.teachers", min = 1 }]
void read_rules(Section& section, model::Indicator& out, Report& report) {
  const Node* list = section.find("rules");
  if (!list) {
    section.missing("rules", "; what must an entry meet? write [{ indicator = \"…\", min = 1 }]");
    return;
  }
  if (list->kind == Node::Kind::list && list->items.empty()) {
    report.add(list->at, "bad_value", "an empty list asks for nothing; write [{ indicator = \"…\", min = 1 }]");
    return;
  }
  if (list->kind != Node::Kind::list) {
    wrong_type(report, "rules", *list, "a list such as [{ indicator = \"…\", min = 1 }]");
    return;
  }
  for (const auto& item : list->items) {
    if (item.kind != Node::Kind::table) {
      wrong_type(report, "rules", item, "a table such as { indicator = \"…\", min = 1 }");
      continue;
    }
    Section inner(item, report, "this rule");
    model::Rule rule;
    rule.indicator = inner.required_text("indicator").value_or("");
    if (const Node* bound = inner.find("min")) rule.at_least = decimal_text("a bound", *bound, report);
    if (const Node* bound = inner.find("max")) rule.at_most = decimal_text("a bound", *bound, report);
    inner.finish();
    if (rule.at_least && rule.at_most && std::stod(*rule.at_most) < std::stod(*rule.at_least))
      report.add(item.at, "bad_value", "min is above max, so no entry meets this rule");
    out.rules.push_back(std::move(rule));
  }
}

void check_register(Section& section, const CatalogDraft& draft, const model::Indicator& indicator) {
  std::vector<std::string> known = entry_levels();
  for (const auto& [id, entries] : draft.catalog.registers)
    known.push_back(id);
  if (std::ranges::find(known, indicator.entries) == known.end())
    section.complain("register", "unknown_register",
                     "there is no registers/" + printable(indicator.entries) + ".toml" +
                         suggestion(indicator.entries, known));
}

void check_kinds(const std::vector<Word>& kinds, const CatalogDraft& draft, model::Indicator& out, Report& report) {
  const auto entries = draft.catalog.registers.find(out.entries);
  for (const auto& word : kinds) {
    std::vector<std::string> known;
    if (entries != draft.catalog.registers.end()) {
      for (const auto& entry : entries->second.all())
        if (std::ranges::find(known, entry.kind) == known.end()) known.push_back(entry.kind);
    }
    if (std::ranges::find(known, word.text) == known.end() && !draft.unclean_registers.count(out.entries))
      report.add(word.at, "unknown_word",
                 "no entry of " + in_quotes(out.entries) + " is of the kind " + in_quotes(word.text) +
                     suggestion(word.text, known));
    out.kinds.push_back(word.text);
  }
}

double read_cut(Section& section) {
  const auto cut = section.real("cut").value_or(0);
  if (!std::isfinite(cut)) section.complain("cut", "bad_value", "a cut is a finite score");
  return cut;
}

// [[indicator.epoch]] from = 2018-01-01, cut = 70, note = { zh = "…" }
void read_epochs(Section& section, model::Indicator& out, Report& report) {
  const auto tables = section.tables("epoch");
  if (section.has("cut")) {
    const double cut = read_cut(section);
    if (tables.empty())
      out.epochs.push_back({INT32_MIN, cut, {}});
    else
      section.complain("cut", "bad_value", "the cut of each epoch is told in its own table; take this one out");
  } else if (tables.empty()) {
    section.missing("cut", ", or [[indicator.epoch]] with from and cut: which score counts?");
  }
  for (const auto* table : tables) {
    Section inner(*table, report, "this [[indicator.epoch]]");
    model::Epoch epoch;
    if (const Node* from = inner.find("from"); !from) {
      inner.missing("from", ": the day from which the cut counts, such as 2018-01-01");
    } else if (from->kind != Node::Kind::date) {
      wrong_type(report, "from", *from, "a date such as 2018-01-01, without quotes");
    } else {
      epoch.from = static_cast<model::Day>(from->integer);
      if (!out.epochs.empty() && epoch.from <= out.epochs.back().from)
        report.add(from->at, "bad_value", "epochs are told in order, and this one does not begin after the one before");
    }
    if (!inner.has("cut")) inner.missing("cut", ": the score from which on a respondent counts");
    epoch.cut = read_cut(inner);
    if (inner.has("note")) epoch.note = read_label(inner, "note", report, false);
    inner.finish();
    out.epochs.push_back(std::move(epoch));
  }
}

// Keys that only some measures have.
void refuse_keys(Section& section, const std::vector<std::string>& keys, const std::string& measure) {
  for (const auto& key : keys) {
    if (!section.has(key)) continue;
    (void)section.find(key);
    section.complain(key, "bad_measure", "the measure " + measure + " has no " + in_quotes(key) + "; take it out");
  }
}

} // namespace

std::optional<std::string> decimal_text(std::string_view key, const Node& node, Report& report) {
  constexpr double most = 1e15; // beyond, a double no longer tells neighbouring numbers apart
  const bool is_number = node.kind == Node::Kind::integer || node.kind == Node::Kind::real;
  const double number = node.kind == Node::Kind::integer ? static_cast<double>(node.integer) : node.real;
  if (!is_number || !(std::abs(number) < most)) {
    wrong_type(report, key, node, "a number of at most 15 digits before the point");
    return std::nullopt;
  }
  if (node.kind == Node::Kind::integer) return std::to_string(node.integer);
  auto text = fmt::format("{:.9f}", number);
  if (std::strtod(text.c_str(), nullptr) != number) {
    report.add(node.at, "bad_value", in_quotes(key) + " has more than nine decimals; round it");
    return std::nullopt;
  }
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

const std::vector<std::string>& measure_names() { // of model::Measure
  static const std::vector<std::string> all{"count", "sum",  "distinct", "latest",     "standing",
                                            "share", "each", "ratio",    "survey_rate"};
  return all;
}

void read_measure(Section& section, CatalogDraft& draft, model::Indicator& out, Report& report) {
  const auto& name = measure_names()[static_cast<size_t>(out.measure)];
  const bool is_of_entries = out.measure == Measure::share || out.measure == Measure::each;
  if (out.measure == Measure::latest) {
    if (!section.has("max_age"))
      section.missing("max_age", "; for how long does a value hold when no newer one came? write \"400d\"");
    const auto age = section.duration("max_age");
    if (age) out.max_age = static_cast<int32_t>(std::min<int64_t>(age->count() / micros_per_day, 1'000'000));
  } else {
    refuse_keys(section, {"max_age"}, name);
  }
  if (is_of_entries) {
    out.entries = section.required_text("register").value_or("");
    const auto kinds = section.texts("kinds");
    read_rules(section, out, report);
    if (!out.entries.empty()) {
      check_register(section, draft, out);
      check_kinds(kinds, draft, out, report);
    }
  } else {
    refuse_keys(section, {"register", "kinds", "rules"}, name);
  }
  if (out.measure == Measure::ratio) {
    out.numerator = section.required_text("numerator").value_or("");
    out.denominator = section.required_text("denominator").value_or("");
  } else {
    refuse_keys(section, {"numerator", "denominator"}, name);
  }
  if (out.measure == Measure::survey_rate) {
    read_epochs(section, out, report);
    out.population = section.text("population").value_or("");
    refuse_keys(section, {"grain"}, name);
  } else {
    refuse_keys(section, {"cut", "epoch", "population"}, name);
  }
  if (model::is_of_facts(out.measure)) {
    read_join(section, draft, out, report);
  } else {
    refuse_keys(section, {"dataset", "field", "where", "sources", "grain"}, name);
  }
}

void check_measure(Section& section, const CatalogDraft& draft, const model::Indicator& indicator, Report& report) {
  const auto* dataset = draft.catalog.dataset(indicator.dataset);
  if (dataset && !draft.unclean_datasets.count(indicator.dataset))
    check_field(section, draft, *dataset, indicator, report);
  if (!draft.units_clean || indicator.unit.empty()) return;
  const bool is_percent = quantity_of(draft.catalog, indicator.unit) == "percent";
  const bool counts = indicator.measure == Measure::count || indicator.measure == Measure::distinct ||
                      indicator.measure == Measure::standing || indicator.measure == Measure::each;
  if (counts && is_percent)
    section.complain("unit", "different_quantities", "a number of things is not told in percent");
  if (indicator.measure == Measure::share && !is_percent)
    section.complain("unit", "different_quantities", "a share is told in percent; choose such a unit");
  if (indicator.measure == Measure::survey_rate && !is_percent)
    section.complain("unit", "different_quantities", "a survey's rate is told in percent; choose such a unit");
}

namespace {

// Whether the indicator has figures for each entry of that register.
bool tells_entries(const model::Catalog& catalog, const model::Indicator& part, const std::string& entries) {
  if (std::ranges::find(entry_levels(), entries) != entry_levels().end())
    return std::ranges::find(part.by, "area") != part.by.end();
  const auto* dataset = catalog.dataset(part.dataset);
  return dataset && std::ranges::any_of(part.by, [&](const std::string& by) {
           const auto field = dataset->field(by);
           return field && dataset->contract.fields[*field].entity_register == entries;
         });
}

// How often others must be asked for it; more than may be counts as one too many.
int depth_of(const model::Catalog& catalog, const model::Indicator& indicator, int depth = 0) {
  int deepest = depth;
  if (depth > model::max_made_depth) return depth;
  for (const auto& part : model::made_of(indicator)) {
    const auto* found = catalog.indicator(part);
    if (found) deepest = std::max(deepest, depth_of(catalog, *found, depth + 1));
  }
  return deepest;
}

bool leads_to(const model::Catalog& catalog, const model::Indicator& from, const std::string& id,
              std::set<std::string>& seen) {
  for (const auto& part : model::made_of(from)) {
    if (part == id) return true;
    const auto* next = seen.insert(part).second ? catalog.indicator(part) : nullptr;
    if (next && leads_to(catalog, *next, id, seen)) return true;
  }
  return false;
}

} // namespace

void check_made(const CatalogDraft& draft, std::vector<Problem>& problems) {
  const auto& catalog = draft.catalog;
  bool has_cycle = false; // then depths say nothing
  for (const auto& indicator : catalog.indicators) {
    const auto& [file, at] = draft.indicator_places.at(indicator.id);
    Report report(file, problems);
    const std::string who = "indicator " + in_quotes(indicator.id);
    for (const auto& part : model::made_of(indicator)) {
      const auto* found = catalog.indicator(part);
      if (part.empty()) continue;
      if (!found) {
        report.add(at, "unknown_indicator",
                   who + " is made of " + in_quotes(part) + ", which is no indicator" +
                       suggestion(part, catalog.indicator_ids()));
      } else if (found->measure == Measure::survey_rate) {
        report.add(at, "not_additive",
                   who + " is made of " + in_quotes(part) +
                       ", a survey's rate: it is an estimate with an interval, and what would be made of it had none");
      } else if (!indicator.entries.empty() && !tells_entries(catalog, *found, indicator.entries)) {
        report.add(at, "bad_rule",
                   who + " asks " + in_quotes(part) + " for each entry of " + in_quotes(indicator.entries) +
                       ", but its \"by\" has no dimension of that register");
      } else if (indicator.measure == Measure::ratio) {
        for (const auto& by : indicator.by) {
          if (std::ranges::find(found->by, by) == found->by.end())
            report.add(at, "unknown_dimension",
                       who + " is told by " + in_quotes(by) + ", which " + in_quotes(part) + " is not");
        }
      }
    }
    std::set<std::string> seen;
    if (leads_to(catalog, indicator, indicator.id, seen)) {
      has_cycle = true;
      report.add(at, "cycle", who + " is made of itself; correct what it is made of");
    } else if (!has_cycle && depth_of(catalog, indicator) > model::max_made_depth) {
      report.add(at, "too_deep",
                 who + " is made of others that are made of others, more than " +
                     std::to_string(model::max_made_depth) + " times; make it of those at the bottom");
    }
    const auto* above = catalog.indicator(indicator.numerator);
    const auto* below = catalog.indicator(indicator.denominator);
    if (above && below && draft.units_clean && quantity_of(catalog, indicator.unit) == "percent" &&
        quantity_of(catalog, above->unit) != quantity_of(catalog, below->unit)) {
      report.add(at, "different_quantities",
                 who + " is in percent, but its parts are of different quantities: " + above->unit + " and " +
                     below->unit);
    }
  }
}

} // namespace kepu::settings
