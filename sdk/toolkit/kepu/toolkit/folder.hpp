// SPDX-License-Identifier: Apache-2.0
//
// A folder that is watched: which files are there, whether they are finished, and where done ones go.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <vector>

namespace kepu::toolkit {

// `*` any characters, `?` one; nothing else is special. ASCII letters in either case; a name that begins
// with a dot needs a pattern that does.
bool matches(std::string_view name, std::string_view pattern);

struct Entry {
  std::string name;
  struct stat status {};
};

// Entries that match, in order of name. Returns 0 or errno; what vanishes meanwhile is left out.
int list(const std::string& folder, std::string_view pattern, std::vector<Entry>& out);

// Of a file as it is: name, size, times of content and status, inode, and `salt` (what it was looked at with).
uint64_t fingerprint(std::string_view name, const struct stat& status, uint64_t salt);
uint64_t hash64(std::string_view text);

// Whether two looks at a file saw the same one, unchanged.
bool same(const struct stat& a, const struct stat& b);

// Microseconds for which the file has not changed, by its time of modification; by its time of status
// when the former lies in the future.
int64_t quiet_for(const struct stat& status, int64_t now_us);

// Moves folder/name into folder/done/ under a free name: name.csv, name (2).csv, … Returns 0, with the
// name taken in `as`, or errno. A file that is no longer the one of `status` is left: ESTALE.
int move_to_done(const std::string& folder, const std::string& name, const struct stat& status, std::string& as);

constexpr std::string_view done_folder = "done";

} // namespace kepu::toolkit
