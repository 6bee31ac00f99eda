#include "supervisor/output.hpp"

#include "base/long_numbers.hpp"
#include "base/printable.hpp"

#include <kepu/connector.h>

#include <algorithm>
#include <fmt/format.h>

namespace kepu::supervisor {
namespace {

constexpr size_t lines_per_second = 100; // more than a person reads, little for the log
constexpr size_t flood_lines =
    2000; // lines, or reports of progress; from here on the writer waits for the next second,
constexpr size_t flood_bytes = 256u << 10; // so that a flood slows its writer and not kepu-io

} // namespace

std::string clean(std::string_view text) {
  // More than is kept, so that a number which the cut goes through is judged by its length.
  auto out = printable(without_long_numbers(text.substr(0, 2 * KEPU_MAX_TEXT_BYTES)));
  if (out.size() <= KEPU_MAX_TEXT_BYTES && text.size() <= 2 * KEPU_MAX_TEXT_BYTES) return out;
  size_t end = std::min<size_t>(out.size(), KEPU_MAX_TEXT_BYTES);
  while (end > 0 && end < out.size() && (static_cast<unsigned char>(out[end]) & 0xc0) == 0x80)
    --end;
  return out.substr(0, end) + "...";
}

Output::Output(const Clock& clock, std::string source, const LogLine& log)
    : clock_(clock), source_(std::move(source)), log_(log) {}

void Output::roll() {
  const auto now = clock_.steady();
  if (now - second_began_ < std::chrono::seconds(1)) return;
  second_began_ = now;
  heard_ = 0;
  lines_ = 0;
  bytes_ = 0;
}

void Output::heard() {
  roll();
  ++heard_;
}

void Output::line(settings::LogLevel level, std::string_view text) {
  heard();
  bytes_ += text.size();
  if (++lines_ > lines_per_second) {
    ++left_out_;
    return;
  }
  report_left_out();
  log_(level, source_, clean(text));
}

std::optional<Steady> Output::hold_until() const {
  const auto next = second_began_ + std::chrono::seconds(1);
  if ((heard_ < flood_lines && bytes_ < flood_bytes) || clock_.steady() >= next) return std::nullopt;
  return next;
}

void Output::report_left_out() {
  if (left_out_ == 0) return;
  log_(settings::LogLevel::warning, source_,
       fmt::format("{} more lines of this connector were left out: it writes more than {} a second", left_out_,
                   lines_per_second));
  left_out_ = 0;
}

void LineCutter::feed(std::string_view bytes, const std::function<void(std::string_view)>& line) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto piece = bytes.substr(0, end);
    // Beyond the limit only the fact that there is more matters.
    const auto room = 2 * KEPU_MAX_TEXT_BYTES - std::min<size_t>(partial_.size(), 2 * KEPU_MAX_TEXT_BYTES);
    partial_.append(piece.substr(0, room));
    if (end == std::string_view::npos) return;
    line(partial_);
    partial_.clear();
    bytes.remove_prefix(end + 1);
  }
}

void LineCutter::finish(const std::function<void(std::string_view)>& line) {
  if (!partial_.empty()) line(partial_);
  partial_.clear();
}

} // namespace kepu::supervisor
