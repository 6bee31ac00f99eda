#include "store/ledger.hpp"

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "store/block.hpp"
#include "store/recount.hpp"

#include <algorithm>
#include <iterator>

namespace kepu::store {
namespace {

// Decoded blocks kept: corrections cluster in time, and a block with keys takes about 1 MB.
constexpr size_t recent_blocks = 8;

// Rows that take longer to encode than it takes to wake the other thread.
constexpr size_t worth_handing_over = 1'024;

Extent read_extent(const Query& row) {
  Extent extent;
  extent.first = static_cast<Fact>(row.integer(0));
  extent.n = static_cast<uint32_t>(row.integer(1));
  extent.run = row.integer(2);
  extent.source = row.integer(3);
  extent.input = row.integer(4);
  extent.dataset = row.text(5);
  if (!row.is_null(6)) extent.seq = static_cast<Seq>(row.integer(6));
  return extent;
}

[[noreturn]] void damaged(const std::string& what) {
  throw SqlError(fail("damaged", what + " is damaged; restore the store from a backup"));
}

// A column that the block was written without.
model::FactColumn all_null(const abi::Field& field, uint32_t rows) {
  model::FactColumn column;
  column.holding = model::holding_of(field);
  if (column.holding == model::Holding::number) {
    column.numbers.assign(rows, 0);
    column.nulls.assign(rows, 1);
  } else if (column.holding != model::Holding::none) {
    column.codes.assign(rows, 0);
  }
  return column;
}

} // namespace

std::string stored_name(const model::Dataset& dataset) {
  return dataset.contract.id + "@" + std::to_string(dataset.contract.version);
}

uint64_t key_seed(std::string_view stored_dataset, int64_t source) {
  return hash64(stored_dataset, static_cast<uint64_t>(source));
}

std::string encode_schema(const model::Dataset& dataset) {
  std::string out;
  ByteWriter writer(out);
  writer.varint(dataset.contract.fields.size());
  for (const auto& field : dataset.contract.fields) {
    writer.text(field.name);
    writer.put(field.type);
    writer.put(field.scale);
    writer.put<uint32_t>(field.roles);
    writer.text(field.scheme);
    writer.text(field.entity_register);
  }
  seal(out);
  return out;
}

const std::vector<std::string>& BlockReader::names_of(int64_t schema) {
  const auto [it, added] = schemas_.try_emplace(schema);
  if (!added) return it->second;
  auto row = db_.query("SELECT body FROM schemas WHERE schema=?");
  row.bind(1, schema);
  bool ok = row.step();
  ByteReader in(ok ? unseal(row.blob(0), ok) : std::string_view());
  if (!ok) damaged("a schema of facts");
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    it->second.emplace_back(in.text());
    in.get<int32_t>();
    in.get<int32_t>();
    in.get<uint32_t>();
    in.text();
    in.text();
  }
  if (!in.ok()) damaged("a schema of facts");
  return it->second;
}

std::shared_ptr<const BlockReader::Block> BlockReader::known(Fact fact) {
  for (auto it = recent_.begin(); it != recent_.end(); ++it) {
    if (fact >= (*it)->first && fact < (*it)->first + (*it)->facts.rows) {
      recent_.splice(recent_.begin(), recent_, it);
      return recent_.front();
    }
  }
  return nullptr;
}

std::optional<BlockReader::Stored> BlockReader::read(Fact fact) {
  auto row = db_.query("SELECT first_fact,first_fact+n,schema,time_min,time_max,data FROM blocks WHERE first_fact<=? "
                       "ORDER BY first_fact DESC LIMIT 1");
  row.bind(1, static_cast<int64_t>(fact));
  if (!row.step()) return std::nullopt;
  return Stored{static_cast<Fact>(row.integer(0)),
                static_cast<Fact>(row.integer(1)),
                row.integer(2),
                row.integer(3),
                row.integer(4),
                std::string(row.blob(5))};
}

std::shared_ptr<const BlockReader::Block> BlockReader::holding(Fact fact, const model::Dataset& dataset) {
  if (auto block = known(fact)) return block;
  const auto stored = read(fact);
  return stored ? take(*stored, decode_block(stored->data, columns_), fact, dataset) : nullptr;
}

