#include "settings/report.hpp"

#include "base/nearest.hpp"
#include "base/printable.hpp"

namespace kepu::settings {

std::string Problem::sentence() const {
  std::string out = printable(file.string());
  if (line) out += ":" + std::to_string(line) + ":" + std::to_string(column);
  return out + ": " + text;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
  constexpr size_t few = 16; // more names than that do not help in a message
  const auto near = nearest(word, known, 1);
  if (!near.empty()) return ", did you mean " + in_quotes(near[0]) + "?";
  if (known.empty() || known.size() > few) return "";
  std::string out = "; known: ";
  for (size_t i = 0; i < known.size(); ++i)
    out += (i ? ", " : "") + printable(known[i]);
  return out;
}

bool is_name(std::string_view text, bool dashes) {
  if (text.empty() || text[0] < 'a' || text[0] > 'z') return false;
  for (char c : text) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || (dashes && c == '-');
    if (!fits) return false;
  }
  return true;
}

} // namespace kepu::settings
