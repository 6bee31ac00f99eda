#include "store/compaction.hpp"

#include "store/block.hpp"

#include <algorithm>
#include <numeric>

namespace kepu::store {
namespace {

// Blocks that are read in one step: of the smallest some 20 us each.
constexpr int64_t step_blocks = 500;
// Of one block: as many as a part puts into it at most.
constexpr size_t most_key_bytes = 8u << 20;

// Facts keep their numbers, so extents, closings and the index stay as they are; blocks are only read by number. What
// has been read of a group of blocks waits in memory until the group is full: committed blocks stay meanwhile.
class Compaction final : public Work {
public:
  explicit Compaction(Core& core) : core_(core) {
    compacted_.before = size();
    progress_.total = compacted_.before.blocks + 2 * KeyIndex::parts;
  }

  Result<bool> step() override {
    if (index_ == 2) return true;
    const auto done = core_.in_transaction([&] { go_on(); });
    if (!done) return done.error();
    return index_ == 2;
  }

  Progress progress() const override { return progress_; }
  Outcome outcome() const override {
    Outcome out;
    out.compacted = compacted_;
    return out;
  }

private:
  struct Block {
    Fact first = 0;
    uint32_t n = 0;
    int64_t schema = 0;
    int64_t time_min = 0;
    int64_t time_max = 0;
  };

  void go_on() {
    if (has_blocks_) {
      has_blocks_ = join_blocks();
      return;
    }
    (index_ == 0 ? core_.ledger.keys() : core_.persons.index()).join(part_);
    ++progress_.done;
    if (++part_ < KeyIndex::parts) return;
    part_ = 0;
    if (++index_ == 2) compacted_.after = size();
  }

  // Some more blocks. false: there are none, and what had been read is written.
  bool join_blocks() {
    Fact until = INT64_MAX;
    {
      auto row = core_.db.query("SELECT first_fact FROM extents WHERE seq IS NULL ORDER BY first_fact LIMIT 1");
      if (row.step()) until = static_cast<Fact>(row.integer(0));
    }
    std::vector<Block> blocks;
    {
      auto row = core_.db.query("SELECT first_fact,n,schema,time_min,time_max FROM blocks WHERE first_fact>=? AND "
                                "first_fact<? ORDER BY first_fact LIMIT ?");
      row.bind(1, static_cast<int64_t>(next_)).bind(2, static_cast<int64_t>(until)).bind(3, step_blocks);
      while (row.step()) {
        blocks.push_back({static_cast<Fact>(row.integer(0)), static_cast<uint32_t>(row.integer(1)), row.integer(2),
                          row.integer(3), row.integer(4)});
      }
    }
    for (const auto& block : blocks) {
      add(block);
      next_ = block.first + block.n;
      ++progress_.done;
      if (has_written_) { // enough for one step
        has_written_ = false;
        return true;
      }
    }
    if (blocks.empty()) write();
    return !blocks.empty();
  }

  void add(const Block& block) {
    const bool fits = joined_ != 0 && whole_.first + whole_.n == block.first && whole_.schema == block.schema &&
                      whole_.n + block.n <= block_facts;
    if (fits) {
      if (joined_ == 1) facts_ = facts_of(whole_);
      auto more = facts_of(block);
      if (facts_.key_bytes.size() + more.key_bytes.size() <= most_key_bytes) {
        facts_.append(more);
        whole_.n += block.n;
        whole_.time_min = std::min(whole_.time_min, block.time_min);
        whole_.time_max = std::max(whole_.time_max, block.time_max);
        ++joined_;
        return;
      }
    }
    write();
    whole_ = block;
    joined_ = 1;
  }

  model::FactColumns facts_of(const Block& block) {
    auto row = core_.db.query("SELECT data FROM blocks WHERE first_fact=?");
    row.bind(1, static_cast<int64_t>(block.first));
    auto facts = row.step() ? decode_block(row.blob(0))
                            : fail("damaged", "the list of blocks is damaged; restore the "
                                              "store from a backup");
    if (!facts) throw SqlError(facts.error());
    if (facts->rows != block.n)
      throw SqlError(fail("damaged", "a block of facts is damaged; restore the store from a backup"));
    return std::move(*facts);
  }

  void write() {
    if (joined_ > 1) {
      std::vector<uint32_t> all(facts_.rows);
      std::iota(all.begin(), all.end(), 0);
      const auto first = static_cast<int64_t>(whole_.first);
      core_.db.query("DELETE FROM blocks WHERE first_fact>? AND first_fact<?")
          .bind(1, first)
          .bind(2, first + static_cast<int64_t>(whole_.n))
          .run();
      core_.db.query("UPDATE blocks SET n=?,time_min=?,time_max=?,data=? WHERE first_fact=?")
          .bind(1, static_cast<int64_t>(whole_.n))
          .bind(2, whole_.time_min)
          .bind(3, whole_.time_max)
          .bind_blob(4, encode_block(facts_, all))
          .bind(5, first)
          .run();
      core_.ledger.blocks().forget();
      has_written_ = true;
    }
    joined_ = 0;
    facts_ = {};
  }

  Compacted::Size size() {
    const auto number = [&](const char* sql) {
      auto row = core_.db.query(sql);
      return row.step() ? static_cast<uint64_t>(row.integer(0)) : 0;
    };
    const auto pages = number("PRAGMA page_count") - number("PRAGMA freelist_count");
    return {number("SELECT count(*) FROM blocks"), pages * number("PRAGMA page_size")};
  }

  Core& core_;
  bool has_blocks_ = true; // some are left to be looked at
  Fact next_ = 0;
  Block whole_;              // what is being joined
  uint32_t joined_ = 0;      // of so many blocks
  model::FactColumns facts_; // its facts, once it is more than one
  bool has_written_ = false;
  int index_ = 0; // 0 keys, 1 persons, 2 end
  unsigned part_ = 0;
  Progress progress_;
  Compacted compacted_;
};

} // namespace

Result<std::unique_ptr<Work>> make_compaction(Core& core) {
  try {
    return std::make_unique<Compaction>(core);
  } catch (const SqlError& error) {
    return error.error();
  }
}

} // namespace kepu::store
