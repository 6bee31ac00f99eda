// SPDX-License-Identifier: Apache-2.0
//
// Where each field of a dataset comes from, as the settings of a source say. Pure.
#pragma once

#include <kepu/settings.hpp>
#include <kepu/toolkit/cell.hpp>
#include <kepu/toolkit/header.hpp>

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace csv_table {

struct FieldRule {
  const kepu_field* field = nullptr;
  bool required = false;
  std::optional<std::string> constant; // as a clerk would write it; nullopt: the column of the field's number
  // What the file says, by plain_word, to what the dataset wants; empty: words are taken as they are.
  std::unordered_map<std::string, std::string> values;
  bool only_these = false; // other words are refused
  kepu::toolkit::Manner manner;
};

struct Mapping {
  std::vector<FieldRule> fields;              // of the contract, in its order
  std::vector<kepu::toolkit::Column> columns; // of the fields, in the same order
};

// `problems` receives a sentence for each fault; empty: the mapping may be used. The contract is borrowed for as long
// as the mapping lives.
Mapping read_mapping(const kepu::Settings& given, const kepu_dataset& contract, const kepu::toolkit::Zone& zone,
                     std::vector<std::string>& problems);

} // namespace csv_table
