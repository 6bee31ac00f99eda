// SPDX-License-Identifier: Apache-2.0
//
// Cells against their fields. One thread.
#pragma once

#include "persons.hpp"

#include <kepu/values.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace kepu::host {

// The row's first broken rule, in field order.
enum class Fault : uint8_t {
  none,
  missing_value,
  invalid_utf8,
  not_finite,
  out_of_range,
  too_long,
  row_too_long,
  bad_period,
  bad_person
};
const char* code_of(Fault fault); // "missing_value", ...

// Rows are checked by as many as stay in the nearest cache, column after column.
constexpr size_t chunk_rows = 256;

// Pseudonym makers of a source, one for each scheme, so that fields share what they remember.
class PersonSchemes {
public:
  explicit PersonSchemes(std::string_view key) : mac_(key) {}
  Persons& of(const std::string& scheme);

private:
  Mac mac_;
  std::map<std::string, std::unique_ptr<Persons>> by_scheme_;
};

class CellChecker {
public:
  // `persons` may be null when no field is a person; both arguments outlive the checker.
  CellChecker(const std::vector<abi::Field>& fields, PersonSchemes* persons);

  // Checks `rows` (at most chunk_rows) whole rows. Returns "" or the sentence of a broken contract:
  // then nothing else of the answer counts.
  std::string check(const kepu_cell* cells, size_t rows);

  size_t rows() const { return rows_; }
  Fault fault(size_t row) const { return faults_[row]; }
  const abi::Field& faulty_field(size_t row) const { return fields_[faulty_[row]]; }
  // For people; holds no cell of a person.
  std::string message(size_t row, const kepu_cell* cells) const;
  uint32_t text_bytes(size_t row) const { return text_[row]; }
  // Of a person field, null rows unset.
  const uint64_t* pseudonyms(size_t field) const { return persons_[field].values.get(); }

private:
  struct PersonField {
    Persons* maker = nullptr;
    std::unique_ptr<uint64_t[]> values; // chunk_rows
  };
  void set(size_t row, size_t field, Fault fault) {
    if (faults_[row] != Fault::none) return;
    faults_[row] = fault;
    faulty_[row] = static_cast<uint16_t>(field);
  }
  template <class Rule> std::string check_column(const kepu_cell* cells, size_t field, Rule&& rule);
  std::string check_field(const kepu_cell* cells, size_t field);
  std::string breach(const kepu_cell* cells, size_t field) const;

  const std::vector<abi::Field>& fields_;
  std::vector<PersonField> persons_;
  size_t rows_ = 0;
  std::array<Fault, chunk_rows> faults_{};
  std::array<uint16_t, chunk_rows> faulty_{};
  std::array<uint32_t, chunk_rows> text_{};
  std::array<size_t, chunk_rows> fetched_{}; // of the person field being checked
};

} // namespace kepu::host
