#include "store/history.hpp"

#include "store/labels.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <tuple>
#include <unordered_map>

namespace kepu::store {
namespace {

using Numbers = std::vector<std::pair<uint32_t, int32_t>>;

[[noreturn]] void damaged(const char* what) {
  throw SqlError(fail("damaged", std::string(what) + " is damaged; restore the store from a backup"));
}

[[noreturn]] void too_much() {
  throw SqlError(fail("range_too_wide", "so many of this figure's facts were corrected or taken out that its history "
                                        "cannot be told; ask a shorter period, an area or a dimension"));
}

// From a commit on, one catalog's way to count: a cell, or none.
struct Epoch {
  Seq from;
  std::optional<size_t> cell;
};

struct Gone {
  Share share;
  Numbers numbers;
  std::array<uint64_t, ends> by_reason{};
};

// One cell, as the walk goes from commit to commit.
struct Walked {
  explicit Walked(std::unique_ptr<Cell> counted) : cell(std::move(counted)) {}

  std::unique_ptr<Cell> cell;
  Seq until = 0;            // no epoch of it lies beyond
  std::map<Seq, Gone> gone; // by commit; those walked over have left
  Share now;
  std::unordered_map<uint32_t, int64_t> values; // distinct: how often each is there
  // Of the commit that is walked over.
  uint64_t inserted = 0;
  std::array<uint64_t, ends> went{};

  void change(const Share& share, const Numbers& numbers, int sign) {
    now.add(share, sign);
    for (const auto& [number, times] : numbers) {
      const auto it = values.try_emplace(number).first;
      it->second += sign * times;
      if (it->second == 0) values.erase(it);
    }
  }
};

class Walk {
public:
  Walk(Db& db, const FigureAsk& ask, Seq at, const HistoryBounds& bounds)
      : db_(db), ask_(ask), at_(at), bounds_(bounds), ends_(db, at) {}

  void find_epochs(const std::function<std::shared_ptr<const model::Catalog>(Seq)>& catalog_at);
  void find_losses();
  // The newest `limit` states older than `before`, oldest first, and one more if there is one.
  std::deque<FigureState> states(Seq before, uint32_t limit);

private:
  struct Place {
    BlockPlace block;
    size_t group;
    bool has_ends = false;
  };
  // Cells that read facts alike: of one dataset, with the same fields.
  struct Group {
    Group(Db& db, const model::Dataset& of) : dataset(of), reader(db) {}
    const model::Dataset& dataset; // of a cell's catalog
    BlockReader reader;
    std::vector<size_t> cells;
  };

  const model::FactColumns& facts_of(const Place& place) {
    auto& group = *groups_[place.group];
    block_ = block_of(group.reader, place.block, group.dataset);
    return block_->facts;
  }
  void lose(const Place& place, std::vector<FactEnd>& gone);
  void gain(const Place& place);
  FigureState state(const std::optional<size_t>& cell) const;

