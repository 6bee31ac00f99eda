#include "supervisor/output.hpp"

#include <kepu/connector.h>

#include <algorithm>
#include <fmt/format.h>

namespace kepu::supervisor {
namespace {

constexpr size_t lines_per_second = 100; // more than a person reads, little for the log
constexpr size_t flood_lines =
    2000; // lines, or reports of progress; from here on the writer waits for the next second,
constexpr size_t flood_bytes = 256u << 10; // so that a flood slows its writer and not kepu-io
constexpr size_t digits_of_a_mobile = 11;  // the shortest number that names a person

// Length of the well-formed UTF-8 sequence at the beginning, 0 when there is none, and its code point.
size_t decode(std::string_view in, char32_t& point) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(in[i]); };
  const auto lead = byte(0);
  if (lead < 0x80) {
    point = lead;
    return 1;
  }
  const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || in.size() < size) return 0;
  point = lead & (0x7f >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    point = point << 6 | (byte(i) & 0x3f);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (point < least[size] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return 0;
  return size;
}

bool moves_text(char32_t c) { // line ends and direction marks that would let one event look like two
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0x200e || c == 0x200f ||
         (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x061c || c == 0xfeff;
}

bool is_digit(char32_t c) { return (c >= '0' && c <= '9') || (c >= 0xff10 && c <= 0xff19); }

void append_escaped(std::string& out, char32_t c) {
  switch (c) {
  case '\n':
    out += "\\n";
    return;
  case '\r':
    out += "\\r";
    return;
  case '\t':
    out += "\\t";
    return;
  }
  out += c < 0x80 ? fmt::format("\\x{:02x}", static_cast<uint32_t>(c))
                  : fmt::format("\\u{{{:x}}}", static_cast<uint32_t>(c));
}

} // namespace

std::string clean(std::string_view text) {
  std::string out;
  std::string digits; // the run that is being read
  size_t digit_count = 0;
  const auto end_run = [&] {
    if (digit_count >= digits_of_a_mobile)
      out.append(digit_count, '*');
    else
      out += digits;
    digits.clear();
    digit_count = 0;
  };
  while (!text.empty() && out.size() + digits.size() < KEPU_MAX_TEXT_BYTES) {
    char32_t c = 0;
    const auto size = decode(text, c);
    if (size == 0) {
      end_run();
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
      text.remove_prefix(1);
      continue;
    }
    if (is_digit(c)) {
      digits.append(text.substr(0, size));
      ++digit_count;
    } else if (digit_count == 17 && (c == 'x' || c == 'X' || c == 0xff38 || c == 0xff58)) {
      ++digit_count; // the check character of an ID card
      end_run();
    } else {
      end_run();
      if (moves_text(c))
        append_escaped(out, c);
      else
        out.append(text.substr(0, size));
    }
    text.remove_prefix(size);
  }
  // Cut inside a run: how long it is cannot be known any more.
  if (!text.empty() && digit_count > 0) digit_count = std::max(digit_count, digits_of_a_mobile);
  end_run();
  if (!text.empty()) out += "...";
  return out;
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
