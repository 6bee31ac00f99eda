// SPDX-License-Identifier: Apache-2.0
#include "show.hpp"

#include "settings_file.hpp"

#include <kepu/testing/lines.hpp>

#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <stdexcept>
#include <unistd.h>

namespace kepu::tool {

using testing::json_string;

Show::Show(const Arguments& arguments) : arguments_(arguments) {
  std::error_code error;
  if (!arguments.cursor.empty() && std::filesystem::exists(arguments.cursor, error) &&
      !read_small_file(arguments.cursor, KEPU_MAX_CURSOR_BYTES, cursor_))
    throw std::runtime_error(arguments.cursor + ": the cursor cannot be read, or has more than 64 KiB");
  if (::pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) != 0)
    throw std::runtime_error("there is no pipe left for the cancel signal");
}

Show::~Show() {
  ::close(pipe_[0]);
  ::close(pipe_[1]);
}

void Show::cancel() {
  if (cancelled_.exchange(true)) return;
  [[maybe_unused]] const auto n = ::write(pipe_[1], "", 1); // a byte stays unread: readable for good
}

int32_t Show::answer() const {
  if (failed_) return KEPU_E_CLOSED;
  return limit_reached_ ? KEPU_E_CANCELLED : KEPU_OK;
}

void Show::print(const std::string& line) {
  if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() || std::fputc('\n', stdout) == EOF)
    failed_ = true;
}

void Show::say(std::string_view type, const std::string& text, const std::string& members) {
  if (!arguments_.json) return print(std::string(type) + (text.empty() ? "" : " ") + text);
  print("{\"type\":" + json_string(type) + (members.empty() ? "" : ",") + members + "}");
}

int32_t Show::begin_input(const host::Input& input, host::InputAnswer& answered) {
  answered = ledger_.begin(input);
  const std::string decision = testing::decision_text(answered.decision);
  const std::string name = host::scrub(input.name);
  say("input", name + ", " + std::to_string(input.size) + " bytes: " + decision,
      "\"name\":" + json_string(name) + ",\"size\":" + std::to_string(input.size) +
          ",\"decision\":" + json_string(decision));
  return answer();
}

int32_t Show::end_input() {
  ledger_.end();
  say("end_input", "", "");
  return answer();
}

int32_t Show::rows(const abi::Batch& batch) {
  const auto& dataset = (*datasets_)[batch.dataset];
  for (size_t row = 0; row < batch.rows && answer() == KEPU_OK; ++row) {
    const uint64_t place = batch.place(row);
    if (arguments_.json) {
      say("row", "",
          "\"dataset\":" + json_string(dataset.id) + (place ? ",\"place\":" + std::to_string(place) : "") +
              ",\"row\":" + testing::row_json(dataset.fields, batch, row));
    } else {
      say("row",
          dataset.id + (place ? " " + std::to_string(place) : "") + ": " +
              testing::row_text(dataset.fields, batch, row),
          "");
    }
    if (++rows_ == arguments_.limit) {
      limit_reached_ = true;
      cancel();
    }
  }
  return answer();
}

int32_t Show::retract(const abi::Batch& keys) {
  const auto& dataset = (*datasets_)[keys.dataset];
  const auto fields = testing::key_fields(dataset);
  for (size_t row = 0; row < keys.rows; ++row)
    say("retract", dataset.id + ": " + testing::row_text(fields, keys, row),
        "\"dataset\":" + json_string(dataset.id) + ",\"key\":" + testing::row_json(fields, keys, row));
  return answer();
}

int32_t Show::begin_replace(const host::Scope& scope) {
  const std::string text = testing::scope_text((*datasets_)[scope.dataset], scope);
  say("replace", text, "\"scope\":" + json_string(text));
  return answer();
}

int32_t Show::end_replace() {
  say("end_replace", "", "");
  return answer();
}

int32_t Show::reject(uint64_t place, std::string_view field, std::string_view code, std::string_view message) {
  ++rejects_;
  say("reject",
      std::to_string(place) + " " + std::string(field) + (field.empty() ? "" : " ") + std::string(code) + ": " +
          std::string(message),
      "\"place\":" + std::to_string(place) + ",\"field\":" + json_string(field) + ",\"code\":" + json_string(code) +
          ",\"message\":" + json_string(message));
  return answer();
}

// The new cursor takes the old one's place whole or not at all.
bool Show::keep_cursor() {
  if (arguments_.cursor.empty()) return true;
  const std::string fresh = arguments_.cursor + ".new";
  FILE* file = std::fopen(fresh.c_str(), "wb");
  if (!file) return false;
  bool right = std::fwrite(cursor_.data(), 1, cursor_.size(), file) == cursor_.size();
  right &= std::fflush(file) == 0 && ::fsync(::fileno(file)) == 0;
  right &= std::fclose(file) == 0;
  return right && std::rename(fresh.c_str(), arguments_.cursor.c_str()) == 0;
}

int32_t Show::commit(std::string_view cursor, uint64_t part, uint64_t rows, uint64_t rejects) {
  if (const int32_t status = answer(); status != KEPU_OK) return status;
  ledger_.commit();
  cursor_ = cursor;
  const std::string shown = host::scrub(cursor);
  say("commit",
      std::to_string(part) + ", " + std::to_string(rows) + " rows, " + std::to_string(rejects) + " rejects, cursor " +
          json_string(shown),
      "\"part\":" + std::to_string(part) + ",\"rows\":" + std::to_string(rows) +
          ",\"rejects\":" + std::to_string(rejects) + ",\"cursor\":" + json_string(shown));
  if (!keep_cursor()) {
    failed_ = true;
    log(KEPU_ERROR, arguments_.cursor + ": the cursor cannot be written");
  }
  return answer();
}

int32_t Show::wait_durable(uint64_t) { return answer(); } // commit wrote the cursor already

void Show::log(int32_t level, std::string_view text) {
  std::lock_guard lock(mutex_);
  std::fprintf(stderr, "%s: %.*s\n", testing::level_text(level), static_cast<int>(text.size()), text.data());
}

void Show::progress(uint64_t done, uint64_t total) {
  std::lock_guard lock(mutex_);
  std::fprintf(stderr, total ? "progress: %llu of %llu\n" : "progress: %llu\n", static_cast<unsigned long long>(done),
               static_cast<unsigned long long>(total));
}

void Show::end(const host::Outcome& outcome) {
  const std::string status = testing::status_text(outcome.status);
  say("ended",
      status + ", " + std::to_string(rows_) + " rows, " + std::to_string(rejects_) + " rejects" +
          (outcome.text.empty() ? "" : ": " + outcome.text),
      "\"status\":" + json_string(status) + ",\"rows\":" + std::to_string(rows_) +
          ",\"rejects\":" + std::to_string(rejects_) + ",\"text\":" + json_string(outcome.text));
  if (std::fflush(stdout) != 0) failed_ = true;
}

} // namespace kepu::tool
