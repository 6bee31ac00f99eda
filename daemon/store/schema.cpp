#include "store/schema.hpp"

#include "store/key_index.hpp"
#include "store/sums.hpp"

#include <iterator>
#include <vector>

namespace kepu::store {
namespace {

// Blobs end in XXH3-64, or have it in a column `sum` (see sums.hpp). Names of people and raw persons are nowhere in
// here.
//
// Version 3, the first that is carried on. A new store is made of it and of all steps, so that old and new ones are
// the same.
constexpr const char* tables = R"sql(
CREATE TABLE meta(k TEXT PRIMARY KEY, v BLOB) WITHOUT ROWID;
CREATE TABLE commits(seq INTEGER PRIMARY KEY, recorded_at INTEGER NOT NULL, kind TEXT NOT NULL, source INTEGER, run INTEGER);
CREATE TABLE sources(source INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE TABLE runs(run INTEGER PRIMARY KEY, source INTEGER NOT NULL, connector TEXT NOT NULL, version TEXT NOT NULL,
  library_hash TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER, status TEXT NOT NULL, text TEXT NOT NULL,
  rows INTEGER NOT NULL DEFAULT 0, inserted INTEGER NOT NULL DEFAULT 0, changed INTEGER NOT NULL DEFAULT 0,
  unchanged INTEGER NOT NULL DEFAULT 0, removed INTEGER NOT NULL DEFAULT 0, rejected INTEGER NOT NULL DEFAULT 0,
  parts INTEGER NOT NULL DEFAULT 0, withdrawn_seq INTEGER);
CREATE INDEX runs_by_source ON runs(source, run);
CREATE TABLE inputs(input INTEGER PRIMARY KEY, source INTEGER NOT NULL, name TEXT NOT NULL, content_hash BLOB NOT NULL,
  size INTEGER NOT NULL, run INTEGER NOT NULL, state TEXT NOT NULL);
CREATE INDEX inputs_by_name ON inputs(source, name);
CREATE INDEX inputs_by_hash ON inputs(source, content_hash);
CREATE TABLE cursors(source INTEGER PRIMARY KEY, cursor BLOB NOT NULL, seq INTEGER NOT NULL);
CREATE TABLE catalog(seq INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE definitions(indicator TEXT NOT NULL, def_seq INTEGER NOT NULL, until_seq INTEGER, fingerprint BLOB NOT NULL,
  PRIMARY KEY(indicator, def_seq)) WITHOUT ROWID;
CREATE TABLE touches(indicator TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(indicator, seq)) WITHOUT ROWID;
CREATE TABLE schemas(schema INTEGER PRIMARY KEY, dataset TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE extents(first_fact INTEGER PRIMARY KEY, n INTEGER NOT NULL, run INTEGER NOT NULL, source INTEGER NOT NULL,
  input INTEGER, dataset TEXT NOT NULL, seq INTEGER);
CREATE INDEX extents_by_dataset ON extents(dataset, source, first_fact);
CREATE INDEX extents_staged ON extents(first_fact) WHERE seq IS NULL;
CREATE TABLE blocks(first_fact INTEGER PRIMARY KEY, n INTEGER NOT NULL, schema INTEGER NOT NULL, time_min INTEGER NOT NULL,
  time_max INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE closed(fact INTEGER PRIMARY KEY, seq INTEGER NOT NULL, why TEXT NOT NULL, by_fact INTEGER);
CREATE INDEX closed_by_seq ON closed(seq);
CREATE TABLE staged_closed(fact INTEGER PRIMARY KEY, why TEXT NOT NULL, by_fact INTEGER, run INTEGER NOT NULL);
CREATE INDEX staged_closed_by_run ON staged_closed(run);
CREATE TABLE claims(id INTEGER PRIMARY KEY, source INTEGER NOT NULL, dataset TEXT NOT NULL, input INTEGER NOT NULL,
  facts BLOB NOT NULL);
CREATE INDEX claims_by_dataset ON claims(source, dataset);
CREATE TABLE codes(field TEXT NOT NULL, code INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY(field, code)) WITHOUT ROWID;
CREATE TABLE keyseg(id INTEGER PRIMARY KEY, n INTEGER NOT NULL, first_page INTEGER NOT NULL, pages INTEGER NOT NULL,
  lows BLOB NOT NULL, filter BLOB NOT NULL);
CREATE TABLE keypage(page INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE personseg(id INTEGER PRIMARY KEY, n INTEGER NOT NULL, first_page INTEGER NOT NULL, pages INTEGER NOT NULL,
  lows BLOB NOT NULL, filter BLOB NOT NULL);
CREATE TABLE personpage(page INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE series(series INTEGER PRIMARY KEY, indicator TEXT NOT NULL, def_seq INTEGER NOT NULL, source INTEGER NOT NULL,
  dims BLOB NOT NULL, UNIQUE(indicator, def_seq, source, dims));
CREATE TABLE chunk(id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE setcell(id INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE rejects(id INTEGER PRIMARY KEY, run INTEGER NOT NULL, source INTEGER NOT NULL, input TEXT NOT NULL,
  place INTEGER NOT NULL, dataset TEXT NOT NULL, field TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
  recorded_at INTEGER NOT NULL, count INTEGER NOT NULL);
CREATE INDEX rejects_by_place ON rejects(source, input, place);
)sql";

// Gives each row of a table the checksum that it lacks. `rows`: a key of one or two columns, then what `sum` reads.
template <class Sum> void put_sums(Db& db, const char* rows, const char* update, Sum&& sum) {
  struct Row {
    std::string key;
    int64_t second;
    int64_t sum;
  };
  std::vector<Row> all;
  {
    auto row = db.query(rows);
    while (row.step())
      all.push_back({row.text(0), row.integer(1), sum(row)});
  }
  for (const auto& one : all)
    db.query(update).bind(1, one.sum).bind(2, one.key).bind(3, one.second).run();
}

void put_all_sums(Db& db) {
  const auto of_blob = [](const Query& row) { return sum_of(row.blob(2)); };
  const auto of_run = [](const Query& row) {
    return KeyIndex::sum_of_run(row.integer(1), row.integer(2), row.integer(3), row.blob(4), row.blob(5));
  };
  put_sums(db, "SELECT series,0,dims FROM series", "UPDATE series SET sum=? WHERE series=? AND ?=0", of_blob);
  put_sums(db, "SELECT source,0,cursor FROM cursors", "UPDATE cursors SET sum=? WHERE source=? AND ?=0", of_blob);
  put_sums(db, "SELECT indicator,def_seq,fingerprint FROM definitions",
           "UPDATE definitions SET sum=? WHERE indicator=? AND def_seq=?", of_blob);
  put_sums(db, "SELECT id,id,n,first_page,lows,filter FROM keyseg", "UPDATE keyseg SET sum=? WHERE id=? AND id=?",
           of_run);
  put_sums(db, "SELECT id,id,n,first_page,lows,filter FROM personseg", "UPDATE personseg SET sum=? WHERE id=? AND id=?",
           of_run);
}

struct Step {
  int64_t to; // version
  const char* statements;
  void (*then)(Db&); // nullptr: nothing
};
// What a store of an earlier version lacks, oldest first.
constexpr Step steps[] = {
    // Labels of commits; the commit since which a series is there (0: since before this was noted); what a fact
    // replaced. What withdrawing a run needs: what each run confirmed and removed. Earlier runs did not say all of it;
    // of
    // their claims the input tells whose they were.
    {4, R"sql(
CREATE TABLE labels(label TEXT NOT NULL, set_seq INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(label, set_seq))
  WITHOUT ROWID;
CREATE INDEX labels_by_commit ON labels(seq);
ALTER TABLE series ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
CREATE INDEX closed_by_fact ON closed(by_fact) WHERE by_fact IS NOT NULL;
ALTER TABLE runs ADD COLUMN withdrawn_facts INTEGER NOT NULL DEFAULT 0;
CREATE INDEX runs_withdrawn ON runs(withdrawn_seq) WHERE withdrawn_seq IS NOT NULL;
CREATE INDEX extents_by_run ON extents(run);
CREATE INDEX commits_by_run ON commits(run) WHERE run IS NOT NULL;
ALTER TABLE inputs ADD COLUMN whole INTEGER NOT NULL DEFAULT 0;
UPDATE inputs SET whole=1 WHERE state='taken';
ALTER TABLE claims ADD COLUMN run INTEGER NOT NULL DEFAULT 0;
ALTER TABLE claims ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE claims ADD COLUMN decides INTEGER NOT NULL DEFAULT 1;
ALTER TABLE claims ADD COLUMN same_as INTEGER;
ALTER TABLE claims ADD COLUMN set_hash INTEGER;
UPDATE claims SET run=coalesce((SELECT run FROM inputs WHERE inputs.input=claims.input),0);
UPDATE claims SET seq=coalesce((SELECT min(seq) FROM commits WHERE commits.run=claims.run),0);
CREATE INDEX claims_deciding ON claims(source, dataset) WHERE decides=1;
CREATE INDEX claims_by_set ON claims(source, dataset, set_hash) WHERE set_hash IS NOT NULL;
CREATE TABLE kept_out(id INTEGER PRIMARY KEY, source INTEGER NOT NULL, dataset TEXT NOT NULL, run INTEGER NOT NULL,
  seq INTEGER NOT NULL, why TEXT NOT NULL, facts BLOB NOT NULL);
CREATE INDEX kept_out_by_dataset ON kept_out(source, dataset);
CREATE TABLE scopes(id INTEGER PRIMARY KEY, source INTEGER NOT NULL, dataset TEXT NOT NULL, run INTEGER NOT NULL,
  seq INTEGER NOT NULL, input INTEGER, body BLOB NOT NULL);
CREATE INDEX scopes_by_dataset ON scopes(source, dataset);
)sql",
     nullptr},
    // Checksums of what does not end in one.
    {5, R"sql(
ALTER TABLE series ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cursors ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE definitions ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE keyseg ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE personseg ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
)sql",
     put_all_sums},
    // Horizons of sources (see horizon.hpp), and whose figures a later definition cannot tell beyond them.
    {6, R"sql(
CREATE TABLE frozen(source INTEGER NOT NULL, dataset TEXT NOT NULL, seq INTEGER NOT NULL, before_day INTEGER NOT NULL,
  before_time INTEGER NOT NULL, PRIMARY KEY(source, dataset, seq)) WITHOUT ROWID;
CREATE TABLE lost(indicator TEXT NOT NULL, def_seq INTEGER NOT NULL, source INTEGER NOT NULL,
  before_day INTEGER NOT NULL, PRIMARY KEY(indicator, def_seq, source)) WITHOUT ROWID;
)sql",
     nullptr},
    // From where on the index of keys may hold entries in memory alone.
    {7, "INSERT INTO meta(k,v) SELECT 'keys_saved',coalesce(max(first_fact+n),1) FROM extents;", nullptr},
};
static_assert(steps[std::size(steps) - 1].to == schema_version);

int64_t pragma(Db& db, const char* sql) {
  auto query = db.query(sql);
  return query.step() ? query.integer(0) : 0;
}

} // namespace

void prepare_tables(Db& db, const std::string& file) {
  const int64_t application = pragma(db, "PRAGMA application_id");
  const int64_t version = pragma(db, "PRAGMA user_version");
  if (version > schema_version && application == application_id) {
    throw SqlError({"newer_store", file + " was written by a newer kepud (store version " + std::to_string(version) +
                                       ", this one knows " + std::to_string(schema_version) +
                                       "); install that version again or restore an older backup"});
  }
  const bool is_new = application == 0 && version == 0 && pragma(db, "SELECT count(*) FROM sqlite_schema") == 0;
  if (application == application_id && version > 0 && version < first_version) {
    throw SqlError({"older_store", file + " was written by a kepud before the first release (store version " +
                                       std::to_string(version) +
                                       "), which did not keep what exact corrections need; move it away, and the "
                                       "sources are read again"});
  }
  if (!is_new && !(application == application_id && version >= first_version)) {
    throw SqlError(
        {"foreign_store", file + " is an SQLite file of something else; move it away or set another state_dir"});
  }
  db.exec("PRAGMA journal_mode=WAL");
  if (version == schema_version) return;
  Transaction transaction(db);
  if (is_new) {
    db.exec(tables);
    db.exec("PRAGMA application_id = 1265661233");
  }
  for (const auto& step : steps) {
    if (step.to <= version) continue;
    db.exec(step.statements);
    if (step.then) step.then(db);
  }
  db.exec(("PRAGMA user_version = " + std::to_string(schema_version)).c_str());
  transaction.commit();
}

} // namespace kepu::store
