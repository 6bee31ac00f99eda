// SPDX-License-Identifier: Apache-2.0
//
// Comma-separated text, row by row: RFC 4180 and what clerks' programs save. Constant memory,
// whatever the file; fields of plain rows are views into the window that was read last.
//
// - Records end at LF, CRLF or a lone CR; blank lines are skipped but counted.
// - Rows are numbered as a spreadsheet shows them: the first line is row 1, and a quoted field with
//   line breaks is still one row.
// - A field that begins with a quote ends at the next quote that is not doubled; what follows up to
//   the delimiter is appended. A quote elsewhere is an ordinary character.
// - A record that is too long, or whose quote never closes, is one bad row and ends for us at its
//   first line break: reading goes on there, so that one stray quote costs one row.
// - A record with a byte that cannot be decoded, or with a NUL, is one bad row.
//
// UTF-8 and GB18030 are cut as they are (no byte of a GB18030 character looks like a delimiter, quote
// or line break); only fields with characters beyond ASCII are decoded. One reader, one thread.
#pragma once

#include <kepu/toolkit/encoding.hpp>
#include <kepu/toolkit/source.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace kepu::toolkit {

// The delimiter that the first line outside quotes holds most of; a comma when it holds none.
char detect_delimiter(std::string_view text);

struct CsvOptions {
  char delimiter = 0; // , ; or tab; 0: detected in the first line read
  Encoding encoding = Encoding::utf8;
  bool clean = false;           // UTF-8 that was checked already
  size_t max_field = 64 * 1024; // bytes; what a cell may hold
  size_t max_row = 256 * 1024;  // bytes; what a row may hold
};

// Where a record begins: reading can be taken up again there.
struct CsvPosition {
  uint64_t offset = 0; // bytes of the source as stored, whatever the encoding
  uint64_t row = 1;
};

enum class CsvProblem : uint8_t { none, too_long, unterminated_quote, nul_byte, bad_encoding };

class CsvReader {
public:
  enum class Next {
    row,     // fields() and row()
    bad_row, // row(), problem(), problem_offset()
    window,  // nothing new, but the fields given so far end with the next call
    end,
    failed, // the source failed
  };

  // `source` gives the bytes from `start.offset` on and is borrowed. A byte-order mark is not
  // looked for: start after it.
  CsvReader(ByteSource& source, const CsvOptions& options, CsvPosition start = {});
  ~CsvReader();
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;

  // Fields stay valid until the call after Next::window (or end).
  Next next();
  std::span<const std::string_view> fields() const { return {fields_.data(), field_count_}; }
  uint64_t row() const { return row_; }
  CsvProblem problem() const { return problem_; }
  uint64_t problem_offset() const { return problem_offset_; }
  // Where the record after the one given last begins.
  CsvPosition position() const { return {raw_, next_row_}; }
  char delimiter() const { return options_.delimiter; }

private:
  enum class Scan { record, incomplete, too_long, open_quote };

  bool refill();
  Scan scan();
  Scan scan_quoted(size_t quote);
  void seek(size_t at);
  void end_field(size_t begin, size_t end);
  bool decode_fields();
  bool skip_to_line_end();
  uint64_t raw_length(size_t begin, size_t end) const;
  std::string_view keep(std::string_view first, std::string_view second);
  Next finish_bad(CsvProblem problem, uint64_t offset);

  CsvOptions options_;
  std::unique_ptr<ByteSource> transcoder_; // UTF-16 only
  ByteSource* source_;
  Gb18030Decoder gb18030_;

  // The window: buffer_[begin_, end_) is read and not yet given. Zeros follow end_.
  std::unique_ptr<char[]> buffer_;
  size_t capacity_;
  size_t begin_ = 0, end_ = 0;
  bool eof_ = false, failed_ = false;
  bool drained_ = true; // the window holds no further whole record
  bool given_ = false;  // fields were given out of this window

  // Structural characters of buffer_[block_, block_ + 64) that are still to be looked at.
  size_t block_ = 0;
  uint64_t mask_ = 0;

  std::vector<std::string_view> fields_;
  size_t field_count_ = 0;
  bool quoted_ = false;  // the field being read began with a quote
  size_t quote_end_ = 0; // after its closing quote
  std::string_view quoted_text_;
  bool any_quoted_ = false, has_nul_ = false;
  size_t record_end_ = 0; // after the line break

  std::unique_ptr<char[]> arena_; // unescaped and decoded fields of this window
  size_t arena_used_ = 0, arena_size_;

  bool skipping_ = false;
  CsvProblem pending_ = CsvProblem::none; // of the record that is being skipped
  uint64_t pending_offset_ = 0;

  uint64_t raw_, row_ = 0, next_row_;
  CsvProblem problem_ = CsvProblem::none;
  uint64_t problem_offset_ = 0;
};

} // namespace kepu::toolkit
