#include "store/key_index.hpp"

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "base/radix.hpp"
#include "store/packing.hpp"
#include "store/sums.hpp"

#include <algorithm>
#include <bit>

namespace kepu::store {
namespace {

constexpr size_t page_bytes = 4'032;       // a row that fits one 4 KiB page
constexpr size_t most_entries = 4'000;     // of a page: its entries take at least a byte each
constexpr size_t page_head = 40;           // count, checksum, and what comes before packed numbers
constexpr size_t gather_entries = 131'072; // 2 MB in memory; spreads as some 2,000 entries a partition
constexpr size_t recent_entries = 8'192;
constexpr int partition_bits = 6;
constexpr unsigned gathering = 1u << partition_bits; // its partition number
static_assert(KeyIndex::parts == gathering + 1);
constexpr unsigned merge_at = 8;    // runs of one size class
constexpr size_t filter_bits = 10;  // an entry; about 1 % false hits
constexpr size_t filter_block = 64; // one cache line
constexpr unsigned probes = 5;

unsigned partition_of(uint64_t hash) { return static_cast<unsigned>(hash >> (64 - partition_bits)); }

constexpr int run_bits = 40;
int64_t id_of_run(unsigned partition, int64_t number) { return static_cast<int64_t>(partition) << run_bits | number; }

// Bits inside a block come from a second mix of the hash, the block from its middle bits.
uint64_t mix(uint64_t hash) { return hash * 0x9e3779b97f4a7c15ull; }
size_t block_of(uint64_t hash, size_t blocks) {
  return static_cast<size_t>(((mix(hash) >> 32) * blocks) >> 32) * filter_block;
}

std::string make_filter(std::span<const KeyEntry> entries) {
  const size_t blocks = std::max<size_t>(1, (entries.size() * filter_bits + filter_block * 8 - 1) / (filter_block * 8));
  std::string filter(blocks * filter_block, '\0');
  for (const auto& entry : entries) {
    const size_t block = block_of(entry.hash, blocks);
    uint64_t bits = mix(entry.hash ^ 0x5bd1e995);
    for (unsigned i = 0; i < probes; ++i, bits >>= 9) {
      char& byte = filter[block + (bits >> 3 & 63)];
      byte = static_cast<char>(byte | 1 << (bits & 7));
    }
  }
  return filter;
}

bool may_hold(const std::string& filter, uint64_t hash) {
  const size_t block = block_of(hash, filter.size() / filter_block);
  uint64_t bits = mix(hash ^ 0x5bd1e995);
  for (unsigned i = 0; i < probes; ++i, bits >>= 9) {
    if (!(filter[block + (bits >> 3 & 63)] >> (bits & 7) & 1)) return false;
  }
  return true;
}

[[noreturn]] void damaged() {
  throw SqlError(fail("damaged", "a page of the key index is damaged; restore the store from a backup"));
}

// How many of these entries, sorted by hash, fit one page.
size_t fitting(std::span<const KeyEntry> entries) {
  uint64_t widest = 0; // step from hash to hash
  uint64_t low = entries[0].number;
  uint64_t high = low;
  size_t n = 1;
  for (; n < std::min(entries.size(), most_entries); ++n) {
    widest = std::max(widest, entries[n].hash - entries[n - 1].hash);
    low = std::min(low, entries[n].number);
    high = std::max(high, entries[n].number);
    const auto bits = static_cast<size_t>(std::bit_width(widest) + std::bit_width(high - low));
    if (page_head + (n + 1) * std::max<size_t>(bits, 8) / 8 > page_bytes) break;
  }
  return n;
}

bool by_hash(const KeyEntry& entry, uint64_t hash) { return entry.hash < hash; }

void merge_into(std::vector<KeyEntry>& sorted, std::span<const KeyEntry> entries) {
  const auto middle = static_cast<ptrdiff_t>(sorted.size());
  sorted.insert(sorted.end(), entries.begin(), entries.end());
  std::inplace_merge(sorted.begin(), sorted.begin() + middle, sorted.end(),
                     [](const KeyEntry& a, const KeyEntry& b) { return a.hash < b.hash; });
}

} // namespace

struct KeyIndex::Sql {
  const char* runs;
  const char* run_after;
  const char* last_page;
  const char* page;
  const char* put_run;
  const char* put_page;
  const char* drop_run;
  const char* drop_pages;
};

namespace {

#define KEPU_KEY_SQL(T)                                                                                                \
  {                                                                                                                    \
    "SELECT id,n,first_page,lows,filter,sum FROM " T "seg WHERE id BETWEEN ? AND ? ORDER BY id",                       \
        "SELECT id,n,first_page,lows,filter,sum FROM " T "seg WHERE id>? ORDER BY id LIMIT 1",                         \
        "SELECT coalesce(max(page),0) FROM " T "page", "SELECT data FROM " T "page WHERE page=?",                      \
        "INSERT INTO " T "seg(id,n,first_page,pages,lows,filter,sum) VALUES(?,?,?,?,?,?,?)",                           \
        "INSERT INTO " T "page(page,data) VALUES(?,?)", "DELETE FROM " T "seg WHERE id=?",                             \
        "DELETE FROM " T "page WHERE page BETWEEN ? AND ?"                                                             \
  }

} // namespace

KeyIndex::KeyIndex(Db& db, Table table)
    : db_(db), sql_([table]() -> const Sql& {
        static const Sql facts = KEPU_KEY_SQL("key");
        static const Sql persons = KEPU_KEY_SQL("person");
        return table == Table::facts ? facts : persons;
      }()) {}

void KeyIndex::forget() {
  loaded_ = false;
  for (auto& runs : partitions_)
    runs.reset();
  gathered_runs_.clear();
  gathered_.clear();
  gathered_.shrink_to_fit();
  recent_.clear();
}

void KeyIndex::rolled_back() {
  added_.clear();
  forget();
}

int64_t KeyIndex::sum_of_run(int64_t id, int64_t n, int64_t first_page, std::string_view lows,
                             std::string_view filter) {
  const std::array<int64_t, 5> numbers{id, n, first_page, sum_of(lows), sum_of(filter)};
  return sum_of({reinterpret_cast<const char*>(numbers.data()), sizeof numbers});
}

KeyIndex::Run KeyIndex::parse_run(const Query& row) {
  Run run;
  run.id = row.integer(0);
  run.n = static_cast<uint64_t>(row.integer(1));
  run.first_page = row.integer(2);
  const auto lows = row.blob(3);
  const auto filter = row.blob(4);
  if (row.integer(5) != sum_of_run(run.id, row.integer(1), run.first_page, lows, filter)) damaged();
  if (lows.empty() || lows.size() % sizeof(uint64_t)) damaged();
  run.lows.resize(lows.size() / 8);
  std::memcpy(run.lows.data(), lows.data(), run.lows.size() * 8);
  run.filter = filter;
  const auto partition = static_cast<unsigned>(run.id >> run_bits);
  if (partition > gathering || (partition < gathering && (run.filter.empty() || run.filter.size() % filter_block)))
    damaged();
  return run;
}

std::optional<KeyIndex::Checked> KeyIndex::check_run_after(int64_t after) {
  Checked out;
  Run run;
  {
    auto row = db_.query(sql_.run_after);
    if (!row.bind(1, after).step()) return std::nullopt;
    out.run = row.integer(0);
    try {
      run = parse_run(row);
    } catch (const SqlError&) {
      out.is_damaged = true;
      return out;
    }
  }
  std::vector<KeyEntry> entries;
  try {
    for (size_t i = 0; i < run.lows.size(); ++i) {
      const size_t had = entries.size();
      read_page(run.first_page + static_cast<int64_t>(i), entries);
      if (entries[had].hash != run.lows[i]) out.is_damaged = true;
    }
  } catch (const SqlError& error) {
    if (error.error().code != "damaged") throw;
    out.is_damaged = true;
  }
  out.is_damaged = out.is_damaged || entries.size() != run.n;
  return out;
}

void KeyIndex::load() {
  if (loaded_) return;
  forget();
  {
    auto pages = db_.query(sql_.last_page);
    pages.step();
    next_page_ = pages.integer(0) + 1;
  }
  gathered_runs_ = read_runs(gathering);
  for (const auto& run : gathered_runs_)
    read_run(run, gathered_);
  sort_by_hash(gathered_);
  loaded_ = true;
}

std::vector<KeyIndex::Run> KeyIndex::read_runs(unsigned partition) {
  std::vector<Run> out;
  auto runs = db_.query(sql_.runs);
  runs.bind(1, id_of_run(partition, 0)).bind(2, id_of_run(partition + 1, 0) - 1);
  while (runs.step())
    out.push_back(parse_run(runs));
  next_run_[partition] = (out.empty() ? id_of_run(partition, 0) : out.back().id) + 1;
  return out;
}

std::vector<KeyIndex::Run>& KeyIndex::runs_of(unsigned partition) {
  auto& runs = partitions_[partition];
  if (!runs) runs = read_runs(partition);
  return *runs;
}

void KeyIndex::read_page(int64_t page, std::vector<KeyEntry>& out) {
  auto query = db_.query(sql_.page);
  query.bind(1, page);
  if (!query.step()) damaged();
  bool ok = false;
  ByteReader in(unseal(query.blob(0), ok));
  const auto n = in.get<uint32_t>();
  if (!ok || n == 0 || n > most_entries) damaged();
  const size_t first = out.size();
  out.resize(first + n);
  auto* entries = out.data() + first;
  uint64_t hash = in.get<uint64_t>();
  get_packed(in, n, [&](size_t i, int64_t step) { entries[i].hash = hash += static_cast<uint64_t>(step); });
  get_packed(in, n, [&](size_t i, int64_t number) { entries[i].number = static_cast<uint64_t>(number); });
  if (!in.ok() || !in.at_end()) damaged();
}

void KeyIndex::read_run(const Run& run, std::vector<KeyEntry>& out) {
  out.reserve(out.size() + std::min<uint64_t>(run.n, run.lows.size() * most_entries)); // more it cannot hold
  for (size_t i = 0; i < run.lows.size(); ++i)
    read_page(run.first_page + static_cast<int64_t>(i), out);
}

void KeyIndex::find_in(std::span<const KeyEntry> sorted, std::span<const uint64_t> hashes,
                       const std::function<void(size_t, uint64_t)>& found) const {
  if (sorted.size() > hashes.size() * 16) { // few asked: search; many: walk both
    for (size_t i = 0; i < hashes.size(); ++i) {
      for (auto at = std::lower_bound(sorted.begin(), sorted.end(), hashes[i], by_hash);
           at != sorted.end() && at->hash == hashes[i]; ++at) {
        found(i, at->number);
      }
    }
    return;
  }
  size_t at = 0;
  for (size_t i = 0; i < hashes.size(); ++i) {
    while (at < sorted.size() && sorted[at].hash < hashes[i])
      ++at;
    for (size_t j = at; j < sorted.size() && sorted[j].hash == hashes[i]; ++j)
      found(i, sorted[j].number);
  }
}

void KeyIndex::find(std::span<const uint64_t> hashes, const std::function<void(size_t, uint64_t)>& found) {
  load();
  find_in(gathered_, hashes, found);
  find_in(recent_, hashes, found);
  find_in(added_, hashes, found);
  std::vector<KeyEntry> page;
  for (size_t begin = 0; begin < hashes.size();) {
    const unsigned partition = partition_of(hashes[begin]);
    size_t end = begin + 1;
    while (end < hashes.size() && partition_of(hashes[end]) == partition)
      ++end;
    for (const auto& run : runs_of(partition)) {
      size_t page_at = SIZE_MAX;
      for (size_t i = begin; i < end; ++i) {
        if (!may_hold(run.filter, hashes[i])) continue;
        // Equal hashes may begin on the page before the one whose low equals them.
        const auto above = std::lower_bound(run.lows.begin(), run.lows.end(), hashes[i]);
        size_t wanted = static_cast<size_t>(above - run.lows.begin());
        if (wanted > 0) --wanted;
        for (; wanted < run.lows.size() && run.lows[wanted] <= hashes[i]; ++wanted) {
          if (wanted != page_at) {
            page.clear();
            read_page(run.first_page + static_cast<int64_t>(wanted), page);
            page_at = wanted;
          }
          for (auto at = std::lower_bound(page.begin(), page.end(), hashes[i], by_hash);
               at != page.end() && at->hash == hashes[i]; ++at) {
            found(i, at->number);
          }
        }
      }
    }
    begin = end;
  }
}

KeyIndex::Run KeyIndex::write_run(unsigned partition, std::span<const KeyEntry> entries, bool with_filter) {
  Run run;
  run.id = next_run_[partition]++;
  run.n = entries.size();
  run.first_page = next_page_;
  std::string data;
  std::vector<int64_t> steps;
  std::vector<int64_t> numbers;
  for (size_t begin = 0; begin < entries.size();) {
    const auto page = entries.subspan(begin, fitting(entries.subspan(begin)));
    begin += page.size();
    run.lows.push_back(page[0].hash);
    steps.clear();
    numbers.clear();
    for (size_t i = 0; i < page.size(); ++i) {
      steps.push_back(static_cast<int64_t>(page[i].hash - page[i ? i - 1 : 0].hash));
      numbers.push_back(static_cast<int64_t>(page[i].number));
    }
    data.clear();
    ByteWriter writer(data);
    writer.put(static_cast<uint32_t>(page.size()));
    writer.put(page[0].hash);
    put_packed(writer, steps, shape_of(steps));
    put_packed(writer, numbers, shape_of(numbers));
    seal(data);
    db_.query(sql_.put_page).bind(1, next_page_++).bind_blob(2, data).run();
  }
  if (with_filter) run.filter = make_filter(entries);
  const std::string_view lows(reinterpret_cast<const char*>(run.lows.data()), run.lows.size() * 8);
  db_.query(sql_.put_run)
      .bind(1, run.id)
      .bind(2, static_cast<int64_t>(run.n))
      .bind(3, run.first_page)
      .bind(4, static_cast<int64_t>(run.lows.size()))
      .bind_blob(5, lows)
      .bind_blob(6, run.filter)
      .bind(7, sum_of_run(run.id, static_cast<int64_t>(run.n), run.first_page, lows, run.filter))
      .run();
  return run;
}

void KeyIndex::drop_run(const Run& run) {
  db_.query(sql_.drop_pages)
      .bind(1, run.first_page)
      .bind(2, run.first_page + static_cast<int64_t>(run.lows.size()) - 1)
      .run();
  db_.query(sql_.drop_run).bind(1, run.id).run();
}

void KeyIndex::add(std::span<const KeyEntry> entries) { merge_into(added_, entries); }

void KeyIndex::write() {
  if (added_.empty()) return;
  load();
  const bool full = gathered_.size() + recent_.size() + added_.size() > gather_entries;
  if (!full) gathered_runs_.push_back(write_run(gathering, added_, false));
  merge_into(recent_, added_);
  added_.clear();
  if (full || recent_.size() > recent_entries) gather_recent();
  if (full) spread();
}

void KeyIndex::gather_recent() {
  merge_into(gathered_, recent_);
  recent_.clear();
}

void KeyIndex::remove(std::span<const KeyEntry> entries) {
  write();
  load();
  gather_recent();
  const auto is_out = [&](const KeyEntry& entry) { return std::ranges::binary_search(entries, entry); };
  take_out_of_gathered(is_out);
  for (size_t begin = 0; begin < entries.size();) {
    const unsigned partition = partition_of(entries[begin].hash);
    size_t end = begin + 1;
    while (end < entries.size() && partition_of(entries[end].hash) == partition)
      ++end;
    const auto asked = entries.subspan(begin, end - begin);
    begin = end;
    take_out(partition, is_out, [&](const Run& run) {
      return std::ranges::any_of(asked, [&](const KeyEntry& entry) { return may_hold(run.filter, entry.hash); });
    });
  }
}

void KeyIndex::sweep(unsigned part, const std::function<bool(uint64_t)>& is_gone) {
  write();
  load();
  gather_recent();
  const auto is_out = [&](const KeyEntry& entry) { return is_gone(entry.number); };
  if (part == gathering) return take_out_of_gathered(is_out);
  take_out(part, is_out, [](const Run&) { return true; });
}

void KeyIndex::take_out_of_gathered(const std::function<bool(const KeyEntry&)>& is_out) {
  if (std::erase_if(gathered_, is_out) == 0) return;
  for (const auto& run : gathered_runs_)
    drop_run(run);
  gathered_runs_.clear();
  if (!gathered_.empty()) gathered_runs_.push_back(write_run(gathering, gathered_, false));
}

// `may`: whether the run may hold one of them.
void KeyIndex::take_out(unsigned partition, const std::function<bool(const KeyEntry&)>& is_out,
                        const std::function<bool(const Run&)>& may) {
  std::vector<Run> kept;
  for (auto& run : runs_of(partition)) {
    std::vector<KeyEntry> left;
    if (may(run)) read_run(run, left);
    if (std::erase_if(left, is_out) == 0) {
      kept.push_back(std::move(run));
      continue;
    }
    drop_run(run);
    if (!left.empty()) kept.push_back(write_run(partition, left, true));
  }
  partitions_[partition] = std::move(kept);
}

void KeyIndex::join(unsigned part) {
  write();
  load();
  gather_recent();
  const bool gathers = part == gathering;
  auto& runs = gathers ? gathered_runs_ : runs_of(part);
  if (runs.size() < 2) return;
  std::vector<KeyEntry> entries;
  for (const auto& run : runs) {
    if (!gathers) read_run(run, entries);
    drop_run(run);
  }
  if (!gathers) sort_by_hash(entries, partition_bits);
  runs.clear();
  runs.push_back(write_run(part, gathers ? gathered_ : entries, !gathers));
}

void KeyIndex::spread() {
  for (const auto& run : gathered_runs_)
    drop_run(run);
  gathered_runs_.clear();
  const std::span<const KeyEntry> all(gathered_);
  for (size_t begin = 0; begin < all.size();) {
    const unsigned partition = partition_of(all[begin].hash);
    size_t end = begin + 1;
    while (end < all.size() && partition_of(all[end].hash) == partition)
      ++end;
    runs_of(partition).push_back(write_run(partition, all.subspan(begin, end - begin), true));
    merge_full_classes(partition);
    begin = end;
  }
  gathered_.clear();
}

void KeyIndex::merge_full_classes(unsigned partition) {
  auto& runs = runs_of(partition);
  auto size_class = [](const Run& run) { return (std::bit_width(run.n) + 2) / 3; }; // times 8 each
  for (bool merged = true; merged;) {
    merged = false;
    for (const auto& first : runs) {
      const auto wanted = size_class(first);
      if (std::count_if(runs.begin(), runs.end(), [&](const Run& run) { return size_class(run) == wanted; }) < merge_at)
        continue;
      std::vector<KeyEntry> entries;
      std::vector<Run> kept;
      for (auto& run : runs) {
        if (size_class(run) != wanted) {
          kept.push_back(std::move(run));
          continue;
        }
        read_run(run, entries);
        drop_run(run);
      }
      sort_by_hash(entries, partition_bits);
      kept.push_back(write_run(partition, entries, true));
      runs = std::move(kept);
      merged = true;
      break;
    }
  }
}

} // namespace kepu::store
