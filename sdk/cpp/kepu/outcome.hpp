// SPDX-License-Identifier: Apache-2.0
//
// How create, discover and run end.
#pragma once

#include <kepu/connector.h>

#include <exception>
#include <string>
#include <utility>

namespace kepu {

// Decides what the scheduler does; `text` is one sentence for people: what, where, what to do.
struct Outcome {
  kepu_run_status status = KEPU_RUN_OK;
  std::string text;

  static Outcome ok(std::string text = {}) { return {KEPU_RUN_OK, std::move(text)}; }
  // Out of reach for now: come again later, waiting longer each time.
  static Outcome retry(std::string text) { return {KEPU_RUN_RETRY, std::move(text)}; }
  // Will not work until the source's file or the library changes.
  static Outcome bad_config(std::string text) { return {KEPU_RUN_BAD_CONFIG, std::move(text)}; }
  // Rows since the last commit are dropped; the next run is a normal one.
  static Outcome bad_data(std::string text) { return {KEPU_RUN_BAD_DATA, std::move(text)}; }
  static Outcome cancelled() { return {KEPU_RUN_CANCELLED, {}}; }
  static Outcome bug(std::string text) { return {KEPU_RUN_BUG, std::move(text)}; }
};

// Ends the run from any depth with the outcome it carries. Thrown by Host and Settings (cancelled, hub
// gone, contract broken, setting absent) and, where that reads better than a return, by authors.
// Need not be caught: the border turns it, and any other exception, into the run's end.
class Ended : public std::exception {
public:
  explicit Ended(Outcome outcome) : outcome_(std::move(outcome)) {}
  const Outcome& outcome() const noexcept { return outcome_; }
  const char* what() const noexcept override { return outcome_.text.c_str(); }

private:
  Outcome outcome_;
};

} // namespace kepu
