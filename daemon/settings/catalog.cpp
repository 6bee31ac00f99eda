#include "base/printable.hpp"
#include "settings/loading.hpp"

#include <algorithm>
#include <set>

namespace kepu::settings {
namespace {

// Districts, subdistricts, communities: questions name these levels.
constexpr size_t max_levels = 3;
constexpr const char* units_file = "units.toml";
constexpr const char* areas_file = "areas.toml";
constexpr const char* indicators_file = "indicators.toml";
constexpr const char* departments_file = "departments.toml";
constexpr const char* returns_file = "returns.toml";

void load_units(const std::filesystem::path& file, CatalogDraft& draft, std::vector<Problem>& problems) {
  Report report(file, problems);
  std::map<std::string, Place> seen;
  if (const auto document = read_document(report)) {
    Section top(*document, report, "the file");
    for (const auto* table : top.tables("unit")) {
      Section section(*table, report, "this [[unit]]");
      model::Unit unit;
      const auto id = section.required_text("id");
      unit.name = read_label(section, "name", report);
      unit.quantity = section.required_text("quantity").value_or("");
      section.finish();
      if (!id) continue;
      unit.id = *id;
      if (!is_name(unit.id)) {
        section.complain("id", "bad_name", in_quotes(unit.id) + " cannot be an id; use a-z, 0-9 and _, a letter first");
      }
      if (const auto [first, fresh] = seen.emplace(unit.id, section.at("id")); !fresh) {
        section.complain("id", "duplicate",
                         "unit " + in_quotes(unit.id) + " is declared in line " + std::to_string(first->second.line) +
                             " already");
        continue;
      }
      draft.catalog.units.push_back(std::move(unit));
    }
    top.finish();
  }
  draft.units_clean = report.clean();
}

struct PlacedArea {
  model::Area area;
  Place parent_at;
  std::vector<Word> successors;
};

void check_validity(Section& section, const std::optional<model::Day>& from, const std::optional<model::Day>& to) {
  if (from && to && *to < *from) section.complain("valid_to", "bad_value", "\"valid_to\" is before \"valid_from\"");
}

// Every parent is there, there is one root, and no chain is endless or too long.
void check_tree(const std::vector<PlacedArea>& areas, Report& report) {
  std::unordered_map<std::string, const PlacedArea*> by_code;
  for (const auto& one : areas)
    by_code.emplace(one.area.code, &one);
  const PlacedArea* root = nullptr;
  for (const auto& one : areas) {
    const std::string who = "area " + in_quotes(one.area.code);
    if (one.area.parent.empty()) {
      if (root) {
        report.add(one.parent_at, "second_root",
                   who + " has no parent, but " + in_quotes(root->area.code) + " is the root; give it a parent");
      } else {
        root = &one;
      }
      continue;
    }
    if (!by_code.count(one.area.parent)) {
      std::vector<std::string> codes;
      for (const auto& other : areas)
        codes.push_back(other.area.code);
      report.add(one.parent_at, "unknown_area",
                 "the parent " + in_quotes(one.area.parent) + " of " + who + " is not declared" +
                     suggestion(one.area.parent, codes));
      continue;
    }
    size_t level = 0;
    const PlacedArea* at = &one;
    while (at && !at->area.parent.empty() && level <= areas.size()) {
      ++level;
      const auto up = by_code.find(at->area.parent);
      at = up == by_code.end() ? nullptr : up->second;
      if (at == &one) break;
    }
    if (at == &one) {
      report.add(one.parent_at, "cycle", who + " is its own ancestor; correct its parent");
    } else if (level >= max_levels && level <= areas.size()) {
      report.add(one.parent_at, "too_deep",
                 who + " lies below a community; there are three levels: district, subdistrict, community");
    }
  }
  if (!root && !areas.empty() && report.clean()) report.add({}, "no_root", "no area is the root; one has no parent");
}

// What took over an area's ground is there, and does not lead back to it.
void check_successors(const std::vector<PlacedArea>& areas, Report& report) {
  std::unordered_map<std::string, const PlacedArea*> by_code;
  std::vector<std::string> codes;
  for (const auto& one : areas) {
    by_code.emplace(one.area.code, &one);
    codes.push_back(one.area.code);
  }
  const auto leads_to = [&](const std::string& from, const std::string& code) {
    std::set<std::string> seen{from};
    for (std::vector<std::string> open{from}; !open.empty();) {
      const auto at = by_code.find(open.back());
      open.pop_back();
      if (at == by_code.end()) continue;
      for (const auto& next : at->second->area.successors) {
        if (next == code) return true;
        if (seen.insert(next).second) open.push_back(next);
      }
    }
    return false;
  };
  for (const auto& one : areas) {
    for (const auto& word : one.successors) {
      if (!by_code.count(word.text)) {
        report.add(word.at, "unknown_area",
                   "the successor " + in_quotes(word.text) + " of area " + in_quotes(one.area.code) +
                       " is not declared" + suggestion(word.text, codes));
      } else if (word.text == one.area.code || leads_to(word.text, one.area.code)) {
        report.add(word.at, "cycle", "area " + in_quotes(one.area.code) + " is its own successor; correct it");
      }
    }
  }
}

void check_code(Section& section, Report& report, const std::string& code) {
  const bool digits = std::all_of(code.begin(), code.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits && (code.size() == 6 || code.size() == 9 || code.size() == 12)) return;
  report.add(section.at("code"), "bad_code",
             in_quotes(code) + " is no area code; districts have 6 digits, subdistricts 9, communities 12");
}

void load_areas(const std::filesystem::path& file, CatalogDraft& draft, std::vector<Problem>& problems) {
  Report report(file, problems);
  std::vector<PlacedArea> areas;
  if (const auto document = read_document(report)) {
    Section top(*document, report, "the file");
    Words words;
    for (const auto* table : top.tables("area")) {
      Section section(*table, report, "this [[area]]");
      const auto code = section.required_text("code");
      PlacedArea placed;
      placed.area.parent = section.text("parent").value_or("");
      placed.parent_at = section.at("parent");
      placed.area.name = read_label(section, "name", report);
      const auto aliases = section.texts("aliases");
      placed.area.valid_from = read_day(section, "valid_from", report);
      placed.area.valid_to = read_day(section, "valid_to", report);
      placed.successors = section.texts("successors");
      section.finish();
      if (!code) continue;
      placed.area.code = *code;
      for (const auto& word : placed.successors)
        placed.area.successors.push_back(word.text);
      if (!placed.successors.empty() && !placed.area.valid_to)
        section.missing("valid_to", "; an area with successors has ended: on which day was it there last?");
      check_validity(section, placed.area.valid_from, placed.area.valid_to);
      check_code(section, report, *code);
      placed.area.aliases = claim_words(section, *code, placed.area.name, aliases, words, report);
      areas.push_back(std::move(placed));
    }
    top.finish();
    check_tree(areas, report);
    check_successors(areas, report);
  }
  draft.areas_clean = report.clean();
  std::vector<model::Area> plain;
  for (auto& one : areas)
    plain.push_back(std::move(one.area));
  draft.catalog.areas = model::Areas(std::move(plain));
}

std::optional<model::RegisterEntry> read_entry(const Node& table, const std::string& list, const CatalogDraft& draft,
                                               Words& words, Report& report) {
  Section section(table, report, "this [[" + printable(list) + "]]");
  model::RegisterEntry entry;
  const auto code = section.required_text("code");
  entry.name = read_label(section, "name", report);
  const auto aliases = section.texts("aliases");
  entry.area = section.text("area").value_or("");
  entry.kind = section.text("kind").value_or("");
  entry.valid_from = read_day(section, "valid_from", report);
  entry.valid_to = read_day(section, "valid_to", report);
  section.finish();
  if (!entry.area.empty() && draft.areas_clean && !draft.catalog.areas.find(entry.area)) {
    std::vector<std::string> codes;
    for (const auto& area : draft.catalog.areas.all())
      codes.push_back(area.code);
    section.complain("area", "unknown_area",
                     "area " + in_quotes(entry.area) + " is not in " + areas_file + suggestion(entry.area, codes));
  }
  check_validity(section, entry.valid_from, entry.valid_to);
  if (!code || !check_word(report, section.at("code"), "a code", *code)) return std::nullopt;
  entry.code = *code;
  entry.aliases = claim_words(section, entry.code, entry.name, aliases, words, report);
  return entry;
}

void load_register(const std::filesystem::path& file, CatalogDraft& draft, std::vector<Problem>& problems) {
  Report report(file, problems);
  const std::string id = file.stem().string();
  if (id == "district" || id == "subdistrict" || id == "community") {
    report.add({}, "reserved_word", in_quotes(id) + " is a level of areas; call the register otherwise");
  } else if (!is_name(id)) {
    report.add({}, "bad_name",
               "a register is called as its file, and " + in_quotes(id) +
                   " cannot be a name; use a-z, 0-9 and _, a letter first");
  }
  model::Label name;
  std::vector<model::RegisterEntry> entries;
  if (const auto document = read_document(report)) {
    Section top(*document, report, "the file");
    name = read_label(top, "name", report);
    // The list is called as one speaks of its entries: [[venue]], [[school]]. There is one.
    std::string list;
    Words words;
    for (const auto& one : document->entries) {
      if (one.value.kind != Node::Kind::list) continue;
      if (!list.empty()) {
        report.add(one.at, "second_list",
                   "a register holds one list; this file has [[" + printable(list) + "]] and [[" + printable(one.key) +
                       "]]");
      } else {
        list = one.key;
      }
      for (const auto* table : top.tables(one.key)) {
        if (auto entry = read_entry(*table, one.key, draft, words, report)) entries.push_back(std::move(*entry));
      }
    }
    top.finish();
  }
  if (!report.clean()) draft.unclean_registers.insert(id);
  model::Register made(id, std::move(name), std::move(entries));
  draft.catalog.registers.insert_or_assign(id, std::move(made));
}

// Files that are no part of a catalog are most likely misspelt.
void check_names(const std::filesystem::path& folder, std::vector<Problem>& problems) {
  const std::vector<std::string> known{units_file, areas_file, indicators_file, departments_file, returns_file};
  for (const auto& file : toml_files(folder, problems)) {
    const std::string name = file.filename().string();
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    Report(file, problems)
        .add({}, "unknown_file",
             "is no file of a catalog" + suggestion(name, known) +
                 "; datasets, registers, indicators and plans have folders of these names");
  }
}

std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder, std::vector<Problem>& problems) {
  std::error_code error;
  if (!std::filesystem::exists(folder, error)) return {};
  return toml_files(folder, problems);
}

} // namespace

