#include "store/claims.hpp"
#include "store/core.hpp"
#include "store/inputs.hpp"
#include "store/matching.hpp"
#include "store/rejects.hpp"
#include "store/removals.hpp"
#include "store/replacement.hpp"
#include "store/sums.hpp"

#include <algorithm>
#include <set>

namespace kepu::store {
namespace {

using model::FactColumns;

// Rows of a part that wait in memory; more are staged. Four blocks, some 5 MB.
constexpr uint32_t step_rows = 65'536;
constexpr size_t step_key_bytes = 8u << 20;

// Rows of one dataset, not yet on disk.
struct Buffer {
  StoredDataset* dataset = nullptr;
  FactColumns facts;
  struct From { // rows from here on were read from this input
    uint32_t row;
    int64_t input;
  };
  std::vector<From> inputs;
};

class PartImpl final : public Part {
public:
  PartImpl(Core& core, OpenRun& run)
      : core_(core), run_(run), claims_(core.db, run), removals_(core.db, run), rejects_(core.db, run) {}

  ~PartImpl() override {
    if (!is_staged_) return;
    // What cannot be dropped now is dropped at the next start: it has no commit number.
    (void)core_.in_transaction([&] { core_.ledger.drop(run_.run); });
  }

  Result<InputAnswer> begin_input(const InputAsk& ask) override {
    try {
      const auto found = ask_ledger(core_.db, run_.source, ask, inputs_, core_.next_input);
      if (!found.copy_of.empty()) {
        if (auto held = take_copy(found, ask); !held) return held.error();
        return found.answer;
      }
      if (found.answer.decision == Decision::known) return found.answer;
      if (found.answer.decision == Decision::take) ++core_.next_input;
      inputs_.push_back({found.id, ask, false, false, UINT64_MAX});
      open_input_ = true;
      return found.answer;
    } catch (const SqlError& error) {
      return error.error();
    }
  }

  Result<void> end_input() override {
    inputs_.back().ended = true;
    open_input_ = false;
    return {};
  }

  bool input_is_open() const override { return open_input_; }

  Result<void> put(std::string_view dataset, FactColumns& facts) override {
    if (facts.rows == 0) return {};
    Buffer& buffer = buffer_of(dataset);
    counts_.rows += facts.rows;
    if (open_input_) {
      for (const uint32_t place : facts.places)
        seen_place(place);
    }
    buffer.inputs.push_back({buffer.facts.rows, open_input_ ? inputs_.back().id : 0});
    buffer.facts.append(facts);
    waiting_ += buffer.facts.rows - buffer.inputs.back().row;
    facts.clear();
    if (waiting_ < step_rows && buffer.facts.key_bytes.size() < step_key_bytes) return {};
    return stage([&] { absorb_all(); });
  }

  Result<void> retract(std::string_view dataset, const FactColumns& keys) override {
    Buffer& buffer = buffer_of(dataset);
    return stage([&] {
      absorb_all();
      remove_keys(*buffer.dataset, keys);
    });
  }

  Result<void> begin_replace(std::string_view dataset, Scope scope) override {
    Buffer& buffer = buffer_of(dataset);
    if (waiting_ > 0) {
      // Rows before the replacement are not part of it.
      if (auto staged = stage([&] { absorb_all(); }); !staged) return staged;
    }
    replacing_.emplace(*buffer.dataset, std::move(scope));
    return {};
  }

  Result<void> end_replace() override {
    auto staged = stage([&] {
      absorb_all();
      close_left_out();
    });
    replacing_.reset();
    return staged;
  }

  bool is_replacing() const override { return replacing_.has_value(); }

  Result<void> reject(Refused refused) override {
    ++counts_.rows;
    ++counts_.rejected;
    if (open_input_) seen_place(refused.place);
    rejects_.add(std::move(refused), open_input_ ? inputs_.back().ask.name : std::string());
    return {};
  }

  Result<CommitInfo> commit(std::string_view cursor) override {
    const Counts before = run_.counts;
    auto done = core_.in_transaction([&] {
      absorb_all();
      const auto commit = core_.put_commit("part", run_.source, run_.run);
      core_.ledger.reveal(run_.run, commit.seq);
      core_.write(changes_, run_.source, commit.seq);
      for (const auto& input : inputs_) {
        record_input(core_.db, run_.source, run_.run, input);
        if (input.ended) rejects_.void_older(input);
      }
      rejects_.write(commit.recorded_at);
      claims_.write(commit.seq);
      removals_.write(commit.seq);
      core_.db.query("INSERT OR REPLACE INTO cursors(source,cursor,seq,sum) VALUES(?,?,?,?)")
          .bind(1, run_.source)
          .bind_blob(2, cursor)
          .bind(3, static_cast<int64_t>(commit.seq))
          .bind(4, sum_of(cursor))
          .run();
      add_counts(counts_);
      ++run_.parts;
      write_counts();
      return commit;
    });
    if (!done) {
      run_.counts = before;
      return done;
    }
    core_.settled(*done);
    run_.kept += rejects_.kept();
    // The input that is still open goes on in the next part of the run.
    std::optional<PartInput> open;
    if (open_input_) open = inputs_.back();
    clear();
    if (open) {
      inputs_.push_back(*open);
      open_input_ = true;
    }
    return done;
  }

