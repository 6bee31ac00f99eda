// What a source does next, as one pure function: no clock, no processes, no I/O. Any thread.
//
// The caller keeps a State per source, turns what happens into Events, carries the Actions out in
// their order, and arms one timer at State::wake, which comes back as event::Timer.
#pragma once

#include "base/clock.hpp"
#include "model/backfill.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace kepu::supervisor {

// Every delay and deadline, so that tests can make them short.
struct Timing {
  using Duration = std::chrono::microseconds;
  Duration start_up = std::chrono::seconds(10);       // HELLO, and then DESCRIPTOR, must come within this
  Duration cancel_grace = std::chrono::seconds(5);    // from CANCEL or BYE to TERM
  Duration term_grace = std::chrono::seconds(3);      // from TERM to KILL, and between two KILLs
  Duration shutdown_cancel = std::chrono::seconds(4); // the same two, when the daemon itself must end:
  Duration shutdown_term = std::chrono::seconds(2);   // systemd and the operator wait for 10 s in all
  Duration shutdown = std::chrono::seconds(8);        // then the supervisor no longer waits for anything
  Duration backoff_first = std::chrono::seconds(1);
  Duration backoff_cap = std::chrono::minutes(10);
  Duration crash_window = std::chrono::minutes(10);
  uint32_t crash_limit = 5;                        // so many crashes in the window: quarantine
  Duration library_poll = std::chrono::seconds(5); // looking whether a library was replaced
  Duration stable = std::chrono::minutes(1);       // a run this long starts the back-off anew
  Duration clock_poll = std::chrono::seconds(30);  // how late a stepped clock may be noticed by cron
};

// The same sentence in English and Chinese.
struct Sentence {
  std::string en;
  std::string zh;
};

// What a look at a source's library saw. An empty path: it is in no folder of connectors.
struct LibraryLook {
  std::string path;
  int64_t mtime_ns = 0;
  uint64_t size = 0;
  bool usable = false; // a regular file that no one else may write
  bool operator==(const LibraryLook&) const = default;
  // Quarantine is about the file, not about who may write it.
  bool same_file(const LibraryLook& other) const {
    return path == other.path && mtime_ns == other.mtime_ns && size == other.size;
  }
};

// How a process ended: by a signal, or else with a code.
struct Exit {
  int code = 0;
  int signal = 0;
  bool operator==(const Exit&) const = default;
};

enum class Phase : uint8_t {
  stopped,     // no worker; waits for someone to change something
  starting,    // library, descriptor and settings are checked, the worker is launched and configured
  ready,       // no worker; the next run comes by schedule or on demand
  running,     // the connector runs
  stopping,    // the worker was asked, or made, to end
  backing_off, // no worker; will be tried again
  quarantined  // no worker; crashed too often; waits for another library or for `resume`
};
const char* name(Phase phase);

enum class What : uint8_t {
  nothing_yet,
  disabled,
  checked, // looked at, not yet run
  ended_well,
  retry, // the source is out of reach
  bad_config,
  bad_library, // missing, not to be trusted, or made for another version
  bad_data,
  cancelled,
  bug,             // said by the worker's host or by ingest
  misbehaved,      // frames that are none, or out of turn
  crashed,         // ended without DONE
  crashed_on_load, // the same, while its descriptor was asked for
  silent_at_start, // no HELLO or DESCRIPTOR in time
  ignored_cancel,  // had to be killed
  not_launched,    // no process could be made
  shut_down
};

// Why a source is where it is: facts, from which the sentences are composed.
struct Reason {
  What what = What::nothing_yet;
  Sentence detail; // from the worker, the check or ingest; may be empty
  Exit exit;       // crashed, crashed_on_load
  Instant at{};
};

// What follows when a run or a check ended.
enum class After : uint8_t { ok, retry, stop, bad_data, again, cancelled, crash };

struct OnDemand {};
struct EverySoOften {
  std::chrono::microseconds interval;
};
struct ByCalendar {
  // First due moment strictly after `after`; nullopt: never.
  std::function<std::optional<Instant>(Instant after)> next;
};

// What is fixed about a source while the daemon runs.
struct Rules {
  std::string source;
  std::string connector;
  std::string file; // the source's file, for sentences
  bool enabled = true;
  std::variant<OnDemand, EverySoOften, ByCalendar> schedule;
  Timing timing;
};