std::optional<model::Day> read_day(Section& section, std::string_view key, Report& report) {
  const Node* node = section.find(key);
  if (!node) return std::nullopt;
  if (node->kind == Node::Kind::date) return static_cast<model::Day>(node->integer);
  wrong_type(report, key, *node, "a date such as 2025-03-05, without quotes");
  return std::nullopt;
}

void Words::claim(const std::string& word, const std::string& owner, Place at, Report& report) {
  if (word.empty()) return;
  const auto [first, fresh] = owners_.emplace(word, Owner{owner, at});
  // An entry may repeat its own words, but its code is claimed once only: a second one is another entry.
  const bool same = first->second.code == owner && word != owner;
  if (fresh || same) return;
  std::string text = in_quotes(word) + " is " + in_quotes(first->second.code) + " in line " +
                     std::to_string(first->second.at.line) + " already";
  if (first->second.code != owner) text += " and cannot be " + in_quotes(owner) + " too";
  report.add(at, "duplicate", std::move(text));
}

std::vector<std::string> claim_words(Section& section, const std::string& code, const model::Label& name,
                                     const std::vector<Word>& aliases, Words& words, Report& report) {
  words.claim(code, code, section.at("code"), report);
  words.claim(name.zh, code, section.at("name"), report);
  words.claim(name.en, code, section.at("name"), report);
  std::vector<std::string> out;
  for (const auto& alias : aliases) {
    if (!check_word(report, alias.at, "an alias", alias.text)) continue;
    words.claim(alias.text, code, alias.at, report);
    out.push_back(alias.text);
  }
  return out;
}

