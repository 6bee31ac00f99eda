#include "store/retention.hpp"

#include "model/period.hpp"
#include "store/block.hpp"

#include <algorithm>
#include <numeric>

namespace kepu::store {
namespace {

// Blocks that are deleted, and that are written anew, in one step: some MB.
constexpr size_t step_blocks = 32;
constexpr size_t step_mixed = 4;
// How table `closed` tells of facts that were given up.
constexpr const char* given_up = "given_up";

// First the horizon moves, in one commit: from then on facts beyond it count as gone wherever they are looked for. Then
// they are deleted, which nobody notices: blocks of which every fact is gone, then what else is gone out of the blocks
// that hold other facts too, then their keys. What is left over when that is broken off goes with the next retention.
class Retention final : public Work {
public:
  Retention(Core& core, int64_t source, model::Day before) : core_(core), source_(source), before_(before) {}

  Result<bool> step() override {
    if (!has_frozen_) {
      auto done = core_.in_transaction([&] { return freeze(); });
      if (!done) return done.error();
      core_.ledger.forget();
      outcome_.commit = *done;
      has_frozen_ = true;
      if (auto listed = list_blocks(); !listed) return listed.error();
      progress_ = {1, 1 + blocks_.size() + mixed_.size() + KeyIndex::parts};
      return false;
    }
    if (next_ < blocks_.size()) return some_of(blocks_, next_, step_blocks, &Retention::remove);
    if (next_mixed_ < mixed_.size()) return some_of(mixed_, next_mixed_, step_mixed, &Retention::wipe);
    return sweep_keys();
  }

  Progress progress() const override { return progress_; }
  Outcome outcome() const override { return outcome_; }

private:
  // Facts that the measure needs however old they are.
  bool is_read_from_facts(const std::string& dataset) const {
    const auto found = core_.figures.find(dataset);
    return found != core_.figures.end() && std::ranges::any_of(found->second, [](const auto& figure) {
             const auto measure = figure->indicator().measure;
             return model::is_of_facts(measure) && !model::is_kept(measure);
           });
  }

  bool has_facts(const StoredDataset& dataset) {
    auto row = core_.db.query("SELECT 1 FROM extents WHERE dataset=? AND source=? AND seq IS NOT NULL LIMIT 1");
    return row.bind(1, dataset.name).bind(2, source_).step();
  }

  // The day as facts of the dataset tell time.
  int64_t time_of(const StoredDataset& dataset) const {
    const auto field = dataset.dataset.when();
    const bool is_timestamp = field && dataset.dataset.contract.fields[*field].type == KEPU_TIMESTAMP;
    return is_timestamp ? to_micros(core_.zone->start_of(before_)) : before_;
  }

  CommitInfo freeze() {
    CommitInfo commit;
    for (const auto& [id, dataset] : core_.datasets) {
      if (!dataset->dataset.when() || is_read_from_facts(id) || !has_facts(*dataset)) continue;
      const auto* horizon = core_.ledger.horizon(source_, dataset->name);
      if (horizon && horizon->before >= before_) continue;
      if (commit.seq == 0) commit = core_.put_commit("retention", source_, 0);
      core_.db.query("INSERT INTO frozen(source,dataset,seq,before_day,before_time) VALUES(?,?,?,?,?)")
          .bind(1, source_)
          .bind(2, dataset->name)
          .bind(3, static_cast<int64_t>(commit.seq))
          .bind(4, static_cast<int64_t>(before_))
          .bind(5, time_of(*dataset))
          .run();
      if (const auto figures = core_.figures.find(id); figures != core_.figures.end()) {
        for (const auto& figure : figures->second)
          core_.touch(figure->indicator().id, commit.seq);
      }
    }
    return commit;
  }

  // Those of which every fact is gone; they may be of several sources. The store's last stays: numbers go on behind it.
  Result<void> list_blocks() {
    try {
      auto row = core_.db.query(
          "SELECT DISTINCT b.first_fact,b.n FROM frozen f JOIN extents e ON e.dataset=f.dataset AND e.source=f.source "
          "JOIN blocks b ON b.first_fact>=(SELECT max(first_fact) FROM blocks WHERE first_fact<=e.first_fact) AND "
          "b.first_fact<e.first_fact+e.n WHERE f.source=? AND e.seq IS NOT NULL AND b.time_min<=b.time_max AND "
          "b.time_max<f.before_time AND b.first_fact<(SELECT max(first_fact) FROM blocks) AND NOT EXISTS(SELECT 1 FROM "
          "extents o WHERE o.first_fact>=(SELECT max(first_fact) FROM extents WHERE first_fact<=b.first_fact) AND "
          "o.first_fact<b.first_fact+b.n AND NOT EXISTS(SELECT 1 FROM frozen WHERE source=o.source AND "
          "dataset=o.dataset AND before_time>b.time_max)) ORDER BY b.first_fact");
      row.bind(1, source_);
      while (row.step())
        blocks_.push_back({static_cast<Fact>(row.integer(0)), static_cast<uint32_t>(row.integer(1)), ""});
      // What remains to be wiped where others stay.
      auto mixed = core_.db.query(
          "SELECT DISTINCT b.first_fact,b.n,f.dataset FROM frozen f JOIN extents e ON e.dataset=f.dataset AND "
          "e.source=f.source JOIN blocks b ON b.first_fact>=(SELECT max(first_fact) FROM blocks WHERE "
          "first_fact<=e.first_fact) AND b.first_fact<e.first_fact+e.n WHERE f.source=? AND e.seq IS NOT NULL AND "
          "b.time_min<=b.time_max AND b.time_min<f.before_time ORDER BY b.first_fact");
      mixed.bind(1, source_);
      while (mixed.step()) {
        const auto first = static_cast<Fact>(mixed.integer(0));
        if (!std::ranges::binary_search(blocks_, first, {}, &Block::first))
          mixed_.push_back({first, static_cast<uint32_t>(mixed.integer(1)), mixed.text(2)});
      }
      return {};
    } catch (const SqlError& error) {
      return error.error();
    }
  }

