#include "store/withdrawal.hpp"

#include "base/hash.hpp"
#include "model/catalog_text.hpp"
#include "store/figures_aside.hpp"
#include "store/frozen_figures.hpp"
#include "store/inputs.hpp"
#include "store/matching.hpp"
#include "store/remaining.hpp"

#include <algorithm>
#include <set>

namespace kepu::store {
namespace {

// Keys that are settled in one step: 1 or 2 us each, some 20 us where others had them, too, and more where each needs a
// block of its own.
constexpr size_t step_keys = 1'024;
constexpr uint32_t enough_keys = 65'536; // are hashed and sorted in one step
constexpr size_t step_others = 16;       // which lie farther apart
// Rows that leave the figures in one step.
constexpr uint32_t step_rows = 8'192;
// Closings that are listed in one step.
constexpr int64_t step_closings = 10'000;

// The row of another block, after those that are there.
void append_row(model::FactColumns& to, const model::FactColumns& from, uint32_t row) {
  to.fields.resize(from.fields.size());
  const auto mark = [&](std::vector<uint8_t>& marks, const std::vector<uint8_t>& of) {
    if (marks.empty() && of.empty()) return; // none has one
    marks.resize(to.rows);
    marks.push_back(of.empty() ? 0 : of[row]);
  };
  for (size_t i = 0; i < from.fields.size(); ++i) {
    auto& column = to.fields[i];
    const auto& had = from.fields[i];
    column.holding = had.holding;
    if (!had.codes.empty()) column.codes.push_back(had.codes[row]);
    if (!had.numbers.empty()) column.numbers.push_back(had.numbers[row]);
    mark(column.nulls, had.nulls);
    mark(column.flags, had.flags);
  }
  to.key_bytes += from.key(row);
  to.key_ends.push_back(static_cast<uint32_t>(to.key_bytes.size()));
  to.places.push_back(from.places[row]);
  ++to.rows;
}

// What is done first and what may then follow, so that a key is judged once:
//   1. what the runs removed is listed, commit by commit
//   2. their facts, slice by slice: those in force leave the figures, and the keys of those that were in force last
//      are settled
//   3. the keys of what they removed, confirmed, or keep from coming back are settled
//   4. the figures that follow are written beside those in force
//   5. all of it becomes visible
//   6. the figures that were in force before go
// To settle a key is to make it hold what it holds without the runs. Of a whole source nothing is left to be settled.
class Withdrawal final : public Work {
public:
  Withdrawal(Core& core, int64_t source, std::set<int64_t> runs, bool of_source)
      : core_(core), source_(source), runs_(std::move(runs)), of_source_(of_source), figures_(core, source) {
    std::set<std::string> names;
    {
      auto row = core_.db.query("SELECT first_fact,n,run,dataset FROM extents WHERE source=? AND seq IS NOT NULL");
      row.bind(1, source_);
      while (row.step()) {
        names.insert(row.text(3));
        if (!runs_.contains(row.integer(2))) continue;
        own_.push_back(
            {static_cast<Fact>(row.integer(0)), static_cast<Fact>(row.integer(0) + row.integer(1)), row.text(3)});
        progress_.total += static_cast<uint64_t>(row.integer(1));
      }
    }
    if (of_source_) return;
    const int64_t run = *runs_.begin();
    for (const auto& name : names) {
      const auto& dataset = dataset_of(name);
      auto& remaining = remaining_.emplace(name, Remaining(core_, source_, dataset, runs_)).first->second;
      others_.merge(kept_out_by(core_.db, source_, name, run));
      if (remaining.replaces_inputs()) others_.merge(Claims::of_run(core_.db, source_, name, run));
    }
    auto row = core_.db.query("SELECT seq FROM commits WHERE run=? AND kind IN ('part','swap')");
    row.bind(1, run);
    while (row.step())
      commits_.push_back(row.integer(0));
  }

  ~Withdrawal() override {
    if (is_visible_ || touched_.empty()) return; // figures that went out of force go at the next start
    // What cannot be dropped now is dropped at the next start: it has no commit number.
    (void)core_.in_transaction([&] { drop(); });
  }

