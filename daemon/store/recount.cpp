#include "store/recount.hpp"

#include "base/bytes.hpp"
#include "store/figures.hpp"
#include "store/sums.hpp"

namespace kepu::store {
namespace {

[[noreturn]] void damaged(const std::string& what) {
  throw SqlError(fail("damaged", what + " is damaged; restore the store from a backup"));
}

} // namespace

StoredCodes::StoredCodes(Db& db, const model::Dataset& dataset) : db_(db), texts_(dataset.contract.fields.size()) {
  for (const auto& field : dataset.contract.fields)
    names_.push_back(stored_name(dataset) + "/" + field.name);
}

std::string_view StoredCodes::text(size_t field, uint32_t code) const {
  const auto [it, is_new] = texts_[field].try_emplace(code);
  if (!is_new) return it->second;
  auto row = db_.query("SELECT text FROM codes WHERE field=? AND code=?");
  row.bind(1, names_[field]).bind(2, static_cast<int64_t>(code));
  if (!row.step()) damaged("the dictionary of codes");
  it->second = row.text(0);
  return it->second;
}

Error damaged_under(bool in_force, const std::string& what) {
  return fail("damaged",
              what + " is damaged; " + (in_force ? "run kepuctl rebuild" : "restore the store from a backup"));
}

std::optional<Definition> definition_at(Db& db, std::string_view indicator, Seq at) {
  auto row = db.query("SELECT def_seq,fingerprint,sum,until_seq FROM definitions WHERE indicator=?1 AND "
                      "def_seq<=?2 AND (until_seq "
                      "IS NULL OR until_seq>?2)");
  row.bind(1, indicator).bind(2, static_cast<int64_t>(at));
  if (!row.step()) return std::nullopt;
  const auto until = static_cast<Seq>(row.integer(3)); // NULL is 0
  if (sum_of(row.blob(1)) != row.integer(2)) throw SqlError(damaged_under(until == 0, "the list of definitions"));
  // What a definition is known by begins with its zone.
  ByteReader fingerprint(row.blob(1));
  auto zone = model::Zone::find(fingerprint.text());
  if (!zone) throw SqlError(damaged_under(until == 0, "the list of definitions"));
  return Definition{static_cast<Seq>(row.integer(0)), std::move(*zone), until};
}

std::vector<Series> series_under(Db& db, std::string_view indicator, const Definition& definition, Seq at) {
  std::vector<Series> out;
  auto row = db.query("SELECT series,sources.id,dims,sum FROM series JOIN sources USING(source) WHERE indicator=? AND "
                      "def_seq=? AND seq<=? ORDER BY series");
  row.bind(1, indicator).bind(2, static_cast<int64_t>(definition.since)).bind(3, static_cast<int64_t>(at));
  while (row.step()) {
    auto dims = decode_dims(row.blob(2), row.integer(3));
    if (!dims) throw SqlError(damaged_under(definition.in_force(), "the name of a series"));
    out.push_back({static_cast<uint32_t>(row.integer(0)), row.text(1), std::move(dims->codes), dims->freq});
  }
  return out;
}

model::Day whole_from(const Horizon& horizon, const model::Dataset& dataset, const Definition& definition) {
  const auto when = dataset.when();
  if (definition.since >= horizon.seq || !when || dataset.contract.fields[*when].type != KEPU_TIMESTAMP)
    return horizon.before;
  const auto day = measure::day_of(dataset, definition.zone, horizon.before_time);
  return to_micros(definition.zone.start_of(day)) < horizon.before_time ? day + 1 : day;
}

void refuse_beyond_horizon(Db& db, const model::Dataset& dataset, const Definition& definition, const FigureAsk& ask,
                           const std::vector<Series>& series, const std::vector<bool>& chosen) {
  for (const auto& horizon : horizons_of(db, stored_name(dataset))) {
    if (whole_from(horizon, dataset, definition) <= ask.first) continue;
    for (size_t i = 0; i < series.size(); ++i) {
      if (chosen[i] && series[i].source == horizon.source_id)
        throw SqlError(beyond_horizon(horizon, "what is made of them cannot be told any more"));
    }
  }
}

Cell::Cell(Db& db, std::shared_ptr<const model::Catalog> catalog, Definition definition, const FigureAsk& ask)
    : db_(db), catalog_(std::move(catalog)), definition_(std::move(definition)), ask_(ask),
      indicator_(*catalog_->indicator(ask.indicator)), dataset_(*catalog_->dataset(indicator_.dataset)),
      codes_(db, dataset_), meter_(*catalog_, indicator_, dataset_, definition_.zone, codes_) {}

bool Cell::may_hold(const BlockPlace& block) const {
  return block.time_min <= block.time_max && measure::day_of(dataset_, definition_.zone, block.time_min) <= ask_.last &&
         measure::day_of(dataset_, definition_.zone, block.time_max) >= ask_.first;
}

Series Cell::series(int64_t source, const measure::Delta& delta) {
  auto& id = sources_[source];
  if (id.empty()) {
    auto row = db_.query("SELECT id FROM sources WHERE source=?");
    row.bind(1, source);
    if (!row.step()) damaged("the list of sources");
    id = row.text(0);
  }
  return {0, id, meter_.tuple(delta.tuple), delta.freq};
}

bool Cell::chosen(int64_t source, const measure::Delta& delta) {
  const auto [it, is_new] = chosen_.try_emplace(std::tuple(source, delta.freq, delta.tuple));
  if (is_new) it->second = ask_.choose(*catalog_, indicator_, {series(source, delta)})[0];
  return it->second;
}

Share Cell::share(int64_t source, const model::FactColumns& facts, std::span<const uint32_t> rows,
                  std::vector<std::pair<uint32_t, int32_t>>& numbers) {
  changes_.clear();
  meter_.apply(facts, rows, 1, changes_);
  Share out;
  std::vector<bool> counts(changes_.deltas.size());
  for (size_t i = 0; i < counts.size(); ++i) {
    const auto& delta = changes_.deltas[i];
    // Which facts count, and where they lie by then, was found out by who named them.
    if (!ask_.facts && (delta.day < ask_.first || delta.day > ask_.last || !chosen(source, delta))) continue;
    if (ask_.counts && !ask_.counts(series(source, delta), delta.day)) {
      out.left_out += delta.n;
      continue;
    }
    counts[i] = true;
    out.add({delta.n, delta.sum, delta.approximate, delta.repaired, delta.provisional}, 1);
  }
  if (out.n == 0) return out;
  for (const auto& change : changes_.sets) {
    if (counts[change.cell]) numbers.emplace_back(change.number, change.times);
  }
  return out;
}

int scale_of(const model::Catalog& catalog, const model::Indicator& indicator) {
  if (indicator.measure != model::Measure::sum) return 0;
  const auto* dataset = catalog.dataset(indicator.dataset);
  const auto field = dataset ? dataset->field(indicator.field) : std::nullopt;
  return field ? dataset->contract.fields[*field].scale : 0;
}

} // namespace kepu::store
