#include "query/observations.hpp"

#include "base/nearest.hpp"
#include "measure/fact_set.hpp"
#include "query/cursor.hpp"
#include "query/plan.hpp"

#include <algorithm>

namespace kepu::query {
namespace {

// One row in the making.
struct Cell {
  int32_t period = 0; // index
  uint32_t group = 0;
  uint64_t n = 0;
  __int128 value = 0;
  uint64_t approximate = 0;
  uint64_t repaired = 0;
  uint64_t provisional = 0;
};

// Days come in ascending order within a series, so the period of the day before is mostly that of the next.
class PeriodOf {
public:
  explicit PeriodOf(model::Freq freq) : freq_(freq) {}
  int32_t operator()(model::Day day) {
    if (day < first_ || day > last_) {
      const auto period = model::period_of(day, freq_);
      first_ = period.first_day();
      last_ = period.last_day();
      index_ = period.index;
    }
    return index_;
  }

private:
  model::Freq freq_;
  model::Day first_ = 1;
  model::Day last_ = 0; // before first_: nothing looked up yet
  int32_t index_ = 0;
};

// A range of periods, and the days of it that can hold figures.
struct Window {
  int32_t from;
  int32_t to;
  model::Day first_day;
  model::Day last_day;
};

class Scan {
public:
  Scan(store::Reader& reader, const Plan& plan, model::Freq freq, model::Measure measure)
      : reader_(reader), plan_(plan), freq_(freq), measure_(measure) {}

  // Cells of the window that count a fact, by period, then group.
  Result<std::vector<Cell>> collect(const Window& window) {
    cells_.clear();
    const auto sums = add_up(window);
    if (!sums) return sums.error();
    if (measure_ == model::Measure::distinct && !cells_.empty()) {
      const auto unions = unite(window);
      if (!unions) return unions.error();
    }
    std::sort(cells_.begin(), cells_.end(), [](const Cell& a, const Cell& b) {
      return a.period != b.period ? a.period < b.period : a.group < b.group;
    });
    return std::move(cells_);
  }

private:
  Result<void> add_up(const Window& window) {
    std::vector<Cell> open(static_cast<size_t>(window.to - window.from) + 1);
    uint32_t group = 0;
    auto close = [&] {
      for (size_t i = 0; i < open.size(); ++i) {
        Cell& cell = open[i];
        if (cell.n == 0) continue;
        cell.period = window.from + static_cast<int32_t>(i);
        cell.group = group;
        cells_.push_back(cell);
        cell = Cell{};
      }
    };
    PeriodOf period_of(freq_);
    const auto read =
        reader_.cells(plan_.ids, window.first_day, window.last_day, [&](size_t series, const store::DayCell& day) {
          if (plan_.group_of[series] != group) {
            close();
            group = plan_.group_of[series];
          }
          Cell& cell = open[static_cast<size_t>(period_of(day.day) - window.from)];
          cell.n += day.n;
          cell.value += measure_ == model::Measure::sum ? day.sum : static_cast<__int128>(day.n);
          cell.approximate += day.approximate;
          cell.repaired += day.repaired;
          cell.provisional += day.provisional;
        });
    close();
    return read;
  }

  // Values of distinct: the cells lie by group, then period, and the sets come by group too.
  Result<void> unite(const Window& window) {
    std::vector<measure::Union> unions(static_cast<size_t>(window.to - window.from) + 1);
    std::vector<bool> used(unions.size());
    size_t next = 0; // first cell of groups not closed yet
    uint32_t group = 0;
    auto close = [&] {
      for (; next < cells_.size() && cells_[next].group <= group; ++next) {
        Cell& cell = cells_[next];
        const auto at = static_cast<size_t>(cell.period - window.from);
        cell.value = cell.group == group && used[at] ? static_cast<__int128>(unions[at].count()) : 0;
      }
      for (size_t i = 0; i < unions.size(); ++i) {
        if (used[i]) unions[i] = measure::Union{};
        used[i] = false;
      }
    };
    PeriodOf period_of(freq_);
    const auto read = reader_.sets(plan_.ids, window.first_day, window.last_day,
                                   [&](size_t series, model::Day day, std::span<const uint32_t> numbers) {
                                     if (plan_.group_of[series] != group) {
                                       close();
                                       group = plan_.group_of[series];
                                     }
                                     const auto at = static_cast<size_t>(period_of(day) - window.from);
                                     unions[at].add(numbers);
                                     used[at] = true;
                                   });
    close();
    return read;
  }

