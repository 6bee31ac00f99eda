// Long commands on the store: asked by operators, done by kepu-ingest step by step between the parts of sources, and
// told about until the daemon ends. A job that the daemon's end cuts off leaves the store as it was; it is not gone on
// with at the next start, and is asked for again by who wants it.
#pragma once

#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "base/result.hpp"
#include "http/control.hpp"
#include "store/work.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::app {

// Stands for all sources, where one is named; no id has this form.
inline constexpr std::string_view every_source = "*";

struct JobPlan {
  std::string kind;   // "withdraw"
  std::string what;   // in words that name it: "run 12", "source gates"
  std::string source; // whose runs may not go on meanwhile, or every_source; empty: of none
  // kepu-ingest. Called when no run of the source is open.
  std::function<Result<std::unique_ptr<store::Work>>()> begin;
  struct Sentences {
    std::string english;
    std::string chinese;
  };
  std::function<Sentences(const store::Work::Outcome&)> done;
  // Another of this kind and with these words is the same, asked for again.
  bool is_told_by_words = true;
};

class Jobs {
public:
  // `clock` outlives this.
  explicit Jobs(const Clock& clock) : clock_(clock) {}

  // Any thread. One that is asked for again before its end is the one that waits or goes on already. Error codes:
  // "too_many_jobs", "shutting_down".
  Result<http::JobStatus> ask(JobPlan plan);
  // Newest first. Any thread.
  std::vector<http::JobStatus> list() const;

  // kepu-ingest. Whether a run of the source, or of every_source, is open, which a job must wait for.
  using OpenRun = std::function<bool(std::string_view source)>;
  // Lets the next job begin whose source has no open run, unless one is going on. true: one is going on.
  bool begin_next(const OpenRun& is_open);
  // Whether the job that is going on holds the runs of that source.
  bool holds(std::string_view source) const { return held_ == source || held_ == every_source; }
  // One step of it. true: it has ended.
  bool step();

  // No more are taken, and those that are there come to their end unfinished: those that wait now, one that goes on
  // instead of its next step. Any thread.
  void end_all();

private:
  struct Job {
    http::JobStatus status;
    JobPlan plan;
  };
  struct State {
    std::deque<Job> all; // oldest first
    uint64_t last_id = 0;
    bool ending = false;
  };
  // Of the job that is going on.
  void end(const char* how, JobPlan::Sentences sentences, store::Work::Outcome outcome = {});

  const Clock& clock_;
  Guarded<State> state_;
  // kepu-ingest only
  uint64_t going_on_ = 0; // its id; 0: none
  std::string held_;
  std::unique_ptr<store::Work> work_;
};

} // namespace kepu::app
