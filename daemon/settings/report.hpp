// Collects the complaints about a configuration. Inside settings/ only.
#pragma once

#include "settings/settings.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::settings {

// Complaints about one file. One thread.
class Report {
public:
  Report(std::filesystem::path file, std::vector<Problem>& problems) : file_(std::move(file)), problems_(problems) {}

  const std::filesystem::path& file() const { return file_; }
  void add(Place at, std::string code, std::string text) {
    problems_.push_back({file_, at.line, at.column, std::move(code), std::move(text)});
    clean_ = false;
  }
  // Nothing was complained about: what others say about the file's contents can be believed.
  bool clean() const { return clean_; }

private:
  std::filesystem::path file_;
  std::vector<Problem>& problems_;
  bool clean_ = true;
};

// `, did you mean "x"?`, or the known words where none is near and they are few, or nothing.
std::string suggestion(std::string_view word, const std::vector<std::string>& known);

// [a-z][a-z0-9_]*, with '-' too where `dashes`.
bool is_name(std::string_view text, bool dashes = false);

} // namespace kepu::settings
