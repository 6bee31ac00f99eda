#include "store/erasure.hpp"

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "store/block.hpp"

#include <algorithm>
#include <numeric>

namespace kepu::store {
namespace {

// Facts that are looked through in one step: some milliseconds.
constexpr uint32_t step_facts = 4 * block_facts;
constexpr int64_t step_blocks = 1'000;

[[noreturn]] void damaged(const std::string& what) {
  throw SqlError(fail("damaged", what + " is damaged; restore the store from a backup"));
}

// The key fields of a schema, as pipeline/ writes them: of one that is a text its bytes, of several each with its
// length; all else takes the bytes that it has, persons eight.
class KeyLayout {
public:
  // `body`: as encode_schema() gives it.
  explicit KeyLayout(std::string_view body) {
    bool ok = false;
    ByteReader in(unseal(body, ok));
    for (uint64_t n = ok ? in.varint() : 0; n > 0 && in.ok(); --n) {
      in.text();
      const auto type = in.get<int32_t>();
      in.get<int32_t>();
      const auto roles = in.get<uint32_t>();
      in.text();
      in.text();
      if (roles & KEPU_ROLE_KEY) fields_.push_back({type, (roles & KEPU_ROLE_PERSON) != 0});
    }
    if (!ok || !in.ok()) damaged("a schema of facts");
  }

  bool names_persons() const { return std::ranges::any_of(fields_, &Field::is_person); }

  // Calls visit(offset) for each person in the key.
  template <class Visit> void each_person(std::string_view key, Visit&& visit) const {
    ByteReader in(key);
    for (const auto& field : fields_) {
      if (field.is_person) visit(in.position());
      if (!field.is_person && (field.type == KEPU_TEXT || field.type == KEPU_PERIOD)) {
        in.bytes(fields_.size() == 1 ? key.size() : in.varint());
      } else {
        in.bytes(!field.is_person && field.type == KEPU_BOOLEAN ? 1 : sizeof(uint64_t));
      }
    }
    if (!in.ok()) damaged("the key of a fact");
  }

private:
  struct Field {
    int32_t type;
    bool is_person;
  };
  std::vector<Field> fields_;
};

// The person's number stays in facts and sets, and where a key told the pseudonym it tells the number from then on:
// what had one key has one again, and nothing leads to it.
//
// First facts are looked through, without changing any. Then one transaction changes all, so that no row finds half of
// a person. In the end the file is written anew, since SQLite leaves what it deletes and moves lying where it was.
class Erasure final : public Work {
public:
  Erasure(Core& core, uint64_t pseudonym)
      : core_(core), pseudonym_(pseudonym), number_(core.persons.find(static_cast<int64_t>(pseudonym))) {
    outcome_.erased.emplace();
    outcome_.erased->was_held = number_ != 0;
    {
      auto row = core_.db.query("SELECT schema,body FROM schemas");
      while (row.step()) {
        KeyLayout layout(row.blob(1));
        if (layout.names_persons()) layouts_.emplace(row.integer(0), std::move(layout));
      }
    }
    if (number_ == 0) at_ = leaves_traces() ? At::file : At::end;
    auto blocks = core_.db.query("SELECT count(*) FROM blocks");
    blocks.step();
    progress_.total = at_ == At::facts ? static_cast<uint64_t>(blocks.integer(0)) + 1 : 0;
  }

  Result<bool> step() override {
    try {
      return go_on();
    } catch (const SqlError& error) {
      if (at_ != At::file && at_ != At::log) return error.error();
      return fail(error.error().code, "the person is erased, but where the file is not in use it may still hold what "
                                      "was erased; ask for it again: " +
                                          error.error().text);
    }
  }

  Progress progress() const override { return progress_; }
  Outcome outcome() const override { return outcome_; }

private:
  Result<bool> go_on() {
    switch (at_) {
    case At::facts:
      if (!look()) at_ = At::person;
      return false;
    case At::person: {
      const auto done = core_.in_transaction([&] { return erase(); });
      if (!done) return done.error();
      outcome_.commit = *done;
      at_ = At::file;
      return false;
    }
    case At::file:
      core_.db.rewrite();
      at_ = At::log;
      return false;
    case At::log:
      core_.log.settle();
      if (!core_.db.empty_log()) return false;
      core_.db.query("DELETE FROM meta WHERE k='erased_traces'").run();
      at_ = At::end;
      return true;
    case At::end:
      break;
    }
    return true;
  }

