// Kept figures: one meter per indicator, and its changes put into chunks and counted sets. Writer
// thread; calls that write happen inside a transaction. Throws SqlError.
#pragma once

#include "measure/meter.hpp"
#include "store/cells.hpp"
#include "store/db.hpp"
#include "store/ledger.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kepu::store {

// Row numbers of `chunk` (one series, one month) and `setcell` (one series, one day).
constexpr int64_t month_bits = 17; // months since 1900-01, to the year 9999
constexpr int64_t day_bits = 22;   // days since 1900-01-01, to the year 9999
int64_t chunk_id(int64_t series, model::Day day);
model::Day first_day_of_chunk(int64_t id);
int64_t setcell_id(int64_t series, model::Day day);
model::Day day_of_setcell(int64_t id);

// Dimensions as they lie in table `series`: varint count, texts; then, of figures that facts tell for longer periods
// than days, u8 freq.
std::string encode_dims(const std::vector<std::string>& dims, model::Freq freq);
struct Dims {
  std::vector<std::string> codes;
  model::Freq freq = model::Freq::day;
};
// `sum`: the checksum beside it. Error code "damaged".
Result<Dims> decode_dims(std::string_view blob, int64_t sum);

// One indicator's figures under one definition.
class Figure {
public:
  Figure(Db& db, const model::Catalog& catalog, const model::Indicator& indicator, const StoredDataset& dataset,
         const model::Zone& zone, Seq def_seq)
      : db_(db), meter_(catalog, indicator, dataset.dataset, zone, dataset.codes), def_seq_(def_seq) {}

  measure::Meter& meter() { return meter_; }
  const model::Indicator& indicator() const { return meter_.indicator(); }
  Seq definition() const { return def_seq_; }
  // Puts changes of one source's figures into their cells.
  void write(Cells& cells, int64_t source, measure::Changes& changes, Seq seq);
  // The same into other series, which begin as those that are kept: see FiguresAside.
  struct Series {
    int64_t number = 0;
    int64_t kept = 0;
  };
  using SeriesOf = std::function<Series(const measure::Delta&)>;
  void write(Cells& cells, measure::Changes& changes, Seq seq, const SeriesOf& series_of);
  // After a rollback, and when other series took the place of those that were kept.
  void forget() { series_.clear(); }

  // Its number, which is given when it is asked for the first time, to be there since commit `seq`.
  int64_t series_of(int64_t source, const measure::Delta& delta, Seq seq);
  // The same by its dimensions, encoded.
  int64_t series_named(int64_t source, std::string_view dims, Seq seq);

private:
  struct Row { // of a cell: where it goes, and where it is kept when nothing is there yet
    int64_t id;
    int64_t kept;
  };
  static void write_chunk(Cells& cells, const Row& row, std::span<const measure::Delta* const> days, Seq seq);
  static void write_set(Cells& cells, const Row& row, std::span<const measure::SetChange> changes, Seq seq);
  Db& db_;
  measure::Meter meter_;
  Seq def_seq_;
  std::unordered_map<uint64_t, int64_t> series_; // (source << 3 | freq) << 32 | tuple
};

struct ByIndicator {
  bool operator()(const Figure* a, const Figure* b) const { return a->indicator().id < b->indicator().id; }
};
// Changes of all indicators of one open part.
using PartChanges = std::map<Figure*, measure::Changes, ByIndicator>;

} // namespace kepu::store
