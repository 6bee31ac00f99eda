// One table of a document, asked for by key: what is of the wrong type, missing or never asked for is
// complained about. Inside settings/ only.
#pragma once

#include "settings/document.hpp"

#include <chrono>
#include <initializer_list>
#include <set>

namespace kepu::settings {

struct Word {
  std::string text;
  Place at;
};

// Borrows the table and the report. The order of use: ask for every key there is, then finish().
class Section {
public:
  // `what` names the table in complaints: "[http]", "this [[unit]]"; "the file" for the whole.
  Section(const Node& table, Report& report, std::string what);

  // Absent keys and, after a complaint, values of a wrong type are nullopt (nullptr, empty).
  const Node* find(std::string_view key);
  std::optional<std::string> text(std::string_view key);
  std::optional<int64_t> integer(std::string_view key, int64_t least, int64_t most);
  std::optional<double> real(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  std::vector<Word> texts(std::string_view key);
  const Node* table(std::string_view key);
  // The tables of [[key]].
  std::vector<const Node*> tables(std::string_view key);
  // A text that is one of `choices`: its number.
  std::optional<size_t> choice(std::string_view key, const std::vector<std::string>& choices);
  std::optional<std::chrono::microseconds> duration(std::string_view key);

  // Complains when the key is absent; nullopt then and when the text is empty.
  std::optional<std::string> required_text(std::string_view key);
  void missing(std::string_view key, const std::string& hint = "");

  // Place of the key's value, or of the table when it is absent.
  Place at(std::string_view key) const;
  Place at() const { return table_.at; }
  bool has(std::string_view key) const { return entry(key) != nullptr; }
  void complain(std::string_view key, std::string code, std::string text) {
    report_.add(at(key), std::move(code), std::move(text));
  }

  // Every key that was not asked for is unknown.
  void finish();

private:
  const Entry* entry(std::string_view key) const;
  const Node* of_kind(std::string_view key, Node::Kind kind, const char* wanted);

  const Node& table_;
  Report& report_;
  std::string what_;
  std::set<std::string, std::less<>> known_;
};

// "wrong_type" for `node`, which is not what was wanted.
void wrong_type(Report& report, std::string_view key, const Node& node, const std::string& wanted);

// Complains about what cannot be a word by which people or sources name something: empty, with
// control characters, with spaces around it.
bool check_word(Report& report, Place at, std::string_view what, std::string_view word);

} // namespace kepu::settings
