// The store's one writer: catalog, runs, inputs, parts. Everything here belongs to kepu-ingest.
//
// A part is what becomes visible at once: its facts, closings, inputs, rejects, counts and cursor, under
// one commit number, in one transaction, on disk (synchronous=FULL) when commit() returns, or, of parts in a group,
// when end_group() does. Large parts
// are staged before in bounded steps; what is staged and not committed is dropped at start-up.
//
// After an Error of a Part the part is spoilt: destroy it; the run must end, and its source is read
// again from the durable cursor, so nothing is lost.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "measure/meter.hpp"
#include "model/backfill.hpp"
#include "model/catalog.hpp"
#include "model/fact.hpp"
#include "model/zone.hpp"
#include "store/moments.hpp"
#include "store/reader.hpp"
#include "store/work.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::store {

struct RunStart {
  std::string source;
  std::string connector;
  std::string connector_version;
  std::string library_hash;
  Instant started{};
  std::string text{}; // until it has ended
};

struct Counts {
  uint64_t rows = 0;
  uint64_t inserted = 0;
  uint64_t changed = 0;
  uint64_t unchanged = 0;
  uint64_t removed = 0;
  uint64_t rejected = 0;

  Counts& operator+=(const Counts& more) {
    rows += more.rows;
    inserted += more.inserted;
    changed += more.changed;
    unchanged += more.unchanged;
    removed += more.removed;
    rejected += more.rejected;
    return *this;
  }
};

// Rows that a backfill did not take.
struct PassedOver {
  uint64_t outside = 0;        // of other days, or without a time
  uint64_t held_elsewhere = 0; // of these days, but the hub holds their keys on others
};

struct InputAsk {
  std::string name;
  uint64_t size = 0;
  std::array<uint8_t, 32> content_hash{};
};
enum class Decision : uint8_t { take, known, resume };
struct InputAnswer {
  Decision decision = Decision::take;
  struct Previous {
    uint64_t size = 0;
    std::array<uint8_t, 32> hash{};
  };
  // Taken whole under this name. Where that is nothing, but something else was read under it, a hash of no content.
  std::optional<Previous> previous;
};

// Facts of this source and dataset that meet every condition.
struct Scope {
  bool this_input = false; // read from inputs of the open input's name
  int64_t time_from =
      INT64_MIN; // microseconds on the dataset's time field; of a date or a period's first day: its midnight in UTC
  int64_t time_until = INT64_MAX; // exclusive
  struct Condition {
    size_t field = 0; // number in the catalog's dataset; not a person field
    std::string text; // code fields
    int64_t number = 0;
  };
  std::vector<Condition> conditions;
};

struct Refused {
  uint64_t place = 0;
  std::string dataset;
  std::string field;
  std::string code;
  std::string message;
};

class Part {
public:
  virtual ~Part() = default;
  virtual Result<InputAnswer> begin_input(const InputAsk& ask) = 0;
  virtual Result<void> end_input() = 0;
  virtual bool input_is_open() const = 0;
  // Rows in the fields of the catalog's dataset; person columns hold pseudonyms in `numbers`. The rows
  // are taken out of `facts`, which may be filled again.
  virtual Result<void> put(std::string_view dataset, model::FactColumns& facts) = 0;
  // Facts by their keys (key_bytes, key_ends of `keys`); keys that name no fact are no error.
  virtual Result<void> retract(std::string_view dataset, const model::FactColumns& keys) = 0;
  virtual Result<void> begin_replace(std::string_view dataset, Scope scope) = 0;
  virtual Result<void> end_replace() = 0;
  virtual bool is_replacing() const = 0;
  virtual Result<void> reject(Refused refused) = 0;
  // Ends this part; the next one of the run begins with the next call.
  virtual Result<CommitInfo> commit(std::string_view cursor) = 0;
  // Of a backfill in place of commit(): what the source holds of the days now takes the place of what was held, in
  // each of these datasets. Inputs are neither taken nor forgotten, the cursor stays. Error code "untold": the source
  // seems not to be all there; see model::Backfill::allow_empty.
  virtual Result<CommitInfo> swap(const std::vector<std::string>& datasets) = 0;
  virtual PassedOver passed_over() const = 0; // by swap()
  // Ends this part without its facts, inputs and cursor; its rejects are kept, so that someone can see why.
  virtual Result<void> drop() = 0;
};

struct Options {
  std::filesystem::path file;
  const Clock* clock = nullptr; // must outlive the writer and its moments; any thread
  // What tells the hub's person key from another, never the key; empty: there is none.
  std::string person_key_fingerprint;
};

class Writer {
public:
  // Error codes: newer_store, older_store, foreign_store, damaged, locked, no_access, disk_full, other_person_key.
  static Result<std::unique_ptr<Writer>> open(const Options& options);
  virtual ~Writer() = default;

  // Makes this catalog the one in force: a commit when it or the zone differs from the last one.
  // Figures whose definition changed are made anew from the facts before this returns. Error code
  // "dataset_changed": a field of a dataset changed without a new version.
  virtual Result<CommitInfo> load_catalog(std::shared_ptr<const model::Catalog> catalog, const model::Zone& zone) = 0;
  virtual std::shared_ptr<const model::Catalog> catalog() const = 0;

