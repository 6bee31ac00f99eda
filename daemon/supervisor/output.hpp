// What a worker prints or logs, on its way to the daemon's log: cut into lines, made harmless,
// bounded in rate. One per source; kepu-io only.
#pragma once

#include "base/clock.hpp"
#include "settings/settings.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace kepu::supervisor {

// `source` is empty for lines about the supervisor itself. Text is one clean line of UTF-8.
using LogLine = std::function<void(settings::LogLevel level, std::string_view source, std::string_view text)>;

// One line: control characters, line and direction marks and bytes that are not UTF-8 escaped; runs
// of 11 digits and more (ASCII or full-width, as mobiles and ID cards are written, also with a last X)
// blanked; cut at KEPU_MAX_TEXT_BYTES. Pure; any thread.
std::string clean(std::string_view text);

class Output {
public:
  // `clock` and `log` outlive the object.
  Output(const Clock& clock, std::string source, const LogLine& log);

  // Logs a line, or counts it when there were too many within this second.
  void line(settings::LogLevel level, std::string_view text);
  // Something that its writer said and that is no line: counts as one where floods are judged.
  void heard();
  // Until when its writer should not be listened to, because it wrote far too much within this second.
  std::optional<Steady> hold_until() const;
  // Says how many lines were left out since the last time, if any.
  void report_left_out();

private:
  void roll();

  const Clock& clock_;
  const std::string source_;
  const LogLine& log_;
  Steady second_began_{};
  size_t heard_ = 0;
  size_t lines_ = 0;
  size_t bytes_ = 0;
  uint64_t left_out_ = 0;
};

// Cuts a stream of bytes into lines, of bounded length.
class LineCutter {
public:
  void feed(std::string_view bytes, const std::function<void(std::string_view)>& line);
  void finish(const std::function<void(std::string_view)>& line); // what has no newline at its end

private:
  std::string partial_;
};

} // namespace kepu::supervisor
