#include "store/month.hpp"

#include <algorithm>

namespace kepu::store {
namespace {

using measure::ChunkDay;
using measure::Counted;

bool same_values(const std::vector<Counted>& a, const std::vector<Counted>& b) {
  return std::ranges::equal(
      a, b, [](const Counted& x, const Counted& y) { return x.number == y.number && x.count == y.count; });
}

model::Day next_month(model::Day first) { return first_day_of_chunk(chunk_id(0, first) + 1); }

std::vector<std::unique_ptr<Figure>>* figures_of(Core& core, const StoredDataset& dataset) {
  const auto found = core.figures.find(dataset.dataset.contract.id);
  return found == core.figures.end() ? nullptr : &found->second;
}

// What the facts give for one series.
struct Given {
  std::vector<ChunkDay> days;
  std::map<model::Day, std::vector<Counted>> sets;
};
using Name = std::pair<int64_t, std::string>; // source and dimensions
using ByFigure = std::map<Figure*, std::map<Name, Given>, ByIndicator>;

ByFigure recount(Core& core, const Month& month, model::Day last) {
  std::map<int64_t, PartChanges> by_source;
  ScanAsk ask;
  ask.wanted_times = [&](int64_t low, int64_t high) {
    const auto day = [&](int64_t time) { return measure::day_of(month.dataset->dataset, *core.zone, time); };
    return low <= high && day(low) <= last && day(high) >= month.first;
  };
  scan_facts(core.db, month.dataset->dataset, ask, [&](const FactSlice& slice) {
    core.measure(*month.dataset, slice.extent.source, slice.block.facts, slice.rows, 1, by_source[slice.extent.source]);
  });
  ByFigure out;
  for (auto& [source, of_source] : by_source) {
    for (auto& [figure, changes] : of_source) {
      changes.settle();
      std::vector<Given*> given(changes.deltas.size());
      for (size_t i = 0; i < given.size(); ++i) {
        const auto& delta = changes.deltas[i];
        if (delta.day < month.first || delta.day > last || delta.n == 0) continue;
        given[i] = &out[figure][{source, encode_dims(figure->meter().tuple(delta.tuple), delta.freq)}];
        given[i]->days.push_back(
            {delta.day, delta.n, delta.sum, delta.approximate, delta.repaired, delta.provisional, 0, 0});
      }
      for (const auto& change : changes.sets) {
        if (given[change.cell])
          given[change.cell]->sets[changes.deltas[change.cell].day].push_back(
              {change.number, static_cast<uint32_t>(change.times)});
      }
    }
  }
  for (auto& [figure, all] : out) {
    for (auto& [name, given] : all)
      std::ranges::sort(given.days, {}, &ChunkDay::day);
  }
  return out;
}

class Comparison {
public:
  Comparison(Core& core, const Month& month) : core_(core), month_(month), last_(next_month(month.first) - 1) {}

  Compared run() {
    auto given = recount(core_, month_, last_);
    for (auto& figure : *figures_of(core_, *month_.dataset)) {
      auto& of_figure = given[figure.get()];
      for (const auto& series : series_of(core_, *figure)) {
        if (series.is_damaged) continue; // what is kept under it is of no figure
        auto node = of_figure.extract(Name(series.source, series.dims));
        compare(*figure, series, node ? std::move(node.mapped()) : Given{});
      }
      for (auto& [name, rest] : of_figure)
        compare(*figure, {0, name.first, name.second}, std::move(rest));
    }
    return std::move(out_);
  }

private:
  void compare(Figure& figure, const NamedSeries& series, Given given) {
    compare_days(figure, series, std::move(given.days));
    if (figure.meter().distinct()) compare_sets(figure, series, given.sets);
  }

  // The first day that facts of the source give, as far as any were given up.
  model::Day horizon(const NamedSeries& series) const {
    const auto* bound = core_.ledger.horizon(series.source, month_.dataset->name);
    return bound ? bound->before : INT32_MIN;
  }

  Difference begin(Figure& figure, const NamedSeries& series) const {
    Difference out;
    out.figure = &figure;
    out.series = series.series;
    out.source = series.source;
    out.dims = series.dims;
    out.day = month_.first;
    return out;
  }

  // A kept day without facts says the same as one that is not kept.
  static bool agree(const std::vector<ChunkDay>& kept, const std::vector<ChunkDay>& given) {
    auto at = given.begin();
    for (const auto& day : kept) {
      const bool there = at != given.end() && at->day == day.day;
      if (!same_figures(day, there ? *at : ChunkDay{day.day, 0, 0, 0, 0, 0, 0, 0})) return false;
      if (there) ++at;
    }
    return at == given.end();
  }

