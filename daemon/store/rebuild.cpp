#include "store/rebuild.hpp"

#include "measure/cells.hpp"

#include <algorithm>
#include <set>

namespace kepu::store {
namespace {

using measure::ChunkDay;
using measure::Counted;

bool same_figures(const ChunkDay& a, const ChunkDay& b) {
  return a.n == b.n && a.sum == b.sum && a.approximate == b.approximate && a.repaired == b.repaired &&
         a.provisional == b.provisional;
}

bool same_values(const std::vector<Counted>& a, const std::vector<Counted>& b) {
  return std::ranges::equal(
      a, b, [](const Counted& x, const Counted& y) { return x.number == y.number && x.count == y.count; });
}

// A series that had been lost is found again for earlier moments too.
constexpr Seq since_ever = 0;

struct Month {
  const StoredDataset* dataset;
  model::Day first; // day of it
  auto operator<=>(const Month&) const = default;
};

model::Day next_month(model::Day first) { return first_day_of_chunk(chunk_id(0, first) + 1); }

// Each step is one dataset's month: what its facts give now is compared with what is kept, and what differs is written
// at once, under one commit number. So parts may come between, and what is broken off stays right as far as it came.
class Rebuild final : public Work {
public:
  explicit Rebuild(Core& core) : core_(core) {
    for (const auto& [id, dataset] : core_.datasets)
      list_months(*dataset);
    // Series whose names are damaged give way first: their figures are found missing then, month by month.
    progress_.total = months_.size() + 1;
  }

  Result<bool> step() override {
    Result<CommitInfo> done = CommitInfo{};
    if (progress_.done == 0) {
      done = core_.in_transaction([&] { return drop_nameless_series(); });
    } else if (!months_.empty()) {
      done = core_.in_transaction([&] { return mend(*months_.begin()); });
      if (done) months_.erase(months_.begin());
    }
    if (!done) return done.error();
    if (done->seq != 0) {
      core_.settled(*done);
      outcome_.commit = *done;
      outcome_.mended += mending_;
    }
    if (progress_.done < progress_.total) ++progress_.done;
    return months_.empty();
  }

  Progress progress() const override { return progress_; }
  Outcome outcome() const override { return outcome_; }

private:
  // What one series holds for the days of a month.
  struct Kept {
    std::map<model::Day, ChunkDay> days;
    std::map<model::Day, std::vector<Counted>> sets;
  };
  using BySeries = std::map<int64_t, Kept>;

  std::vector<std::unique_ptr<Figure>>* figures_of(const StoredDataset& dataset) {
    const auto found = core_.figures.find(dataset.dataset.contract.id);
    return found == core_.figures.end() ? nullptr : &found->second;
  }

  std::vector<int64_t> series_of(const Figure& figure) {
    std::vector<int64_t> out;
    auto row = core_.db.query("SELECT series FROM series WHERE indicator=? AND def_seq=?");
    row.bind(1, figure.indicator().id).bind(2, static_cast<int64_t>(figure.definition()));
    while (row.step())
      out.push_back(row.integer(0));
    return out;
  }

  // Those that may hold facts, and those that hold figures.
  void list_months(const StoredDataset& dataset) {
    auto* figures = figures_of(dataset);
    if (!figures) return;
    const auto add = [&](model::Day day) { months_.insert({&dataset, first_day_of_chunk(chunk_id(0, day))}); };
    {
      auto row =
          core_.db.query("SELECT time_min,time_max FROM extents e JOIN blocks b ON b.first_fact>=e.first_fact AND "
                         "b.first_fact<e.first_fact+e.n WHERE dataset=? AND seq IS NOT NULL AND time_min<=time_max");
      row.bind(1, dataset.name);
      while (row.step()) {
        const auto last = measure::day_of(dataset.dataset, *core_.zone, row.integer(1));
        for (auto day = measure::day_of(dataset.dataset, *core_.zone, row.integer(0)); day <= last;
             day = next_month(first_day_of_chunk(chunk_id(0, day))))
          add(day);
      }
    }
    for (const auto& figure : *figures) {
      for (const int64_t series : series_of(*figure)) {
        auto chunk = core_.db.query("SELECT id FROM chunk WHERE id BETWEEN ? AND ?");
        chunk.bind(1, series << month_bits).bind(2, ((series + 1) << month_bits) - 1);
        while (chunk.step())
          add(first_day_of_chunk(chunk.integer(0)));
        auto set = core_.db.query("SELECT id FROM setcell WHERE id BETWEEN ? AND ?");
        set.bind(1, series << day_bits).bind(2, ((series + 1) << day_bits) - 1);
        while (set.step())
          add(day_of_setcell(set.integer(0)));
      }
    }
  }

