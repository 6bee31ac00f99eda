#include "store/frozen_figures.hpp"

#include "base/hash.hpp"
#include "measure/cells.hpp"
#include "model/catalog_text.hpp"

#include <algorithm>
#include <map>

namespace kepu::store {
namespace {

using measure::ChunkDay;
using measure::Counted;

[[noreturn]] void damaged(const Error& error) { throw SqlError(error); }

std::vector<ChunkDay> decoded_chunk(std::string_view blob, model::Day first) {
  std::vector<ChunkDay> out;
  if (auto ok = measure::decode_chunk(blob, first, out); !ok) damaged(ok.error());
  return out;
}

std::vector<Counted> decoded_set(std::string_view blob) {
  auto out = measure::decode_set(blob);
  if (!out) damaged(out.error());
  return std::move(*out);
}

void write_chunk(Db& db, int64_t id, const std::vector<ChunkDay>& days) {
  db.query("INSERT OR REPLACE INTO chunk(id,data) VALUES(?,?)")
      .bind(1, id)
      .bind_blob(2, measure::encode_chunk(days, first_day_of_chunk(id)))
      .run();
}

struct Definition {
  Seq since = 0;
  Seq until = 0;
};
std::optional<Definition> definition_before(Db& db, const std::string& indicator, Seq seq) {
  auto row = db.query("SELECT def_seq,until_seq FROM definitions WHERE indicator=? AND def_seq<? ORDER BY def_seq DESC "
                      "LIMIT 1");
  row.bind(1, indicator).bind(2, static_cast<int64_t>(seq));
  if (!row.step()) return std::nullopt;
  return Definition{static_cast<Seq>(row.integer(0)), static_cast<Seq>(row.integer(1))};
}

std::shared_ptr<const model::Catalog> catalog_before(Db& db, Seq seq) {
  auto row = db.query("SELECT body FROM catalog WHERE seq<? ORDER BY seq DESC LIMIT 1");
  row.bind(1, static_cast<int64_t>(seq));
  bool ok = false;
  auto catalog = row.step() ? model::decode_catalog(unseal(row.blob(0), ok)) : fail("damaged", "");
  if (!ok || !catalog) damaged(fail("damaged", "the stored catalog is damaged; restore the store from a backup"));
  return *catalog;
}

// Whether series of one are series of the other: then a frozen figure may stand among the new ones.
bool counts_alike(const model::Catalog& before, const model::Indicator& now, const StoredDataset& dataset) {
  const auto* had = before.indicator(now.id);
  const auto* of = had ? before.dataset(had->dataset) : nullptr;
  return of && stored_name(*of) == dataset.name && had->measure == now.measure && had->field == now.field &&
         had->by == now.by;
}

// Figures of one series before a day go to another, beside those that it has.
class Carrier {
public:
  Carrier(Db& db, Seq seq) : db_(db), seq_(static_cast<int64_t>(seq)) {}

  void carry(int64_t from, int64_t to, model::Day before) {
    std::vector<std::pair<model::Day, std::vector<ChunkDay>>> months;
    {
      auto row = db_.query("SELECT id,data FROM chunk WHERE id BETWEEN ? AND ?");
      row.bind(1, from << month_bits).bind(2, chunk_id(from, before));
      while (row.step()) {
        const auto first = first_day_of_chunk(row.integer(0));
        auto days = decoded_chunk(row.blob(1), first);
        std::erase_if(days, [&](const ChunkDay& day) { return day.day >= before || day.n == 0; });
        if (!days.empty()) months.emplace_back(first, std::move(days));
      }
    }
    for (const auto& [first, days] : months)
      add_days(chunk_id(to, first), days);
    std::vector<std::pair<model::Day, std::vector<Counted>>> sets;
    {
      auto row = db_.query("SELECT id,data FROM setcell WHERE id BETWEEN ? AND ?");
      row.bind(1, from << day_bits).bind(2, setcell_id(from, before) - 1);
      while (row.step())
        sets.emplace_back(day_of_setcell(row.integer(0)), decoded_set(row.blob(1)));
    }
    for (const auto& [day, values] : sets)
      add_set(setcell_id(to, day), values);
  }

private:
  void add_days(int64_t id, const std::vector<ChunkDay>& days) {
    std::map<model::Day, ChunkDay> all;
    {
      auto row = db_.query("SELECT data FROM chunk WHERE id=?");
      row.bind(1, id);
      if (row.step()) {
        for (const auto& day : decoded_chunk(row.blob(0), first_day_of_chunk(id)))
          all.emplace(day.day, day);
      }
    }
    for (const auto& day : days) {
      auto& to = all.try_emplace(day.day, ChunkDay{day.day, 0, 0, 0, 0, 0, 0, 0}).first->second;
      to.n += day.n;
      to.sum += day.sum;
      to.approximate += day.approximate;
      to.repaired += day.repaired;
      to.provisional += day.provisional;
      to.first_seq = to.last_seq = static_cast<Seq>(seq_);
    }
    std::vector<ChunkDay> out;
    for (const auto& [at, day] : all)
      out.push_back(day);
    write_chunk(db_, id, out);
  }

