// SPDX-License-Identifier: Apache-2.0
//
// Owned C++ counterparts of the structs of <kepu/connector.h>, for those who must keep or send them
// (the host, the wire). Plain values; any thread.
#pragma once

#include <kepu/connector.h>

#include <cstdint>
#include <string>
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
  std::vector<std::string> items;
  bool operator==(const Setting&) const = default;
};

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
