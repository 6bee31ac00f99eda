#include "store/oracle.hpp"

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "store/block.hpp"
#include "store/db.hpp"
#include "store/writer.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_set>

namespace kepu::store {
namespace {

using model::Holding;

struct SourceExtent {
  uint64_t first;
  uint64_t n;
  std::string source;
};

// A dataset's texts by "field name" and code.
using Texts = std::map<std::string, std::map<uint32_t, std::string>>;

struct Scan {
  Db db;
  std::unordered_set<uint64_t> closed;
  std::vector<SourceExtent> extents;
  Texts texts;
  std::map<int64_t, std::vector<std::string>> schemas;

  Scan(const std::filesystem::path& file, const model::Dataset& dataset) : db(file, Db::Mode::read) {
    db.query("BEGIN").run();
    const auto stored = dataset.contract.id + "@" + std::to_string(dataset.contract.version);
    {
      auto row = db.query("SELECT fact FROM closed");
      while (row.step())
        closed.insert(static_cast<uint64_t>(row.integer(0)));
    }
    {
      std::unordered_set<int64_t> withdrawn;
      auto run = db.query("SELECT run,withdrawn_seq FROM runs");
      while (run.step()) {
        if (!run.is_null(1)) withdrawn.insert(run.integer(0));
      }
      auto row = db.query("SELECT first_fact,n,sources.id,run FROM extents JOIN sources USING(source) WHERE dataset=? "
                          "AND seq IS NOT NULL");
      row.bind(1, stored);
      while (row.step()) {
        if (withdrawn.contains(row.integer(3))) continue;
        extents.push_back({static_cast<uint64_t>(row.integer(0)), static_cast<uint64_t>(row.integer(1)), row.text(2)});
      }
    }
    for (const auto& field : dataset.contract.fields) {
      auto row = db.query("SELECT code,text FROM codes WHERE field=?");
      row.bind(1, stored + "/" + field.name);
      while (row.step())
        texts[field.name][static_cast<uint32_t>(row.integer(0))] = row.text(1);
    }
    auto row = db.query("SELECT schema,body FROM schemas");
    while (row.step()) {
      bool ok = false;
      ByteReader in(unseal(row.blob(1), ok));
      auto& names = schemas[row.integer(0)];
      for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
        names.emplace_back(in.text());
        in.bytes(12);
        in.text();
        in.text();
      }
    }
  }
};

// One row, value by value.
struct Row {
  const Scan& scan;
  const model::Dataset& dataset;
  const model::FactColumns& facts;
  const std::vector<std::string>& names;
  uint32_t row;

  const model::FactColumn* column(const std::string& name) const {
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) return nullptr;
    const auto* column = &facts.fields[static_cast<size_t>(at - names.begin())];
    return column->is_null(row) ? nullptr : column;
  }
  std::string text(const std::string& name) const { // "" when null
    const auto* found = column(name);
    if (!found) return "";
    if (found->holding == Holding::code) return scan.texts.at(name).at(found->codes[row]);
    if (found->holding == Holding::number) {
      const auto& field = dataset.contract.fields[*dataset.field(name)];
      if (field.type == KEPU_BOOLEAN) return found->numbers[row] ? "true" : "false";
      if (field.type == KEPU_DATE) return model::day_text(static_cast<model::Day>(found->numbers[row]));
      return std::to_string(found->numbers[row]);
    }
    return "";
  }
};

// Where it counts on that day: ground that went to several areas is known only to lie in what holds them all.
std::string placed(const model::Catalog& catalog, const model::Area* area, model::Day day) {
  while (area && area->valid_to && day > *area->valid_to && !area->successors.empty()) {
    const auto* next = catalog.areas.find(area->successors[0]);
    for (const auto& other : area->successors) {
      std::set<std::string> above; // of the other successor, itself too
      for (const auto* up = catalog.areas.find(other); up; up = catalog.areas.find(up->parent))
        above.insert(up->code);
      while (next && !above.contains(next->code))
        next = catalog.areas.find(next->parent);
    }
    if (!next) break;
    area = next;
  }
  return area ? area->code : "";
}

