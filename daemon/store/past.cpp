#include "store/past.hpp"

#include "measure/meter.hpp"
#include "store/figures.hpp"
#include "store/recount.hpp"

#include <algorithm>
#include <functional>
#include <tuple>

namespace kepu::store {
namespace {

// Changes of sets that are held before those of one value are put together: 12 bytes each.
constexpr size_t most_changes = 1'000'000;

[[noreturn]] void damaged(const std::string& what) {
  throw SqlError(fail("damaged", what + " is damaged; restore the store from a backup"));
}

} // namespace

std::unique_ptr<Past> Past::open(Db& db, std::shared_ptr<const model::Catalog> catalog, std::string_view indicator,
                                 Seq at) {
  const auto* found = catalog->indicator(indicator);
  if (!found || !catalog->dataset(found->dataset)) return nullptr;
  return std::unique_ptr<Past>(new Past(db, std::move(catalog), *found, at));
}

Past::Past(Db& db, std::shared_ptr<const model::Catalog> catalog, const model::Indicator& indicator, Seq at)
    : db_(db), catalog_(std::move(catalog)), indicator_(indicator), dataset_(*catalog_->dataset(indicator.dataset)),
      at_(at) {
  auto definition = definition_at(db_, indicator_.id, at_);
  if (!definition) damaged("the list of definitions");
  zone_ = definition->zone;
  horizons_ = horizons_of(db_, stored_name(dataset_));
  for (auto& horizon : horizons_)
    horizon.before = whole_from(horizon, dataset_, *definition);
  in_force_ = definition->in_force;
  auto row =
      db_.query("SELECT series,source,sources.id,dims,sum FROM series JOIN sources USING(source) WHERE indicator=? "
                "AND def_seq=? AND seq<=? ORDER BY series");
  row.bind(1, indicator_.id).bind(2, static_cast<int64_t>(definition->since)).bind(3, static_cast<int64_t>(at_));
  while (row.step()) {
    auto dims = decode_dims(row.blob(3), row.integer(4));
    if (!dims) throw SqlError(damaged_under(in_force_, "the name of a series"));
    const auto id = static_cast<uint32_t>(row.integer(0));
    ids_.emplace(std::pair(row.integer(1), std::string(row.blob(3))), id);
    series_.push_back({id, row.text(2), std::move(dims->codes), dims->freq});
  }
}

Past::~Past() = default;

const std::optional<std::pair<model::Day, model::Day>>& Past::extent() {
  if (extent_) return *extent_;
  extent_.emplace();
  const StoredCodes codes(db_, dataset_);
  measure::Meter meter(*catalog_, indicator_, dataset_, *zone_, codes);
  BlockReader reader(db_);
  measure::Changes changes;
  std::vector<uint32_t> rows;
  FactEnds gone(db_, at_);
  auto blocks = blocks_until(db_, stored_name(dataset_), at_);
  std::erase_if(blocks, [](const BlockPlace& block) { return block.time_min > block.time_max; });
  const auto day_of = [&](int64_t time) { return measure::day_of(dataset_, *zone_, time); };
  const auto widen = [&](const BlockPlace& block) {
    gone.rows_in_force(block, rows);
    if (rows.empty()) return;
    const auto held = block_of(reader, block, dataset_);
    changes.clear();
    meter.apply(held->facts, rows, 1, changes);
    for (const auto& delta : changes.deltas) {
      if (!*extent_) extent_->emplace(delta.day, delta.day);
      (*extent_)->first = std::min((*extent_)->first, delta.day);
      (*extent_)->second = std::max((*extent_)->second, delta.day);
    }
  };
  // From either end, as far as a block may hold an earlier or a later day than those found.
  std::ranges::sort(blocks, {}, &BlockPlace::time_min);
  for (const auto& block : blocks) {
    if (*extent_ && day_of(block.time_min) >= (*extent_)->first) break;
    widen(block);
  }
  std::ranges::sort(blocks, std::greater{}, &BlockPlace::time_max);
  for (const auto& block : blocks) {
    if (!*extent_ || day_of(block.time_max) <= (*extent_)->second) break;
    widen(block);
  }
  each_frozen(INT32_MIN, INT32_MAX, [&](const Horizon&, uint32_t, const Frozen& frozen) {
    const auto day = frozen.now.day;
    if (!*extent_) extent_->emplace(day, day);
    (*extent_)->first = std::min((*extent_)->first, day);
    (*extent_)->second = std::max((*extent_)->second, day);
  });
  return *extent_;
}

Seq Past::stands_at(int64_t source) {
  {
    auto row = db_.query("SELECT 1 FROM runs WHERE source=? AND withdrawn_seq>? LIMIT 1");
    if (!row.bind(1, source).bind(2, static_cast<int64_t>(at_)).step()) return at_;
  }
  auto row = db_.query("SELECT seq FROM commits WHERE seq<=? AND (source=? OR (source IS NULL AND kind<>'label')) "
                       "ORDER BY seq DESC LIMIT 1");
  row.bind(1, static_cast<int64_t>(at_)).bind(2, source);
  return row.step() ? static_cast<Seq>(row.integer(0)) : 0;
}

void Past::each_frozen(model::Day from, model::Day to,
                       const std::function<void(const Horizon&, uint32_t, const Frozen&)>& visit) {
  std::vector<measure::ChunkDay> days;
  for (const auto& horizon : horizons_) {
    if (from >= horizon.before) continue;
    const Seq at = stands_at(horizon.source);
    for (const auto& [name, id] : ids_) {
      if (name.first != horizon.source) continue;
      auto row = db_.query("SELECT id,data FROM chunk WHERE id BETWEEN ? AND ?");
      row.bind(1, int64_t{id} << month_bits).bind(2, chunk_id(id, horizon.before));
      while (row.step()) {
        const auto first = first_day_of_chunk(row.integer(0));
        if (!measure::decode_chunk(row.blob(1), first, days)) throw SqlError(damaged_under(false, "a kept figure"));
        for (const auto& day : days) {
          if (day.day >= from && day.day <= to && day.day < horizon.before && day.first_seq <= at)
            visit(horizon, id, {day, day.last_seq > at});
        }
      }
    }
  }
}

// What facts no longer give is kept, and right for the moment where it has not changed since.
void Past::put_frozen(model::Day from, model::Day to, std::map<uint32_t, Figures>& figures) {
  for (const auto& horizon : horizons_) {
    for (const auto& [name, id] : ids_) {
      const auto found = figures.find(id);
      if (name.first != horizon.source || found == figures.end()) continue;
      std::erase_if(found->second.cells, [&](const DayCell& cell) { return cell.day < horizon.before; });
      std::erase_if(found->second.sets, [&](const auto& set) { return set.first < horizon.before; });
    }
  }
  each_frozen(from, to, [&](const Horizon& horizon, uint32_t id, const Frozen& frozen) {
    const auto& day = frozen.now;
    if (frozen.has_changed)
      throw SqlError(beyond_horizon(horizon, "figures that changed since are not known as they were"));
    if (day.n == 0) return;
    auto& of = figures[id];
    of.cells.push_back({day.day, static_cast<uint64_t>(day.n), day.sum, static_cast<uint64_t>(day.approximate),
                        static_cast<uint64_t>(day.repaired), static_cast<uint64_t>(day.provisional)});
    if (indicator_.measure != model::Measure::distinct) return;
    auto row = db_.query("SELECT data FROM setcell WHERE id=?");
    row.bind(1, setcell_id(id, day.day));
    std::vector<uint32_t> numbers;
    if (!row.step() || !measure::decode_numbers(row.blob(0), numbers))
      throw SqlError(damaged_under(false, "a kept figure"));
    of.sets.emplace_back(day.day, std::move(numbers));
  });
}

void Past::readings(model::Day to, const std::function<void(uint32_t, const Reading&)>& visit) {
  if (!horizons_.empty())
    throw SqlError(beyond_horizon(horizons_.front(), "what counts from a fact on cannot be told any more"));
  const StoredCodes codes(db_, dataset_);
  measure::Meter meter(*catalog_, indicator_, dataset_, *zone_, codes);
  std::map<std::pair<int64_t, uint32_t>, std::vector<uint32_t>> known; // source and tuple -> series by frequency
  std::map<std::tuple<int64_t, model::Freq, uint32_t>, uint32_t> tellers;
  std::vector<measure::Span> spans;
  ScanAsk ask;
  ask.at = at_;
  ask.wanted_times = [&](int64_t low, int64_t high) {
    return low <= high && measure::day_of(dataset_, *zone_, low) <= to;
  };
  scan_facts(db_, dataset_, ask, [&](const FactSlice& slice) {
    spans.clear();
    meter.spans(slice.block.facts, slice.rows, spans);
    for (const auto& span : spans) {
      if (span.first > to) continue;
      const auto key = std::pair(slice.extent.source, span.tuple);
      auto& ids = known[key];
      if (ids.empty()) ids.resize(static_cast<size_t>(model::Freq::year) + 1);
      auto& id = ids[static_cast<size_t>(span.freq)];
      if (!id) {
        const auto found = ids_.find(std::pair(key.first, encode_dims(meter.tuple(span.tuple), span.freq)));
        if (found == ids_.end()) throw SqlError(damaged_under(in_force_, "the list of series"));
        id = found->second;
      }
      const auto teller =
          tellers.try_emplace(std::tuple(key.first, span.freq, span.path), tellers.size()).first->second;
      visit(id, {teller, span.first, span.until, span.time, slice.block.first + span.row, span.value,
                 (span.flags & KEPU_APPROXIMATE) != 0, (span.flags & KEPU_REPAIRED) != 0,
                 (span.flags & KEPU_PROVISIONAL) != 0});
    }
  });
}

const std::map<uint32_t, Past::Figures>& Past::recount(model::Day from, model::Day to) {
  if (counted_ && counted_->from == from && counted_->to == to) return counted_->figures;
  counted_.reset();
  const StoredCodes codes(db_, dataset_);
  measure::Meter meter(*catalog_, indicator_, dataset_, *zone_, codes);
  std::map<int64_t, measure::Changes> by_source;
  ScanAsk ask;
  ask.at = at_;
  ask.wanted_times = [&](int64_t low, int64_t high) {
    return low <= high && measure::day_of(dataset_, *zone_, low) <= to &&
           measure::day_of(dataset_, *zone_, high) >= from;
  };
  scan_facts(db_, dataset_, ask, [&](const FactSlice& slice) {
    auto& changes = by_source[slice.extent.source];
    meter.apply(slice.block.facts, slice.rows, 1, changes);
    if (changes.sets.size() > most_changes) changes.settle();
  });
  Counted out{from, to, {}};
  for (auto& [source, changes] : by_source) {
    changes.settle();
    std::vector<uint32_t> id_of(changes.deltas.size());
    for (size_t i = 0; i < changes.deltas.size(); ++i) {
      const auto& delta = changes.deltas[i];
      if (delta.n == 0 || delta.day < from || delta.day > to) continue;
      const auto id = ids_.find(std::pair(source, encode_dims(meter.tuple(delta.tuple), delta.freq)));
      if (id == ids_.end()) throw SqlError(damaged_under(in_force_, "the list of series"));
      id_of[i] = id->second;
      out.figures[id->second].cells.push_back(
          {delta.day, static_cast<uint64_t>(delta.n), delta.sum, static_cast<uint64_t>(delta.approximate),
           static_cast<uint64_t>(delta.repaired), static_cast<uint64_t>(delta.provisional)});
    }
    for (size_t i = 0; i < changes.sets.size();) { // by cell and number
      const auto cell = changes.sets[i].cell;
      std::vector<uint32_t> numbers;
      for (; i < changes.sets.size() && changes.sets[i].cell == cell; ++i)
        numbers.push_back(changes.sets[i].number);
      if (id_of[cell]) out.figures[id_of[cell]].sets.emplace_back(changes.deltas[cell].day, std::move(numbers));
    }
  }
  if (!horizons_.empty()) put_frozen(from, to, out.figures);
  for (auto& [id, figures] : out.figures) {
    std::ranges::sort(figures.cells, {}, &DayCell::day);
    std::ranges::sort(figures.sets, {}, &std::pair<model::Day, std::vector<uint32_t>>::first);
  }
  counted_ = std::move(out);
  return counted_->figures;
}

} // namespace kepu::store
