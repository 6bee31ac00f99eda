// SPDX-License-Identifier: Apache-2.0
#include "settings_file.hpp"

#include <kepu/host/host.hpp>
#include <kepu/host/settings.hpp>

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <locale>
#include <map>
#include <optional>
#include <sstream>
#include <tuple>
#include <utility>

namespace kepu::tool {
namespace {

constexpr size_t max_file_bytes = 1u << 20;    // a settings file is written by hand
constexpr size_t max_secret_bytes = 64u << 10; // tokens and key files

struct Reader {
  const std::string& path;
  const std::vector<abi::SettingSpec>& specs;
  // By line and column: a table does not keep the order of its keys.
  std::map<std::pair<uint32_t, uint32_t>, std::string>& problems;

  void complain(const toml::source_region& at, const std::string& text) const {
    problems.emplace(std::pair{at.begin.line, at.begin.column}, path + ":" + std::to_string(at.begin.line) + ":" +
                                                                    std::to_string(at.begin.column) + ": " +
                                                                    host::scrub(text));
  }

  // The value as text, in the form that host::read_setting reads; nullopt after a complaint.
  std::optional<std::string> text_of(const abi::SettingSpec& spec, const toml::node& node) const {
    const auto wants = [&](const char* what) -> std::optional<std::string> {
      complain(node.source(), "setting " + spec.key + " wants " + what);
      return std::nullopt;
    };
    switch (static_cast<kepu_setting_type>(spec.type)) {
    case KEPU_SETTING_INTEGER:
      return node.is_integer() ? std::optional(std::to_string(node.as_integer()->get())) : wants("a whole number");
    case KEPU_SETTING_BOOLEAN:
      if (!node.is_boolean()) return wants("true or false");
      return node.as_boolean()->get() ? "true" : "false";
    case KEPU_SETTING_SECRET:
      return secret(spec, node);
    case KEPU_SETTING_INPUT_FOLDER:
    case KEPU_SETTING_WORK_FOLDER:
      if (!node.is_string()) return wants("a folder's path as a text");
      return (std::filesystem::absolute(path).parent_path() / node.as_string()->get()).lexically_normal().string();
    case KEPU_SETTING_DURATION:
      return node.is_string() ? node.as_string()->get() : wants("a text like \"30s\"");
    case KEPU_SETTING_TEXT:
    case KEPU_SETTING_ENUM:
    case KEPU_SETTING_HOST:
    case KEPU_SETTING_COMMAND:
      return node.is_string() ? node.as_string()->get() : wants("a text");
    case KEPU_SETTING_REAL:
    case KEPU_SETTING_LIST:
    case KEPU_SETTING_TABLE:
      break; // not by way of text, see below
    }
    return std::nullopt;
  }

  std::optional<std::string> secret(const abi::SettingSpec& spec, const toml::node& node) const {
    const auto* table = node.as_table();
    const auto* name = table && table->size() == 1 ? table->begin()->second.as_string() : nullptr;
    const std::string from = name ? std::string(table->begin()->first.str()) : "";
    if (from != "file" && from != "credential") {
      complain(node.source(),
               "setting " + spec.key + " is a secret; write { file = \"...\" } or { credential = \"NAME\" }");
      return std::nullopt;
    }
    std::string file = name->get();
    if (from == "credential") {
      const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
      if (!folder || file.empty() || file.find('/') != file.npos) {
        complain(node.source(), "setting " + spec.key +
                                    " names a credential, and CREDENTIALS_DIRECTORY is not set or the "
                                    "name is no name");
        return std::nullopt;
      }
      file = std::string(folder) + "/" + file;
    } else {
      file = (std::filesystem::absolute(path).parent_path() / file).string();
    }
    std::string content;
    if (!read_small_file(file, max_secret_bytes, content)) {
      complain(node.source(), "secret " + spec.key + ": " + file + " cannot be read or has more than 64 KiB");
      return std::nullopt;
    }
    if (content.ends_with('\n')) content.pop_back();
    return content;
  }

  bool list(const abi::SettingSpec& spec, const toml::node& node, abi::Setting& out) const {
    const auto* array = node.as_array();
    if (array) {
      for (const auto& item : *array) {
        const auto* text = item.as_string();
        if (!text) break;
        out.items.push_back(text->get());
      }
    }
    if (array && out.items.size() == array->size()) return true;
    complain(node.source(), "setting " + spec.key + " wants a list of texts, as [\"a\", \"b\"]");
    return false;
  }

