#include "store/past.hpp"

#include "store/figures.hpp"
#include "store/recount.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <tuple>

namespace kepu::store {
namespace {

// Changes of sets that are held before those of one value are put together: 12 bytes each.
constexpr size_t most_changes = 1'000'000;

const model::Day first_day = model::day_of(1900, 1, 1);
const model::Day last_day = model::day_of(9999, 12, 31);

[[noreturn]] void damaged(const std::string& what) {
  throw SqlError(fail("damaged", what + " is damaged; restore the store from a backup"));
}

// The times of some days, as measure::When gives them; some others may be among them.
class Times {
public:
  Times(const model::Dataset& dataset, const measure::Codes& codes, const model::Zone& zone,
        const std::set<model::Day>& days)
      : field_(dataset.when()), when_(dataset, codes) {
    const bool is_moment = field_ && dataset.contract.fields[*field_].type == KEPU_TIMESTAMP;
    // Where a clock is turned back over midnight, a day begins twice.
    constexpr int64_t turned_back = int64_t{3} * 3600 * 1'000'000;
    const auto begin_of = [&](model::Day day, int64_t margin) {
      return is_moment ? to_micros(zone.start_of(day)) + margin : int64_t{day};
    };
    for (auto day = days.begin(); day != days.end();) {
      const auto first = *day;
      auto last = first;
      for (++day; day != days.end() && *day == last + 1; ++day)
        last = *day;
      spans_.push_back({begin_of(first, -turned_back), begin_of(last + 1, turned_back)});
    }
  }
  bool meet(int64_t low, int64_t high) const {
    const auto span = std::ranges::upper_bound(spans_, low, {}, &Span::end);
    return span != spans_.end() && span->begin <= high;
  }
  // Those of the rows that are of such times.
  void choose(const model::FactColumns& facts, std::span<const uint32_t> rows, std::vector<uint32_t>& out) const {
    out.clear();
    if (!field_ || spans_.empty()) return;
    const auto& column = facts.fields[*field_];
    const bool plain = column.holding == model::Holding::number;
    const int64_t least = spans_.front().begin;
    const int64_t most = spans_.back().end;
    for (const auto row : rows) {
      if (column.is_null(row)) continue;
      const auto time = plain ? column.numbers[row] : when_(facts, row).value_or(most);
      if (time >= least && time < most && meet(time, time)) out.push_back(row);
    }
  }

private:
  struct Span {
    int64_t begin;
    int64_t end; // exclusive
  };
  const std::optional<size_t> field_;
  const measure::When when_;
  std::vector<Span> spans_; // ascending
};

} // namespace

std::unique_ptr<Past> Past::open(Db& db, std::shared_ptr<const model::Catalog> catalog, std::string_view indicator,
                                 Seq at, bool mended) {
  const auto* found = catalog->indicator(indicator);
  if (!found || !catalog->dataset(found->dataset)) return nullptr;
  return std::unique_ptr<Past>(new Past(db, std::move(catalog), *found, at, mended));
}

Past::Past(Db& db, std::shared_ptr<const model::Catalog> catalog, const model::Indicator& indicator, Seq at,
           bool mended)
    : db_(db), catalog_(std::move(catalog)), indicator_(indicator), dataset_(*catalog_->dataset(indicator.dataset)),
      at_(at), mended_(mended) {
  auto definition = definition_at(db_, indicator_.id, at_);
  if (!definition) damaged("the list of definitions");
  zone_ = definition->zone;
  horizons_ = horizons_of(db_, stored_name(dataset_));
  for (auto& horizon : horizons_)
    horizon.before = whole_from(horizon, dataset_, *definition);
  in_force_ = definition->in_force();
  if (in_force_) {
    auto row = db_.query("SELECT max(seq) FROM commits");
    row.step();
    kept_at_ = static_cast<Seq>(row.integer(0));
  } else {
    kept_at_ = definition->until - 1;
  }
  std::map<int64_t, Seq> stands; // by source
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
    const auto [at_of_source, is_first] = stands.try_emplace(row.integer(1));
    if (is_first) at_of_source->second = stands_at(row.integer(1));
    of_.emplace(id, Of{horizon_of(horizons_, row.integer(1)), at_of_source->second});
  }
}

Past::~Past() = default;

