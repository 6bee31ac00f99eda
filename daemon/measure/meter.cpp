#include "measure/meter.hpp"

#include "base/bytes.hpp"
#include "base/radix.hpp"

#include <algorithm>
#include <bit>

namespace kepu::measure {
namespace {

constexpr int64_t micros_per_second = 1'000'000;
constexpr int64_t seconds_per_day = 86'400;

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

bool has(const abi::Field& field, uint32_t role) { return field.roles & role; }

bool is_number(const abi::Field& field) {
  return field.type == KEPU_INTEGER || field.type == KEPU_DECIMAL || field.type == KEPU_REAL;
}

} // namespace

Delta& Changes::at(uint32_t tuple, model::Freq freq, model::Day day) {
  constexpr int freq_bits = 3;
  const uint64_t key =
      (static_cast<uint64_t>(tuple) << freq_bits | static_cast<uint64_t>(freq)) << 32 | static_cast<uint32_t>(day);
  if (key != last_key_) {
    const auto [it, added] = index_.try_emplace(key, static_cast<uint32_t>(deltas.size()));
    if (added) {
      Delta delta;
      delta.tuple = tuple;
      delta.freq = freq;
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
  // By number, then by cell, which keeps what was made.
  constexpr size_t few = 512;
  if (sets.size() < few) {
    std::ranges::sort(sets, {}, [](const SetChange& change) { return std::pair(change.cell, change.number); });
  } else {
    uint32_t highest = 0;
    for (const auto& change : sets)
      highest = std::max(highest, change.number);
    sort_by_number(sets, highest, [](const SetChange& change) { return change.number; });
    deal(sets, deltas.size(), [](const SetChange& change) { return change.cell; });
  }
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
  const auto& field = dataset.contract.fields[dataset.when().value()];
  return field.type == KEPU_TIMESTAMP ? zone.day_at(from_micros(time)) : static_cast<model::Day>(time);
}

When::When(const model::Dataset& dataset, const Codes& codes)
    : codes_(codes), field_(dataset.when()),
      is_period_(field_ && dataset.contract.fields[*field_].type == KEPU_PERIOD) {}

std::optional<int64_t> When::operator()(const model::FactColumns& facts, uint32_t row) const {
  if (!field_ || facts.fields[*field_].is_null(row)) return std::nullopt;
  const auto& column = facts.fields[*field_];
  if (!is_period_) return column.numbers[row];
  const auto period = model::parse_period(codes_.text(*field_, column.codes[row]));
  return period ? std::optional<int64_t>(period->first_day()) : std::nullopt;
}

Result<void> measurable(const model::Indicator& indicator, const model::Dataset& dataset) {
  using model::Measure;
  const auto when = dataset.when();
  const auto refuse = [&](const char* code, const std::string& why) {
    return fail(code, "indicator " + indicator.id + ": " + why);
  };
  if (!when) {
    return refuse("no_time",
                  "dataset " + dataset.contract.id + " has no field with the role time or period; give it one");
  }
  const int32_t when_type = dataset.contract.fields[*when].type;
  if (when_type != KEPU_TIMESTAMP && when_type != KEPU_DATE && when_type != KEPU_PERIOD)
    return refuse("no_time", "the time of dataset " + dataset.contract.id + " must be a timestamp, a date or a period");
  if (indicator.measure == Measure::standing && when_type == KEPU_PERIOD)
    return refuse("no_time",
                  "what stands has a day on which it began; dataset " + dataset.contract.id + " tells periods");
  if (indicator.measure == Measure::count) return {};
  if (indicator.measure == Measure::survey_rate && !indicator.population.empty() &&
      !dataset.field(indicator.population))
    return refuse("unknown_field", "dataset " + dataset.contract.id + " has no field " + indicator.population);
  const auto field = dataset.field(indicator.field);
  if (!field) return refuse("unknown_field", "dataset " + dataset.contract.id + " has no field " + indicator.field);
  const auto& measured = dataset.contract.fields[*field];
  const bool is_set = indicator.measure == Measure::distinct || indicator.measure == Measure::standing;
  const bool is_rate = indicator.measure == Measure::survey_rate;
  if (is_rate && !is_number(measured))
    return refuse("bad_measure", "a score is an integer, a decimal or a real; " + indicator.field + " is none");
  if (!is_set && !is_rate && measured.type != KEPU_INTEGER && measured.type != KEPU_DECIMAL)
    return refuse("bad_measure", "only integer and decimal fields are added; " + indicator.field + " is neither");
  if (is_set && !has(measured, KEPU_ROLE_PERSON) && measured.type != KEPU_TEXT)
    return refuse("bad_measure", "only persons or texts are told apart; " + indicator.field + " is neither");
  if (model::holding_of(measured) == model::Holding::none)
    return refuse("bad_measure", indicator.field + " is only a key; give it the role attribute too");
  return {};
}

Meter::Meter(const model::Catalog& catalog, const model::Indicator& indicator, const model::Dataset& dataset,
             const model::Zone& zone, const Codes& codes)
    : catalog_(catalog), indicator_(indicator), dataset_(dataset), zone_(zone), codes_(codes),
      when_field_(dataset.when().value()), time_is_date_(dataset.contract.fields[when_field_].type == KEPU_DATE) {
  if (indicator.measure != model::Measure::count) measured_ = dataset.field(indicator.field).value();
  if (indicator.measure == model::Measure::survey_rate) {
    design_ = {dataset.field_with(KEPU_ROLE_WEIGHT), dataset.field_with(KEPU_ROLE_STRATUM),
               dataset.field_with(KEPU_ROLE_CLUSTER), dataset.field(indicator.population)};
  }
  if (indicator.measure == model::Measure::standing) {
    until_field_ = dataset.field_with(KEPU_ROLE_UNTIL);
    const bool is_placed = std::ranges::any_of(indicator.by, [&](const std::string& dimension) {
      const auto field = dataset.field(dimension);
      return dimension == "area" || (field && has(dataset.contract.fields[*field], KEPU_ROLE_AREA));
    });
    if (is_placed) moves_ = catalog.areas.moves();
  }
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

bool Meter::counts(const model::FactColumns& facts, uint32_t row) {
  if (facts.fields[when_field_].is_null(row)) return false;
  if (indicator_.measure != model::Measure::count && facts.fields[measured_].is_null(row)) return false;
  if (indicator_.measure == model::Measure::survey_rate && !indicator_.epoch_of(period_of(facts, row).first_day()))
    return false;
  return std::ranges::all_of(filters_, [&](Filter& filter) { return filter.passes(facts, row); });
}

Meter::Made Meter::make_tuple(const std::vector<uint32_t>& codes, model::Day day) {
  bool always = true;
  const auto place = [&](const model::Area* area) -> std::string {
    if (!area) return "";
    if (area->valid_to && !area->successors.empty()) always = false;
    return catalog_.areas.placed(*area, day)->code;
  };
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
          dim = place(catalog_.areas.lookup(codes_.text(*area_field, code)));
        }
      } else if (const auto entity = dataset_.field_with(KEPU_ROLE_ENTITY)) {
        if (const auto* entry = entry_of(*entity)) {
          const auto* area = catalog_.areas.find(entry->area);
          dim = area ? place(area) : entry->area;
        }
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
  return {it->second, always};
}

uint32_t Meter::remembered(uint64_t path, std::optional<Made>& known, const std::vector<uint32_t>& codes,
                           model::Day day) {
  if (known && known->always) return known->tuple;
  if (!known) {
    known = make_tuple(codes, day);
    if (known->always) return known->tuple;
  }
  const auto [it, added] = by_path_and_day_.try_emplace(path << 32 | static_cast<uint32_t>(day), 0);
  if (added) it->second = make_tuple(codes, day).tuple;
  return it->second;
}

uint32_t Meter::path_of(const model::FactColumns& facts, uint32_t row) {
  uint32_t node = 0; // root of a tree of paths; nodes are numbered from 1
  for (const auto& source : sources_) {
    const uint64_t step = static_cast<uint64_t>(node) << 32 | facts.fields[source.field].codes[row];
    node = by_path_.try_emplace(step, static_cast<uint32_t>(by_path_.size() + 1)).first->second;
  }
  return node;
}

uint32_t Meter::tuple_of(const model::FactColumns& facts, uint32_t row, model::Day day) {
  if (sources_.size() == 1) { // the usual case: everything follows from one entity
    const uint32_t code = facts.fields[sources_[0].field].codes[row];
    if (code >= by_single_code_.size()) by_single_code_.resize(code + 1);
    auto& known = by_single_code_[code];
    return known && known->always ? known->tuple : remembered(code, known, {code}, day);
  }
  const uint32_t node = path_of(facts, row);
  auto& known = tuple_of_path_[node];
  if (known && known->always) return known->tuple;
  std::vector<uint32_t> codes;
  for (const auto& source : sources_)
    codes.push_back(facts.fields[source.field].codes[row]);
  return remembered(node, known, codes, day);
}

model::Day Meter::day_of(int64_t micros) {
  const int64_t seconds = floor_div(micros, micros_per_second);
  if (seconds >= last_day_.begin && seconds < last_day_.end) return last_day_.day;
  const auto offset = zone_.offset_at(seconds);
  const int64_t day = floor_div(seconds + offset.seconds, seconds_per_day);
  const int64_t begin = std::max(day * seconds_per_day - offset.seconds, offset.begin);
  const int64_t end = std::min((day + 1) * seconds_per_day - offset.seconds, offset.end);
  last_day_ = {begin, end, static_cast<model::Day>(day)};
  return last_day_.day;
}

model::Period Meter::period_of(const model::FactColumns& facts, uint32_t row) {
  const auto& when = facts.fields[when_field_];
  if (when.holding == model::Holding::number) {
    const int64_t time = when.numbers[row];
    return {model::Freq::day, time_is_date_ ? static_cast<model::Day>(time) : day_of(time)};
  }
  const uint32_t code = when.codes[row];
  if (code >= periods_.size()) periods_.resize(code + 1);
  // The pipeline takes no other texts.
  if (!periods_[code]) periods_[code] = model::parse_period(codes_.text(when_field_, code)).value();
  return *periods_[code];
}

namespace {

uint8_t flags_of(const model::FactColumns& facts, uint32_t row) {
  uint8_t flags = 0;
  for (const auto& field : facts.fields) {
    if (!field.flags.empty()) flags |= field.flags[row];
  }
  return flags;
}

} // namespace

void Meter::apply(const model::FactColumns& facts, std::span<const uint32_t> rows, int sign, Changes& out) {
  const auto* measured = indicator_.measure == model::Measure::count ? nullptr : &facts.fields[measured_];
  const bool is_survey = indicator_.measure == model::Measure::survey_rate;
  for (const uint32_t row : rows) {
    const bool is_counted = counts(facts, row);
    if (!is_counted && (!is_survey || facts.fields[when_field_].is_null(row))) continue;
    const auto period = period_of(facts, row);
    const auto day = period.first_day();
    Delta& delta = out.at(tuple_of(facts, row, day), period.freq, day);
    if (!is_counted) continue; // of the sample all the same: how sure its figures are has changed
    delta.n += sign;
    if (indicator_.measure == model::Measure::sum) delta.sum += sign * static_cast<__int128>(measured->numbers[row]);
    if (distinct()) {
      out.sets.push_back({static_cast<uint32_t>(&delta - out.deltas.data()), measured->codes[row], sign});
    }
    if (const uint8_t flags = flags_of(facts, row)) {
      if (flags & KEPU_APPROXIMATE) delta.approximate += sign;
      if (flags & KEPU_REPAIRED) delta.repaired += sign;
      if (flags & KEPU_PROVISIONAL) delta.provisional += sign;
    }
    // It will stand elsewhere: where, must be known. Last, since the change before may move.
    if (moves_.empty()) continue;
    each_move(facts, row, day, end_of(facts, row),
              [&](model::Day moved, uint32_t tuple) { out.at(tuple, period.freq, moved); });
  }
}

template <class Visit>
void Meter::each_move(const model::FactColumns& facts, uint32_t row, model::Day first, model::Day until,
                      Visit&& visit) {
  uint32_t tuple = tuple_of(facts, row, first);
  for (const auto day : moves_) {
    if (day <= first || day >= until) continue;
    const uint32_t now = tuple_of(facts, row, day);
    if (now != tuple) visit(day, now);
    tuple = now;
  }
}

model::Day Meter::end_of(const model::FactColumns& facts, uint32_t row) {
  if (!until_field_ || facts.fields[*until_field_].is_null(row)) return INT32_MAX;
  // What ends on a day no longer holds that day's last moment.
  const int64_t until = facts.fields[*until_field_].numbers[row];
  return dataset_.contract.fields[*until_field_].type == KEPU_DATE ? static_cast<model::Day>(until) : day_of(until);
}

void Meter::spans(const model::FactColumns& facts, std::span<const uint32_t> rows, std::vector<Span>& out) {
  const auto& measured = facts.fields[measured_];
  for (const uint32_t row : rows) {
    if (!counts(facts, row)) continue;
    const auto period = period_of(facts, row);
    Span span;
    span.tuple = tuple_of(facts, row, period.first_day());
    span.freq = period.freq;
    span.row = row;
    span.path = path_of(facts, row);
    span.first = period.last_day();
    span.flags = flags_of(facts, row);
    if (indicator_.measure == model::Measure::standing) {
      span.value = measured.codes[row];
      span.until = end_of(facts, row);
      each_move(facts, row, span.first, span.until, [&](model::Day moved, uint32_t tuple) {
        out.push_back(span);
        out.back().until = moved;
        span.first = moved;
        span.tuple = tuple;
      });
    } else {
      span.value = measured.numbers[row];
      const auto& when = facts.fields[when_field_];
      span.time = when.holding == model::Holding::number ? when.numbers[row] : span.first;
    }
    out.push_back(span);
  }
}

namespace {

double number_of(const abi::Field& field, int64_t held) {
  if (field.type == KEPU_REAL) return std::bit_cast<double>(held);
  // A quotient of exact numbers is the nearest double of the decimal, as what a file says is.
  double unit = 1;
  for (int32_t i = 0; i < (field.type == KEPU_DECIMAL ? field.scale : 0); ++i)
    unit *= 10;
  return static_cast<double>(held) / unit;
}

} // namespace

void Meter::sample(const model::FactColumns& facts, std::span<const uint32_t> rows, std::vector<SampleRow>& out) {
  const auto number_in = [&](const std::optional<size_t>& field, uint32_t row) -> std::optional<double> {
    if (!field || facts.fields[*field].is_null(row)) return std::nullopt;
    return number_of(dataset_.contract.fields[*field], facts.fields[*field].numbers[row]);
  };
  const auto group_in = [&](const std::optional<size_t>& field, uint32_t row) -> std::optional<int64_t> {
    if (!field || facts.fields[*field].is_null(row)) return std::nullopt;
    const auto& column = facts.fields[*field];
    return column.holding == model::Holding::number ? column.numbers[row] : int64_t{column.codes[row]};
  };
  for (const uint32_t row : rows) {
    if (facts.fields[when_field_].is_null(row)) continue;
    SampleRow one;
    one.row = row;
    one.period = period_of(facts, row);
    one.epoch = indicator_.epoch_of(one.period.first_day());
    one.weight = number_in(design_.weight, row).value_or(design_.weight ? 0 : 1);
    one.stratum = group_in(design_.stratum, row).value_or(INT64_MIN);
    one.cluster = group_in(design_.cluster, row);
    one.population = number_in(design_.population, row);
    if (counts(facts, row)) {
      one.tuple = tuple_of(facts, row, one.period.first_day());
      one.reaches_cut = *number_in(measured_, row) >= indicator_.epochs[*one.epoch].cut;
      one.flags = flags_of(facts, row);
    }
    out.push_back(one);
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
  for (const auto& epoch : indicator.epochs) {
    writer.put(epoch.from);
    writer.put(std::bit_cast<uint64_t>(epoch.cut));
  }
  if (!indicator.population.empty()) writer.text(indicator.population);
  const auto* dataset = catalog.dataset(indicator.dataset);
  if (!dataset) return out;
  // Not of the first, so that figures of existing stores need not be made anew.
  if (dataset->contract.version != 1) writer.text("version " + std::to_string(dataset->contract.version));
  for (const auto& area : catalog.areas.all()) {
    if (!area.valid_to || area.successors.empty()) continue;
    writer.text(area.code);
    writer.put(*area.valid_to);
    for (const auto& successor : area.successors)
      writer.text(successor);
    if (indicator.measure == model::Measure::standing) writer.text("moves"); // what stands goes with the ground
  }
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
