// One condition of an indicator's `where`, over a column of facts. Pure. One thread.
#pragma once

#include "measure/codes.hpp"
#include "model/catalog.hpp"
#include "model/fact.hpp"

#include <cstdint>
#include <limits>
#include <vector>

namespace kepu::measure {

class Filter {
public:
  // References are kept. The condition's field is one of the dataset's.
  Filter(const model::Catalog& catalog, const model::Dataset& dataset, const model::Condition& condition,
         const Codes& codes);

  // A cell without a value meets no condition.
  bool passes(const model::FactColumns& facts, uint32_t row) {
    const auto& column = facts.fields[field_];
    if (column.is_null(row)) return false;
    return column.holding == model::Holding::number ? passes_number(column.numbers[row])
                                                    : passes_code(column.codes[row]);
  }

private:
  bool passes_number(int64_t number) const;
  bool passes_code(uint32_t code);

  const model::Catalog& catalog_;
  const model::Dataset& dataset_;
  const model::Condition& condition_;
  const Codes& codes_;
  size_t field_;
  std::vector<int64_t> numbers_; // any_of
  int64_t least_ = std::numeric_limits<int64_t>::min();
  int64_t most_ = std::numeric_limits<int64_t>::max();
  std::vector<int8_t> by_code_; // -1 not looked up yet, 0, 1
};

} // namespace kepu::measure