Past::Of Past::of(uint32_t series) const {
  const auto found = of_.find(series);
  return found == of_.end() ? Of{nullptr, at_} : found->second;
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

void Past::refuse_changed(const Of& of) {
  throw SqlError(beyond_horizon(*of.horizon, "figures that changed since are not known as they were"));
}

void Past::each_kept(uint32_t series, const Of& of, model::Day from, model::Day to,
                     const std::function<void(const measure::ChunkDay&)>& visit) {
  auto row = db_.query("SELECT id,data FROM chunk WHERE id BETWEEN ? AND ?");
  row.bind(1, chunk_id(series, std::max(from, first_day))).bind(2, chunk_id(series, std::min(to, last_day)));
  while (row.step()) {
    if (!measure::decode_chunk(row.blob(1), first_day_of_chunk(row.integer(0)), days_))
      throw SqlError(damaged_under(in_force_, "a kept figure"));
    for (const auto& day : days_) {
      if (day.day >= from && day.day <= to && !came_later(of, day.day, day.first_seq)) visit(day);
    }
  }
}

const std::map<uint32_t, Past::Backs>& Past::backs(model::Day from, model::Day to, bool needs_sets) {
  from = std::max(from, first_day);
  to = std::min(to, last_day);
  if (backs_ && backs_->from <= from && backs_->to >= to && (backs_->has_sets || !needs_sets)) return backs_->by_series;
  if (mended_) { // of cells that a rebuild dropped no day is known
    from = first_day;
    to = last_day;
  }
  std::map<uint32_t, Backs> all;
  for (const auto& series : series_) {
    const auto source = of(series.id);
    each_kept(series.id, source, from, to, [&](const measure::ChunkDay& day) {
      if (day.day >= source.frozen_before() && day.last_seq > source.at) all[series.id][day.day].kept = day.n;
    });
  }
  const bool has_sets = all.empty() && !mended_ ? true : take_back(all, needs_sets);
  return backs_.emplace(TakenBack{from, to, has_sets, std::move(all)}).by_series;
}

bool Past::take_back(std::map<uint32_t, Backs>& backs, bool needs_sets) {
  std::set<model::Day> days;
  for (const auto& [series, of] : backs) {
    for (const auto& [day, back] : of)
      days.insert(day);
  }
  const StoredCodes codes(db_, dataset_);
  const Times times(dataset_, codes, *zone_, days);
  // A cell that a rebuild dropped is on no day that is known.
  const auto may_meet = [&](int64_t low, int64_t high) { return low <= high && (mended_ || times.meet(low, high)); };
  measure::Meter meter(*catalog_, indicator_, dataset_, *zone_, codes);
  std::map<int64_t, measure::Changes> by_source;
  std::vector<uint32_t> wanted;
  bool has_sets = true;
  size_t most = most_changes; // of sets, before they are put together
  const auto held = [&] {
    size_t out = 0;
    for (const auto& [source, changes] : by_source)
      out += changes.sets.size();
    return out;
  };
  const auto put_together = [&] {
    for (auto& [source, changes] : by_source)
      changes.settle();
    most = std::max(most_changes, 2 * held()); // else each block would put them together again
  };
  const auto leave_out = [&] {
    has_sets = false;
    for (auto& [source, changes] : by_source)
      changes.sets.clear();
  };
  changes_between(db_, dataset_, at_, kept_at_, may_meet, [&](const ChangedFacts& changed) {
    if (!mended_) times.choose(changed.facts, changed.rows, wanted);
    auto& changes = by_source[changed.source];
    meter.apply(changed.facts, mended_ ? changed.rows : wanted, changed.came ? -1 : 1, changes);
    if (!has_sets) changes.sets.clear();
    if (held() > most) needs_sets ? put_together() : leave_out();
  });
  for (auto& [source, changes] : by_source) {
    changes.settle();
    const auto* horizon = horizon_of(horizons_, source);
    // The cell that it goes back to; nullptr: none that changed since and is not frozen.
    const auto back_of = [&](const measure::Delta& delta) -> Back* {
      if (horizon && delta.day < horizon->before) return nullptr;
      const auto id = ids_.find(std::pair(source, encode_dims(meter.tuple(delta.tuple), delta.freq)));
      if (id == ids_.end()) return nullptr;
      if (mended_) return &backs[id->second][delta.day];
      const auto of = backs.find(id->second);
      if (of == backs.end()) return nullptr;
      const auto back = of->second.find(delta.day);
      return back == of->second.end() ? nullptr : &back->second;
    };
    std::vector<Back*> to(changes.deltas.size());
    for (size_t i = 0; i < to.size(); ++i) {
      to[i] = back_of(changes.deltas[i]);
      if (to[i]) to[i]->cell = changes.deltas[i];
    }
    for (const auto& change : changes.sets) {
      if (to[change.cell]) to[change.cell]->set.push_back(change);
    }
  }
  return has_sets;
}

bool Past::held_figures(model::Day day) {
  for (const auto& [series, of] : backs(day, day, false)) {
    const auto back = of.find(day);
    if (back != of.end() && back->second.kept + back->second.cell.n > 0) return true;
  }
  return false;
}

const std::optional<std::pair<model::Day, model::Day>>& Past::extent() {
  if (extent_) return *extent_;
  extent_.emplace();
  const auto widen = [&](model::Day day) {
    if (!*extent_) extent_->emplace(day, day);
    (*extent_)->first = std::min((*extent_)->first, day);
    (*extent_)->second = std::max((*extent_)->second, day);
  };
  std::set<model::Day> changed;
  for (const auto& series : series_) {
    const auto source = of(series.id);
    each_kept(series.id, source, first_day, last_day, [&](const measure::ChunkDay& day) {
      if (day.day >= source.frozen_before() && day.last_seq > source.at) {
        changed.insert(day.day);
      } else if (day.n > 0 || day.last_seq > source.at) {
        widen(day.day);
      }
    });
  }
  if (mended_) {
    for (const auto& [series, of] : backs(first_day, last_day, false)) {
      for (const auto& [day, back] : of)
        changed.insert(day);
    }
  }
  // From either end, as far as one may be earlier or later than what is known.
  for (auto day = changed.begin(); day != changed.end() && !(*extent_ && (*extent_)->first <= *day); ++day) {
    if (held_figures(*day)) widen(*day);
  }
  for (auto day = changed.rbegin(); day != changed.rend() && !(*extent_ && (*extent_)->second >= *day); ++day) {
    if (held_figures(*day)) widen(*day);
  }
  return *extent_;
}

const Past::Backs& Past::of_series(const std::map<uint32_t, Backs>& all, uint32_t series) {
  static const Backs none;
  const auto found = all.find(series);
  return found == all.end() ? none : found->second;
}

void Past::cells(std::span<const uint32_t> ids, model::Day from, model::Day to,
                 const std::function<void(size_t, const DayCell&)>& visit) {
  const auto& all = backs(from, to, false);
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto& backs = of_series(all, ids[i]);
    const auto source = of(ids[i]);
    auto next = backs.lower_bound(from);
    const auto end = backs.upper_bound(to);
    const auto tell = [&](const measure::ChunkDay& day, const measure::Delta& back) {
      const int64_t n = day.n + back.n;
      if (n < 0) throw SqlError(damaged_under(in_force_, "a kept figure"));
      if (n == 0) return;
      visit(i, {day.day, static_cast<uint64_t>(n), day.sum + back.sum,
                static_cast<uint64_t>(day.approximate + back.approximate),
                static_cast<uint64_t>(day.repaired + back.repaired),
                static_cast<uint64_t>(day.provisional + back.provisional)});
    };
    const auto dropped_until = [&](model::Day day) { // by a rebuild
      for (; next != end && next->first < day; ++next)
        tell({next->first, 0, 0, 0, 0, 0, 0, 0}, next->second.cell);
    };
    each_kept(ids[i], source, from, to, [&](const measure::ChunkDay& day) {
      if (day.day < source.frozen_before() && day.last_seq > source.at) refuse_changed(source);
      dropped_until(day.day);
      const bool has_back = next != end && next->first == day.day;
      tell(day, has_back ? (next++)->second.cell : measure::Delta{});
    });
    dropped_until(to + 1);
  }
}