  Result<bool> step() override {
    if (listed_ < commits_.size()) return stage([&] { list_closings(); });
    if (to_settle_.next < to_settle_.order.size()) return stage([&] { settle_some(); });
    if (is_enough_collected()) {
      begin_to_settle();
      return false;
    }
    if (at_ < own_.size()) return stage([&] { take_rows(); });
    if (!has_listed_) {
      has_listed_ = true;
      progress_.total += others_.count();
    }
    if (auto keys = others_.from(next_other_, step_others); !keys.empty()) {
      next_other_ = keys.back() + 1;
      progress_.done += keys.size();
      return stage([&] { settle_facts(keys); });
    }
    if (!is_visible_) {
      bool is_ready = false;
      if (auto staged = stage([&] { is_ready = !figures_.write_some(); }); !staged) return staged;
      if (!is_ready) return false;
      auto done = core_.in_transaction([&] { return finish(); });
      if (!done) return done.error();
      is_visible_ = true;
      core_.ledger.forget();
      outcome_.commit = *done;
    }
    // What cannot be taken away now is at the next start.
    const auto more = core_.in_transaction([&] { return figures_.clear_some(); });
    return !more || !*more;
  }

  Progress progress() const override { return progress_; }
  Outcome outcome() const override { return outcome_; }

private:
  struct Own {
    Fact next;
    Fact end;
    std::string dataset;
  };

  template <class F> Result<bool> stage(F&& f) {
    touched_.insert(*runs_.begin()); // closings are staged under it
    auto staged = core_.in_transaction([&] {
      f();
      figures_.add(changes_);
    });
    if (!staged) return staged.error();
    return false;
  }

  void drop() {
    FiguresAside::drop_all(core_.db);
    for (const int64_t run : touched_)
      core_.ledger.drop(run);
  }

  // Of the catalog in force, or of the last that had this version of it.
  StoredDataset& dataset_of(const std::string& name) {
    for (const auto& [id, dataset] : core_.datasets) {
      if (dataset->name == name) return *dataset;
    }
    if (const auto known = earlier_.find(name); known != earlier_.end()) return *known->second;
    auto row = core_.db.query("SELECT body FROM catalog ORDER BY seq DESC");
    while (row.step()) {
      bool ok = false;
      const auto catalog = model::decode_catalog(unseal(row.blob(0), ok));
      if (!ok || !catalog) break;
      for (const auto& dataset : (*catalog)->datasets) {
        if (stored_name(dataset) != name) continue;
        auto stored = std::make_unique<StoredDataset>(name, dataset, core_.schema_number(dataset), core_.dictionary);
        return *earlier_.emplace(name, std::move(stored)).first->second;
      }
    }
    throw SqlError(fail("damaged", "the stored catalog is damaged; restore the store from a backup"));
  }

  void list_closings() {
    auto row = core_.db.query("SELECT fact FROM closed WHERE seq=? AND fact>? ORDER BY fact LIMIT ?");
    row.bind(1, commits_[listed_]).bind(2, last_listed_).bind(3, step_closings);
    int64_t found = 0;
    for (; row.step(); ++found) {
      last_listed_ = row.integer(0);
      others_.add(static_cast<Fact>(last_listed_));
    }
    if (found == step_closings) return;
    ++listed_;
    last_listed_ = 0;
  }

