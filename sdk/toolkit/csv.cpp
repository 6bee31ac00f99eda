// SPDX-License-Identifier: Apache-2.0
#include <kepu/toolkit/csv.hpp>

#include "utf16.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace kepu::toolkit {
namespace {

// Read at a time: large enough to make calls cheap, small enough for the second-level cache.
constexpr size_t window_bytes = 256 * 1024;
constexpr size_t stride = 64; // characters looked at together; the buffer has as many zeros behind its end

// Bit i: byte i is a delimiter, quote, line break or NUL.
uint64_t structural(const char* p, char delimiter) {
  uint64_t mask = 0;
#if defined(__SSE2__)
  const __m128i a = _mm_set1_epi8(delimiter), b = _mm_set1_epi8('"'), c = _mm_set1_epi8('\n'), d = _mm_set1_epi8('\r'),
                e = _mm_setzero_si128();
  for (int i = 0; i < 4; ++i) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p) + i);
    const __m128i hit = _mm_or_si128(_mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, a), _mm_cmpeq_epi8(v, b)),
                                                  _mm_or_si128(_mm_cmpeq_epi8(v, c), _mm_cmpeq_epi8(v, d))),
                                     _mm_cmpeq_epi8(v, e));
    mask |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(hit))) << (16 * i);
  }
#else
  for (size_t i = 0; i < stride; ++i) {
    const bool hit = p[i] == delimiter || p[i] == '"' || p[i] == '\n' || p[i] == '\r' || p[i] == '\0';
    mask |= uint64_t{hit} << i;
  }
#endif
  return mask;
}

bool has_high_bit(const char* p, size_t n) {
  uint64_t all = 0;
  for (; n >= 8; p += 8, n -= 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    all |= word;
  }
  for (; n; ++p, --n)
    all |= static_cast<unsigned char>(*p);
  return (all & 0x8080808080808080ull) != 0;
}

bool has_high_bit(std::string_view text) { return has_high_bit(text.data(), text.size()); }

} // namespace

char detect_delimiter(std::string_view text) {
  size_t counts[3] = {};
  constexpr char candidates[] = {',', ';', '\t'};
  bool quoted = false, any = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == '\n' || c == '\r')) {
      if (any) break;
      continue;
    }
    any = true;
    for (size_t i = 0; i < 3; ++i)
      counts[i] += !quoted && c == candidates[i];
  }
  return candidates[std::max_element(counts, counts + 3) - counts];
}

CsvReader::CsvReader(ByteSource& source, const CsvOptions& options, CsvPosition start)
    : options_(options), source_(&source), capacity_(options.max_row + window_bytes), fields_(32),
      arena_size_(capacity_ + gb18030_growth(capacity_)), raw_(start.offset), next_row_(start.row) {
  if (options.encoding == Encoding::utf16le || options.encoding == Encoding::utf16be) {
    transcoder_ = std::make_unique<Utf16Source>(source, options.encoding == Encoding::utf16be);
    source_ = transcoder_.get();
  }
  buffer_ = std::make_unique_for_overwrite<char[]>(capacity_ + stride);
}

CsvReader::~CsvReader() = default;

bool CsvReader::refill() {
  const size_t kept = end_ - begin_;
  std::memmove(buffer_.get(), buffer_.get() + begin_, kept);
  begin_ = 0;
  end_ = kept;
  arena_used_ = 0;
  const size_t want = std::min(capacity_, kept + window_bytes);
  while (!eof_ && end_ < want) {
    // A transcoder wants room for a whole character; without it, nothing read is not the end.
    const size_t room = std::min(capacity_ - end_, std::max(want - end_, stride));
    const ptrdiff_t n = source_->read(buffer_.get() + end_, room);
    if (n < 0) return false;
    if (n == 0) {
      eof_ = room >= stride;
      break;
    }
    end_ += static_cast<size_t>(n);
  }
  std::memset(buffer_.get() + end_, 0, stride);
  if (options_.delimiter == 0) options_.delimiter = detect_delimiter({buffer_.get(), end_});
  seek(0);
  drained_ = false;
  return true;
}

void CsvReader::seek(size_t at) {
  block_ = at;
  mask_ = structural(buffer_.get() + at, options_.delimiter);
}