std::shared_ptr<const BlockReader::Block> BlockReader::holding(Fact fact, const model::Dataset& dataset,
                                                               SideThread& side,
                                                               const std::function<Fact(Fact)>& after) {
  if (auto block = known(fact)) return block;
  const auto stored = read(fact);
  if (!stored) return nullptr;
  const Fact next = after(stored->end);
  const auto ahead = next && !known(next) ? read(next) : std::nullopt;
  if (!ahead) return take(*stored, decode_block(stored->data, columns_), fact, dataset);
  auto there = side.ask([&] { return decode_block(ahead->data, columns_); });
  auto here = decode_block(stored->data, columns_);
  if (auto decoded = there.get()) { // else it is told when it is asked
    try {
      take(*ahead, std::move(decoded), next, dataset);
    } catch (const SqlError&) {
    }
  }
  return take(*stored, std::move(here), fact, dataset);
}

std::shared_ptr<const BlockReader::Block> BlockReader::take(const Stored& stored, Result<model::FactColumns> decoded,
                                                            Fact fact, const model::Dataset& dataset) {
  if (!decoded) throw SqlError(decoded.error());
  auto block = std::make_shared<Block>(Block{stored.first, stored.time_min, stored.time_max, std::move(*decoded)});
  if (fact >= block->first + block->facts.rows) return nullptr;
  const auto& names = names_of(stored.schema);
  if (names.size() != block->facts.fields.size()) damaged("a block of facts");
  const auto& fields = dataset.contract.fields;
  bool same = names.size() == fields.size();
  for (size_t i = 0; same && i < fields.size(); ++i)
    same = names[i] == fields[i].name;
  if (!same) {
    std::vector<model::FactColumn> columns;
    for (const auto& field : fields) {
      const auto at = std::find(names.begin(), names.end(), field.name);
      auto& had = at == names.end() ? block->facts.fields.front()
                                    : block->facts.fields[static_cast<size_t>(at - names.begin())];
      columns.push_back(at == names.end() ? all_null(field, block->facts.rows) : std::move(had));
    }
    block->facts.fields = std::move(columns);
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    if (block->facts.fields[i].holding != model::holding_of(fields[i])) damaged("a block of facts");
  }
  recent_.push_front(block);
  if (recent_.size() > recent_blocks) recent_.pop_back();
  return block;
}

const BlockHeads::Head& BlockHeads::holding(Fact fact) {
  if (last_.holds(fact)) return last_;
  auto row = db_.query("SELECT first_fact,n,time_min,time_max FROM blocks WHERE first_fact<=? ORDER BY first_fact DESC "
                       "LIMIT 1");
  if (!row.bind(1, static_cast<int64_t>(fact)).step() || row.integer(1) <= 0) damaged("the list of blocks");
  last_ = {static_cast<Fact>(row.integer(0)), static_cast<uint32_t>(row.integer(1)), row.integer(2), row.integer(3)};
  if (!last_.holds(fact)) damaged("the list of blocks");
  return last_;
}

Ledger::Ledger(Db& db, SideThread& side) : db_(db), side_(side), keys_(db, KeyIndex::Table::facts, this), blocks_(db) {}

void Ledger::forget() {
  withdrawn_.reset();
  horizons_.clear();
  keys_.forget();
  blocks_.forget();
  next_ = 0;
  last_extent_.reset();
}

uint64_t Ledger::next() {
  if (next_ == 0) {
    auto last = db_.query("SELECT first_fact+n FROM extents ORDER BY first_fact DESC LIMIT 1");
    next_ = last.step() ? static_cast<Fact>(last.integer(0)) : 1;
  }
  return next_;
}

void Ledger::entries_from(uint64_t number, std::vector<KeyEntry>& out) {
  auto row = db_.query("SELECT first_fact,data FROM blocks WHERE first_fact+n>?1 AND first_fact>=coalesce((SELECT "
                       "max(first_fact) FROM blocks WHERE first_fact<=?1),0) ORDER BY first_fact");
  row.bind(1, static_cast<int64_t>(number));
  while (row.step()) {
    const auto first = static_cast<Fact>(row.integer(0));
    const auto facts = decode_block(row.blob(1));
    if (!facts) throw SqlError(facts.error());
    for (uint32_t at = number > first ? static_cast<uint32_t>(number - first) : 0; at < facts->rows; ++at) {
      if (const auto* extent = extent_of(first + at))
        out.push_back({hash64(facts->key(at), key_seed(extent->dataset, extent->source)), first + at});
    }
  }
}

