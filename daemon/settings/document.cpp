#include "settings/document.hpp"

#include "base/printable.hpp"
#include "base/utf8.hpp"
#include "model/period.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>

namespace kepu::settings {
namespace {

// Written by hand: a register of 50,000 entries has some 10 MB. More is not a configuration.
constexpr size_t max_bytes = 16 * 1024 * 1024;
// Parser and tree recurse into dotted keys without a limit of their own; ours need 3.
constexpr size_t max_dots = 32;

Place place(const toml::source_region& region) {
  return {static_cast<uint32_t>(region.begin.line), static_cast<uint32_t>(region.begin.column)};
}

bool before(Place a, Place b) { return a.line != b.line ? a.line < b.line : a.column < b.column; }

Place place_of_byte(std::string_view text, size_t at) {
  Place out{1, 1};
  for (char c : text.substr(0, at)) {
    if (c == '\n') {
      ++out.line;
      out.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
      ++out.column;
    }
  }
  return out;
}

// The offset of a key with more than max_dots dots, or npos. Knows as much of TOML as that takes: strings,
// comments, and that dots of one key stand on one line. Quoted parts of a key are skipped like any string.
size_t find_endless_key(std::string_view text) {
  size_t dots = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '#') {
      i = std::min(text.find('\n', i), text.size());
      dots = 0;
    } else if (c == '"' || c == '\'') {
      const std::string fence(text.substr(i, 3) == std::string(3, c) ? 3 : 1, c);
      for (i += fence.size(); i < text.size() && text.substr(i, fence.size()) != fence; ++i) {
        if (c == '"' && text[i] == '\\') ++i;
        if (fence.size() == 1 && i < text.size() && text[i] == '\n') break; // an error that the parser tells
      }
      if (i < text.size()) i += fence.size() - 1;
    } else if (c == '.') {
      if (++dots > max_dots) return i;
    } else if (c == '\n' || c == '=' || c == ',' || c == '[' || c == ']' || c == '{' || c == '}') {
      dots = 0;
    }
  }
  return std::string_view::npos;
}

Node convert(const toml::node& node) {
  Node out;
  out.at = place(node.source());
  if (const auto* table = node.as_table()) {
    out.kind = Node::Kind::table;
    for (const auto& [key, value] : *table) {
      out.entries.push_back({std::string(key.str()), place(key.source()), convert(value)});
    }
    std::stable_sort(out.entries.begin(), out.entries.end(),
                     [](const Entry& a, const Entry& b) { return before(a.at, b.at); });
  } else if (const auto* list = node.as_array()) {
    out.kind = Node::Kind::list;
    for (const auto& item : *list)
      out.items.push_back(convert(item));
  } else if (const auto* text = node.as_string()) {
    out.kind = Node::Kind::text;
    out.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    out.kind = Node::Kind::integer;
    out.integer = integer->get();
  } else if (const auto* real = node.as_floating_point()) {
    out.kind = Node::Kind::real;
    out.real = real->get();
  } else if (const auto* boolean = node.as_boolean()) {
    out.kind = Node::Kind::boolean;
    out.boolean = boolean->get();
  } else if (const auto* date = node.as_date()) {
    out.kind = Node::Kind::date;
    out.integer = model::day_of(date->get().year, date->get().month, date->get().day);
  } else {
    out.kind = Node::Kind::time;
  }
  return out;
}

// The parser's sentence, without the place that it may repeat.
std::string reason(std::string_view description) {
  std::string out = printable(description);
  while (!out.empty() && (out.back() == '.' || out.back() == ' '))
    out.pop_back();
  return out;
}

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

} // namespace

std::string Node::described() const {
  switch (kind) {
  case Kind::text:
    return "the text " + in_quotes(text, 40);
  case Kind::integer:
    return "the integer " + std::to_string(integer);
  case Kind::real: {
    char buffer[40];
    std::snprintf(buffer, sizeof buffer, "%.15g", real); // the C locale: nothing here ever sets another
    return std::string("the real number ") + buffer;
  }
  case Kind::boolean:
    return boolean ? "true" : "false";
  case Kind::date:
    return "a date";
  case Kind::time:
    return "a time";
  case Kind::list:
    return "a list";
  case Kind::table:
    return "a table";
  }
  return "";
}

std::optional<Node> parse_document(std::string_view text, Report& report) {
  if (text.size() > max_bytes) {
    report.add({}, "too_large", "has more than 16 MB, which no configuration has; is it the right file?");
    return std::nullopt;
  }
  if (const size_t bad = find_invalid_utf8(text); bad != std::string_view::npos) {
    report.add(place_of_byte(text, bad), "not_utf8",
               "byte " + std::to_string(bad) + " is not UTF-8; save the file as UTF-8");
    return std::nullopt;
  }
  if (const size_t bad = find_endless_key(text); bad != std::string_view::npos) {
    report.add(place_of_byte(text, bad), "syntax", "a key with more than 32 dots is none of ours");
    return std::nullopt;
  }
  try {
    Node root = convert(toml::parse(text));
    root.at = {};
    return root;
  } catch (const toml::parse_error& error) {
    report.add(place(error.source()), "syntax", reason(error.description()));
  } catch (const std::exception& error) {
    report.add({}, "syntax", std::string("cannot be parsed: ") + printable(error.what()));
  }
  return std::nullopt;
}

std::optional<Node> read_document(Report& report) {
  std::error_code error;
  const auto status = std::filesystem::status(report.file(), error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) { // a pipe would make us wait
    report.add({}, "unreadable_file", "cannot be read: it is not a regular file");
    return std::nullopt;
  }
  errno = 0;
  std::unique_ptr<std::FILE, Close> file(std::fopen(report.file().c_str(), "rbe"));
  if (!file) {
    report.add({}, "unreadable_file", std::string("cannot be read: ") + std::strerror(errno));
    return std::nullopt;
  }
  std::string text;
  char buffer[65536];
  while (text.size() <= max_bytes) {
    const size_t n = std::fread(buffer, 1, sizeof buffer, file.get());
    if (n == 0) break;
    text.append(buffer, n);
  }
  if (std::ferror(file.get())) {
    report.add({}, "unreadable_file", std::string("cannot be read: ") + std::strerror(errno));
    return std::nullopt;
  }
  return parse_document(text, report);
}

} // namespace kepu::settings
