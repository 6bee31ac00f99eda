#include "store/arrivals.hpp"

#include "measure/meter.hpp"
#include "store/recount.hpp"

#include <algorithm>

namespace kepu::store {
namespace {

// What is known of one span of days.
struct Arrived {
  std::optional<Seq> first;
  bool is_there = false; // a fact of it is in force
};

class Arrivals {
public:
  Arrivals(Db& db, const model::Dataset& dataset, const model::Zone& zone, std::span<const DaySpan> spans, Seq at)
      : dataset_(dataset), zone_(zone), spans_(spans), out_(spans.size()), ends_(db, at), at_(at),
        reader_(db, Columns::fields), codes_(db, dataset), when_(dataset, codes_) {}

  void add(const BlockPlace& place) {
    if (place.time_min > place.time_max) return; // without a time
    const auto [from, to] = touched(day(place.time_min), day(place.time_max));
    const auto told = [&](const Arrived& one) { return one.is_there && one.first && *one.first <= place.seq; };
    if (std::all_of(out_.begin() + from, out_.begin() + to, told)) return;
    rows_of(place);
    if (there_.empty() && replaced_.empty()) return;
    const auto& only = spans_[static_cast<size_t>(from)];
    if (to - from == 1 && only.first <= day(place.time_min) && day(place.time_max) <= only.last) {
      note(out_[static_cast<size_t>(from)], place.seq, !there_.empty());
      return;
    }
    const auto block = block_of(reader_, place, dataset_);
    for (const auto* rows : {&there_, &replaced_}) {
      for (const uint32_t row : *rows) {
        const auto time = when_(block->facts, row);
        if (!time) continue;
        const auto [of, end] = touched(day(*time), day(*time));
        if (of < end) note(out_[static_cast<size_t>(of)], place.seq, rows == &there_);
      }
    }
  }

  const std::vector<Arrived>& told() const { return out_; }

private:
  model::Day day(int64_t time) const { return measure::day_of(dataset_, zone_, time); }

  // The spans, as a range of their numbers, that hold one of these days.
  std::pair<ptrdiff_t, ptrdiff_t> touched(model::Day first, model::Day last) const {
    const auto from = std::ranges::lower_bound(spans_, first, {}, &DaySpan::last);
    const auto to = std::ranges::upper_bound(spans_, last, {}, &DaySpan::first);
    return {from - spans_.begin(), std::max(from, to) - spans_.begin()};
  }

  // Facts that are in force, and those whose place another took: they had come all the same.
  void rows_of(const BlockPlace& place) {
    ends_.rows_in_force(place, there_);
    replaced_.clear();
    for (const auto& end : ends_.of(place, at_))
      if (end.why == End::replaced) replaced_.push_back(static_cast<uint32_t>(end.fact - place.block));
  }

  static void note(Arrived& one, Seq seq, bool is_there) {
    one.is_there = one.is_there || is_there;
    if (!one.first || seq < *one.first) one.first = seq;
  }

  const model::Dataset& dataset_;
  const model::Zone& zone_;
  const std::span<const DaySpan> spans_;
  std::vector<Arrived> out_;
  FactEnds ends_;
  const Seq at_;
  BlockReader reader_;
  const StoredCodes codes_;
  const measure::When when_;
  std::vector<uint32_t> there_;    // rows of the place
  std::vector<uint32_t> replaced_; // the same
};

} // namespace

std::vector<std::optional<CommitInfo>> arrivals(Db& db, const model::Dataset& dataset, const model::Zone& zone,
                                                int64_t source, Seq at, std::span<const DaySpan> spans) {
  Arrivals all(db, dataset, zone, spans, at);
  const auto wanted = [&](const BlockPlace& place) { return source == 0 || place.source == source; };
  for (const auto& place : blocks_until(db, stored_name(dataset), at, wanted))
    all.add(place);
  std::vector<std::optional<CommitInfo>> out;
  for (const auto& one : all.told()) {
    auto& info = out.emplace_back();
    if (!one.is_there) continue;
    auto row = db.query("SELECT recorded_at FROM commits WHERE seq=?");
    row.bind(1, static_cast<int64_t>(*one.first));
    info.emplace(CommitInfo{*one.first, row.step() ? from_micros(row.integer(0)) : Instant{}});
  }
  return out;
}

} // namespace kepu::store
