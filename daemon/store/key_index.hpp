// Finds numbers by 64-bit hashes: facts by the hash of their key, persons by their pseudonym. Many
// numbers may lie under one hash. Sorted runs in page-sized rows: new entries gather in one short
// run (also kept in memory), which is spread over 64 partitions by the hash's top bits when it is
// full; runs of one partition and size class are merged, eight into one. Writer thread; every call
// that writes happens inside a transaction, and what add() was given is written by write(), once for all.
//
// keyseg.id = partition << 40 | run number; partition 64 is the gathering one. Page: u32 n, u64 first hash,
// then, packed, the n steps from hash to hash (the first is 0) and the n numbers, then XXH3-64. `lows`: the
// first hash of each page.
// `filter`: blocked Bloom, 64-byte blocks, 10 bits an entry; empty for the gathering partition. `sum`: sum_of_run().
#pragma once

#include "store/db.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::store {

struct KeyEntry {
  uint64_t hash;
  uint64_t number;
  auto operator<=>(const KeyEntry&) const = default;
};

class KeyIndex {
public:
  enum class Table : uint8_t { facts, persons };
  KeyIndex(Db& db, Table table);

  // For ascending hashes: calls found(i, number) for every entry whose hash is hashes[i].
  void find(std::span<const uint64_t> hashes, const std::function<void(size_t, uint64_t)>& found);
  // Entries sorted by hash. They are found at once.
  void add(std::span<const KeyEntry> entries);
  // Puts on disk what was added since.
  void write();
  // Takes these entries out, sorted, each as often as it is there. Nothing that stays tells of them: runs that held one
  // are written anew, with their filters.
  void remove(std::span<const KeyEntry> entries);
  // Of one part of the index, so much at once as a step may take: takes out what is gone, or puts runs together where
  // there are several.
  static constexpr unsigned parts = 65;
  void sweep(unsigned part, const std::function<bool(uint64_t number)>& is_gone);
  void join(unsigned part);
  // To give memory back: what is on disk is read anew when it is needed.
  void forget();
  // As on disk.
  void rolled_back();

  // Of a row of table keyseg or personseg.
  static int64_t sum_of_run(int64_t id, int64_t n, int64_t first_page, std::string_view lows, std::string_view filter);
  // Reads every page of the run with the next higher id, as it lies on disk. nullopt: there is none.
  struct Checked {
    int64_t run = 0;
    bool is_damaged = false;
  };
  std::optional<Checked> check_run_after(int64_t after);

private:
  struct Run {
    int64_t id = 0;
    uint64_t n = 0;
    int64_t first_page = 0;
    std::vector<uint64_t> lows;
    std::string filter;
  };
  struct Sql;

  // The gathering partition.
  void load();
  // Of another one; what is in memory of it lies on disk, too.
  std::vector<Run>& runs_of(unsigned partition);
  std::vector<Run> read_runs(unsigned partition);
  void find_in(std::span<const KeyEntry> sorted, std::span<const uint64_t> hashes,
               const std::function<void(size_t, uint64_t)>& found) const;
  // Of a row of `runs`; refuses one that is damaged.
  static Run parse_run(const Query& row);
  // These append.
  void read_page(int64_t page, std::vector<KeyEntry>& out);
  void read_run(const Run& run, std::vector<KeyEntry>& out);
  Run write_run(unsigned partition, std::span<const KeyEntry> entries, bool with_filter);
  void drop_run(const Run& run);
  void take_out_of_gathered(const std::function<bool(const KeyEntry&)>& is_out);
  void take_out(unsigned partition, const std::function<bool(const KeyEntry&)>& is_out,
                const std::function<bool(const Run&)>& may);
  void gather_recent();
  void spread();
  void merge_full_classes(unsigned partition);

  Db& db_;
  const Sql& sql_;
  bool loaded_ = false;
  int64_t next_page_ = 1;
  std::array<int64_t, parts> next_run_{};                      // by partition, once its runs were read
  std::array<std::optional<std::vector<Run>>, 64> partitions_; // by the top bits of the hash; those that were asked for
  std::vector<Run> gathered_runs_;
  // Sorted, all of gathered_runs_: most of them, and those of the last writings, so that a small one moves few.
  std::vector<KeyEntry> gathered_;
  std::vector<KeyEntry> recent_;
  std::vector<KeyEntry> added_; // sorted; not written yet
};

} // namespace kepu::store