  CommitInfo begin_commit() { return core_.put_commit("rebuild", 0, 0); }

  CommitInfo drop_nameless_series() {
    mending_ = 0;
    CommitInfo commit;
    for (auto& [id, figures] : core_.figures) {
      for (auto& figure : figures) {
        std::vector<int64_t> nameless;
        {
          auto row = core_.db.query("SELECT series,dims FROM series WHERE indicator=? AND def_seq=?");
          row.bind(1, figure->indicator().id).bind(2, static_cast<int64_t>(figure->definition()));
          while (row.step()) {
            const auto dims = decode_dims(row.blob(1));
            if (!dims || dims->codes.size() != figure->indicator().by.size()) nameless.push_back(row.integer(0));
          }
        }
        if (nameless.empty()) continue;
        if (commit.seq == 0) commit = begin_commit();
        core_.touch(figure->indicator().id, commit.seq);
        for (const int64_t series : nameless) {
          core_.db.query("DELETE FROM chunk WHERE id BETWEEN ? AND ?")
              .bind(1, series << month_bits)
              .bind(2, ((series + 1) << month_bits) - 1)
              .run();
          core_.db.query("DELETE FROM setcell WHERE id BETWEEN ? AND ?")
              .bind(1, series << day_bits)
              .bind(2, ((series + 1) << day_bits) - 1)
              .run();
          core_.db.query("DELETE FROM series WHERE series=?").bind(1, series).run();
          ++mending_;
        }
        figure->forget();
      }
    }
    return commit;
  }

  // What the facts give.
  std::map<Figure*, BySeries> recount(const Month& month, model::Day last) {
    std::map<int64_t, PartChanges> by_source;
    ScanAsk ask;
    ask.wanted_times = [&](int64_t low, int64_t high) {
      const auto day = [&](int64_t time) { return measure::day_of(month.dataset->dataset, *core_.zone, time); };
      return low <= high && day(low) <= last && day(high) >= month.first;
    };
    scan_facts(core_.db, month.dataset->dataset, ask, [&](const FactSlice& slice) {
      core_.measure(*month.dataset, slice.block.facts, slice.rows, 1, by_source[slice.extent.source]);
    });
    std::map<Figure*, BySeries> out;
    for (auto& [source, of_source] : by_source) {
      for (auto& [figure, changes] : of_source) {
        changes.settle();
        const auto is_in = [&](const measure::Delta& delta) { return delta.day >= month.first && delta.day <= last; };
        for (const auto& delta : changes.deltas) {
          if (!is_in(delta) || delta.n == 0) continue;
          out[figure][figure->series_of(source, delta, since_ever)].days[delta.day] = {
              delta.day, delta.n, delta.sum, delta.approximate, delta.repaired, delta.provisional, 0, 0};
        }
        for (const auto& change : changes.sets) {
          const auto& delta = changes.deltas[change.cell];
          if (!is_in(delta)) continue;
          out[figure][figure->series_of(source, delta, since_ever)].sets[delta.day].push_back(
              {change.number, static_cast<uint32_t>(change.times)});
        }
      }
    }
    return out;
  }

