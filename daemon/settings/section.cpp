#include "settings/section.hpp"

#include "base/printable.hpp"

#include <algorithm>

namespace kepu::settings {

void wrong_type(Report& report, std::string_view key, const Node& node, const std::string& wanted) {
  report.add(node.at, "wrong_type", in_quotes(key) + " wants " + wanted + ", found " + node.described());
}

bool check_word(Report& report, Place at, std::string_view what, std::string_view word) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  if (word.empty()) {
    report.add(at, "bad_value", std::string(what) + " is empty");
  } else if (printable(word) != word) {
    report.add(at, "bad_value", std::string(what) + " " + in_quotes(word) + " has control characters; take them out");
  } else if (blank(word.front()) || blank(word.back())) {
    report.add(at, "bad_value",
               std::string(what) + " " + in_quotes(word) + " begins or ends with a space; take it out");
  } else {
    return true;
  }
  return false;
}

Section::Section(const Node& table, Report& report, std::string what)
    : table_(table), report_(report), what_(std::move(what)) {}

const Entry* Section::entry(std::string_view key) const {
  const auto found =
      std::find_if(table_.entries.begin(), table_.entries.end(), [&](const Entry& one) { return one.key == key; });
  return found == table_.entries.end() ? nullptr : &*found;
}

const Node* Section::find(std::string_view key) {
  known_.emplace(key);
  const Entry* found = entry(key);
  return found ? &found->value : nullptr;
}

Place Section::at(std::string_view key) const {
  const Entry* found = entry(key);
  return found ? found->value.at : table_.at;
}

const Node* Section::of_kind(std::string_view key, Node::Kind kind, const char* wanted) {
  const Node* node = find(key);
  if (!node || node->kind == kind) return node;
  wrong_type(report_, key, *node, wanted);
  return nullptr;
}

std::optional<std::string> Section::text(std::string_view key) {
  const Node* node = of_kind(key, Node::Kind::text, "a text");
  return node ? std::optional(node->text) : std::nullopt;
}

std::optional<int64_t> Section::integer(std::string_view key, int64_t least, int64_t most) {
  const Node* node = of_kind(key, Node::Kind::integer, "an integer");
  if (!node) return std::nullopt;
  if (node->integer >= least && node->integer <= most) return node->integer;
  report_.add(node->at, "out_of_range",
              in_quotes(key) + " is " + std::to_string(node->integer) + ", but must be from " + std::to_string(least) +
                  " to " + std::to_string(most));
  return std::nullopt;
}

std::optional<double> Section::real(std::string_view key) {
  const Node* node = find(key);
  if (node && node->kind == Node::Kind::integer) return static_cast<double>(node->integer);
  node = of_kind(key, Node::Kind::real, "a number");
  return node ? std::optional(node->real) : std::nullopt;
}

std::optional<bool> Section::boolean(std::string_view key) {
  const Node* node = of_kind(key, Node::Kind::boolean, "true or false");
  return node ? std::optional(node->boolean) : std::nullopt;
}

std::vector<Word> Section::texts(std::string_view key) {
  std::vector<Word> out;
  const Node* list = of_kind(key, Node::Kind::list, "a list of texts");
  if (!list) return out;
  for (const auto& item : list->items) {
    if (item.kind == Node::Kind::text) {
      out.push_back({item.text, item.at});
    } else {
      wrong_type(report_, key, item, "a list of texts");
    }
  }
  return out;
}

const Node* Section::table(std::string_view key) { return of_kind(key, Node::Kind::table, "a table"); }

std::vector<const Node*> Section::tables(std::string_view key) {
  std::vector<const Node*> out;
  const std::string wanted = "tables, each below a line [[" + std::string(key) + "]]";
  const Node* list = find(key);
  if (!list) return out;
  if (list->kind != Node::Kind::list) {
    wrong_type(report_, key, *list, wanted);
    return out;
  }
  for (const auto& item : list->items) {
    if (item.kind == Node::Kind::table) {
      out.push_back(&item);
    } else {
      wrong_type(report_, key, item, wanted);
    }
  }
  return out;
}

std::optional<size_t> Section::choice(std::string_view key, const std::vector<std::string>& choices) {
  const auto word = text(key);
  if (!word) return std::nullopt;
  const auto found = std::find(choices.begin(), choices.end(), *word);
  if (found != choices.end()) return static_cast<size_t>(found - choices.begin());
  complain(key, "unknown_word", in_quotes(key) + " cannot be " + in_quotes(*word) + suggestion(*word, choices));
  return std::nullopt;
}

std::optional<std::chrono::microseconds> Section::duration(std::string_view key) {
  const Node* node = of_kind(key, Node::Kind::text, "a duration such as \"30s\"");
  if (!node) return std::nullopt;
  auto parsed = parse_duration(node->text);
  if (parsed) return *parsed;
  report_.add(node->at, parsed.error().code, in_quotes(key) + ": " + parsed.error().text);
  return std::nullopt;
}

std::optional<std::string> Section::required_text(std::string_view key) {
  if (!has(key)) {
    known_.emplace(key);
    missing(key);
    return std::nullopt;
  }
  auto given = text(key);
  if (!given || !given->empty()) return given;
  complain(key, "bad_value", in_quotes(key) + " is empty");
  return std::nullopt;
}

void Section::missing(std::string_view key, const std::string& hint) {
  report_.add(table_.at, "missing_key", in_quotes(key) + " is missing in " + what_ + hint);
}

void Section::finish() {
  const std::vector<std::string> known(known_.begin(), known_.end());
  for (const auto& one : table_.entries) {
    if (known_.count(one.key)) continue;
    report_.add(one.at, "unknown_key", "unknown key " + in_quotes(one.key) + suggestion(one.key, known));
  }
}

} // namespace kepu::settings
