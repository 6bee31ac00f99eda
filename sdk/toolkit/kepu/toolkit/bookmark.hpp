// SPDX-License-Identifier: Apache-2.0
//
// The cursor of a connector of files in a folder: what it must remember from run to run. Whether a content was taken is
// the hub's knowledge; this only saves reading and hashing again. Losing it costs time, never rows.
#pragma once

#include <kepu/toolkit/csv.hpp>
#include <kepu/toolkit/sha256.hpp>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::toolkit {

struct Bookmark {
  // The file that was being read at the last commit. Names are kept as hashes: a name may hold a person's number.
  struct Open {
    uint64_t name = 0; // hashed
    uint64_t size = 0;
    Digest hash{};
    CsvPosition at;
    bool operator==(const Open&) const;
  };
  std::optional<Open> open;
  // Names (hashed) of which rows were committed without reaching the end: what replaces them must
  // replace those rows too. Oldest first.
  std::vector<uint64_t> begun;
  // Fingerprints of files that need no second look as long as they stay as they are.
  std::set<uint64_t> settled;

  void begin(uint64_t name);
  void end(uint64_t name);
  bool has_begun(uint64_t name) const;

  // At most KEPU_MAX_CURSOR_BYTES: of `settled` as many as fit, those of `first` before others.
  std::string text(const std::vector<uint64_t>& first) const;
  // nullopt: not a bookmark of this version.
  static std::optional<Bookmark> parse(std::string_view text);
};

// The most fingerprints that surely fit.
constexpr size_t most_settled = 7400;

} // namespace kepu::toolkit
