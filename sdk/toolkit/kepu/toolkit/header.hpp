// SPDX-License-Identifier: Apache-2.0
//
// Which column of a file holds which field. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::toolkit {

// A column that a connector asks for.
struct Column {
  std::string field;
  std::vector<std::string> words; // of the header, any of them; none: files have no such column
  bool optional = false;          // a file may lack it
  std::string advice = {};        // what to do where it is missing: ", or set x = \"\" when files have none"
};

// "event_id, 事件编号" -> its words.
std::vector<std::string> words_of(std::string_view setting);

// Without surrounding spaces, full-width forms and the case of ASCII letters: how words of clerks are compared.
std::string plain_word(std::string_view word);

// Where the columns that were asked for are in a file.
struct Header {
  static constexpr size_t absent = SIZE_MAX;
  std::vector<size_t> at;
  size_t count = 0; // columns of the file
};

// Why a header cannot be used.
struct HeaderProblem {
  std::string field; // the first one that it is about
  std::string code;  // missing_column or repeated_column
  std::string message;
  explicit operator bool() const { return !code.empty(); }
};

// Words are compared by plain_word. `set_by` names the settings that say what the words are, for the message.
HeaderProblem find_columns(std::span<const std::string_view> header, std::span<const Column> wanted,
                           std::string_view set_by, Header& out);

// One row by the columns that were asked for, in their order. Borrows both.
class CsvRow {
public:
  CsvRow(std::span<const std::string_view> fields, const Header& header) : fields_(fields), at_(header.at) {}
  // Empty where the file has no such column.
  std::string_view operator[](size_t column) const {
    return at_[column] == Header::absent ? std::string_view{} : fields_[at_[column]];
  }

private:
  std::span<const std::string_view> fields_;
  std::span<const size_t> at_;
};

} // namespace kepu::toolkit
