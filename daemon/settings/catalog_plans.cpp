// Plans: clauses in their own words, and the targets that are held against indicators.
#include "base/printable.hpp"
#include "settings/loading.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

namespace kepu::settings {
namespace {

using model::Measure;
using model::TargetKind;

const std::vector<std::string> section_kinds{"goal", "action", "project", "guarantee"}; // of model::SectionKind
const std::vector<std::string> target_kinds{"annual", "cumulative", "stock", "coverage", "each", "survey"};
const std::vector<std::string> comparators{">=", ">"};

// "8", "g1", "8.workers": what stands in addresses and reports.
bool is_plan_word(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  });
}

// One plan's file while it is read.
class Reading {
public:
  Reading(const std::filesystem::path& file, CatalogDraft& draft, Report& report)
      : draft_(draft), report_(report), is_sure_(draft.departments_clean) {
    plan_.id = file.stem().string();
  }

  void read(const Node& document) {
    if (!is_name(plan_.id, true))
      report_.add({}, "bad_name",
                  "a plan is called as its file, and " + in_quotes(plan_.id) +
                      " cannot be a name; use a-z, 0-9, _ and -, a letter first");
    Section top(document, report_, "the file");
    read_head(top);
    for (const auto* table : top.tables("group"))
      read_group(*table);
    for (const auto* table : top.tables("profile"))
      read_profile(*table);
    for (const auto* table : top.tables("section"))
      read_section(*table);
    for (const auto* table : top.tables("clause"))
      read_clause(*table);
    for (const auto* table : top.tables("target"))
      read_target(*table);
    top.finish();
    draft_.catalog.plans.push_back(std::move(plan_));
  }

private:
  void read_head(Section& top) {
    plan_.name = read_label(top, "name", report_);
    for (const char* key : {"from", "to"}) {
      if (!top.has(key))
        top.missing(key, "; on which day does the plan begin and end? write 2025-12-31, without quotes");
    }
    const auto from = read_day(top, "from", report_);
    const auto to = read_day(top, "to", report_);
    if (from) plan_.from = *from;
    if (to) plan_.to = *to;
    if (from && to && *to < *from) top.complain("to", "bad_value", "\"to\" is before \"from\"");
    for (const auto& [key, day] : {std::pair{"from", from}, std::pair{"to", to}}) {
      if (day && (*day < model::day_of(1900, 1, 1) || *day > model::day_of(9998, 12, 31)))
        top.complain(key, "bad_value", "years go from 1900 to 9998");
    }
    const auto area = top.required_text("area");
    if (!area) return;
    const auto* found = draft_.catalog.areas.lookup(*area);
    plan_.area = found ? found->code : *area;
    if (!found && draft_.areas_clean)
      top.complain("area", "unknown_area",
                   in_quotes(*area) + " is no area" + suggestion(*area, draft_.catalog.areas.known_words()));
  }

  // The id, once it is fit and new among `seen`.
  std::optional<std::string> read_id(Section& section, std::map<std::string, Place, std::less<>>& seen,
                                     const std::string& what) {
    const auto id = section.required_text("id");
    if (!id) return std::nullopt;
    if (!is_plan_word(*id))
      section.complain("id", "bad_name", in_quotes(*id) + " cannot be an id; use a-z, 0-9, _, . and -");
    const auto [first, fresh] = seen.emplace(*id, section.at("id"));
    if (fresh) return id;
    section.complain("id", "duplicate",
                     what + " " + in_quotes(*id) + " is declared in line " + std::to_string(first->second.line) +
                         " already");
    return std::nullopt;
  }

  // What `key` names, one of `known`.
  std::string read_known(Section& section, std::string_view key, const std::map<std::string, Place, std::less<>>& known,
                         const std::string& what, bool is_required) {
    const auto word = is_required ? section.required_text(key) : section.text(key);
    if (!word) return {};
    if (!known.contains(*word)) {
      std::vector<std::string> ids;
      for (const auto& [id, at] : known)
        ids.push_back(id);
      section.complain(key, "unknown_" + what,
                       "there is no [[" + what + "]] " + in_quotes(*word) + suggestion(*word, ids));
    }
    return *word;
  }