  void take_rows() {
    auto& own = own_[at_];
    auto& dataset = dataset_of(own.dataset);
    const auto block = core_.ledger.blocks().holding(own.next, dataset.dataset);
    if (!block) throw SqlError(fail("damaged", "a block of facts is missing; restore the store from a backup"));
    const auto begin = static_cast<uint32_t>(own.next - block->first);
    const auto held = std::min(block->facts.rows, static_cast<uint32_t>(own.end - block->first));
    const auto end = std::min(held, begin + step_rows);
    std::vector<uint8_t> closed(end);
    std::vector<uint8_t> last(end, 1); // what the key held when it held something
    {
      auto row = core_.db.query("SELECT fact,why,commits.run FROM closed JOIN commits USING(seq) WHERE fact>=? AND "
                                "fact<?");
      row.bind(1, static_cast<int64_t>(own.next)).bind(2, static_cast<int64_t>(block->first + end));
      while (row.step()) {
        const auto at = static_cast<size_t>(static_cast<Fact>(row.integer(0)) - block->first);
        closed[at] = 1;
        // What another row replaced or somebody retracted stays so, unless they are withdrawn; what a scope took may
        // have been another fact.
        const auto why = row.text(1);
        last[at] = (why != "replaced" && why != "deleted") || core_.ledger.is_withdrawn(row.integer(2));
      }
    }
    std::vector<uint32_t> leaving;
    std::vector<uint32_t> to_settle;
    for (uint32_t row = begin; row < end; ++row) {
      if (!closed[row]) leaving.push_back(row);
      if (last[row]) to_settle.push_back(row);
    }
    core_.measure(dataset, source_, block->facts, leaving, -1, changes_);
    open_ += leaving.size();
    std::vector<uint32_t> kept;
    // Figures of days whose facts were given up stay, but for a whole source's.
    outcome_.removed +=
        of_source_ ? leaving.size() : core_.ledger.within_horizon(dataset, source_, block->facts, leaving, kept).size();
    if (!of_source_) {
      auto keys = keys_at(*block, core_.ledger.within_horizon(dataset, source_, block->facts, to_settle, kept));
      collected_.dataset = &dataset;
      collected_.keys.append(keys);
    }
    progress_.done += end - begin;
    own.next = block->first + end;
    if (own.next == own.end) ++at_;
  }

  // Many keys are settled together, since between them they are on every page of the index.
  bool is_enough_collected() {
    if (collected_.keys.rows == 0) return false;
    return collected_.keys.rows >= enough_keys || at_ == own_.size() ||
           &dataset_of(own_[at_].dataset) != collected_.dataset;
  }
  void begin_to_settle() {
    to_settle_ = std::exchange(collected_, {});
    to_settle_.order = hash_keys(to_settle_.keys, key_seed(to_settle_.dataset->name, source_));
  }

  static model::FactColumns keys_at(const BlockReader::Block& block, std::span<const uint32_t> rows) {
    model::FactColumns keys;
    for (const uint32_t row : rows) {
      keys.key_bytes += block.facts.key(row);
      keys.key_ends.push_back(static_cast<uint32_t>(keys.key_bytes.size()));
      ++keys.rows;
    }
    return keys;
  }

  // In the order of hashes, so that each page of the index is read for many keys.
  void settle_some() {
    auto& [dataset, keys, order, next] = to_settle_;
    const size_t n = std::min(step_keys, order.size() - next);
    const auto first = order.begin() + static_cast<ptrdiff_t>(next);
    next += n;
    settle(*dataset, keys, {first, first + static_cast<ptrdiff_t>(n)});
  }

  void settle_facts(const std::vector<Fact>& facts) {
    std::map<std::string, model::FactColumns> keys;
    for (const Fact fact : facts) {
      const auto* extent = core_.ledger.extent_of(fact);
      if (!extent) continue;
      const auto name = extent->dataset;
      const auto& dataset = dataset_of(name);
      const auto block = core_.ledger.blocks().holding(fact, dataset.dataset);
      const auto row = static_cast<uint32_t>(fact - block->first);
      std::vector<uint32_t> kept;
      if (core_.ledger.within_horizon(dataset, source_, block->facts, std::span(&row, 1), kept).empty()) continue;
      auto& of = keys[name];
      of.key_bytes += block->facts.key(row);
      of.key_ends.push_back(static_cast<uint32_t>(of.key_bytes.size()));
      ++of.rows;
    }
    for (const auto& [name, of] : keys) {
      const auto& dataset = dataset_of(name);
      settle(dataset, of, hash_keys(of, key_seed(dataset.name, source_)));
    }
  }

