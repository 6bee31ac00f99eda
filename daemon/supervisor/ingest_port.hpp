// The border between kepu-io, where workers' bytes arrive, and kepu-ingest, which makes facts of
// them. The supervisor calls IngestPort; ingest answers through WorkerPort. Neither side waits.
#pragma once

#include "base/clock.hpp"
#include "model/backfill.hpp"
#include "wire/frames.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace kepu::supervisor {

using RunToken = uint64_t; // names one run of this process's life; never reused

struct RunInfo {
  RunToken token = 0;
  std::string source;
  std::string connector;
  std::string connector_version;
  std::string library_hash;           // SHA-256 of the library, lowercase hex
  std::vector<abi::Dataset> datasets; // as the connector declared them; index = dataset number in frames
  double max_reject_share = 1;
  Instant started{};
  std::optional<model::Backfill> backfill; // nothing of the run is visible before settle
};

// How a run ended, as recorded: ok retry bad_config bad_data cancelled bug crashed killed interrupted
struct RunOutcome {
  std::string status;
  std::string text; // one sentence
  Instant ended{};
};

// Why ingest will take no more of a run, and what follows; words as RunOutcome's.
struct Refusal {
  std::string status;
  std::string text;
  bool again = false; // what was met is remembered and passed over: another run gets further at once
};

class IngestPort { // implemented by app; called on kepu-io
public:
  virtual ~IngestPort() = default;
  // Calls `then` on kepu-io with the source's durable cursor, after everything handed over so far.
  virtual void prepare(const std::string& source, std::function<void(std::string cursor)> then) = 0;
  virtual void run_begins(RunInfo info) = 0;
  // One frame of type INPUT, ROWS, RETRACT, REPLACE, REJECT or COMMIT, payload unread. It is always
  // taken; false: do not read this worker's socket until WorkerPort::drained.
  virtual bool frame(RunToken run, wire::Header header, std::string payload) = 0;
  // No more frames come. Calls `then` on kepu-io when all that came was worked off, after every
  // WorkerPort::refuse that it caused. `well`: what a backfill read is swapped in now.
  virtual void settle(RunToken run, bool well, std::function<void()> then) = 0;
  // After `settle`. What was not committed is dropped. `recorded` is called on kepu-io when the run's
  // end is on disk.
  virtual void run_ends(RunToken run, RunOutcome outcome, std::function<void()> recorded) = 0;
};

class WorkerPort { // implemented by supervisor; called from kepu-ingest, acts on kepu-io
public:
  virtual ~WorkerPort() = default;
  // Bytes of whole frames for the run's worker; dropped when it is gone.
  virtual void send(RunToken run, std::string frames) = 0;
  virtual void drained(RunToken run) = 0;
  // The run must end: the worker is cancelled (then TERM, KILL by deadline) and the run is recorded
  // so, whatever the worker says afterwards.
  virtual void refuse(RunToken run, Refusal refusal) = 0;
};

} // namespace kepu::supervisor
