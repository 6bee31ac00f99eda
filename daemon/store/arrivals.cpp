#include "store/arrivals.hpp"

#include "measure/meter.hpp"
#include "store/claims.hpp"
#include "store/recount.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace kepu::store {
namespace {

constexpr Seq for_good = UINT64_MAX;

// The commits after which something was in force, as ranges that neither meet nor touch.
class Held {
public:
  // From commit `from` on, up to `until`, exclusive.
  void add(Seq from, Seq until) {
    if (from >= until) return;
    auto at = ranges_.lower_bound(from); // the first that ends there or later
    while (at != ranges_.end() && at->second <= until) {
      from = std::min(from, at->second);
      until = std::max(until, at->first);
      at = ranges_.erase(at);
    }
    ranges_.emplace(until, from);
  }
  // Since when without a gap; nullopt: nothing is in force.
  std::optional<Seq> since() const {
    const auto last = ranges_.find(for_good);
    return last == ranges_.end() ? std::nullopt : std::optional(last->second);
  }

private:
  std::map<Seq, Seq> ranges_; // begin by end
};

// Runs that were withdrawn: what they brought and took away counts as if they had not.
class WithdrawnRuns {
public:
  // By commit `at`.
  WithdrawnRuns(Db& db, Seq at) {
    std::map<int64_t, size_t> open; // group by source
    auto row = db.query("SELECT commits.seq,runs.run,runs.source,runs.withdrawn_seq FROM runs JOIN commits ON "
                        "commits.run=runs.run WHERE runs.withdrawn_seq<=? ORDER BY commits.seq");
    row.bind(1, static_cast<int64_t>(at));
    while (row.step()) {
      const auto seq = static_cast<Seq>(row.integer(0));
      const auto withdrawn = static_cast<Seq>(row.integer(3));
      runs_.insert(row.integer(1));
      const auto [group, is_first] = open.try_emplace(row.integer(2), ends_.size());
      if (is_first || ends_[group->second] <= seq) {
        group->second = ends_.size();
        ends_.push_back(withdrawn);
      }
      auto& end = ends_[group->second];
      end = std::max(end, withdrawn);
      groups_.emplace(seq, group->second);
    }
  }

  bool holds(int64_t run) const { return runs_.contains(run); }
  // Until when a fact counts as in force that went with commit `seq`. What a withdrawn run took away comes back with
  // its withdrawal or, where a later run of its source had taken it away too, with that one's.
  Seq until(Seq seq) const {
    const auto group = groups_.find(seq);
    return group == groups_.end() ? seq : ends_[group->second];
  }

private:
  std::set<int64_t> runs_;
  // A group: runs of one source, each of which began before the others were withdrawn.
  std::map<Seq, size_t> groups_; // by commit
  std::vector<Seq> ends_;        // last withdrawal of each
};

class Arrivals {
public:
  Arrivals(Db& db, const model::Dataset& dataset, const model::Zone& zone, std::span<const DaySpan> spans, Seq at)
      : db_(db), dataset_(dataset), zone_(zone), spans_(spans), held_(spans.size()), withdrawn_(db, at), ends_(db, at),
        at_(at), reader_(db, Columns::fields), codes_(db, dataset), when_(dataset, codes_) {}

  void add(const BlockPlace& place) {
    if (place.time_min > place.time_max) return; // without a time
    const auto [from, to] = touched(day(place.time_min), day(place.time_max));
    const auto told = [&](const Held& one) { return one.since() && *one.since() <= place.seq; };
    if (std::all_of(held_.begin() + from, held_.begin() + to, told)) return;
    const bool is_withdrawn = withdrawn_.holds(place.run);
    if (is_withdrawn && !find_claims(place)) return;
    const auto& only = spans_[static_cast<size_t>(from)];
    const bool in_one = to - from == 1 && only.first <= day(place.time_min) && day(place.time_max) <= only.last;
    const auto block = in_one ? nullptr : block_of(reader_, place, dataset_);
    const auto ends = ends_.of(place, at_);
    auto end = ends.begin();
    for (Fact fact = place.first; fact < place.end(); ++fact) {
      const bool is_gone = end != ends.end() && end->fact == fact;
      const Seq until = is_gone ? withdrawn_.until((end++)->seq) : for_good;
      const auto since = is_withdrawn ? claimed_since(fact) : place.seq;
      if (in_one) {
        held_[static_cast<size_t>(from)].add(since, until);
      } else if (const auto time = when_(block->facts, static_cast<uint32_t>(fact - place.block))) {
        const auto [of, next] = touched(day(*time), day(*time));
        if (of < next) held_[static_cast<size_t>(of)].add(since, until);
      }
    }
  }

  const std::vector<Held>& told() const { return held_; }

private:
  model::Day day(int64_t time) const { return measure::day_of(dataset_, zone_, time); }

  // The spans, as a range of their numbers, that hold one of these days.
  std::pair<ptrdiff_t, ptrdiff_t> touched(model::Day first, model::Day last) const {
    const auto from = std::ranges::lower_bound(spans_, first, {}, &DaySpan::last);
    const auto to = std::ranges::upper_bound(spans_, last, {}, &DaySpan::first);
    return {from - spans_.begin(), std::max(from, to) - spans_.begin()};
  }

  // What a withdrawn run brought is held by the runs that gave it again. Whether there are such of the place.
  bool find_claims(const BlockPlace& place) {
    if (!claims_) claims_ = Claims::first_ones(db_, stored_name(dataset_), at_);
    claims_met_.clear();
    for (const auto& claim : *claims_)
      if (claim.facts.intersects(place.first, place.n)) claims_met_.push_back(&claim);
    return !claims_met_.empty();
  }
  Seq claimed_since(Fact fact) const {
    const auto first =
        std::ranges::find_if(claims_met_, [&](const auto* claim) { return claim->facts.contains(fact); });
    return first == claims_met_.end() ? for_good : (*first)->seq;
  }

  Db& db_;
  const model::Dataset& dataset_;
  const model::Zone& zone_;
  const std::span<const DaySpan> spans_;
  std::vector<Held> held_; // parallel to spans_
  const WithdrawnRuns withdrawn_;
  FactEnds ends_;
  const Seq at_;
  BlockReader reader_;
  const StoredCodes codes_;
  const measure::When when_;
  std::optional<std::vector<Claims::Claim>> claims_; // of the dataset; nullopt: not needed yet
  std::vector<const Claims::Claim*> claims_met_;     // of the place, oldest first
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
    const auto since = one.since();
    if (!since) continue;
    auto row = db.query("SELECT recorded_at FROM commits WHERE seq=?");
    row.bind(1, static_cast<int64_t>(*since));
    info.emplace(CommitInfo{*since, row.step() ? from_micros(row.integer(0)) : Instant{}});
  }
  return out;
}

} // namespace kepu::store