  void settle(const StoredDataset& dataset, const model::FactColumns& keys, const std::vector<HashedKey>& order) {
    struct One {
      uint32_t row;
      Fact fact;
      auto operator<=>(const One&) const = default;
    };
    std::vector<One> all;
    each_version(core_.ledger, dataset, source_, keys, order, [&](const Version& version) {
      all.push_back({version.row, version.fact});
    });
    std::ranges::sort(all);
    auto& remaining = remaining_.at(dataset.name);
    std::vector<Fact> versions;
    std::vector<Remaining::Held> back;
    std::vector<Fact> out;
    for (size_t i = 0; i < all.size();) {
      versions.clear();
      for (const uint32_t row = all[i].row; i < all.size() && all[i].row == row; ++i)
        versions.push_back(all[i].fact);
      if (settled_.contains(versions.front())) continue;
      settled_.add(versions.front());
      const auto held = remaining.of(versions);
      const auto now = std::ranges::find_if(versions, [&](Fact fact) {
        return !runs_.contains(core_.ledger.extent_of(fact)->run) && core_.ledger.in_force(fact, *runs_.begin());
      });
      if (now != versions.end() && held && held->fact == *now) continue;
      if (now != versions.end()) out.push_back(*now);
      if (held) back.push_back(*held);
    }
    take_out(dataset, out);
    bring_back(dataset, back);
  }

  // Of another run: it was there only because a scope had passed it by.
  void take_out(const StoredDataset& dataset, std::vector<Fact>& facts) {
    std::ranges::sort(facts);
    for (const Fact fact : facts) {
      const auto block = core_.ledger.blocks().holding(fact, dataset.dataset);
      const auto row = static_cast<uint32_t>(fact - block->first);
      core_.measure(dataset, source_, block->facts, std::span(&row, 1), -1, changes_);
      core_.ledger.close(fact, "withdrawn", std::nullopt, *runs_.begin());
    }
    outcome_.removed += facts.size();
  }

  // As new facts of the runs that gave them last, so that their own withdrawal finds them.
  void bring_back(const StoredDataset& dataset, std::vector<Remaining::Held>& facts) {
    std::ranges::sort(facts, {}, &Remaining::Held::fact);
    std::map<std::pair<int64_t, int64_t>, model::FactColumns> rows; // by run and input
    for (const auto& held : facts) {
      const auto block = core_.ledger.blocks().holding(held.fact, dataset.dataset);
      append_row(rows[{held.run, held.input}], block->facts, static_cast<uint32_t>(held.fact - block->first));
    }
    for (const auto& [of, columns] : rows) {
      std::vector<uint32_t> every(columns.rows);
      for (uint32_t row = 0; row < columns.rows; ++row)
        every[row] = row;
      touched_.insert(of.first);
      auto appended = core_.ledger.append(dataset, columns, every, of.first, source_, of.second);
      std::vector<KeyEntry> entries;
      for (const auto& key : hash_keys(columns, key_seed(dataset.name, source_)))
        entries.push_back({key.hash, appended.first() + key.row});
      core_.ledger.keys().add(entries);
      core_.measure(dataset, source_, columns, every, 1, changes_);
      core_.ledger.write_blocks(appended);
    }
    outcome_.restored += facts.size();
  }

  CommitInfo finish() {
    const auto commit = core_.put_commit("withdraw", source_, of_source_ ? 0 : *runs_.begin());
    for (const int64_t run : touched_)
      core_.ledger.reveal(run, commit.seq);
    figures_.put_in_place(commit.seq);
    for (const auto& [name, remaining] : remaining_) {
      for (const auto& [by, facts] : remaining.held_back())
        hold_back(core_.db, source_, name, by.first, by.second, facts);
    }
    // Of a source the facts are counted with one of the runs: only the sum of all is ever asked for.
    core_.db.query("UPDATE runs SET withdrawn_facts=? WHERE run=?")
        .bind(1, static_cast<int64_t>(open_))
        .bind(2, *runs_.begin())
        .run();
    if (of_source_) {
      clear_frozen(core_, source_, commit.seq);
      core_.db.query("UPDATE runs SET withdrawn_seq=? WHERE source=? AND withdrawn_seq IS NULL")
          .bind(1, static_cast<int64_t>(commit.seq))
          .bind(2, source_)
          .run();
      core_.db.query("UPDATE inputs SET state='withdrawn' WHERE source=? AND state<>'backfilled'")
          .bind(1, source_)
          .run();
      core_.db.query("DELETE FROM rejects WHERE source=?").bind(1, source_).run();
    } else {
      const int64_t run = *runs_.begin();
      core_.db.query("UPDATE runs SET withdrawn_seq=? WHERE run=?")
          .bind(1, static_cast<int64_t>(commit.seq))
          .bind(2, run)
          .run();
      withdraw_inputs(core_.db, source_, run);
      core_.db.query("DELETE FROM rejects WHERE run=?").bind(1, run).run();
    }
    return commit;
  }

