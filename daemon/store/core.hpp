// What the writer and its parts share. Writer thread. Throws SqlError.
#pragma once

#include "base/side_thread.hpp"
#include "store/cells.hpp"
#include "store/dictionary.hpp"
#include "store/figures.hpp"
#include "store/ledger.hpp"
#include "store/log_keeper.hpp"
#include "store/moments.hpp"
#include "store/writer.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace kepu::store {

// Bytes of the log (WAL) from which on it is copied into the file.
constexpr int64_t log_limit = 32 << 20;

struct OpenRun {
  int64_t run = 0;
  int64_t source = 0;
  Counts counts; // of committed parts
  uint64_t parts = 0;
  uint64_t kept = 0; // rejects kept one by one
};

struct Core {
  explicit Core(const Options& given);

  Options options;
  Db db;
  SideThread side{"kepu-store"}; // after what it is asked about, before those who ask
  LogKeeper log;
  Dictionary dictionary;
  Persons persons;
  Ledger ledger;
  Cells cells;
  std::atomic<uint64_t> latest{0};
  Instant last_recorded{};
  const std::shared_ptr<Moments> moments;
  std::vector<CommitInfo> put; // by the transaction that goes on, in their order
  std::shared_ptr<const model::Catalog> catalog;
  std::optional<model::Zone> zone;
  std::map<std::string, std::unique_ptr<StoredDataset>, std::less<>> datasets;      // by id
  std::map<std::string, std::vector<std::unique_ptr<Figure>>, std::less<>> figures; // by dataset's id
  std::unordered_map<uint64_t, OpenRun> runs;
  int64_t next_input = 1; // ids are given before their row is written

  int64_t source_number(std::string_view source);
  // A run of the source that is going on; 0: none.
  uint64_t open_run_of(int64_t source) const;
  // Inside a transaction: the next commit. Its moment is fixed at the transaction's end.
  CommitInfo put_commit(std::string_view kind, int64_t source, int64_t run);
  void touch(std::string_view indicator, Seq seq);
  // Number of the schema that blocks of the dataset are written under.
  int64_t schema_number(const model::Dataset& dataset);
  // Rows of a source's dataset come into force (sign = 1) or leave it (sign = -1). No figure follows from those beyond
  // the source's horizon, nor from a dataset that is not of the catalog in force.
  void measure(const StoredDataset& dataset, int64_t source, const model::FactColumns& facts,
               std::span<const uint32_t> rows, int sign, PartChanges& changes);
  // Inside a transaction: puts changes of one source's figures on disk.
  void write(PartChanges& changes, int64_t source, Seq seq);
  // After a transaction did not end well: what is in memory is read anew.
  void rolled_back();
  void forget_series();

  // Commits, and sees to it that the log stays short. Returns the last commit that was put.
  std::optional<CommitInfo> end(Transaction& transaction);
  void fix_moments();

  // Runs f in a transaction of its own; an SqlError inside rolls back and becomes the result's error.
  template <class F> auto in_transaction(F&& f) -> Result<decltype(f())> {
    close_group();
    cells.forget();
    try {
      Transaction transaction(db);
      if constexpr (std::is_void_v<decltype(f())>) {
        f();
        end(transaction);
        return {};
      } else {
        auto out = f();
        const auto recorded = end(transaction);
        if constexpr (std::is_same_v<decltype(out), CommitInfo>) out = recorded.value_or(out);
        return out;
      }
    } catch (const SqlError& error) {
      rolled_back();
      return error.error();
    }
  }

  // ---- parts that share a transaction; see Writer::begin_group() ----

  bool is_grouping = false;
  std::optional<Transaction> group; // once a part wrote something
  std::optional<Error> group_lost;  // why nothing of it is there

  Result<void> end_group();
  // What is written otherwise comes after it.
  void close_group();
  void lose_group(const Error& error);

  void begin_part();
  void part_rolled_back(size_t had_put, const Error& error);

  // The same for what a part writes: in a group, into the group's transaction, and what fails is undone alone.
  template <class F> auto in_part(F&& f) -> Result<decltype(f())> {
    if (group_lost) return *group_lost;
    if (!is_grouping) return in_transaction(std::forward<F>(f));
    try {
      begin_part();
    } catch (const SqlError& error) {
      lose_group(error.error());
      return error.error();
    }
    const size_t had_put = put.size();
    try {
      Savepoint savepoint(db);
      const auto keep = [&] {
        savepoint.keep();
        cells.accept_part();
      };
      if constexpr (std::is_void_v<decltype(f())>) {
        f();
        keep();
        return {};
      } else {
        auto out = f();
        keep();
        return out;
      }
    } catch (const SqlError& error) {
      part_rolled_back(had_put, error.error());
      return error.error();
    }
  }
};

// `backfill`: the part is the whole run, and ends with swap().
std::unique_ptr<Part> make_part(Core& core, OpenRun& run, const std::optional<model::Backfill>& backfill);

} // namespace kepu::store
