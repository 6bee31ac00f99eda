// Departments, the bodies that stand for several of them, and the returns that they owe.
#include "base/printable.hpp"
#include "settings/loading.hpp"

#include <algorithm>

namespace kepu::settings {
namespace {

// What departments and bodies have in common; false: it has no code that it could be known by.
template <class Entry> bool read_named(Section& section, Words& words, Report& report, Entry& out) {
  const auto code = section.required_text("code");
  out.name = read_label(section, "name", report);
  const auto aliases = section.texts("aliases");
  if (!code) return false;
  out.code = *code;
  if (!is_name(out.code))
    section.complain("code", "bad_name", in_quotes(out.code) + " cannot be a code; use a-z, 0-9 and _, a letter first");
  out.aliases = claim_words(section, out.code, out.name, aliases, words, report);
  return true;
}

void read_department(Section& section, const CatalogDraft& draft, Words& words, Report& report,
                     std::vector<model::Department>& out) {
  model::Department department;
  const bool is_known = read_named(section, words, report, department);
  if (const auto area = section.text("area")) {
    const auto* found = draft.catalog.areas.lookup(*area);
    department.area = found ? found->code : *area;
    if (!found && draft.areas_clean)
      section.complain("area", "unknown_area",
                       in_quotes(*area) + " is no area" + suggestion(*area, draft.catalog.areas.known_words()));
  }
  section.finish();
  if (is_known) out.push_back(std::move(department));
}

void read_body(Section& section, const model::Departments& departments, Words& words, Report& report,
               std::vector<model::Body>& out) {
  model::Body body;
  const bool is_known = read_named(section, words, report, body);
  const auto members = section.texts("members");
  if (!section.has("members")) {
    section.missing("members", "; which departments does it stand for?");
  } else if (members.empty()) {
    section.complain("members", "bad_value", "an empty list stands for nobody; which departments does it stand for?");
  }
  for (const auto& word : members) {
    const std::string code = departments.lookup(word.text);
    if (code.empty()) {
      report.add(word.at, "unknown_department",
                 in_quotes(word.text) + " is no [[department]], and a body stands for departments only" +
                     suggestion(word.text, departments.known_words()));
    } else if (std::ranges::find(body.members, code) != body.members.end()) {
      report.add(word.at, "duplicate", in_quotes(word.text) + " is given twice");
    } else {
      body.members.push_back(code);
    }
  }
  body.others = section.boolean("others").value_or(false);
  body.provisional = section.boolean("provisional").value_or(false);
  section.finish();
  if (is_known) out.push_back(std::move(body));
}

std::optional<model::Period> read_period(Section& section, std::string_view key) {
  const auto word = section.text(key);
  if (!word) return std::nullopt;
  auto period = model::parse_period(*word);
  if (period) return *period;
  section.complain(key, "bad_value", in_quotes(key) + ": " + period.error().text);
  return std::nullopt;
}

void read_return(Section& section, CatalogDraft& draft, std::map<std::string, Place>& seen, Report& report) {
  const auto& catalog = draft.catalog;
  model::Return out;
  const auto id = section.required_text("id");
  out.name = read_label(section, "name", report);
  const auto dataset = section.required_text("dataset");
  const auto department = section.required_text("department");
  out.source = section.text("source").value_or("");
  if (!section.has("from")) section.missing("from", "; which period is owed first? write \"2025-Q1\"");
  const auto from = read_period(section, "from");
  out.to = read_period(section, "to");
  if (!section.has("due")) section.missing("due", "; how long after the period's end? write \"15d\"");
  constexpr auto most_due = std::chrono::days{3660}; // ten years
  if (const auto due = section.duration("due"); due && (*due < std::chrono::days{1} || *due > most_due))
    section.complain("due", "bad_value", "\"due\" goes from \"1d\" to \"3660d\"");
  else if (due)
    out.days = static_cast<int32_t>(std::chrono::floor<std::chrono::days>(*due).count());
  section.finish();
  if (dataset) {
    out.dataset = *dataset;
    const auto* found = catalog.dataset(*dataset);
    std::vector<std::string> known;
    for (const auto& one : catalog.datasets)
      known.push_back(one.contract.id);
    if (!found && !draft.unclean_datasets.contains(*dataset)) {
      section.complain("dataset", "unknown_dataset",
                       "there is no datasets/" + printable(*dataset) + ".toml" + suggestion(*dataset, known));
    } else if (found && !found->when()) {
      section.complain("dataset", "no_time",
                       "dataset " + in_quotes(*dataset) + " has no time or period, so its facts are of no period");
    }
  }
  if (department) {
    out.department = catalog.departments.lookup(*department);
    if (catalog.departments.body(out.department))
      section.complain("department", "unknown_department",
                       in_quotes(*department) + " stands for several departments, and one owes a return; name it");
    else if (!catalog.departments.find(out.department) && draft.departments_clean)
      section.complain("department", "unknown_department",
                       in_quotes(*department) + " is no department" +
                           suggestion(*department, catalog.departments.known_words()));
  }
  if (!out.source.empty()) draft.ruled_sources.push_back({out.source, report.file(), section.at("source")});
  if (from) out.from = *from;
  if (from && out.to && out.to->freq != from->freq)
    section.complain("to", "bad_value", "\"to\" is another kind of period than \"from\"");
  else if (from && out.to && *out.to < *from)
    section.complain("to", "bad_value", "\"to\" is before \"from\"");
  if (!id) return;
  out.id = *id;
  if (!is_name(out.id))
    section.complain("id", "bad_name", in_quotes(out.id) + " cannot be an id; use a-z, 0-9 and _, a letter first");
  if (const auto [first, fresh] = seen.emplace(out.id, section.at("id")); !fresh)
    section.complain("id", "duplicate",
                     "return " + in_quotes(out.id) + " is declared in line " + std::to_string(first->second.line) +
                         " already");
  draft.catalog.returns.push_back(std::move(out));
}

} // namespace

void load_departments(const std::filesystem::path& file, CatalogDraft& draft, std::vector<Problem>& problems) {
  Report report(file, problems);
  std::vector<model::Department> departments;
  std::vector<model::Body> bodies;
  if (const auto document = read_document(report)) {
    Section top(*document, report, "the file");
    Words words;
    for (const auto* table : top.tables("department")) {
      Section section(*table, report, "this [[department]]");
      read_department(section, draft, words, report, departments);
    }
    const model::Departments known(departments, {});
    for (const auto* table : top.tables("body")) {
      Section section(*table, report, "this [[body]]");
      read_body(section, known, words, report, bodies);
    }
    top.finish();
  }
  draft.departments_clean = report.clean();
  draft.catalog.departments = model::Departments(std::move(departments), std::move(bodies));
}

void load_returns(const std::filesystem::path& file, CatalogDraft& draft, std::vector<Problem>& problems) {
  Report report(file, problems);
  const auto document = read_document(report);
  if (!document) return;
  Section top(*document, report, "the file");
  std::map<std::string, Place> seen;
  for (const auto* table : top.tables("return")) {
    Section section(*table, report, "this [[return]]");
    read_return(section, draft, seen, report);
  }
  top.finish();
}

} // namespace kepu::settings
