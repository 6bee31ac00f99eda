// Rows of kept figures on their way to the disk: a chunk (one series, one month) and a counted set (one series, one
// day). Of parts that share a transaction each row is decoded and written once, however many of them change it, and
// stays decoded for the next ones. Writer thread. Throws SqlError.
#pragma once

#include "measure/cells.hpp"
#include "store/db.hpp"

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

namespace kepu::store {

class Cells {
public:
  explicit Cells(Db& db) : db_(db) {}

  using Days = std::vector<measure::ChunkDay>;
  struct Set {
    int64_t first_seq = 0;
    int64_t last_seq = 0;
    std::vector<measure::Counted> values;
  };
  // As it is now; nullptr: there is none. Valid until the next call.
  const Days* chunk(int64_t id);
  const Set* set(int64_t id);
  // Written at once, unless it is of a part; a part puts a cell once.
  void put_chunk(int64_t id, Days days);
  void put_set(int64_t id, Set set);

  // Between these, of a part: what was put goes where it belongs when it is accepted, and nowhere otherwise.
  void begin_part();
  void accept_part();
  void reject_part();
  // Inside the transaction: what parts have put is written.
  void write();
  // After a rollback, or when somebody else may have written cells.
  void forget();

private:
  template <class T> struct Held {
    T value;
    bool is_written = true;
  };
  template <class T> struct Kind {
    std::unordered_map<int64_t, Held<T>> held; // of parts that were accepted, and what was read for them
    std::vector<std::pair<int64_t, T>> put;    // by the part that goes on
    T read;                                    // last, for nobody's part
  };
  template <class T> const T* find(Kind<T>& kind, int64_t id);
  template <class T> void put(Kind<T>& kind, int64_t id, T value);
  template <class T> void accept(Kind<T>& kind);
  template <class T> void write(Kind<T>& kind);

  Db& db_;
  bool is_part_ = false;
  size_t bytes_ = 0; // held, about
  Kind<Days> chunks_;
  Kind<Set> sets_;
};

} // namespace kepu::store