Ledger::Appended::~Appended() {
  for (const auto& block : blocks_) { // they refer to the caller's columns
    if (block.data.valid()) block.data.wait();
  }
}

Ledger::Appended Ledger::append(const StoredDataset& dataset, const model::FactColumns& facts,
                                std::span<const uint32_t> rows, int64_t run, int64_t source, int64_t input) {
  Appended out(next(), dataset.schema);
  const measure::When when_of(dataset.dataset, dataset.codes);
  for (size_t begin = 0; begin < rows.size(); begin += block_facts) {
    const auto some = rows.subspan(begin, std::min<size_t>(block_facts, rows.size() - begin));
    int64_t time_min = INT64_MAX;
    int64_t time_max = INT64_MIN;
    for (const uint32_t row : some) {
      const auto when = when_of(facts, row);
      if (!when) continue;
      time_min = std::min(time_min, *when);
      time_max = std::max(time_max, *when);
    }
    const auto encode = [&facts, some] { return encode_block(facts, some); };
    out.blocks_.push_back(
        {next_, static_cast<uint32_t>(some.size()), time_min, time_max,
         some.size() < worth_handing_over ? std::async(std::launch::deferred, encode) : side_.ask(encode)});
    next_ += some.size();
  }
  auto extent = db_.query("INSERT INTO extents(first_fact,n,run,source,input,dataset,seq) VALUES(?,?,?,?,?,?,NULL)");
  extent.bind(1, static_cast<int64_t>(out.first()))
      .bind(2, static_cast<int64_t>(rows.size()))
      .bind(3, run)
      .bind(4, source);
  if (input) {
    extent.bind(5, input);
  } else {
    extent.bind_null(5);
  }
  extent.bind(6, dataset.name).run();
  return out;
}

void Ledger::write_blocks(Appended& appended) {
  for (auto& block : appended.blocks_) {
    db_.query("INSERT INTO blocks(first_fact,n,schema,time_min,time_max,data) VALUES(?,?,?,?,?,?)")
        .bind(1, static_cast<int64_t>(block.first))
        .bind(2, static_cast<int64_t>(block.n))
        .bind(3, appended.schema_)
        .bind(4, block.time_min)
        .bind(5, block.time_max)
        .bind_blob(6, block.data.get())
        .run();
  }
}

const Extent* Ledger::extent_of(Fact fact) {
  if (last_extent_ && last_extent_->holds(fact)) return &*last_extent_;
  auto row = db_.query("SELECT first_fact,n,run,source,input,dataset,seq FROM extents WHERE first_fact<=? ORDER BY "
                       "first_fact DESC LIMIT 1");
  row.bind(1, static_cast<int64_t>(fact));
  if (!row.step()) return nullptr;
  last_extent_ = read_extent(row);
  return last_extent_->holds(fact) ? &*last_extent_ : nullptr;
}

bool Ledger::is_withdrawn(int64_t run) {
  if (!withdrawn_) {
    withdrawn_.emplace();
    auto rows = db_.query("SELECT run FROM runs WHERE withdrawn_seq IS NOT NULL");
    while (rows.step())
      withdrawn_->insert(rows.integer(0));
  }
  return withdrawn_->contains(run);
}

const Horizon* Ledger::horizon(int64_t source, const std::string& dataset) {
  const auto [it, is_new] = horizons_.try_emplace(dataset);
  if (is_new) it->second = horizons_of(db_, dataset);
  return horizon_of(it->second, source);
}

std::span<const uint32_t> Ledger::within_horizon(const StoredDataset& dataset, int64_t source,
                                                 const model::FactColumns& facts, std::span<const uint32_t> rows,
                                                 std::vector<uint32_t>& kept) {
  const auto* bound = horizon(source, dataset.name);
  if (!bound) return rows;
  const measure::When when(dataset.dataset, dataset.codes);
  kept.clear();
  std::ranges::copy_if(rows, std::back_inserter(kept),
                       [&](uint32_t row) { return !lies_beyond(*bound, when, facts, row); });
  return kept;
}

