// Which series answer a question, and which group of rows each belongs to. Pure; any thread.
#pragma once

#include "query/observations.hpp"

namespace kepu::query {

struct Plan {
  std::vector<uint32_t> ids;                    // series, a group's together
  std::vector<uint32_t> group_of;               // parallel to `ids`, ascending
  std::vector<std::vector<std::string>> groups; // codes parallel to `by`, ascending
};

// Error codes: "unknown_dimension", "unknown_area", "unknown_code".
Result<Plan> plan(const model::Catalog& catalog, const model::Indicator& indicator, const ObservationQuery& query,
                  const std::vector<store::Series>& series);

// Words that `by` takes for this indicator: its dimensions, and the levels where it has areas.
std::vector<std::string> groupings(const model::Catalog& catalog, const model::Indicator& indicator);
// Number of the dimension that holds areas, if there is one.
std::optional<size_t> area_dimension(const model::Catalog& catalog, const model::Indicator& indicator);
// Level that `by` names beside dimensions: district 0, subdistrict 1, community 2; nullopt: no level.
std::optional<int> area_level(std::string_view by);

} // namespace kepu::query
