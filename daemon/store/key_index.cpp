#include "store/key_index.hpp"

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "base/radix.hpp"
#include "store/key_filter.hpp"
#include "store/key_page.hpp"
#include "store/sums.hpp"

#include <algorithm>
#include <bit>

namespace kepu::store {
namespace {

constexpr size_t gather_entries = 262'144; // 4 MB in memory; spreads as some 4,000 entries a partition
constexpr size_t few_pages = 64;           // are read sooner than all that has gathered
constexpr int partition_bits = 6;
constexpr unsigned gathering = 1u << partition_bits; // its partition number
static_assert(KeyIndex::parts == gathering + 1);
constexpr unsigned merge_at = 8; // runs of one size class

unsigned partition_of(uint64_t hash) { return static_cast<unsigned>(hash >> (64 - partition_bits)); }

constexpr int run_bits = 40;
int64_t id_of_run(unsigned partition, int64_t number) { return static_cast<int64_t>(partition) << run_bits | number; }

bool by_hash(const KeyEntry& entry, uint64_t hash) { return entry.hash < hash; }
bool is_lower(const KeyEntry& a, const KeyEntry& b) { return a.hash < b.hash; }

std::vector<KeyEntry> merged(const std::vector<KeyEntry>& a, const std::vector<KeyEntry>& b) {
  std::vector<KeyEntry> out(a.size() + b.size());
  std::merge(a.begin(), a.end(), b.begin(), b.end(), out.begin(), is_lower);
  return out;
}

void find_in(const std::vector<KeyEntry>& entries, std::span<const uint64_t> hashes,
             const std::function<void(size_t, uint64_t)>& found) {
  auto at = entries.begin();
  const bool are_few = entries.size() > hashes.size() * 16; // search; else walk both
  for (size_t i = 0; i < hashes.size() && at != entries.end(); ++i) {
    if (are_few) {
      at = std::lower_bound(at, entries.end(), hashes[i], by_hash);
    } else {
      while (at != entries.end() && at->hash < hashes[i])
        ++at;
    }
    for (auto same = at; same != entries.end() && same->hash == hashes[i]; ++same)
      found(i, same->number);
  }
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

KeyIndex::KeyIndex(Db& db, Table table, KeySource* source)
    : db_(db), sql_([table]() -> const Sql& {
        static const Sql facts = KEPU_KEY_SQL("key");
        static const Sql persons = KEPU_KEY_SQL("person");
        return table == Table::facts ? facts : persons;
      }()),
      source_(source) {}

void KeyIndex::forget() {
  loaded_ = false;
  for (auto& runs : partitions_)
    runs.reset();
  gathered_runs_.clear();
  gathered_.reset();
  recent_.clear();
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
  if (row.integer(5) != sum_of_run(run.id, row.integer(1), run.first_page, lows, filter)) damaged_keys();
  if (lows.empty() || lows.size() % sizeof(uint64_t)) damaged_keys();
  run.lows.resize(lows.size() / 8);
  std::memcpy(run.lows.data(), lows.data(), run.lows.size() * 8);
  run.filter = filter;
  const auto partition = static_cast<unsigned>(run.id >> run_bits);
  if (partition > gathering || (partition < gathering && (!is_key_filter(run.filter)))) damaged_keys();
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
  uint64_t entries = 0;
  try {
    KeyPage page(db_, sql_.page);
    for (size_t i = 0; i < run.lows.size(); ++i) {
      page.read(run.first_page + static_cast<int64_t>(i));
      entries += page.numbers().size();
      if (page.hashes()[0] != run.lows[i]) out.is_damaged = true;
    }
  } catch (const SqlError& error) {
    if (error.error().code != "damaged") throw;
    out.is_damaged = true;
  }
  out.is_damaged = out.is_damaged || entries != run.n;
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
  if (source_) {
    uint64_t saved = 0;
    {
      auto row = db_.query("SELECT v FROM meta WHERE k='keys_saved'");
      if (!row.step()) damaged_keys();
      saved = static_cast<uint64_t>(row.integer(0));
    }
    std::vector<KeyEntry> entries;
    source_->entries_from(saved, entries);
    sort_by_hash(entries);
    keep(std::move(entries));
  }
  loaded_ = true;
}

std::vector<KeyEntry>& KeyIndex::gathered() {
  if (!gathered_) {
    gathered_.emplace();
    for (const auto& run : gathered_runs_)
      read_run(run, *gathered_);
    sort_by_hash(*gathered_);
  }
  return *gathered_;
}

size_t KeyIndex::count_gathered() const {
  size_t out = 0;
  for (const auto& run : gathered_runs_)
    out += run.n;
  for (const auto& recent : recent_)
    out += recent.size();
  return out;
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

void KeyIndex::keep(std::vector<KeyEntry> entries) {
  if (entries.empty()) return;
  while (!recent_.empty() && recent_.back().size() <= 2 * entries.size()) {
    entries = merged(recent_.back(), entries);
    recent_.pop_back();
  }
  recent_.push_back(std::move(entries));
}

std::vector<KeyEntry> KeyIndex::take_recent() {
  std::vector<KeyEntry> out;
  for (; !recent_.empty(); recent_.pop_back())
    out = merged(recent_.back(), out);
  return out;
}

void KeyIndex::read_run(const Run& run, std::vector<KeyEntry>& out) {
  out.reserve(out.size() + std::min<uint64_t>(run.n, run.lows.size() * most_on_key_page)); // more it cannot hold
  KeyPage page(db_, sql_.page);
  for (size_t i = 0; i < run.lows.size(); ++i) {
    page.read(run.first_page + static_cast<int64_t>(i));
    for (size_t at = 0; at < page.hashes().size(); ++at)
      out.push_back({page.hashes()[at], page.numbers()[at]});
  }
}

template <class Found> void KeyIndex::find_in_run(const Run& run, uint64_t hash, KeyPage& page, Found&& found) {
  // Equal hashes may begin on the page before the one whose low equals them.
  const auto above = std::lower_bound(run.lows.begin(), run.lows.end(), hash);
  auto wanted = static_cast<size_t>(above - run.lows.begin());
  if (wanted > 0) --wanted;
  for (; wanted < run.lows.size() && run.lows[wanted] <= hash; ++wanted) {
    page.read(run.first_page + static_cast<int64_t>(wanted));
    page.find(hash, found);
  }
}

size_t KeyIndex::pages_for(std::span<const uint64_t> hashes) const {
  if (hashes.empty()) return 0;
  size_t out = 0;
  for (const auto& run : gathered_runs_) {
    const auto first = std::ranges::lower_bound(run.lows, hashes.front());
    const auto last = std::ranges::upper_bound(run.lows, hashes.back());
    out += std::min(hashes.size(), static_cast<size_t>(last - first) + 1);
  }
  return out;
}

void KeyIndex::find(std::span<const uint64_t> hashes, const std::function<void(size_t, uint64_t)>& found) {
  load();
  for (const auto& entries : recent_)
    find_in(entries, hashes, found);
  KeyPage page(db_, sql_.page);
  if (gathered_ || pages_for(hashes) > few_pages) {
    find_in(gathered(), hashes, found);
  } else {
    for (const auto& run : gathered_runs_) {
      for (size_t i = 0; i < hashes.size(); ++i)
        find_in_run(run, hashes[i], page, [&](uint64_t number) { found(i, number); });
    }
  }
  for (size_t begin = 0; begin < hashes.size();) {
    const unsigned partition = partition_of(hashes[begin]);
    size_t end = begin + 1;
    while (end < hashes.size() && partition_of(hashes[end]) == partition)
      ++end;
    for (const auto& run : runs_of(partition)) {
      for (size_t i = begin; i < end; ++i) {
        if (!may_hold(run.filter, hashes[i])) continue;
        find_in_run(run, hashes[i], page, [&](uint64_t number) { found(i, number); });
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
  for (size_t begin = 0; begin < entries.size();) {
    const auto page = entries.subspan(begin, fitting_a_key_page(entries.subspan(begin)));
    begin += page.size();
    run.lows.push_back(page[0].hash);
    db_.query(sql_.put_page).bind(1, next_page_++).bind_blob(2, encode_key_page(page)).run();
  }
  if (with_filter) run.filter = make_key_filter(entries);
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

void KeyIndex::add(std::span<const KeyEntry> entries) {
  if (entries.empty()) return;
  load();
  keep({entries.begin(), entries.end()});
  if (source_ && count_gathered() > gather_entries) spread();
}

void KeyIndex::save() {
  if (recent_.empty()) return;
  if (count_gathered() > gather_entries) return spread();
  auto entries = take_recent();
  if (gathered_) gathered_ = merged(*gathered_, entries);
  // Runs that are not much longer are joined with it, so that there are few.
  while (!gathered_runs_.empty() && gathered_runs_.back().n <= 2 * entries.size()) {
    std::vector<KeyEntry> more;
    read_run(gathered_runs_.back(), more);
    drop_run(gathered_runs_.back());
    gathered_runs_.pop_back();
    entries = merged(more, entries);
  }
  gathered_runs_.push_back(write_run(gathering, entries, false));
  note_saved();
}

void KeyIndex::save_as_one_run() {
  gathered_ = merged(gathered(), take_recent());
  for (const auto& run : gathered_runs_)
    drop_run(run);
  gathered_runs_.clear();
  if (!gathered_->empty()) gathered_runs_.push_back(write_run(gathering, *gathered_, false));
  note_saved();
}

void KeyIndex::note_saved() {
  if (!source_) return;
  db_.query("UPDATE meta SET v=? WHERE k='keys_saved'").bind(1, static_cast<int64_t>(source_->next())).run();
}

void KeyIndex::given_again_from(uint64_t number) {
  db_.query("UPDATE meta SET v=min(v,?) WHERE k='keys_saved'").bind(1, static_cast<int64_t>(number)).run();
}

void KeyIndex::remove(std::span<const KeyEntry> entries) {
  load();
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
  load();
  const auto is_out = [&](const KeyEntry& entry) { return is_gone(entry.number); };
  if (part == gathering) return take_out_of_gathered(is_out);
  take_out(part, is_out, [](const Run&) { return true; });
}

void KeyIndex::take_out_of_gathered(const std::function<bool(const KeyEntry&)>& is_out) {
  size_t taken = std::erase_if(gathered(), is_out);
  for (auto& entries : recent_)
    taken += std::erase_if(entries, is_out);
  if (taken > 0) save_as_one_run();
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
  load();
  if (part == gathering) {
    if (gathered_runs_.size() > 1) save_as_one_run();
    return;
  }
  auto& runs = runs_of(part);
  if (runs.size() < 2) return;
  std::vector<KeyEntry> entries;
  for (const auto& run : runs) {
    read_run(run, entries);
    drop_run(run);
  }
  sort_by_hash(entries, partition_bits);
  runs.clear();
  runs.push_back(write_run(part, entries, true));
}

void KeyIndex::spread() {
  gathered_ = merged(gathered(), take_recent());
  for (const auto& run : gathered_runs_)
    drop_run(run);
  gathered_runs_.clear();
  const std::span<const KeyEntry> all(*gathered_);
  for (size_t begin = 0; begin < all.size();) {
    const unsigned partition = partition_of(all[begin].hash);
    size_t end = begin + 1;
    while (end < all.size() && partition_of(all[end].hash) == partition)
      ++end;
    runs_of(partition).push_back(write_run(partition, all.subspan(begin, end - begin), true));
    merge_full_classes(partition);
    begin = end;
  }
  gathered_->clear();
  note_saved();
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