bool Ledger::is_there(Fact fact, int64_t run) {
  const auto* extent = extent_of(fact);
  return extent && (extent->seq || extent->run == run) && !is_withdrawn(extent->run);
}

bool Ledger::in_force(Fact fact, int64_t run) {
  if (!is_there(fact, run)) return false;
  auto closed =
      db_.query("SELECT 1 FROM closed WHERE fact=?1 UNION ALL SELECT 1 FROM staged_closed WHERE fact=?1 AND run=?2");
  return !closed.bind(1, static_cast<int64_t>(fact)).bind(2, run).step();
}

template <class Visit> void Ledger::each_closed(Fact from, Fact until, int64_t run, Visit&& visit) {
  auto row = db_.query("SELECT fact FROM closed WHERE fact>=?1 AND fact<?2 UNION SELECT fact FROM staged_closed WHERE "
                       "fact>=?1 AND fact<?2 AND run=?3 ORDER BY 1");
  row.bind(1, static_cast<int64_t>(from)).bind(2, static_cast<int64_t>(until)).bind(3, run);
  while (row.step())
    visit(static_cast<Fact>(row.integer(0)));
}

bool Ledger::InForce::operator()(Fact fact) {
  constexpr Fact window = 16'384;
  constexpr size_t few = 16;
  if (fact >= end_) {
    end_ = (fact / window + 1) * window;
    asked_ = 0;
    closed_.reset();
  }
  if (!closed_ && ++asked_ <= few) return ledger_.in_force(fact, run_);
  if (!closed_) {
    closed_.emplace();
    ledger_.each_closed(fact, end_, run_, [&](Fact closed) { closed_->push_back(closed); });
  }
  return ledger_.is_there(fact, run_) && !std::ranges::binary_search(*closed_, fact);
}

measure::FactSet Ledger::out_of_force(std::string_view dataset, int64_t source, int64_t run) {
  measure::FactSet out;
  std::vector<Extent> extents;
  {
    auto rows = db_.query("SELECT first_fact,n,run,source,input,dataset,seq FROM extents WHERE dataset=? AND source=?");
    rows.bind(1, dataset).bind(2, source);
    while (rows.step())
      extents.push_back(read_extent(rows));
  }
  for (const auto& extent : extents) {
    if (is_withdrawn(extent.run)) {
      out.add_range(extent.first, extent.n);
      continue;
    }
    each_closed(extent.first, extent.first + extent.n, run, [&](Fact closed) { out.add(closed); });
  }
  return out;
}

measure::FactSet Ledger::brought_by(std::string_view dataset, int64_t source, const std::set<int64_t>& inputs,
                                    int64_t run) {
  measure::FactSet out;
  auto row = db_.query("SELECT first_fact,n,input FROM extents WHERE dataset=? AND source=? AND (seq IS NOT NULL OR "
                       "run=?)");
  row.bind(1, dataset).bind(2, source).bind(3, run);
  while (row.step()) {
    if (inputs.contains(row.integer(2)))
      out.add_range(static_cast<Fact>(row.integer(0)), static_cast<uint64_t>(row.integer(1)));
  }
  return out;
}

void Ledger::close(Fact fact, const char* why, std::optional<Fact> by, int64_t run) {
  auto query = db_.query("INSERT OR REPLACE INTO staged_closed(fact,why,by_fact,run) VALUES(?,?,?,?)");
  query.bind(1, static_cast<int64_t>(fact)).bind(2, std::string_view(why)).bind(4, run);
  if (by) {
    query.bind(3, static_cast<int64_t>(*by));
  } else {
    query.bind_null(3);
  }
  query.run();
}

void Ledger::reveal(int64_t run, Seq seq) {
  // By what is staged, not by all that the run brought.
  db_.query("UPDATE extents INDEXED BY extents_staged SET seq=? WHERE seq IS NULL AND run=?")
      .bind(1, static_cast<int64_t>(seq))
      .bind(2, run)
      .run();
  db_.query("INSERT INTO closed(fact,seq,why,by_fact) SELECT fact,?,why,by_fact FROM staged_closed WHERE run=?")
      .bind(1, static_cast<int64_t>(seq))
      .bind(2, run)
      .run();
  db_.query("DELETE FROM staged_closed WHERE run=?").bind(1, run).run();
  last_extent_.reset();
}

