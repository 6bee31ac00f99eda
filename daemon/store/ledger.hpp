// Facts on disk: numbers, blocks, extents, and which of them are in force. Writer thread; calls that
// write happen inside a transaction. Throws SqlError.
#pragma once

#include "base/side_thread.hpp"
#include "measure/fact_set.hpp"
#include "model/catalog.hpp"
#include "model/fact.hpp"
#include "store/block.hpp"
#include "store/db.hpp"
#include "store/dictionary.hpp"
#include "store/horizon.hpp"
#include "store/key_index.hpp"
#include "store/reader.hpp"

#include <cstdint>
#include <functional>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace kepu::store {

using Fact = uint64_t;

// One dataset as it is stored: a changed key is a new version, and another version is another dataset.
struct StoredDataset {
  std::string name; // "passages@1"
  model::Dataset dataset;
  int64_t schema = 0; // of blocks written now
  DatasetCodes codes;

  StoredDataset(std::string stored_name, const model::Dataset& declared, int64_t schema_number, Dictionary& dictionary)
      : name(std::move(stored_name)), dataset(declared), schema(schema_number), codes(dictionary, name, dataset) {}
};

std::string stored_name(const model::Dataset& dataset);
// What the hash of a key begins with: the same key in two datasets, or of two sources, is two keys.
uint64_t key_seed(std::string_view stored_dataset, int64_t source);

struct Extent {
  Fact first = 0;
  uint32_t n = 0;
  int64_t run = 0;
  int64_t source = 0;
  int64_t input = 0; // 0: none
  std::string dataset;
  std::optional<Seq> seq; // nullopt: staged

  bool holds(Fact fact) const { return fact >= first && fact < first + n; }
};

// The body of table `schemas`: names and types of a block's columns.
std::string encode_schema(const model::Dataset& dataset);

// A block's columns in the order of today's fields; a column that it lacks is all null.
class BlockReader {
public:
  explicit BlockReader(Db& db, Columns columns = Columns::all) : db_(db), columns_(columns) {}
  struct Block {
    Fact first = 0;
    int64_t time_min = 0;
    int64_t time_max = 0;
    model::FactColumns facts;
  };
  // The block that holds this fact; nullptr: none does.
  std::shared_ptr<const Block> holding(Fact fact, const model::Dataset& dataset);
  // The same; the block that is asked next is decoded on `side` meanwhile. after(end of this block): a fact of it, 0:
  // none is.
  std::shared_ptr<const Block> holding(Fact fact, const model::Dataset& dataset, SideThread& side,
                                       const std::function<Fact(Fact)>& after);
  void forget() { recent_.clear(); }

private:
  struct Stored {
    Fact first = 0;
    Fact end = 0;
    int64_t schema = 0;
    int64_t time_min = 0;
    int64_t time_max = 0;
    std::string data;
  };
  std::shared_ptr<const Block> known(Fact fact);
  std::optional<Stored> read(Fact fact);
  std::shared_ptr<const Block> take(const Stored& stored, Result<model::FactColumns> decoded, Fact fact,
                                    const model::Dataset& dataset);
  const std::vector<std::string>& names_of(int64_t schema);
  Db& db_;
  const Columns columns_;
  std::list<std::shared_ptr<const Block>> recent_; // newest first
  std::unordered_map<int64_t, std::vector<std::string>> schemas_;
};

// What is told of blocks beside their facts; those of neighbouring extents may lie in one. Any connection.
class BlockHeads {
public:
  explicit BlockHeads(Db& db) : db_(db) {}
  struct Head {
    Fact first = 0;
    uint32_t n = 0;
    int64_t time_min = 0;
    int64_t time_max = 0; // below time_min: none has a time

    Fact end() const { return first + n; }
    bool holds(Fact fact) const { return fact >= first && fact < end(); }
  };
  // Of the block that holds this fact, which there must be; valid until the next call.
  const Head& holding(Fact fact);

private:
  Db& db_;
  Head last_;
};

// Facts of one extent and dataset, block by block; `rows` ascending.
struct FactSlice {
  const Extent& extent;
  const BlockReader::Block& block;
  std::span<const uint32_t> rows;
};
struct ScanAsk {
  int64_t source = 0; // 0: all
  int64_t run = 0;    // what this run has staged counts as if it were committed; 0: only what is visible
  Seq at = INT64_MAX; // as it was in force at this commit
  std::function<bool(const Extent&)> wanted_extent = [](const Extent&) { return true; };
  std::function<bool(int64_t time_min, int64_t time_max)> wanted_times = [](int64_t, int64_t) { return true; };
};
// Every fact in force that is not beyond its source's horizon; any connection.
void scan_facts(Db& db, const model::Dataset& dataset, const ScanAsk& ask,
                const std::function<void(const FactSlice&)>& visit);

