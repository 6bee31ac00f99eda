// SPDX-License-Identifier: Apache-2.0
//
// Which encoding a clerk's file is in, and its text as UTF-8. The ladder: an explicit mark, else
// strict UTF-8, else GB18030, else nothing: bytes are never replaced by a stand-in character.
//
// Whether a file is UTF-8 shows at its last byte only. So feed the whole file to a Utf8Check before
// reading it (the pass that hashes it does this, see file.hpp), and, only when that finds bad bytes,
// once more to a Gb18030Check and a WordCheck. Pure and independent of the locale; one object belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kepu::toolkit {

enum class Encoding { utf8, utf16le, utf16be, gb18030 };

constexpr uint64_t no_offset = UINT64_MAX;

// What a check found in the bytes fed so far. Offsets count from the first byte fed.
struct SequenceCount {
  uint64_t good = 0; // well-formed sequences of more than one byte
  uint64_t four = 0; // those of four bytes (counted for GB18030 only)
  uint64_t bad = 0;  // malformed ones
  uint64_t first_bad = no_offset;
  uint64_t cut = no_offset; // where a sequence begins that the end of the input cut short
};

// Strict UTF-8 (Unicode 15, table 3-7): no overlong forms, no surrogates, nothing past U+10FFFF.
class Utf8Check {
public:
  void feed(const char* data, size_t size);
  SequenceCount count() const;
  bool ascii() const { return !good_ && !bad_ && !need_; }

private:
  uint64_t good_ = 0, bad_ = 0, first_bad_ = no_offset;
  uint64_t at_ = 0;                  // bytes fed
  uint64_t begin_ = 0;               // of the sequence that is open
  uint8_t need_ = 0;                 // continuation bytes still to come
  uint8_t low_ = 0x80, high_ = 0xbf; // bounds of the next one
};

// The form of GB18030: one, two and four bytes. Whether a four-byte code is assigned shows in decoding.
class Gb18030Check {
public:
  void feed(const char* data, size_t size);
  SequenceCount count() const;

private:
  uint64_t good_ = 0, four_ = 0, bad_ = 0, first_bad_ = no_offset;
  uint64_t at_ = 0;
  uint64_t begin_ = 0;
  uint8_t place_ = 0; // bytes of the open sequence seen so far
};

// Whose words these are: what is not ASCII, word by word (bytes beyond ASCII in a row), where UTF-8 and
// GB18030 claim the same bytes. Chinese in UTF-8 is made of sequences of three bytes, of which words of
// GB18030 hold few, and those with malformed ones beside them; GB18030 in turn takes nearly any bytes.
struct WordCount {
  uint64_t utf8 = 0;   // quarters of a character in words of UTF-8: a sequence of two bytes, which may well be
                       // a character of GB18030, is one; longer ones are four
  uint64_t other = 0;  // quarters of a character in all other words, at two bytes each
  uint64_t longer = 0; // other words of more than one byte
};
class WordCheck {
public:
  void feed(const char* data, size_t size);
  WordCount count() const;

private:
  void end_sequence();
  static void end_word(const WordCheck& word, WordCount& count);

  WordCount count_;
  // Of the word that is open:
  uint64_t bytes_ = 0, narrow_ = 0, wide_ = 0, bad_ = 0;
  // Of its sequence that is open:
  uint8_t size_ = 0, need_ = 0;
  uint8_t low_ = 0x80, high_ = 0xbf;
};

struct EncodingChoice {
  Encoding encoding = Encoding::utf8;
  size_t mark = 0;   // bytes of the byte-order mark at the beginning
  bool clean = true; // UTF-8 without a malformed byte: rows need no second look
};

// Bytes that `encoding_mark` wants to see: the beginning of the file, as much of it as there is.
constexpr size_t longest_mark = 4;

// The encoding that the file's mark names, if it has one.
std::optional<EncodingChoice> encoding_mark(std::string_view beginning);

// The ladder. `gb18030` and `words` are asked only when `utf8` has bad or cut sequences and there is no mark.
// A file that is cut inside its last character is still what the rest of it is. A file that mixes both is
// read as what damages fewer of its characters (as many: UTF-8, whose damage shows), and rows with bytes that
// cannot be decoded are rejects; so is one that holds nothing but ASCII and single bytes. nullopt: neither fits,
// since more is damaged than not; `first_bad` of the counts says where.
std::optional<EncodingChoice> choose_encoding(std::string_view beginning, const SequenceCount& utf8,
                                              const SequenceCount& gb18030, const WordCount& words);

// Offset of the first byte that is not part of well-formed UTF-8, or npos.
size_t find_invalid_utf8(std::string_view text);

// GB18030 to UTF-8 by the C library's converter (the full-width space A3A0 becomes U+3000).
class Gb18030Decoder {
public:
  Gb18030Decoder() = default;
  ~Gb18030Decoder();
  Gb18030Decoder(const Gb18030Decoder&) = delete;
  Gb18030Decoder& operator=(const Gb18030Decoder&) = delete;

  // UTF-8 bytes at `into`, which has room for `gb18030_growth` of the input. Returns their number, or
  // nullopt with `bad` at the first byte that cannot be decoded (0 also when the converter is missing).
  std::optional<size_t> decode(std::string_view text, char* into, size_t& bad);

private:
  void* converter_ = nullptr; // iconv_t; opened at first use
};
constexpr size_t gb18030_growth(size_t bytes) { return bytes / 2 * 3 + 4; }

} // namespace kepu::toolkit
