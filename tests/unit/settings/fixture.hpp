// A configuration in a fresh folder, written by a test.
#pragma once

#include "settings/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace kepu::settings {

class ConfigFolder : public ::testing::Test {
protected:
  ConfigFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "kepu-settings-XXXXXX").string();
    folder = ::mkdtemp(name.data());
  }
  ~ConfigFolder() override { std::filesystem::remove_all(folder); }

  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream(folder / name, std::ios::binary) << text;
  }
  // Without the folder's name, so that tests read as people do.
  std::vector<std::string> sentences(const std::vector<Problem>& problems) const {
    std::vector<std::string> out;
    for (const auto& problem : problems) {
      std::string text = problem.sentence();
      for (size_t at; (at = text.find(folder.string() + "/")) != std::string::npos;) {
        text.erase(at, folder.string().size() + 1);
      }
      out.push_back(std::move(text));
    }
    return out;
  }
  std::vector<std::string> complaints() { return sentences(load(folder / "kepud.toml").problems); }
  static std::vector<std::string> codes(const std::vector<Problem>& problems) {
    std::vector<std::string> out;
    for (const auto& problem : problems)
      out.push_back(problem.code);
    return out;
  }

  void write_valid() {
    write("kepud.toml", "state_dir = \"state\"\nconnector_dirs = [\"connectors\"]\n");
    write("catalog/units.toml", "[[unit]]\nid = \"persons\"\nname = { zh = \"人\" }\nquantity = \"persons\"\n");
    write("catalog/areas.toml",
          "[[area]]\ncode = \"510104\"\nname = { zh = \"锦江区\" }\n"
          "[[area]]\ncode = \"510104017\"\nparent = \"510104\"\nname = { zh = \"锦官驿街道\" }\n");
    write("catalog/registers/venues.toml",
          "name = { zh = \"场馆\" }\n[[venue]]\ncode = \"V01\"\nname = { zh = \"一号馆\" }\n"
          "aliases = [\"老馆\"]\narea = \"510104017\"\n");
    write("catalog/datasets/passages.toml", passages);
    write("catalog/indicators.toml", indicator(""));
  }
  static std::string indicator(const std::string& more, const std::string& measure = "count") {
    return "[[indicator]]\nid = \"a.b\"\nname = { zh = \"名\" }\ndefinition = { zh = \"口径\" }\nunit = \"persons\"\n"
           "dataset = \"passages\"\nmeasure = \"" +
           measure + "\"\n" + more;
  }

  const std::string passages =
      "version = 1\nname = { zh = \"通行\" }\nscope = [\"venue\"]\n"
      "[[field]]\nname = \"id\"\ntype = \"text\"\nroles = [\"key\"]\nrequired = true\n"
      "[[field]]\nname = \"venue\"\ntype = \"text\"\nroles = [\"entity\"]\nregister = \"venues\"\n"
      "[[field]]\nname = \"way\"\ntype = \"text\"\nroles = [\"attribute\"]\n"
      "[[field]]\nname = \"count\"\ntype = \"integer\"\nroles = [\"measure\"]\n"
      "[[field]]\nname = \"weight\"\ntype = \"real\"\nroles = [\"weight\"]\n"
      "[[field]]\nname = \"paid\"\ntype = \"boolean\"\nroles = [\"attribute\"]\n"
      "[[field]]\nname = \"fee\"\ntype = \"decimal\"\nscale = 2\nroles = [\"measure\"]\n"
      "[[field]]\nname = \"card\"\ntype = \"text\"\nroles = [\"person\"]\nscheme = \"account:x\"\n"
      "[[field]]\nname = \"day\"\ntype = \"date\"\nroles = [\"time\"]\n";
  std::filesystem::path folder;
};

} // namespace kepu::settings
