// SPDX-License-Identifier: Apache-2.0
//
// Rows: a buffer of rows of one dataset, handed to the host in batches. Worker thread.
//
//   kepu::Rows& rows = host.rows(passages);
//   rows.row(line).text(id).text(venue).timestamp(us).null().text(card);
//
// Cells come in field order. Texts are copied into the buffer unless `borrowed` is used, so the
// caller's bytes may go at once. The buffer empties itself when it is full, and the Host empties it
// before every call whose order against rows matters (inputs, retractions, replacements, commit).
#pragma once

#include <kepu/connector.h>
#include <kepu/outcome.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kepu {

// Ends the run (throws Ended) unless the host answered KEPU_OK.
inline void expect_ok(int32_t status, const char* call) {
  if (status == KEPU_OK) [[likely]]
    return;
  const std::string name = call;
  switch (static_cast<kepu_status>(status)) {
  case KEPU_E_CANCELLED:
    throw Ended(Outcome::cancelled());
  case KEPU_E_DROPPED:
    throw Ended(Outcome::bad_data(""));
  case KEPU_E_CLOSED:
    throw Ended({KEPU_RUN_CANCELLED, "the hub is gone"});
  case KEPU_E_LIMIT:
    throw Ended(Outcome::bug(name + ": a limit of the contract was passed"));
  case KEPU_E_CONTRACT:
    throw Ended(Outcome::bug("")); // the host knows what and says it
  case KEPU_OK:
    break;
  }
  throw Ended(Outcome::bug(name + ": the host answered with an unknown status " + std::to_string(status)));
}

class Rows {
public:
  static constexpr size_t batch_rows = 1024;       // enough that the call's cost does not show
  static constexpr size_t batch_text = 256u << 10; // bytes of copied text after which a batch is handed over

