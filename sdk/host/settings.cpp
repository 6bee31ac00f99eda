// SPDX-License-Identifier: Apache-2.0
#include <kepu/host/settings.hpp>

#include "texts.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace kepu::host {
namespace {

using Complaint = std::optional<std::string>;

template <class T> bool read_number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

Complaint read_duration(std::string_view text, int64_t& microseconds) {
  static constexpr std::string_view forms = "write a whole number with ms, s, m, h or d, as \"30s\"";
  const size_t digits = text.find_first_not_of("0123456789");
  int64_t count = 0;
  if (digits == 0 || digits == text.npos || !read_number(text.substr(0, digits), count))
    return quoted(text) + " is not a duration; " + std::string(forms);
  const std::string_view unit = text.substr(digits);
  const int64_t length = unit == "ms"  ? 1000
                         : unit == "s" ? 1000000
                         : unit == "m" ? 60 * 1000000ll
                         : unit == "h" ? 3600 * 1000000ll
                         : unit == "d" ? 86400 * 1000000ll
                                       : 0;
  if (!length) return quoted(unit) + " is not a unit of time; " + std::string(forms);
  if (count > INT64_MAX / length) return quoted(text) + " is longer than any clock runs";
  microseconds = count * length;
  return std::nullopt;
}

Complaint check_choice(const abi::SettingSpec& spec, std::string_view text) {
  if (std::find(spec.choices.begin(), spec.choices.end(), text) != spec.choices.end()) return std::nullopt;
  std::string all;
  for (const auto& choice : spec.choices)
    all += (all.empty() ? "" : ", ") + choice;
  return quoted(text) + " is not one of " + all + did_you_mean(text, spec.choices);
}

Complaint check_host(std::string_view text) {
  const size_t colon = text.rfind(':');
  const bool bracketed = !text.empty() && text.front() == '['; // an IPv6 address
  uint16_t port = 0;
  if (colon != text.npos && !(bracketed && text.back() == ']') &&
      (!read_number(text.substr(colon + 1), port) || port == 0 || colon == 0))
    return quoted(text) + " is not a host; write \"name\" or \"name:port\"";
  if (text.empty() || text.find_first_of(" /\t") != text.npos)
    return quoted(text) + " is not a host; write \"name\" or \"name:port\"";
  return std::nullopt;
}

Complaint check_text(std::string_view text) {
  if (!is_utf8(text)) return std::string("is not UTF-8");
  if (text.find('\0') != text.npos) return std::string("holds a NUL byte");
  return std::nullopt;
}

// What a typed value may not be, whoever read it.
Complaint check_value(const abi::SettingSpec& spec, const abi::Setting& value) {
  switch (static_cast<kepu_setting_type>(spec.type)) {
  case KEPU_SETTING_INTEGER:
  case KEPU_SETTING_BOOLEAN:
    return std::nullopt;
  case KEPU_SETTING_DURATION:
    return value.integer < 0 ? Complaint("is a negative duration; write \"30s\"") : std::nullopt;
  case KEPU_SETTING_REAL:
    return std::isfinite(value.real) ? std::nullopt : Complaint("is not a finite number");
  case KEPU_SETTING_TEXT:
  case KEPU_SETTING_SECRET:
    return check_text(value.text);
  case KEPU_SETTING_ENUM:
    return check_choice(spec, value.text);
  case KEPU_SETTING_HOST:
    return check_host(value.text);
  case KEPU_SETTING_LIST:
    for (const auto& item : value.items)
      if (auto complaint = check_text(item)) return complaint;
    return std::nullopt;
  case KEPU_SETTING_TABLE:
    if (auto complaint = abi::complaint_about_table(value.items); !complaint.empty()) return complaint;
    for (const auto& item : value.items)
      if (auto complaint = check_text(item)) return complaint;
    return std::nullopt;
  case KEPU_SETTING_INPUT_FOLDER:
  case KEPU_SETTING_WORK_FOLDER:
  case KEPU_SETTING_COMMAND:
    if (auto complaint = check_text(value.text)) return complaint;
    if (value.text.empty() || value.text[0] != '/')
      return quoted(value.text) + " is not an absolute path; write it from / on";
    return std::nullopt;
  }
  return std::string("has a type that this host does not know");
}

const abi::SettingSpec* find(const std::vector<abi::SettingSpec>& specs, std::string_view key) {
  for (const auto& spec : specs)
    if (spec.key == key) return &spec;
  return nullptr;
}

std::string unknown(const std::vector<abi::SettingSpec>& specs, const std::string& key) {
  std::vector<std::string> known;
  for (const auto& spec : specs)
    known.push_back(spec.key);
  return "unknown setting " + quoted(key) + did_you_mean(key, known);
}

void add_defaults(const std::vector<abi::SettingSpec>& specs, std::vector<abi::Setting>& out,
                  std::vector<std::string>& problems) {
  for (const auto& spec : specs) {
    if (std::any_of(out.begin(), out.end(), [&](const auto& s) { return s.key == spec.key; })) continue;
    if (spec.required) {
      problems.push_back("setting " + spec.key + " is missing; add it: " + spec.help);
    } else if (spec.has_default) {
      abi::Setting value;
      if (auto complaint = read_setting(spec, spec.default_value, value)) {
        problems.push_back("default of setting " + spec.key + ": " + *complaint);
      } else {
        out.push_back(std::move(value));
      }
    }
  }
}

} // namespace