  bool leaves_traces() { return core_.db.query("SELECT 1 FROM meta WHERE k='erased_traces'").step(); }

  // Rows whose keys tell of the person, with the offsets in `key_bytes` where they do.
  struct Told {
    uint32_t row;
    size_t at;
  };
  std::vector<Told> told_in(const model::FactColumns& facts, const KeyLayout& layout) const {
    std::vector<Told> out;
    const std::string_view told(reinterpret_cast<const char*>(&pseudonym_), sizeof pseudonym_);
    if (facts.key_bytes.find(told) == std::string::npos) return out;
    for (uint32_t row = 0; row < facts.rows; ++row) {
      const auto key = facts.key(row);
      if (key.empty()) continue; // what it was is given up
      const auto begin = static_cast<size_t>(key.data() - facts.key_bytes.data());
      layout.each_person(key, [&](size_t at) {
        if (key.substr(at).starts_with(told)) out.push_back({row, begin + at});
      });
    }
    return out;
  }

  struct Block {
    Fact first;
    uint32_t n;
    int64_t schema;
  };
  std::vector<Block> blocks_from(Fact first, Fact until, int64_t most) {
    std::vector<Block> out;
    auto row = core_.db.query("SELECT first_fact,n,schema FROM blocks WHERE first_fact>=? AND first_fact<? ORDER BY "
                              "first_fact LIMIT ?");
    row.bind(1, static_cast<int64_t>(first)).bind(2, static_cast<int64_t>(until)).bind(3, most);
    while (row.step())
      out.push_back({static_cast<Fact>(row.integer(0)), static_cast<uint32_t>(row.integer(1)), row.integer(2)});
    return out;
  }

  model::FactColumns facts_of(Fact first) {
    auto row = core_.db.query("SELECT data FROM blocks WHERE first_fact=?");
    if (!row.bind(1, static_cast<int64_t>(first)).step()) damaged("the list of blocks");
    auto facts = decode_block(row.blob(0));
    if (!facts) throw SqlError(facts.error());
    return std::move(*facts);
  }

  // Notes some more blocks that tell of the person. false: all were looked through that stay as they are; those of open
  // parts may give way to others under the same numbers.
  bool look() {
    if (layouts_.empty()) return false;
    Fact until = INT64_MAX;
    {
      auto row = core_.db.query("SELECT first_fact FROM extents WHERE seq IS NULL ORDER BY first_fact LIMIT 1");
      if (row.step()) until = static_cast<Fact>(row.integer(0));
    }
    const auto blocks = blocks_from(next_, until, step_blocks);
    uint32_t looked = 0;
    for (const auto& block : blocks) {
      if (looked >= step_facts) break;
      ++progress_.done;
      next_ = block.first + block.n;
      const auto layout = layouts_.find(block.schema);
      if (layout == layouts_.end()) continue;
      looked += block.n;
      if (!told_in(facts_of(block.first), layout->second).empty()) found_.push_back(block);
    }
    return !blocks.empty();
  }

  CommitInfo erase() {
    std::vector<KeyEntry> before;
    std::vector<KeyEntry> after;
    auto late = layouts_.empty() ? std::vector<Block>() : blocks_from(next_, INT64_MAX, INT64_MAX);
    std::erase_if(late, [&](const Block& block) { return !layouts_.contains(block.schema); });
    for (const auto* blocks : {&found_, &late}) {
      for (const auto& block : *blocks)
        rename(block, before, after);
    }
    outcome_.erased->facts = after.size();
    add_stale(before);
    std::ranges::sort(before);
    std::ranges::sort(after);
    core_.ledger.keys().remove(before);
    core_.ledger.keys().add(after);
    core_.ledger.keys().save(); // of facts that are not new
    core_.ledger.blocks().forget();
    core_.persons.erase(static_cast<int64_t>(pseudonym_), number_);
    core_.db.query("INSERT OR REPLACE INTO meta(k,v) VALUES('erased_traces',1)").run();
    progress_.done = progress_.total;
    return core_.put_commit("erase", 0, 0);
  }

