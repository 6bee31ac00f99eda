// A TOML file as a tree of values with their places. Inside settings/ only; document.cpp is the only
// file that includes toml++.
#pragma once

#include "settings/report.hpp"
#include "settings/settings.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::settings {

struct Entry;

struct Node {
  enum class Kind : uint8_t { text, integer, real, boolean, date, time, list, table };
  Kind kind = Kind::table;
  Place at;
  std::string text;
  int64_t integer = 0; // date: days since 1970-01-01
  double real = 0;
  bool boolean = false;
  std::vector<Node> items;    // list
  std::vector<Entry> entries; // table, in order of place

  // "the integer 30", "a list": for messages.
  std::string described() const;
};

struct Entry {
  std::string key;
  Place at;
  Node value;
};

// Reads and parses a file; nullopt when it cannot be read or is no TOML, with one complaint why.
std::optional<Node> read_document(Report& report);
// The same for text that is there already. Never throws, whatever the text.
std::optional<Node> parse_document(std::string_view text, Report& report);

} // namespace kepu::settings
