#include "store/figures.hpp"

#include "base/bytes.hpp"
#include "store/sums.hpp"

#include <algorithm>
#include <numeric>

namespace kepu::store {
namespace {

constexpr int first_year = 1900;

model::Day first_day() { return model::day_of(first_year, 1, 1); }

[[noreturn]] void damaged(const Error& error) { throw SqlError(error); }

[[noreturn]] void disagree() {
  damaged(fail("damaged", "kept figures disagree with the facts that they were made from; run kepuctl rebuild"));
}

} // namespace

int64_t chunk_id(int64_t series, model::Day day) {
  const auto date = model::civil(day);
  return series << month_bits | ((date.year - first_year) * 12 + static_cast<int64_t>(date.month) - 1);
}

model::Day first_day_of_chunk(int64_t id) {
  const int64_t months = id & ((int64_t{1} << month_bits) - 1);
  return model::day_of(first_year + static_cast<int>(months / 12), static_cast<unsigned>(months % 12) + 1, 1);
}

int64_t setcell_id(int64_t series, model::Day day) {
  return series << day_bits | static_cast<int64_t>(day - first_day());
}

model::Day day_of_setcell(int64_t id) {
  return static_cast<model::Day>(id & ((int64_t{1} << day_bits) - 1)) + first_day();
}

std::string encode_dims(const std::vector<std::string>& dims, model::Freq freq) {
  std::string out;
  ByteWriter writer(out);
  writer.varint(dims.size());
  for (const auto& dim : dims)
    writer.text(dim);
  if (freq != model::Freq::day) writer.put(static_cast<uint8_t>(freq));
  return out;
}

Result<Dims> decode_dims(std::string_view blob, int64_t sum) {
  ByteReader in(blob);
  if (sum_of(blob) != sum) in.fail();
  Dims dims;
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n)
    dims.codes.emplace_back(in.text());
  if (in.ok() && !in.at_end()) {
    const auto freq = in.get<uint8_t>();
    if (freq == 0 || freq > static_cast<uint8_t>(model::Freq::year)) in.fail();
    dims.freq = static_cast<model::Freq>(freq);
  }
  if (!in.ok() || !in.at_end()) return fail("damaged", "the dimensions of a series are damaged; run kepuctl rebuild");
  return dims;
}

int64_t Figure::series_of(int64_t source, const measure::Delta& delta, Seq seq) {
  constexpr int freq_bits = 3;
  const auto group = static_cast<uint64_t>(source) << freq_bits | static_cast<uint64_t>(delta.freq);
  int64_t& series = series_[group << 32 | delta.tuple];
  if (series) return series;
  return series = series_named(source, encode_dims(meter_.tuple(delta.tuple), delta.freq), seq);
}

int64_t Figure::series_named(int64_t source, std::string_view dims, Seq seq) {
  const auto bind = [&](Query& query) {
    query.bind(1, meter_.indicator().id).bind(2, static_cast<int64_t>(def_seq_)).bind(3, source).bind_blob(4, dims);
  };
  {
    auto query = db_.query("SELECT series FROM series WHERE indicator=? AND def_seq=? AND source=? AND dims=?");
    bind(query);
    if (query.step()) return query.integer(0);
  }
  auto query = db_.query("INSERT INTO series(indicator,def_seq,source,dims,seq,sum) VALUES(?,?,?,?,?,?)");
  bind(query);
  query.bind(5, static_cast<int64_t>(seq)).bind(6, sum_of(dims)).run();
  return db_.last_rowid();
}

