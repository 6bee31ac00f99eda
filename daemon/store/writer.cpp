#include "store/writer.hpp"

#include "store/catalog_load.hpp"
#include "store/compaction.hpp"
#include "store/core.hpp"
#include "store/erasure.hpp"
#include "store/inputs.hpp"
#include "store/labels.hpp"
#include "store/rebuild.hpp"
#include "store/retention.hpp"
#include "store/retries.hpp"
#include "store/schema.hpp"
#include "store/sums.hpp"
#include "store/verification.hpp"
#include "store/withdrawal.hpp"

#include <algorithm>

namespace kepu::store {
namespace {

class WriterImpl final : public Writer {
public:
  explicit WriterImpl(const Options& options) : core_(options) {}

  Result<CommitInfo> load_catalog(std::shared_ptr<const model::Catalog> catalog, const model::Zone& zone) override {
    // Parts and meters refer to the catalog in force; it changes only between runs.
    auto done = core_.in_transaction([&] { return store::load_catalog(core_, std::move(catalog), zone); });
    if (done) core_.settled(*done);
    return done;
  }

  std::shared_ptr<const model::Catalog> catalog() const override { return core_.catalog; }

  Result<uint64_t> begin_run(const RunStart& start) override {
    auto done = core_.in_transaction([&] {
      OpenRun run;
      run.source = core_.source_number(start.source);
      core_.db
          .query("INSERT INTO runs(source,connector,version,library_hash,started,status,text) "
                 "VALUES(?,?,?,?,?,'running',?)")
          .bind(1, run.source)
          .bind(2, start.connector)
          .bind(3, start.connector_version)
          .bind(4, start.library_hash)
          .bind(5, to_micros(start.started))
          .bind(6, start.text)
          .run();
      run.run = core_.db.last_rowid();
      return run;
    });
    if (!done) return done.error();
    const auto number = static_cast<uint64_t>(done->run);
    core_.runs.emplace(number, *done);
    return number;
  }

  Result<void> end_run(uint64_t run, std::string_view status, std::string_view text, Instant ended) override {
    RunEnd end{static_cast<int64_t>(run), std::string(status), std::string(text), ended};
    try {
      end.text += retries_.ended(core_.db, core_.runs.at(run).source, end.run, status);
    } catch (const SqlError&) {
      // The end itself is what must be written.
    }
    core_.runs.erase(run);
    ends_.push_back(std::move(end));
    return write_ends();
  }

  Result<CommitInfo> label(std::optional<Seq> commit, std::string_view label, bool replace) override {
    ToLabel named;
    try {
      named = commit_to_label(core_.db, commit, label, replace);
    } catch (const SqlError& error) {
      return error.error();
    }
    if (!named.is_new) return named.commit;
    const auto done = core_.in_transaction([&] {
      const auto labelling = core_.put_commit("label", 0, 0);
      put_label(core_.db, label, labelling.seq, named.commit.seq);
      return labelling;
    });
    if (!done) return done.error();
    core_.settled(*done);
    return named.commit;
  }

  Result<void> try_writing() override {
    if (!ends_.empty()) return write_ends();
    return core_.in_transaction([&] {
      core_.db.query("INSERT OR REPLACE INTO meta(k,v) VALUES('last_trial',?)")
          .bind(1, to_micros(core_.options.clock->now()))
          .run();
    });
  }

  Result<std::string> cursor(std::string_view source) override {
    try {
      auto row = core_.db.query("SELECT cursor,sum FROM cursors JOIN sources USING(source) WHERE id=?");
      row.bind(1, source);
      if (!row.step()) return Result<std::string>(boost::system::in_place_value);
      if (sum_of(row.blob(0)) != row.integer(1)) {
        const std::string id(source);
        return fail("damaged", "the bookmark of " + id +
                                   " is damaged; restore the store from a backup, or let kepuctl run " + id +
                                   " --again read the source from its beginning");
      }
      return Result<std::string>(boost::system::in_place_value, row.blob(0));
    } catch (const SqlError& error) {
      return error.error();
    }
  }

  measure::CodeBook* codes(std::string_view dataset) override {
    const auto found = core_.datasets.find(dataset);
    return found == core_.datasets.end() ? nullptr : &found->second->codes;
  }

  Result<std::unique_ptr<Work>> withdraw_run(uint64_t run) override { return make_withdrawal(core_, run); }
  Result<std::unique_ptr<Work>> withdraw_source(std::string_view source) override {
    return make_withdrawal(core_, source);
  }

  Result<std::unique_ptr<Work>> retention(std::string_view source, model::Day before) override {
    return make_retention(core_, source, before);
  }
  std::optional<int64_t> horizon(std::string_view source, std::string_view dataset) override {
    const auto found = core_.datasets.find(dataset);
    if (found == core_.datasets.end()) return std::nullopt;
    for (const auto& one : horizons_of(core_.db, found->second->name)) {
      if (one.source_id == source) return one.before_time;
    }
    return std::nullopt;
  }

  Result<std::unique_ptr<Work>> rebuild() override { return make_rebuild(core_); }
  Result<std::unique_ptr<Work>> verify() override { return make_verification(core_); }

  Result<std::unique_ptr<Work>> compact() override { return make_compaction(core_); }

  Result<std::unique_ptr<Work>> erase_person(uint64_t pseudonym, std::string_view key) override {
    return make_erasure(core_, pseudonym, key);
  }