  std::vector<std::string> read_departments(Section& section, std::string_view key) {
    std::vector<std::string> out;
    for (const auto& word : section.texts(key)) {
      const auto& departments = draft_.catalog.departments;
      const auto code = departments.lookup(word.text);
      if (code.empty()) {
        if (is_sure_)
          report_.add(word.at, "unknown_department",
                      in_quotes(word.text) + " is no department and no body of departments.toml" +
                          suggestion(word.text, departments.known_words()));
      } else if (std::ranges::find(out, code) != out.end()) {
        report_.add(word.at, "duplicate", in_quotes(word.text) + " is named twice");
      } else {
        out.push_back(code);
      }
    }
    return out;
  }

  void read_group(const Node& table) {
    Section section(table, report_, "this [[group]]");
    model::Group out;
    const auto id = read_id(section, groups_, "group");
    out.name = read_label(section, "name", report_);
    section.finish();
    if (!id) return;
    out.id = *id;
    plan_.groups.push_back(std::move(out));
  }

  void read_profile(const Node& table) {
    Section section(table, report_, "this [[profile]]");
    model::Profile out;
    const auto id = read_id(section, profiles_, "profile");
    const Node* months = section.find("months");
    if (!months) section.missing("months", "; write twelve weights, January first");
    section.finish();
    if (months && !read_months(*months, out))
      report_.add(months->at, "bad_value",
                  "\"months\" wants twelve integers from 0 to 1000000, January first, not all of them 0");
    if (!id) return;
    out.id = *id;
    plan_.profiles.push_back(std::move(out));
  }

  static bool read_months(const Node& list, model::Profile& out) {
    constexpr int64_t most = 1'000'000;
    if (list.kind != Node::Kind::list || list.items.size() != out.months.size()) return false;
    bool some = false;
    for (size_t i = 0; i < out.months.size(); ++i) {
      const auto& item = list.items[i];
      if (item.kind != Node::Kind::integer || item.integer < 0 || item.integer > most) return false;
      out.months[i] = static_cast<uint32_t>(item.integer);
      some = some || item.integer > 0;
    }
    return some;
  }

  void read_section(const Node& table) {
    Section section(table, report_, "this [[section]]");
    model::Section out;
    const auto id = read_id(section, sections_, "section");
    if (!section.has("kind")) section.missing("kind", suggestion("", section_kinds));
    if (const auto kind = section.choice("kind", section_kinds)) out.kind = static_cast<model::SectionKind>(*kind);
    out.name = read_label(section, "name", report_);
    out.group = read_known(section, "group", groups_, "group", false);
    section.finish();
    if (!id) return;
    out.id = *id;
    plan_.sections.push_back(std::move(out));
  }

  void read_clause(const Node& table) {
    Section section(table, report_, "this [[clause]]");
    model::Clause out;
    const auto id = read_id(section, clauses_, "clause");
    out.section = read_known(section, "section", sections_, "section", true);
    out.title = read_label(section, "title", report_);
    out.text = section.required_text("text").value_or("");
    out.lead = read_departments(section, "lead");
    out.responsible = read_departments(section, "responsible");
    section.finish();
    if (!id) return;
    out.id = *id;
    plan_.clauses.push_back(std::move(out));
  }

