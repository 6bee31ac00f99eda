// From a worker's rows to facts: checks and maps them by the catalog's contract. No I/O, no clock. One thread.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "measure/meter.hpp"
#include "model/catalog.hpp"
#include "model/fact.hpp"

#include <kepu/batch.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace kepu::pipeline {

// A row that cannot become a fact.
struct Refusal {
  uint64_t place = 0; // row in the input; 0: unknown
  std::string field;
  std::string code;    // missing_value unknown_entity unknown_area time_in_future time_too_old period_frozen bad_period
                       // too_many_values
  std::string message; // what is wrong and what to do
};

// One dataset as one connector emits it. Holds references: catalog, dataset and codes must outlive it.
class Mapper {
public:
  // `horizon`: rows of earlier times come too late, as measure::When gives it. Error code "contract": the declared
  // fields disagree with the catalog's, and how.
  static Result<Mapper> make(const model::Catalog& catalog, const model::Dataset& dataset, const abi::Dataset& declared,
                             measure::CodeBook& codes, std::optional<int64_t> horizon = {});

  const model::Dataset& dataset() const { return *dataset_; }
  bool has_key() const { return !keys_.empty(); }

  // Appends the rows that can become facts to `out`, in the dataset's fields, person columns as pseudonyms
  // in `numbers`, and the others to `refused`. `input`: name of the open input; a dataset without a key is
  // known by it and the row's number. Error code "contract": columns that are not as declared, or rows
  // without number where that is the key.
  Result<void> map(const abi::Batch& batch, Instant now, std::string_view input, model::FactColumns& out,
                   std::vector<Refusal>& refused);

  // The keys of a retraction: columns are the dataset's key fields, in the order declared.
  Result<void> map_keys(const abi::Batch& batch, model::FactColumns& out) const;

  // Number of a declared field in the catalog's dataset.
  size_t field_of(size_t declared) const { return to_catalog_[declared]; }
  size_t declared_fields() const { return to_catalog_.size(); }

private:
  Mapper() = default;
  void check_column(size_t declared, const abi::Batch& batch, Instant now, std::vector<Refusal>& refused);
  // Why a text of this field is refused; empty: it is not. Valid until the next call.
  const std::string& why_not(size_t field, std::string_view text);
  void put_column(size_t declared, const abi::Batch& batch, model::FactColumns& out);
  void append_key(const abi::Batch& batch, const std::vector<size_t>& columns, size_t row, std::string& out) const;
  void refuse(const abi::Batch& batch, size_t row, size_t field, const char* code, std::string message,
              std::vector<Refusal>& refused);

  const model::Catalog* catalog_ = nullptr;
  const model::Dataset* dataset_ = nullptr;
  measure::CodeBook* codes_ = nullptr;
  int64_t horizon_ = INT64_MIN;
  std::vector<size_t> to_catalog_; // declared field -> catalog's
  std::vector<size_t> keys_;       // declared fields that are keys, in declared order
  struct Judged {                  // words of a field that were looked up before, and why they are refused
    std::unordered_map<std::string, std::string> words;
    size_t refused = 0;
    std::string last;
  };
  std::vector<Judged> judged_; // by catalog field
  // Of the batch in work.
  std::vector<uint8_t> ok_;                      // rows that stay
  std::vector<std::vector<uint32_t>> row_codes_; // by declared field: coded fields only
};

} // namespace kepu::pipeline
