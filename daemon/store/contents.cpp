#include "store/contents.hpp"

#include "base/hash.hpp"
#include "base/radix.hpp"
#include "model/catalog_text.hpp"
#include "store/block.hpp"
#include "store/matching.hpp"
#include "store/sums.hpp"

#include <algorithm>

namespace kepu::store {
namespace {

// Rows of lists in one step: some are claims of a register with all its entries.
constexpr int64_t rows_a_step = 100;

bool is_sealed(std::string_view blob) {
  bool ok = false;
  unseal(blob, ok);
  return ok;
}

bool is_fact_set(std::string_view blob) {
  bool ok = false;
  const auto body = unseal(blob, ok);
  return ok && measure::FactSet::parse(body);
}

bool is_catalog(std::string_view blob) {
  bool ok = false;
  const auto body = unseal(blob, ok);
  return ok && model::decode_catalog(body);
}

// `rows`: an ascending number, what is stored, its checksum where that lies beside it, and what it is of.
struct List {
  const char* count;
  const char* rows;
  bool (*is_well)(std::string_view blob); // nullptr: by the checksum beside it
  const char* english;
  const char* chinese;
};
constexpr List lists[] = {
    {"SELECT count(*) FROM schemas", "SELECT schema,body,0,dataset FROM schemas WHERE schema>? ORDER BY schema LIMIT ?",
     is_sealed, "the schema of facts of ", "记录结构："},
    {"SELECT count(*) FROM catalog", "SELECT seq,body,0,seq FROM catalog WHERE seq>? ORDER BY seq LIMIT ?", is_catalog,
     "the catalog of commit ", "目录，提交"},
    {"SELECT count(*) FROM claims WHERE same_as IS NULL",
     "SELECT id,facts,0,dataset FROM claims WHERE same_as IS NULL AND id>? ORDER BY id LIMIT ?", is_fact_set,
     "a list of rows that were given again, of ", "重复提交行的清单："},
    {"SELECT count(*) FROM kept_out", "SELECT id,facts,0,dataset FROM kept_out WHERE id>? ORDER BY id LIMIT ?",
     is_fact_set, "a list of rows that were taken out, of ", "移出行的清单："},
    {"SELECT count(*) FROM scopes", "SELECT id,body,0,dataset FROM scopes WHERE id>? ORDER BY id LIMIT ?", is_sealed,
     "a range that was replaced, of ", "替换范围："},
    {"SELECT count(*) FROM cursors",
     "SELECT source,cursor,sum,id FROM cursors JOIN sources USING(source) WHERE source>? ORDER BY source LIMIT ?",
     nullptr, "the bookmark of ", "读取位置："},
    {"SELECT count(*) FROM definitions WHERE until_seq IS NOT NULL",
     "SELECT number,fingerprint,sum,indicator FROM (SELECT row_number() OVER (ORDER BY indicator,def_seq) AS "
     "number,fingerprint,sum,indicator FROM definitions WHERE until_seq IS NOT NULL) WHERE number>? LIMIT ?",
     nullptr, "an earlier definition of ", "此前的定义："},
    {"SELECT count(*) FROM series JOIN definitions USING(indicator,def_seq) WHERE until_seq IS NOT NULL",
     "SELECT series,dims,s.sum,indicator FROM series s JOIN definitions USING(indicator,def_seq) WHERE until_seq IS "
     "NOT NULL AND series>? ORDER BY series LIMIT ?",
     nullptr, "a name of earlier figures of ", "此前数值的名称："},
    {"SELECT count(*) FROM chunk c JOIN series s ON s.series=c.id>>17 JOIN definitions USING(indicator,def_seq) WHERE "
     "until_seq IS NOT NULL",
     "SELECT c.id,data,0,indicator FROM chunk c JOIN series s ON s.series=c.id>>17 JOIN definitions "
     "USING(indicator,def_seq) WHERE until_seq IS NOT NULL AND c.id>? ORDER BY c.id LIMIT ?",
     is_sealed, "what is kept of earlier figures of ", "此前的数值："},
    {"SELECT count(*) FROM setcell c JOIN series s ON s.series=c.id>>22 JOIN definitions USING(indicator,def_seq) "
     "WHERE "
     "until_seq IS NOT NULL",
     "SELECT c.id,data,0,indicator FROM setcell c JOIN series s ON s.series=c.id>>22 JOIN definitions "
     "USING(indicator,def_seq) WHERE until_seq IS NOT NULL AND c.id>? ORDER BY c.id LIMIT ?",
     is_sealed, "what is kept of earlier distinct values of ", "此前的不同值："},
};
static_assert(month_bits == 17 && day_bits == 22);

int64_t count(Db& db, const char* sql) {
  auto row = db.query(sql);
  return row.step() ? row.integer(0) : 0;
}

} // namespace

Contents::Contents(Core& core, Tell tell)
    : core_(core), tell_(std::move(tell)),
      until_fact_(static_cast<Fact>(count(core.db, "SELECT coalesce(max(first_fact),0) FROM extents"))),
      until_keys_(count(core.db, "SELECT coalesce(max(id),0) FROM keyseg")),
      until_persons_(count(core.db, "SELECT coalesce(max(id),0) FROM personseg")) {}

uint64_t Contents::pieces() {
  auto all = count(core_.db, "SELECT count(*) FROM blocks") + count(core_.db, "SELECT count(*) FROM keyseg") +
             count(core_.db, "SELECT count(*) FROM personseg");
  for (const auto& list : lists)
    all += count(core_.db, list.count);
  return static_cast<uint64_t>(all);
}

bool Contents::step() {
  const auto go_on = [&](bool more, At next) {
    if (more) return;
    at_ = next;
    last_run_ = 0;
  };
  switch (at_) {
  case At::facts:
    go_on(read_block(), At::keys);
    return true;
  case At::keys:
    go_on(read_index(core_.ledger.keys(), until_keys_, "a part of the index of keys", "主键索引的一部分"), At::persons);
    return true;
  case At::persons:
    go_on(read_index(core_.persons.index(), until_persons_, "a part of the index of persons", "人员索引的一部分"),
          At::lists);
    return true;
  case At::lists:
    go_on(read_list(), At::end);
    return true;
  case At::end:
    break;
  }
  return false;
}

void Contents::tell_facts(const Extent& extent, Fact first, uint64_t n, bool lacking) {
  std::string source;
  {
    auto row = core_.db.query("SELECT id FROM sources WHERE source=?");
    if (row.bind(1, extent.source).step()) source = row.text(0);
  }
  const auto from = std::to_string(first);
  const auto to = std::to_string(first + n - 1);
  tell_("facts " + from + " to " + to + " (" + extent.dataset + " of " + source +
            (lacking ? ") lack" : ") are damaged"),
        "记录" + from + "至" + to + "（数据源" + source + "，" + extent.dataset + (lacking ? "）缺失" : "）已损坏"));
}

// Blocks fill their extents without a gap. Between extents there may be one: what a run had staged was dropped.
bool Contents::read_block() {
  const auto* extent = core_.ledger.extent_of(next_fact_);
  if (!extent) {
    int64_t next = -1;
    {
      auto row = core_.db.query("SELECT first_fact FROM extents WHERE first_fact>=? ORDER BY first_fact LIMIT 1");
      if (row.bind(1, static_cast<int64_t>(next_fact_)).step()) next = row.integer(0);
    }
    {
      auto stray = core_.db.query("SELECT 1 FROM blocks WHERE first_fact>=?1 AND (?2<0 OR first_fact<?2) LIMIT 1");
      if (stray.bind(1, static_cast<int64_t>(next_fact_)).bind(2, next).step())
        tell_("the list of who gave which facts lacks some", "记录来源清单有缺失");
    }
    if (next < 0 || static_cast<Fact>(next) > until_fact_) return false;
    next_fact_ = static_cast<Fact>(next);
    extent = core_.ledger.extent_of(next_fact_);
    if (!extent) { // of no fact
      ++next_fact_;
      return true;
    }
  }
  const Extent of = *extent;
  if (of.first > until_fact_) return false;
  const Fact end = of.first + of.n;
  if (next_fact_ == of.first) look_for_overlap(of);
  ++read_;
  int64_t n = 0;
  int64_t schema = 0;
  int64_t time_min = 0;
  int64_t time_max = 0;
  {
    auto row = core_.db.query("SELECT n,schema,time_min,time_max FROM blocks WHERE first_fact=?");
    if (row.bind(1, static_cast<int64_t>(next_fact_)).step()) {
      n = row.integer(0);
      schema = row.integer(1);
      time_min = row.integer(2);
      time_max = row.integer(3);
    }
  }
  if (n > 0 && n <= static_cast<int64_t>(block_facts)) {
    if (const auto extents = extents_of(of, next_fact_ + static_cast<Fact>(n)); !extents.empty()) {
      check_block(extents, static_cast<uint32_t>(n), time_min, time_max, schema);
      next_fact_ += static_cast<Fact>(n);
      return true;
    }
  }
  Fact next = end;
  {
    auto row = core_.db.query("SELECT min(first_fact) FROM blocks WHERE first_fact>? AND first_fact<?");
    row.bind(1, static_cast<int64_t>(next_fact_)).bind(2, static_cast<int64_t>(end));
    if (row.step() && !row.is_null(0)) next = static_cast<Fact>(row.integer(0));
  }
  tell_facts(of, next_fact_, next - next_fact_, n == 0);
  next_fact_ = next;
  return true;
}

void Contents::look_for_overlap(const Extent& extent) {
  auto other = core_.db.query("SELECT 1 FROM extents WHERE first_fact>? AND first_fact<?");
  other.bind(1, static_cast<int64_t>(extent.first)).bind(2, static_cast<int64_t>(extent.first + extent.n));
  if (other.step()) tell_("the list of who gave which facts names some twice", "记录来源清单有重复");
}

std::vector<Extent> Contents::extents_of(Extent of, Fact end) {
  std::vector<Extent> out;
  {
    auto other = core_.db.query("SELECT 1 FROM blocks WHERE first_fact>? AND first_fact<?");
    other.bind(1, static_cast<int64_t>(next_fact_)).bind(2, static_cast<int64_t>(end));
    if (other.step()) return out;
  }
  for (;;) {
    out.push_back(std::move(of));
    const Fact next = out.back().first + out.back().n;
    if (next >= end) return out;
    const auto* extent = core_.ledger.extent_of(next);
    // What is staged lies in blocks of its own.
    if (!extent || extent->first != next || extent->dataset != out.back().dataset || !extent->seq || !out.back().seq)
      return {};
    of = *extent;
    look_for_overlap(of);
  }
}

void Contents::check_block(const std::vector<Extent>& extents, uint32_t n, int64_t time_min, int64_t time_max,
                           int64_t schema) {
  const auto& extent = extents.front();
  const auto first = next_fact_;
  const auto dataset =
      std::ranges::find_if(core_.datasets, [&](const auto& one) { return one.second->name == extent.dataset; });
  bool is_well = false;
  bool is_found = true;
  try {
    if (dataset == core_.datasets.end()) { // of a catalog before
      auto row = core_.db.query("SELECT data FROM blocks WHERE first_fact=?");
      const auto decoded =
          row.bind(1, static_cast<int64_t>(first)).step() ? decode_block(row.blob(0)) : fail("damaged", "");
      is_well = decoded && decoded->rows == n;
    } else {
      const auto& stored = *dataset->second;
      {
        auto row = core_.db.query("SELECT 1 FROM schemas WHERE schema=? AND dataset=?");
        is_well = row.bind(1, schema).bind(2, extent.dataset).step();
      }
      const auto block = BlockReader(core_.db).holding(first, stored.dataset);
      is_well = is_well && block && block->first == first && block->facts.rows == n;
      if (is_well) {
        const auto& fields = stored.dataset.contract.fields;
        for (size_t i = 0; i < fields.size(); ++i) {
          const auto& column = block->facts.fields[i];
          if (column.holding != model::Holding::code) continue;
          if (const auto last = std::ranges::max(column.codes)) stored.codes.text(i, last); // refuses one that lacks
        }
        const measure::When when_of(stored.dataset, stored.codes);
        int64_t low = INT64_MAX;
        int64_t high = INT64_MIN;
        for (uint32_t row = 0; row < n; ++row) {
          const auto when = when_of(block->facts, row);
          if (!when) continue;
          low = std::min(low, *when);
          high = std::max(high, *when);
        }
        is_well = low == time_min && high == time_max;
        is_found = !extent.seq || holds_keys(stored, extents, *block);
      }
    }
  } catch (const SqlError& error) {
    if (error.error().code != "damaged") throw;
    is_well = false;
  }
  if (!is_well) tell_facts(extent, first, n, false);
  if (!is_found) tell_("the index of keys lacks some of " + extent.dataset, "主键索引缺少" + extent.dataset + "的条目");
}

bool Contents::holds_keys(const StoredDataset& dataset, const std::vector<Extent>& extents,
                          const BlockReader::Block& block) {
  std::vector<bool> found(block.facts.rows);
  try {
    std::vector<HashedKey> order(block.facts.rows);
    auto extent = extents.begin();
    for (uint32_t row = 0; row < block.facts.rows; ++row) {
      while (!extent->holds(block.first + row))
        ++extent;
      order[row] = {hash64(block.facts.key(row), key_seed(dataset.name, extent->source)), row};
    }
    sort_by_hash(order);
    std::vector<uint64_t> hashes(order.size());
    std::ranges::transform(order, hashes.begin(), &HashedKey::hash);
    core_.ledger.keys().find(hashes, [&](size_t i, uint64_t fact) {
      if (fact == block.first + order[i].row) found[order[i].row] = true;
    });
  } catch (const SqlError& error) {
    if (error.error().code != "damaged") throw;
    return true; // told when the index is read itself
  }
  for (uint32_t row = 0; row < block.facts.rows; ++row) {
    if (!found[row] && !block.facts.key(row).empty()) return false; // empty: what it was is given up
  }
  return true;
}

bool Contents::read_index(KeyIndex& index, int64_t until, const char* english, const char* chinese) {
  const auto checked = index.check_run_after(last_run_);
  if (!checked || checked->run > until) return false;
  ++read_;
  last_run_ = checked->run;
  if (checked->is_damaged) tell_(std::string(english) + " is damaged", std::string(chinese) + "已损坏");
  return true;
}

bool Contents::read_list() {
  const auto& list = lists[list_];
  int64_t rows = 0;
  {
    auto row = core_.db.query(list.rows);
    row.bind(1, last_row_).bind(2, rows_a_step);
    for (; row.step(); ++rows) {
      last_row_ = row.integer(0);
      const bool is_well = list.is_well ? list.is_well(row.blob(1)) : sum_of(row.blob(1)) == row.integer(2);
      if (!is_well) tell_(list.english + row.text(3) + " is damaged", list.chinese + row.text(3) + "已损坏");
    }
  }
  read_ += static_cast<uint64_t>(rows);
  if (rows == rows_a_step) return true;
  last_row_ = -1;
  return ++list_ < std::size(lists);
}

} // namespace kepu::store
