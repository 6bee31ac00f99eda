// SPDX-License-Identifier: Apache-2.0
#include "inspect.hpp"

#include <kepu/host/settings.hpp>
#include <kepu/testing/lines.hpp>

#include <algorithm>
#include <array>

namespace kepu::tool {
namespace {

using testing::json_string;

std::vector<std::string> needs_of(uint32_t needs) {
  std::vector<std::string> out;
  if (needs & KEPU_NEED_NETWORK) out.emplace_back("network");
  if (needs & KEPU_NEED_EXEC) out.emplace_back("exec");
  return out;
}

std::vector<std::string> roles_of(uint32_t roles) {
  static constexpr std::array<const char*, 12> names{"key",    "time",    "until",  "period",  "area",    "entity",
                                                     "person", "measure", "weight", "stratum", "cluster", "attribute"};
  std::vector<std::string> out;
  for (size_t i = 0; i < names.size(); ++i)
    if (roles >> i & 1) out.emplace_back(names[i]);
  return out;
}

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string out;
  for (const auto& word : words)
    out += (out.empty() ? "" : between) + word;
  return out;
}

std::string json_list(const std::vector<std::string>& words) {
  std::string out = "[";
  for (const auto& word : words)
    out += (out.size() > 1 ? "," : "") + json_string(word);
  return out + "]";
}

// Columns of a terminal that the text takes: what Chinese is written in is two wide.
size_t width_of(const std::string& text) {
  size_t width = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) != 0x80) width += byte >= 0xe3 ? 2 : 1;
  }
  return width;
}

// Columns of text, two spaces apart.
std::string table(const std::vector<std::array<std::string, 4>>& rows) {
  std::array<size_t, 3> widths{};
  for (const auto& row : rows)
    for (size_t i = 0; i < widths.size(); ++i)
      widths[i] = std::max(widths[i], width_of(row[i]));
  std::string out;
  for (const auto& row : rows) {
    std::string line = "  ";
    for (size_t i = 0; i < widths.size(); ++i)
      line += row[i] + std::string(widths[i] - width_of(row[i]) + 2, ' ');
    line += row[3];
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string field_note(const abi::Field& field) {
  std::vector<std::string> notes = roles_of(field.roles);
  if (!field.scheme.empty()) notes.push_back("scheme " + field.scheme);
  if (!field.entity_register.empty()) notes.push_back("register " + field.entity_register);
  return joined(notes, ", ");
}

} // namespace

std::string described(const abi::Descriptor& d) {
  std::string out = d.id + " " + d.version + "  " + d.title + (d.title_zh.empty() ? "" : "  " + d.title_zh) + "\n";
  out += "owner: " + d.owner + "\nmode: " + (d.mode == KEPU_SCHEDULED ? "scheduled" : "streaming");
  out += "\nneeds: " + (d.needs ? joined(needs_of(d.needs), ", ") : std::string("nothing")) + "\n";
  out += d.settings.empty() ? "\nno settings\n" : "\nsettings\n";
  std::vector<std::array<std::string, 4>> rows;
  for (const auto& s : d.settings) {
    std::string type(host::setting_type_name(s.type));
    if (!s.choices.empty()) type += " (" + joined(s.choices, ", ") + ")";
    rows.push_back({s.key, type,
                    s.required      ? "required"
                    : s.has_default ? "default " + json_string(s.default_value)
                                    : "",
                    s.help});
  }
  out += table(rows);
  if (d.dynamic) out += "\ndatasets: found by the settings, when it runs\n";
  for (const auto& dataset : d.datasets) {
    out += "\ndataset " + dataset.id + ", version " + std::to_string(dataset.version) + "\n";
    rows.clear();
    for (const auto& f : dataset.fields) {
      std::string type = abi::type_name(f.type);
      if (f.type == KEPU_DECIMAL) type += " (" + std::to_string(f.scale) + ")";
      rows.push_back({f.name, type, f.required ? "required" : "", field_note(f)});
    }
    out += table(rows);
  }
  return out;
}

std::string described_json(const abi::Descriptor& d) {
  const auto text = [](const char* key, const std::string& value) {
    return json_string(key) + ":" + json_string(value);
  };
  const auto flag = [](const char* key, bool value) { return json_string(key) + ":" + (value ? "true" : "false"); };
  std::string out = "{" + text("id", d.id) + "," + text("version", d.version) + "," + text("title", d.title);
  if (!d.title_zh.empty()) out += "," + text("title_zh", d.title_zh);
  out += "," + text("owner", d.owner) + "," + text("mode", d.mode == KEPU_SCHEDULED ? "scheduled" : "streaming");
  out += ",\"needs\":" + json_list(needs_of(d.needs)) + "," + flag("dynamic", d.dynamic) + ",\"settings\":[";
  for (size_t i = 0; i < d.settings.size(); ++i) {
    const auto& s = d.settings[i];
    out += (i ? ",{" : "{") + text("key", s.key) + "," + text("type", std::string(host::setting_type_name(s.type)));
    out += "," + flag("required", s.required);
    if (s.has_default) out += "," + text("default", s.default_value);
    if (!s.choices.empty()) out += ",\"choices\":" + json_list(s.choices);
    out += "," + text("help", s.help) + (s.help_zh.empty() ? "" : "," + text("help_zh", s.help_zh)) + "}";
  }
  out += "],\"datasets\":[";
  for (size_t i = 0; i < d.datasets.size(); ++i) {
    const auto& dataset = d.datasets[i];
    out +=
        (i ? ",{" : "{") + text("id", dataset.id) + ",\"version\":" + std::to_string(dataset.version) + ",\"fields\":[";
    for (size_t n = 0; n < dataset.fields.size(); ++n) {
      const auto& f = dataset.fields[n];
      out += (n ? ",{" : "{") + text("name", f.name) + "," + text("type", abi::type_name(f.type));
      if (f.type == KEPU_DECIMAL) out += ",\"scale\":" + std::to_string(f.scale);
      out += ",\"roles\":" + json_list(roles_of(f.roles));
      if (!f.scheme.empty()) out += "," + text("scheme", f.scheme);
      if (!f.entity_register.empty()) out += "," + text("register", f.entity_register);
      out += "," + flag("required", f.required) + "}";
    }
    out += "]}";
  }
  return out + "]}";
}

} // namespace kepu::tool
