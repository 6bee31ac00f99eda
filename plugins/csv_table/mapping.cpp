// SPDX-License-Identifier: Apache-2.0
#include "mapping.hpp"

#include <kepu/toolkit/nearest.hpp>

#include <algorithm>
#include <map>

namespace csv_table {
namespace {

namespace toolkit = kepu::toolkit;

std::string quoted(std::string_view word) { return "\"" + std::string(word) + "\""; }

// Reads the tables one after the other, each into the rules of the fields that it names.
class Reading {
public:
  Reading(const kepu::Settings& given, const kepu_dataset& contract, std::vector<std::string>& problems)
      : given_(given), contract_(contract), problems_(problems) {
    for (size_t i = 0; i < contract.field_count; ++i) {
      const kepu_field& field = *contract.fields[i];
      names_.emplace_back(field.name);
      auto& rule = out_.fields.emplace_back();
      rule.field = &field;
      rule.required = field.required || (field.roles & KEPU_ROLE_KEY);
      rule.manner.decimal = given.text("decimal") == "point"   ? toolkit::DecimalSign::point
                            : given.text("decimal") == "comma" ? toolkit::DecimalSign::comma
                                                               : toolkit::DecimalSign::either;
      out_.columns.push_back({field.name, {field.name}, !rule.required, ""});
    }
  }

  Mapping read(const toolkit::Zone& zone) && {
    columns();
    constants();
    values();
    dates();
    for (size_t i = 0; i < names_.size(); ++i)
      check(out_.fields[i], zone);
    return std::move(out_);
  }

private:
  void complain(std::string_view table, std::string_view key, const std::string& what) {
    problems_.push_back("[settings." + std::string(table) + "] " + std::string(key) + ": " + what);
  }

  // SIZE_MAX after a complaint.
  size_t number_of(std::string_view table, std::string_view name) {
    const auto at = std::ranges::find(names_, name);
    if (at != names_.end()) return static_cast<size_t>(at - names_.begin());
    const auto near = toolkit::by_nearness(name, names_, 1);
    complain(table, name,
             "dataset " + std::string(contract_.id) + " has no such field" +
                 (near.empty() ? "" : ", did you mean " + quoted(near.front()) + "?"));
    return SIZE_MAX;
  }

  void columns() {
    for (const auto& [name, words] : given_.table("columns")) {
      const size_t field = number_of("columns", name);
      if (field == SIZE_MAX) continue;
      auto& column = out_.columns[field];
      column.words = toolkit::words_of(words);
      column.optional = false;
      if (column.words.empty()) complain("columns", name, "is empty; write the word that the header has for it");
      from_file_.push_back(field);
    }
  }

  void constants() {
    for (const auto& [name, text] : given_.table("constants")) {
      const size_t field = number_of("constants", name);
      if (field == SIZE_MAX) continue;
      if (std::ranges::find(from_file_, field) != from_file_.end())
        complain("constants", name, "is also in [settings.columns]; keep one of the two");
      out_.fields[field].constant = text;
      out_.columns[field].words.clear();
    }
  }

  // "direction.进" = "in"
  void values() {
    for (const auto& [key, wanted] : given_.table("values")) {
      const size_t dot = key.find('.');
      const auto name = key.substr(0, dot);
      const size_t field = number_of("values", name);
      if (field == SIZE_MAX) continue;
      auto& rule = out_.fields[field];
      if (dot == std::string::npos) {
        complain("values", name, "is no table; write [settings.values." + name + "] with a line for each word");
      } else if (!rule.values.emplace(toolkit::plain_word(key.substr(dot + 1)), wanted).second) {
        complain("values", name, "has " + quoted(key.substr(dot + 1)) + " twice; case and width make no difference");
      }
    }
  }

  void dates() {
    static const std::map<std::string, toolkit::DateOrder> orders{
        {"ymd", toolkit::DateOrder::ymd}, {"dmy", toolkit::DateOrder::dmy}, {"mdy", toolkit::DateOrder::mdy}};
    for (const auto& [name, word] : given_.table("dates")) {
      const size_t field = number_of("dates", name);
      if (field == SIZE_MAX) continue;
      auto& rule = out_.fields[field];
      const auto order = orders.find(word);
      if (order == orders.end())
        complain("dates", name, quoted(word) + " is none of ymd, dmy, mdy");
      else
        rule.manner.dates = order->second;
      if (rule.field->type != KEPU_DATE && rule.field->type != KEPU_TIMESTAMP)
        complain("dates", name, "the field is neither a date nor a timestamp");
    }
  }

  // What the texts of the settings mean must be readable before a file is.
  void check(FieldRule& rule, const toolkit::Zone& zone) {
    const std::string name = rule.field->name;
    if (rule.constant) {
      const auto read = toolkit::read_cell(*rule.constant, *rule.field, rule.manner, zone);
      if (!read.ok()) complain("constants", name, read.advice);
      if (rule.required && read.ok() && read.cell.type == KEPU_NULL)
        complain("constants", name, "is empty, and the dataset requires it");
      if (!rule.values.empty()) complain("values", name, "is a constant, and no file says anything else");
    }
    // The hub knows the words of entities and areas, and persons are no words; of the others only this list does.
    constexpr uint32_t known_elsewhere = KEPU_ROLE_ENTITY | KEPU_ROLE_AREA | KEPU_ROLE_PERSON;
    rule.only_these = !rule.values.empty() && rule.field->type == KEPU_TEXT && !(rule.field->roles & known_elsewhere);
    std::vector<std::string> wanted;
    for (const auto& [word, value] : rule.values) {
      const auto read = toolkit::read_cell(value, *rule.field, rule.manner, zone);
      if (!read.ok()) complain("values", name, quoted(value) + ": " + read.advice);
      wanted.push_back(value);
    }
    if (rule.only_these) {
      for (const auto& value : wanted)
        rule.values.emplace(toolkit::plain_word(value), value);
    }
  }

  const kepu::Settings& given_;
  const kepu_dataset& contract_;
  std::vector<std::string>& problems_;
  std::vector<std::string> names_;
  std::vector<size_t> from_file_; // fields that [settings.columns] names
  Mapping out_;
};

} // namespace

Mapping read_mapping(const kepu::Settings& given, const kepu_dataset& contract, const toolkit::Zone& zone,
                     std::vector<std::string>& problems) {
  return Reading(given, contract, problems).read(zone);
}

} // namespace csv_table
