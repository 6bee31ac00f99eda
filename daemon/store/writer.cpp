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
    return core_.in_transaction([&] { return store::load_catalog(core_, std::move(catalog), zone); });
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
      end.text += retries_.ended(alone().db, core_.runs.at(run).source, end.run, status);
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
      named = commit_to_label(alone().db, commit, label, replace);
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
      auto row = alone().db.query("SELECT cursor,sum FROM cursors JOIN sources USING(source) WHERE id=?");
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

  Result<std::unique_ptr<Work>> withdraw_run(uint64_t run) override { return make_withdrawal(alone(), run); }
  Result<std::unique_ptr<Work>> withdraw_source(std::string_view source) override {
    return make_withdrawal(alone(), source);
  }

  Result<std::unique_ptr<Work>> retention(std::string_view source, model::Day before) override {
    return make_retention(alone(), source, before);
  }
  std::optional<int64_t> horizon(std::string_view source, std::string_view dataset) override {
    const auto found = core_.datasets.find(dataset);
    if (found == core_.datasets.end()) return std::nullopt;
    for (const auto& one : horizons_of(core_.db, found->second->name)) {
      if (one.source_id == source) return one.before_time;
    }
    return std::nullopt;
  }

  Result<std::unique_ptr<Work>> rebuild() override { return make_rebuild(alone()); }
  Result<std::unique_ptr<Work>> verify() override { return make_verification(alone()); }

  Result<std::unique_ptr<Work>> compact() override { return make_compaction(alone()); }

  Result<std::unique_ptr<Work>> erase_person(uint64_t pseudonym, std::string_view key) override {
    return make_erasure(alone(), pseudonym, key);
  }

  Result<void> read_again(std::string_view source) override {
    return core_.in_transaction([&] { read_withdrawn_again(core_.db, source); });
  }
  Result<void> retry(std::string_view source, const std::optional<std::string>& input) override {
    return core_.in_transaction([&] { retries_.ask(core_.db, core_.source_number(source), input); });
  }

  void begin_group() override { core_.is_grouping = true; }
  Result<void> end_group() override { return core_.end_group(); }

  std::unique_ptr<Part> open_part(uint64_t run) override { return make_part(core_, core_.runs.at(run), {}); }
  std::unique_ptr<Part> open_backfill(uint64_t run, const model::Backfill& backfill) override {
    return make_part(core_, core_.runs.at(run), backfill);
  }

  const std::atomic<uint64_t>& latest() const override { return core_.latest; }
  std::shared_ptr<Moments> moments() const override { return core_.moments; }

  void tidy() override {
    alone();
    // What cannot be written now is made again from the facts.
    if (!core_.ledger.keys().is_saved()) (void)core_.in_transaction([&] { core_.ledger.keys().save(); });
    core_.log.settle();
    core_.db.checkpoint_all();
    core_.ledger.blocks().forget();
    core_.ledger.keys().forget();
    core_.persons.forget();
    core_.cells.forget();
    core_.db.release_memory();
  }

private:
  struct RunEnd {
    int64_t run = 0;
    std::string status;
    std::string text;
    Instant ended;
  };

  // For all but parts: what a group has written is on disk, or is not to be.
  Core& alone() {
    core_.close_group();
    return core_;
  }

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

Result<std::unique_ptr<Writer>> Writer::open(const Options& options) {
  try {
    return std::unique_ptr<Writer>(std::make_unique<WriterImpl>(options));
  } catch (const SqlError& error) {
    return error.error();
  }
}

} // namespace kepu::store