void Past::sets(std::span<const uint32_t> ids, model::Day from, model::Day to,
                const std::function<void(size_t, model::Day, std::span<const uint32_t>)>& visit) {
  const auto& all = backs(from, to, true);
  std::vector<uint32_t> numbers;
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto& backs = of_series(all, ids[i]);
    const auto source = of(ids[i]);
    auto next = backs.lower_bound(from);
    const auto end = backs.upper_bound(to);
    // The values of a set, with those taken back.
    const auto tell = [&](model::Day day, const std::vector<measure::Counted>& kept, const Back& back) {
      numbers.clear();
      auto one = kept.begin();
      for (const auto& change : back.set) {
        for (; one != kept.end() && one->number < change.number; ++one)
          numbers.push_back(one->number);
        int64_t times = change.times;
        if (one != kept.end() && one->number == change.number) times += (one++)->count;
        if (times < 0) throw SqlError(damaged_under(in_force_, "a kept figure"));
        if (times > 0) numbers.push_back(change.number);
      }
      for (; one != kept.end(); ++one)
        numbers.push_back(one->number);
      if (!numbers.empty()) visit(i, day, numbers);
    };
    const auto dropped_until = [&](model::Day day) {
      for (; next != end && next->first < day; ++next)
        tell(next->first, {}, next->second);
    };
    auto row = db_.query("SELECT id,first_seq,last_seq,data FROM setcell WHERE id BETWEEN ? AND ?");
    row.bind(1, setcell_id(ids[i], std::max(from, first_day))).bind(2, setcell_id(ids[i], std::min(to, last_day)));
    while (row.step()) {
      const auto day = day_of_setcell(row.integer(0));
      const auto last = static_cast<Seq>(row.integer(2));
      dropped_until(day);
      const bool has_back = next != end && next->first == day;
      if (came_later(source, day, static_cast<Seq>(row.integer(1)))) { // the cell's first values did
        if (has_back) ++next;
        continue;
      }
      if (day < source.frozen_before() && last > source.at) refuse_changed(source);
      if (has_back) {
        const auto kept = measure::decode_set(row.blob(3));
        if (!kept) throw SqlError(damaged_under(in_force_, "a kept figure"));
        tell(day, *kept, (next++)->second);
        continue;
      }
      if (!measure::decode_numbers(row.blob(3), numbers)) throw SqlError(damaged_under(in_force_, "a kept figure"));
      if (!numbers.empty()) visit(i, day, numbers);
    }
    dropped_until(to + 1);
  }
}

