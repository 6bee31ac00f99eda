#include "store/rebuild.hpp"

#include "store/month.hpp"
#include "store/sums.hpp"

#include <set>

namespace kepu::store {
namespace {

using measure::ChunkDay;

// A series that had been lost is found again for earlier moments too.
constexpr Seq since_ever = 0;

// Each step is one dataset's month: what differs from the facts is written at once, under one commit number. So parts
// may come between, and what is broken off stays right as far as it came.
class Rebuild final : public Work {
public:
  explicit Rebuild(Core& core) : core_(core), months_(months_of(core)) {
    // What tells the figures apart comes first: those under damaged names are found missing then, month by month.
    progress_.total = months_.size() + 1;
  }

  Result<bool> step() override {
    Result<CommitInfo> done = CommitInfo{};
    if (progress_.done == 0) {
      done = core_.in_transaction([&] { return mend_names(); });
    } else if (!months_.empty()) {
      done = core_.in_transaction([&] { return mend(*months_.begin()); });
      if (done) months_.erase(months_.begin());
    }
    if (!done) return done.error();
    if (done->seq != 0) {
      outcome_.commit = *done;
      outcome_.mended += mending_;
    }
    if (progress_.done < progress_.total) ++progress_.done;
    return months_.empty();
  }

  Progress progress() const override { return progress_; }
  Outcome outcome() const override { return outcome_; }

private:
  // Notes that something of the indicator is made anew.
  void touch(const Figure& figure) {
    if (commit_.seq == 0) commit_ = core_.put_commit("rebuild", 0, 0);
    core_.touch(figure.indicator().id, commit_.seq);
    ++mending_;
  }

  CommitInfo mend_names() {
    begin();
    for (auto& [id, figures] : core_.figures) {
      for (auto& figure : figures) {
        const auto& indicator = figure->indicator();
        if (mend_definition(core_, indicator.id, figure->definition(),
                            measure::fingerprint(*core_.catalog, indicator, *core_.zone)))
          touch(*figure);
        for (const auto& series : series_of(core_, *figure)) {
          if (!series.is_damaged || is_frozen(id, series)) continue;
          touch(*figure);
          drop(series.series);
          figure->forget();
        }
      }
    }
    return commit_;
  }

  // Some of it is what facts no longer give: only a backup brings it back.
  bool is_frozen(const std::string& dataset, const NamedSeries& series) {
    return core_.ledger.horizon(series.source, core_.datasets.at(dataset)->name) != nullptr;
  }

  void drop(int64_t series) {
    core_.db.query("DELETE FROM chunk WHERE id BETWEEN ? AND ?")
        .bind(1, series << month_bits)
        .bind(2, ((series + 1) << month_bits) - 1)
        .run();
    core_.db.query("DELETE FROM setcell WHERE id BETWEEN ? AND ?")
        .bind(1, series << day_bits)
        .bind(2, ((series + 1) << day_bits) - 1)
        .run();
    core_.db.query("DELETE FROM series WHERE series=?").bind(1, series).run();
  }

  CommitInfo mend(const Month& month) {
    begin();
    for (auto& difference : compare(core_, month).differences) {
      if (difference.is_lost) continue;
      touch(*difference.figure);
      if (difference.series == 0)
        difference.series = difference.figure->series_named(difference.source, difference.dims, since_ever);
      difference.is_set ? put_set(difference) : put_days(difference);
    }
    return commit_;
  }

  // What was right of a day stays, with the commits that it tells of.
  void put_days(const Difference& difference) {
    std::map<model::Day, ChunkDay> days;
    for (const auto& day : difference.frozen)
      days.emplace(day.day, day);
    for (const auto& day : difference.given)
      days.emplace(day.day, day);
    for (const auto& day : difference.kept) {
      auto& now = days.try_emplace(day.day, ChunkDay{day.day, 0, 0, 0, 0, 0, 0, 0}).first->second;
      now.first_seq = day.first_seq;
      now.last_seq = same_figures(now, day) ? day.last_seq : 0;
    }
    const int64_t id = chunk_id(difference.series, difference.day);
    if (days.empty()) {
      core_.db.query("DELETE FROM chunk WHERE id=?").bind(1, id).run();
      return;
    }
    std::vector<ChunkDay> all;
    for (auto& [at, day] : days) {
      if (day.first_seq == 0) day.first_seq = commit_.seq;
      if (day.last_seq == 0) day.last_seq = commit_.seq;
      all.push_back(day);
    }
    core_.db.query("INSERT OR REPLACE INTO chunk(id,data) VALUES(?,?)")
        .bind(1, id)
        .bind_blob(2, measure::encode_chunk(all, difference.day))
        .run();
  }

  void put_set(const Difference& difference) {
    const auto commit = static_cast<int64_t>(commit_.seq);
    core_.db.query("INSERT OR REPLACE INTO setcell(id,first_seq,last_seq,data) VALUES(?,?,?,?)")
        .bind(1, setcell_id(difference.series, difference.day))
        .bind(2, difference.first_seq.value_or(commit))
        .bind(3, commit)
        .bind_blob(4, measure::encode_set(difference.given_values))
        .run();
  }

  void begin() {
    commit_ = {};
    mending_ = 0;
  }

  Core& core_;
  std::set<Month> months_; // still to be looked at
  Progress progress_;
  Outcome outcome_;
  CommitInfo commit_;    // of this step; seq 0: nothing was wrong so far
  uint64_t mending_ = 0; // by this step
};

} // namespace

bool mend_definition(Core& core, const std::string& indicator, Seq since, std::string_view fingerprint) {
  core.db
      .query("UPDATE definitions SET fingerprint=?1,sum=?2 WHERE indicator=?3 AND def_seq=?4 AND (fingerprint<>?1 OR "
             "sum<>?2)")
      .bind_blob(1, fingerprint)
      .bind(2, sum_of(fingerprint))
      .bind(3, indicator)
      .bind(4, static_cast<int64_t>(since))
      .run();
  return core.db.changes() > 0;
}

Result<std::unique_ptr<Work>> make_rebuild(Core& core) {
  try {
    return std::make_unique<Rebuild>(core);
  } catch (const SqlError& error) {
    return error.error();
  }
}

} // namespace kepu::store