  // Tables inside it flattened, as the daemon does.
  bool entries(const toml::table& from, const std::string& before, std::vector<std::string>& out) const {
    for (const auto& [key, node] : in_order(from)) {
      const auto full = before + key;
      if (const auto* inner = node->as_table()) {
        if (!entries(*inner, full + ".", out)) return false;
        continue;
      }
      const bool scalar = node->is_value() && !node->is_time() && !node->is_date_time();
      if (!scalar) {
        complain(node->source(), full + " wants a text; put it in quotes");
        return false;
      }
      std::ostringstream text; // toml++ writes numbers and dates as TOML does, whatever the locale
      text.imbue(std::locale::classic());
      if (const auto* string = node->as_string())
        text << string->get();
      else if (const auto* real = node->as_floating_point())
        text << shortest(real->get());
      else
        node->visit([&](const auto& value) {
          if constexpr (toml::is_boolean<decltype(value)>)
            text << (value.get() ? "true" : "false");
          else if constexpr (toml::is_integer<decltype(value)> || toml::is_date<decltype(value)>)
            text << value.get();
        });
      out.push_back(full);
      out.push_back(text.str());
    }
    return true;
  }
  static std::vector<std::pair<std::string, const toml::node*>> in_order(const toml::table& from) {
    std::vector<std::pair<std::string, const toml::node*>> out;
    for (const auto& [key, node] : from)
      out.emplace_back(key.str(), &node);
    std::ranges::stable_sort(out, [](const auto& a, const auto& b) {
      const auto &x = a.second->source().begin, &y = b.second->source().begin;
      return std::tie(x.line, x.column) < std::tie(y.line, y.column);
    });
    return out;
  }
  static std::string shortest(double value) {
    char buffer[40];
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
    return std::string(buffer, error == std::errc() ? end : buffer);
  }

  void read(const toml::table& table, std::vector<abi::Setting>& out) const {
    for (const auto& [key, node] : table) {
      abi::Setting value;
      value.key = key.str();
      const auto* spec = static_cast<const abi::SettingSpec*>(nullptr);
      for (const auto& candidate : specs)
        if (candidate.key == value.key) spec = &candidate;
      if (!spec) {
        // The host knows how to say it, with the nearest right word.
        std::vector<std::string> said;
        host::settings_from_text(specs, {{value.key, ""}}, said);
        complain(key.source(), said.empty() ? "unknown setting" : said.front());
        continue;
      }
      value.type = spec->type;
      if (spec->type == KEPU_SETTING_LIST) {
        if (list(*spec, node, value)) out.push_back(std::move(value));
      } else if (spec->type == KEPU_SETTING_TABLE) {
        const auto* inner = node.as_table();
        if (!inner) {
          complain(node.source(), "setting " + spec->key + " wants a table, as [settings." + spec->key + "]");
        } else if (entries(*inner, "", value.items)) {
          if (const auto complaint = abi::complaint_about_table(value.items); complaint.empty())
            out.push_back(std::move(value));
          else
            complain(node.source(), "setting " + spec->key + " " + complaint);
        }
      } else if (spec->type == KEPU_SETTING_REAL) {
        if (const auto number = node.value<double>(); number && node.is_number()) {
          value.real = *number;
          out.push_back(std::move(value));
        } else {
          complain(node.source(), "setting " + spec->key + " wants a number");
        }
      } else if (const auto text = text_of(*spec, node)) {
        if (const auto complaint = host::read_setting(*spec, *text, value)) {
          complain(node.source(), "setting " + spec->key + ": " + *complaint);
        } else {
          out.push_back(std::move(value));
        }
      }
    }
  }
};

} // namespace

bool read_small_file(const std::string& path, size_t most, std::string& out) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return false;
  std::ifstream in(path, std::ios::binary);
  if (!in) return false;
  out.resize(most + 1);
  in.read(out.data(), static_cast<std::streamsize>(out.size()));
  out.resize(static_cast<size_t>(in.gcount()));
  return !in.bad() && out.size() <= most;
}

std::vector<abi::Setting> read_settings_file(const std::string& path, const std::vector<abi::SettingSpec>& specs,
                                             std::vector<std::string>& problems) {
  std::vector<abi::Setting> out;
  if (path.empty()) return out;
  std::string text;
  if (!read_small_file(path, max_file_bytes, text)) {
    problems.push_back(path + ": cannot be read, or has more than 1 MiB");
    return out;
  }
  std::map<std::pair<uint32_t, uint32_t>, std::string> found;
  const Reader reader{path, specs, found};
  try {
    const toml::table document = toml::parse(text, path);
    const auto* settings = document.get("settings");
    if (settings && !settings->is_table()) {
      reader.complain(settings->source(), "settings is no table; write [settings]");
    } else {
      reader.read(settings ? *settings->as_table() : document, out);
    }
  } catch (const toml::parse_error& e) {
    reader.complain(e.source(), "this is not TOML: " + std::string(e.description()));
  }
  for (auto& [place, problem] : found)
    problems.push_back(std::move(problem));
  return out;
}

} // namespace kepu::tool