// `days`: changes of one month, ascending.
void Figure::write_chunk(Cells& cells, const Row& row, std::span<const measure::Delta* const> days, Seq seq) {
  static const Cells::Days none;
  const auto* kept = cells.chunk(row.id);
  if (!kept && row.kept != row.id) kept = cells.chunk(row.kept);
  const auto& had = kept ? *kept : none;
  Cells::Days now;
  now.reserve(had.size() + days.size());
  auto old = had.begin();
  for (const auto* delta : days) {
    for (; old != had.end() && old->day < delta->day; ++old)
      now.push_back(*old);
    measure::ChunkDay day;
    if (old != had.end() && old->day == delta->day) {
      day = *old++;
    } else {
      day.day = delta->day;
      day.first_seq = seq;
    }
    day.last_seq = seq;
    day.n += delta->n;
    day.sum += delta->sum;
    day.approximate += delta->approximate;
    day.repaired += delta->repaired;
    day.provisional += delta->provisional;
    if (day.n < 0) disagree();
    now.push_back(day);
  }
  now.insert(now.end(), old, had.end());
  cells.put_chunk(row.id, std::move(now));
}

void Figure::write_set(Cells& cells, const Row& row, std::span<const measure::SetChange> changes, Seq seq) {
  static const Cells::Set none;
  const auto* kept = cells.set(row.id);
  if (!kept && row.kept != row.id) kept = cells.set(row.kept);
  const auto& had = kept ? kept->values : none.values;
  Cells::Set now;
  now.first_seq = kept ? kept->first_seq : static_cast<int64_t>(seq);
  now.last_seq = static_cast<int64_t>(seq);
  now.values.reserve(had.size() + changes.size());
  auto old = had.begin();
  for (const auto& change : changes) {
    for (; old != had.end() && old->number < change.number; ++old)
      now.values.push_back(*old);
    int64_t count = change.times;
    if (old != had.end() && old->number == change.number) count += (old++)->count;
    if (count < 0) disagree();
    if (count > 0) now.values.push_back({change.number, static_cast<uint32_t>(count)});
  }
  now.values.insert(now.values.end(), old, had.end());
  cells.put_set(row.id, std::move(now));
}

void Figure::write(Cells& cells, int64_t source, measure::Changes& changes, Seq seq) {
  write(cells, changes, seq, [&](const measure::Delta& delta) {
    const int64_t series = series_of(source, delta, seq);
    return Series{series, series};
  });
}

void Figure::write(Cells& cells, measure::Changes& changes, Seq seq, const SeriesOf& series_of) {
  struct Place {
    int64_t chunk;
    Series series;
    const measure::Delta* delta;
  };
  std::vector<Place> places;
  places.reserve(changes.deltas.size());
  for (const auto& delta : changes.deltas) {
    const auto series = series_of(delta);
    places.push_back({chunk_id(series.number, delta.day), series, &delta});
  }
  std::ranges::sort(places, [](const Place& a, const Place& b) {
    return a.chunk != b.chunk ? a.chunk < b.chunk : a.delta->day < b.delta->day;
  });
  std::vector<const measure::Delta*> days;
  for (size_t begin = 0; begin < places.size();) {
    const auto& [chunk, series, first] = places[begin];
    days.clear();
    for (; begin < places.size() && places[begin].chunk == chunk; ++begin)
      days.push_back(places[begin].delta);
    write_chunk(cells, {chunk, chunk_id(series.kept, first->day)}, days, seq);
  }
  if (!meter_.distinct()) return;
  changes.settle();
  std::vector<std::span<const measure::SetChange>> sets(changes.deltas.size()); // by cell
  for (size_t begin = 0; begin < changes.sets.size();) {
    size_t end = begin + 1;
    while (end < changes.sets.size() && changes.sets[end].cell == changes.sets[begin].cell)
      ++end;
    sets[changes.sets[begin].cell] = std::span(changes.sets).subspan(begin, end - begin);
    begin = end;
  }
  for (const auto& place : places) { // in the order in which they lie on disk
    const auto& set = sets[static_cast<size_t>(place.delta - changes.deltas.data())];
    if (set.empty()) continue;
    const auto day = place.delta->day;
    write_set(cells, {setcell_id(place.series.number, day), setcell_id(place.series.kept, day)}, set, seq);
  }
}

} // namespace kepu::store
