#include "store/fact_ends.hpp"

#include <algorithm>

namespace kepu::store {
namespace {

int64_t number(Seq seq) { return static_cast<int64_t>(std::min<Seq>(seq, INT64_MAX)); }

End end_named(const std::string& why) {
  if (why == "replaced") return End::replaced;
  if (why == "deleted") return End::deleted;
  if (why == "out_of_scope") return End::out_of_scope;
  if (why == "withdrawn") return End::withdrawn;
  throw SqlError(fail("damaged", "the list of facts out of force is damaged; restore the store from a backup"));
}

} // namespace

std::vector<BlockPlace> blocks_until(Db& db, const std::string& stored_dataset, Seq at) {
  std::vector<BlockPlace> out;
  auto row = db.query("SELECT b.first_fact,b.n,e.seq,e.source,e.run,e.input,b.time_min,b.time_max FROM extents e JOIN "
                      "blocks b ON b.first_fact>=e.first_fact AND b.first_fact<e.first_fact+e.n WHERE e.dataset=? AND "
                      "e.seq<=?");
  row.bind(1, stored_dataset).bind(2, number(at));
  while (row.step()) {
    out.push_back({static_cast<Fact>(row.integer(0)), static_cast<uint32_t>(row.integer(1)),
                   static_cast<Seq>(row.integer(2)), row.integer(3), row.integer(4), row.integer(5), row.integer(6),
                   row.integer(7)});
  }
  std::ranges::sort(out, {}, &BlockPlace::first);
  return out;
}

std::vector<FactEnd> ends_of(Db& db, const BlockPlace& block, Seq at) {
  std::vector<FactEnd> out;
  auto row = db.query("SELECT fact,seq,why FROM closed WHERE fact>=? AND fact<? AND seq<=? ORDER BY fact");
  row.bind(1, static_cast<int64_t>(block.first)).bind(2, static_cast<int64_t>(block.first + block.n));
  row.bind(3, number(at));
  while (row.step())
    out.push_back({static_cast<Fact>(row.integer(0)), static_cast<Seq>(row.integer(1)), end_named(row.text(2))});
  auto withdrawn = db.query("SELECT withdrawn_seq FROM runs WHERE run=? AND withdrawn_seq<=?");
  withdrawn.bind(1, block.run).bind(2, number(at));
  if (!withdrawn.step()) return out;
  // All that had not gone before went with it.
  const auto seq = static_cast<Seq>(withdrawn.integer(0));
  std::vector<FactEnd> all;
  auto next = out.begin();
  for (Fact fact = block.first; fact < block.first + block.n; ++fact) {
    const bool had_gone = next != out.end() && next->fact == fact;
    all.push_back(had_gone && next->seq < seq ? *next : FactEnd{fact, seq, End::withdrawn});
    if (had_gone) ++next;
  }
  return all;
}

void rows_in_force(Db& db, const BlockPlace& block, Seq at, std::vector<uint32_t>& rows) {
  rows.clear();
  const auto out = ends_of(db, block, at);
  auto skip = out.begin();
  for (uint32_t row = 0; row < block.n; ++row) {
    if (skip != out.end() && skip->fact == block.first + row) {
      ++skip;
    } else {
      rows.push_back(row);
    }
  }
}

} // namespace kepu::store
