#include "store/cells.hpp"

#include "store/figures.hpp"

#include <algorithm>
#include <utility>

namespace kepu::store {
namespace {

// Kept decoded from one transaction to the next: the cells of a day or two of many busy sources.
constexpr size_t most_bytes = 8u << 20;
constexpr size_t bytes_of_one = 100; // and its place in the map

[[noreturn]] void damaged(const Error& error) { throw SqlError(error); }

size_t size_of(const Cells::Days& days) { return bytes_of_one + days.size() * sizeof(measure::ChunkDay); }
size_t size_of(const Cells::Set& set) { return bytes_of_one + set.values.size() * sizeof(measure::Counted); }

bool read(Db& db, int64_t id, Cells::Days& out) {
  auto row = db.query("SELECT data FROM chunk WHERE id=?");
  if (!row.bind(1, id).step()) return false;
  if (auto ok = measure::decode_chunk(row.blob(0), first_day_of_chunk(id), out); !ok) damaged(ok.error());
  return true;
}

bool read(Db& db, int64_t id, Cells::Set& out) {
  auto row = db.query("SELECT first_seq,last_seq,data FROM setcell WHERE id=?");
  if (!row.bind(1, id).step()) return false;
  auto values = measure::decode_set(row.blob(2));
  if (!values) damaged(values.error());
  out = {row.integer(0), row.integer(1), std::move(*values)};
  return true;
}

void write_row(Db& db, int64_t id, const Cells::Days& days) {
  db.query("INSERT OR REPLACE INTO chunk(id,data) VALUES(?,?)")
      .bind(1, id)
      .bind_blob(2, measure::encode_chunk(days, first_day_of_chunk(id)))
      .run();
}

void write_row(Db& db, int64_t id, const Cells::Set& set) {
  db.query("INSERT OR REPLACE INTO setcell(id,first_seq,last_seq,data) VALUES(?,?,?,?)")
      .bind(1, id)
      .bind(2, set.first_seq)
      .bind(3, set.last_seq)
      .bind_blob(4, measure::encode_set(set.values))
      .run();
}

} // namespace

template <class T> const T* Cells::find(Kind<T>& kind, int64_t id) {
  if (const auto known = kind.held.find(id); known != kind.held.end()) return &known->second.value;
  if (!is_part_) return read(db_, id, kind.read) ? &kind.read : nullptr;
  T value;
  if (!read(db_, id, value)) return nullptr;
  bytes_ += size_of(value);
  return &kind.held.emplace(id, Held<T>{std::move(value)}).first->second.value;
}

template <class T> void Cells::put(Kind<T>& kind, int64_t id, T value) {
  if (!is_part_) return write_row(db_, id, value);
  kind.put.emplace_back(id, std::move(value));
}

template <class T> void Cells::accept(Kind<T>& kind) {
  for (auto& [id, value] : kind.put) {
    auto& held = kind.held[id];
    bytes_ += size_of(value);
    bytes_ -= std::min(bytes_, size_of(held.value));
    held = {std::move(value), false};
  }
  kind.put.clear();
}

template <class T> void Cells::write(Kind<T>& kind) {
  std::vector<int64_t> changed;
  for (const auto& [id, held] : kind.held) {
    if (!held.is_written) changed.push_back(id);
  }
  std::ranges::sort(changed); // neighbours lie on one page
  for (const int64_t id : changed) {
    auto& held = kind.held.at(id);
    write_row(db_, id, held.value);
    held.is_written = true;
  }
}

const Cells::Days* Cells::chunk(int64_t id) { return find(chunks_, id); }
const Cells::Set* Cells::set(int64_t id) { return find(sets_, id); }
void Cells::put_chunk(int64_t id, Days days) { put(chunks_, id, std::move(days)); }
void Cells::put_set(int64_t id, Set set) { put(sets_, id, std::move(set)); }

void Cells::begin_part() { is_part_ = true; }

void Cells::accept_part() {
  is_part_ = false;
  accept(chunks_);
  accept(sets_);
}

void Cells::reject_part() {
  is_part_ = false;
  chunks_.put.clear();
  sets_.put.clear();
}

void Cells::write() {
  write(chunks_);
  write(sets_);
  if (bytes_ > most_bytes) forget();
}

void Cells::forget() {
  reject_part();
  chunks_.held.clear();
  sets_.held.clear();
  bytes_ = 0;
}

} // namespace kepu::store
