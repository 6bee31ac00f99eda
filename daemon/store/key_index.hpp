// Finds numbers by 64-bit hashes: facts by the hash of their key, persons by their pseudonym. Many
// numbers may lie under one hash. Sorted runs in page-sized rows: new entries gather in memory and are
// spread over 64 partitions by the hash's top bits when there are many; runs of one partition and size
// class are merged, eight into one. Writer thread; every call that writes happens inside a transaction.
//
// What has gathered is written as runs of a partition of its own when save() is called: within the transaction where it
// is told nowhere else, else later, and made again from the facts after a crash; see decisions/key-index.md.
//
// keyseg.id = partition << 40 | run number; partition 64 is the gathering one. `lows`: the first hash of each page.
// `filter`: blocked Bloom, 64-byte blocks, 13 bits an entry (10 in runs of earlier versions); empty for the gathering
// partition. `sum`: sum_of_run(). meta `keys_saved`: entries of facts from this number on may be on no page.
#pragma once

#include "store/db.hpp"
#include "store/key_filter.hpp"
#include "store/key_page.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::store {

// What entries can be made from again.
class KeySource {
public:
  virtual ~KeySource() = default;
  // Above the number of every entry that was added.
  virtual uint64_t next() = 0;
  // Appends those of this number and above, in any order.
  virtual void entries_from(uint64_t number, std::vector<KeyEntry>& out) = 0;
};

class KeyIndex {
public:
  enum class Table : uint8_t { facts, persons };
  // `source`: must outlive the index; nullptr: there is none, and save() is called in each transaction.
  KeyIndex(Db& db, Table table, KeySource* source = nullptr);

  // For ascending hashes: calls found(i, number) for every entry whose hash is hashes[i].
  void find(std::span<const uint64_t> hashes, const std::function<void(size_t, uint64_t)>& found);
  // Entries sorted by hash.
  void add(std::span<const KeyEntry> entries);
  // Takes these entries out, sorted, each as often as it is there. Nothing that stays tells of them: runs that held one
  // are written anew, with their filters.
  void remove(std::span<const KeyEntry> entries);
  // Of one part of the index, so much at once as a step may take: takes out what is gone, or puts runs together where
  // there are several.
  static constexpr unsigned parts = 65;
  void sweep(unsigned part, const std::function<bool(uint64_t number)>& is_gone);
  void join(unsigned part);
  // Writes what is in memory alone.
  bool is_saved() const { return recent_.empty(); }
  void save();
  // Facts from this number on are given anew: what was written of them tells nothing of what comes.
  void given_again_from(uint64_t number);
  // After a rollback, or to give memory back: what is in memory is read anew when it is needed.
  void forget();

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
  // Of a row of `runs`; refuses one that is damaged.
  static Run parse_run(const Query& row);
  // Appends.
  void read_run(const Run& run, std::vector<KeyEntry>& out);
  Run write_run(unsigned partition, std::span<const KeyEntry> entries, bool with_filter);
  void drop_run(const Run& run);
  void keep(std::vector<KeyEntry> entries);
  std::vector<KeyEntry>& gathered();
  size_t count_gathered() const;
  // Pages of the gathered runs, at most, that may hold one of these.
  size_t pages_for(std::span<const uint64_t> hashes) const;
  // Among those on the pages of a run.
  template <class Found> static void find_in_run(const Run& run, uint64_t hash, KeyPage& page, Found&& found);
  // Takes all of recent_, sorted.
  std::vector<KeyEntry> take_recent();
  void save_as_one_run();
  void note_saved();
  void take_out_of_gathered(const std::function<bool(const KeyEntry&)>& is_out);
  void take_out(unsigned partition, const std::function<bool(const KeyEntry&)>& is_out,
                const std::function<bool(const Run&)>& may);
  void spread();
  void merge_full_classes(unsigned partition);

  Db& db_;
  const Sql& sql_;
  KeySource* source_;
  bool loaded_ = false;
  int64_t next_page_ = 1;
  std::array<int64_t, parts> next_run_{};                      // by partition, once its runs were read
  std::array<std::optional<std::vector<Run>>, 64> partitions_; // by the top bits of the hash; those that were asked for
  std::vector<Run> gathered_runs_;
  std::optional<std::vector<KeyEntry>> gathered_; // of them; sorted; nullopt: on their pages alone
  std::vector<std::vector<KeyEntry>> recent_;     // on no page; each sorted and more than twice as long as the next
};

} // namespace kepu::store
