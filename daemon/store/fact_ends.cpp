#include "store/fact_ends.hpp"

#include "measure/fact_set.hpp"
#include "store/recount.hpp"

#include <algorithm>
#include <set>

namespace kepu::store {
namespace {

int64_t number(Seq seq) { return static_cast<int64_t>(std::min<Seq>(seq, INT64_MAX)); }

End end_named(const std::string& why) {
  if (why == "replaced") return End::replaced;
  if (why == "deleted") return End::deleted;
  if (why == "out_of_scope") return End::out_of_scope;
  if (why == "withdrawn") return End::withdrawn;
  if (why == "given_up") return End::given_up;
  throw SqlError(fail("damaged", "the list of facts out of force is damaged; restore the store from a backup"));
}

} // namespace

std::vector<BlockPlace> blocks_until(Db& db, const std::string& stored_dataset, Seq at,
                                     const std::function<bool(const BlockPlace&)>& wanted) {
  std::vector<BlockPlace> out;
  BlockHeads heads(db);
  auto row = db.query("SELECT first_fact,n,seq,source,run,input FROM extents WHERE dataset=? AND seq<=? ORDER BY "
                      "first_fact");
  row.bind(1, stored_dataset).bind(2, number(at));
  while (row.step()) {
    BlockPlace place;
    place.first = static_cast<Fact>(row.integer(0));
    place.n = static_cast<uint32_t>(row.integer(1));
    const Fact end = place.first + place.n;
    place.seq = static_cast<Seq>(row.integer(2));
    place.source = row.integer(3);
    place.run = row.integer(4);
    place.input = row.integer(5);
    if (wanted && !wanted(place)) continue;
    while (place.first < end) {
      const auto& head = heads.holding(place.first);
      place.block = head.first;
      place.rows = head.n;
      place.n = static_cast<uint32_t>(std::min(end, head.end()) - place.first);
      place.time_min = head.time_min;
      place.time_max = head.time_max;
      out.push_back(place);
      place.first += place.n;
    }
  }
  return out;
}

std::shared_ptr<const BlockReader::Block> block_of(BlockReader& reader, const BlockPlace& place,
                                                   const model::Dataset& dataset) {
  auto block = reader.holding(place.first, dataset);
  if (!block || block->first != place.block || block->facts.rows != place.rows)
    throw SqlError(fail("damaged", "a block of facts is damaged; restore the store from a backup"));
  return block;
}

FactEnds::FactEnds(Db& db, Seq at) : db_(db), at_(at) {
  auto row = db_.query("SELECT run,withdrawn_seq FROM runs WHERE withdrawn_seq<=?");
  row.bind(1, number(at_));
  while (row.step())
    withdrawn_.emplace(row.integer(0), static_cast<Seq>(row.integer(1)));
}

std::vector<FactEnd> FactEnds::of(const BlockPlace& place, Seq until) {
  if (block_ != place.block) {
    block_ = 0;
    closed_.clear();
    auto row = db_.query("SELECT fact,seq,why FROM closed WHERE fact>=? AND fact<? AND seq<=? ORDER BY fact");
    row.bind(1, static_cast<int64_t>(place.block)).bind(2, static_cast<int64_t>(place.block + place.rows));
    row.bind(3, number(at_));
    while (row.step())
      closed_.push_back({static_cast<Fact>(row.integer(0)), static_cast<Seq>(row.integer(1)), end_named(row.text(2))});
    block_ = place.block;
  }
  std::vector<FactEnd> out;
  for (auto end = std::ranges::lower_bound(closed_, place.first, {}, &FactEnd::fact);
       end != closed_.end() && end->fact < place.end(); ++end) {
    if (end->seq <= until) out.push_back(*end);
  }
  const auto withdrawn = withdrawn_.find(place.run);
  if (withdrawn == withdrawn_.end() || withdrawn->second > until) return out;
  // All that had not gone before went with it.
  const auto seq = withdrawn->second;
  std::vector<FactEnd> all;
  auto next = out.begin();
  for (Fact fact = place.first; fact < place.end(); ++fact) {
    const bool had_gone = next != out.end() && next->fact == fact;
    all.push_back(had_gone && next->seq < seq ? *next : FactEnd{fact, seq, End::withdrawn});
    if (had_gone) ++next;
  }
  return all;
}

void changes_between(Db& db, const model::Dataset& dataset, Seq from, Seq to,
                     const std::function<bool(int64_t, int64_t)>& wanted_times,
                     const std::function<void(const ChangedFacts&)>& visit) {
  measure::FactSet closed;
  {
    auto row = db.query("SELECT fact FROM closed WHERE seq>? AND seq<=? ORDER BY fact");
    row.bind(1, number(from)).bind(2, number(to));
    while (row.step())
      closed.add(static_cast<Fact>(row.integer(0)));
  }
  std::set<int64_t> withdrawn; // runs
  {
    auto row = db.query("SELECT run FROM runs WHERE withdrawn_seq>? AND withdrawn_seq<=?");
    row.bind(1, number(from)).bind(2, number(to));
    while (row.step())
      withdrawn.insert(row.integer(0));
  }
  const auto changed = [&](const BlockPlace& place) {
    return place.seq > from || withdrawn.contains(place.run) || closed.intersects(place.first, place.n);
  };
  const auto horizons = horizons_of(db, stored_name(dataset));
  const StoredCodes codes(db, dataset);
  const measure::When when(dataset, codes);
  FactEnds gone(db, to);
  BlockReader reader(db, Columns::fields);
  std::vector<uint32_t> rows;
  for (const auto& place : blocks_until(db, stored_name(dataset), to, changed)) {
    if (!wanted_times(place.time_min, place.time_max) || !changed(place)) continue;
    const bool came = place.seq > from;
    rows.clear();
    if (came) {
      gone.rows_in_force(place, rows);
    } else {
      for (const auto& end : gone.of(place, to)) {
        if (end.seq > from && end.why != End::given_up) rows.push_back(static_cast<uint32_t>(end.fact - place.block));
      }
    }
    if (rows.empty()) continue;
    const auto block = block_of(reader, place, dataset);
    if (const auto* horizon = horizon_of(horizons, place.source))
      std::erase_if(rows, [&](uint32_t row) { return lies_beyond(*horizon, when, block->facts, row); });
    visit({came, place.source, block->facts, rows});
  }
}

void FactEnds::rows_in_force(const BlockPlace& place, std::vector<uint32_t>& rows) {
  rows.clear();
  const auto out = of(place, at_);
  auto skip = out.begin();
  for (Fact fact = place.first; fact < place.end(); ++fact) {
    if (skip != out.end() && skip->fact == fact) {
      ++skip;
    } else {
      rows.push_back(static_cast<uint32_t>(fact - place.block));
    }
  }
}

} // namespace kepu::store
