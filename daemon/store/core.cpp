#include "store/core.hpp"

#include "store/figures_aside.hpp"
#include "store/schema.hpp"

#include <algorithm>
#include <utility>

namespace kepu::store {

Core::Core(const Options& given)
    : options(given), db(given.file, Db::Mode::write), log(db, given.file, side, log_limit), dictionary(db),
      persons(db), ledger(db, side), cells(db), moments(std::make_shared<Moments>(*given.clock)) {
  prepare_tables(db, given.file.string());
  {
    Transaction transaction(db);
    ledger.drop_all_staged();
    FiguresAside::drop_all(db);
    db.query("UPDATE runs SET status='interrupted', text=iif(text='','',text||': ')||'the hub ended while this run was "
             "going on; what was not committed '||iif(text='','is read again','is dropped'), "
             "ended=? WHERE status='running'")
        .bind(1, to_micros(options.clock->now()))
        .run();
    std::string key;
    {
      auto row = db.query("SELECT v FROM meta WHERE k='person_key'");
      if (row.step()) key = row.text(0);
    }
    if (!options.person_key_fingerprint.empty()) {
      if (!key.empty() && key != options.person_key_fingerprint) {
        throw SqlError(fail("other_person_key",
                            "the key in [persons] key_file is not the one that this store was made with: the same "
                            "person would be counted twice; put the old key back"));
      }
      db.query("INSERT OR REPLACE INTO meta(k,v) VALUES('person_key',?)").bind(1, options.person_key_fingerprint).run();
    }
    transaction.commit();
  }
  {
    auto row = db.query("SELECT seq,recorded_at FROM commits ORDER BY seq DESC LIMIT 1");
    if (row.step()) {
      latest = static_cast<Seq>(row.integer(0));
      last_recorded = from_micros(row.integer(1));
    }
  }
  auto row = db.query("SELECT coalesce(max(input),0)+1 FROM inputs");
  row.step();
  next_input = row.integer(0);
}

int64_t Core::source_number(std::string_view source) {
  {
    auto row = db.query("SELECT source FROM sources WHERE id=?");
    row.bind(1, source);
    if (row.step()) return row.integer(0);
  }
  db.query("INSERT INTO sources(id) VALUES(?)").bind(1, source).run();
  return db.last_rowid();
}

uint64_t Core::open_run_of(int64_t source) const {
  const auto open = std::ranges::find(runs, source, [](const auto& one) { return one.second.source; });
  return open == runs.end() ? 0 : open->first;
}

CommitInfo Core::put_commit(std::string_view kind, int64_t source, int64_t run) {
  // Of commits that share a transaction each has a moment of its own.
  const auto earliest = put.empty() ? last_recorded : put.back().recorded_at + std::chrono::microseconds(1);
  const CommitInfo commit{(put.empty() ? latest.load() : put.back().seq) + 1, std::max(options.clock->now(), earliest)};
  auto query = db.query("INSERT INTO commits(seq,recorded_at,kind,source,run) VALUES(?,?,?,?,?)");
  query.bind(1, static_cast<int64_t>(commit.seq)).bind(2, to_micros(commit.recorded_at)).bind(3, kind);
  source ? query.bind(4, source) : query.bind_null(4);
  run ? query.bind(5, run) : query.bind_null(5);
  query.run();
  put.push_back(commit);
  return commit;
}

void Core::touch(std::string_view indicator, Seq seq) {
  db.query("INSERT OR IGNORE INTO touches(indicator,seq) VALUES(?,?)")
      .bind(1, indicator)
      .bind(2, static_cast<int64_t>(seq))
      .run();
}

int64_t Core::schema_number(const model::Dataset& dataset) {
  const auto body = encode_schema(dataset);
  const auto name = stored_name(dataset);
  {
    auto row = db.query("SELECT schema FROM schemas WHERE dataset=? AND body=?");
    row.bind(1, name).bind_blob(2, body);
    if (row.step()) return row.integer(0);
  }
  db.query("INSERT INTO schemas(dataset,body) VALUES(?,?)").bind(1, name).bind_blob(2, body).run();
  return db.last_rowid();
}

void Core::measure(const StoredDataset& dataset, int64_t source, const model::FactColumns& facts,
                   std::span<const uint32_t> rows, int sign, PartChanges& changes) {
  std::vector<uint32_t> kept;
  rows = ledger.within_horizon(dataset, source, facts, rows, kept);
  if (rows.empty()) return;
  const auto& id = dataset.dataset.contract.id;
  const auto stored = datasets.find(id);
  const auto found = figures.find(id);
  if (found == figures.end() || stored == datasets.end() || stored->second->name != dataset.name) return;
  for (auto& figure : found->second)
    figure->meter().apply(facts, rows, sign, changes[figure.get()]);
}

void Core::write(PartChanges& changes, int64_t source, Seq seq) {
  for (auto& [figure, change] : changes) {
    if (change.empty()) continue;
    figure->write(cells, source, change, seq);
    touch(figure->meter().indicator().id, seq);
  }
}

std::optional<CommitInfo> Core::end(Transaction& transaction) {
  dictionary.write();
  persons.write();
  cells.write();
  if (!put.empty()) fix_moments();
  transaction.commit();
  moments->opened();
  dictionary.settled();
  std::optional<CommitInfo> last;
  if (!put.empty()) {
    last = put.back();
    latest = last->seq;
    last_recorded = last->recorded_at;
    put.clear();
  }
  try {
    log.committed();
  } catch (const SqlError&) {
    // What was written is on disk in the log; the next transaction tries again.
  }
  return last;
}

void Core::fix_moments() {
  auto moment = moments->close(put.front().recorded_at);
  for (auto& commit : put) {
    if (commit.recorded_at < moment) {
      commit.recorded_at = moment;
      db.query("UPDATE commits SET recorded_at=? WHERE seq=?")
          .bind(1, to_micros(moment))
          .bind(2, static_cast<int64_t>(commit.seq))
          .run();
    }
    moment = commit.recorded_at + std::chrono::microseconds(1);
  }
}

void Core::rolled_back() {
  put.clear();
  moments->opened();
  dictionary.rolled_back();
  ledger.forget();
  persons.forget();
  cells.forget();
  forget_series();
}

void Core::forget_series() {
  for (auto& [dataset, all] : figures) {
    for (auto& figure : all)
      figure->forget();
  }
}

Result<void> Core::end_group() {
  close_group();
  const auto lost = std::exchange(group_lost, std::nullopt);
  return lost ? Result<void>(*lost) : Result<void>();
}

void Core::close_group() {
  is_grouping = false;
  if (!group) return;
  try {
    end(*group);
    group.reset();
  } catch (const SqlError& error) {
    lose_group(error.error());
  }
}

void Core::lose_group(const Error& error) {
  group_lost = error;
  group.reset();
  rolled_back();
}

void Core::begin_part() {
  if (!group) group.emplace(db);
  dictionary.write(); // what scans of the part read is there, whatever becomes of it
  cells.begin_part();
}

void Core::part_rolled_back(size_t had_put, const Error& error) {
  if (!db.in_transaction()) return lose_group(error); // SQLite has undone all of it
  put.resize(had_put);
  ledger.forget();
  cells.reject_part();
  forget_series();
}

} // namespace kepu::store
