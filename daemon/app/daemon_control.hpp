// What HTTP may ask, answered from the supervisor and the ingest. Any thread.
#pragma once

#include "app/ingest.hpp"
#include "http/control.hpp"
#include "settings/settings.hpp"
#include "supervisor/supervisor.hpp"

#include <atomic>

namespace kepu::app {

class DaemonControl final : public http::Control {
public:
  // All outlive this.
  DaemonControl(supervisor::Supervisor& supervisor, Ingest& ingest, store::Writer& writer,
                const settings::Daemon& daemon)
      : supervisor_(supervisor), ingest_(ingest), writer_(writer), daemon_(daemon) {}

  std::vector<http::SourceStatus> sources() override;
  Result<void> run_now(std::string_view source) override { return supervisor_.run_now(source); }
  Result<void> pause(std::string_view source) override { return supervisor_.pause(source); }
  Result<void> resume(std::string_view source) override { return supervisor_.resume(source); }
  Result<store::CommitInfo> label(std::optional<uint64_t> commit, std::string_view label, bool replace) override;
  Result<void> run_again(std::string_view source) override;
  Result<void> retry(const std::string& source, const std::optional<std::string>& input) override;
  Result<void> backfill(std::string_view source, const model::Backfill& asked) override {
    return supervisor_.backfill(source, asked);
  }
  Result<http::JobStatus> withdraw_run(uint64_t run, const std::string& source) override;
  Result<http::JobStatus> withdraw_source(const std::string& source) override;
  Result<http::JobStatus> retention(const std::string& source, model::Day before) override;
  Result<http::JobStatus> rebuild() override;
  Result<http::JobStatus> verify() override;
  Result<http::JobStatus> compact() override;
  Result<http::JobStatus> reload() override;
  Result<http::JobStatus> erase_person(uint64_t pseudonym, const std::string& key) override;
  std::vector<http::JobStatus> jobs() override { return ingest_.jobs(); }
  http::Health health() override;
  std::vector<http::Metric> metrics() override;
  void stopping() { stopping_ = true; }

private:
  supervisor::Supervisor& supervisor_;
  Ingest& ingest_;
  store::Writer& writer_; // but for its atomics: kepu-ingest only
  const settings::Daemon& daemon_;
  std::atomic<bool> stopping_{false};
};

} // namespace kepu::app
