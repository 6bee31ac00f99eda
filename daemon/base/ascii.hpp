// Words of protocols and configuration, whose letters and blanks are ASCII. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace kepu {

// Without spaces and tabs around it.
inline std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// With A to Z as a to z, and every other byte as it is.
inline std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// Calls visit(piece) for each piece between separators, trimmed.
template <class Visit> void split(std::string_view text, char separator, Visit visit) {
  while (true) {
    const auto at = text.find(separator);
    visit(trimmed(text.substr(0, at)));
    if (at == std::string_view::npos) return;
    text.remove_prefix(at + 1);
  }
}

} // namespace kepu