  Db& db_;
  const FigureAsk& ask_;
  const Seq at_;
  const HistoryBounds& bounds_;
  FactEnds ends_;
  std::vector<Epoch> epochs_; // by commit, from the first catalog on
  std::vector<Walked> cells_;
  std::vector<std::unique_ptr<Group>> groups_;
  std::vector<Place> places_; // by commit
  std::shared_ptr<const BlockReader::Block> block_;
  Numbers numbers_;
  std::vector<uint32_t> rows_;
  size_t losses_ = 0; // commits of all cells
  size_t lost_numbers_ = 0;
};

void Walk::find_epochs(const std::function<std::shared_ptr<const model::Catalog>(Seq)>& catalog_at) {
  std::vector<Seq> loads;
  {
    auto row = db_.query("SELECT seq FROM catalog WHERE seq<=? ORDER BY seq");
    row.bind(1, static_cast<int64_t>(at_));
    while (row.step())
      loads.push_back(static_cast<Seq>(row.integer(0)));
  }
  // Two catalogs count alike when the definition, the unit and the choice among its series are the same.
  std::map<std::tuple<Seq, std::string, std::vector<bool>>, size_t> known;
  for (size_t i = 0; i < loads.size(); ++i) {
    std::optional<size_t> cell;
    const auto catalog = catalog_at(loads[i]);
    const auto* indicator = catalog->indicator(ask_.indicator);
    auto definition =
        indicator && catalog->dataset(indicator->dataset) ? definition_at(db_, ask_.indicator, loads[i]) : std::nullopt;
    if (definition) {
      const auto series = series_under(db_, ask_.indicator, *definition, at_);
      auto chosen = ask_.choose(*catalog, *indicator, series);
      refuse_beyond_horizon(db_, *catalog->dataset(indicator->dataset), *definition, ask_, series, chosen);
      const auto [it, is_new] =
          known.try_emplace({definition->since, indicator->unit, std::move(chosen)}, cells_.size());
      if (is_new) cells_.emplace_back(std::make_unique<Cell>(db_, catalog, std::move(*definition), ask_));
      cell = it->second;
      cells_[*cell].until = i + 1 < loads.size() ? loads[i + 1] : at_ + 1;
    }
    if (epochs_.empty() || epochs_.back().cell != cell) epochs_.push_back({loads[i], cell});
  }
  for (size_t i = 0; i < cells_.size(); ++i) {
    const auto& dataset = cells_[i].cell->dataset();
    auto found = std::ranges::find_if(groups_, [&](const auto& group) {
      return stored_name(group->dataset) == stored_name(dataset) &&
             encode_schema(group->dataset) == encode_schema(dataset);
    });
    if (found == groups_.end()) found = groups_.insert(found, std::make_unique<Group>(db_, dataset));
    (*found)->cells.push_back(i);
  }
  for (size_t i = 0; i < groups_.size(); ++i) {
    for (const auto& block : blocks_until(db_, stored_name(groups_[i]->dataset), at_)) {
      const auto& cells = groups_[i]->cells;
      if (std::ranges::any_of(cells, [&](size_t cell) { return cells_[cell].cell->may_hold(block); }))
        places_.push_back({block, i});
    }
  }
  std::ranges::stable_sort(places_, {}, [](const Place& place) { return place.block.seq; });
}

void Walk::find_losses() {
  for (auto& place : places_) {
    auto gone = ends_.of(place.block, at_);
    place.has_ends = !gone.empty();
    std::erase_if(gone, [&](const FactEnd& end) { return end.seq <= place.block.seq; });
    if (!gone.empty()) lose(place, gone);
  }
}

void Walk::lose(const Place& place, std::vector<FactEnd>& gone) {
  const auto& facts = facts_of(place);
  const auto order = [](const FactEnd& end) { return std::tuple(end.seq, end.why, end.fact); };
  std::ranges::sort(gone, {}, order);
  for (size_t begin = 0; begin < gone.size();) {
    const auto [seq, why] = std::pair(gone[begin].seq, gone[begin].why);
    rows_.clear();
    for (; begin < gone.size() && gone[begin].seq == seq && gone[begin].why == why; ++begin)
      rows_.push_back(static_cast<uint32_t>(gone[begin].fact - place.block.block));
    for (const size_t i : groups_[place.group]->cells) {
      auto& walked = cells_[i];
      if (seq >= walked.until) continue;
      numbers_.clear();
      const auto share = walked.cell->share(place.block.source, facts, rows_, numbers_);
      if (share.n == 0) continue;
      const auto [it, is_new] = walked.gone.try_emplace(seq);
      it->second.share.add(share, 1);
      it->second.numbers.insert(it->second.numbers.end(), numbers_.begin(), numbers_.end());
      it->second.by_reason[static_cast<size_t>(why)] += static_cast<uint64_t>(share.n);
      losses_ += is_new;
      lost_numbers_ += numbers_.size();
      if (losses_ > bounds_.losses || lost_numbers_ > bounds_.numbers) too_much();
    }
  }
}

void Walk::gain(const Place& place) {
  rows_.clear();
  std::vector<FactEnd> gone;
  if (place.has_ends) gone = ends_.of(place.block, place.block.seq); // never in force
  auto skip = gone.begin();
  for (Fact fact = place.block.first; fact < place.block.end(); ++fact) {
    if (skip != gone.end() && skip->fact == fact) {
      ++skip;
    } else {
      rows_.push_back(static_cast<uint32_t>(fact - place.block.block));
    }
  }
  const auto& facts = facts_of(place);
  for (const size_t i : groups_[place.group]->cells) {
    auto& walked = cells_[i];
    if (place.block.seq >= walked.until || !walked.cell->may_hold(place.block)) continue;
    numbers_.clear();
    const auto share = walked.cell->share(place.block.source, facts, rows_, numbers_);
    walked.change(share, numbers_, 1);
    walked.inserted += static_cast<uint64_t>(share.n);
  }
}

FigureState Walk::state(const std::optional<size_t>& cell) const {
  FigureState out;
  if (!cell) return out;
  const auto& walked = cells_[*cell];
  out.definition = walked.cell->definition().since;
  out.unit = walked.cell->indicator().unit;
  out.scale = scale_of(walked.cell->catalog(), walked.cell->indicator());
  out.n = static_cast<uint64_t>(walked.now.n);
  out.has_value = out.n > 0;
  switch (walked.cell->indicator().measure) {
  case model::Measure::count:
    out.value = walked.now.n;
    break;
  case model::Measure::sum:
    out.value = walked.now.sum;
    break;
  case model::Measure::distinct:
    out.value = static_cast<__int128>(walked.values.size());
    break;
  case model::Measure::latest:
  case model::Measure::standing:
  case model::Measure::share:
  case model::Measure::each:
  case model::Measure::ratio:
  case model::Measure::survey_rate:
    break; // not walked: they do not add up from facts
  }
  out.approximate = static_cast<uint64_t>(walked.now.approximate);
  out.repaired = static_cast<uint64_t>(walked.now.repaired);
  out.provisional = static_cast<uint64_t>(walked.now.provisional);
  out.inserted = walked.inserted;
  out.replaced = walked.went[static_cast<size_t>(End::replaced)];
  out.deleted = walked.went[static_cast<size_t>(End::deleted)];
  out.out_of_scope = walked.went[static_cast<size_t>(End::out_of_scope)];
  out.withdrawn = walked.went[static_cast<size_t>(End::withdrawn)];
  return out;
}

// Whether a reader of the figure saw no difference.
bool same(const FigureState& a, const FigureState& b) {
  if (a.n == 0 && b.n == 0) return true;
  const auto seen = [](const FigureState& one) {
    return std::tie(one.n, one.value, one.scale, one.unit, one.approximate, one.repaired, one.provisional);
  };
  return seen(a) == seen(b);
}

std::deque<FigureState> Walk::states(Seq before, uint32_t limit) {
  std::deque<FigureState> out;
  FigureState last;
  std::optional<size_t> cell;
  auto place = places_.begin();
  auto epoch = epochs_.begin();
  for (;;) {
    constexpr Seq none = UINT64_MAX;
    Seq seq = none;
    if (place != places_.end()) seq = std::min(seq, place->block.seq);
    if (epoch != epochs_.end()) seq = std::min(seq, epoch->from);
    for (const auto& walked : cells_) {
      if (!walked.gone.empty()) seq = std::min(seq, walked.gone.begin()->first);
    }
    if (seq == none) return out;
    for (auto& walked : cells_) {
      walked.inserted = 0;
      walked.went = {};
    }
    for (; place != places_.end() && place->block.seq == seq; ++place)
      gain(*place);
    for (auto& walked : cells_) {
      if (walked.gone.empty() || walked.gone.begin()->first != seq) continue;
      const auto& gone = walked.gone.begin()->second;
      walked.change(gone.share, gone.numbers, -1);
      walked.went = gone.by_reason;
      walked.gone.erase(walked.gone.begin());
    }
    if (epoch != epochs_.end() && epoch->from == seq) cell = (epoch++)->cell;
    auto now = state(cell);
    if (same(now, last)) continue;
    now.commit.seq = seq;
    if (!out.empty()) out.back().until = CommitInfo{seq, {}};
    if (before != 0 && seq >= before) return out;
    last = now;
    out.push_back(std::move(now));
    if (out.size() > size_t{limit} + 1) out.pop_front();
  }
}

void tell_commit(Db& db, FigureState& state, Seq at) {
  {
    auto row =
        db.query("SELECT recorded_at,kind,sources.id,commits.run,connector,version FROM commits LEFT JOIN sources "
                 "ON sources.source=commits.source LEFT JOIN runs ON runs.run=commits.run WHERE seq=?");
    row.bind(1, static_cast<int64_t>(state.commit.seq));
    if (!row.step()) damaged("the list of commits");
    state.commit.recorded_at = from_micros(row.integer(0));
    state.commit.kind = row.text(1);
    state.commit.source = row.text(2);
    state.commit.run = static_cast<uint64_t>(row.integer(3));
    state.connector = row.text(4);
    state.connector_version = row.text(5);
  }
  state.commit.labels = labels_of(db, state.commit.seq, at);
  if (!state.until) return;
  auto row = db.query("SELECT recorded_at FROM commits WHERE seq=?");
  row.bind(1, static_cast<int64_t>(state.until->seq));
  if (!row.step()) damaged("the list of commits");
  state.until->recorded_at = from_micros(row.integer(0));
}

} // namespace

FigureStates history(Db& db, const FigureAsk& ask, Seq at, Seq before, uint32_t limit,
                     const std::function<std::shared_ptr<const model::Catalog>(Seq)>& catalog_at,
                     const HistoryBounds& bounds) {
  Walk walk(db, ask, at, bounds);
  walk.find_epochs(catalog_at);
  walk.find_losses();
  auto states = walk.states(before, limit);
  FigureStates out;
  out.more = states.size() > limit;
  if (out.more) states.pop_front();
  for (auto state = states.rbegin(); state != states.rend(); ++state) {
    tell_commit(db, *state, at);
    out.states.push_back(std::move(*state));
  }
  return out;
}

} // namespace kepu::store
