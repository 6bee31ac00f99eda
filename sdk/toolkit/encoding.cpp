// SPDX-License-Identifier: Apache-2.0
#include <kepu/toolkit/encoding.hpp>

#include <cerrno>
#include <cstring>
#include <iconv.h>

namespace kepu::toolkit {
namespace {

constexpr uint64_t whole = 4; // quarters of a character

void* const no_converter = reinterpret_cast<void*>(-1); // as iconv_open answers

// Bytes from `p` that are ASCII, in whole steps of 32; the rest is looked at one by one.
size_t ascii_prefix(const unsigned char* p, size_t n) {
  size_t i = 0;
  for (; n - i >= 32; i += 32) {
    uint64_t words[4];
    std::memcpy(words, p + i, sizeof words);
    if ((words[0] | words[1] | words[2] | words[3]) & 0x8080808080808080ull) break;
  }
  return i;
}

bool starts_with(std::string_view text, std::string_view mark) { return text.substr(0, mark.size()) == mark; }

} // namespace

void Utf8Check::feed(const char* data, size_t size) {
  const auto* p = reinterpret_cast<const unsigned char*>(data);
  size_t i = 0;
  while (i < size) {
    if (!need_) {
      i += ascii_prefix(p + i, size - i);
      while (i < size && p[i] < 0x80) {
        ++i;
        if ((i & 31) == 0) break; // back to whole steps
      }
      if (i == size) break;
      const unsigned char c = p[i];
      if (c < 0x80) continue;
      begin_ = at_ + i;
      low_ = 0x80;
      high_ = 0xbf;
      if (c >= 0xc2 && c <= 0xdf) {
        need_ = 1;
      } else if ((c & 0xf0) == 0xe0) {
        need_ = 2;
        if (c == 0xe0) low_ = 0xa0;
        if (c == 0xed) high_ = 0x9f;
      } else if (c >= 0xf0 && c <= 0xf4) {
        need_ = 3;
        if (c == 0xf0) low_ = 0x90;
        if (c == 0xf4) high_ = 0x8f;
      } else {
        ++bad_;
        if (first_bad_ == no_offset) first_bad_ = begin_;
      }
      ++i;
      continue;
    }
    const unsigned char c = p[i];
    if (c < low_ || c > high_) { // this byte may begin the next sequence
      ++bad_;
      if (first_bad_ == no_offset) first_bad_ = begin_;
      need_ = 0;
      continue;
    }
    low_ = 0x80;
    high_ = 0xbf;
    if (--need_ == 0) ++good_;
    ++i;
  }
  at_ += size;
}

SequenceCount Utf8Check::count() const { return {good_, 0, bad_, first_bad_, need_ ? begin_ : no_offset}; }

void Gb18030Check::feed(const char* data, size_t size) {
  const auto* p = reinterpret_cast<const unsigned char*>(data);
  auto is_bad = [&] {
    ++bad_;
    if (first_bad_ == no_offset) first_bad_ = begin_;
    place_ = 0;
  };
  size_t i = 0;
  while (i < size) {
    const unsigned char c = p[i];
    switch (place_) {
    case 0:
      if (c < 0x80) {
        const size_t skip = ascii_prefix(p + i, size - i);
        i += skip ? skip : 1;
        continue;
      }
      begin_ = at_ + i;
      ++i;
      if (c == 0x80 || c == 0xff)
        is_bad();
      else
        place_ = 1;
      continue;
    case 1:
      if (c >= 0x30 && c <= 0x39) {
        place_ = 2;
      } else if (c >= 0x40 && c != 0x7f && c != 0xff) {
        ++good_;
        place_ = 0;
      } else {
        is_bad();
        continue; // not part of it: it may be a comma
      }
      ++i;
      continue;
    case 2:
      if (c < 0x81 || c == 0xff) {
        is_bad();
        continue;
      }
      place_ = 3;
      ++i;
      continue;
    default:
      if (c < 0x30 || c > 0x39) {
        is_bad();
        continue;
      }
      ++good_;
      ++four_;
      place_ = 0;
      ++i;
    }
  }
  at_ += size;
}

SequenceCount Gb18030Check::count() const { return {good_, four_, bad_, first_bad_, place_ ? begin_ : no_offset}; }

void WordCheck::end_sequence() {
  if (size_ == 2)
    ++narrow_;
  else
    ++wide_;
}

// A sequence that the word's end cuts short is neither well-formed nor malformed here: in UTF-8 it may be
// the end of the file.
void WordCheck::end_word(const WordCheck& word, WordCount& count) {
  if (word.bytes_ == 0) return;
  const bool whole_sequences = word.bad_ == 0 && word.need_ == 0;
  // More than two characters stand against each malformed byte: a word of UTF-8 that was hurt.
  if (whole_sequences || word.wide_ > 2 * word.bad_) {
    count.utf8 += word.wide_ * whole + word.narrow_;
  } else {
    count.other += word.bytes_ * whole / 2;
    count.longer += word.bytes_ > 1;
  }
}

void WordCheck::feed(const char* data, size_t size) {
  const auto* p = reinterpret_cast<const unsigned char*>(data);
  for (size_t i = 0; i < size; ++i) {
    const unsigned char c = p[i];
    if (c < 0x80) {
      if (bytes_) {
        if (need_) { // ASCII in the middle of a sequence
          ++bad_;
          need_ = 0;
        }
        end_word(*this, count_);
        bytes_ = narrow_ = wide_ = bad_ = 0;
      }
      const size_t skip = ascii_prefix(p + i, size - i);
      if (skip) i += skip - 1;
      continue;
    }
    ++bytes_;
    if (need_) {
      if (c >= low_ && c <= high_) {
        low_ = 0x80;
        high_ = 0xbf;
        if (--need_ == 0) end_sequence();
        continue;
      }
      ++bad_; // and this byte may begin the next
      need_ = 0;
    }
    size_ = c >= 0xc2 && c <= 0xdf ? 2 : (c & 0xf0) == 0xe0 ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 1;
    if (size_ == 1) {
      ++bad_;
      continue;
    }
    need_ = static_cast<uint8_t>(size_ - 1);
    low_ = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    high_ = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
  }
}

WordCount WordCheck::count() const {
  WordCount out = count_;
  end_word(*this, out);
  return out;
}

std::optional<EncodingChoice> encoding_mark(std::string_view beginning) {
  if (starts_with(beginning, "\xef\xbb\xbf")) return EncodingChoice{Encoding::utf8, 3, true};
  if (starts_with(beginning, "\x84\x31\x95\x33")) return EncodingChoice{Encoding::gb18030, 4, false};
  if (starts_with(beginning, "\xff\xfe")) return EncodingChoice{Encoding::utf16le, 2, false};
  if (starts_with(beginning, "\xfe\xff")) return EncodingChoice{Encoding::utf16be, 2, false};
  return std::nullopt;
}

std::optional<EncodingChoice> choose_encoding(std::string_view beginning, const SequenceCount& utf8,
                                              const SequenceCount& gb18030, const WordCount& words) {
  const bool utf8_clean = utf8.bad == 0 && utf8.cut == no_offset;
  if (auto marked = encoding_mark(beginning)) {
    marked->clean = marked->encoding == Encoding::utf8 && utf8_clean;
    return marked;
  }
  if (utf8_clean) return EncodingChoice{Encoding::utf8, 0, true};
  const EncodingChoice as_utf8{Encoding::utf8, 0, false};
  // ASCII and damaged bytes, none beside another that would make a character with it: every other row is
  // the same in both.
  if (words.utf8 == 0 && (gb18030.good == 0 ? gb18030.bad > 0 : words.longer == 0 && gb18030.four == 0)) return as_utf8;
  // What one reading takes for a character is damage to the other.
  if (words.utf8 > 0 && words.utf8 >= words.other) return as_utf8;
  if (gb18030.bad <= gb18030.good) return EncodingChoice{Encoding::gb18030, 0, false};
  return std::nullopt;
}

size_t find_invalid_utf8(std::string_view text) {
  Utf8Check check;
  check.feed(text.data(), text.size());
  const auto count = check.count();
  if (count.first_bad != no_offset) return count.first_bad;
  return count.cut == no_offset ? std::string_view::npos : count.cut;
}

Gb18030Decoder::~Gb18030Decoder() {
  if (converter_ && converter_ != no_converter) iconv_close(static_cast<iconv_t>(converter_));
}

std::optional<size_t> Gb18030Decoder::decode(std::string_view text, char* into, size_t& bad) {
  bad = 0;
  if (!converter_) converter_ = iconv_open("UTF-8", "GB18030");
  if (converter_ == no_converter) return std::nullopt;
  auto* converter = static_cast<iconv_t>(converter_);
  char* in = const_cast<char*>(text.data()); // iconv's signature; it does not write there
  size_t in_left = text.size();
  char* out = into;
  size_t out_left = gb18030_growth(text.size());
  if (iconv(converter, &in, &in_left, &out, &out_left) == static_cast<size_t>(-1)) {
    bad = text.size() - in_left;
    iconv(converter, nullptr, nullptr, nullptr, nullptr);
    return std::nullopt;
  }
  const auto size = static_cast<size_t>(out - into);
  // The converter knows A3A0 as private use U+E5E5, which nothing else maps to.
  for (char* p = into; size_t(out - p) >= 3;) {
    p = static_cast<char*>(std::memchr(p, '\xee', static_cast<size_t>(out - p) - 2));
    if (!p) break;
    if (p[1] == '\x97' && p[2] == '\xa5') std::memcpy(p, "\xe3\x80\x80", 3);
    ++p;
  }
  return size;
}

} // namespace kepu::toolkit