  Result<bool> sweep_keys() {
    auto done = core_.in_transaction([&] {
      if (next_part_ == 0) list_gone();
      core_.ledger.keys().sweep(next_part_, [&](uint64_t fact) { return gone_.contains(fact); });
    });
    if (!done) return done.error();
    ++progress_.done;
    return ++next_part_ == KeyIndex::parts;
  }

  // Numbers of no extent: of blocks that were deleted now or before.
  void list_gone() {
    auto row = core_.db.query("SELECT first_fact,n FROM extents ORDER BY first_fact");
    for (Fact next = 1; row.step(); next = static_cast<Fact>(row.integer(0) + row.integer(1))) {
      const auto first = static_cast<Fact>(row.integer(0));
      if (first > next) gone_.add_range(next, first - next);
    }
  }

  struct Block {
    Fact first;
    uint32_t n;
    std::string dataset; // of one that is wiped: its stored name
  };

  Result<bool> some_of(const std::vector<Block>& blocks, size_t& next, size_t most,
                       void (Retention::*what)(const Block&)) {
    const auto some = std::min(most, blocks.size() - next);
    auto done = core_.in_transaction([&] {
      for (size_t i = 0; i < some; ++i)
        (this->*what)(blocks[next + i]);
    });
    core_.ledger.forget();
    if (!done) return done.error();
    next += some;
    progress_.done += some;
    return false;
  }

  // Rows whose facts are gone become empty, so that the numbers of the others stay.
  void wipe(const Block& block) {
    const auto found =
        std::ranges::find_if(core_.datasets, [&](const auto& one) { return one.second->name == block.dataset; });
    if (found == core_.datasets.end()) return; // no longer of the catalog
    const auto& dataset = *found->second;
    const auto held = core_.ledger.blocks().holding(block.first, dataset.dataset);
    if (!held || held->first != block.first || held->facts.rows != block.n)
      throw SqlError(fail("damaged", "a block of facts is damaged; restore the store from a backup"));
    auto facts = columns_of(block); // also those that the dataset no longer has: an earlier moment does
    const measure::When when(dataset.dataset, dataset.codes);
    std::string keys;
    uint64_t wiped = 0;
    int64_t time_min = INT64_MAX;
    int64_t time_max = INT64_MIN;
    for (uint32_t row = 0; row < block.n; ++row) {
      const auto* extent = core_.ledger.extent_of(block.first + row);
      const auto* horizon = extent ? core_.ledger.horizon(extent->source, dataset.name) : nullptr;
      const auto time = when(held->facts, row);
      if (horizon && time && *time < horizon->before_time) {
        close(block.first + row, *extent, horizon->seq);
        empty(facts, row);
        gone_.add(block.first + row);
        ++wiped;
      } else {
        keys += held->facts.key(row);
        if (time) {
          time_min = std::min(time_min, *time);
          time_max = std::max(time_max, *time);
        }
      }
      facts.key_ends[row] = static_cast<uint32_t>(keys.size());
    }
    if (wiped == 0) return;
    facts.key_bytes = std::move(keys);
    std::vector<uint32_t> all(block.n);
    std::iota(all.begin(), all.end(), 0);
    core_.db.query("UPDATE blocks SET time_min=?,time_max=?,data=? WHERE first_fact=?")
        .bind(1, time_min)
        .bind(2, time_max)
        .bind_blob(3, encode_block(facts, all))
        .bind(4, static_cast<int64_t>(block.first))
        .run();
    outcome_.removed += wiped;
  }

  model::FactColumns columns_of(const Block& block) {
    auto row = core_.db.query("SELECT data FROM blocks WHERE first_fact=?");
    row.bind(1, static_cast<int64_t>(block.first));
    auto facts = row.step() ? decode_block(row.blob(0)) : fail("damaged", "a block of facts is missing");
    if (!facts) throw SqlError(facts.error());
    return std::move(*facts);
  }