  Result<void> drop() override {
    Counts only_rejects;
    only_rejects.rows = only_rejects.rejected = counts_.rejected;
    auto done = core_.in_transaction([&] {
      core_.ledger.drop(run_.run);
      rejects_.write(core_.options.clock->now());
      add_counts(only_rejects);
      write_counts();
    });
    run_.kept += rejects_.kept();
    clear();
    return done;
  }

private:
  Buffer& buffer_of(std::string_view dataset) {
    const auto found = buffers_.find(dataset);
    if (found != buffers_.end()) return found->second;
    Buffer& buffer = buffers_[std::string(dataset)];
    buffer.dataset = core_.datasets.find(dataset)->second.get();
    return buffer;
  }

  void seen_place(uint64_t place) {
    auto& first = inputs_.back().first_place;
    if (place != 0 && place < first) first = place;
  }

  // A step that cannot wait for the commit: on disk without a commit number.
  template <class F> Result<void> stage(F&& f) {
    is_staged_ = true;
    return core_.in_transaction(std::forward<F>(f));
  }

  void clear() {
    buffers_.clear();
    waiting_ = 0;
    counts_ = {};
    changes_.clear();
    inputs_.clear();
    open_input_ = false;
    rejects_.clear();
    claims_.clear();
    removals_.clear();
    replacing_.reset();
    is_staged_ = false;
  }

  // ---- facts ----

  void measure_rows(const StoredDataset& dataset, const FactColumns& facts, std::span<const uint32_t> rows, int sign) {
    core_.measure(dataset, run_.source, facts, rows, sign, changes_);
  }

  void absorb_all() {
    for (auto& [id, buffer] : buffers_) {
      if (buffer.facts.rows > 0) absorb(buffer);
    }
    waiting_ = 0;
  }

  // Takes rows out of `order` that a later row with the same key replaces, and counts them.
  void keep_last_of_each_key(const FactColumns& facts, std::vector<HashedKey>& order) {
    size_t kept = 0;
    for (size_t begin = 0; begin < order.size();) {
      size_t end = begin + 1;
      while (end < order.size() && order[end].hash == order[begin].hash)
        ++end;
      for (size_t i = begin; i < end; ++i) {
        size_t later = i + 1;
        while (later < end && facts.key(order[later].row) != facts.key(order[i].row))
          ++later;
        if (later == end) {
          order[kept++] = order[i];
        } else if (facts.same_values(order[i].row, facts, order[later].row)) {
          ++counts_.unchanged;
        } else {
          ++counts_.changed;
        }
      }
      begin = end;
    }
    order.resize(kept);
  }

  void number_persons(FactColumns& facts) {
    for (size_t i = 0; i < facts.fields.size(); ++i) {
      auto& column = facts.fields[i];
      if (column.holding != model::Holding::person) continue;
      std::vector<int64_t> pseudonyms;
      pseudonyms.reserve(facts.rows);
      for (uint32_t row = 0; row < facts.rows; ++row) {
        if (column.nulls.empty() || !column.nulls[row]) pseudonyms.push_back(column.numbers[row]);
      }
      std::vector<uint32_t> numbers;
      core_.persons.number(pseudonyms, numbers);
      column.codes.assign(facts.rows, 0);
      size_t next = 0;
      for (uint32_t row = 0; row < facts.rows; ++row) {
        if (column.nulls.empty() || !column.nulls[row]) column.codes[row] = numbers[next++];
      }
      column.numbers.clear();
      column.nulls.clear();
    }
  }

  // All inputs of this one's name, in the store or in this part.
  std::set<int64_t> inputs_of_name(int64_t input) {
    std::set<int64_t> out{input};
    const auto found =
        std::find_if(inputs_.begin(), inputs_.end(), [&](const PartInput& one) { return one.id == input; });
    if (found != inputs_.end()) out.merge(inputs_called(found->ask.name));
    return out;
  }
  std::set<int64_t> inputs_called(const std::string& name) {
    std::set<int64_t> out;
    for (const auto id : inputs_named(core_.db, run_.source, name))
      out.insert(id);
    for (const auto& other : inputs_) {
      if (other.ask.name == name) out.insert(other.id);
    }
    return out;
  }