void Ledger::drop(int64_t run) {
  db_.query("DELETE FROM blocks WHERE first_fact IN (SELECT b.first_fact FROM extents e INDEXED BY extents_staged JOIN "
            "blocks b ON "
            "b.first_fact>=e.first_fact AND "
            "b.first_fact<e.first_fact+e.n WHERE e.seq IS NULL AND e.run=?)")
      .bind(1, run)
      .run();
  db_.query("DELETE FROM extents INDEXED BY extents_staged WHERE seq IS NULL AND run=?").bind(1, run).run();
  db_.query("DELETE FROM staged_closed WHERE run=?").bind(1, run).run();
  // Numbers of dropped facts stay in the key index; the next facts may take them, and the index is
  // only a hint: the key's text decides.
  blocks_.forget();
  next_ = 0;
  keys_.given_again_from(next());
  last_extent_.reset();
}

void Ledger::drop_all_staged() {
  std::vector<int64_t> runs;
  {
    auto rows = db_.query("SELECT DISTINCT run FROM extents WHERE seq IS NULL UNION SELECT run FROM staged_closed");
    while (rows.step())
      runs.push_back(rows.integer(0));
  }
  for (const auto run : runs)
    drop(run);
}

void scan_facts(Db& db, const model::Dataset& dataset, const ScanAsk& ask,
                const std::function<void(const FactSlice&)>& visit) {
  std::vector<Extent> extents;
  {
    auto rows =
        db.query("SELECT first_fact,n,run,source,input,dataset,seq FROM extents WHERE dataset=?1 AND (?2=0 OR "
                 "source=?2) AND run NOT IN (SELECT run FROM runs WHERE withdrawn_seq<=?3) ORDER BY first_fact");
    rows.bind(1, stored_name(dataset)).bind(2, ask.source).bind(3, static_cast<int64_t>(ask.at));
    while (rows.step())
      extents.push_back(read_extent(rows));
  }
  const auto horizons = horizons_of(db, stored_name(dataset));
  const StoredCodes codes(db, dataset);
  const measure::When when(dataset, codes);
  BlockReader reader(db); // a scan must not push out what others have read
  BlockHeads heads(db);
  Fact closed_of = 0; // the block that out_of_force is of; 0: none
  std::vector<Fact> out_of_force;
  std::vector<uint32_t> in;
  for (const auto& extent : extents) {
    if (extent.seq ? *extent.seq > ask.at : extent.run != ask.run) continue;
    if (!ask.wanted_extent(extent)) continue;
    const auto* horizon = horizon_of(horizons, extent.source);
    for (Fact at = extent.first; at < extent.first + extent.n;) {
      const auto head = heads.holding(at);
      const Fact begin = at;
      const Fact end = std::min(head.end(), extent.first + extent.n);
      at = end;
      if (horizon && head.time_min <= head.time_max && head.time_max < horizon->before_time) continue;
      if (!ask.wanted_times(head.time_min, head.time_max)) continue;
      if (closed_of != head.first) {
        closed_of = head.first;
        out_of_force.clear();
        auto rows = db.query("SELECT fact FROM closed WHERE fact>=?1 AND fact<?2 AND seq<=?4 UNION SELECT fact "
                             "FROM staged_closed WHERE fact>=?1 AND fact<?2 AND run=?3 ORDER BY 1");
        rows.bind(1, static_cast<int64_t>(head.first)).bind(2, static_cast<int64_t>(head.end())).bind(3, ask.run);
        rows.bind(4, static_cast<int64_t>(ask.at));
        while (rows.step())
          out_of_force.push_back(static_cast<Fact>(rows.integer(0)));
      }
      const auto block = reader.holding(begin, dataset);
      if (!block || block->first != head.first || block->facts.rows != head.n) damaged("a block of facts");
      in.clear();
      auto skip = std::ranges::lower_bound(out_of_force, begin);
      for (Fact fact = begin; fact < end; ++fact) {
        if (skip != out_of_force.end() && *skip == fact) {
          ++skip;
          continue;
        }
        const auto row = static_cast<uint32_t>(fact - head.first);
        if (!horizon || !lies_beyond(*horizon, when, block->facts, row)) in.push_back(row);
      }
      if (!in.empty()) visit({extent, *block, in});
    }
  }
}

} // namespace kepu::store
