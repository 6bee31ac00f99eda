// What can be asked of the store, without SQL. One Reader belongs to one thread at a time
// (kepu-read-N); every Reader has its own read-only connection. Abstract, so that those who ask can
// be tested without a file.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "model/catalog.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::store {

using Seq = uint64_t; // commit number; 0: nothing committed yet

// Figures of one indicator, source and tuple of its declared dimensions.
struct Series {
  uint32_t id = 0;
  std::string source;
  std::vector<std::string> dims; // codes, parallel to Indicator::by; "" = not specified
};

// What one series holds for one local day.
struct DayCell {
  model::Day day = 0;
  uint64_t n = 0;           // facts
  __int128 sum = 0;         // measure sum: scaled by the field's scale
  uint64_t approximate = 0; // facts with that flag
  uint64_t repaired = 0;
  uint64_t provisional = 0;
};

struct CommitInfo {
  Seq seq = 0;
  Instant recorded_at{};
};

struct RunRow {
  uint64_t run = 0;
  std::string source;
  std::string connector;
  std::string connector_version;
  std::string library_hash;
  Instant started{};
  std::optional<Instant> ended;
  std::string status;     // running ok retry bad_config bad_data cancelled bug crashed killed interrupted
  std::string text;       // one sentence: what happened and what to do
  uint64_t rows = 0;      // rows received
  uint64_t inserted = 0;  // new facts
  uint64_t changed = 0;   // facts that replaced another
  uint64_t unchanged = 0; // rows that were there already
  uint64_t removed = 0;   // retracted or out of a replaced scope
  uint64_t rejected = 0;
  uint64_t parts = 0;
  std::optional<CommitInfo> withdrawn; // by which commit
};

struct RejectRow {
  uint64_t id = 0;
  uint64_t run = 0;
  std::string source;
  std::string input;  // name; empty: none
  uint64_t place = 0; // row in the input; 0: unknown
  std::string dataset;
  std::string field;
  std::string code;
  std::string message;
  Instant recorded_at{};
  uint64_t count = 1; // more than 1: rejects of one code beyond those kept one by one
};

// Newest first, older than `before` (exclusive; 0: from the newest).
struct PageAsk {
  std::optional<std::string> source;
  uint64_t before = 0;
  uint32_t limit = 100;
};

class Reader {
public:
  virtual ~Reader() = default;

  // Everything between begin() and end() sees one moment of the store.
  virtual Result<CommitInfo> begin() = 0;
  // As it was after the last commit that was recorded by then: catalog, last_change, series, cells, sets and extent
  // answer as they did. Costs a scan of facts where figures changed since. Error code "before_history": nothing was
  // recorded by then.
  virtual Result<CommitInfo> begin_at(Instant as_of) = 0;
  virtual void end() = 0;

  // The catalog in force at that moment.
  virtual std::shared_ptr<const model::Catalog> catalog() = 0;
  // Last commit that changed an answer of this indicator, its catalog entry included; for ETags, so an
  // answer may show it: seq 0 when there was none.
  virtual Result<CommitInfo> last_change(std::string_view indicator) = 0;

  virtual Result<std::vector<Series>> series(std::string_view indicator) = 0;
  // Cells of these series with day in [from, to], grouped by series in the order given, days
  // ascending; empty cells are left out. `visit` gets the index into `ids`.
  virtual Result<void> cells(std::span<const uint32_t> ids, model::Day from, model::Day to,
                             const std::function<void(size_t, const DayCell&)>& visit) = 0;
  // Sets of distinct numbers of these series, same order; numbers ascending. Exact: values differ if
  // and only if their numbers do, across sources and series of one indicator.
  virtual Result<void> sets(std::span<const uint32_t> ids, model::Day from, model::Day to,
                            const std::function<void(size_t, model::Day, std::span<const uint32_t>)>& visit) = 0;
  // First and last day that hold a cell; nullopt: none. Of an earlier moment they may lie further apart.
  virtual Result<std::optional<std::pair<model::Day, model::Day>>> extent(std::string_view indicator) = 0;

  virtual Result<std::vector<RunRow>> runs(const PageAsk& ask) = 0;
  virtual Result<std::optional<RunRow>> run(uint64_t run) = 0;
  virtual Result<std::optional<RunRow>> last_run(std::string_view source) = 0;
  virtual Result<std::vector<RejectRow>> rejects(const PageAsk& ask) = 0;
  virtual Result<uint64_t> reject_count(const std::optional<std::string>& source) = 0;

  // For /metrics and status.
  struct Totals {
    uint64_t facts = 0; // in force
    uint64_t bytes = 0; // of the store's file
  };
  virtual Result<Totals> totals() = 0;

  // Makes a running question end with Error "deadline"; any thread.
  virtual void interrupt() = 0;
};

} // namespace kepu::store