std::string_view CsvReader::keep(std::string_view first, std::string_view second) {
  if (!arena_) arena_ = std::make_unique_for_overwrite<char[]>(arena_size_);
  char* at = arena_.get() + arena_used_;
  if (first.data() + first.size() == at) { // unescaped just now
    std::memcpy(at, second.data(), second.size());
    arena_used_ += second.size();
    return {first.data(), first.size() + second.size()};
  }
  if (!first.empty()) std::memcpy(at, first.data(), first.size());
  std::memcpy(at + first.size(), second.data(), second.size());
  arena_used_ += first.size() + second.size();
  return {at, first.size() + second.size()};
}

void CsvReader::end_field(size_t begin, size_t end) {
  if (field_count_ == fields_.size()) fields_.resize(fields_.size() * 2);
  std::string_view text(buffer_.get() + begin, end - begin);
  if (quoted_) {
    text = quoted_text_;
    if (end > quote_end_) text = keep(text, {buffer_.get() + quote_end_, end - quote_end_});
    quoted_ = false;
  }
  fields_[field_count_++] = text;
}

// From the quote that opens a field to the one that closes it.
CsvReader::Scan CsvReader::scan_quoted(size_t quote) {
  const size_t begin = quote + 1;
  size_t from = begin;
  bool doubled = false;
  size_t close = 0;
  for (;;) {
    const size_t until = std::min(end_, begin + options_.max_field + 1);
    const void* hit = from < until ? std::memchr(buffer_.get() + from, '"', until - from) : nullptr;
    if (!hit) {
      if (until == end_ && end_ - begin <= options_.max_field) return eof_ ? Scan::open_quote : Scan::incomplete;
      return Scan::too_long;
    }
    close = static_cast<size_t>(static_cast<const char*>(hit) - buffer_.get());
    if (close + 1 == end_ && !eof_) return Scan::incomplete; // a second quote may follow
    if (close + 1 == end_ || buffer_[close + 1] != '"') break;
    doubled = true;
    from = close + 2;
  }
  quoted_text_ = {buffer_.get() + begin, close - begin};
  has_nul_ |= std::memchr(buffer_.get() + begin, '\0', close - begin) != nullptr;
  if (doubled) {
    if (!arena_) arena_ = std::make_unique_for_overwrite<char[]>(arena_size_);
    char* to = arena_.get() + arena_used_;
    size_t n = 0;
    for (size_t i = begin; i < close; ++i) {
      to[n++] = buffer_[i];
      i += buffer_[i] == '"';
    }
    quoted_text_ = {to, n};
    arena_used_ += n;
  }
  quoted_ = any_quoted_ = true;
  quote_end_ = close + 1;
  return Scan::record;
}

// One record from begin_: its fields and record_end_.
CsvReader::Scan CsvReader::scan() {
  field_count_ = 0;
  quoted_ = any_quoted_ = has_nul_ = false;
  size_t field = begin_;  // where the field being read begins
  size_t ignore = begin_; // structural characters before it are dealt with
  for (;;) {
    while (mask_ == 0) {
      block_ += stride;
      if (block_ >= end_) break;
      mask_ = structural(buffer_.get() + block_, options_.delimiter);
    }
    const size_t at = mask_ ? block_ + static_cast<size_t>(std::countr_zero(mask_)) : end_;
    if (at >= end_) {
      if (!eof_) return Scan::incomplete;
      end_field(field, end_);
      record_end_ = end_;
      return Scan::record;
    }
    mask_ &= mask_ - 1;
    if (at < ignore) continue;
    const char c = buffer_[at];
    if (c == options_.delimiter) {
      end_field(field, at);
      field = ignore = at + 1;
    } else if (c == '\n') {
      end_field(field, at);
      record_end_ = at + 1;
      return Scan::record;
    } else if (c == '\r') {
      if (at + 1 == end_ && !eof_) return Scan::incomplete;
      end_field(field, at);
      record_end_ = at + 1 + (at + 1 < end_ && buffer_[at + 1] == '\n');
      return Scan::record;
    } else if (c == '\0') {
      has_nul_ = true;
    } else if (at == field) {
      const Scan quoted = scan_quoted(at);
      if (quoted != Scan::record) return quoted;
      ignore = quote_end_;
      if (ignore >= block_ + stride) seek(ignore);
    }
  }
}

uint64_t CsvReader::raw_length(size_t begin, size_t end) const {
  return transcoder_ ? Utf16Source::raw_length(buffer_.get() + begin, end - begin) : end - begin;
}