// `day`: areas as they count on it; nullopt: as they are called.
std::string dimension(const model::Catalog& catalog, const Row& row, const std::string& name,
                      std::optional<model::Day> day = {}) {
  const auto& fields = row.dataset.contract.fields;
  const auto own = row.dataset.field(name);
  const auto entry = [&](const abi::Field& field) -> const model::RegisterEntry* {
    const auto entries = catalog.registers.find(field.entity_register);
    return entries == catalog.registers.end() ? nullptr : entries->second.lookup(row.text(field.name));
  };
  if (own && !(fields[*own].roles & KEPU_ROLE_AREA)) {
    if (fields[*own].roles & KEPU_ROLE_ENTITY) {
      if (const auto* found = entry(fields[*own])) return found->code;
    }
    return row.text(name);
  }
  const auto area = own ? own : row.dataset.field_with(KEPU_ROLE_AREA);
  if (area) {
    const auto* found = catalog.areas.lookup(row.text(fields[*area].name));
    return day ? placed(catalog, found, *day) : found ? found->code : "";
  }
  if (const auto entity = row.dataset.field_with(KEPU_ROLE_ENTITY)) {
    const auto* found = entry(fields[*entity]);
    const auto* lies_in = found ? catalog.areas.find(found->area) : nullptr;
    if (lies_in && day) return placed(catalog, lies_in, *day);
    if (found) return found->area;
  }
  return "";
}

// By values, where the meter compares codes.
bool meets(const model::Catalog& catalog, const Row& row, const model::Condition& condition) {
  const auto& field = row.dataset.contract.fields[*row.dataset.field(condition.field)];
  auto value = row.text(condition.field);
  if (field.roles & (KEPU_ROLE_ENTITY | KEPU_ROLE_AREA)) value = dimension(catalog, row, condition.field);
  const auto number = [&](const std::string& text) {
    return field.type == KEPU_DATE ? model::parse_day(text).value_or(0) : std::stold(text);
  };
  if (field.type == KEPU_DECIMAL) {
    long double unit = 1;
    for (int32_t i = 0; i < field.scale; ++i)
      unit *= 10;
    const long double held = std::stold(value);
    const auto equals = [&](const std::string& word) { return std::roundl(number(word) * unit) == held; };
    if (!condition.any_of.empty() && std::ranges::any_of(condition.any_of, equals) == condition.negated) return false;
    return (!condition.at_least || held >= std::roundl(number(*condition.at_least) * unit)) &&
           (!condition.at_most || held <= std::roundl(number(*condition.at_most) * unit));
  }
  if (!condition.any_of.empty() &&
      (std::ranges::find(condition.any_of, value) != condition.any_of.end()) == condition.negated)
    return false;
  return (!condition.at_least || number(value) >= number(*condition.at_least)) &&
         (!condition.at_most || number(value) <= number(*condition.at_most));
}

void count(OracleFigures& out, const model::Catalog& catalog, const model::Indicator& indicator,
           const model::Zone& zone, const Row& row, const std::string& source) {
  const auto period_field = row.dataset.field_with(KEPU_ROLE_PERIOD);
  const auto when = period_field ? period_field : row.dataset.field_with(KEPU_ROLE_TIME);
  const auto& time_field = row.dataset.contract.fields[*when];
  const auto* time = row.column(time_field.name);
  if (!time) return;
  for (const auto& condition : indicator.where) {
    if (!row.column(condition.field) || !meets(catalog, row, condition)) return;
  }
  const auto* measured = indicator.measure == model::Measure::count ? nullptr : row.column(indicator.field);
  if (indicator.measure != model::Measure::count && !measured) return;

  OracleKey key{source, {}, model::Freq::day, 0};
  if (period_field) {
    const auto period = model::parse_period(row.text(time_field.name)).value();
    key.freq = period.freq;
    key.day = period.first_day();
  } else {
    const int64_t at = time->numbers[row.row];
    key.day = time_field.type == KEPU_DATE ? static_cast<model::Day>(at) : zone.day_at(from_micros(at));
  }
  if (indicator.measure == model::Measure::survey_rate && key.day < indicator.epochs.front().from) return;
  for (const auto& name : indicator.by)
    key.dims.push_back(dimension(catalog, row, name, key.day));
  auto& cell = out[key];
  ++cell.n;
  if (indicator.measure == model::Measure::sum) cell.sum += measured->numbers[row.row];
  if (indicator.measure == model::Measure::distinct) cell.values.insert(measured->codes[row.row]);
  uint8_t flags = 0;
  for (const auto& field : row.facts.fields) {
    if (!field.flags.empty()) flags |= field.flags[row.row];
  }
  cell.approximate += flags & KEPU_APPROXIMATE ? 1 : 0;
  cell.repaired += flags & KEPU_REPAIRED ? 1 : 0;
  cell.provisional += flags & KEPU_PROVISIONAL ? 1 : 0;
}

} // namespace