  // A new name holds what another holds already: it gave all those rows last.
  Result<void> take_copy(const LedgerAnswer& found, const InputAsk& ask) {
    if (waiting_ > 0) {
      if (auto staged = stage([&] { absorb_all(); }); !staged) return staged;
    }
    const auto holder = inputs_called(found.copy_of);
    for (const auto& [id, dataset] : core_.datasets) {
      const auto owners = claims_.owners(dataset->name, holder);
      measure::FactSet facts;
      {
        auto row = core_.db.query("SELECT first_fact,n,input FROM extents WHERE dataset=? AND source=? AND (seq IS NOT "
                                  "NULL OR run=?)");
        row.bind(1, dataset->name).bind(2, run_.source).bind(3, run_.run);
        while (row.step()) {
          if (holder.contains(row.integer(2)))
            facts.add_range(static_cast<Fact>(row.integer(0)), static_cast<uint64_t>(row.integer(1)));
        }
      }
      facts.subtract(owners.others);
      facts.merge(owners.ours);
      facts.subtract(core_.ledger.out_of_force(dataset->name, run_.source, run_.run));
      if (!facts.empty()) claims_.add(dataset->name, found.id, facts);
    }
    ++core_.next_input;
    inputs_.push_back({found.id, ask, true, true, UINT64_MAX});
    return {};
  }

  // Rows that are in force already, and facts that they are: an input that did not bring them holds them too now.
  void claim(const Buffer& buffer, const std::vector<std::pair<uint32_t, Fact>>& again) {
    if (again.empty()) return;
    const auto& dataset = buffer.dataset->name;
    const bool any = claims_.any(dataset);
    std::map<int64_t, std::set<int64_t>> names;
    for (const auto& [row, fact] : again) {
      const auto after = std::upper_bound(buffer.inputs.begin(), buffer.inputs.end(), row,
                                          [](uint32_t r, const Buffer::From& from) { return r < from.row; });
      const int64_t input = std::prev(after)->input;
      const auto [it, is_new] = names.try_emplace(input);
      if (is_new) it->second = inputs_of_name(input);
      claims_.add(dataset, input, fact, any || !it->second.contains(core_.ledger.extent_of(fact)->input));
    }
  }

  void absorb(Buffer& buffer) {
    StoredDataset& dataset = *buffer.dataset;
    FactColumns& facts = buffer.facts;
    number_persons(facts);
    auto order = hash_keys(facts, key_seed(dataset, run_.source));
    keep_last_of_each_key(facts, order);

    const bool keeps = replacing_ && &replacing_->dataset() == &dataset;
    enum Fate : uint8_t { lost, fresh, same, change };
    std::vector<uint8_t> fate(facts.rows, lost);
    for (const auto& one : order)
      fate[one.row] = fresh;
    struct Old {
      Fact fact;
      uint32_t row;
    };
    std::vector<Old> replaced;
    std::vector<std::pair<uint32_t, Fact>> again;
    std::shared_ptr<const BlockReader::Block> block_now;
    std::vector<uint32_t> old_rows;
    const auto take_out = [&] {
      if (block_now) measure_rows(dataset, block_now->facts, old_rows, -1);
      old_rows.clear();
    };
    each_version(core_.ledger, dataset, run_.source, facts, order, [&](const Version& version) {
      if (!core_.ledger.in_force(version.fact, run_.run)) return;
      if (facts.same_values(version.row, version.block->facts, version.at)) {
        fate[version.row] = same;
        if (keeps) replacing_->keep(version.fact);
        again.push_back({version.row, version.fact});
        return;
      }
      fate[version.row] = change;
      replaced.push_back({version.fact, version.row});
      if (version.block != block_now) take_out();
      block_now = version.block;
      old_rows.push_back(version.at);
    });
    take_out();
    claim(buffer, again);

    // New facts in the order of their rows, one extent an input.
    std::vector<KeyEntry> entries;
    entries.reserve(order.size());
    std::vector<uint32_t> rows;
    std::vector<Fact> numbers(facts.rows);
    for (size_t i = 0; i < buffer.inputs.size(); ++i) {
      const int64_t input = buffer.inputs[i].input;
      size_t last = i;
      while (last + 1 < buffer.inputs.size() && buffer.inputs[last + 1].input == input)
        ++last;
      const uint32_t end = last + 1 < buffer.inputs.size() ? buffer.inputs[last + 1].row : facts.rows;
      rows.clear();
      for (uint32_t row = buffer.inputs[i].row; row < end; ++row) {
        if (fate[row] == fresh || fate[row] == change) rows.push_back(row);
        if (fate[row] == fresh) ++counts_.inserted;
        if (fate[row] == same) ++counts_.unchanged;
        if (fate[row] == change) ++counts_.changed;
      }
      i = last;
      if (rows.empty()) continue;
      Fact fact = core_.ledger.append(dataset, facts, rows, run_.run, run_.source, input);
      for (const uint32_t row : rows) {
        numbers[row] = fact;
        if (keeps) replacing_->keep(fact);
        ++fact;
      }
      measure_rows(dataset, facts, rows, 1);
    }
    for (const auto& old : replaced)
      core_.ledger.close(old.fact, "replaced", numbers[old.row], run_.run);
    for (const auto& one : order) {
      if (fate[one.row] == fresh || fate[one.row] == change) entries.push_back({one.hash, numbers[one.row]});
    }
    core_.ledger.keys().add(entries);
    facts.clear();
    buffer.inputs.clear();
  }

