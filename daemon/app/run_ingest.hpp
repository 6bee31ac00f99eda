// One run's frames on kepu-ingest: decoded, judged, mapped, put into its part. No threads of its own.
#pragma once

#include "base/clock.hpp"
#include "pipeline/mapper.hpp"
#include "store/writer.hpp"
#include "supervisor/ingest_port.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kepu::app {

class RunIngest {
public:
  static Result<std::unique_ptr<RunIngest>> begin(store::Writer& writer, supervisor::RunInfo info, const Clock& clock);

  struct Answer {
    std::string frames;                           // for the worker
    std::optional<supervisor::RunOutcome> refuse; // the run must end so; later frames are ignored
    bool committed = false;                       // a part is on disk
  };
  const std::string& source() const { return info_.source; }
  Answer frame(const wire::Header& header, std::string_view payload);
  // What was not committed is dropped.
  Result<void> end(const supervisor::RunOutcome& outcome);

private:
  RunIngest(store::Writer& writer, supervisor::RunInfo info, const Clock& clock)
      : writer_(writer), info_(std::move(info)), clock_(clock) {}
  Result<void> take(const wire::Header& header, std::string_view payload, std::string& frames);
  Result<void> rows(std::string_view payload);
  Result<void> retract(std::string_view payload);
  Result<void> input(const wire::InputAsked& asked, uint32_t tag, std::string& frames);
  Result<void> replace(const wire::ScopeFrame& scope);
  Result<void> commit(const wire::CommitFrame& commit, uint32_t tag, std::string& frames);
  Result<pipeline::Mapper*> mapper(uint16_t dataset);
  Result<void> reject(store::Refused refused);
  bool too_many_rejects() const;

  store::Writer& writer_;
  const supervisor::RunInfo info_;
  const Clock& clock_;
  uint64_t run_ = 0;
  std::vector<std::optional<pipeline::Mapper>> mappers_; // by dataset number
  std::unique_ptr<store::Part> part_;
  model::FactColumns facts_;
  std::vector<pipeline::Refusal> refused_;
  std::string input_name_;
  bool replaces_keyless_ = false; // the open replacement was opened here, for a dataset without a key
  bool is_refused_ = false;
  uint64_t sent_rows_ = 0; // since the last commit, as the worker counts them
  uint64_t sent_rejects_ = 0;
  uint64_t part_rows_ = 0; // since the last commit, rejects included
  uint64_t part_rejects_ = 0;
  uint64_t run_rows_ = 0;
  bool judged_first_ = false;
};

} // namespace kepu::app