  Result<void> read_again(std::string_view source) override {
    return core_.in_transaction([&] { read_withdrawn_again(core_.db, source); });
  }
  Result<void> retry(std::string_view source, const std::optional<std::string>& input) override {
    return core_.in_transaction([&] { retries_.ask(core_.db, core_.source_number(source), input); });
  }

  std::unique_ptr<Part> open_part(uint64_t run) override { return make_part(core_, core_.runs.at(run), {}); }
  std::unique_ptr<Part> open_backfill(uint64_t run, const model::Backfill& backfill) override {
    return make_part(core_, core_.runs.at(run), backfill);
  }

  const std::atomic<uint64_t>& latest() const override { return core_.latest; }
  std::shared_ptr<Moments> moments() const override { return core_.moments; }

  void tidy() override {
    // What cannot be written now is made again from the facts.
    if (!core_.ledger.keys().is_saved()) (void)core_.in_transaction([&] { core_.ledger.keys().save(); });
    core_.log.settle();
    core_.db.checkpoint_all();
    core_.ledger.blocks().forget();
    core_.ledger.keys().forget();
    core_.persons.forget();
    core_.db.release_memory();
  }

private:
  struct RunEnd {
    int64_t run = 0;
    std::string status;
    std::string text;
    Instant ended;
  };

  Result<void> write_ends() {
    auto done = core_.in_transaction([&] {
      for (const auto& end : ends_)
        write(end);
    });
    if (done) ends_.clear();
    return done;
  }

  // The run's source, where the run before was made by another library; 0: it was not.
  int64_t source_with_other_library(int64_t run) {
    auto row = core_.db.query("SELECT b.source FROM runs b JOIN runs a ON a.source=b.source WHERE b.run=?1 AND a.run="
                              "(SELECT max(run) FROM runs WHERE source=b.source AND run<?1) AND "
                              "a.library_hash<>b.library_hash");
    row.bind(1, run);
    return row.step() ? row.integer(0) : 0;
  }

  void write(const RunEnd& end) {
    // A changed connector may read what the one before could not.
    if (const auto source = source_with_other_library(end.run)) read_rejected_again(core_.db, source);
    core_.db.query("UPDATE runs SET ended=?,status=?,text=? WHERE run=?")
        .bind(1, to_micros(end.ended))
        .bind(2, end.status)
        .bind(3, end.text)
        .bind(4, end.run)
        .run();
    // Of runs one after the other that found nothing the last one tells enough.
    core_.db
        .query(
            "DELETE FROM runs WHERE run IN (SELECT a.run FROM runs a JOIN runs b ON b.source=a.source WHERE b.run=?1 "
            "AND a.run=(SELECT max(run) FROM runs WHERE source=b.source AND run<?1) AND a.withdrawn_seq IS NULL AND "
            "a.status='ok' AND "
            "b.status='ok' AND a.rows=0 AND b.rows=0 AND a.parts=0 AND b.parts=0 AND a.text=b.text)")
        .bind(1, end.run)
        .run();
  }

  Core core_;
  Retries retries_;
  std::vector<RunEnd> ends_; // not yet on disk; more than one after a full disk
};

} // namespace

Core::Core(const Options& given)
    : options(given), db(given.file, Db::Mode::write), log(db, given.file, side, log_limit), dictionary(db),
      persons(db), ledger(db, side), moments(std::make_shared<Moments>(*given.clock)) {
  prepare_tables(db, given.file.string());
  {
    Transaction transaction(db);
    ledger.drop_all_staged();
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
  const CommitInfo commit{latest + 1, std::max(options.clock->now(), last_recorded)};
  auto query = db.query("INSERT INTO commits(seq,recorded_at,kind,source,run) VALUES(?,?,?,?,?)");
  query.bind(1, static_cast<int64_t>(commit.seq)).bind(2, to_micros(commit.recorded_at)).bind(3, kind);
  source ? query.bind(4, source) : query.bind_null(4);
  run ? query.bind(5, run) : query.bind_null(5);
  query.run();
  put = commit;
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
    figure->write(source, change, seq);
    touch(figure->meter().indicator().id, seq);
  }
}

void Core::settled(const CommitInfo& commit) {
  latest = commit.seq;
  last_recorded = commit.recorded_at;
}

std::optional<CommitInfo> Core::end(Transaction& transaction) {
  dictionary.write();
  if (put) {
    put->recorded_at = moments->close(put->recorded_at);
    db.query("UPDATE commits SET recorded_at=? WHERE seq=?")
        .bind(1, to_micros(put->recorded_at))
        .bind(2, static_cast<int64_t>(put->seq))
        .run();
  }
  transaction.commit();
  moments->opened();
  const auto out = std::exchange(put, std::nullopt);
  dictionary.settled();
  try {
    log.committed();
  } catch (const SqlError&) {
    // What was written is on disk in the log; the next transaction tries again.
  }
  return out;
}

void Core::rolled_back() {
  put.reset();
  moments->opened();
  ledger.forget();
  persons.forget();
  for (auto& [dataset, all] : figures) {
    for (auto& figure : all)
      figure->forget();
  }
}

Result<std::unique_ptr<Writer>> Writer::open(const Options& options) {
  try {
    return std::unique_ptr<Writer>(std::make_unique<WriterImpl>(options));
  } catch (const SqlError& error) {
    return error.error();
  }
}

} // namespace kepu::store
