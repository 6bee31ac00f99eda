#include "measure/meter.hpp"

#include "base/bytes.hpp"
#include "base/radix.hpp"

#include <algorithm>

namespace kepu::measure {
namespace {

constexpr int64_t micros_per_second = 1'000'000;
constexpr int64_t seconds_per_day = 86'400;

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

bool has(const abi::Field& field, uint32_t role) { return field.roles & role; }

} // namespace

Delta& Changes::at(uint32_t tuple, model::Day day) {
  const uint64_t key = static_cast<uint64_t>(tuple) << 32 | static_cast<uint32_t>(day);
  if (key != last_key_) {
    const auto [it, added] = index_.try_emplace(key, static_cast<uint32_t>(deltas.size()));
    if (added) {
      Delta delta;
      delta.tuple = tuple;
      delta.day = day;
      deltas.push_back(delta);
    }
    last_key_ = key;
    last_ = it->second;
  }
  return deltas[last_];
}

void Changes::clear() {
  deltas.clear();
  sets.clear();
  index_.clear();
  last_key_ = ~uint64_t{0};
}

void Changes::settle() {
  sort_in_buckets(
      sets, deltas.size(), [](const SetChange& change) { return change.cell; },
      [](SetChange* begin, SetChange* end) {
        std::sort(begin, end, [](const SetChange& a, const SetChange& b) { return a.number < b.number; });
      });
  size_t kept = 0;
  for (size_t i = 0; i < sets.size();) {
    SetChange sum = sets[i];
    for (++i; i < sets.size() && sets[i].cell == sum.cell && sets[i].number == sum.number; ++i)
      sum.times += sets[i].times;
    if (sum.times != 0) sets[kept++] = sum;
  }
  sets.resize(kept);
}

model::Day day_of(const model::Dataset& dataset, const model::Zone& zone, int64_t time) {
  const auto& field = dataset.contract.fields[dataset.field_with(KEPU_ROLE_TIME).value()];
  return field.type == KEPU_DATE ? static_cast<model::Day>(time) : zone.day_at(from_micros(time));
}

Result<void> measurable(const model::Indicator& indicator, const model::Dataset& dataset) {
  const auto time = dataset.field_with(KEPU_ROLE_TIME);
  if (!time)
    return fail("no_time", "indicator " + indicator.id + ": dataset " + dataset.contract.id +
                               " has no field with the role time; give it one");
  const int32_t time_type = dataset.contract.fields[*time].type;
  if (time_type != KEPU_TIMESTAMP && time_type != KEPU_DATE) {
    return fail("no_time", "indicator " + indicator.id + ": the time of dataset " + dataset.contract.id +
                               " must be a timestamp or a date");
  }
  if (indicator.measure == model::Measure::count) return {};
  const auto field = dataset.field(indicator.field);
  if (!field)
    return fail("unknown_field",
                "indicator " + indicator.id + ": dataset " + dataset.contract.id + " has no field " + indicator.field);
  const auto& measured = dataset.contract.fields[*field];
  if (indicator.measure == model::Measure::sum && measured.type != KEPU_INTEGER && measured.type != KEPU_DECIMAL) {
    return fail("bad_measure", "indicator " + indicator.id + ": only integer and decimal fields are summed; " +
                                   indicator.field + " is neither");
  }
  if (indicator.measure == model::Measure::distinct && !has(measured, KEPU_ROLE_PERSON) && measured.type != KEPU_TEXT) {
    return fail("bad_measure",
                "indicator " + indicator.id + ": distinct counts persons or texts; " + indicator.field + " is neither");
  }
  if (model::holding_of(measured) == model::Holding::none) {
    return fail("bad_measure", "indicator " + indicator.id + ": " + indicator.field +
                                   " is only a key; give it the role attribute too");
  }
  return {};
}

Meter::Meter(const model::Catalog& catalog, const model::Indicator& indicator, const model::Dataset& dataset,
             const model::Zone& zone, const Codes& codes)
    : catalog_(catalog), indicator_(indicator), dataset_(dataset), zone_(zone), codes_(codes),
      time_field_(dataset.field_with(KEPU_ROLE_TIME).value()),
      time_is_date_(dataset.contract.fields[time_field_].type == KEPU_DATE) {
  if (indicator.measure != model::Measure::count) measured_ = dataset.field(indicator.field).value();
  for (const auto& condition : indicator.where)
    filters_.emplace_back(catalog, dataset, condition, codes);
  // "area" comes from the dataset's own area field or else from its entity's register entry.
  auto add_source = [&](size_t field) {
    for (const auto& source : sources_) {
      if (source.field == field) return;
    }
    sources_.push_back({field});
  };
  for (const auto& dimension : indicator.by) {
    if (const auto field = dataset.field(dimension)) {
      add_source(*field);
    } else if (dimension == "area") {
      if (const auto area = dataset.field_with(KEPU_ROLE_AREA)) {
        add_source(*area);
      } else if (const auto entity = dataset.field_with(KEPU_ROLE_ENTITY)) {
        add_source(*entity);
      }
    }
  }
}

bool Meter::passes(const model::FactColumns& facts, uint32_t row) {
  return std::ranges::all_of(filters_, [&](Filter& filter) { return filter.passes(facts, row); });
}

uint32_t Meter::make_tuple(const std::vector<uint32_t>& codes) {
  auto code_of = [&](size_t field) {
    for (size_t i = 0; i < sources_.size(); ++i) {
      if (sources_[i].field == field) return codes[i];
    }
    return uint32_t{0};
  };
  auto entry_of = [&](size_t field) -> const model::RegisterEntry* {
    const uint32_t code = code_of(field);
    if (!code) return nullptr;
    const auto it = catalog_.registers.find(dataset_.contract.fields[field].entity_register);
    return it == catalog_.registers.end() ? nullptr : it->second.lookup(codes_.text(field, code));
  };
  std::vector<std::string> dims;
  for (const auto& dimension : indicator_.by) {
    const auto field = dataset_.field(dimension);
    std::string dim;
    if (dimension == "area" || (field && has(dataset_.contract.fields[*field], KEPU_ROLE_AREA))) {
      const auto area_field = field ? field : dataset_.field_with(KEPU_ROLE_AREA);
      if (area_field) {
        if (const uint32_t code = code_of(*area_field)) {
          if (const auto* area = catalog_.areas.lookup(codes_.text(*area_field, code))) dim = area->code;
        }
      } else if (const auto entity = dataset_.field_with(KEPU_ROLE_ENTITY)) {
        if (const auto* entry = entry_of(*entity)) dim = entry->area;
      }
    } else if (field && has(dataset_.contract.fields[*field], KEPU_ROLE_ENTITY)) {
      if (const auto* entry = entry_of(*field)) {
        dim = entry->code;
      } else if (const uint32_t code = code_of(*field)) {
        dim = codes_.text(*field, code); // the register lost it; the source's own code still tells it apart
      }
    } else if (field) {
      if (const uint32_t code = code_of(*field)) dim = codes_.text(*field, code);
    }
    dims.push_back(std::move(dim));
  }
  std::string joined;
  ByteWriter writer(joined);
  for (const auto& dim : dims)
    writer.text(dim);
  const auto [it, added] = by_dims_.try_emplace(std::move(joined), static_cast<uint32_t>(tuples_.size()));
  if (added) tuples_.push_back(std::move(dims));
  return it->second;
}

uint32_t Meter::tuple_of(const model::FactColumns& facts, uint32_t row) {
  if (sources_.size() == 1) { // the usual case: everything follows from one entity
    const uint32_t code = facts.fields[sources_[0].field].codes[row];
    if (code >= by_single_code_.size()) by_single_code_.resize(code + 1);
    if (!by_single_code_[code]) by_single_code_[code] = make_tuple({code}) + 1;
    return by_single_code_[code] - 1;
  }
  uint32_t node = 0; // root of a tree of paths; nodes are numbered from 1
  for (const auto& source : sources_) {
    const uint64_t step = static_cast<uint64_t>(node) << 32 | facts.fields[source.field].codes[row];
    node = by_path_.try_emplace(step, static_cast<uint32_t>(by_path_.size() + 1)).first->second;
  }
  const auto [it, added] = tuple_of_path_.try_emplace(node, 0);
  if (added) {
    std::vector<uint32_t> codes;
    for (const auto& source : sources_)
      codes.push_back(facts.fields[source.field].codes[row]);
    it->second = make_tuple(codes);
  }
  return it->second;
}

model::Day Meter::day_of(int64_t micros) {
  const int64_t seconds = floor_div(micros, micros_per_second);
  if (seconds < offset_.begin || seconds >= offset_.end) offset_ = zone_.offset_at(seconds);
  return static_cast<model::Day>(floor_div(seconds + offset_.seconds, seconds_per_day));
}

void Meter::apply(const model::FactColumns& facts, std::span<const uint32_t> rows, int sign, Changes& out) {
  const auto& time = facts.fields[time_field_];
  const auto* measured = indicator_.measure == model::Measure::count ? nullptr : &facts.fields[measured_];
  for (const uint32_t row : rows) {
    if (time.is_null(row) || (measured && measured->is_null(row)) || !passes(facts, row)) continue;
    const auto day = time_is_date_ ? static_cast<model::Day>(time.numbers[row]) : day_of(time.numbers[row]);
    Delta& delta = out.at(tuple_of(facts, row), day);
    delta.n += sign;
    if (indicator_.measure == model::Measure::sum) delta.sum += sign * static_cast<__int128>(measured->numbers[row]);
    if (distinct()) {
      out.sets.push_back({static_cast<uint32_t>(&delta - out.deltas.data()), measured->codes[row], sign});
    }
    uint8_t flags = 0;
    for (const auto& field : facts.fields) {
      if (!field.flags.empty()) flags |= field.flags[row];
    }
    if (flags) {
      if (flags & KEPU_APPROXIMATE) delta.approximate += sign;
      if (flags & KEPU_REPAIRED) delta.repaired += sign;
      if (flags & KEPU_PROVISIONAL) delta.provisional += sign;
    }
  }
}

std::string fingerprint(const model::Catalog& catalog, const model::Indicator& indicator, const model::Zone& zone) {
  std::string out;
  ByteWriter writer(out);
  writer.text(zone.name());
  writer.text(indicator.dataset);
  writer.put(static_cast<uint8_t>(indicator.measure));
  writer.text(indicator.field);
  for (const auto& condition : indicator.where) {
    writer.text(condition.field);
    for (const auto& word : condition.any_of)
      writer.text(word);
    writer.text("");
    if (condition.negated) writer.text("not");
    if (condition.at_least) writer.text("from " + *condition.at_least);
    if (condition.at_most) writer.text("to " + *condition.at_most);
  }
  for (const auto& dimension : indicator.by)
    writer.text(dimension);
  const auto* dataset = catalog.dataset(indicator.dataset);
  if (!dataset) return out;
  // What maps the source's codes: the registers of its entities, and names of areas.
  for (const auto& field : dataset->contract.fields) {
    writer.text(field.name);
    writer.put(field.type);
    writer.put(field.scale);
    writer.put(field.roles);
    if (has(field, KEPU_ROLE_AREA)) {
      for (const auto& area : catalog.areas.all()) {
        writer.text(area.code);
        writer.text(area.name.zh);
        writer.text(area.name.en);
        for (const auto& alias : area.aliases)
          writer.text(alias);
      }
    }
    const auto entries = catalog.registers.find(field.entity_register);
    if (!has(field, KEPU_ROLE_ENTITY) || entries == catalog.registers.end()) continue;
    for (const auto& entry : entries->second.all()) {
      writer.text(entry.code);
      writer.text(entry.area);
      writer.text(entry.name.zh);
      writer.text(entry.name.en);
      for (const auto& alias : entry.aliases)
        writer.text(alias);
    }
  }
  return out;
}

} // namespace kepu::measure
