#include "query/plan.hpp"

#include "base/nearest.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace kepu::query {
namespace {

constexpr std::array<std::string_view, 3> levels{"district", "subdistrict", "community"};

struct Column {
  std::optional<size_t> dimension; // nullopt: the source
  std::optional<int> level;
};

std::optional<size_t> position_of(const std::vector<std::string>& all, std::string_view word) {
  const auto found = std::find(all.begin(), all.end(), word);
  if (found == all.end()) return std::nullopt;
  return static_cast<size_t>(found - all.begin());
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words)
    out += (out.empty() ? "" : ", ") + word;
  return out.empty() ? "none" : out;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const auto near = nearest(word, known, 1);
  return near.empty() ? "" : ", did you mean \"" + near.front() + "\"?";
}

const model::Register* register_of(const model::Catalog& catalog, const model::Indicator& indicator,
                                   const std::string& dimension) {
  const auto* dataset = catalog.dataset(indicator.dataset);
  const auto field = dataset ? dataset->field(dimension) : std::nullopt;
  if (!field) return nullptr;
  const auto found = catalog.registers.find(dataset->contract.fields[*field].entity_register);
  return found == catalog.registers.end() ? nullptr : &found->second;
}

// What a series must be to be counted.
struct Filter {
  size_t dimension;
  std::string code;
};

Result<Filter> filter_for(const model::Catalog& catalog, const model::Indicator& indicator,
                          const std::pair<std::string, std::string>& asked, const std::vector<store::Series>& series) {
  const auto dimension = position_of(indicator.by, asked.first);
  if (!dimension) return unknown_dimension(asked.first, catalog, indicator);
  const auto* entities = register_of(catalog, indicator, asked.first);
  if (!entities || asked.second.empty()) return Filter{*dimension, asked.second};
  if (const auto* entry = entities->lookup(asked.second)) return Filter{*dimension, entry->code};
  // The register may have lost an entry that still has figures.
  for (const auto& one : series) {
    if (one.dims[*dimension] == asked.second) return Filter{*dimension, asked.second};
  }
  return fail("unknown_code", "register " + entities->id() + " has no entry \"" + asked.second + "\"" +
                                  did_you_mean(asked.second, entities->known_words()));
}

} // namespace

Error unknown_dimension(std::string_view word, const model::Catalog& catalog, const model::Indicator& indicator) {
  const auto known = groupings(catalog, indicator);
  return fail("unknown_dimension", "indicator " + indicator.id + " has no dimension \"" + std::string(word) + "\"" +
                                       did_you_mean(word, known) + " (it has: " + joined(known) + ")");
}

std::optional<Error> named_before(const std::vector<std::string>& by, size_t at) {
  const auto end = by.begin() + static_cast<std::ptrdiff_t>(at);
  if (std::find(by.begin(), end, by[at]) == end) return std::nullopt;
  return fail("unknown_dimension", "by names \"" + by[at] + "\" twice; name each dimension once");
}

Result<const model::Area*> area_asked(const model::Catalog& catalog, const std::string& word) {
  if (const auto* area = catalog.areas.lookup(word)) return area;
  return fail("unknown_area", "no area \"" + word + "\"" + did_you_mean(word, catalog.areas.known_words()));
}

std::optional<int> area_level(std::string_view by) {
  for (size_t i = 0; i < levels.size(); ++i) {
    if (levels[i] == by) return static_cast<int>(i);
  }
  return std::nullopt;
}

std::optional<size_t> area_dimension(const model::Catalog& catalog, const model::Indicator& indicator) {
  if (const auto named = position_of(indicator.by, "area")) return named;
  const auto* dataset = catalog.dataset(indicator.dataset);
  const auto field = dataset ? dataset->field_with(KEPU_ROLE_AREA) : std::nullopt;
  return field ? position_of(indicator.by, dataset->contract.fields[*field].name) : std::nullopt;
}

std::vector<std::string> groupings(const model::Catalog& catalog, const model::Indicator& indicator) {
  std::vector<std::string> out = indicator.by;
  const auto add = [&](std::string_view word) {
    if (!word.empty() && !position_of(out, word)) out.emplace_back(word);
  };
  if (area_dimension(catalog, indicator)) {
    for (const auto level : levels)
      add(level);
  }
  add(indicator.entries);
  if (model::is_of_facts(indicator.measure)) add(source_word);
  return out;
}

Result<Plan> plan(const model::Catalog& catalog, const model::Indicator& indicator, const ObservationQuery& query,
                  const std::vector<store::Series>& series) {
  const auto area = area_dimension(catalog, indicator);
  std::vector<Column> columns;
  for (size_t i = 0; i < query.by.size(); ++i) {
    const auto& by = query.by[i];
    if (auto twice = named_before(query.by, i)) return *twice;
    if (const auto declared = position_of(indicator.by, by)) {
      columns.push_back({*declared, std::nullopt});
    } else if (const auto level = area_level(by); level && area) {
      columns.push_back({*area, level});
    } else if (by == source_word) {
      columns.push_back({std::nullopt, std::nullopt});
    } else {
      return unknown_dimension(by, catalog, indicator);
    }
  }
  std::vector<Filter> filters;
  for (const auto& asked : query.filters) {
    auto filter = filter_for(catalog, indicator, asked, series);
    if (!filter) return filter.error();
    filters.push_back(std::move(*filter));
  }
  const model::Area* within = nullptr;
  if (query.area) {
    if (!area) return unknown_dimension("area", catalog, indicator);
    const auto found = area_asked(catalog, *query.area);
    if (!found) return found.error();
    within = *found;
  }

  std::map<std::vector<std::string>, std::vector<uint32_t>> by_codes;
  for (const auto& one : series) {
    if (query.source && one.source != *query.source) continue;
    if (!model::tiles(one.freq, query.freq)) continue;
    if (within && !catalog.areas.within(one.dims[*area], within->code)) continue;
    if (!std::all_of(filters.begin(), filters.end(),
                     [&](const Filter& filter) { return one.dims[filter.dimension] == filter.code; })) {
      continue;
    }
    std::vector<std::string> codes;
    for (const auto& column : columns) {
      const auto& code = column.dimension ? one.dims[*column.dimension] : one.source;
      codes.push_back(column.level ? catalog.areas.at_level(code, *column.level).value_or("") : code);
    }
    by_codes[std::move(codes)].push_back(one.id);
  }
  Plan out;
  for (auto& [codes, ids] : by_codes) {
    out.ids.insert(out.ids.end(), ids.begin(), ids.end());
    out.group_of.insert(out.group_of.end(), ids.size(), static_cast<uint32_t>(out.groups.size()));
    out.groups.push_back(codes);
  }
  return out;
}

Result<Planned> planned(store::Reader& reader, const model::Catalog& catalog, const model::Indicator& indicator,
                        const ObservationQuery& query) {
  auto series = reader.series(indicator.id);
  if (!series) return series.error();
  auto found = plan(catalog, indicator, query, *series);
  if (!found) return found.error();
  auto days = reader.extent(indicator.id);
  if (!days) return days.error();
  if (*days && query.until) {
    (*days)->second = std::min((*days)->second, *query.until);
    if ((*days)->first > (*days)->second) days->reset();
  }
  auto frozen = reader.frozen(indicator.id);
  if (!frozen) return frozen.error();
  return Planned{std::move(*series), std::move(*found), *days, std::move(*frozen)};
}

} // namespace kepu::query
