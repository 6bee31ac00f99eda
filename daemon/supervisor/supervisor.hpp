// Runs every source's connector in a worker process: schedules, launches, watches, ends, backs off,
// quarantines. Lives on one io_context with one thread (kepu-io); what any thread may call says so.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "settings/settings.hpp"
#include "supervisor/ingest_port.hpp"
#include "supervisor/machine.hpp"
#include "supervisor/output.hpp"
#include "supervisor/sentence.hpp"

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::supervisor {

class Supervisor final : public WorkerPort {
public:
  struct Options {
    std::filesystem::path worker; // kepu-worker
    settings::Configuration configuration;
    std::optional<std::string> person_key; // 32 bytes
    LogLine log;                           // called on kepu-io
    Timing timing = {};
  };
  // `io`, `clock` and `ingest` outlive the supervisor, and `ingest` calls nothing back after its end.
  Supervisor(boost::asio::io_context& io, const Clock& clock, model::Zone zone, Options options, IngestPort& ingest);
  // On kepu-io, or when it no longer runs. Workers that are left are killed.
  ~Supervisor() override;

  void start(); // kepu-io
  // Cancels every run; calls `then` on kepu-io when no worker is left and every run's end is recorded,
  // at the latest after Timing::shutdown. kepu-io.
  void stop(std::function<void()> then);

  // Every source in order of id, never null. Any thread.
  std::shared_ptr<const std::vector<SourceStatus>> snapshot() const;

  // Any thread; they take effect on kepu-io. Errors: "unknown_source", "already_running", "disabled",
  // "paused", "quarantined", "shutting_down".
  Result<void> run_now(std::string_view source);
  // As run_now(), of days that are swapped in whole. More errors: "streaming".
  Result<void> backfill(std::string_view source, const model::Backfill& asked);
  Result<void> pause(std::string_view source);
  Result<void> may_run(std::string_view source) const; // what run_now() would say
  Result<void> resume(std::string_view source); // also lifts quarantine and back-off, and checks a stopped one anew

  // From the next run on workers are told the datasets of this catalog. Any thread; takes effect on kepu-io.
  void use_catalog(std::shared_ptr<const model::Catalog> catalog);

  // Any thread; they take effect on kepu-io.
  void send(RunToken run, std::string frames) override;
  void drained(RunToken run) override;
  void refuse(RunToken run, Refusal refusal) override;

private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

} // namespace kepu::supervisor