struct Ending {
  After after = After::ok;
  std::string status; // as RunOutcome::status
  Reason reason;
};

struct State {
  enum class Step : uint8_t { checking, launching, configuring }; // of starting
  // Of stopping. Settling: the worker is gone, ingest works off what it had sent.
  enum class Stage : uint8_t { leaving, cancelling, terminating, killing, settling };

  Phase phase = Phase::stopped;
  Step step = Step::checking;
  Stage stage = Stage::leaving;
  bool paused = false;
  bool shutting_down = false;
  bool streaming = false; // as the connector's descriptor says; false until it is known
  bool wanted = false;    // the check that goes on, or went last, is for a run
  bool worker = false;    // a worker exists: from Spawn until SpawnFailed or Exited
  bool run_open = false;  // BeginRun was ordered and EndRun was not
  // What the check and the run that follows it are for; nullopt: a normal run.
  std::optional<model::Backfill> backfill;
  std::optional<Steady> wake;        // the one timer; none: nothing is waited for in time
  std::optional<Instant> next_run;   // for people, and for ByCalendar the moment itself
  std::optional<Steady> run_started; // of the last run but backfills, which no schedule counts from
  std::optional<Instant> running_since;
  Instant armed{};              // wall clock when a calendar's timer was set, to notice a step back
  std::optional<Ending> ending; // of what is stopping, once it is decided
  LibraryLook library;
  std::vector<Steady> crashes; // oldest first, inside the window
  uint32_t failures = 0;       // in a row; drives the back-off
  Reason last;                 // why this phase
};

namespace event {
struct Begin {};
struct Timer {};
struct Checked {
  LibraryLook library;
  bool streaming = false;
};
struct CheckFailed {
  LibraryLook library;
  After then = After::stop; // stop, retry or crash
  Reason reason;            // `at` is filled in
};
struct SpawnFailed {
  Sentence detail;
};
struct Hello {};
struct Configured {}; // DESCRIPTOR came back
struct Done {
  int32_t status = 0; // kepu_run_status
  std::string text;
};
// The worker's process is gone and all that it had sent was read.
struct Exited {
  Exit exit;
};
struct Settled {};
struct Misbehaved {
  Sentence detail;
};
struct Refused {      // by ingest
  std::string status; // as RunOutcome::status
  std::string text;
  bool again = false; // the next run gets further at once
};
struct RunNow {};
struct Backfill { // only of a source that rests and does not stream
  model::Backfill asked;
};
struct Pause {};
struct Resume {};
struct LibrarySeen {
  LibraryLook library;
};
struct Shutdown {};
} // namespace event
using Event =
    std::variant<event::Begin, event::Timer, event::Checked, event::CheckFailed, event::SpawnFailed, event::Hello,
                 event::Configured, event::Done, event::Exited, event::Settled, event::Misbehaved, event::Refused,
                 event::RunNow, event::Backfill, event::Pause, event::Resume, event::LibrarySeen, event::Shutdown>;

namespace action {
struct Check {};         // library, descriptor, settings, cursor; answered by Checked or CheckFailed, unless dropped
struct DropCheck {};     // its answer is no longer wanted
struct LookAtLibrary {}; // answered by LibrarySeen
struct Spawn {};
struct SendConfigure {};
struct BeginRun {};
struct SendStart {};
struct SendCancel {};
struct SendBye {};
struct Terminate {}; // the process group
struct Kill {};      // the process group
struct Settle {      // answered by Settled when ingest has worked off what the worker had sent
  bool well = false; // as far as the worker knows
};
struct EndRun {
  std::string status;
  Reason reason;
};
} // namespace action
using Action = std::variant<action::Check, action::DropCheck, action::LookAtLibrary, action::Spawn,
                            action::SendConfigure, action::BeginRun, action::SendStart, action::SendCancel,
                            action::SendBye, action::Terminate, action::Kill, action::Settle, action::EndRun>;

struct Now {
  Instant wall;
  Steady steady;
  double jitter = 0; // 0 <= jitter < 1, drawn anew for each call
};

struct Transition {
  State state;
  std::vector<Action> actions;
};

// Events that mean nothing in a state leave it as it is.
Transition next(const Rules& rules, State state, const Event& event, const Now& now);

// How many crashes the quarantine looks at now.
uint32_t crashes_in_window(const Rules& rules, const State& state, Steady now);

} // namespace kepu::supervisor
