// SPDX-License-Identifier: Apache-2.0
//
// A clerk's text as a cell of a field, by the field's type. Pure.
#pragma once

#include <kepu/connector.h>
#include <kepu/toolkit/number.hpp>
#include <kepu/toolkit/time.hpp>

#include <string>
#include <string_view>

namespace kepu::toolkit {

// How texts of a source are meant, where that does not show.
struct Manner {
  DecimalSign decimal = DecimalSign::either;
  DateOrder dates = DateOrder::plain;
};

struct CellRead {
  kepu_cell cell{};           // KEPU_NULL: nothing is there; its text is of what was read, but for a period
  std::string period;         // text of a period's cell
  std::string_view code = {}; // bad_number, bad_boolean, bad_date, bad_time, bad_period; empty: read
  const char* advice = "";    // what to do then; quotes nothing
  bool ok() const { return code.empty(); }
};

// Texts lose spaces at their ends, which is flagged as repaired; else they stay as they are. A dash is nothing in every
// other type. A date or time in `field` follows `manner.dates`, a decimal or real `manner.decimal`.
CellRead read_cell(std::string_view text, const kepu_field& field, const Manner& manner, const Zone& zone);

} // namespace kepu::toolkit
