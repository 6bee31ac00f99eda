// SPDX-License-Identifier: Apache-2.0
#include <kepu/toolkit/csv_folder.hpp>
#include <kepu/toolkit/folder.hpp>

#include <utility>

namespace kepu::toolkit {
namespace {

constexpr int64_t most_commit_rows = 1'000'000; // above it a part takes seconds to become visible

[[noreturn]] void refuse(const std::string& text) { throw Ended(Outcome::bad_config(text)); }

} // namespace

CsvFolderOptions csv_folder_options(const Settings& given, std::string_view read_with) {
  CsvFolderOptions out;
  const std::string folder = given.text_or("folder", ""), work = given.text_or("work_folder", "");
  if (folder.empty() == work.empty()) {
    refuse(folder.empty() ? "neither folder nor work_folder is given; add folder = \"…\" under [settings]"
                          : "both folder and work_folder are given; keep one of them under [settings]");
  }
  out.folder = folder.empty() ? work : folder;
  out.move = given.text("done") == "move";
  if (out.move && work.empty())
    refuse("done = \"move\" moves files, and folder is only read: write work_folder instead of folder");
  out.pattern = given.text("pattern");
  if (out.pattern.empty() || out.pattern.find('/') != std::string::npos)
    refuse("pattern = \"" + out.pattern + "\" is for names inside the folder; write one like \"*.csv\"");
  const std::string& delimiter = given.text("delimiter");
  out.delimiter = delimiter == "comma" ? ',' : delimiter == "semicolon" ? ';' : delimiter == "tab" ? '\t' : '\0';
  out.salt = hash64(delimiter + std::string(read_with));
  out.replace = given.text("on_change") == "replace";
  out.settle_us = given.duration("settle").count();
  const int64_t rows = given.integer("commit_rows");
  if (rows < 1 || rows > most_commit_rows)
    refuse("commit_rows = " + std::to_string(rows) + " is not between 1 and " + std::to_string(most_commit_rows));
  out.commit_rows = static_cast<uint64_t>(rows);
  return out;
}

Zone zone_of(const Host& host) {
  auto zone = Zone::find(host.time_zone());
  if (!zone)
    refuse("this system does not know the time zone " + host.time_zone() + "; install tzdata or correct time_zone");
  return std::move(*zone);
}

} // namespace kepu::toolkit
