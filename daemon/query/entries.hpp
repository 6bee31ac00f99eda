// The entries that measures share and each look at, by the rows that a question makes of them. Pure; any thread.
#pragma once

#include "query/observations.hpp"

#include <unordered_map>

namespace kepu::query {

struct EntryGroups {
  struct Entry {
    std::string code;
    uint32_t group = 0;
    std::optional<model::Day> valid_from;
    std::optional<model::Day> valid_to; // inclusive
    bool valid_in(model::Day first, model::Day last) const {
      return (!valid_from || *valid_from <= last) && (!valid_to || *valid_to >= first);
    }
  };
  std::vector<Entry> entries;
  std::unordered_map<std::string, size_t> by_code;
  std::vector<std::vector<std::string>> groups; // codes parallel to `by`, ascending
};

// Error codes: "unknown_dimension", "unknown_area".
Result<EntryGroups> entry_groups(const model::Catalog& catalog, const model::Indicator& indicator,
                                 const ObservationQuery& query);
// By what `part` tells figures for each entry of the indicator; nullopt: it does not.
std::optional<std::string> entry_dimension(const model::Catalog& catalog, const model::Indicator& indicator,
                                           const model::Indicator& part);

} // namespace kepu::query
