// SPDX-License-Identifier: Apache-2.0
#include "contracts_file.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

namespace kepu::tool {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 12> roles{"key",    "time",    "until",  "period",  "area",    "entity",
                                                 "person", "measure", "weight", "stratum", "cluster", "attribute"};

// Throws what is wrong with it.
abi::Field read_field(const toml::table& from) {
  abi::Field out;
  out.name = from["name"].value_or(std::string());
  const auto type = from["type"].value_or(std::string());
  for (out.type = KEPU_TEXT; out.type <= KEPU_PERIOD && type != abi::type_name(out.type);)
    ++out.type;
  if (out.name.empty() || out.type > KEPU_PERIOD) throw std::runtime_error("a field lacks its name or a known type");
  out.scale = from["scale"].value_or(0);
  out.scheme = from["scheme"].value_or(std::string());
  out.entity_register = from["register"].value_or(std::string());
  out.required = from["required"].value_or(false);
  if (const auto* words = from["roles"].as_array()) {
    for (const auto& word : *words) {
      const auto at = std::ranges::find(roles, word.value_or(std::string_view()));
      if (at == roles.end()) throw std::runtime_error("field " + out.name + " has a role that is none");
      out.roles |= 1u << static_cast<unsigned>(at - roles.begin());
    }
  }
  return out;
}

abi::Dataset read_contract(const fs::path& file) {
  const auto document = toml::parse_file(file.string());
  abi::Dataset out{file.stem().string(), document["version"].value_or(1u), {}};
  if (const auto* fields = document["field"].as_array()) {
    for (const auto& one : *fields)
      if (const auto* table = one.as_table()) out.fields.push_back(read_field(*table));
  }
  if (out.fields.empty()) throw std::runtime_error("it has no [[field]]");
  return out;
}

} // namespace

std::vector<abi::Dataset> read_contracts(const std::string& path, std::vector<std::string>& problems) {
  std::error_code error;
  std::vector<fs::path> files;
  const auto inner = fs::path(path) / "datasets";
  const auto folder = fs::is_directory(inner, error) ? inner : fs::path(path);
  if (fs::is_directory(folder, error)) {
    for (const auto& entry : fs::directory_iterator(folder, error))
      if (entry.path().extension() == ".toml") files.push_back(entry.path());
    std::ranges::sort(files);
  } else {
    files.push_back(folder);
  }
  std::vector<abi::Dataset> out;
  for (const auto& file : files) {
    try {
      out.push_back(read_contract(file));
    } catch (const toml::parse_error& e) {
      problems.push_back(file.string() + ":" + std::to_string(e.source().begin.line) +
                         ": this is no dataset: " + std::string(e.description()));
    } catch (const std::exception& e) {
      problems.push_back(file.string() + ": this is no dataset: " + e.what());
    }
  }
  if (files.empty()) problems.push_back(path + ": there is no dataset in it; give a catalog, or a dataset's file");
  return out;
}

} // namespace kepu::tool