  store::Reader& reader_;
  const Plan& plan_;
  model::Freq freq_;
  model::Measure measure_;
  std::vector<Cell> cells_;
};

// Periods that the first window of a page reads at least: two months of days, since figures lie by month.
int64_t least_window(model::Freq freq) {
  switch (freq) {
  case model::Freq::day:
    return 62;
  case model::Freq::week:
    return 9;
  case model::Freq::month:
  case model::Freq::quarter:
  case model::Freq::half:
  case model::Freq::year:
    return 4;
  }
  return 1;
}

// What is held of one window at once: some 13 MB, and half as much again while it grows.
constexpr int64_t max_window_cells = 200'000;
// Periods whose sets of distinct numbers are united at once: some MB for a hundred thousand persons a year.
constexpr int64_t max_window_sets = 366;

int scale_of(const model::Catalog& catalog, const model::Indicator& indicator) {
  if (indicator.measure != model::Measure::sum) return 0;
  const auto* dataset = catalog.dataset(indicator.dataset);
  const auto field = dataset ? dataset->field(indicator.field) : std::nullopt;
  return field ? dataset->contract.fields[*field].scale : 0;
}

Error unknown_indicator(const model::Catalog& catalog, const std::string& id) {
  const auto near = nearest(id, catalog.indicator_ids(), 1);
  return fail("unknown_indicator",
              "no indicator \"" + id + "\"" +
                  (near.empty() ? "; /api/v1/indicators lists them" : ", did you mean \"" + near.front() + "\"?"));
}

} // namespace

Result<Observations> observe_within(store::Reader& reader, const store::CommitInfo& moment,
                                    const ObservationQuery& query, const std::function<void(uint64_t)>& admit) {
  Observations out;
  out.commit = moment;
  out.catalog = reader.catalog();
  out.indicator = out.catalog->indicator(query.indicator);
  if (!out.indicator) return unknown_indicator(*out.catalog, query.indicator);
  out.scale = scale_of(*out.catalog, *out.indicator);
  for (const auto& end : {query.from, query.to}) {
    if (end && end->freq != query.freq) return fail("bad_range", "from and to must be periods of the asked freq");
  }
  if (query.from && query.to && *query.from > *query.to) {
    return fail("bad_range", "from=" + query.from->text() + " is after to=" + query.to->text() + "; exchange them");
  }
  if (query.limit == 0 || query.limit > max_limit) {
    return fail("bad_range", "limit goes from 1 to " + std::to_string(max_limit));
  }

  const auto series = reader.series(query.indicator);
  if (!series) return series.error();
  const auto planned = plan(*out.catalog, *out.indicator, query, *series);
  if (!planned) return planned.error();
  std::optional<Position> after;
  if (!query.after.empty()) {
    auto position = decode_position(query.after, query.by.size());
    if (!position) return position.error();
    after = std::move(*position);
  }
  const auto extent = reader.extent(query.indicator);
  if (!extent) return extent.error();
  if (!*extent || planned->ids.empty()) return out;

  const auto [first_day, last_day] = **extent;
  int32_t from = model::period_of(first_day, query.freq).index;
  int32_t to = model::period_of(last_day, query.freq).index;
  if (query.from) from = std::max(from, query.from->index);
  if (query.to) to = std::min(to, query.to->index);
  if (from > to) return out;
  const auto groups = static_cast<int64_t>(planned->groups.size());
  if (static_cast<uint64_t>((static_cast<int64_t>(to) - from + 1) * groups) > max_cells) {
    return fail("range_too_wide", std::to_string(int64_t{to} - from + 1) + " periods times " + std::to_string(groups) +
                                      " groups are more than " + std::to_string(max_cells) +
                                      " cells; ask fewer periods, a coarser freq or fewer dimensions");
  }
  if (after) from = std::max(from, after->period);
  if (admit) admit(std::min<uint64_t>(query.limit, static_cast<uint64_t>((int64_t{to} - from + 1) * groups)));

  // Windows that grow: a page costs about what it shows, a sparse range no more than a few passes.
  Scan scan(reader, *planned, query.freq, out.indicator->measure);
  int64_t widest = std::max<int64_t>(1, max_window_cells / groups);
  if (out.indicator->measure == model::Measure::distinct) widest = std::min(widest, max_window_sets);
  int64_t width = std::min(widest, std::max(least_window(query.freq), int64_t{query.limit} / groups + 1));
  for (int64_t start = from; start <= to; start += width, width = std::min(widest, width * 2)) {
    const auto end = static_cast<int32_t>(std::min<int64_t>(to, start + width - 1));
    const model::Period begins{query.freq, static_cast<int32_t>(start)};
    const auto cells = scan.collect({begins.index, end, std::max(first_day, begins.first_day()),
                                     std::min(last_day, model::Period{query.freq, end}.last_day())});
    if (!cells) return cells.error();
    for (const auto& cell : *cells) {
      const auto& codes = planned->groups[cell.group];
      if (after && (cell.period < after->period || (cell.period == after->period && codes <= after->by))) continue;
      if (out.rows.size() == query.limit) {
        out.next = encode_position({out.rows.back().period.index, out.rows.back().by});
        return out;
      }
      out.rows.push_back(
          {{query.freq, cell.period}, codes, cell.value, cell.n, cell.approximate, cell.repaired, cell.provisional});
    }
  }
  return out;
}

Result<Observations> observe(store::Reader& reader, const ObservationQuery& query) {
  const auto moment = reader.begin();
  if (!moment) return moment.error();
  const MomentEnd end(reader);
  return observe_within(reader, *moment, query);
}

} // namespace kepu::query