  void rename(const Block& block, std::vector<KeyEntry>& before, std::vector<KeyEntry>& after) {
    auto facts = facts_of(block.first);
    const auto told = told_in(facts, layouts_.at(block.schema));
    if (told.empty()) return;
    for (size_t i = 0; i < told.size();) {
      const auto row = told[i].row;
      const Fact fact = block.first + row;
      const auto seed = seed_of(fact);
      before.push_back({hash64(facts.key(row), seed), fact});
      const uint64_t number = number_;
      for (; i < told.size() && told[i].row == row; ++i)
        std::memcpy(facts.key_bytes.data() + told[i].at, &number, sizeof number);
      after.push_back({hash64(facts.key(row), seed), fact});
    }
    std::vector<uint32_t> all(facts.rows);
    std::iota(all.begin(), all.end(), 0);
    core_.db.query("UPDATE blocks SET data=? WHERE first_fact=?")
        .bind_blob(1, encode_block(facts, all))
        .bind(2, static_cast<int64_t>(block.first))
        .run();
  }

  uint64_t seed_of(Fact fact) {
    const auto* extent = core_.ledger.extent_of(fact);
    if (!extent) damaged("the list of who gave which facts");
    return hash64(extent->dataset, static_cast<uint64_t>(extent->source));
  }

  // Entries that a dropped part left under the same keys go, too.
  void add_stale(std::vector<KeyEntry>& before) {
    std::vector<uint64_t> hashes;
    for (const auto& entry : before)
      hashes.push_back(entry.hash);
    std::ranges::sort(hashes);
    hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
    std::ranges::sort(before);
    std::vector<KeyEntry> others;
    core_.ledger.keys().find(hashes, [&](size_t i, uint64_t fact) {
      if (const KeyEntry entry{hashes[i], fact}; !std::ranges::binary_search(before, entry)) others.push_back(entry);
    });
    std::ranges::copy_if(others, std::back_inserter(before), [&](const KeyEntry& entry) { return !is_right(entry); });
  }

  bool is_right(const KeyEntry& entry) {
    if (!core_.ledger.extent_of(entry.number)) return false;
    Fact first = 0;
    {
      auto row = core_.db.query("SELECT first_fact FROM blocks WHERE first_fact<=? ORDER BY first_fact DESC LIMIT 1");
      if (!row.bind(1, static_cast<int64_t>(entry.number)).step()) damaged("the list of blocks");
      first = static_cast<Fact>(row.integer(0));
    }
    const auto facts = facts_of(first);
    if (entry.number - first >= facts.rows) damaged("the list of blocks");
    return hash64(facts.key(entry.number - first), seed_of(entry.number)) == entry.hash;
  }

  Core& core_;
  const uint64_t pseudonym_;
  const uint32_t number_; // 0: nobody has the pseudonym
  enum class At : uint8_t { facts, person, file, log, end } at_ = At::facts;
  std::map<int64_t, KeyLayout> layouts_; // by schema; of those whose keys name persons
  Fact next_ = 0;                        // to be looked at
  std::vector<Block> found_;
  Progress progress_;
  Outcome outcome_;
};

} // namespace

Result<std::unique_ptr<Work>> make_erasure(Core& core, uint64_t pseudonym, std::string_view key) {
  try {
    auto row = core.db.query("SELECT v FROM meta WHERE k='person_key'");
    if (!row.step()) return fail("other_person_key", "this store never had a person key, so it holds no persons");
    if (row.text(0) != key)
      return fail("other_person_key", "the person is named under another key than that of this store, so nobody can be "
                                      "found; use the key that [persons] key_file of the hub names");
    return std::make_unique<Erasure>(core, pseudonym);
  } catch (const SqlError& error) {
    core.rolled_back();
    return error.error();
  }
}

} // namespace kepu::store
