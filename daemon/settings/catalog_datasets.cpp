// Datasets: what facts are.
#include "base/printable.hpp"
#include "settings/loading.hpp"

#include <algorithm>
#include <charconv>

namespace kepu::settings {
namespace {

using namespace std::chrono_literals;
constexpr std::chrono::microseconds default_past = std::chrono::hours{24 * 3652 + 12}; // ten years
constexpr std::chrono::microseconds default_future = 24h;

const std::vector<std::string>& type_names() { // kepu_type - 1
  static const std::vector<std::string> all{"text",    "integer", "decimal",   "real",
                                            "boolean", "date",    "timestamp", "period"};
  return all;
}

const std::vector<std::string>& role_names() { // bit numbers of kepu_role
  static const std::vector<std::string> all{"key",    "time",    "until",  "period",  "area",    "entity",
                                            "person", "measure", "weight", "stratum", "cluster", "attribute"};
  return all;
}

struct RoleRule {
  uint32_t role;
  std::vector<int32_t> types; // empty: any
  bool once;                  // at most one field of a dataset
};

const std::vector<RoleRule>& role_rules() {
  static const std::vector<RoleRule> all{
      {KEPU_ROLE_KEY,
       {KEPU_TEXT, KEPU_INTEGER, KEPU_DECIMAL, KEPU_BOOLEAN, KEPU_DATE, KEPU_TIMESTAMP, KEPU_PERIOD},
       false},
      {KEPU_ROLE_TIME, {KEPU_DATE, KEPU_TIMESTAMP}, true},
      {KEPU_ROLE_UNTIL, {KEPU_DATE, KEPU_TIMESTAMP}, true},
      {KEPU_ROLE_PERIOD, {KEPU_PERIOD}, true},
      {KEPU_ROLE_AREA, {KEPU_TEXT}, true},
      {KEPU_ROLE_ENTITY, {KEPU_TEXT}, false},
      {KEPU_ROLE_PERSON, {KEPU_TEXT}, false},
      {KEPU_ROLE_MEASURE, {KEPU_INTEGER, KEPU_DECIMAL, KEPU_REAL}, false},
      {KEPU_ROLE_WEIGHT, {KEPU_INTEGER, KEPU_DECIMAL, KEPU_REAL}, true},
      {KEPU_ROLE_STRATUM, {KEPU_TEXT, KEPU_INTEGER}, true},
      {KEPU_ROLE_CLUSTER, {KEPU_TEXT, KEPU_INTEGER}, true},
      {KEPU_ROLE_ATTRIBUTE, {}, false},
  };
  return all;
}

std::string role_name(uint32_t role) { return role_names()[static_cast<size_t>(std::countr_zero(role))]; }

bool is_scheme(std::string_view scheme) {
  constexpr std::string_view account = "account:";
  if (scheme == "id_card" || scheme == "mobile") return true;
  return scheme.substr(0, account.size()) == account && is_name(scheme.substr(account.size()));
}

void check_scheme(Section& section, const abi::Field& field, Report&) {
  const bool person = field.roles & KEPU_ROLE_PERSON;
  if (person && field.scheme.empty() && !section.has("scheme")) {
    section.missing("scheme", ": a person is known by \"id_card\", \"mobile\" or \"account:NAMESPACE\"");
  } else if (!person && section.has("scheme")) {
    section.complain("scheme", "bad_role", "only a field with the role person has a scheme");
  } else if (!field.scheme.empty() && !is_scheme(field.scheme)) {
    section.complain("scheme", "unknown_word",
                     in_quotes(field.scheme) + " is no scheme" +
                         suggestion(field.scheme, {"id_card", "mobile", "account:NAMESPACE"}));
  }
  if (person && field.roles & (KEPU_ROLE_ENTITY | KEPU_ROLE_AREA)) {
    section.complain("roles", "bad_role", "a person is neither an entity nor an area");
  }
}

void check_register(Section& section, const abi::Field& field, const CatalogDraft& draft) {
  const bool entity = field.roles & KEPU_ROLE_ENTITY;
  if (entity && !section.has("register")) {
    section.missing("register", ": an entity is an entry of a register");
  } else if (!entity && section.has("register")) {
    section.complain("register", "bad_role", "only a field with the role entity has a register");
  } else if (!field.entity_register.empty() && !draft.catalog.registers.count(field.entity_register)) {
    std::vector<std::string> known;
    for (const auto& [id, one] : draft.catalog.registers)
      known.push_back(id);
    section.complain("register", "unknown_register",
                     "there is no registers/" + printable(field.entity_register) + ".toml" +
                         suggestion(field.entity_register, known));
  }
  if (entity && field.roles & KEPU_ROLE_AREA) {
    section.complain("roles", "bad_role", "a field is an entity or an area, not both");
  }
}

uint32_t read_roles(Section& section, Report& report) {
  uint32_t roles = 0;
  const Node* list = section.find("roles");
  if (!list || (list->kind == Node::Kind::list && list->items.empty())) {
    section.complain("roles", "missing_key", "a field has at least one role; write roles = [\"attribute\"]");
  }
  for (const auto& word : section.texts("roles")) {
    const auto found = std::find(role_names().begin(), role_names().end(), word.text);
    if (found == role_names().end()) {
      report.add(word.at, "unknown_word", in_quotes(word.text) + " is no role" + suggestion(word.text, role_names()));
      continue;
    }
    const uint32_t role = 1u << static_cast<unsigned>(found - role_names().begin());
    if (roles & role) report.add(word.at, "duplicate", "the role " + in_quotes(word.text) + " is given twice");
    roles |= role;
  }
  return roles;
}

void read_unit(Section& section, const abi::Field& field, const std::string& unit, const CatalogDraft& draft,
               model::Dataset& dataset) {
  if (field.type != KEPU_INTEGER && field.type != KEPU_DECIMAL && field.type != KEPU_REAL) {
    section.complain("unit", "bad_unit",
                     "only numbers have a unit, and " + in_quotes(field.name) + " is " + type_name(field.type));
  } else {
    check_unit(section, unit, draft);
  }
  dataset.units.insert_or_assign(field.name, unit);
}

// The field, as far as it could be read; nullopt: it has no name or type.
std::optional<abi::Field> read_field(Section& section, const CatalogDraft& draft, model::Dataset& dataset,
                                     Report& report) {
  abi::Field field;
  const auto name = section.required_text("name");
  if (!section.has("type")) section.missing("type");
  const auto type = section.choice("type", type_names());
  field.roles = read_roles(section, report);
  field.scale = static_cast<int32_t>(section.integer("scale", 0, 9).value_or(0));
  field.scheme = section.text("scheme").value_or("");
  field.entity_register = section.text("register").value_or("");
  field.required = section.boolean("required").value_or(false);
  const auto unit = section.text("unit");
  section.finish();
  if (!name || !type) return std::nullopt;
  field.name = *name;
  field.type = static_cast<int32_t>(*type) + 1;
  if (!is_name(field.name)) {
    section.complain("name", "bad_name",
                     in_quotes(field.name) + " cannot be a field; use a-z, 0-9 and _, a letter first");
  }
  if (section.has("scale") && field.type != KEPU_DECIMAL) {
    section.complain("scale", "bad_scale",
                     "only a decimal has a scale, and " + in_quotes(field.name) + " is " + type_name(field.type));
  }
  for (const auto& rule : role_rules()) {
    const auto& types = rule.types;
    if (!(field.roles & rule.role) || types.empty() || std::count(types.begin(), types.end(), field.type)) continue;
    std::string wanted;
    for (size_t i = 0; i < types.size(); ++i)
      wanted += (i ? " or " : "") + type_name(types[i]);
    section.complain("type", "bad_role",
                     "a field with the role " + role_name(rule.role) + " is " + wanted + ", not " +
                         type_name(field.type));
  }
  if (field.type == KEPU_PERIOD && !(field.roles & (KEPU_ROLE_PERIOD | KEPU_ROLE_ATTRIBUTE | KEPU_ROLE_KEY))) {
    section.complain("roles", "bad_role", "a field of the type period has the role period or attribute");
  }
  if (field.roles & KEPU_ROLE_KEY && !field.required) {
    section.complain("required", "bad_role", "a key tells facts apart only when it is there; write required = true");
  }
  check_scheme(section, field, report);
  check_register(section, field, draft);
  if (unit) read_unit(section, field, *unit, draft, dataset);
  return field;
}

void read_scope(Section& top, model::Dataset& dataset, Report& report) {
  std::vector<std::string> names;
  for (const auto& field : dataset.contract.fields)
    names.push_back(field.name);
  for (const auto& word : top.texts("scope")) {
    const auto at = dataset.field(word.text);
    if (!at) {
      report.add(word.at, "unknown_field",
                 in_quotes(word.text) + " is no field of this dataset" + suggestion(word.text, names));
      continue;
    }
    const auto& field = dataset.contract.fields[*at];
    if ((field.type != KEPU_TEXT && field.type != KEPU_INTEGER) || field.roles & KEPU_ROLE_PERSON) {
      report.add(word.at, "bad_scope",
                 "a replacement is bounded by texts and integers, not by " + in_quotes(word.text));
    } else if (std::count(dataset.scope.begin(), dataset.scope.end(), word.text)) {
      report.add(word.at, "duplicate", in_quotes(word.text) + " is given twice");
    } else {
      dataset.scope.push_back(word.text);
    }
  }
}

} // namespace

void check_unit(Section& section, const std::string& unit, const CatalogDraft& draft) {
  if (!draft.units_clean || draft.catalog.unit(unit)) return;
  std::vector<std::string> known;
  for (const auto& one : draft.catalog.units)
    known.push_back(one.id);
  section.complain("unit", "unknown_unit",
                   "unit " + in_quotes(unit) + " is not in units.toml" + suggestion(unit, known));
}

std::string type_name(int32_t type) { return type_names()[static_cast<size_t>(type - 1)]; }

void load_dataset(const std::filesystem::path& file, CatalogDraft& draft, std::vector<Problem>& problems) {
  Report report(file, problems);
  model::Dataset dataset;
  dataset.contract.id = file.stem().string();
  if (!is_name(dataset.contract.id)) {
    report.add({}, "bad_name",
               "a dataset is called as its file, and " + in_quotes(dataset.contract.id) +
                   " cannot be a name; use a-z, 0-9 and _, a letter first");
  }
  if (const auto document = read_document(report)) {
    Section top(*document, report, "the file");
    dataset.contract.version = static_cast<uint32_t>(top.integer("version", 1, INT32_MAX).value_or(1));
    dataset.name = read_label(top, "name", report);
    dataset.accept_past = default_past;
    dataset.accept_future = default_future;
    if (const Node* accept = top.table("accept")) {
      Section inner(*accept, report, "\"accept\"");
      dataset.accept_past = inner.duration("past").value_or(default_past);
      dataset.accept_future = inner.duration("future").value_or(default_future);
      inner.finish();
    }
    std::map<std::string, Place> seen;
    std::map<uint32_t, std::string> holder; // of roles that occur once
    auto& fields = dataset.contract.fields;
    for (const auto* table : top.tables("field")) {
      Section section(*table, report, "this [[field]]");
      auto field = read_field(section, draft, dataset, report);
      if (!field) continue;
      if (const auto [first, fresh] = seen.emplace(field->name, section.at("name")); !fresh) {
        section.complain("name", "duplicate",
                         "field " + in_quotes(field->name) + " is declared in line " +
                             std::to_string(first->second.line) + " already");
        continue;
      }
      for (const auto& rule : role_rules()) {
        if (!rule.once || !(field->roles & rule.role)) continue;
        if (const auto [first, fresh] = holder.emplace(rule.role, field->name); !fresh) {
          section.complain("roles", "duplicate",
                           "the role " + role_name(rule.role) + " belongs to field " + in_quotes(first->second) +
                               " already");
        }
      }
      fields.push_back(std::move(*field));
    }
    if (seen.empty() && report.clean()) report.add({}, "missing_key", "a dataset has at least one [[field]]");
    if (fields.size() > KEPU_MAX_FIELDS) report.add({}, "out_of_range", "a dataset has at most 256 fields");
    if (holder.count(KEPU_ROLE_UNTIL) && !holder.count(KEPU_ROLE_TIME)) {
      report.add({}, "bad_role", "a field has the role until, but none the role time, from which it would run");
    }
    read_scope(top, dataset, report);
    top.finish();
  }
  if (!report.clean()) draft.unclean_datasets.insert(dataset.contract.id);
  draft.catalog.datasets.push_back(std::move(dataset));
}

} // namespace kepu::settings