model::Label read_label(Section& section, std::string_view key, Report& report, bool required) {
  model::Label label;
  if (!section.has(key)) {
    (void)section.find(key);
    if (required) section.missing(key, "; write { zh = \"…\", en = \"…\" }");
    return label;
  }
  const Node* table = section.table(key);
  if (!table) return label;
  Section inner(*table, report, in_quotes(key));
  const auto read = [&](std::string_view language, std::optional<std::string> text) {
    const bool good =
        text && check_word(report, inner.at(language), in_quotes(key) + "." + std::string(language), *text);
    return good ? *text : std::string();
  };
  label.zh = read("zh", inner.required_text("zh"));
  if (inner.has("en")) label.en = read("en", inner.required_text("en"));
  (void)inner.find("en");
  inner.finish();
  return label;
}

CatalogDraft load_catalog(const std::filesystem::path& folder, std::vector<Problem>& problems) {
  CatalogDraft draft;
  std::error_code error;
  check_names(folder, problems);
  const auto optional_file = [&](const char* name, auto load) {
    if (std::filesystem::exists(folder / name, error)) load(folder / name, draft, problems);
  };
  // In this order each file refers only to what was read before.
  optional_file(units_file, load_units);
  optional_file(areas_file, load_areas);
  for (const auto& file : files_below(folder / "registers", problems))
    load_register(file, draft, problems);
  for (const auto& file : files_below(folder / "datasets", problems))
    load_dataset(file, draft, problems);
  optional_file(indicators_file, load_indicators);
  for (const auto& file : files_below(folder / "indicators", problems))
    load_indicators(file, draft, problems);
  check_made(draft, problems);
  optional_file(departments_file, load_departments);
  for (const auto& file : files_below(folder / "plans", problems))
    load_plan(file, draft, problems);
  optional_file(returns_file, load_returns);
  return draft;
}

} // namespace kepu::settings