  void read_target(const Node& table) {
    Section section(table, report_, "this [[target]]");
    model::Target out;
    const auto id = section.required_text("id");
    out.clause = read_known(section, "clause", clauses_, "clause", true);
    out.quote = section.required_text("quote").value_or("");
    out.name = read_label(section, "name", report_);
    const auto indicators = read_indicators(section);
    if (!section.has("kind")) section.missing("kind", suggestion("", target_kinds));
    const auto kind = section.choice("kind", target_kinds);
    if (kind) out.kind = static_cast<TargetKind>(*kind);
    out.above = section.choice("comparator", comparators).value_or(0) == 1;
    read_floor(section, out);
    if (const Node* stretch = section.find("stretch")) out.stretch = decimal_text("stretch", *stretch, report_);
    if (out.floor && out.stretch &&
        std::strtod(out.stretch->c_str(), nullptr) <= std::strtod(out.floor->c_str(), nullptr))
      section.complain("stretch", "bad_value", "\"stretch\" lies above the floor, and this one does not");
    if (const auto unit = section.required_text("unit")) {
      check_unit(section, *unit, draft_);
      out.unit = *unit;
    }
    check_percent(section, out);
    out.due = read_due(section);
    out.profile = read_known(section, "profile", profiles_, "profile", false);
    if (kind && !out.profile.empty() && out.kind != TargetKind::annual)
      section.complain("profile", "bad_target", "only annual targets have a profile of the year; take it out");
    const auto* clause = plan_.clause(out.clause);
    const auto* of = clause ? plan_.section(clause->section) : nullptr;
    const bool names_departments = section.has("lead") || section.has("responsible");
    out.lead = read_departments(section, "lead");
    out.responsible = read_departments(section, "responsible");
    if (clause && !names_departments) {
      out.lead = clause->lead;
      out.responsible = clause->responsible;
    }
    out.group = read_known(section, "group", groups_, "group", false);
    if (of && out.group.empty()) out.group = of->group;
    section.finish();
    if (clause && !out.quote.empty() && clause->text.find(out.quote) == std::string::npos)
      section.complain("quote", "bad_quote",
                       "these words do not stand in clause " + in_quotes(out.clause) +
                           "; a target quotes its clause word for word");
    for (const auto& word : indicators)
      out.indicators.push_back(word.text);
    if (kind) check_indicators(section, out, indicators);
    if (!id) return;
    out.id = *id;
    if (!is_plan_word(out.id))
      section.complain("id", "bad_name", in_quotes(out.id) + " cannot be an id; use a-z, 0-9, _, . and -");
    const auto [first, fresh] =
        draft_.target_places.emplace(out.id, CatalogDraft::TargetPlace{report_.file(), section.at("id")});
    if (!fresh) {
      section.complain("id", "duplicate",
                       "target " + in_quotes(out.id) + " is declared in " + first->second.file.filename().string() +
                           " line " + std::to_string(first->second.at.line) +
                           " already; ids are unique over all plans");
      return;
    }
    plan_.targets.push_back(std::move(out));
  }

  // `indicator = "a"`, or a list of several.
  std::vector<Word> read_indicators(Section& section) {
    const Node* node = section.find("indicator");
    if (!node) {
      section.missing("indicator", "; against what is this target held?");
      return {};
    }
    const bool is_list = node->kind == Node::Kind::list;
    std::vector<Word> out;
    for (size_t i = 0; i < (is_list ? node->items.size() : 1); ++i) {
      const Node& item = is_list ? node->items[i] : *node;
      if (item.kind != Node::Kind::text)
        wrong_type(report_, "indicator", item, "an indicator's id or a list of them");
      else if (std::ranges::find(out, item.text, &Word::text) != out.end())
        report_.add(item.at, "duplicate", in_quotes(item.text) + " is given twice");
      else
        out.push_back({item.text, item.at});
    }
    if (is_list && node->items.empty())
      report_.add(node->at, "bad_value", "an empty list names no indicator; against what is this target held?");
    return out;
  }

  void read_floor(Section& section, model::Target& out) {
    const Node* floor = section.find("floor");
    if (!floor) {
      section.missing("floor", "; which number is to be reached?");
    } else if (floor->kind == Node::Kind::text && floor->text == "all") {
      if (out.kind != TargetKind::each)
        section.complain("floor", "bad_target", "\"all\" is for the kind each: every entry of the register");
    } else if (floor->kind == Node::Kind::text) {
      wrong_type(report_, "floor", *floor, "a number, or \"all\"");
    } else {
      out.floor = decimal_text("floor", *floor, report_);
      if (out.floor && !(std::strtod(out.floor->c_str(), nullptr) > 0))
        section.complain("floor", "bad_value", "a floor lies above 0");
    }
  }