class Ledger : private KeySource {
public:
  // `side`: encodes blocks; must outlive this.
  Ledger(Db& db, SideThread& side);

  // Numbers these rows (ascending) and writes a staged extent. Their blocks are encoded beside what the caller does
  // next, and written by write_blocks(), before which the columns and rows stay as they are and no fact is looked up.
  class Appended {
  public:
    Appended(Appended&&) = default;
    ~Appended();
    Fact first() const { return first_; }

  private:
    friend class Ledger;
    struct Block {
      Fact first;
      uint32_t n;
      int64_t time_min;
      int64_t time_max;
      std::future<std::string> data;
    };
    Appended(Fact first, int64_t schema) : first_(first), schema_(schema) {}
    Fact first_;
    int64_t schema_;
    std::vector<Block> blocks_;
  };
  [[nodiscard]] Appended append(const StoredDataset& dataset, const model::FactColumns& facts,
                                std::span<const uint32_t> rows, int64_t run, int64_t source, int64_t input);
  void write_blocks(Appended& appended);

  // Valid until the next call; nullptr: none holds it.
  const Extent* extent_of(Fact fact);
  bool is_withdrawn(int64_t run);
  // In force now, or, for `run`, in force once its open part is committed.
  bool in_force(Fact fact, int64_t run);
  // The same of many facts in ascending order, none of which is closed before it was asked of.
  class InForce {
  public:
    InForce(Ledger& ledger, int64_t run) : ledger_(ledger), run_(run) {}
    bool operator()(Fact fact);

  private:
    Ledger& ledger_;
    const int64_t run_;
    Fact end_ = 0; // of the window that the last one lies in
    size_t asked_ = 0;
    std::optional<std::vector<Fact>> closed_; // in the window; nullopt: few were asked, one by one
  };
  // All of a source's dataset that are not, likewise.
  measure::FactSet out_of_force(std::string_view dataset, int64_t source, int64_t run);
  // All of a source's dataset that came with these inputs, in force or not; with what this run has staged.
  measure::FactSet brought_by(std::string_view dataset, int64_t source, const std::set<int64_t>& inputs, int64_t run);
  // Takes a fact out with the next commit of this run.
  void close(Fact fact, const char* why, std::optional<Fact> by, int64_t run);

  // Staged extents and closings of the run become visible under this number. Returns how many were closed.
  void reveal(int64_t run, Seq seq);
  // Forgets what a run has staged.
  void drop(int64_t run);
  void drop_all_staged();

  // How far back facts of the source's dataset go (its stored name); nullptr: to the first. Until the next call.
  const Horizon* horizon(int64_t source, const std::string& dataset);
  // Of these rows those that are not beyond it.
  std::span<const uint32_t> within_horizon(const StoredDataset& dataset, int64_t source,
                                           const model::FactColumns& facts, std::span<const uint32_t> rows,
                                           std::vector<uint32_t>& kept);

  KeyIndex& keys() { return keys_; }
  BlockReader& blocks() { return blocks_; }
  SideThread& side() { return side_; }
  // After a rollback, also of a part of a transaction, after a run was withdrawn, and after a horizon was set.
  void forget();

private:
  // Calls visit(fact) for those closed in [from, until), for `run` those it has staged too, in ascending order.
  template <class Visit> void each_closed(Fact from, Fact until, int64_t run, Visit&& visit);
  // Whether it was given and not withdrawn, closed or not; likewise.
  bool is_there(Fact fact, int64_t run);
  // Of KeySource: the keys as the blocks hold them.
  uint64_t next() override;
  void entries_from(uint64_t number, std::vector<KeyEntry>& out) override;

  Db& db_;
  SideThread& side_;
  std::optional<std::unordered_set<int64_t>> withdrawn_;              // nullopt: not read yet
  std::map<std::string, std::vector<Horizon>, std::less<>> horizons_; // by dataset; those that were asked for
  KeyIndex keys_;
  BlockReader blocks_;
  Fact next_ = 0; // 0: not read yet
  std::optional<Extent> last_extent_;
};

} // namespace kepu::store