Result<OracleFigures> recompute(const std::filesystem::path& file, const model::Catalog& catalog,
                                const model::Indicator& indicator, const model::Zone& zone) {
  const auto* dataset = catalog.dataset(indicator.dataset);
  if (!dataset)
    return fail("unknown_dataset",
                "indicator " + indicator.id + " is of a dataset that the catalog lacks: " + indicator.dataset);
  try {
    Scan scan(file, *dataset);
    OracleFigures out;
    int64_t last_block = -1;
    model::FactColumns last_facts;
    for (const auto& extent : scan.extents) {
      auto block = scan.db.query("SELECT first_fact,schema,data FROM blocks WHERE first_fact>=(SELECT max(first_fact) "
                                 "FROM blocks WHERE first_fact<=?1) AND first_fact<?2 ORDER BY first_fact");
      block.bind(1, static_cast<int64_t>(extent.first)).bind(2, static_cast<int64_t>(extent.first + extent.n));
      uint64_t seen = 0;
      while (block.step()) {
        if (last_block != block.integer(0)) {
          auto facts = decode_block(block.blob(2));
          if (!facts) return facts.error();
          last_facts = std::move(*facts);
          last_block = block.integer(0);
        }
        for (uint32_t i = 0; i < last_facts.rows; ++i) {
          const auto fact = static_cast<uint64_t>(last_block) + i;
          if (fact < extent.first || fact >= extent.first + extent.n) continue;
          ++seen;
          if (scan.closed.contains(fact)) continue;
          count(out, catalog, indicator, zone, Row{scan, *dataset, last_facts, scan.schemas.at(block.integer(1)), i},
                extent.source);
        }
      }
      if (seen != extent.n) return fail("damaged", "blocks of facts are missing; restore the store from a backup");
    }
    return out;
  } catch (const SqlError& error) {
    return error.error();
  }
}

Result<std::vector<std::string>> verify(const std::filesystem::path& file, const model::Zone& zone) {
  auto reader = ReaderSource(file).open();
  if (!reader) return reader.error();
  if (auto commit = (*reader)->begin(); !commit) return commit.error();
  const auto catalog = (*reader)->catalog();
  std::vector<std::string> out;
  for (const auto& indicator : catalog->indicators) {
    if (indicator.dataset.empty()) continue; // nothing of it is kept
    auto expected = recompute(file, *catalog, indicator, zone);
    if (!expected) return expected.error();
    auto series = (*reader)->series(indicator.id);
    if (!series) return series.error();
    std::vector<uint32_t> ids;
    for (const auto& one : *series)
      ids.push_back(one.id);
    const auto first = model::day_of(1900, 1, 1);
    const auto last = model::day_of(9999, 12, 31);
    OracleFigures kept;
    const auto key = [&](size_t i, model::Day day) {
      const auto& one = (*series)[i];
      return OracleKey{one.source, one.dims, one.freq, day};
    };
    auto cells = (*reader)->cells(ids, first, last, [&](size_t i, const DayCell& cell) {
      auto& to = kept[key(i, cell.day)];
      to.n = cell.n;
      to.sum = cell.sum;
      to.approximate = cell.approximate;
      to.repaired = cell.repaired;
      to.provisional = cell.provisional;
    });
    if (!cells) return cells.error();
    if (indicator.measure == model::Measure::distinct) {
      auto sets = (*reader)->sets(ids, first, last, [&](size_t i, model::Day day, std::span<const uint32_t> numbers) {
        kept[key(i, day)].values.insert(numbers.begin(), numbers.end());
      });
      if (!sets) return sets.error();
    }
    if (kept == *expected) continue;
    for (const auto& [at, cell] : *expected) {
      const auto found = kept.find(at);
      if (found != kept.end() && found->second == cell) continue;
      std::string dims;
      for (const auto& dim : at.dims)
        dims += " " + dim;
      out.push_back(indicator.id + " " + model::day_text(at.day) + dims + " of " + at.source +
                    ": kept n=" + std::to_string(found == kept.end() ? 0 : found->second.n) +
                    ", facts give n=" + std::to_string(cell.n));
    }
    for (const auto& [at, cell] : kept) {
      if (!expected->contains(at))
        out.push_back(indicator.id + " " + model::day_text(at.day) + " of " + at.source +
                      ": kept, but no fact gives it");
    }
  }
  return out;
}

} // namespace kepu::store
