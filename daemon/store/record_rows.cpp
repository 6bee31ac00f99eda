#include "store/record_rows.hpp"

#include "store/labels.hpp"

#include <algorithm>

// What read_run() reads; the text of a statement must be one literal.
#define KEPU_RUN_COLUMNS                                                                                               \
  "run,sources.id,connector,version,library_hash,started,ended,status,text,rows,inserted,changed,unchanged,removed,"   \
  "rejected,parts,withdrawn_seq,(SELECT recorded_at FROM commits WHERE seq=withdrawn_seq)"

namespace kepu::store {
namespace {

void bind_page(Query& row, const PageAsk& ask) {
  if (ask.source) {
    row.bind(1, *ask.source);
  } else {
    row.bind_null(1);
  }
  row.bind(2, static_cast<int64_t>(std::min<uint64_t>(ask.before, INT64_MAX))).bind(3, static_cast<int64_t>(ask.limit));
}

// `labels_at`: labels as they were after that commit.
std::vector<CommitRow> read_commits(Db& db, Query& row, Seq labels_at) {
  std::vector<CommitRow> out;
  while (row.step()) {
    const auto seq = static_cast<Seq>(row.integer(0));
    out.push_back({seq, from_micros(row.integer(1)), row.text(2), row.text(3), static_cast<uint64_t>(row.integer(4)),
                   labels_of(db, seq, labels_at)});
  }
  return out;
}

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

} // namespace

std::optional<RunRow> run_numbered(Db& db, int64_t number) {
  auto row = db.query("SELECT " KEPU_RUN_COLUMNS " FROM runs JOIN sources USING(source) WHERE run=?");
  row.bind(1, number);
  return row.step() ? std::optional(read_run(row)) : std::nullopt;
}

std::vector<CommitRow> changes_of(Db& db, std::string_view indicator, Seq at, Seq before, uint32_t limit) {
  auto row = db.query("SELECT seq,recorded_at,kind,sources.id,run FROM touches JOIN commits USING(seq) LEFT JOIN "
                      "sources USING(source) WHERE indicator=?1 AND seq<=?2 AND (?3=0 OR seq<?3) ORDER BY seq "
                      "DESC LIMIT ?4");
  row.bind(1, indicator).bind(2, static_cast<int64_t>(std::min<Seq>(at, INT64_MAX)));
  row.bind(3, static_cast<int64_t>(std::min<Seq>(before, INT64_MAX))).bind(4, static_cast<int64_t>(limit));
  return read_commits(db, row, at);
}

std::vector<CommitRow> commit_rows(Db& db, const PageAsk& ask, bool labelled_only) {
  auto row = db.query("SELECT seq,recorded_at,kind,sources.id,run FROM commits LEFT JOIN sources USING(source) "
                      "WHERE (?1 IS NULL OR sources.id=?1) AND (?2=0 OR seq<?2) AND (NOT ?4 OR seq IN (SELECT seq "
                      "FROM labels l WHERE NOT EXISTS (SELECT 1 FROM labels WHERE label=l.label AND "
                      "set_seq>l.set_seq))) ORDER BY seq DESC LIMIT ?3");
  bind_page(row, ask);
  row.bind(4, labelled_only);
  return read_commits(db, row, INT64_MAX);
}

std::vector<RunRow> run_rows(Db& db, const PageAsk& ask) {
  auto row = db.query("SELECT " KEPU_RUN_COLUMNS
                      " FROM runs JOIN sources USING(source) WHERE (?1 IS NULL OR sources.id=?1) AND "
                      "(?2=0 OR run<?2) ORDER BY run DESC LIMIT ?3");
  bind_page(row, ask);
  std::vector<RunRow> out;
  while (row.step())
    out.push_back(read_run(row));
  return out;
}

std::optional<RunRow> last_run_of(Db& db, std::string_view source) {
  auto row = db.query("SELECT " KEPU_RUN_COLUMNS
                      " FROM runs JOIN sources USING(source) WHERE sources.id=? ORDER BY run DESC LIMIT 1");
  row.bind(1, source);
  return row.step() ? std::optional(read_run(row)) : std::nullopt;
}

std::vector<RejectRow> reject_rows(Db& db, const PageAsk& ask) {
  auto row = db.query(
      "SELECT rejects.id,run,sources.id,input,place,dataset,field,code,message,recorded_at,count FROM rejects JOIN "
      "sources USING(source) WHERE (?1 IS NULL OR sources.id=?1) AND (?2=0 OR rejects.id<?2) ORDER BY rejects.id "
      "DESC LIMIT ?3");
  bind_page(row, ask);
  std::vector<RejectRow> out;
  while (row.step()) {
    RejectRow reject;
    reject.id = static_cast<uint64_t>(row.integer(0));
    reject.run = static_cast<uint64_t>(row.integer(1));
    reject.source = row.text(2);
    reject.input = row.text(3);
    reject.place = static_cast<uint64_t>(row.integer(4));
    reject.dataset = row.text(5);
    reject.field = row.text(6);
    reject.code = row.text(7);
    reject.message = row.text(8);
    reject.recorded_at = from_micros(row.integer(9));
    reject.count = static_cast<uint64_t>(row.integer(10));
    out.push_back(std::move(reject));
  }
  return out;
}

uint64_t rejects_of(Db& db, const std::optional<std::string>& source) {
  auto row = db.query(
      "SELECT coalesce(sum(count),0) FROM rejects JOIN sources USING(source) WHERE ?1 IS NULL OR sources.id=?1");
  if (source) {
    row.bind(1, *source);
  } else {
    row.bind_null(1);
  }
  row.step();
  return static_cast<uint64_t>(row.integer(0));
}

std::vector<GivenUp> given_up_of(Db& db, std::string_view source) {
  std::vector<GivenUp> out;
  auto row = db.query("SELECT dataset,before_day,max(frozen.seq),recorded_at FROM frozen JOIN commits USING(seq) JOIN "
                      "sources ON sources.source=frozen.source WHERE id=? GROUP BY dataset ORDER BY dataset");
  row.bind(1, source);
  while (row.step()) {
    const auto name = row.text(0);
    out.push_back({std::string(source),
                   name.substr(0, name.rfind('@')),
                   static_cast<model::Day>(row.integer(1)),
                   {static_cast<Seq>(row.integer(2)), from_micros(row.integer(3))}});
  }
  return out;
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