uint32_t Past::series_of(int64_t source, const std::vector<std::string>& dims, model::Freq freq) const {
  const auto found = ids_.find(std::pair(source, encode_dims(dims, freq)));
  if (found == ids_.end()) throw SqlError(damaged_under(in_force_, "the list of series"));
  return found->second;
}

void Past::refuse_given_up() const {
  if (!horizons_.empty())
    throw SqlError(beyond_horizon(horizons_.front(), "what counts from a fact on cannot be told any more"));
}

void Past::readings(model::Day to, const std::function<void(uint32_t, const Reading&)>& visit) {
  refuse_given_up();
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
      const auto source = slice.extent.source;
      auto& ids = known[std::pair(source, span.tuple)];
      if (ids.empty()) ids.resize(static_cast<size_t>(model::Freq::year) + 1);
      auto& id = ids[static_cast<size_t>(span.freq)];
      if (!id) id = series_of(source, meter.tuple(span.tuple), span.freq);
      const auto teller = tellers.try_emplace(std::tuple(source, span.freq, span.path), tellers.size()).first->second;
      visit(id, {teller, span.first, span.until, span.time, slice.block.first + span.row, span.value,
                 (span.flags & KEPU_APPROXIMATE) != 0, (span.flags & KEPU_REPAIRED) != 0,
                 (span.flags & KEPU_PROVISIONAL) != 0});
    }
  });
}

void Past::respondents(const std::function<void(const Respondent&)>& visit) {
  refuse_given_up();
  const StoredCodes codes(db_, dataset_);
  measure::Meter meter(*catalog_, indicator_, dataset_, *zone_, codes);
  std::map<int64_t, std::string> sources;
  {
    auto row = db_.query("SELECT source,id FROM sources");
    while (row.step())
      sources.emplace(row.integer(0), row.text(1));
  }
  std::map<std::tuple<int64_t, uint32_t, model::Freq>, uint32_t> known; // source, tuple and frequency -> series
  std::vector<measure::SampleRow> sample;
  ScanAsk ask;
  ask.at = at_;
  scan_facts(db_, dataset_, ask, [&](const FactSlice& slice) {
    sample.clear();
    meter.sample(slice.block.facts, slice.rows, sample);
    const auto source = slice.extent.source;
    for (const auto& one : sample) {
      Respondent out;
      out.source = sources.at(source);
      out.key = slice.block.facts.key(one.row);
      out.fact = slice.block.first + one.row;
      out.period = one.period;
      if (one.tuple) {
        auto& id = known[std::tuple(source, *one.tuple, one.period.freq)];
        if (!id) id = series_of(source, meter.tuple(*one.tuple), one.period.freq);
        out.series = id;
      }
      out.epoch = one.epoch;
      out.reaches_cut = one.reaches_cut;
      out.weight = one.weight;
      out.stratum = one.stratum;
      out.cluster = one.cluster;
      out.population = one.population;
      out.approximate = (one.flags & KEPU_APPROXIMATE) != 0;
      out.repaired = (one.flags & KEPU_REPAIRED) != 0;
      out.provisional = (one.flags & KEPU_PROVISIONAL) != 0;
      visit(out);
    }
  });
}

} // namespace kepu::store
