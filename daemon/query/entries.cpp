#include "query/entries.hpp"

#include "query/plan.hpp"

#include <algorithm>
#include <map>

namespace kepu::query {
namespace {

struct Listed {
  std::string code;
  std::string area;
  std::optional<model::Day> valid_from;
  std::optional<model::Day> valid_to;
};

std::vector<Listed> listed(const model::Catalog& catalog, const model::Indicator& indicator) {
  std::vector<Listed> out;
  if (const auto level = area_level(indicator.entries)) {
    for (const auto& area : catalog.areas.all()) {
      if (catalog.areas.level(area.code) == *level)
        out.push_back({area.code, area.code, area.valid_from, area.valid_to});
    }
    return out;
  }
  const auto found = catalog.registers.find(indicator.entries);
  if (found == catalog.registers.end()) return out;
  for (const auto& entry : found->second.all()) {
    if (indicator.kinds.empty() || std::ranges::find(indicator.kinds, entry.kind) != indicator.kinds.end())
      out.push_back({entry.code, entry.area, entry.valid_from, entry.valid_to});
  }
  return out;
}

} // namespace

Result<EntryGroups> entry_groups(const model::Catalog& catalog, const model::Indicator& indicator,
                                 const ObservationQuery& query) {
  const auto known = groupings(catalog, indicator);
  for (size_t i = 0; i < query.by.size(); ++i) {
    const auto& by = query.by[i];
    if (std::ranges::find(known, by) == known.end()) return unknown_dimension(by, catalog, indicator);
    if (auto twice = named_before(query.by, i)) return *twice;
  }
  const bool placed = area_dimension(catalog, indicator).has_value();
  const model::Area* within = nullptr;
  if (query.area) {
    if (!placed) return unknown_dimension("area", catalog, indicator);
    const auto found = area_asked(catalog, *query.area);
    if (!found) return found.error();
    within = *found;
  }
  std::map<std::vector<std::string>, std::vector<Listed>> by_codes;
  for (auto& one : listed(catalog, indicator)) {
    if (within && !catalog.areas.within(one.area, within->code)) continue;
    std::vector<std::string> codes;
    for (const auto& by : query.by) {
      if (by == indicator.entries) {
        codes.push_back(one.code);
      } else if (by == "area") {
        codes.push_back(one.area);
      } else {
        codes.push_back(catalog.areas.at_level(one.area, area_level(by).value_or(0)).value_or(""));
      }
    }
    by_codes[std::move(codes)].push_back(std::move(one));
  }
  EntryGroups out;
  for (auto& [codes, entries] : by_codes) {
    for (auto& one : entries) {
      out.by_code.emplace(one.code, out.entries.size());
      out.entries.push_back(
          {std::move(one.code), static_cast<uint32_t>(out.groups.size()), one.valid_from, one.valid_to});
    }
    out.groups.push_back(codes);
  }
  return out;
}

std::optional<std::string> entry_dimension(const model::Catalog& catalog, const model::Indicator& indicator,
                                           const model::Indicator& part) {
  if (area_level(indicator.entries))
    return area_dimension(catalog, part) ? std::optional(indicator.entries) : std::nullopt;
  const auto* dataset = catalog.dataset(part.dataset);
  for (const auto& by : part.by) {
    const auto field = dataset ? dataset->field(by) : std::nullopt;
    if (field && dataset->contract.fields[*field].roles & KEPU_ROLE_ENTITY &&
        dataset->contract.fields[*field].entity_register == indicator.entries)
      return by;
  }
  return std::nullopt;
}

} // namespace kepu::query
