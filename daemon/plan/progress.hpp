// How far a target is. Two steps, so that nothing here asks anybody: which figures it takes, and what they say. The
// formulas stand in README.md, by id. Pure; any thread.
#pragma once

#include "model/catalog.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::plan {

// Figures of one indicator that a target takes: of the plan's area, by no dimension.
struct Question {
  std::string indicator;
  model::Period from; // inclusive, of one freq
  model::Period to;
  model::Day until; // facts of later days do not count: the due day, or the day that is now
};
// One of each indicator of the target, in its order; none before the plan has begun.
std::vector<Question> questions(const model::Catalog& catalog, const model::Plan& plan, const model::Target& target,
                                model::Day today);

struct Interval {
  double low = 0;
  double high = 0;
};

// A figure as it was answered.
struct Figure {
  model::Period period;
  __int128 value = 0; // in 10^-scale
  int scale = 0;
  bool is_known = true;
  // Of a register: entries that count, and all of them.
  __int128 counted = 0;
  __int128 entries = 0;
  std::optional<Interval> interval = {}; // of a survey, 95 %
  uint64_t n = 0;                        // facts behind it
};

enum class Status : uint8_t {
  no_data,
  not_begun, // the plan has not
  // Time is not up:
  achieved,
  on_track,
  behind,
  far_behind,
  // Time is up, and surveys:
  met,
  met_with_confidence,
  not_met,
  cannot_tell
};
std::string_view word(Status status); // "far_behind"

inline constexpr double on_track_pace = 0.95;
inline constexpr double behind_pace = 0.60;

struct Number {
  __int128 value = 0; // in 10^-scale
  int scale = 0;
};

// A number to reach, and whether it is.
struct Judgement {
  Status status = Status::no_data;
  std::optional<Number> required; // nullopt: every entry, and it is not known how many there are
  std::optional<double> reached;  // value / required; nullopt: no data
  std::optional<double> pace;     // reached / expected; nullopt: no data, nothing is expected yet, or a survey
};

// One indicator in one span of time.
struct Judged {
  std::string indicator;
  model::Period from; // the span, of one freq
  model::Period to;
  std::optional<Number> value; // nullopt: no data
  __int128 counted = 0;        // as Figure
  __int128 entries = 0;
  std::optional<Interval> interval;
  uint64_t n = 0;
  bool is_closed = false;         // time is up
  std::optional<double> expected; // share of the way that should be gone
  Judgement floor;
  std::optional<Judgement> stretch;
};

struct Progress {
  Status status =
      Status::no_data; // of the floor; of several indicators, or once the plan is over of all its years, the worst
  std::optional<Status> stretch;
  std::vector<Judged> now;   // one of each indicator; annual: of the year that is now, or the last one
  std::vector<Judged> years; // annual: every year that has begun, ascending, by indicator
  std::string_view formula;  // "annual/1"; empty: the plan has not begun
};

// `figures` are parallel to questions(), each as answered: by period, periods without a figure left out.
Progress progress(const model::Catalog& catalog, const model::Plan& plan, const model::Target& target,
                  const std::vector<std::vector<Figure>>& figures, model::Day today);

} // namespace kepu::plan
