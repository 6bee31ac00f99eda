// What can be asked of the store, without SQL. One Reader belongs to one thread at a time
// (kepu-read-N); every Reader has its own read-only connection. Abstract, so that those who ask can
// be tested without a file.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "model/catalog.hpp"
#include "model/fact.hpp"
#include "model/zone.hpp"

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
  // Of the periods that facts tell. Longer ones than days feed only periods that they tile; their cells lie on the
  // first day of each.
  model::Freq freq = model::Freq::day;
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

// What one fact says to the measures latest and standing.
struct Reading {
  uint32_t teller = 0;  // latest: of one teller only the last value counts, also where its area is another by now
  model::Day first = 0; // standing: in force from this day on; latest: the day that the value is of
  model::Day until = INT32_MAX; // standing: exclusive
  int64_t time = 0;             // latest: of two values of a teller the one with the later (first, time, fact) counts
  uint64_t fact = 0;
  int64_t value = 0; // latest: in 10^-scale of the field; standing: number of the value, as in sets()
  bool approximate = false;
  bool repaired = false;
  bool provisional = false;
};

// One row of a survey's sample, for measure survey_rate.
struct Respondent {
  std::string_view source;
  std::string_view key; // of the fact; with `source` valid during the call
  uint64_t fact = 0;
  model::Period period;             // that it tells of
  std::optional<uint32_t> series;   // nullopt: it is of the sample, but not of those that the indicator is about
  std::optional<size_t> epoch;      // of the indicator's
  bool reaches_cut = false;         // those of a series only
  double weight = 1;                // 0 or more
  int64_t stratum = 0;              // equal ones are one stratum
  std::optional<int64_t> cluster;   // equal ones of a stratum are one cluster; nullopt: one of its own
  std::optional<double> population; // clusters that its stratum has, where a finite number is given
  bool approximate = false;
  bool repaired = false;
  bool provisional = false;
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

struct CommitRow {
  Seq seq = 0;
  Instant recorded_at{};
  std::string kind;   // part, catalog, label
  std::string source; // empty: of the whole hub
  uint64_t run = 0;   // 0: of no run
  std::vector<std::string> labels;
};

// One figure: an indicator over some days, of the series that `choose` takes.
struct FigureAsk {
  std::string indicator;
  model::Day first = 0;
  model::Day last = 0; // inclusive
  // Whether each of these series belongs to it, under that catalog, which may be an earlier one.
  std::function<std::vector<bool>(const model::Catalog&, const model::Indicator&, const std::vector<Series>&)> choose;
  // Of what a chosen series tells of a day, whether it counts; empty: all does. For counted_facts().
  std::function<bool(const Series&, model::Day)> counts = {};
  // Exactly these facts, ascending, whatever their days; nullopt: those of the days. For counted_facts().
  std::optional<std::vector<uint64_t>> facts = {};
};

// What a figure was from one commit to another, and what made it so.
struct FigureState {
  bool has_value = false; // false: there was no figure, or none that is known
  uint64_t n = 0;         // facts
  __int128 value = 0;     // in 10^-scale
  int scale = 0;
  std::string unit;
  uint64_t approximate = 0;
  uint64_t repaired = 0;
  uint64_t provisional = 0;
  Seq definition = 0;    // the commit that brought the definition by which it is counted; 0: none was in force
  CommitRow commit;      // since then; its labels as of the moment
  std::string connector; // of the commit's run; empty: none
  std::string connector_version;
  // Facts of the figure that came and went with the commit. A corrected row is one that came and one replaced.
  uint64_t inserted = 0;
  uint64_t replaced = 0;
  uint64_t deleted = 0;
  uint64_t out_of_scope = 0;
  uint64_t withdrawn = 0;
  std::optional<CommitInfo> until; // nullopt: the moment
};
struct FigureStates {
  std::vector<FigureState> states; // newest first
  bool more = false;               // there are older ones
};

// One value of a fact.
struct FactCell {
  model::Holding holding = model::Holding::none;
  bool is_null = true;
  std::string text;   // code, none: the source's own words
  int64_t number = 0; // number
  uint8_t flags = 0;  // kepu_flag
};
// A fact that is counted in a figure. Nothing of it tells one person from another.
struct CountedFact {
  uint64_t fact = 0;             // its number
  std::string key;               // parts with " / " between them; a person is "person"
  std::vector<FactCell> cells;   // parallel to the dataset's fields
  std::vector<std::string> dims; // parallel to Indicator::by
  std::string source;
  std::string input;  // name; empty: none
  uint64_t place = 0; // row in the input; 0: unknown
  const RunRow* run = nullptr;
  CommitInfo since;
  uint64_t replaces = 0; // number of the fact that it took the place of; 0: none
};
struct CountedGroup {
  std::string source;
  RunRow run;
  std::string input; // empty: none
  uint64_t facts = 0;
};
struct FactsAsk {
  uint64_t after = 0; // fact number; 0: from the first
  uint32_t limit = 100;
  size_t most_groups = 1000;
};
struct CountedFacts {
  CommitInfo definition;            // the commit that brought it
  uint64_t facts = 0;               // all that are counted
  uint64_t left_out = 0;            // of the figure's series and days, but not counted
  std::vector<CountedGroup> groups; // by first fact
  uint64_t further = 0;             // facts of groups beyond `most_groups`
  uint64_t last = 0;                // the last fact that was visited
  bool more = false;
};

// Facts of a source's dataset from before a day were given up; figures of these days stay as they were.
struct GivenUp {
  std::string source;
  std::string dataset;
  model::Day before = 0;
  CommitInfo since;
};
// Days, both of them included.
struct DaySpan {
  model::Day first = 0;
  model::Day last = 0;
};
// What this means for one indicator's figures.
struct Frozen {
  std::string source;
  model::Day before = 0; // figures of earlier days are frozen
  bool is_lost = false;  // or unknown: they were not counted under the definition of the moment
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
  // As it was after the last commit that was recorded by then: catalog, last_change, series, cells, sets, extent and
  // frozen answer as they did. Costs a scan of the facts that came or went since; where these were given up, calls
  // answer with error code "history_horizon". Of a moment that does not lie ahead the answer stays: later commits are
  // recorded later. Error codes "before_history": nothing was recorded by then; "busy": a commit of then takes too long
  // to come to the disk.
  virtual Result<CommitInfo> begin_at(Instant as_of) = 0;
  // As it was after the commit that bears this label. Error code "unknown_label", naming the nearest.
  virtual Result<CommitInfo> begin_at_label(std::string_view label) = 0;
  // Goes to an earlier commit, or back to a later one, within what was begun: everything answers as after it did. Error
  // code "before_history": there is none of that number.
  virtual Result<CommitInfo> stand_at(Seq commit) = 0;
  virtual void end() = 0;

