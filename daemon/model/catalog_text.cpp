#include "model/catalog_text.hpp"

#include "model/text_parts.hpp"

#include <algorithm>
#include <bit>

namespace kepu::model {
namespace {

constexpr uint32_t catalog_magic = 0x5441'434b; // "KCAT"
// 2: conditions with `not` and bounds. 3: units of fields, dated areas, joins of sources, measures of entries and
// ratios. 4: survey rates, departments, plans, returns
constexpr uint32_t format = 4;

// ---- write ----

void put_dataset(ByteWriter& out, const Dataset& dataset) {
  out.text(dataset.contract.id);
  out.put<uint32_t>(dataset.contract.version);
  put_label(out, dataset.name);
  out.put<int64_t>(dataset.accept_past.count());
  out.put<int64_t>(dataset.accept_future.count());
  put_texts(out, dataset.scope);
  out.varint(dataset.units.size());
  for (const auto& [field, unit] : dataset.units) {
    out.text(field);
    out.text(unit);
  }
  out.varint(dataset.contract.fields.size());
  for (const auto& field : dataset.contract.fields) {
    out.text(field.name);
    out.put<int32_t>(field.type);
    out.put<int32_t>(field.scale);
    out.put<uint32_t>(field.roles);
    out.text(field.scheme);
    out.text(field.entity_register);
    out.put<uint8_t>(field.required);
  }
}

void put_register(ByteWriter& out, const Register& entries) {
  out.text(entries.id());
  put_label(out, entries.name());
  out.varint(entries.all().size());
  for (const auto* entry : sorted(entries.all(), [](const auto& e) -> const std::string& { return e.code; })) {
    out.text(entry->code);
    put_label(out, entry->name);
    put_texts(out, entry->aliases);
    out.text(entry->area);
    out.text(entry->kind);
    put_day(out, entry->valid_from);
    put_day(out, entry->valid_to);
  }
}

void put_indicator(ByteWriter& out, const Indicator& indicator) {
  out.text(indicator.id);
  put_label(out, indicator.name);
  put_label(out, indicator.definition);
  out.text(indicator.unit);
  out.text(indicator.dataset);
  out.varint(indicator.where.size());
  for (const auto& condition : indicator.where) {
    out.text(condition.field);
    put_texts(out, condition.any_of);
    out.put<uint8_t>(condition.negated);
    put_texts(out, bound(condition.at_least));
    put_texts(out, bound(condition.at_most));
  }
  out.put<uint8_t>(static_cast<uint8_t>(indicator.measure));
  out.text(indicator.field);
  put_texts(out, indicator.by);
  out.put<int32_t>(indicator.max_age);
  out.put<uint8_t>(static_cast<uint8_t>(indicator.join));
  put_texts(out, indicator.order);
  out.put<uint8_t>(static_cast<uint8_t>(indicator.grain.freq));
  put_texts(out, indicator.grain.by);
  out.text(indicator.entries);
  put_texts(out, indicator.kinds);
  out.varint(indicator.rules.size());
  for (const auto& rule : indicator.rules) {
    out.text(rule.indicator);
    put_texts(out, bound(rule.at_least));
    put_texts(out, bound(rule.at_most));
  }
  out.text(indicator.numerator);
  out.text(indicator.denominator);
  out.varint(indicator.epochs.size());
  for (const auto& epoch : indicator.epochs) {
    out.put<int32_t>(epoch.from);
    out.put(std::bit_cast<uint64_t>(epoch.cut));
    put_label(out, epoch.note);
  }
  out.text(indicator.population);
}

// ---- read ----

Dataset read_dataset(ByteReader& in, uint32_t version) {
  Dataset out;
  out.contract.id = text(in);
  out.contract.version = in.get<uint32_t>();
  out.name = label(in);
  out.accept_past = std::chrono::microseconds{in.get<int64_t>()};
  out.accept_future = std::chrono::microseconds{in.get<int64_t>()};
  out.scope = texts(in);
  for (size_t n = version >= 3 ? count(in, 8) : 0; n > 0 && in.ok(); --n) {
    auto field = text(in);
    out.units.insert_or_assign(std::move(field), text(in));
  }
  for (size_t n = count(in, 25); n > 0 && in.ok(); --n) {
    abi::Field field;
    field.name = text(in);
    field.type = in.get<int32_t>();
    field.scale = in.get<int32_t>();
    field.roles = in.get<uint32_t>();
    field.scheme = text(in);
    field.entity_register = text(in);
    field.required = in.get<uint8_t>() != 0;
    out.contract.fields.push_back(std::move(field));
  }
  return out;
}

Register read_register(ByteReader& in) {
  std::string id = text(in);
  Label name = label(in);
  std::vector<RegisterEntry> entries;
  for (size_t n = count(in, 23); n > 0 && in.ok(); --n) {
    RegisterEntry entry;
    entry.code = text(in);
    entry.name = label(in);
    entry.aliases = texts(in);
    entry.area = text(in);
    entry.kind = text(in);
    entry.valid_from = day(in);
    entry.valid_to = day(in);
    entries.push_back(std::move(entry));
  }
  return Register(std::move(id), std::move(name), std::move(entries));
}

Indicator read_indicator(ByteReader& in, uint32_t version) {
  Indicator out;
  out.id = text(in);
  out.name = label(in);
  out.definition = label(in);
  out.unit = text(in);
  out.dataset = text(in);
  for (size_t n = count(in, 5); n > 0 && in.ok(); --n) {
    Condition condition;
    condition.field = text(in);
    condition.any_of = texts(in);
    if (version >= 2) {
      condition.negated = in.get<uint8_t>() != 0;
      condition.at_least = bound(in);
      condition.at_most = bound(in);
    }
    out.where.push_back(std::move(condition));
  }
  out.measure = choice(in, Measure::survey_rate);
  out.field = text(in);
  out.by = texts(in);
  if (version < 3) return out;
  out.max_age = in.get<int32_t>();
  out.join = choice(in, Join::compare);
  out.order = texts(in);
  out.grain.freq = choice(in, Freq::year);
  out.grain.by = texts(in);
  out.entries = text(in);
  out.kinds = texts(in);
  for (size_t n = count(in, 6); n > 0 && in.ok(); --n) {
    Rule rule;
    rule.indicator = text(in);
    rule.at_least = bound(in);
    rule.at_most = bound(in);
    out.rules.push_back(std::move(rule));
  }
  out.numerator = text(in);
  out.denominator = text(in);
  if (version < 4) return out;
  for (size_t n = count(in, 20); n > 0 && in.ok(); --n) {
    Epoch epoch;
    epoch.from = in.get<int32_t>();
    epoch.cut = std::bit_cast<double>(in.get<uint64_t>());
    epoch.note = label(in);
    out.epochs.push_back(std::move(epoch));
  }
  out.population = text(in);
  return out;
}

} // namespace

std::string encode_catalog(const Catalog& catalog) {
  std::string bytes;
  ByteWriter out(bytes);
  out.put(catalog_magic);
  out.put(format);
  out.varint(catalog.units.size());
  for (const auto* unit : sorted(catalog.units, [](const Unit& u) -> const std::string& { return u.id; })) {
    out.text(unit->id);
    put_label(out, unit->name);
    out.text(unit->quantity);
  }
  out.varint(catalog.areas.all().size());
  for (const auto* area : sorted(catalog.areas.all(), [](const Area& a) -> const std::string& { return a.code; })) {
    out.text(area->code);
    out.text(area->parent);
    put_label(out, area->name);
    put_texts(out, area->aliases);
    put_day(out, area->valid_from);
    put_day(out, area->valid_to);
    put_texts(out, area->successors);
  }
  out.varint(catalog.registers.size());
  for (const auto& [id, entries] : catalog.registers)
    put_register(out, entries);
  out.varint(catalog.datasets.size());
  for (const auto* one :
       sorted(catalog.datasets, [](const Dataset& d) -> const std::string& { return d.contract.id; })) {
    put_dataset(out, *one);
  }
  out.varint(catalog.indicators.size());
  for (const auto* one : sorted(catalog.indicators, [](const Indicator& i) -> const std::string& { return i.id; })) {
    put_indicator(out, *one);
  }
  put_plans(out, catalog);
  return bytes;
}

Result<std::shared_ptr<const Catalog>> decode_catalog(std::string_view bytes) {
  const auto damaged = [] {
    return fail("damaged_catalog", "a stored catalog cannot be read; restore the store from its last good copy");
  };
  ByteReader in(bytes);
  if (in.get<uint32_t>() != catalog_magic) return damaged();
  const auto version = in.get<uint32_t>();
  if (!in.ok() || version == 0) return damaged();
  if (version > format) {
    return fail("newer_catalog", "a stored catalog has format " + std::to_string(version) +
                                     ", this program reads up to " + std::to_string(format) +
                                     "; use the newer program that wrote it");
  }
  auto out = std::make_shared<Catalog>();
  for (size_t n = count(in, 16); n > 0 && in.ok(); --n) {
    Unit unit;
    unit.id = text(in);
    unit.name = label(in);
    unit.quantity = text(in);
    out->units.push_back(std::move(unit));
  }
  std::vector<Area> areas;
  for (size_t n = count(in, 17); n > 0 && in.ok(); --n) {
    Area area;
    area.code = text(in);
    area.parent = text(in);
    area.name = label(in);
    area.aliases = texts(in);
    if (version >= 3) {
      area.valid_from = day(in);
      area.valid_to = day(in);
      area.successors = texts(in);
    }
    areas.push_back(std::move(area));
  }
  out->areas = Areas(std::move(areas));
  for (size_t n = count(in, 13); n > 0 && in.ok(); --n) {
    auto one = read_register(in);
    std::string id = one.id();
    out->registers.insert_or_assign(std::move(id), std::move(one));
  }
  for (size_t n = count(in, 30); n > 0 && in.ok(); --n)
    out->datasets.push_back(read_dataset(in, version));
  for (size_t n = count(in, 30); n > 0 && in.ok(); --n)
    out->indicators.push_back(read_indicator(in, version));
  if (version >= 4) read_plans(in, *out);
  if (!in.ok() || !in.at_end()) return damaged();
  return std::shared_ptr<const Catalog>(std::move(out));
}

} // namespace kepu::model