  void remove_keys(StoredDataset& dataset, const FactColumns& keys) {
    const auto order = hash_keys(keys, key_seed(dataset, run_.source));
    std::vector<Fact> last(keys.rows); // of a key that holds nothing now: its last fact
    std::vector<uint8_t> holds(keys.rows);
    each_version(core_.ledger, dataset, run_.source, keys, order, [&](const Version& version) {
      last[version.row] = version.fact;
      if (!core_.ledger.in_force(version.fact, run_.run)) return;
      holds[version.row] = 1;
      core_.ledger.close(version.fact, "deleted", std::nullopt, run_.run);
      measure_rows(dataset, version.block->facts, std::span(&version.at, 1), -1);
      ++counts_.removed;
    });
    for (uint32_t row = 0; row < keys.rows; ++row) {
      if (last[row] != 0 && holds[row] == 0) removals_.deleted_again(dataset.name, last[row]);
    }
  }

  // ---- replacement ----

  void close_left_out() {
    std::set<int64_t> inputs;
    Claims::Owners owners;
    if (replacing_->of_this_input()) {
      inputs = inputs_of_name(inputs_.back().id);
      owners = claims_.owners(replacing_->dataset().name, inputs);
    }
    std::vector<Fact> out; // closed when the scan is done
    replacing_->left_out(core_.db, run_, inputs, owners, [&](const BlockReader::Block& block, auto rows) {
      for (const uint32_t row : rows)
        out.push_back(block.first + row);
      measure_rows(replacing_->dataset(), block.facts, rows, -1);
    });
    for (const Fact fact : out)
      core_.ledger.close(fact, "out_of_scope", std::nullopt, run_.run);
    removals_.replaced(replacing_->dataset(), replacing_->scope(), inputs.empty() ? 0 : inputs_.back().id);
    counts_.removed += out.size();
  }

  // ---- counts ----

  void add_counts(const Counts& add) {
    run_.counts.rows += add.rows;
    run_.counts.inserted += add.inserted;
    run_.counts.changed += add.changed;
    run_.counts.unchanged += add.unchanged;
    run_.counts.removed += add.removed;
    run_.counts.rejected += add.rejected;
  }

  void write_counts() {
    const auto& counts = run_.counts;
    core_.db.query("UPDATE runs SET rows=?,inserted=?,changed=?,unchanged=?,removed=?,rejected=?,parts=? WHERE run=?")
        .bind(1, static_cast<int64_t>(counts.rows))
        .bind(2, static_cast<int64_t>(counts.inserted))
        .bind(3, static_cast<int64_t>(counts.changed))
        .bind(4, static_cast<int64_t>(counts.unchanged))
        .bind(5, static_cast<int64_t>(counts.removed))
        .bind(6, static_cast<int64_t>(counts.rejected))
        .bind(7, static_cast<int64_t>(run_.parts))
        .bind(8, run_.run)
        .run();
  }

  Core& core_;
  OpenRun& run_;
  std::map<std::string, Buffer, std::less<>> buffers_; // by dataset's id
  uint32_t waiting_ = 0;                               // rows in them
  Counts counts_;
  PartChanges changes_;
  std::vector<PartInput> inputs_; // the last one is open when open_input_
  bool open_input_ = false;
  Claims claims_;
  Removals removals_;
  PartRejects rejects_;
  std::optional<Replacement> replacing_;
  bool is_staged_ = false;
};

} // namespace

std::unique_ptr<Part> make_part(Core& core, OpenRun& run) { return std::make_unique<PartImpl>(core, run); }

} // namespace kepu::store