// Decodes what is not plain UTF-8; false: the record holds bytes that cannot be decoded.
bool CsvReader::decode_fields() {
  const std::string_view record(buffer_.get() + begin_, record_end_ - begin_);
  if (!has_high_bit(record)) return true;
  if (options_.encoding != Encoding::gb18030) {
    const size_t bad = find_invalid_utf8(record);
    if (bad == std::string_view::npos) return true;
    pending_offset_ = raw_ + raw_length(begin_, begin_ + bad);
    return false;
  }
  if (!arena_) arena_ = std::make_unique_for_overwrite<char[]>(arena_size_);
  size_t bad = 0;
  for (size_t i = 0; i < field_count_; ++i) {
    if (!has_high_bit(fields_[i])) continue;
    char* into = arena_.get() + arena_used_;
    const auto size = gb18030_.decode(fields_[i], into, bad);
    if (!size) {
      // The record as stored gives the offset: the field may have lost quotes.
      std::vector<char> unused(gb18030_growth(record.size()));
      (void)gb18030_.decode(record, unused.data(), bad);
      pending_offset_ = raw_ + bad;
      return false;
    }
    fields_[i] = {into, *size};
    arena_used_ += *size;
  }
  return true;
}

// True when the record that is being skipped ended.
bool CsvReader::skip_to_line_end() {
  size_t at = begin_;
  while (at < end_ && buffer_[at] != '\n' && buffer_[at] != '\r')
    ++at;
  size_t after = at;
  bool done = eof_;
  if (at < end_) {
    const bool undecided = buffer_[at] == '\r' && at + 1 == end_ && !eof_;
    done = !undecided;
    if (done) after = at + 1 + (buffer_[at] == '\r' && at + 1 < end_ && buffer_[at + 1] == '\n');
  }
  raw_ += raw_length(begin_, after);
  begin_ = after;
  if (done)
    seek(begin_);
  else
    drained_ = true;
  return done;
}

CsvReader::Next CsvReader::finish_bad(CsvProblem problem, uint64_t offset) {
  problem_ = problem;
  problem_offset_ = offset;
  row_ = next_row_++;
  field_count_ = 0;
  return Next::bad_row;
}

CsvReader::Next CsvReader::next() {
  for (;;) {
    if (failed_) return Next::failed;
    if (drained_) {
      if (given_) {
        given_ = false;
        return Next::window;
      }
      if (!refill()) {
        failed_ = true;
        continue;
      }
    }
    if (skipping_) {
      if (!skip_to_line_end()) continue;
      skipping_ = false;
      return finish_bad(pending_, pending_offset_);
    }
    if (begin_ == end_ && eof_) return Next::end;
    const size_t arena_before = arena_used_;
    Scan scanned = scan();
    if (scanned == Scan::incomplete && end_ - begin_ > options_.max_row) scanned = Scan::too_long;
    if (scanned == Scan::record && record_end_ - begin_ > options_.max_row) scanned = Scan::too_long;
    if (scanned == Scan::incomplete) {
      drained_ = true;
      continue;
    }
    pending_offset_ = raw_;
    if (scanned != Scan::record) {
      pending_ = scanned == Scan::open_quote ? CsvProblem::unterminated_quote : CsvProblem::too_long;
      skipping_ = true;
      arena_used_ = arena_before; // its bytes may be read again as other records
      continue;
    }
    const bool blank = field_count_ == 1 && fields_[0].empty() && !any_quoted_;
    CsvProblem problem = CsvProblem::none;
    if (!blank) {
      if (has_nul_)
        problem = CsvProblem::nul_byte;
      else if (!options_.clean && !decode_fields())
        problem = CsvProblem::bad_encoding;
      else if (std::any_of(fields_.begin(), fields_.begin() + static_cast<ptrdiff_t>(field_count_),
                           [&](std::string_view f) { return f.size() > options_.max_field; }))
        problem = CsvProblem::too_long;
    }
    const uint64_t offset = pending_offset_;
    raw_ += raw_length(begin_, record_end_);
    begin_ = record_end_;
    if (blank) {
      ++next_row_;
      continue;
    }
    if (problem != CsvProblem::none) {
      arena_used_ = arena_before;
      return finish_bad(problem, offset);
    }
    problem_ = CsvProblem::none;
    row_ = next_row_++;
    given_ = true;
    return Next::row;
  }
}

} // namespace kepu::toolkit