std::string_view setting_type_name(int32_t type) {
  switch (static_cast<kepu_setting_type>(type)) {
  case KEPU_SETTING_TEXT:
    return "text";
  case KEPU_SETTING_INTEGER:
    return "integer";
  case KEPU_SETTING_REAL:
    return "real";
  case KEPU_SETTING_BOOLEAN:
    return "boolean";
  case KEPU_SETTING_DURATION:
    return "duration";
  case KEPU_SETTING_ENUM:
    return "enum";
  case KEPU_SETTING_LIST:
    return "list";
  case KEPU_SETTING_SECRET:
    return "secret";
  case KEPU_SETTING_INPUT_FOLDER:
    return "input_folder";
  case KEPU_SETTING_WORK_FOLDER:
    return "work_folder";
  case KEPU_SETTING_HOST:
    return "host";
  case KEPU_SETTING_COMMAND:
    return "command";
  case KEPU_SETTING_TABLE:
    return "table";
  }
  return "";
}

std::optional<std::string> read_setting(const abi::SettingSpec& spec, std::string_view text, abi::Setting& out) {
  out = {};
  out.key = spec.key;
  out.type = spec.type;
  switch (static_cast<kepu_setting_type>(spec.type)) {
  case KEPU_SETTING_INTEGER:
    if (!read_number(text, out.integer)) return quoted(text) + " is not a whole number";
    break;
  case KEPU_SETTING_REAL:
    if (!read_number(text, out.real)) return quoted(text) + " is not a number";
    break;
  case KEPU_SETTING_BOOLEAN:
    if (text != "true" && text != "false") return quoted(text) + " is neither true nor false";
    out.integer = text == "true";
    break;
  case KEPU_SETTING_DURATION:
    if (auto complaint = read_duration(text, out.integer)) return complaint;
    break;
  case KEPU_SETTING_LIST:
    while (!trimmed(text).empty()) {
      const size_t comma = text.find(',');
      out.items.emplace_back(trimmed(text.substr(0, comma)));
      text = comma == text.npos ? std::string_view() : text.substr(comma + 1);
    }
    break;
  case KEPU_SETTING_TABLE:
    if (!abi::read_table(text, out.items)) return std::string("has a line that is not \"key = value\"");
    break;
  case KEPU_SETTING_TEXT:
  case KEPU_SETTING_ENUM:
  case KEPU_SETTING_SECRET:
  case KEPU_SETTING_INPUT_FOLDER:
  case KEPU_SETTING_WORK_FOLDER:
  case KEPU_SETTING_HOST:
  case KEPU_SETTING_COMMAND:
    out.text = text;
    break;
  }
  return check_value(spec, out);
}

std::vector<abi::Setting> complete_settings(const std::vector<abi::SettingSpec>& specs,
                                            const std::vector<abi::Setting>& given,
                                            std::vector<std::string>& problems) {
  std::vector<abi::Setting> out;
  for (const auto& value : given) {
    const auto* spec = find(specs, value.key);
    if (!spec) {
      problems.push_back(unknown(specs, value.key));
    } else if (std::any_of(out.begin(), out.end(), [&](const auto& s) { return s.key == value.key; })) {
      problems.push_back("setting " + value.key + " is given twice");
    } else if (value.type != spec->type) {
      problems.push_back("setting " + value.key + " is of type " + std::string(setting_type_name(value.type)) +
                         ", the connector wants " + std::string(setting_type_name(spec->type)));
    } else if (auto complaint = check_value(*spec, value)) {
      problems.push_back("setting " + value.key + ": " + *complaint);
    } else {
      out.push_back(value);
    }
  }
  if (problems.empty()) add_defaults(specs, out, problems);
  return out;
}

std::vector<abi::Setting> settings_from_text(const std::vector<abi::SettingSpec>& specs,
                                             const std::map<std::string, std::string>& given,
                                             std::vector<std::string>& problems) {
  std::vector<abi::Setting> out;
  for (const auto& [key, text] : given) {
    const auto* spec = find(specs, key);
    if (!spec) {
      problems.push_back(unknown(specs, key));
      continue;
    }
    abi::Setting value;
    if (auto complaint = read_setting(*spec, text, value)) {
      problems.push_back("setting " + key + ": " + *complaint);
    } else {
      out.push_back(std::move(value));
    }
  }
  if (problems.empty()) add_defaults(specs, out, problems);
  return out;
}

} // namespace kepu::host
