// SPDX-License-Identifier: Apache-2.0
//
// Rows as people read them. Pure; any thread.
#pragma once

#include <kepu/batch.hpp>
#include <kepu/host/host.hpp>
#include <kepu/values.hpp>

#include <string>
#include <string_view>

namespace kepu::testing {

// One cell: "text", 12, 1.50, true, 2025-03-05, 2025-03-05T01:30:00Z, ~0123456789abcdef (a person), null;
// flags follow as ~approx, ~repaired, ~provisional.
std::string cell_text(const abi::Field& field, const abi::Column& column, size_t row);
// `venue="V01" ts=2025-03-05T01:30:00Z card=~0123456789abcdef`; null cells are left out.
std::string row_text(const std::vector<abi::Field>& fields, const abi::Batch& batch, size_t row);
// The same as a JSON object; null cells are null, flags are left out.
std::string row_json(const std::vector<abi::Field>& fields, const abi::Batch& batch, size_t row);
// `passages this_input from 2025-03-01T00:00:00Z until ... venue="V01"`.
std::string scope_text(const abi::Dataset& dataset, const host::Scope& scope);

std::vector<abi::Field> key_fields(const abi::Dataset& dataset);
std::string json_string(std::string_view text); // with quotes; control characters escaped
std::string timestamp_text(int64_t microseconds);
const char* decision_text(int32_t decision); // take known resume
const char* level_text(int32_t level);       // debug info warning error
const char* status_text(int32_t run_status); // ok retry bad_config bad_data cancelled bug

} // namespace kepu::testing
