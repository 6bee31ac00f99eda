// SPDX-License-Identifier: Apache-2.0
//
// A sink that prints. Worker thread, but for log, progress and cancel.
#pragma once

#include "arguments.hpp"

#include <kepu/host/host.hpp>
#include <kepu/testing/ledger.hpp>

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::tool {

class Show final : public host::Sink {
public:
  // Reads the cursor file when there is one; throws std::runtime_error when that fails.
  explicit Show(const Arguments& arguments);
  ~Show() override;
  Show(const Show&) = delete;
  Show& operator=(const Show&) = delete;

  void datasets(const std::vector<abi::Dataset>& datasets) { datasets_ = &datasets; }
  void cancel(); // [any], also from a signal handler
  bool limit_reached() const { return limit_reached_; }
  bool failed() const { return failed_; } // a file or the output could not be written
  void end(const host::Outcome& outcome);

  int32_t begin_input(const host::Input& input, host::InputAnswer& answer) override;
  int32_t end_input() override;
  int32_t rows(const abi::Batch& batch) override;
  int32_t retract(const abi::Batch& keys) override;
  int32_t begin_replace(const host::Scope& scope) override;
  int32_t end_replace() override;
  int32_t reject(uint64_t place, std::string_view field, std::string_view code, std::string_view message) override;
  int32_t commit(std::string_view cursor, uint64_t part, uint64_t rows, uint64_t rejects) override;
  int32_t wait_durable(uint64_t part) override;
  std::string cursor() override { return cursor_; }
  void log(int32_t level, std::string_view text) override;
  void progress(uint64_t done, uint64_t total) override;
  bool cancelled() override { return cancelled_; }
  int cancel_fd() override { return pipe_[0]; }

private:
  int32_t answer() const;
  // A line for people, or the members of a JSON object of this type.
  void say(std::string_view type, const std::string& text, const std::string& members);
  void print(const std::string& line);
  bool keep_cursor();

  const Arguments& arguments_;
  const std::vector<abi::Dataset>* datasets_ = nullptr;
  testing::Ledger ledger_; // of this run alone
  std::string cursor_;
  uint64_t rows_ = 0;
  uint64_t rejects_ = 0;
  bool limit_reached_ = false;
  bool failed_ = false;
  std::atomic<bool> cancelled_ = false;
  int pipe_[2] = {-1, -1};
  std::mutex mutex_; // guards standard error, which log and progress share
};

} // namespace kepu::tool
