// What HTTP may ask of the running daemon; implemented by app. Every call but label(): any thread, does not
// wait for I/O.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "model/backfill.hpp"
#include "model/period.hpp"
#include "store/reader.hpp"
#include "store/verified.hpp"
#include "store/work.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kepu::http {

struct SourceStatus {
  std::string id;
  std::string connector;
  std::string connector_version; // empty until described
  std::string mode;              // scheduled, streaming; empty until described
  std::string state;             // stopped starting ready running stopping backing_off quarantined
  bool paused = false;
  std::string sentence; // what happened last and what to do, English; never empty
  std::string sentence_zh;
  std::optional<Instant> next_run;
  uint32_t crashes = 0;        // in the window that quarantine looks at
  uint64_t progress_done = 0;  // of the run that is going on
  uint64_t progress_total = 0; // 0: unknown
  std::optional<Instant> running_since;
};

// A long command on the store; see POST …/withdraw.
struct JobStatus {
  uint64_t id = 0;
  std::string kind;     // withdraw, retention, rebuild, verify, compact, erase
  std::string what;     // "run 12", "source gates"
  std::string state;    // queued running done failed
  uint64_t done = 0;    // of `total`
  uint64_t total = 0;   // 0: not known yet
  std::string sentence; // what it does, waits for or came to; English; never empty
  std::string sentence_zh;
  Instant asked{};
  std::optional<Instant> ended;
  std::optional<store::Verified> verified;   // of one that is done and looked at the store
  std::optional<store::Erased> erased;       // of one that is done and was to erase a person
  std::optional<store::Compacted> compacted; // of one that is done and joined what lay in pieces
};

struct Health {
  bool ready = false;
  std::string reason; // when not ready: what and what to do
};

// One value of /metrics; the exporter groups by name.
struct Metric {
  std::string name; // kepu_..., base units, counters end in _total
  std::string help;
  std::string type; // counter, gauge
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
};

class Control {
public:
  virtual ~Control() = default;
  virtual std::vector<SourceStatus> sources() = 0; // in order of id
  // Error codes: "unknown_source", "already_running", "disabled", "paused", "quarantined", "shutting_down".
  virtual Result<void> run_now(std::string_view source) = 0;
  virtual Result<void> pause(std::string_view source) = 0;
  virtual Result<void> resume(std::string_view source) = 0; // also lifts quarantine and back-off
  // Gives a commit (nullopt: the last) a label, as store::Writer::label() does; waits until it is on disk, but not for
  // ever: any thread that may wait. Error codes of it, "busy", "shutting_down".
  virtual Result<store::CommitInfo> label(std::optional<uint64_t> commit, std::string_view label, bool replace) = 0;
  // As run_now(), from the source's beginning: what was withdrawn is read again, the inputs that are held are not.
  virtual Result<void> run_again(std::string_view source) = 0;
  // As run_now(), with the inputs that left rejects, or this one of them, read again.
  virtual Result<void> retry(const std::string& source, const std::optional<std::string>& input) = 0;
  // A run that swaps what is held of some days for what the source holds now. Error codes as run_now(), "streaming".
  virtual Result<void> backfill(std::string_view source, const model::Backfill& asked) = 0;
  // The job that takes back a run of the source, or all its runs; see store::Writer. Error codes: "too_many_jobs",
  // "shutting_down".
  virtual Result<JobStatus> withdraw_run(uint64_t run, const std::string& source) = 0;
  virtual Result<JobStatus> withdraw_source(const std::string& source) = 0;
  // The job that gives up facts of a source from before a day; codes as above.
  virtual Result<JobStatus> retention(const std::string& source, model::Day before) = 0;
  // The job that makes damaged figures anew; codes as above.
  virtual Result<JobStatus> rebuild() = 0;
  // The job that looks whether figures agree with the facts and whether anything is damaged; codes as above.
  virtual Result<JobStatus> verify() = 0;
  // The job that joins what many small parts left in pieces; codes as above.
  virtual Result<JobStatus> compact() = 0;
  // The job that reads the catalog again and makes anew what it touches, when no run is open; codes as above.
  virtual Result<JobStatus> reload() = 0;
  // The job that makes the hub forget a person, told by pseudonym; `key`: fingerprint of the key that it was made with.
  // No answer and no job says who it was. Codes as above.
  virtual Result<JobStatus> erase_person(uint64_t pseudonym, const std::string& key) = 0;
  // Newest first; only of this life of the daemon, and of those that have ended only the last.
  virtual std::vector<JobStatus> jobs() = 0;
  virtual Health health() = 0;
  virtual std::vector<Metric> metrics() = 0;
};

} // namespace kepu::http
