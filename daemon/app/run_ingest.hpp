// One run's frames on kepu-ingest: decoded, judged, mapped, put into its part. No threads of its own.
#pragma once

#include "app/refused_inputs.hpp"
#include "base/clock.hpp"
#include "pipeline/mapper.hpp"
#include "store/writer.hpp"
#include "supervisor/ingest_port.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kepu::app {

// What a worker is told whose frame is not taken, so that it need not wait for CANCEL and TERM; empty
// for a frame that is not answered.
std::string refusing_answer(const wire::Header& header);

class RunIngest {
public:
  // `refused` is of the source and outlives this.
  static Result<std::unique_ptr<RunIngest>> begin(store::Writer& writer, supervisor::RunInfo info,
                                                  RefusedInputs& refused, const Clock& clock);

  struct Answer {
    std::string frames;                        // for the worker
    std::optional<supervisor::Refusal> refuse; // the run must end so; later frames are ignored
    bool committed = false;                    // a part is on disk
  };
  const std::string& source() const { return info_.source; }
  Answer frame(const wire::Header& header, std::string_view payload);
  // Rows of the part that is open.
  uint64_t part_rows() const { return tally_.rows; }
  // What it gave was written together with others, and none of it is there: it must end. nullopt: it must already.
  std::optional<supervisor::Refusal> lost(const Error& error);
  // Nothing more comes of a run that ended well: what a backfill read is swapped in. nullopt: it is, or the run is
  // none.
  std::optional<supervisor::Refusal> swap();
  // What was not committed is dropped.
  Result<void> end(const supervisor::RunOutcome& outcome);

private:
  RunIngest(store::Writer& writer, supervisor::RunInfo info, RefusedInputs& refused, const Clock& clock)
      : writer_(writer), info_(std::move(info)), refused_inputs_(refused), clock_(clock) {}
  Result<void> take(const wire::Header& header, std::string_view payload, std::string& frames);
  Result<void> rows(std::string_view payload);
  Result<void> retract(std::string_view payload);
  Result<void> input(const wire::InputAsked& asked, uint32_t tag, std::string& frames);
  Result<void> replace(const wire::ScopeFrame& scope);
  Result<void> commit(const wire::CommitFrame& commit, uint32_t tag, std::string& frames);
  Result<pipeline::Mapper*> mapper(uint16_t dataset);
  Result<void> reject(store::Refused refused);
  Result<void> judge(const char* which_rows);
  Result<void> try_swap();
  supervisor::Refusal refusal_of(const Error& error);

  // Rows and rejects since the last commit, of one input or of all.
  struct Tally {
    uint64_t rows = 0; // rejects included
    uint64_t rejects = 0;
  };
  bool too_many(const Tally& tally) const;
  void count(uint64_t rows, uint64_t rejects);
  struct InputTally : Tally {
    std::string name;
    RefusedInputs::Hash hash;
    std::string known_by{}; // what rows without a key are known by, beside their place
  };

  store::Writer& writer_;
  const supervisor::RunInfo info_;
  RefusedInputs& refused_inputs_;
  const Clock& clock_;
  uint64_t run_ = 0;
  std::vector<std::optional<pipeline::Mapper>> mappers_; // by dataset number
  std::unique_ptr<store::Part> part_;
  model::FactColumns facts_;
  std::vector<pipeline::Refusal> refused_;
  bool replaces_keyless_ = false; // the open replacement was opened here, for a dataset without a key
  bool is_refused_ = false;
  bool is_uncommitted_ = false; // something came since the last commit
  uint64_t sent_rows_ = 0;      // since the last commit, as the worker counts them
  uint64_t sent_rejects_ = 0;
  Tally tally_;                    // of the part
  std::vector<InputTally> inputs_; // of the part; the last one is open when the part's input is
  bool has_new_refused_input_ = false;
  uint64_t run_rows_ = 0;
  bool judged_first_ = false;
};

} // namespace kepu::app
