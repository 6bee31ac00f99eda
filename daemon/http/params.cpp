#include "http/params.hpp"

#include "base/nearest.hpp"
#include "base/printable.hpp"

#include <algorithm>
#include <charconv>

namespace kepu::http {

Params::Params(const Target& target) : query_(target.query) {
  for (size_t i = 0; i < query_.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (query_[i].first == query_[j].first) {
        throw Refused{"repeated_parameter",
                      "parameter " + in_quotes(query_[i].first) + " is given twice",
                      "give it once; lists are written with commas",
                      query_[i].first,
                      {}};
      }
    }
  }
}

void Params::allow_only(const std::vector<std::string>& known) const {
  for (const auto& [name, value] : query_) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const auto near = nearest(name, known, 1);
    throw Refused{"unknown_parameter",
                  "no parameter " + in_quotes(name) + did_you_mean(name, known),
                  known.empty() ? "this path takes none"
                                : (near.empty() ? "this path takes " + one_of(known) : "write " + near.front()),
                  name,
                  {}};
  }
}

std::optional<std::string> Params::raw(std::string_view name) const {
  for (const auto& [key, value] : query_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::optional<std::string> Params::text(std::string_view name) const {
  auto value = raw(name);
  if (value && value->empty()) {
    throw Refused{"bad_parameter",
                  "parameter " + std::string(name) + " is empty",
                  "give a value or leave it out",
                  std::string(name),
                  {}};
  }
  return value;
}

std::optional<uint64_t> Params::number(std::string_view name, uint64_t least, uint64_t most) const {
  const auto value = text(name);
  if (!value) return std::nullopt;
  uint64_t out = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), out);
  if (error != std::errc{} || end != value->data() + value->size() || out < least || out > most) {
    throw Refused{"bad_parameter",
                  std::string(name) + "=" + in_quotes(*value) + " cannot be",
                  "a whole number from " + std::to_string(least) + " to " + std::to_string(most),
                  std::string(name),
                  {}};
  }
  return out;
}

std::optional<std::string> Params::word(std::string_view name, const std::vector<std::string>& words) const {
  auto value = text(name);
  if (value && std::find(words.begin(), words.end(), *value) == words.end()) {
    throw Refused{"bad_parameter",
                  std::string(name) + "=" + in_quotes(*value) + " cannot be" + did_you_mean(*value, words),
                  "it takes " + one_of(words),
                  std::string(name),
                  {}};
  }
  return value;
}

std::vector<std::string> Params::list(std::string_view name) const {
  const auto value = text(name);
  std::vector<std::string> out;
  if (!value) return out;
  std::string_view rest = *value;
  while (true) {
    const auto comma = rest.find(',');
    std::string one(rest.substr(0, comma));
    if (one.empty() || std::find(out.begin(), out.end(), one) != out.end()) {
      throw Refused{"bad_parameter",
                    std::string(name) + "=" + in_quotes(*value) + " names " +
                        (one.empty() ? std::string("nothing between two commas") : in_quotes(one) + " twice"),
                    "write each word once, commas between them",
                    std::string(name),
                    {}};
    }
    out.push_back(std::move(one));
    if (comma == std::string_view::npos) return out;
    rest.remove_prefix(comma + 1);
  }
}

std::string one_of(const std::vector<std::string>& words) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    out += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  }
  return out;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const auto near = nearest(word, known, 1);
  return near.empty() ? "" : ", did you mean \"" + near.front() + "\"?";
}

} // namespace kepu::http
