#include "store/claims.hpp"
#include "store/core.hpp"
#include "store/first_voice.hpp"
#include "store/inputs.hpp"
#include "store/matching.hpp"
#include "store/record_rows.hpp"
#include "store/rejects.hpp"
#include "store/removals.hpp"
#include "store/replacement.hpp"
#include "store/sums.hpp"
#include "store/swap.hpp"

#include <algorithm>
#include <list>
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
  PartImpl(Core& core, OpenRun& run, const std::optional<model::Backfill>& backfill)
      : core_(core), run_(run), names_(core.db, run.source), claims_(core.db, run), removals_(core.db, run),
        rejects_(core.db, run), voice_(core, run, claims_) {
    if (backfill) swap_.emplace(core, run, *backfill);
  }

  ~PartImpl() override {
    if (!is_staged_) return;
    // What cannot be dropped now is dropped at the next start: it has no commit number.
    (void)core_.in_part([&] { core_.ledger.drop(run_.run); });
  }

  Result<InputAnswer> begin_input(const InputAsk& ask) override {
    try {
      auto found = ask_ledger(core_.db, run_.source, ask, swap_ ? std::vector<PartInput>() : inputs_, core_.next_input);
      if (swap_) found = {{Decision::take, found.answer.previous}, core_.next_input, ""}; // known or not
      if (!found.copy_of.empty()) {
        if (auto held = take_copy(found, ask); !held) return held.error();
        return found.answer;
      }
      if (found.answer.decision == Decision::known) return found.answer;
      if (found.answer.decision == Decision::take) ++core_.next_input;
      const int64_t first = swap_ ? found.id : first_reading(core_.db, run_.source, found.id, ask);
      if (first != found.id) {
        if (auto staged = stage_waiting(); !staged) return staged.error(); // what came before speaks for itself
        voice_.begin(found.id, first, ask);
      }
      add_input({found.id, ask, false, false, UINT64_MAX});
      open_input_ = true;
      return found.answer;
    } catch (const SqlError& error) {
      return error.error();
    }
  }

  Result<void> end_input() override {
    if (voice_.speaks()) {
      if (auto staged = stage_waiting(); !staged) return staged;
      voice_.end();
    }
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
    // Rows before the replacement are not part of it.
    if (auto staged = stage_waiting(); !staged) return staged;
    if (swap_) scope = swap_->within(*buffer.dataset, std::move(scope));
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
    return make_visible("part", [&](const CommitInfo& commit) {
      for (const auto& input : inputs_) {
        record_input(core_.db, run_.source, run_.run, input);
        if (input.ended) rejects_.void_older(input);
      }
      core_.db.query("INSERT OR REPLACE INTO cursors(source,cursor,seq,sum) VALUES(?,?,?,?)")
          .bind(1, run_.source)
          .bind_blob(2, cursor)
          .bind(3, static_cast<int64_t>(commit.seq))
          .bind(4, sum_of(cursor))
          .run();
    });
  }

  Result<CommitInfo> swap(const std::vector<std::string>& datasets) override {
    auto closed = stage([&] {
      absorb_all();
      for (const auto& id : datasets)
        close_untold(*core_.datasets.find(id)->second);
    });
    if (!closed) return closed.error();
    return make_visible("swap", [&](const CommitInfo&) {
      for (const auto& input : inputs_)
        record_backfilled(core_.db, run_.source, run_.run, input);
    });
  }

  PassedOver passed_over() const override { return swap_ ? swap_->passed_over() : PassedOver(); }

  Result<void> drop() override {
    Counts only_rejects;
    only_rejects.rows = only_rejects.rejected = counts_.rejected;
    auto done = core_.in_part([&] {
      core_.ledger.drop(run_.run);
      rejects_.write(core_.options.clock->now());
      run_.counts += only_rejects;
      write_counts(core_.db, run_);
    });
    run_.kept += rejects_.kept();
    clear();
    voice_.end();
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

  void add_input(PartInput input) {
    names_.add(input.id, input.ask.name);
    inputs_.push_back(std::move(input));
  }

  void seen_place(uint64_t place) {
    auto& first = inputs_.back().first_place;
    if (place != 0 && place < first) first = place;
  }

  template <class F> Result<CommitInfo> make_visible(const char* kind, F&& note_inputs) {
    const Counts before = run_.counts;
    auto done = core_.in_part([&] {
      absorb_all();
      const auto commit = core_.put_commit(kind, run_.source, run_.run);
      core_.ledger.reveal(run_.run, commit.seq);
      core_.write(changes_, run_.source, commit.seq);
      note_inputs(commit);
      rejects_.write(commit.recorded_at);
      claims_.write(commit.seq);
      removals_.write(commit.seq);
      run_.counts += counts_;
      ++run_.parts;
      write_counts(core_.db, run_);
      return commit;
    });
    if (!done) {
      run_.counts = before;
      return done;
    }
    run_.kept += rejects_.kept();
    const bool may_come_back = is_staged_ && core_.is_grouping; // what was staged before the group, if that is lost
    // The input that is still open goes on in the next part of the run.
    std::optional<PartInput> open;
    if (open_input_) open = inputs_.back();
    clear();
    is_staged_ = may_come_back;
    if (open) {
      add_input(*open);
      open_input_ = true;
    }
    return done;
  }

  // A step that cannot wait for the commit: on disk without a commit number.
  template <class F> Result<void> stage(F&& f) {
    is_staged_ = true;
    return core_.in_part(std::forward<F>(f));
  }

  Result<void> stage_waiting() {
    return waiting_ > 0 ? stage([&] { absorb_all(); }) : Result<void>();
  }

  void clear() {
    buffers_.clear();
    waiting_ = 0;
    counts_ = {};
    changes_.clear();
    inputs_.clear();
    names_.clear();
    open_input_ = false;
    rejects_.clear();
    claims_.clear();
    removals_.clear();
    replacing_.reset();
    is_staged_ = false;
  }

  // ---- facts ----

  void absorb_all() {
    for (auto& [id, buffer] : buffers_) {
      if (buffer.facts.rows > 0) absorb(buffer);
    }
    waiting_ = 0;
  }

  // A new name holds what another holds already: it gave all those rows last.
  Result<void> take_copy(const LedgerAnswer& found, const InputAsk& ask) {
    if (auto staged = stage_waiting(); !staged) return staged;
    const auto holder = names_.called(found.copy_of);
    for (const auto& [id, dataset] : core_.datasets) {
      const auto owners = claims_.owners(dataset->name, holder);
      auto facts = core_.ledger.brought_by(dataset->name, run_.source, holder, run_.run);
      facts.subtract(owners.others);
      facts.merge(owners.ours);
      facts.subtract(core_.ledger.out_of_force(dataset->name, run_.source, run_.run));
      if (!facts.empty()) claims_.add(dataset->name, found.id, facts);
    }
    ++core_.next_input;
    add_input({found.id, ask, true, true, UINT64_MAX});
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
      if (is_new) it->second = names_.called_as(input);
      claims_.add(dataset, input, fact, any || !it->second.contains(core_.ledger.extent_of(fact)->input));
    }
  }

  void absorb(Buffer& buffer) {
    StoredDataset& dataset = *buffer.dataset;
    FactColumns& facts = buffer.facts;
    const auto inside = swap_ ? swap_->inside(dataset, facts) : std::vector<uint8_t>();
    const auto is_inside = [&](uint32_t row) { return inside.empty() || inside[row] != 0; };
    counts_.rows -= static_cast<uint64_t>(std::ranges::count(inside, 0));
    core_.persons.number(facts);
    auto order = hash_keys(facts, key_seed(dataset.name, run_.source));
    keep_last_of_each_key(facts, order, [&](uint32_t row, uint32_t later) {
      if (is_inside(row)) ++(facts.same_values(row, facts, later) ? counts_.unchanged : counts_.changed);
    });

    const bool keeps = replacing_ && &replacing_->dataset() == &dataset;
    const auto told = [&](Fact fact) {
      if (keeps) replacing_->keep(fact);
      if (swap_) swap_->told(dataset, fact);
    };
    enum Fate : uint8_t { lost, fresh, same, change, outlived };
    std::vector<uint8_t> fate(facts.rows, lost);
    for (const auto& one : order)
      fate[one.row] = is_inside(one.row) ? fresh : lost;
    struct Old {
      Fact fact;
      uint32_t row;
    };
    std::vector<Old> replaced;
    std::vector<std::pair<uint32_t, Fact>> again;
    std::shared_ptr<const BlockReader::Block> block_now;
    std::vector<uint32_t> old_rows;
    const auto take_old_out = [&] {
      if (block_now) core_.measure(dataset, run_.source, block_now->facts, old_rows, -1, changes_);
      old_rows.clear();
    };
    Ledger::InForce in_force(core_.ledger, run_.run);
    each_version(core_.ledger, dataset, run_.source, facts, order, [&](const Version& version) {
      const bool holds = in_force(version.fact);
      if (const auto outlives = voice_.is_outlived(dataset, version.fact, holds))
        fate[version.row] = *outlives ? outlived : fresh;
      if (fate[version.row] == outlived || !holds) return;
      if (swap_ && !meets(dataset, version, is_inside(version.row))) {
        fate[version.row] = lost;
        return;
      }
      if (facts.same_values(version.row, version.block->facts, version.at)) {
        fate[version.row] = same;
        told(version.fact);
        again.push_back({version.row, version.fact});
        return;
      }
      if (voice_.is_replaced(dataset, facts, version.row)) {
        fate[version.row] = outlived;
        remove(dataset, version, "out_of_scope");
        return;
      }
      fate[version.row] = change;
      replaced.push_back({version.fact, version.row});
      if (version.block != block_now) take_old_out();
      block_now = version.block;
      old_rows.push_back(version.at);
    });
    take_old_out();
    for (const auto& one : order) {
      if (fate[one.row] == fresh && voice_.is_replaced(dataset, facts, one.row)) fate[one.row] = outlived;
    }
    claim(buffer, again);

    // New facts in the order of their rows, one extent an input. Their blocks are encoded meanwhile.
    std::vector<KeyEntry> entries;
    entries.reserve(order.size());
    struct New {
      std::vector<uint32_t> rows;
      std::optional<Ledger::Appended> facts;
    };
    std::list<New> added; // one an input; they stay where they are
    std::vector<Fact> numbers(facts.rows);
    for (size_t i = 0; i < buffer.inputs.size(); ++i) {
      const int64_t input = buffer.inputs[i].input;
      size_t last = i;
      while (last + 1 < buffer.inputs.size() && buffer.inputs[last + 1].input == input)
        ++last;
      const uint32_t end = last + 1 < buffer.inputs.size() ? buffer.inputs[last + 1].row : facts.rows;
      auto& [rows, appended] = added.emplace_back();
      for (uint32_t row = buffer.inputs[i].row; row < end; ++row) {
        if (fate[row] == fresh || fate[row] == change) rows.push_back(row);
        if (fate[row] == fresh) ++counts_.inserted;
        if (fate[row] == same || fate[row] == outlived) ++counts_.unchanged;
        if (fate[row] == change) ++counts_.changed;
      }
      i = last;
      if (rows.empty()) continue;
      appended.emplace(core_.ledger.append(dataset, facts, rows, run_.run, run_.source, input));
      Fact fact = appended->first();
      for (const uint32_t row : rows) {
        numbers[row] = fact;
        told(fact);
        ++fact;
      }
    }
    for (const auto& one : added)
      core_.measure(dataset, run_.source, facts, one.rows, 1, changes_);
    for (const auto& old : replaced)
      core_.ledger.close(old.fact, "replaced", numbers[old.row], run_.run);
    for (const auto& one : order) {
      if (fate[one.row] == fresh || fate[one.row] == change) entries.push_back({one.hash, numbers[one.row]});
    }
    core_.ledger.keys().add(entries);
    for (auto& one : added) {
      if (one.facts) core_.ledger.write_blocks(*one.facts);
    }
    facts.clear();
    buffer.inputs.clear();
  }

  // Whether a row of a backfill is one of the fact in force of its key, both in the days.
  bool meets(StoredDataset& dataset, const Version& version, bool is_inside) {
    const bool held_inside = swap_->holds(dataset, version.block->facts, version.at);
    if (is_inside && held_inside) return true;
    if (is_inside) {
      swap_->held_elsewhere();
      --counts_.rows;
    } else if (held_inside && swap_->is_told(dataset, version.fact)) { // the source told it of these days, and moved it
      remove(dataset, version, "out_of_scope");
    }
    return false;
  }

  void remove(const StoredDataset& dataset, const Version& version, const char* why) {
    take_out(dataset, {version.fact}, why);
    core_.measure(dataset, run_.source, version.block->facts, std::span(&version.at, 1), -1, changes_);
  }

  void take_out(const StoredDataset& dataset, const std::vector<Fact>& facts, const char* why) {
    measure::FactSet out;
    for (const Fact fact : facts) {
      core_.ledger.close(fact, why, std::nullopt, run_.run);
      out.add(fact);
    }
    if (swap_) claims_.forget(dataset.name, out);
    counts_.removed += facts.size();
  }

  void remove_keys(StoredDataset& dataset, const FactColumns& keys) {
    const auto order = hash_keys(keys, key_seed(dataset.name, run_.source));
    std::vector<Fact> last(keys.rows); // of a key that holds nothing now: its last fact
    std::vector<uint8_t> holds(keys.rows);
    each_version(core_.ledger, dataset, run_.source, keys, order, [&](const Version& version) {
      last[version.row] = version.fact;
      if (!core_.ledger.in_force(version.fact, run_.run)) return;
      holds[version.row] = 1;
      if (voice_.is_outlived(dataset, version.fact, true) == true) return;
      if (swap_ && !swap_->holds(dataset, version.block->facts, version.at)) return;
      remove(dataset, version, swap_ ? "out_of_scope" : "deleted");
    });
    // Whatever of a backfill's days comes back gives way to it; a first reading said it.
    if (swap_ || voice_.speaks()) return;
    for (uint32_t row = 0; row < keys.rows; ++row) {
      if (last[row] != 0 && holds[row] == 0) removals_.deleted_again(dataset.name, last[row]);
    }
  }

  // ---- replacement ----

  void close_left_out() {
    std::set<int64_t> inputs;
    Claims::Owners owners;
    if (replacing_->of_this_input()) {
      inputs = names_.called_as(inputs_.back().id);
      owners = claims_.owners(replacing_->dataset().name, inputs);
    }
    close_what(replacing_->dataset(),
               [&](const Replacement::Visit& visit) { replacing_->left_out(core_.db, run_, inputs, owners, visit); });
    if (swap_ || (voice_.speaks() && !replacing_->of_this_input())) return; // as above
    removals_.replaced(replacing_->dataset(), replacing_->scope(), inputs.empty() ? 0 : inputs_.back().id);
  }

  // Of a backfill's days.
  void close_untold(StoredDataset& dataset) {
    if (!dataset.dataset.when()) return;
    auto read = names_.all();
    read.insert(0);
    Scope days;
    close_what(dataset, [&](const Replacement::Visit& visit) {
      days = swap_->untold(dataset, read, claims_.owners(dataset.name, read), visit);
    });
    removals_.replaced(dataset, days, 0);
  }

  // Facts that `scan` visits leave as what a scope took.
  template <class F> void close_what(const StoredDataset& dataset, F&& scan) {
    std::vector<Fact> out; // closed when the scan is done
    scan([&](const BlockReader::Block& block, std::span<const uint32_t> rows) {
      std::vector<uint32_t> leaving(rows.begin(), rows.end());
      std::erase_if(leaving,
                    [&](uint32_t row) { return voice_.is_outlived(dataset, block.first + row, true) == true; });
      for (const uint32_t row : leaving)
        out.push_back(block.first + row);
      core_.measure(dataset, run_.source, block.facts, leaving, -1, changes_);
    });
    take_out(dataset, out, "out_of_scope");
  }

  Core& core_;
  OpenRun& run_;
  std::map<std::string, Buffer, std::less<>> buffers_; // by dataset's id
  uint32_t waiting_ = 0;                               // rows in them
  Counts counts_;
  PartChanges changes_;
  std::vector<PartInput> inputs_; // the last one is open when open_input_
  InputNames names_;              // of them and of the store's
  bool open_input_ = false;
  Claims claims_;
  Removals removals_;
  PartRejects rejects_;
  FirstVoice voice_; // of the open input, where its content is read again
  std::optional<Replacement> replacing_;
  std::optional<Swap> swap_; // of a backfill
  bool is_staged_ = false;
};

} // namespace

std::unique_ptr<Part> make_part(Core& core, OpenRun& run, const std::optional<model::Backfill>& backfill) {
  return std::make_unique<PartImpl>(core, run, backfill);
}

} // namespace kepu::store