  static void empty(model::FactColumns& facts, uint32_t row) {
    for (auto& column : facts.fields) {
      if (!column.codes.empty()) column.codes[row] = 0;
      if (!column.flags.empty()) column.flags[row] = 0;
      if (column.numbers.empty()) continue;
      column.numbers[row] = 0;
      column.nulls.resize(facts.rows);
      column.nulls[row] = 1;
    }
    facts.places[row] = 0;
  }

  // What went with its run is counted there.
  void close(Fact fact, const Extent& extent, Seq seq) {
    if (core_.ledger.is_withdrawn(extent.run)) return;
    core_.db.query("INSERT OR IGNORE INTO closed(fact,seq,why,by_fact) VALUES(?,?,?,NULL)")
        .bind(1, static_cast<int64_t>(fact))
        .bind(2, static_cast<int64_t>(seq))
        .bind(3, std::string_view(given_up))
        .run();
  }

  void remove(const Block& block) {
    const auto first = static_cast<int64_t>(block.first);
    const auto end = first + block.n;
    struct Of {
      int64_t first, n, run;
    };
    std::vector<Of> extents;
    {
      auto row = core_.db.query("SELECT first_fact,n,run FROM extents WHERE first_fact<?1 AND first_fact>=(SELECT "
                                "max(first_fact) FROM extents WHERE first_fact<=?2)");
      row.bind(1, end).bind(2, first);
      while (row.step())
        extents.push_back({row.integer(0), row.integer(1), row.integer(2)});
    }
    for (const auto& extent : extents) {
      const auto from = std::max(first, extent.first);
      const auto to = std::min(end, extent.first + extent.n);
      forget_ends(from, to, extent.run);
      if (to < extent.first + extent.n) {
        core_.db
            .query("INSERT INTO extents(first_fact,n,run,source,input,dataset,seq) SELECT ?1,?2,run,source,input,"
                   "dataset,seq FROM extents WHERE first_fact=?3")
            .bind(1, to)
            .bind(2, extent.first + extent.n - to)
            .bind(3, extent.first)
            .run();
      }
      if (from > extent.first) {
        core_.db.query("UPDATE extents SET n=? WHERE first_fact=?")
            .bind(1, from - extent.first)
            .bind(2, extent.first)
            .run();
      } else {
        core_.db.query("DELETE FROM extents WHERE first_fact=?").bind(1, extent.first).run();
      }
    }
    core_.db.query("DELETE FROM blocks WHERE first_fact=?").bind(1, first).run();
  }

  // Of facts [from, to) of a run: how they went out of force. What was counted as withdrawn with it is so no more.
  void forget_ends(int64_t from, int64_t to, int64_t run) {
    outcome_.removed += static_cast<uint64_t>(to - from);
    {
      auto wiped = core_.db.query("SELECT count(*) FROM closed WHERE fact>=? AND fact<? AND why=?");
      wiped.bind(1, from).bind(2, to).bind(3, std::string_view(given_up));
      if (wiped.step()) outcome_.removed -= static_cast<uint64_t>(wiped.integer(0)); // before
    }
    core_.db.query("DELETE FROM closed WHERE fact>=? AND fact<?").bind(1, from).bind(2, to).run();
    const auto closed = core_.db.changes();
    core_.db.query("UPDATE runs SET withdrawn_facts=withdrawn_facts-? WHERE run=? AND withdrawn_seq IS NOT NULL")
        .bind(1, to - from - closed)
        .bind(2, run)
        .run();
  }

  Core& core_;
  const int64_t source_;
  const model::Day before_;
  bool has_frozen_ = false;
  std::vector<Block> blocks_;
  size_t next_ = 0;
  std::vector<Block> mixed_;
  size_t next_mixed_ = 0;
  measure::FactSet gone_;
  unsigned next_part_ = 0;
  Progress progress_;
  Outcome outcome_;
};

} // namespace

Result<std::unique_ptr<Work>> make_retention(Core& core, std::string_view source, model::Day before) {
  try {
    int64_t number = 0;
    {
      auto row = core.db.query("SELECT source FROM sources WHERE id=?");
      row.bind(1, source);
      if (!row.step()) return fail("unknown_source", "the store holds nothing of a source " + std::string(source));
      number = row.integer(0);
    }
    const auto today = core.zone->day_at(core.options.clock->now());
    if (before > today) {
      return fail("bad_range",
                  "facts cannot be given up before they are there: " + model::day_text(before) + " lies in the future");
    }
    if (const auto run = core.open_run_of(number)) {
      return fail("source_running", "facts of " + std::string(source) + " cannot be given up while run " +
                                        std::to_string(run) + " of it is going on; wait for its end or pause it");
    }
    return std::make_unique<Retention>(core, number, before);
  } catch (const SqlError& error) {
    return error.error();
  }
}

} // namespace kepu::store
