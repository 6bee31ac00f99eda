#include "http/negotiate.hpp"

#include "base/ascii.hpp"

#include <algorithm>
#include <vector>

namespace kepu::http {
namespace {

// Thousandths; nullopt: no qvalue.
std::optional<int> quality(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int value = (text[0] - '0') * 1000;
  int unit = 100;
  for (const char c : text.substr(std::min<size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return std::nullopt;
    value += (c - '0') * unit;
    unit /= 10;
  }
  return value <= 1000 ? std::optional(value) : std::nullopt;
}

struct Choice {
  std::string name;
  int quality = 1000;
};

// Elements of a header with qualities; unreadable ones are left out.
std::vector<Choice> choices(std::string_view header) {
  std::vector<Choice> out;
  split(header, ',', [&](std::string_view element) {
    Choice choice;
    bool readable = true;
    bool first = true;
    split(element, ';', [&](std::string_view part) {
      if (first) {
        choice.name = lower(part);
      } else if (part.size() > 2 && (part[0] == 'q' || part[0] == 'Q') && part[1] == '=') {
        const auto value = quality(part.substr(2));
        readable = readable && value.has_value();
        choice.quality = value.value_or(0);
      }
      first = false;
    });
    if (readable && !choice.name.empty()) out.push_back(std::move(choice));
  });
  return out;
}

// Media type without parameters.
std::string_view bare(Format format) {
  const auto type = media_type(format);
  return type.substr(0, type.find(';'));
}

} // namespace

std::string_view media_type(Format format) {
  switch (format) {
  case Format::json:
    return "application/json";
  case Format::csv:
    return "text/csv; charset=utf-8; header=present";
  case Format::html:
    return "text/html; charset=utf-8";
  case Format::metrics:
    return "text/plain; version=0.0.4; charset=utf-8";
  }
  return {};
}

std::optional<Format> best_format(std::string_view accept, std::span<const Format> offered) {
  std::vector<Choice> ranges = choices(accept);
  std::erase_if(ranges, [](const Choice& range) { return range.name.find('/') == std::string::npos; });
  if (ranges.empty()) return offered.front();
  std::optional<Format> best;
  int best_quality = 0;
  for (const auto format : offered) {
    const auto type = bare(format);
    const std::string group = std::string(type.substr(0, type.find('/'))) + "/*";
    int rank = 0; // how exactly a range names this type
    int value = 0;
    for (const auto& range : ranges) {
      const int exact = range.name == type ? 3 : range.name == group ? 2 : range.name == "*/*" ? 1 : 0;
      if (exact == 0 || exact < rank) continue;
      value = exact == rank ? std::max(value, range.quality) : range.quality;
      rank = exact;
    }
    if (value > best_quality) {
      best = format;
      best_quality = value;
    }
  }
  return best;
}

bool takes_gzip(std::string_view accept_encoding) {
  std::optional<int> named;
  int any = 0;
  int identity = 0;
  for (const auto& choice : choices(accept_encoding)) {
    if (choice.name == "gzip" || choice.name == "x-gzip") named = std::max(named.value_or(0), choice.quality);
    if (choice.name == "*") any = choice.quality;
    if (choice.name == "identity") identity = choice.quality;
  }
  const int gzip = named.value_or(any);
  return gzip > 0 && gzip >= identity;
}

bool names_etag(std::string_view if_none_match, std::string_view etag, bool any) {
  if (trimmed(if_none_match) == "*") return any;
  // Entity tags may hold commas, so this walks from quote to quote.
  while (true) {
    const auto open = if_none_match.find('"');
    if (open == std::string_view::npos) return false;
    const auto close = if_none_match.find('"', open + 1);
    if (close == std::string_view::npos) return false;
    if (if_none_match.substr(open, close - open + 1) == etag) return true;
    if_none_match.remove_prefix(close + 1);
  }
}

} // namespace kepu::http