  void compare_days(Figure& figure, const NamedSeries& series, std::vector<ChunkDay> given) {
    auto found = begin(figure, series);
    {
      auto row = core_.db.query("SELECT data FROM chunk WHERE id=?");
      row.bind(1, chunk_id(series.series, month_.first));
      if (series.series != 0 && row.step() && !measure::decode_chunk(row.blob(0), month_.first, found.kept)) {
        found.kept.clear();
        found.is_damaged = true;
        found.is_lost = month_.first < horizon(series);
      }
    }
    const auto is_frozen = [before = horizon(series)](const ChunkDay& day) { return day.day < before; };
    const auto facts_from = std::ranges::find_if_not(found.kept, is_frozen);
    found.frozen.assign(found.kept.begin(), facts_from);
    found.kept.erase(found.kept.begin(), facts_from);
    std::erase_if(given, is_frozen);
    out_.figures += std::max(found.kept.size(), given.size());
    if (!found.is_damaged && agree(found.kept, given)) return;
    found.given = std::move(given);
    out_.differences.push_back(std::move(found));
  }

  void compare_sets(Figure& figure, const NamedSeries& series, std::map<model::Day, std::vector<Counted>>& given) {
    if (series.series != 0) {
      auto row = core_.db.query("SELECT id,first_seq,data FROM setcell WHERE id BETWEEN ? AND ?");
      row.bind(1, setcell_id(series.series, month_.first)).bind(2, setcell_id(series.series, last_));
      while (row.step()) {
        auto found = begin(figure, series);
        found.is_set = true;
        found.day = day_of_setcell(row.integer(0));
        found.first_seq = row.integer(1);
        auto decoded = measure::decode_set(row.blob(2));
        found.is_damaged = !decoded;
        if (decoded) found.kept_values = std::move(*decoded);
        if (auto node = given.extract(found.day)) found.given_values = std::move(node.mapped());
        found.is_lost = found.is_damaged && found.day < horizon(series);
        if (!found.is_damaged && found.day < horizon(series)) continue;
        ++out_.figures;
        if (found.is_damaged || !same_values(found.kept_values, found.given_values))
          out_.differences.push_back(std::move(found));
      }
    }
    for (auto& [day, values] : given) {
      if (day < horizon(series)) continue;
      auto found = begin(figure, series);
      found.is_set = true;
      found.day = day;
      found.given_values = std::move(values);
      ++out_.figures;
      out_.differences.push_back(std::move(found));
    }
  }

  Core& core_;
  const Month& month_;
  const model::Day last_;
  Compared out_;
};

} // namespace

bool same_figures(const ChunkDay& a, const ChunkDay& b) {
  return a.n == b.n && a.sum == b.sum && a.approximate == b.approximate && a.repaired == b.repaired &&
         a.provisional == b.provisional;
}

std::vector<NamedSeries> series_of(Core& core, const Figure& figure) {
  std::vector<NamedSeries> out;
  auto row = core.db.query("SELECT series,source,dims,sum FROM series WHERE indicator=? AND def_seq=?");
  row.bind(1, figure.indicator().id).bind(2, static_cast<int64_t>(figure.definition()));
  while (row.step()) {
    const auto dims = decode_dims(row.blob(2), row.integer(3));
    out.push_back({row.integer(0), row.integer(1), std::string(row.blob(2)),
                   !dims || dims->codes.size() != figure.indicator().by.size()});
  }
  return out;
}

Compared compare(Core& core, const Month& month) { return Comparison(core, month).run(); }

std::set<Month> months_of(Core& core) {
  std::set<Month> out;
  for (const auto& [id, dataset] : core.datasets) {
    auto* figures = figures_of(core, *dataset);
    if (!figures) continue;
    const auto add = [&](model::Day day) { out.insert({dataset.get(), first_day_of_chunk(chunk_id(0, day))}); };
    {
      auto row =
          core.db.query("SELECT time_min,time_max FROM extents e JOIN blocks b ON b.first_fact>=e.first_fact AND "
                        "b.first_fact<e.first_fact+e.n WHERE dataset=? AND seq IS NOT NULL AND time_min<=time_max");
      row.bind(1, dataset->name);
      while (row.step()) {
        const auto last = measure::day_of(dataset->dataset, *core.zone, row.integer(1));
        for (auto day = measure::day_of(dataset->dataset, *core.zone, row.integer(0)); day <= last;
             day = next_month(first_day_of_chunk(chunk_id(0, day))))
          add(day);
      }
    }
    for (const auto& figure : *figures) {
      for (const auto& [series, source, dims, is_damaged] : series_of(core, *figure)) {
        auto chunk = core.db.query("SELECT id FROM chunk WHERE id BETWEEN ? AND ?");
        chunk.bind(1, series << month_bits).bind(2, ((series + 1) << month_bits) - 1);
        while (chunk.step())
          add(first_day_of_chunk(chunk.integer(0)));
        auto set = core.db.query("SELECT id FROM setcell WHERE id BETWEEN ? AND ?");
        set.bind(1, series << day_bits).bind(2, ((series + 1) << day_bits) - 1);
        while (set.step())
          add(day_of_setcell(set.integer(0)));
      }
    }
  }
  return out;
}

} // namespace kepu::store