  virtual Result<uint64_t> begin_run(const RunStart& start) = 0;
  // Of runs one after the other that ended "ok", found nothing and say the same only the last one stays on record.
  virtual Result<void> end_run(uint64_t run, std::string_view status, std::string_view text, Instant ended) = 0;
  // The durable cursor of a source; empty at first.
  virtual Result<std::string> cursor(std::string_view source) = 0;

  // Codes of a dataset of the catalog in force; valid until the next load_catalog.
  virtual measure::CodeBook* codes(std::string_view dataset) = 0;
  // One open part a run; destroyed without commit it leaves nothing behind.
  virtual std::unique_ptr<Part> open_part(uint64_t run) = 0;
  // Parts that are committed between these two share a transaction. Each has its own commit and fails alone, but is on
  // disk only when end_group() answers that it is; else none of them is there, and each part that was given something
  // meanwhile is spoilt. For what waits already, and is small: it is all written at the end. Whatever else is called
  // comes after the group, which is then over; end_group() still tells how it ended.
  virtual void begin_group() = 0;
  virtual Result<void> end_group() = 0;
  // The one part of a backfill: every input is taken, rows of other days are passed over.
  virtual std::unique_ptr<Part> open_backfill(uint64_t run, const model::Backfill& backfill) = 0;

  // Gives a commit a name that as_of takes; nullopt: the last commit that is not itself the giving of a label. Returns
  // the commit that bears it. A commit may bear several labels, a label names one commit. Error codes: "bad_label",
  // "unknown_commit", and "label_taken" when another commit bears it and `replace` does not allow to move it.
  virtual Result<CommitInfo> label(std::optional<Seq> commit, std::string_view label, bool replace) = 0;
  // The store as if this run, or every run of the source that there is, had never been; see decisions/withdrawal.md.
  // Facts that it had replaced or removed are in force again unless others have replaced or removed them. What was
  // asked of an earlier moment is answered as before. Error codes: "unknown_run", "unknown_source",
  // "already_withdrawn", "source_running".
  virtual Result<std::unique_ptr<Work>> withdraw_run(uint64_t run) = 0;
  virtual Result<std::unique_ptr<Work>> withdraw_source(std::string_view source) = 0;

  // Compares every kept figure with the facts, month by month, and makes anew what is damaged or differs. Answers that
  // were right stay, with what tells of their last change.
  virtual Result<std::unique_ptr<Work>> rebuild() = 0;
  // Compares them alike, and reads all that facts are made of, but writes nothing: its outcome tells what it found.
  virtual Result<std::unique_ptr<Work>> verify() = 0;

  // Gives up facts of the source from before a day, for ever: their figures stay as they are, late rows of these days
  // change nothing, and what needs those facts answers with "history_horizon". Datasets that an indicator of measure
  // latest, standing or survey_rate is made of keep theirs. Error codes: "unknown_source", "source_running",
  // "bad_range" (the day lies in the future).
  virtual Result<std::unique_ptr<Work>> retention(std::string_view source, model::Day before) = 0;
  // What rows of a dataset of the catalog in force must not be older than: as measure::When gives it; nullopt:
  // anything.
  virtual std::optional<int64_t> horizon(std::string_view source, std::string_view dataset) = 0;

  // Joins neighbouring small blocks of facts, and runs of the indexes. No answer changes, and there is no commit.
  virtual Result<std::unique_ptr<Work>> compact() = 0;

  // Makes the store forget who a person is; see decisions/erasure.md. Every answer stays, also as of earlier moments.
  // `key`: fingerprint of the key that the pseudonym was made with. Error code "other_person_key".
  virtual Result<std::unique_ptr<Work>> erase_person(uint64_t pseudonym, std::string_view key) = 0;

  // The source's next run reads again what was withdrawn: it finds no cursor, and of the inputs those that are taken
  // are known as before. While no run of it is open.
  virtual Result<void> read_again(std::string_view source) = 0;

  // The source's next run reads again the inputs that left rejects, or this one of them; what does not come then is
  // said in its text. While no run of the source is open. Error code "no_input": none of the rejects is of an input.
  virtual Result<void> retry(std::string_view source, const std::optional<std::string>& input) = 0;

  // Writes what could not be written before, or a mark: whether the store can be written to again.
  virtual Result<void> try_writing() = 0;

  // Number of the last commit; any thread.
  virtual const std::atomic<uint64_t>& latest() const = 0;
  // For the readers that answer as of a moment while this writes; any thread.
  virtual std::shared_ptr<Moments> moments() const = 0;
  // Copies the log into the file and empties it where readers allow, and lets go of what is quickly read again; at
  // idle moments and at the end.
  virtual void tidy() = 0;
};

// A read-only view; see reader.hpp. Readers of one store share what they decode of catalogs.
class ReaderSource {
public:
  // `moments`: of the writer that is at work; nullptr: none is.
  explicit ReaderSource(std::filesystem::path file, std::shared_ptr<Moments> moments = nullptr);
  ~ReaderSource();
  // Error codes as Writer::open. Any thread.
  Result<std::unique_ptr<Reader>> open() const;

private:
  struct Shared;
  std::filesystem::path file_;
  std::shared_ptr<Moments> moments_;
  std::shared_ptr<Shared> shared_;
};

} // namespace kepu::store