  Core& core_;
  const int64_t source_;
  const std::set<int64_t> runs_;
  const bool of_source_;
  std::map<std::string, std::unique_ptr<StoredDataset>> earlier_; // versions that the catalog no longer has
  std::map<std::string, Remaining> remaining_;                    // by dataset
  std::vector<Own> own_;
  size_t at_ = 0;
  struct Keys {
    const StoredDataset* dataset = nullptr;
    model::FactColumns keys;
    std::vector<HashedKey> order;
    size_t next = 0; // of them
  };
  Keys collected_; // of the rows that were taken last, not hashed yet
  Keys to_settle_;
  std::vector<int64_t> commits_;
  size_t listed_ = 0;
  int64_t last_listed_ = 0;
  measure::FactSet others_; // facts whose keys are settled after those of the runs' own
  bool has_listed_ = false;
  Fact next_other_ = 0;
  measure::FactSet settled_;  // first versions of keys
  std::set<int64_t> touched_; // runs under which something is staged
  PartChanges changes_;       // of the step that goes on
  FiguresAside figures_;
  uint64_t open_ = 0; // facts of the runs that were in force
  Progress progress_;
  Outcome outcome_;
  bool is_visible_ = false;
};

Error still_running(const std::string& what, uint64_t run) {
  return fail("source_running", what + " cannot be withdrawn while run " + std::to_string(run) +
                                    " of the source is going on; wait for its end or pause the source");
}

template <class F> Result<std::unique_ptr<Work>> begin(Core& core, F&& f) {
  try {
    return f();
  } catch (const SqlError& error) {
    core.rolled_back();
    return error.error();
  }
}

} // namespace

Result<std::unique_ptr<Work>> make_withdrawal(Core& core, uint64_t run) {
  return begin(core, [&]() -> Result<std::unique_ptr<Work>> {
    const auto what = "run " + std::to_string(run);
    int64_t source = 0;
    {
      auto row = core.db.query("SELECT source,withdrawn_seq FROM runs WHERE run=?");
      row.bind(1, static_cast<int64_t>(run)); // beyond the range it is negative, and of no run
      if (!row.step()) return fail("unknown_run", "there is no " + what);
      if (!row.is_null(1))
        return fail("already_withdrawn", what + " is withdrawn already, by commit " + std::to_string(row.integer(1)));
      source = row.integer(0);
    }
    if (const auto open = core.open_run_of(source)) return still_running(what, open);
    return std::make_unique<Withdrawal>(core, source, std::set{static_cast<int64_t>(run)}, false);
  });
}

Result<std::unique_ptr<Work>> make_withdrawal(Core& core, std::string_view source) {
  return begin(core, [&]() -> Result<std::unique_ptr<Work>> {
    const auto what = "source " + std::string(source);
    int64_t number = 0;
    {
      auto row = core.db.query("SELECT source FROM sources WHERE id=?");
      row.bind(1, source);
      if (!row.step()) return fail("unknown_source", "the store holds nothing of a " + what);
      number = row.integer(0);
    }
    if (const auto open = core.open_run_of(number)) return still_running(what, open);
    std::set<int64_t> runs;
    {
      auto row = core.db.query("SELECT run FROM runs WHERE source=? AND withdrawn_seq IS NULL");
      row.bind(1, number);
      while (row.step())
        runs.insert(row.integer(0));
    }
    if (runs.empty()) return fail("already_withdrawn", "every run of " + what + " is withdrawn already");
    return std::make_unique<Withdrawal>(core, number, std::move(runs), true);
  });
}

} // namespace kepu::store
