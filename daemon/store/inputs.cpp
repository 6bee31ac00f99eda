#include "store/inputs.hpp"

#include <algorithm>
#include <cstring>

namespace kepu::store {
namespace {

using Hash = std::array<uint8_t, 32>;

std::string_view bytes(const Hash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

Hash hash_of(std::string_view blob) {
  Hash hash{};
  if (blob.size() == hash.size()) std::memcpy(hash.data(), blob.data(), hash.size());
  return hash;
}

struct Known {        // what a name holds now
  bool begun = false; // content newer than `taken` was begun and not finished
  std::optional<InputAnswer::Previous> taken;
  std::optional<InputAnswer::Previous> other; // there is none such, but inputs of the name were there
};

Known under_name(Db& db, int64_t source, std::string_view name, const std::vector<PartInput>& pending) {
  Known known;
  {
    auto row = db.query("SELECT state,size,content_hash FROM inputs WHERE source=? AND name=? AND state IN "
                        "('taken','taking','abandoned') ORDER BY input DESC");
    row.bind(1, source).bind(2, name);
    while (!known.taken && row.step()) {
      if (row.text(0) == "taken") {
        known.taken = InputAnswer::Previous{static_cast<uint64_t>(row.integer(1)), hash_of(row.blob(2))};
      } else {
        known.begun = true;
      }
    }
  }
  // Of a name that holds nothing whole facts may be there all the same, of a backfill or of what was begun: it is told
  // as having held something, which no content can be the growth of.
  if (!known.taken) {
    auto row = db.query("SELECT size FROM inputs WHERE source=? AND name=? ORDER BY input DESC LIMIT 1");
    row.bind(1, source).bind(2, name);
    if (row.step()) known.other = InputAnswer::Previous{static_cast<uint64_t>(row.integer(0)), {}};
  }
  for (const auto& input : pending) {
    if (input.ask.name != name) continue;
    known.begun = !input.ended;
    if (input.ended) known.taken = InputAnswer::Previous{input.ask.size, input.ask.content_hash};
  }
  return known;
}

// A name that holds this content now; empty: none.
std::string holder_of(Db& db, int64_t source, const InputAsk& ask, const std::vector<PartInput>& pending) {
  std::vector<std::string> names;
  for (const auto& input : pending) {
    if (input.ended && input.ask.content_hash == ask.content_hash) names.push_back(input.ask.name);
  }
  {
    auto row = db.query("SELECT name FROM inputs WHERE source=? AND content_hash=? AND state='taken' ORDER BY "
                        "input DESC");
    row.bind(1, source).bind_blob(2, bytes(ask.content_hash));
    while (row.step())
      names.push_back(row.text(0));
  }
  const auto holder = std::ranges::find_if(names, [&](const std::string& name) {
    const auto known = under_name(db, source, name, pending);
    return !known.begun && known.taken && known.taken->hash == ask.content_hash;
  });
  return holder == names.end() ? "" : *holder;
}

// Whether the content was withdrawn from a name of the source, and nothing else was read under that name since.
bool is_withdrawn(Db& db, int64_t source, const InputAsk& ask, const std::vector<PartInput>& pending) {
  auto row = db.query("SELECT name FROM inputs i WHERE source=?1 AND content_hash=?2 AND state='withdrawn' AND NOT "
                      "EXISTS(SELECT 1 FROM inputs WHERE source=?1 AND name=i.name AND input>i.input AND "
                      "state NOT IN ('withdrawn','backfilled'))");
  row.bind(1, source).bind_blob(2, bytes(ask.content_hash));
  while (row.step()) {
    const auto name = row.text(0);
    if (std::ranges::none_of(pending, [&](const PartInput& input) { return input.ask.name == name; })) return true;
  }
  return false;
}

void record(Db& db, int64_t source, int64_t run, const PartInput& input, std::string_view state, bool whole) {
  db.query("INSERT INTO inputs(input,source,name,content_hash,size,run,state,whole) VALUES(?1,?2,?3,?4,?5,?6,?7,?8) "
           "ON CONFLICT(input) DO UPDATE SET run=?6, state=?7, whole=?8")
      .bind(1, input.id)
      .bind(2, source)
      .bind(3, input.ask.name)
      .bind_blob(4, bytes(input.ask.content_hash))
      .bind(5, static_cast<int64_t>(input.ask.size))
      .bind(6, run)
      .bind(7, state)
      .bind(8, whole ? 1 : 0)
      .run();
}

} // namespace

LedgerAnswer ask_ledger(Db& db, int64_t source, const InputAsk& ask, const std::vector<PartInput>& pending,
                        int64_t next_id) {
  LedgerAnswer out;
  auto& answer = out.answer;
  const auto known = under_name(db, source, ask.name, pending);
  answer.previous = known.taken ? known.taken : known.other;
  if (!known.begun && known.taken && known.taken->hash == ask.content_hash) {
    answer.decision = Decision::known;
    return out;
  }
  if (std::ranges::all_of(pending,
                          &PartInput::copy)) { // the cursor speaks of the input that was begun last, and of no other
    auto row = db.query(
        "SELECT input,name,content_hash FROM inputs WHERE source=? AND state='taking' ORDER BY input DESC LIMIT 1");
    row.bind(1, source);
    if (row.step() && row.text(1) == ask.name && hash_of(row.blob(2)) == ask.content_hash) {
      answer.decision = Decision::resume;
      out.id = row.integer(0);
      return out;
    }
  }
  out.id = next_id;
  // What a name held before must give way to the copy, so only a new name need not be read.
  if (!known.begun && !known.taken) out.copy_of = holder_of(db, source, ask, pending);
  const bool is_known = !out.copy_of.empty() || is_withdrawn(db, source, ask, pending);
  answer.decision = is_known ? Decision::known : Decision::take;
  return out;
}

void read_rejected_again(Db& db, int64_t source) {
  db.query("DELETE FROM cursors WHERE (?1=0 OR source=?1) AND source IN (SELECT source FROM inputs JOIN rejects "
           "USING(source) WHERE inputs.state='taken' AND rejects.input=inputs.name AND rejects.code<>'period_frozen')")
      .bind(1, source)
      .run();
  db.query(
        "UPDATE inputs SET state='abandoned' WHERE state='taken' AND (?1=0 OR source=?1) AND EXISTS (SELECT 1 FROM "
        "rejects WHERE rejects.source=inputs.source AND rejects.input=inputs.name AND rejects.code<>'period_frozen')")
      .bind(1, source)
      .run();
}

void read_dataset_again(Db& db, std::string_view stored_dataset) {
  for (const char* sql : {"DELETE FROM cursors WHERE source IN (SELECT source FROM extents WHERE dataset=?)",
                          "UPDATE inputs SET state='abandoned' WHERE state IN ('taking','taken') AND source IN (SELECT "
                          "source FROM extents WHERE dataset=?)"})
    db.query(sql).bind(1, stored_dataset).run();
}

std::vector<std::string> rejected_inputs(Db& db, int64_t source, const std::optional<std::string>& name) {
  std::vector<std::string> out;
  auto row = db.query("SELECT DISTINCT input FROM rejects WHERE source=?1 AND input<>'' AND (?2 IS NULL OR input=?2)");
  row.bind(1, source);
  name ? row.bind(2, *name) : row.bind_null(2);
  while (row.step())
    out.push_back(row.text(0));
  return out;
}

void read_input_again(Db& db, int64_t source, const std::string& name) {
  db.query("DELETE FROM cursors WHERE source=?").bind(1, source).run();
  db.query("UPDATE inputs SET state='abandoned' WHERE state='taken' AND source=? AND name=?")
      .bind(1, source)
      .bind(2, name)
      .run();
}

void read_withdrawn_again(Db& db, std::string_view source) {
  db.query("UPDATE inputs SET state='superseded' WHERE state='withdrawn' AND source=(SELECT source FROM sources "
           "WHERE id=?)")
      .bind(1, source)
      .run();
  db.query("DELETE FROM cursors WHERE source=(SELECT source FROM sources WHERE id=?)").bind(1, source).run();
}

bool came_in_run(Db& db, int64_t source, const std::string& name, int64_t run) {
  auto row = db.query("SELECT 1 FROM inputs WHERE source=? AND name=? AND run=?");
  row.bind(1, source).bind(2, name).bind(3, run);
  return row.step();
}

int64_t first_reading(Db& db, int64_t source, int64_t input, const InputAsk& ask) {
  int64_t first = input;
  auto row = db.query("SELECT input,content_hash,whole FROM inputs WHERE source=? AND name=? AND input<? AND "
                      "state<>'backfilled' AND run NOT IN (SELECT run FROM runs WHERE withdrawn_seq IS NOT NULL) "
                      "ORDER BY input DESC");
  row.bind(1, source).bind(2, ask.name).bind(3, input);
  while (row.step() && row.blob(1) == bytes(ask.content_hash)) {
    if (row.integer(2) != 0) first = row.integer(0);
  }
  return first;
}

std::map<int64_t, int64_t> first_readings(Db& db, int64_t source) {
  std::map<int64_t, int64_t> out;
  int64_t first = 0; // of the name and content that the rows before were; 0: none was read to its end
  std::string name;
  std::string hash;
  auto row = db.query("SELECT name,content_hash,input,whole FROM inputs WHERE source=? AND state<>'backfilled' AND "
                      "run NOT IN (SELECT run FROM runs WHERE withdrawn_seq IS NOT NULL) ORDER BY name,input");
  row.bind(1, source);
  while (row.step()) {
    const int64_t input = row.integer(2);
    if (first != 0 && row.text(0) == name && row.blob(1) == hash) {
      out.emplace(input, first);
      continue;
    }
    name = row.text(0);
    hash = row.blob(1);
    first = row.integer(3) != 0 ? input : 0;
  }
  return out;
}

std::set<int64_t> inputs_of(Db& db, int64_t source, const InputAsk& ask) {
  std::set<int64_t> out;
  auto row = db.query("SELECT input FROM inputs WHERE source=? AND name=? AND content_hash=?");
  row.bind(1, source).bind(2, ask.name).bind_blob(3, bytes(ask.content_hash));
  while (row.step())
    out.insert(row.integer(0));
  return out;
}

void record_input(Db& db, int64_t source, int64_t run, const PartInput& input) {
  record(db, source, run, input, input.ended ? "taken" : "taking", input.ended);
  if (input.copy) return;
  // What was begun before, under any name, cannot be gone on with: the cursor has moved on.
  db.query("UPDATE inputs SET state='abandoned' WHERE source=? AND state='taking' AND input<?")
      .bind(1, source)
      .bind(2, input.id)
      .run();
  if (!input.ended) return;
  db.query("UPDATE inputs SET state='superseded' WHERE source=? AND name=? AND state IN ('taken','taking','abandoned') "
           "AND "
           "input<?")
      .bind(1, source)
      .bind(2, input.ask.name)
      .bind(3, input.id)
      .run();
}

void record_backfilled(Db& db, int64_t source, int64_t run, const PartInput& input) {
  record(db, source, run, input, "backfilled", false);
}

void InputNames::add(int64_t input, const std::string& name) {
  names_.emplace(input, name);
  numbers_[name].insert(input);
}

void InputNames::clear() {
  names_.clear();
  numbers_.clear();
}

std::set<int64_t> InputNames::called(const std::string& name) const {
  std::set<int64_t> out;
  if (const auto mine = numbers_.find(name); mine != numbers_.end()) out = mine->second;
  auto row = db_.query("SELECT input FROM inputs WHERE source=? AND name=?");
  row.bind(1, source_).bind(2, name);
  while (row.step())
    out.insert(row.integer(0));
  return out;
}

std::set<int64_t> InputNames::called_as(int64_t input) const {
  const auto found = names_.find(input);
  return found == names_.end() ? std::set{input} : called(found->second);
}

std::set<int64_t> InputNames::all() const {
  std::set<int64_t> out;
  for (const auto& [name, numbers] : numbers_)
    out.merge(called(name));
  return out;
}

void withdraw_inputs(Db& db, int64_t source, int64_t run) {
  std::vector<std::string> names;
  {
    auto row = db.query("SELECT DISTINCT name FROM inputs WHERE run=? AND source=? AND state NOT IN "
                        "('withdrawn','backfilled')");
    row.bind(1, run).bind(2, source);
    while (row.step())
      names.push_back(row.text(0));
  }
  db.query("UPDATE inputs SET state='withdrawn' WHERE run=? AND source=? AND state<>'backfilled'")
      .bind(1, run)
      .bind(2, source)
      .run();
  // The content before it is what the name holds again.
  for (const auto& name : names) {
    db.query(
          "UPDATE inputs SET state=CASE whole WHEN 1 THEN 'taken' ELSE 'abandoned' END WHERE state='superseded' AND "
          "input=(SELECT max(input) FROM inputs WHERE source=? AND name=? AND state NOT IN ('withdrawn','backfilled'))")
        .bind(1, source)
        .bind(2, name)
        .run();
  }
}

} // namespace kepu::store
