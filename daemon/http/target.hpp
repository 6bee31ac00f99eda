// A request target taken apart, strictly. Pure; any thread.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kepu::http {

struct Target {
  std::vector<std::string> path;                          // decoded segments; "/": none
  std::vector<std::pair<std::string, std::string>> query; // decoded, in order
};

// Error code "bad_target": no origin-form, a bad escape, NUL, or bytes that are not UTF-8.
Result<Target> parse_target(std::string_view raw);
// The part before "?".
std::string_view path_of(std::string_view raw);

} // namespace kepu::http
