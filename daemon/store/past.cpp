#include "store/past.hpp"

#include "base/bytes.hpp"
#include "measure/meter.hpp"
#include "store/figures.hpp"

#include <algorithm>
#include <set>

namespace kepu::store {
namespace {

// Changes of sets that are held before those of one value are put together: 12 bytes each.
constexpr size_t most_changes = 1'000'000;

[[noreturn]] void damaged(const std::string& what) {
  throw SqlError(fail("damaged", what + " is damaged; restore the store from a backup"));
}

// Texts of a dataset's codes, as they lie in the store; codes are never given twice.
class StoredCodes final : public measure::Codes {
public:
  StoredCodes(Db& db, const model::Dataset& dataset) {
    const auto name = stored_name(dataset);
    for (const auto& field : dataset.contract.fields) {
      auto& texts = fields_.emplace_back();
      if (model::holding_of(field) != model::Holding::code) continue;
      auto row = db.query("SELECT code,text FROM codes WHERE field=? ORDER BY code");
      row.bind(1, name + "/" + field.name);
      while (row.step()) {
        if (row.integer(0) != static_cast<int64_t>(texts.size()) + 1) damaged("the dictionary of codes");
        texts.push_back(row.text(1));
      }
    }
  }
  std::string_view text(size_t field, uint32_t code) const override { return fields_[field].at(code - 1); }

private:
  std::vector<std::vector<std::string>> fields_;
};

} // namespace

std::unique_ptr<Past> Past::open(Db& db, std::shared_ptr<const model::Catalog> catalog, std::string_view indicator,
                                 Seq at) {
  const auto* found = catalog->indicator(indicator);
  if (!found || !catalog->dataset(found->dataset)) return nullptr;
  return std::unique_ptr<Past>(new Past(db, std::move(catalog), *found, at));
}

Past::Past(Db& db, std::shared_ptr<const model::Catalog> catalog, const model::Indicator& indicator, Seq at)
    : db_(db), catalog_(std::move(catalog)), indicator_(indicator), dataset_(*catalog_->dataset(indicator.dataset)),
      at_(at) {
  int64_t def_seq = 0;
  {
    auto row = db_.query("SELECT def_seq,fingerprint FROM definitions WHERE indicator=?1 AND def_seq<=?2 AND "
                         "(until_seq IS NULL OR until_seq>?2)");
    row.bind(1, indicator_.id).bind(2, static_cast<int64_t>(at_));
    if (!row.step()) damaged("the list of definitions");
    def_seq = row.integer(0);
    // What a definition is known by begins with its zone.
    ByteReader fingerprint(row.blob(1));
    auto zone = model::Zone::find(fingerprint.text());
    if (!zone) damaged("the list of definitions");
    zone_ = std::move(*zone);
  }
  auto row = db_.query("SELECT series,source,sources.id,dims FROM series JOIN sources USING(source) WHERE indicator=? "
                       "AND def_seq=? ORDER BY series");
  row.bind(1, indicator_.id).bind(2, def_seq);
  while (row.step()) {
    auto dims = decode_dims(row.blob(3));
    if (!dims) throw SqlError(dims.error());
    const auto id = static_cast<uint32_t>(row.integer(0));
    ids_.emplace(std::pair(row.integer(1), std::string(row.blob(3))), id);
    series_.push_back({id, row.text(2), std::move(*dims)});
  }
}

Past::~Past() = default;

std::optional<std::pair<model::Day, model::Day>> Past::extent() {
  auto row = db_.query("SELECT min(time_min),max(time_max) FROM extents e JOIN blocks b ON b.first_fact>=e.first_fact "
                       "AND b.first_fact<e.first_fact+e.n WHERE dataset=?1 AND seq<=?2 AND time_min<=time_max AND "
                       "run NOT IN (SELECT run FROM runs WHERE withdrawn_seq<=?2)");
  row.bind(1, stored_name(dataset_)).bind(2, static_cast<int64_t>(at_));
  if (!row.step() || row.is_null(0)) return std::nullopt;
  const auto day_of = [&](int64_t time) { return measure::day_of(dataset_, *zone_, time); };
  return std::pair(day_of(row.integer(0)), day_of(row.integer(1)));
}

const std::map<uint32_t, Past::Figures>& Past::recount(model::Day from, model::Day to) {
  if (counted_ && counted_->from == from && counted_->to == to) return counted_->figures;
  counted_.reset();
  const StoredCodes codes(db_, dataset_);
  measure::Meter meter(*catalog_, indicator_, dataset_, *zone_, codes);
  std::map<int64_t, measure::Changes> by_source;
  ScanAsk ask;
  ask.at = at_;
  ask.wanted_times = [&](int64_t low, int64_t high) {
    return low <= high && measure::day_of(dataset_, *zone_, low) <= to &&
           measure::day_of(dataset_, *zone_, high) >= from;
  };
  scan_facts(db_, dataset_, ask, [&](const FactSlice& slice) {
    auto& changes = by_source[slice.extent.source];
    meter.apply(slice.block.facts, slice.rows, 1, changes);
    if (changes.sets.size() > most_changes) changes.settle();
  });
  Counted out{from, to, {}};
  for (auto& [source, changes] : by_source) {
    changes.settle();
    std::vector<uint32_t> id_of(changes.deltas.size());
    for (size_t i = 0; i < changes.deltas.size(); ++i) {
      const auto& delta = changes.deltas[i];
      if (delta.n == 0 || delta.day < from || delta.day > to) continue;
      const auto id = ids_.find(std::pair(source, encode_dims(meter.tuple(delta.tuple))));
      if (id == ids_.end()) damaged("the list of series");
      id_of[i] = id->second;
      out.figures[id->second].cells.push_back(
          {delta.day, static_cast<uint64_t>(delta.n), delta.sum, static_cast<uint64_t>(delta.approximate),
           static_cast<uint64_t>(delta.repaired), static_cast<uint64_t>(delta.provisional)});
    }
    for (size_t i = 0; i < changes.sets.size();) { // by cell and number
      const auto cell = changes.sets[i].cell;
      std::vector<uint32_t> numbers;
      for (; i < changes.sets.size() && changes.sets[i].cell == cell; ++i)
        numbers.push_back(changes.sets[i].number);
      if (id_of[cell]) out.figures[id_of[cell]].sets.emplace_back(changes.deltas[cell].day, std::move(numbers));
    }
  }
  for (auto& [id, figures] : out.figures) {
    std::ranges::sort(figures.cells, {}, &DayCell::day);
    std::ranges::sort(figures.sets, {}, &std::pair<model::Day, std::vector<uint32_t>>::first);
  }
  counted_ = std::move(out);
  return counted_->figures;
}

} // namespace kepu::store