  // The catalog in force at that moment.
  virtual std::shared_ptr<const model::Catalog> catalog() = 0;
  // The zone in which periods were cut at that moment; nullopt: there was no indicator.
  virtual Result<std::optional<model::Zone>> zone() = 0;
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
  // Readings of these series whose `first` is not after `to`, in no order; `visit` gets the index into `ids`. For
  // measures latest and standing. Costs a scan of the dataset's facts.
  virtual Result<void> readings(std::string_view indicator, std::span<const uint32_t> ids, model::Day to,
                                const std::function<void(size_t, const Reading&)>& visit) = 0;
  // The whole sample of a survey, whatever is asked of it, in no order. For measure survey_rate. Costs a scan of the
  // dataset's facts.
  virtual Result<void> respondents(std::string_view indicator, const std::function<void(const Respondent&)>& visit) = 0;
  // First and last day that hold a cell; nullopt: none.
  virtual Result<std::optional<std::pair<model::Day, model::Day>>> extent(std::string_view indicator) = 0;

  // Sources of the indicator some of whose facts had been given up by the moment.
  virtual Result<std::vector<Frozen>> frozen(std::string_view indicator) = 0;
  // The commit since which, without a gap, some fact of each span was in force until the moment; nullopt: none is.
  // Runs that were withdrawn by then never were: what they alone brought never came, and what they took away was there
  // until its withdrawal brought it back. `spans`: ascending, none of which meets another. `source`: only of this one.
  // Costs a look at every block of the dataset but those that cannot be earlier; decodes those that lie in more than
  // one span; where runs were withdrawn, reads what the others gave again.
  virtual Result<std::vector<std::optional<CommitInfo>>> arrivals(const std::string& dataset,
                                                                  const std::optional<std::string>& source,
                                                                  const model::Zone& zone,
                                                                  std::span<const DaySpan> spans) = 0;
  // By now, of a source: whatever the moment.
  virtual Result<std::vector<GivenUp>> given_up(std::string_view source) = 0;

  // What the figure was until the moment, counted anew from facts: one or two passes over those of its days. Only
  // commits that changed it; older than `before` (0: from the newest). Error codes: "range_too_wide", more of its facts
  // went than can be held; "history_horizon", some were given up.
  virtual Result<FigureStates> history(const FigureAsk& ask, Seq before, uint32_t limit) = 0;
  // The facts that the figure counts at the moment, in the order of their numbers: a page of them goes to `visit`,
  // which says whether it took the fact; the first that it does not take ends the page. One pass over the facts of the
  // figure's days. Error codes: "unknown_indicator", "history_horizon".
  virtual Result<CountedFacts> counted_facts(const FigureAsk& ask, const FactsAsk& page,
                                             const std::function<bool(const CountedFact&)>& visit) = 0;

  // Commits up to the moment that changed an answer of the indicator, newest first, older than `before` (0: from the
  // newest).
  virtual Result<std::vector<CommitRow>> changes(std::string_view indicator, Seq before, uint32_t limit) = 0;
  // Labels as they are now, whatever the moment; `labelled_only`: those that bear one.
  virtual Result<std::vector<CommitRow>> commits(const PageAsk& ask, bool labelled_only) = 0;
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
