// Observations: from a typed question to rows. Knows the store's reader, not HTTP. One thread per Reader.
#pragma once

#include "base/result.hpp"
#include "measure/survey.hpp"
#include "model/catalog.hpp"
#include "model/period.hpp"
#include "store/reader.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kepu::query {

// The order of rows; of equal ones by period, then `by`.
enum class Sort : uint8_t { period, period_down, value, value_down };

struct ObservationQuery {
  std::string indicator;
  std::vector<std::string> added; // ids; what they say is added to it, row by row
  model::Freq freq = model::Freq::month;
  std::optional<model::Period> from; // inclusive; nullopt: from the first figure
  std::optional<model::Period> to;   // inclusive; nullopt: to the last figure
  std::optional<std::string> area;   // code: this area and all below
  // Declared dimensions; district / subdistrict / community, the level of "area"; "source"; for measures share and each
  // their register, whose entries then make a row each.
  std::vector<std::string> by;
  std::optional<std::string> source;
  std::optional<Instant> as_of; // names the moment that the reader stands at, so that a cursor belongs to it
  std::vector<std::pair<std::string, std::string>> filters; // dimension = code
  // The day that is now, of the moment: no figure of latest, standing and what is made of them lies beyond it.
  model::Day today = 0;
  // The answer as if that day were now, by what is known at the moment: nothing of later days counts, nor of periods
  // that end later. `today` is that day too.
  std::optional<model::Day> until = {};
  Sort sort = Sort::period;
  uint32_t limit = 1000;
  std::string after; // position: the last row's sort key of the page before; empty: from the start
};

// A figure, and what stands behind it.
struct Amount {
  __int128 value = 0;     // in 10^-scale
  __int128 numerator = 0; // ratio, share, each: what the value is made of
  __int128 denominator = 0;
  uint64_t n = 0; // facts counted
  uint64_t approximate = 0;
  uint64_t repaired = 0;
  uint64_t provisional = 0;
  uint32_t carried = 0;   // latest: parts with a value from before the period
  uint32_t missing = 0;   // latest: parts whose last value is older than max_age
  uint32_t differing = 0; // cells of the grain in which sources say different things; survey_rate: samples of which
                          // none is preferred
  bool is_known = true;   // false: there is no value, and the rest says why
  bool is_frozen = false; // facts of some of its days were given up: it stays as it was when they were
  bool is_break = false; // survey_rate: the first of its group by another epoch's cut: not comparable with those before
  // survey_rate: of which the value is the estimate, rounded; nullptr: there is none.
  std::shared_ptr<const measure::SurveyEstimate> survey = {};
};

struct Observation : Amount {
  model::Period period;
  uint32_t group = 0; // of those of its answer
};
// By period, then group.
inline bool operator<(const Observation& a, const Observation& b) {
  return a.period != b.period ? a.period < b.period : a.group < b.group;
}

// Only cells that count at least one fact become rows. A cell whose facts were all retracted is no row, as
// one that never had any: zero is a value (facts whose sum is 0), missing is none.
struct Observations {
  const model::Indicator* indicator = nullptr; // belongs to the catalog
  std::shared_ptr<const model::Catalog> catalog;
  int scale = 0;
  int numerator_scale = 0;
  int denominator_scale = 0;
  // Codes parallel to the question's `by`, ascending; "" = not further specified.
  std::vector<std::vector<std::string>> groups;
  std::vector<Observation> rows; // by period, then group
  const std::vector<std::string>& by(const Observation& row) const { return groups[row.group]; }
  std::string next; // value for `after` of the next page; empty: this was the last
  store::CommitInfo commit;
};

// At most so many periods x groups between `from` and `to`, cut to what has figures: 30 years of days of
// 450 venues. A question beyond it holds a reader for seconds.
inline constexpr uint64_t max_cells = 5'000'000;
inline constexpr uint32_t max_limit = 100'000; // rows of a page
// Rows that are put in another order than that of periods, which all must be held for it: some 20 MB. A page of such
// an order is a part of one moment: its cursor counts rows and means nothing at another.
inline constexpr uint64_t max_sorted = 100'000;

// Error codes (all 422 but the first): "unknown_indicator" (404), "unknown_dimension", "unknown_area",
// "unknown_code", "bad_range", "range_too_wide", "bad_cursor", "different_quantities", "not_additive",
// "history_horizon", "deadline" (503), "store" (500).
Result<Observations> observe(store::Reader& reader, const ObservationQuery& query);
// The same within a moment that the caller has begun (and ends). `admit` is told how many rows there may be at most
// before any is read, and may throw.
Result<Observations> observe_within(store::Reader& reader, const store::CommitInfo& moment,
                                    const ObservationQuery& query,
                                    const std::function<void(uint64_t rows)>& admit = {});

// The value for `after` of the page behind so many rows, in another order than that of periods.
std::string encode_rows(uint64_t rows);
uint64_t rows_in(std::string_view after);

// The last commit that changed an answer of this indicator, or of those that it is made of.
Result<store::CommitInfo> last_change(store::Reader& reader, const model::Catalog& catalog, std::string_view indicator);
// Ids of the catalog's indicators that one is made of, itself first.
std::vector<std::string> parts_of(const model::Catalog& catalog, const model::Indicator& indicator);
// Whether an answer follows from the day that it is given on, too.
bool depends_on_today(const model::Catalog& catalog, const model::Indicator& indicator);

// A moment of the store that ends with the scope. begin() must have been called.
class MomentEnd {
public:
  explicit MomentEnd(store::Reader& reader) : reader_(reader) {}
  MomentEnd(const MomentEnd&) = delete;
  MomentEnd& operator=(const MomentEnd&) = delete;
  ~MomentEnd() { reader_.end(); }

private:
  store::Reader& reader_;
};

} // namespace kepu::query
