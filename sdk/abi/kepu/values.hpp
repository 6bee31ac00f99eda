// SPDX-License-Identifier: Apache-2.0
//
// Owned C++ counterparts of the structs of <kepu/connector.h>, for those who must keep or send them
// (the host, the wire). Plain values; any thread.
#pragma once

#include <kepu/connector.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::abi {

// "null", "text", ... of a kepu_type; nullptr when it is none.
inline const char* type_name(int32_t type) {
  switch (static_cast<kepu_type>(type)) {
  case KEPU_NULL:
    return "null";
  case KEPU_TEXT:
    return "text";
  case KEPU_INTEGER:
    return "integer";
  case KEPU_DECIMAL:
    return "decimal";
  case KEPU_REAL:
    return "real";
  case KEPU_BOOLEAN:
    return "boolean";
  case KEPU_DATE:
    return "date";
  case KEPU_TIMESTAMP:
    return "timestamp";
  case KEPU_PERIOD:
    return "period";
  }
  return nullptr;
}

struct Field {
  std::string name;
  int32_t type = KEPU_TEXT; // kepu_type
  int32_t scale = 0;
  uint32_t roles = 0; // kepu_role, combined
  std::string scheme;
  std::string entity_register;
  bool required = false;
  bool operator==(const Field&) const = default;
};

struct Dataset {
  std::string id;
  uint32_t version = 1;
  std::vector<Field> fields;
  bool operator==(const Dataset&) const = default;
};

struct SettingSpec {
  std::string key;
  int32_t type = KEPU_SETTING_TEXT; // kepu_setting_type
  bool required = false;
  bool has_default = false;
  std::string default_value;
  std::string help;
  std::string help_zh;
  std::vector<std::string> choices;
  bool operator==(const SettingSpec&) const = default;
};

struct Setting {
  std::string key;
  int32_t type = KEPU_SETTING_TEXT;
  int64_t integer = 0;
  double real = 0;
  std::string text;
  std::vector<std::string> items; // list; table: key, value, key, value, ...
  bool operator==(const Setting&) const = default;
};

// Entries of one table. Both sides of the wire and whoever reads a file hold it.
constexpr size_t most_table_entries = 2048;

// A table as a default is written: a line "key = value" for each entry, spaces around both dropped. Key, value, key,
// value, ...; false: a line is none.
inline bool read_table(std::string_view text, std::vector<std::string>& out) {
  const auto trimmed = [](std::string_view word) {
    while (!word.empty() && (word.front() == ' ' || word.front() == '\t'))
      word.remove_prefix(1);
    while (!word.empty() && (word.back() == ' ' || word.back() == '\t'))
      word.remove_suffix(1);
    return word;
  };
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const auto line = trimmed(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.empty()) continue;
    const size_t sign = line.find('=');
    if (sign == line.npos) return false;
    out.emplace_back(trimmed(line.substr(0, sign)));
    out.emplace_back(trimmed(line.substr(sign + 1)));
  }
  return true;
}

// What a table's items may not be, and what to do; "" when they are right.
inline std::string complaint_about_table(const std::vector<std::string>& items) {
  if (items.size() % 2) return "has a key without a value";
  if (items.size() > 2 * most_table_entries) return "has more than " + std::to_string(most_table_entries) + " entries";
  std::set<std::string_view> keys;
  for (size_t i = 0; i < items.size(); i += 2) {
    if (items[i].empty()) return "has an entry with an empty key";
    if (!keys.insert(items[i]).second) return "has the key \"" + items[i] + "\" twice";
  }
  return "";
}

struct Descriptor {
  std::string id;
  std::string version;
  std::string title;
  std::string title_zh;
  std::string owner;
  int32_t mode = KEPU_SCHEDULED;
  uint32_t needs = 0;
  bool dynamic = false;
  std::vector<SettingSpec> settings;
  std::vector<Dataset> datasets;
  bool operator==(const Descriptor&) const = default;
};

} // namespace kepu::abi
