// Indicators: what is counted from facts.
#include "base/printable.hpp"
#include "settings/loading.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <tuple>

namespace kepu::settings {
namespace {

constexpr std::array<const char*, 3> level_words{"district", "subdistrict", "community"};
// Columns of an answer and words of a question that a dimension would hide.
const std::vector<std::string>& reserved_words() {
  static const std::vector<std::string> all{"indicator",
                                            "period",
                                            "value",
                                            "unit",
                                            "n",
                                            "freq",
                                            "from",
                                            "to",
                                            "by",
                                            "source",
                                            "limit",
                                            "cursor",
                                            "format",
                                            "lang",
                                            "for",
                                            "as_of",
                                            "columns",
                                            "flags",
                                            "status",
                                            "labels",
                                            "period_start",
                                            "period_end",
                                            "sort",
                                            "combine",
                                            "carried",
                                            "missing",
                                            "differing",
                                            "numerator",
                                            "denominator",
                                            "approximate",
                                            "repaired",
                                            "provisional",
                                            "interval_low",
                                            "interval_high",
                                            "standard_error",
                                            "n_eff",
                                            "design_effect",
                                            "degrees_of_freedom",
                                            "lonely_strata",
                                            "uncorrected_strata",
                                            "on"};
  return all;
}

bool is_indicator_id(std::string_view id) {
  while (true) {
    const size_t dot = id.find('.');
    if (!is_name(id.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    id.remove_prefix(dot + 1);
  }
}

// A number of `where` with as many decimals as the field has; nullopt after a complaint.
std::optional<std::string> decimal_word(const abi::Field& field, const Node& value, Report& report) {
  constexpr double most = 1e15; // beyond, a double no longer tells neighbouring numbers apart
  const double number = value.kind == Node::Kind::integer ? static_cast<double>(value.integer) : value.real;
  auto text = std::abs(number) < most ? fmt::format("{:.{}f}", number, field.scale) : std::string();
  if (text.empty() || std::strtod(text.c_str(), nullptr) != number) {
    report.add(value.at, "bad_value",
               value.described() + " is no value of " + in_quotes(field.name) + ", which has " +
                   std::to_string(field.scale) + " decimals and less than 15 digits before them");
    return std::nullopt;
  }
  return text;
}

// One value of `where` as a text that facts are compared with; nullopt after a complaint.
std::optional<std::string> condition_word(const abi::Field& field, const Node& value, const CatalogDraft& draft,
                                          Report& report) {
  const auto wants = [&](const char* what) {
    wrong_type(report, field.name, value, what);
    return std::nullopt;
  };
  switch (field.type) {
  case KEPU_INTEGER:
    if (value.kind != Node::Kind::integer) return wants("an integer");
    return std::to_string(value.integer);
  case KEPU_DECIMAL:
    if (value.kind != Node::Kind::integer && value.kind != Node::Kind::real) return wants("a number");
    return decimal_word(field, value, report);
  case KEPU_BOOLEAN:
    if (value.kind != Node::Kind::boolean) return wants("true or false");
    return value.boolean ? "true" : "false";
  case KEPU_DATE:
    if (value.kind != Node::Kind::date) return wants("a date such as 2025-03-05, without quotes");
    return model::day_text(static_cast<model::Day>(value.integer));
  case KEPU_PERIOD: {
    if (value.kind != Node::Kind::text) return wants("a period such as \"2025-Q1\"");
    if (auto period = model::parse_period(value.text); !period) {
      report.add(value.at, "bad_value", period.error().text);
      return std::nullopt;
    }
    return value.text;
  }
  default:
    break;
  }
  if (value.kind != Node::Kind::text) return wants("a text");
  if (field.roles & KEPU_ROLE_ENTITY && !draft.unclean_registers.count(field.entity_register)) {
    const auto& entries = draft.catalog.registers.at(field.entity_register);
    if (const auto* entry = entries.lookup(value.text)) return entry->code;
    report.add(value.at, "unknown_entry",
               in_quotes(value.text) + " is not in register " + in_quotes(entries.id()) +
                   suggestion(value.text, entries.known_words()));
    return std::nullopt;
  }
  if (field.roles & KEPU_ROLE_AREA && draft.areas_clean) {
    if (const auto* area = draft.catalog.areas.lookup(value.text)) return area->code;
    report.add(value.at, "unknown_area",
               in_quotes(value.text) + " is no area" + suggestion(value.text, draft.catalog.areas.known_words()));
    return std::nullopt;
  }
  if (value.text.empty()) {
    report.add(value.at, "bad_value", "an empty text never occurs: a cell without a value meets no condition");
    return std::nullopt;
  }
  return value.text;
}

bool is_ordered(const abi::Field& field) {
  return field.type == KEPU_INTEGER || field.type == KEPU_DECIMAL || field.type == KEPU_DATE;
}

// One value, or a list of them.
std::vector<std::string> condition_words(const abi::Field& field, const Node& value, const CatalogDraft& draft,
                                         Report& report) {
  const bool list = value.kind == Node::Kind::list;
  if (list && value.items.empty())
    report.add(value.at, "bad_value", "an empty list says nothing; name at least one value");
  std::vector<std::string> out;
  for (size_t i = 0; i < (list ? value.items.size() : 1); ++i) {
    if (auto word = condition_word(field, list ? value.items[i] : value, draft, report))
      out.push_back(std::move(*word));
  }
  return out;
}

// { min = 10, max = 20, not = [13] }
void read_bounds(const abi::Field& field, const Node& table, const CatalogDraft& draft, model::Condition& out,
                 Report& report) {
  static const std::vector<std::string> known{"not", "min", "max"};
  if (table.entries.empty()) report.add(table.at, "bad_value", "an empty condition says nothing; use not, min or max");
  for (const auto& entry : table.entries) {
    if (entry.key == "not") {
      out.negated = true;
      out.any_of = condition_words(field, entry.value, draft, report);
    } else if (entry.key != "min" && entry.key != "max") {
      report.add(entry.at, "unknown_key", "unknown key " + in_quotes(entry.key) + suggestion(entry.key, known));
    } else if (!is_ordered(field)) {
      report.add(entry.at, "bad_where",
                 "only an integer, a decimal or a date lies between " + in_quotes("min") + " and " + in_quotes("max") +
                     "; " + in_quotes(field.name) + " is " + type_name(field.type));
    } else if (auto word = condition_word(field, entry.value, draft, report)) {
      (entry.key == "min" ? out.at_least : out.at_most) = std::move(*word);
    }
  }
  if (!out.at_least || !out.at_most) return;
  const auto& [least, most] = std::tie(*out.at_least, *out.at_most);
  const bool swapped = field.type == KEPU_DATE ? most < least
                       : field.type == KEPU_INTEGER
                           ? std::stoll(most) < std::stoll(least)
                           : std::strtod(most.c_str(), nullptr) < std::strtod(least.c_str(), nullptr);
  if (swapped) report.add(table.at, "bad_value", "min is above max, so no row meets this condition");
}

void read_where(const Node& table, const model::Dataset& dataset, const CatalogDraft& draft, model::Indicator& out,
                Report& report) {
  for (const auto& entry : table.entries) {
    const auto* field = known_field(dataset, entry.key, entry.at, report);
    if (!field) continue;
    const bool comparable =
        field->type == KEPU_TEXT || field->type == KEPU_BOOLEAN || field->type == KEPU_PERIOD || is_ordered(*field);
    if (!comparable || field->roles & KEPU_ROLE_PERSON || only_key(*field)) {
      report.add(entry.at, "bad_where",
                 "a condition is on a text, integer, decimal, boolean, date or period that is neither a person "
                 "nor only a key; " +
                     in_quotes(entry.key) + " is not");
      continue;
    }
    model::Condition condition;
    condition.field = entry.key;
    if (entry.value.kind == Node::Kind::table)
      read_bounds(*field, entry.value, draft, condition, report);
    else
      condition.any_of = condition_words(*field, entry.value, draft, report);
    out.where.push_back(std::move(condition));
  }
}

void read_by(const std::vector<Word>& words, const model::Dataset& dataset, model::Indicator& out, Report& report) {
  std::vector<std::string> known;
  const bool placed = dataset.field_with(KEPU_ROLE_AREA) || dataset.field_with(KEPU_ROLE_ENTITY);
  for (const auto& field : dataset.contract.fields) {
    const bool grouping = field.roles & (KEPU_ROLE_ENTITY | KEPU_ROLE_AREA | KEPU_ROLE_ATTRIBUTE);
    const bool coded = (field.type == KEPU_TEXT || field.type == KEPU_PERIOD) && !(field.roles & KEPU_ROLE_PERSON);
    if (grouping && coded) known.push_back(field.name);
  }
  if (placed && !std::count(known.begin(), known.end(), "area")) known.push_back("area");
  for (const auto& word : words) {
    if (std::find(level_words.begin(), level_words.end(), word.text) != level_words.end()) {
      report.add(word.at, "reserved_word", in_quotes(word.text) + " is a level of \"area\"; declare \"area\"");
    } else if (std::count(reserved_words().begin(), reserved_words().end(), word.text)) {
      report.add(word.at, "reserved_word",
                 in_quotes(word.text) + " is a word of questions and answers; name the field otherwise");
    } else if (std::count(out.by.begin(), out.by.end(), word.text)) {
      report.add(word.at, "duplicate", "the dimension " + in_quotes(word.text) + " is given twice");
    } else if (std::count(known.begin(), known.end(), word.text)) {
      out.by.push_back(word.text);
    } else if (dataset.field(word.text)) {
      report.add(word.at, "bad_dimension",
                 in_quotes(word.text) + " cannot be a dimension: only texts and periods with the role entity, area "
                                        "or attribute group facts");
    } else {
      report.add(word.at, "unknown_dimension",
                 in_quotes(word.text) + " is no dimension of dataset " + in_quotes(dataset.contract.id) +
                     suggestion(word.text, known));
    }
  }
}

// Of what is made of other indicators.
void read_made_by(const std::vector<Word>& words, model::Indicator& out, Report& report) {
  for (const auto& word : words) {
    if (std::count(out.by.begin(), out.by.end(), word.text)) {
      report.add(word.at, "duplicate", "the dimension " + in_quotes(word.text) + " is given twice");
    } else if (out.measure != model::Measure::ratio && word.text != "area") {
      report.add(word.at, "unknown_dimension",
                 "shares of a register are told by \"area\" only, not by " + in_quotes(word.text));
    } else {
      out.by.push_back(word.text);
    }
  }
}

void read_indicator(Section& section, CatalogDraft& draft, Report& report) {
  auto& catalog = draft.catalog;
  model::Indicator out;
  const auto id = section.required_text("id");
  out.name = read_label(section, "name", report);
  out.definition = read_label(section, "definition", report);
  const auto unit = section.required_text("unit");
  if (!section.has("measure")) section.missing("measure", suggestion("", measure_names()));
  const auto measure = section.choice("measure", measure_names());
  if (measure) out.measure = static_cast<model::Measure>(*measure);
  const bool of_facts = model::is_of_facts(out.measure);
  const auto dataset_id = of_facts ? section.required_text("dataset") : std::nullopt;
  const Node* where = of_facts ? section.table("where") : nullptr;
  if (of_facts) out.field = section.text("field").value_or("");
  const auto by = section.texts("by");

  if (unit) check_unit(section, *unit, draft);
  out.unit = unit.value_or("");
  out.dataset = dataset_id.value_or("");
  const auto* dataset = catalog.dataset(out.dataset);
  if (dataset_id && !dataset && !draft.unclean_datasets.count(*dataset_id)) {
    std::vector<std::string> known;
    for (const auto& one : catalog.datasets)
      known.push_back(one.contract.id);
    section.complain("dataset", "unknown_dataset",
                     "there is no datasets/" + printable(*dataset_id) + ".toml" + suggestion(*dataset_id, known));
  }
  if (dataset && !draft.unclean_datasets.count(out.dataset)) {
    if (where) read_where(*where, *dataset, draft, out, report);
    read_by(by, *dataset, out, report);
  }
  if (!of_facts) read_made_by(by, out, report);
  if (measure) {
    read_measure(section, draft, out, report);
    check_measure(section, draft, out, report);
    section.finish();
  }
  if (!id) return;
  out.id = *id;
  if (!is_indicator_id(out.id)) {
    section.complain("id", "bad_name",
                     in_quotes(out.id) + " cannot be an indicator; use names of a-z, 0-9 and _ with dots, "
                                         "such as \"venue.visits\"");
  }
  if (const auto [first, fresh] =
          draft.indicator_places.emplace(out.id, IndicatorPlace{report.file(), section.at("id")});
      !fresh) {
    const auto& place = first->second;
    section.complain("id", "duplicate",
                     "indicator " + in_quotes(out.id) + " is declared in line " + std::to_string(place.at.line) +
                         (place.file == report.file() ? "" : " of " + printable(place.file.filename().string())) +
                         " already");
    return;
  }
  catalog.indicators.push_back(std::move(out));
}

} // namespace

bool only_key(const abi::Field& field) {
  return (field.type == KEPU_TEXT || field.type == KEPU_PERIOD) && field.roles == KEPU_ROLE_KEY;
}

static std::vector<std::string> field_names(const model::Dataset& dataset) {
  std::vector<std::string> out;
  for (const auto& field : dataset.contract.fields)
    out.push_back(field.name);
  return out;
}

const abi::Field* known_field(const model::Dataset& dataset, std::string_view name, Place at, Report& report) {
  if (const auto found = dataset.field(name)) return &dataset.contract.fields[*found];
  report.add(at, "unknown_field",
             "dataset " + in_quotes(dataset.contract.id) + " has no field " + in_quotes(name) +
                 suggestion(name, field_names(dataset)));
  return nullptr;
}

void load_indicators(const std::filesystem::path& file, CatalogDraft& draft, std::vector<Problem>& problems) {
  Report report(file, problems);
  const auto document = read_document(report);
  if (!document) return;
  Section top(*document, report, "the file");
  for (const auto* table : top.tables("indicator")) {
    Section section(*table, report, "this [[indicator]]");
    read_indicator(section, draft, report);
  }
  top.finish();
}

} // namespace kepu::settings
