// SPDX-License-Identifier: Apache-2.0
#include "declared.hpp"

#include "persons.hpp"
#include "texts.hpp"

#include <kepu/host/settings.hpp>

#include <algorithm>
#include <cstddef>

namespace kepu::host {
namespace {

constexpr size_t max_settings = 256;        // more is a mistake, and a loop over it stays short
constexpr size_t max_choices = 256;         // the same
constexpr size_t max_sentence_bytes = 1024; // titles and help: a sentence
constexpr uint32_t known_roles = (KEPU_ROLE_ATTRIBUTE << 1) - 1;
constexpr uint32_t known_needs = KEPU_NEED_NETWORK | KEPU_NEED_EXEC;

// Sizes of the structs as version 1.0 has them: the least that a library may give.
constexpr size_t descriptor_bytes = offsetof(kepu_descriptor, dataset_count) + sizeof(size_t);
constexpr size_t dataset_bytes = offsetof(kepu_dataset, field_count) + sizeof(size_t);
constexpr size_t field_bytes = offsetof(kepu_field, required) + sizeof(int32_t);
constexpr size_t setting_bytes = offsetof(kepu_setting_spec, choices) + sizeof(void*);

std::string short_struct(const std::string& what, size_t size, size_t least) {
  return what + " has struct_size " + std::to_string(size) + ", the ABI needs at least " + std::to_string(least) +
         "; set it to sizeof of the struct";
}

std::string no_name(const std::string& what, const char* name) {
  return what + (name ? " " + quoted(name) : std::string(" NULL")) +
         " is not a name; use lower-case letters, digits and _, beginning with a letter, at most " +
         std::to_string(max_name_bytes);
}

bool is_sentence(const char* text) {
  const std::string_view view = text ? text : "";
  return !view.empty() && view.size() <= max_sentence_bytes && is_utf8(view) &&
         std::none_of(view.begin(), view.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

std::string no_sentence(const std::string& what) {
  return what + " is missing, too long, not UTF-8 or has control characters; write one line of text";
}

std::string read_choices(const kepu_setting_spec& from, const std::string& where, abi::SettingSpec& out) {
  for (size_t i = 0; from.choices && from.choices[i]; ++i) {
    if (i == max_choices) return where + " has more than " + std::to_string(max_choices) + " choices";
    if (!is_sentence(from.choices[i])) return no_sentence(where + ": a choice");
    out.choices.emplace_back(from.choices[i]);
  }
  if (out.type == KEPU_SETTING_ENUM && out.choices.empty()) return where + " is an enum without choices";
  if (out.type != KEPU_SETTING_ENUM && !out.choices.empty()) return where + " has choices but is no enum";
  return "";
}

std::string read_spec(const kepu_setting_spec* from, abi::SettingSpec& out) {
  if (!from) return "a setting is NULL";
  if (from->struct_size < setting_bytes) return short_struct("a setting", from->struct_size, setting_bytes);
  if (!from->key || !is_name(from->key)) return no_name("the setting key", from->key);
  const std::string where = "setting " + std::string(from->key);
  out.key = from->key;
  out.type = from->type;
  if (setting_type_name(out.type).empty()) return where + " has the unknown type " + std::to_string(out.type);
  out.required = from->required != 0;
  if (!is_sentence(from->help)) return no_sentence("help of " + where);
  out.help = from->help;
  if (from->help_zh) {
    if (!is_sentence(from->help_zh)) return no_sentence("help_zh of " + where);
    out.help_zh = from->help_zh;
  }
  if (auto fault = read_choices(*from, where, out); !fault.empty()) return fault;
  if (!from->default_value) return "";
  out.has_default = true;
  out.default_value = from->default_value;
  if (out.required) return where + " is required and has a default; drop one of the two";
  if (out.type == KEPU_SETTING_SECRET)
    return where + " is a secret and has a default; secrets come from the source's file";
  abi::Setting value;
  if (auto complaint = read_setting(out, out.default_value, value)) return "default of " + where + ": " + *complaint;
  return "";
}

bool is_number(int32_t type) { return type == KEPU_INTEGER || type == KEPU_DECIMAL || type == KEPU_REAL; }

// Whether the roles that the field claims fit its type; "" or what they need.
std::string misfit(const abi::Field& f) {
  const auto has = [&](kepu_role role) { return (f.roles & role) != 0; };
  const bool dated = f.type == KEPU_DATE || f.type == KEPU_TIMESTAMP;
  if ((has(KEPU_ROLE_TIME) || has(KEPU_ROLE_UNTIL)) && !dated) return "a date or timestamp";
  if (has(KEPU_ROLE_PERIOD) && f.type != KEPU_PERIOD) return "a period";
  if ((has(KEPU_ROLE_AREA) || has(KEPU_ROLE_ENTITY) || has(KEPU_ROLE_PERSON)) && f.type != KEPU_TEXT) return "a text";
  if ((has(KEPU_ROLE_MEASURE) || has(KEPU_ROLE_WEIGHT)) && !is_number(f.type)) return "a number";
  return "";
}

std::string read_field(const kepu_field* from, const std::string& dataset, abi::Field& out) {
  if (!from) return "dataset " + dataset + ": a field is NULL";
  if (from->struct_size < field_bytes)
    return short_struct("dataset " + dataset + ": a field", from->struct_size, field_bytes);
  if (!from->name || !is_name(from->name)) return no_name("dataset " + dataset + ": the field name", from->name);
  const std::string where = "field " + dataset + "." + from->name;
  out.name = from->name;
  out.type = from->type;
  if (out.type == KEPU_NULL || !abi::type_name(out.type))
    return where + " has the type " + type_name(out.type) + "; use one of kepu_type but KEPU_NULL";
  out.scale = from->scale;
  if (out.scale < 0 || out.scale > 9 || (out.scale && out.type != KEPU_DECIMAL))
    return where + " has scale " + std::to_string(out.scale) + "; decimals have 0 to 9, other types 0";
  out.roles = from->roles;
  if (out.roles & ~known_roles) return where + " has a role that this host does not know";
  if (const auto needed = misfit(out); !needed.empty())
    return where + " is " + role_names(out.roles) + ", which needs " + needed + ", not " + type_name(out.type);
  if (from->scheme) {
    if (!is_scheme(from->scheme))
      return where + " has the scheme " + quoted(from->scheme) + "; use id_card, mobile or account:NAMESPACE";
    out.scheme = from->scheme;
    if (out.type != KEPU_TEXT) return where + " has a scheme but is no text";
    if (out.roles && !(out.roles & KEPU_ROLE_PERSON)) return where + " has a scheme but is not a person";
  }
  if (from->entity_register) {
    if (!is_name(from->entity_register)) return no_name(where + ": the register", from->entity_register);
    out.entity_register = from->entity_register;
    if (out.roles && !(out.roles & KEPU_ROLE_ENTITY)) return where + " has a register but is not an entity";
  }
  out.required = from->required != 0;
  return "";
}

template <class T, class F> bool twice(const std::vector<T>& items, F&& name_of_item, std::string& which) {
  std::vector<std::string> names;
  for (const auto& item : items)
    names.push_back(name_of_item(item));
  std::sort(names.begin(), names.end());
  const auto at = std::adjacent_find(names.begin(), names.end());
  if (at == names.end()) return false;
  which = *at;
  return true;
}

std::string read_heads(const kepu_descriptor& from, abi::Descriptor& out) {
  if (!from.id || !is_name(from.id)) return no_name("the connector's id", from.id);
  out.id = from.id;
  if (!is_sentence(from.version)) return no_sentence("the version");
  out.version = from.version;
  if (!is_sentence(from.title)) return no_sentence("the title");
  out.title = from.title;
  if (from.title_zh) {
    if (!is_sentence(from.title_zh)) return no_sentence("title_zh");
    out.title_zh = from.title_zh;
  }
  if (!is_sentence(from.owner)) return no_sentence("the owner");
  out.owner = from.owner;
  out.mode = from.mode;
  if (out.mode != KEPU_SCHEDULED && out.mode != KEPU_STREAMING)
    return "the mode is " + std::to_string(out.mode) + "; use KEPU_SCHEDULED or KEPU_STREAMING";
  out.needs = from.needs;
  if (out.needs & ~known_needs) return "it needs something that this host does not know; a newer hub may";
  out.dynamic = from.dynamic != 0;
  return "";
}

} // namespace

std::string read_dataset(const kepu_dataset* from, abi::Dataset& out) {
  if (!from) return "a dataset is NULL";
  if (from->struct_size < dataset_bytes) return short_struct("a dataset", from->struct_size, dataset_bytes);
  if (!from->id || !is_name(from->id)) return no_name("the dataset id", from->id);
  out.id = from->id;
  out.version = from->version;
  if (out.version < 1) return "dataset " + out.id + " has version 0; versions count from 1";
  if (from->field_count < 1 || from->field_count > KEPU_MAX_FIELDS || !from->fields)
    return "dataset " + out.id + " has " + std::to_string(from->field_count) + " fields; 1 to " +
           std::to_string(KEPU_MAX_FIELDS) + " are possible";
  out.fields.resize(from->field_count);
  for (size_t i = 0; i < from->field_count; ++i)
    if (auto fault = read_field(from->fields[i], out.id, out.fields[i]); !fault.empty()) return fault;
  std::string which;
  if (twice(
          out.fields, [](const auto& f) { return f.name; }, which))
    return "dataset " + out.id + " has the field " + which + " twice";
  for (const auto role : {KEPU_ROLE_TIME, KEPU_ROLE_UNTIL, KEPU_ROLE_PERIOD})
    if (std::count_if(out.fields.begin(), out.fields.end(), [&](const auto& f) { return f.roles & role; }) > 1)
      return "dataset " + out.id + " has more than one field with the role " + role_names(role);
  return "";
}

std::string read_descriptor(const kepu_descriptor& from, abi::Descriptor& out) {
  if (from.struct_size < descriptor_bytes) return short_struct("the descriptor", from.struct_size, descriptor_bytes);
  if (auto fault = read_heads(from, out); !fault.empty()) return fault;

  if (from.setting_count > max_settings || (from.setting_count && !from.settings))
    return "it has " + std::to_string(from.setting_count) + " settings, or none of them is there; at most " +
           std::to_string(max_settings);
  out.settings.resize(from.setting_count);
  for (size_t i = 0; i < from.setting_count; ++i)
    if (auto fault = read_spec(from.settings[i], out.settings[i]); !fault.empty()) return fault;
  std::string which;
  if (twice(
          out.settings, [](const auto& s) { return s.key; }, which))
    return "setting " + which + " is declared twice";

  if (out.dynamic && from.dataset_count) return "it is dynamic and lists datasets; do one of the two";
  if (!out.dynamic && (from.dataset_count < 1 || from.dataset_count > KEPU_MAX_DATASETS || !from.datasets))
    return "it lists " + std::to_string(from.dataset_count) + " datasets; 1 to " + std::to_string(KEPU_MAX_DATASETS) +
           " are possible";
  out.datasets.resize(from.dataset_count);
  for (size_t i = 0; i < from.dataset_count; ++i)
    if (auto fault = read_dataset(from.datasets[i], out.datasets[i]); !fault.empty()) return fault;
  if (twice(
          out.datasets, [](const auto& d) { return d.id; }, which))
    return "dataset " + which + " is listed twice";
  return "";
}

} // namespace kepu::host
