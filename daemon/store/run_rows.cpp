#include "store/run_rows.hpp"

namespace kepu::store {

RunRow read_run(const Query& row) {
  RunRow out;
  out.run = static_cast<uint64_t>(row.integer(0));
  out.source = row.text(1);
  out.connector = row.text(2);
  out.connector_version = row.text(3);
  out.library_hash = row.text(4);
  out.started = from_micros(row.integer(5));
  if (!row.is_null(6)) out.ended = from_micros(row.integer(6));
  out.status = row.text(7);
  out.text = row.text(8);
  const auto count = [&](int column) { return static_cast<uint64_t>(row.integer(column)); };
  out.rows = count(9);
  out.inserted = count(10);
  out.changed = count(11);
  out.unchanged = count(12);
  out.removed = count(13);
  out.rejected = count(14);
  out.parts = count(15);
  if (!row.is_null(16)) out.withdrawn = {count(16), from_micros(row.integer(17))};
  return out;
}

std::optional<RunRow> run_numbered(Db& db, int64_t number) {
  auto row = db.query("SELECT " KEPU_RUN_COLUMNS " FROM runs JOIN sources USING(source) WHERE run=?");
  row.bind(1, number);
  return row.step() ? std::optional(read_run(row)) : std::nullopt;
}

void write_counts(Db& db, const OpenRun& run) {
  db.query("UPDATE runs SET rows=?,inserted=?,changed=?,unchanged=?,removed=?,rejected=?,parts=? WHERE run=?")
      .bind(1, static_cast<int64_t>(run.counts.rows))
      .bind(2, static_cast<int64_t>(run.counts.inserted))
      .bind(3, static_cast<int64_t>(run.counts.changed))
      .bind(4, static_cast<int64_t>(run.counts.unchanged))
      .bind(5, static_cast<int64_t>(run.counts.removed))
      .bind(6, static_cast<int64_t>(run.counts.rejected))
      .bind(7, static_cast<int64_t>(run.parts))
      .bind(8, run.run)
      .run();
}

} // namespace kepu::store