  Rows(const kepu_host* host, uint32_t number, std::string dataset, size_t fields)
      : host_(host), number_(number), dataset_(std::move(dataset)), fields_(fields) {
    cells_.resize(batch_rows * fields_);
    places_.resize(batch_rows);
    begin_ = next_ = end_of_row_ = cells_.data();
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  // Begins the next row. `place`: its number in the input (a spreadsheet's: the header is row 1); 0: none.
  Rows& row(uint64_t place = 0) {
    if (next_ != end_of_row_) [[unlikely]]
      incomplete();
    if (count_ == batch_rows || text_used_ >= batch_text) [[unlikely]]
      flush();
    places_[count_++] = place;
    has_places_ |= place != 0;
    begin_ = next_;
    end_of_row_ = next_ + fields_;
    return *this;
  }
  // Takes back the row that was begun last: nothing of it is handed over.
  void drop_row() {
    if (count_ == 0) return;
    --count_;
    next_ = end_of_row_ = begin_;
  }

  Rows& null() { return put({KEPU_NULL, 0, 0, 0, {0}}); }
  // Copies.
  Rows& text(std::string_view value, uint8_t flags = 0) { return put_text(KEPU_TEXT, value, keep(value), flags); }
  // Does not copy: the bytes must stay until the next flush(), of which `row` may be one.
  Rows& borrowed(std::string_view value, uint8_t flags = 0) { return put_text(KEPU_TEXT, value, value.data(), flags); }
  Rows& integer(int64_t value, uint8_t flags = 0) { return put_integer(KEPU_INTEGER, value, flags); }
  // In units of 10^-scale of the field.
  Rows& decimal(int64_t value, uint8_t flags = 0) { return put_integer(KEPU_DECIMAL, value, flags); }
  Rows& real(double value, uint8_t flags = 0) {
    kepu_cell c{KEPU_REAL, flags, 0, 0, {0}};
    c.value.real = value;
    return put(c);
  }
  Rows& boolean(bool value, uint8_t flags = 0) { return put_integer(KEPU_BOOLEAN, value ? 1 : 0, flags); }
  // Days since 1970-01-01.
  Rows& date(int64_t days, uint8_t flags = 0) { return put_integer(KEPU_DATE, days, flags); }
  Rows& date(std::chrono::sys_days day, uint8_t flags = 0) { return date(day.time_since_epoch().count(), flags); }
  // Microseconds since 1970 UTC.
  Rows& timestamp(int64_t us, uint8_t flags = 0) { return put_integer(KEPU_TIMESTAMP, us, flags); }
  Rows& timestamp(std::chrono::sys_time<std::chrono::microseconds> at, uint8_t flags = 0) {
    return timestamp(at.time_since_epoch().count(), flags);
  }
  // As SDMX writes it: 2025-03-05, 2025-W10, 2025-03, 2025-Q1, 2025-S1, 2025. Copies.
  Rows& period(std::string_view value, uint8_t flags = 0) { return put_text(KEPU_PERIOD, value, keep(value), flags); }
  // A finished cell; its text is borrowed until the next flush().
  Rows& cell(const kepu_cell& c) { return put(c); }

  // Hands over what is buffered. Throws Ended when the host says stop.
  void flush() {
    if (next_ != end_of_row_) incomplete();
    if (count_ == 0) return;
    const size_t count = count_;
    const bool with_places = has_places_;
    clear();
    expect_ok(host_->emit(host_->ctx, number_, cells_.data(), count, with_places ? places_.data() : nullptr), "emit");
  }

private:
  Rows& put(const kepu_cell& c) {
    if (next_ == end_of_row_) [[unlikely]]
      too_many();
    *next_++ = c;
    return *this;
  }
  Rows& put_integer(uint8_t type, int64_t value, uint8_t flags) { return put({type, flags, 0, 0, {value}}); }
  // A text of any length keeps its true size, which the host tells; see KEPU_MAX_CELL_BYTES.
  Rows& put_text(uint8_t type, std::string_view value, const char* at, uint8_t flags) {
    kepu_cell c{type, flags, 0, static_cast<uint32_t>(std::min<size_t>(value.size(), UINT32_MAX)), {0}};
    c.value.text = at;
    return put(c);
  }
  const char* keep(std::string_view value) {
    value = value.substr(0, KEPU_MAX_CELL_BYTES); // the host reads no more of a longer one
    if (value.size() > block_left_) [[unlikely]]
      grow(value.size());
    char* to = block_at_;
    if (!value.empty()) std::memcpy(to, value.data(), value.size());
    block_at_ += value.size();
    block_left_ -= value.size();
    text_used_ += value.size();
    return to;
  }
  void grow(size_t bytes) {
    if (next_block_ == blocks_.size()) {
      const size_t size = std::max<size_t>(bytes, batch_text);
      blocks_.push_back({std::make_unique<char[]>(size), size});
    } else if (blocks_[next_block_].size < bytes) {
      blocks_[next_block_] = {std::make_unique<char[]>(bytes), bytes};
    }
    block_at_ = blocks_[next_block_].data.get();
    block_left_ = blocks_[next_block_].size;
    ++next_block_;
  }
  // The blocks stay allocated, and their bytes readable, until new texts overwrite them.
  void clear() {
    count_ = 0;
    has_places_ = false;
    begin_ = next_ = end_of_row_ = cells_.data();
    text_used_ = 0;
    next_block_ = 0;
    block_at_ = nullptr;
    block_left_ = 0;
  }
  [[noreturn]] void incomplete() const {
    throw Ended(Outcome::bug("a row of dataset " + dataset_ + " has " + std::to_string(next_ - begin_) +
                             " cells, its " + std::to_string(fields_) + " fields need one each"));
  }
  [[noreturn]] void too_many() const {
    throw Ended(Outcome::bug("a cell of dataset " + dataset_ + " is one more than its " + std::to_string(fields_) +
                             " fields, or comes before row()"));
  }

  struct Block {
    std::unique_ptr<char[]> data;
    size_t size;
  };
  const kepu_host* host_;
  uint32_t number_;
  std::string dataset_;
  size_t fields_;
  std::vector<kepu_cell> cells_;
  std::vector<uint64_t> places_;
  kepu_cell* begin_ = nullptr; // of the row begun last
  kepu_cell* next_ = nullptr;
  kepu_cell* end_of_row_ = nullptr;
  size_t count_ = 0;
  bool has_places_ = false;
  std::vector<Block> blocks_;
  size_t next_block_ = 0;
  char* block_at_ = nullptr;
  size_t block_left_ = 0;
  size_t text_used_ = 0;
};

} // namespace kepu