  // A share ends at 100.
  void check_percent(Section& section, const model::Target& target) {
    const auto* unit = draft_.catalog.unit(target.unit);
    const bool is_share = target.kind == TargetKind::coverage || target.kind == TargetKind::survey;
    if (!unit || unit->quantity != "percent" || !is_share) return;
    const auto number = [](const std::optional<std::string>& text) {
      return text ? std::strtod(text->c_str(), nullptr) : 0;
    };
    if (number(target.floor) > 100 || (target.above && number(target.floor) >= 100))
      section.complain("floor", "bad_value", "no share lies above 100 %, so this floor is never reached");
    if (number(target.stretch) > 100)
      section.complain("stretch", "bad_value", "no share lies above 100 %, so this stretch is never reached");
  }

  model::Day read_due(Section& section) {
    const auto due = read_day(section, "due", report_);
    if (!due) return plan_.to;
    if (*due < plan_.from || *due > plan_.to)
      section.complain("due", "bad_value",
                       "the plan goes from " + model::day_text(plan_.from) + " to " + model::day_text(plan_.to) +
                           "; \"due\" lies in it");
    return *due;
  }

  // What measures an indicator may have to be held against such a target, for people; empty: it has one of them.
  static std::string measures_wanted(TargetKind kind, Measure measure) {
    switch (kind) {
    case TargetKind::annual:
      return measure != Measure::survey_rate ? "" : "another measure than survey_rate: write kind = \"survey\"";
    case TargetKind::cumulative:
      return measure == Measure::count || measure == Measure::sum || measure == Measure::standing
                 ? ""
                 : "count or sum, whose years add up, or standing, which holds all that is there at a moment";
    case TargetKind::stock:
      return measure == Measure::standing || measure == Measure::latest ? "" : "standing or latest";
    case TargetKind::coverage:
      return measure == Measure::share ? "" : "share";
    case TargetKind::each:
      return measure == Measure::each ? "" : "each";
    case TargetKind::survey:
      return measure == Measure::survey_rate ? "" : "survey_rate";
    }
    return {};
  }

  void check_indicators(Section& section, const model::Target& target, const std::vector<Word>& indicators) {
    const auto& catalog = draft_.catalog;
    for (const auto& word : indicators) {
      const auto* indicator = catalog.indicator(word.text);
      if (!indicator) {
        report_.add(word.at, "unknown_indicator",
                    in_quotes(word.text) + " is no indicator" + suggestion(word.text, catalog.indicator_ids()));
        continue;
      }
      const auto wanted = measures_wanted(target.kind, indicator->measure);
      if (!wanted.empty())
        report_.add(word.at, "bad_target",
                    "a target of the kind " + target_kinds[static_cast<size_t>(target.kind)] +
                        " wants an indicator of " + wanted + "; " + in_quotes(word.text) + " is " +
                        measure_names()[static_cast<size_t>(indicator->measure)]);
      const auto* of_target = catalog.unit(target.unit);
      const auto* of_indicator = catalog.unit(indicator->unit);
      if (of_target && of_indicator && of_target->quantity != of_indicator->quantity)
        section.complain("unit", "different_quantities",
                         in_quotes(word.text) + " is told in " + indicator->unit + ", which is another quantity than " +
                             target.unit);
    }
  }

  CatalogDraft& draft_;
  Report& report_;
  bool is_sure_; // who is unknown here is no department
  model::Plan plan_;
  std::map<std::string, Place, std::less<>> groups_, profiles_, sections_, clauses_;
};

} // namespace

void load_plan(const std::filesystem::path& file, CatalogDraft& draft, std::vector<Problem>& problems) {
  Report report(file, problems);
  const auto document = read_document(report);
  if (document) Reading(file, draft, report).read(*document);
}

} // namespace kepu::settings