  CommitInfo mend(const Month& month) {
    mending_ = 0;
    const auto last = next_month(month.first) - 1;
    auto given = recount(month, last);
    CommitInfo commit;
    for (auto& figure : *figures_of(*month.dataset)) {
      bool differs = false;
      const auto seq = [&] {
        if (commit.seq == 0) commit = begin_commit();
        differs = true;
        ++mending_;
        return commit.seq;
      };
      for (const int64_t series : series_of(*figure)) {
        auto& should = given[figure.get()][series];
        mend_days(series, month.first, should.days, seq);
        if (figure->meter().distinct()) mend_sets(series, month.first, last, should.sets, seq);
      }
      if (differs) core_.touch(figure->indicator().id, commit.seq);
    }
    return commit;
  }

  template <class SeqOf>
  void mend_days(int64_t series, model::Day first, std::map<model::Day, ChunkDay>& should, SeqOf&& seq) {
    const int64_t id = chunk_id(series, first);
    std::vector<ChunkDay> had;
    bool differs = false;
    {
      auto row = core_.db.query("SELECT data FROM chunk WHERE id=?");
      row.bind(1, id);
      if (row.step() && !measure::decode_chunk(row.blob(0), first, had)) {
        had.clear();
        differs = true;
      }
    }
    for (const auto& day : had) {
      auto& now = should.try_emplace(day.day, ChunkDay{day.day, 0, 0, 0, 0, 0, 0, 0}).first->second;
      differs = differs || !same_figures(now, day);
      now.first_seq = day.first_seq;
      now.last_seq = same_figures(now, day) ? day.last_seq : 0;
    }
    differs = differs || should.size() != had.size();
    if (!differs) return;
    const auto commit = seq();
    std::vector<ChunkDay> days;
    for (auto& [at, day] : should) {
      if (day.first_seq == 0) day.first_seq = commit;
      if (day.last_seq == 0) day.last_seq = commit;
      days.push_back(day);
    }
    if (days.empty()) {
      core_.db.query("DELETE FROM chunk WHERE id=?").bind(1, id).run();
      return;
    }
    core_.db.query("INSERT OR REPLACE INTO chunk(id,data) VALUES(?,?)")
        .bind(1, id)
        .bind_blob(2, measure::encode_chunk(days, first))
        .run();
  }

  template <class SeqOf>
  void mend_sets(int64_t series, model::Day first, model::Day last, std::map<model::Day, std::vector<Counted>>& should,
                 SeqOf&& seq) {
    std::map<model::Day, int64_t> first_seqs;
    std::vector<model::Day> as_they_should;
    {
      auto row = core_.db.query("SELECT id,first_seq,data FROM setcell WHERE id BETWEEN ? AND ?");
      row.bind(1, setcell_id(series, first)).bind(2, setcell_id(series, last));
      while (row.step()) {
        const auto day = day_of_setcell(row.integer(0));
        const auto decoded = measure::decode_set(row.blob(2));
        first_seqs[day] = row.integer(1);
        if (decoded && same_values(*decoded, should[day])) as_they_should.push_back(day);
      }
    }
    for (const auto day : as_they_should)
      should.erase(day);
    for (const auto& [day, values] : should) {
      const auto commit = static_cast<int64_t>(seq());
      const auto had = first_seqs.find(day);
      core_.db.query("INSERT OR REPLACE INTO setcell(id,first_seq,last_seq,data) VALUES(?,?,?,?)")
          .bind(1, setcell_id(series, day))
          .bind(2, had == first_seqs.end() ? commit : had->second)
          .bind(3, commit)
          .bind_blob(4, measure::encode_set(values))
          .run();
    }
  }

  Core& core_;
  std::set<Month> months_; // still to be looked at
  Progress progress_;
  Outcome outcome_;
  uint64_t mending_ = 0; // chunks and sets of this step
};

} // namespace

Result<std::unique_ptr<Work>> make_rebuild(Core& core) {
  try {
    return std::make_unique<Rebuild>(core);
  } catch (const SqlError& error) {
    return error.error();
  }
}

} // namespace kepu::store
