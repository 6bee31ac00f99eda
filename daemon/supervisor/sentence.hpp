// What happened to a source and what to do, in English and Chinese, composed from facts. Pure; any thread.
#pragma once

#include "model/zone.hpp"
#include "supervisor/machine.hpp"

namespace kepu::supervisor {

// "by a segmentation fault (SIGSEGV)", "with exit code 3".
Sentence words(const Exit& exit);

// How a run ended, without what comes next: the text of its record.
Sentence what_happened(const Rules& rules, const State& state, const Reason& reason);

// The source, what happened last, when it is tried again, what to do. Never empty.
Sentence describe(const Rules& rules, const State& state, const model::Zone& zone, Steady now);

// One source's line of status; the same data as the HTTP border's.
struct SourceStatus {
  std::string id;
  std::string connector;
  std::string connector_version; // empty until described
  std::string mode;              // scheduled, streaming; empty until described
  std::string state;             // name(Phase)
  bool paused = false;
  bool enabled = true;
  std::string sentence;
  std::string sentence_zh;
  std::optional<Instant> next_run;
  uint32_t crashes = 0;
  uint64_t progress_done = 0;
  uint64_t progress_total = 0;
  std::optional<Instant> running_since;
  std::string backfill; // days of the one that is started or goes on; empty: none does
};

} // namespace kepu::supervisor