  void add_set(int64_t id, const std::vector<Counted>& values) {
    std::map<uint32_t, uint32_t> all;
    {
      auto row = db_.query("SELECT data FROM setcell WHERE id=?");
      row.bind(1, id);
      if (row.step()) {
        for (const auto& one : decoded_set(row.blob(0)))
          all[one.number] += one.count;
      }
    }
    for (const auto& one : values)
      all[one.number] += one.count;
    std::vector<Counted> out;
    for (const auto& [number, count] : all)
      out.push_back({number, count});
    db_.query("INSERT OR REPLACE INTO setcell(id,first_seq,last_seq,data) VALUES(?,?,?,?)")
        .bind(1, id)
        .bind(2, seq_)
        .bind(3, seq_)
        .bind_blob(4, measure::encode_set(out))
        .run();
  }

  Db& db_;
  const int64_t seq_;
};

// Names of the source's series under a definition, by number.
std::vector<std::pair<int64_t, std::string>> series_named(Db& db, const std::string& indicator, Seq definition,
                                                          int64_t source) {
  std::vector<std::pair<int64_t, std::string>> out;
  auto row = db.query("SELECT series,dims FROM series WHERE indicator=? AND def_seq=? AND source=?");
  row.bind(1, indicator).bind(2, static_cast<int64_t>(definition)).bind(3, source);
  while (row.step())
    out.emplace_back(row.integer(0), std::string(row.blob(1)));
  return out;
}

// Days before `before` become empty; the commit is noted with each.
void clear(Db& db, int64_t series, model::Day before, Seq seq) {
  std::vector<std::pair<int64_t, std::vector<ChunkDay>>> chunks;
  {
    auto row = db.query("SELECT id,data FROM chunk WHERE id BETWEEN ? AND ?");
    row.bind(1, series << month_bits).bind(2, chunk_id(series, before));
    while (row.step())
      chunks.emplace_back(row.integer(0), decoded_chunk(row.blob(1), first_day_of_chunk(row.integer(0))));
  }
  for (auto& [id, days] : chunks) {
    for (auto& day : days) {
      if (day.day < before) day = ChunkDay{day.day, 0, 0, 0, 0, 0, day.first_seq, seq};
    }
    write_chunk(db, id, days);
  }
  db.query("UPDATE setcell SET last_seq=?,data=? WHERE id BETWEEN ? AND ?")
      .bind(1, static_cast<int64_t>(seq))
      .bind_blob(2, measure::encode_set({}))
      .bind(3, series << day_bits)
      .bind(4, setcell_id(series, before) - 1)
      .run();
}

} // namespace

void carry_frozen(Core& core, Figure& figure, const StoredDataset& dataset, Seq seq) {
  const auto horizons = horizons_of(core.db, dataset.name);
  if (horizons.empty()) return;
  const auto& indicator = figure.indicator();
  const auto before = definition_before(core.db, indicator.id, seq);
  const bool alike = before && counts_alike(*catalog_before(core.db, before->until), indicator, dataset);
  const auto lost = alike ? lost_under(core.db, indicator.id, before->since) : std::vector<Lost>();
  Carrier carrier(core.db, seq);
  for (const auto& horizon : horizons) {
    // Under a definition that had ended before the days froze not all of them was counted.
    if (!alike || horizon.seq >= before->until) {
      put_lost(core.db, indicator.id, seq, horizon.source, horizon.before);
      continue;
    }
    for (const auto& one : lost) {
      if (one.source == horizon.source) put_lost(core.db, indicator.id, seq, one.source, one.before);
    }
    for (const auto& [series, dims] : series_named(core.db, indicator.id, before->since, horizon.source))
      carrier.carry(series, figure.series_named(horizon.source, dims, seq), horizon.before);
  }
}

void clear_frozen(Core& core, int64_t source, Seq seq) {
  for (const auto& [id, figures] : core.figures) {
    const auto* horizon = core.ledger.horizon(source, core.datasets.at(id)->name);
    if (!horizon) continue;
    for (const auto& figure : figures) {
      const auto& indicator = figure->indicator();
      for (const auto& [series, dims] : series_named(core.db, indicator.id, figure->definition(), source))
        clear(core.db, series, horizon->before, seq);
      core.touch(indicator.id, seq);
    }
  }
}

} // namespace kepu::store
