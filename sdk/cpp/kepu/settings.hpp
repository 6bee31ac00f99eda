// SPDX-License-Identifier: Apache-2.0
//
// Settings: what the source's file gives, checked against the specs by the host. Owned; any thread.
#pragma once

#include <kepu/connector.h>
#include <kepu/outcome.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kepu {

// Getters throw Ended: BAD_CONFIG when the setting is absent (no value, no default), BUG when the
// spec declares another type.
class Settings {
public:
  Settings() = default;
  explicit Settings(const kepu_settings& given) {
    for (size_t i = 0; i < given.count; ++i) {
      const kepu_setting& s = *given.items[i];
      Value v{s.type, s.integer, s.real, text_of(s.text), {}};
      for (size_t n = 0; n < s.item_count; ++n)
        v.items.push_back(text_of(s.items[n]));
      values_.insert_or_assign(text_of(s.key), std::move(v));
    }
  }

  bool has(std::string_view key) const { return values_.find(key) != values_.end(); }
  // Text, enum, secret, folder, host, command.
  const std::string& text(std::string_view key) const {
    const Value& v = find(key);
    switch (static_cast<kepu_setting_type>(v.type)) {
    case KEPU_SETTING_TEXT:
    case KEPU_SETTING_ENUM:
    case KEPU_SETTING_SECRET:
    case KEPU_SETTING_INPUT_FOLDER:
    case KEPU_SETTING_WORK_FOLDER:
    case KEPU_SETTING_HOST:
    case KEPU_SETTING_COMMAND:
      return v.text;
    case KEPU_SETTING_INTEGER:
    case KEPU_SETTING_REAL:
    case KEPU_SETTING_BOOLEAN:
    case KEPU_SETTING_DURATION:
    case KEPU_SETTING_LIST:
    case KEPU_SETTING_TABLE:
      break;
    }
    wrong_type(key);
  }
  // The text, or `otherwise` when the setting is absent.
  std::string text_or(std::string_view key, std::string_view otherwise) const {
    return has(key) ? text(key) : std::string(otherwise);
  }
  int64_t integer(std::string_view key) const { return typed(key, KEPU_SETTING_INTEGER).integer; }
  double real(std::string_view key) const { return typed(key, KEPU_SETTING_REAL).real; }
  bool boolean(std::string_view key) const { return typed(key, KEPU_SETTING_BOOLEAN).integer != 0; }
  std::chrono::microseconds duration(std::string_view key) const {
    return std::chrono::microseconds(typed(key, KEPU_SETTING_DURATION).integer);
  }
  const std::vector<std::string>& list(std::string_view key) const { return typed(key, KEPU_SETTING_LIST).items; }
  // Key and value of each entry, in the file's order; empty when the setting is absent.
  std::vector<std::pair<std::string, std::string>> table(std::string_view key) const {
    std::vector<std::pair<std::string, std::string>> out;
    if (!has(key)) return out;
    const auto& items = typed(key, KEPU_SETTING_TABLE).items;
    for (size_t i = 0; i + 1 < items.size(); i += 2)
      out.emplace_back(items[i], items[i + 1]);
    return out;
  }

private:
  struct Value {
    int32_t type;
    int64_t integer;
    double real;
    std::string text;
    std::vector<std::string> items;
  };
  static std::string text_of(const kepu_str& s) { return s.size ? std::string(s.data, s.size) : std::string(); }
  [[noreturn]] static void wrong_type(std::string_view key) {
    throw Ended(Outcome::bug("setting " + std::string(key) + " is declared with another type than it is read as"));
  }
  const Value& find(std::string_view key) const {
    auto it = values_.find(key);
    if (it == values_.end())
      throw Ended(Outcome::bad_config("setting " + std::string(key) +
                                      " is not given and has no default; add it under [settings]"));
    return it->second;
  }
  const Value& typed(std::string_view key, kepu_setting_type type) const {
    const Value& v = find(key);
    if (v.type != type) wrong_type(key);
    return v;
  }
  std::map<std::string, Value, std::less<>> values_;
};

} // namespace kepu
