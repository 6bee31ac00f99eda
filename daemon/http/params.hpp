// Parameters of one request, read strictly: every failure is thrown as Refused. One thread.
#pragma once

#include "http/problem.hpp"
#include "http/target.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::http {

class Params {
public:
  // Refuses a name that is given twice: no parameter here takes two values.
  explicit Params(const Target& target);

  // Refuses what is not among `known`, naming the nearest.
  void allow_only(const std::vector<std::string>& known) const;
  // The value; an empty one is refused, since it says neither "all" nor "none".
  std::optional<std::string> text(std::string_view name) const;
  // The value, which may be empty.
  std::optional<std::string> raw(std::string_view name) const;
  std::optional<uint64_t> number(std::string_view name, uint64_t least, uint64_t most) const;
  // One of `words`.
  std::optional<std::string> word(std::string_view name, const std::vector<std::string>& words) const;
  // Words between commas, each once; absent: none.
  std::vector<std::string> list(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return query_; }

private:
  const std::vector<std::pair<std::string, std::string>>& query_;
};

// "a, b or c", for hints.
std::string one_of(const std::vector<std::string>& words);
// `, did you mean "X"?` or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

} // namespace kepu::http
