// Which series answer a question, and which group of rows each belongs to. Pure; any thread.
#pragma once

#include "query/observations.hpp"

namespace kepu::query {

struct Plan {
  std::vector<uint32_t> ids;                    // series, a group's together
  std::vector<uint32_t> group_of;               // parallel to `ids`, ascending
  std::vector<std::vector<std::string>> groups; // codes parallel to `by`, ascending
};

// Series whose periods do not tile those of the question are left out. Error codes: "unknown_dimension",
// "unknown_area", "unknown_code".
Result<Plan> plan(const model::Catalog& catalog, const model::Indicator& indicator, const ObservationQuery& query,
                  const std::vector<store::Series>& series);

// What every figure of facts begins with.
struct Planned {
  std::vector<store::Series> series; // all of the indicator
  Plan plan;
  std::optional<std::pair<model::Day, model::Day>> days; // that hold a cell
  std::vector<store::Frozen> frozen;
};
Result<Planned> planned(store::Reader& reader, const model::Catalog& catalog, const model::Indicator& indicator,
                        const ObservationQuery& query);

// Words that `by` takes for this indicator: its dimensions, the levels where it has areas, the register of share and
// each, and "source" where there are facts of its own.
std::vector<std::string> groupings(const model::Catalog& catalog, const model::Indicator& indicator);
// Number of the dimension that holds areas, if there is one.
std::optional<size_t> area_dimension(const model::Catalog& catalog, const model::Indicator& indicator);
// Level that `by` names beside dimensions: district 0, subdistrict 1, community 2; nullopt: no level.
std::optional<int> area_level(std::string_view by);
Error unknown_dimension(std::string_view word, const model::Catalog& catalog, const model::Indicator& indicator);
// Error code "unknown_dimension" when `by` names its word number `at` before; nullopt: it does not.
std::optional<Error> named_before(const std::vector<std::string>& by, size_t at);
// Error code "unknown_area".
Result<const model::Area*> area_asked(const model::Catalog& catalog, const std::string& word);
inline constexpr std::string_view source_word = "source";

} // namespace kepu::query
