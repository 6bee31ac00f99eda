#include "query/observations.hpp"

#include "base/bytes.hpp"
#include "base/nearest.hpp"
#include "model/made.hpp"
#include "query/cursor.hpp"
#include "query/figures.hpp"

#include <algorithm>
#include <tuple>

namespace kepu::query {
namespace {

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

Error unknown_indicator(const model::Catalog& catalog, const std::string& id) {
  const auto near = nearest(id, catalog.indicator_ids(), 1);
  return fail("unknown_indicator",
              "no indicator \"" + id + "\"" +
                  (near.empty() ? "; /api/v1/indicators lists them" : ", did you mean \"" + near.front() + "\"?"));
}

// Of a page in another order than that of periods: how many rows come before it.
Result<uint64_t> rows_before(const ObservationQuery& query) {
  if (query.sort == Sort::period || query.after.empty()) return uint64_t{0};
  ByteReader in(query.after);
  const auto rows = in.varint();
  if (!in.ok() || !in.at_end() || rows == 0 || rows > max_sorted)
    return fail("bad_cursor", "the cursor does not belong to this question");
  return rows;
}

// All rows are there: the page, in its order.
void cut_sorted(Observations& out, const ObservationQuery& query, uint64_t skipped) {
  const auto before = [&](const Observation& a, const Observation& b) {
    if (query.sort == Sort::period_down) return a.period > b.period;
    if (a.is_known != b.is_known) return a.is_known; // those without a value come last
    if (!a.is_known || a.value == b.value) return false;
    return (a.value < b.value) == (query.sort == Sort::value);
  };
  std::stable_sort(out.rows.begin(), out.rows.end(), before);
  const auto begin = std::min<size_t>(skipped, out.rows.size());
  const auto end = std::min<size_t>(begin + query.limit, out.rows.size());
  if (end < out.rows.size()) out.next = encode_rows(end);
  out.rows.erase(out.rows.begin() + static_cast<std::ptrdiff_t>(end), out.rows.end());
  out.rows.erase(out.rows.begin(), out.rows.begin() + static_cast<std::ptrdiff_t>(begin));
}

} // namespace

std::string encode_rows(uint64_t rows) {
  std::string out;
  ByteWriter(out).varint(rows);
  return out;
}

uint64_t rows_in(std::string_view after) { return ByteReader(after).varint(); }

Result<Observations> observe_within(store::Reader& reader, const store::CommitInfo& moment,
                                    const ObservationQuery& query, const std::function<void(uint64_t)>& admit) {
  Observations out;
  out.commit = moment;
  out.catalog = reader.catalog();
  out.indicator = out.catalog->indicator(query.indicator);
  if (!out.indicator) return unknown_indicator(*out.catalog, query.indicator);
  for (const auto& end : {query.from, query.to}) {
    if (end && end->freq != query.freq) return fail("bad_range", "from and to must be periods of the asked freq");
  }
  if (query.from && query.to && *query.from > *query.to) {
    return fail("bad_range", "from=" + query.from->text() + " is after to=" + query.to->text() + "; exchange them");
  }
  if (query.limit == 0 || query.limit > max_limit) {
    return fail("bad_range", "limit goes from 1 to " + std::to_string(max_limit));
  }

  const auto made = query.added.empty() ? figures_of(reader, *out.catalog, *out.indicator, query)
                                        : added_figures(reader, *out.catalog, *out.indicator, query);
  if (!made) return made.error();
  auto& figures = **made;
  out.scale = figures.scale();
  std::tie(out.numerator_scale, out.denominator_scale) = figures.part_scales();
  std::optional<Position> after;
  const auto skipped = rows_before(query);
  if (!skipped) return skipped.error();
  if (!query.after.empty() && query.sort == Sort::period) {
    auto position = decode_position(query.after, query.by.size());
    if (!position) return position.error();
    after = std::move(*position);
  }
  const auto days = figures.days();
  if (!days || figures.groups().empty()) return out;
  out.groups = figures.groups();

  const auto [first_day, last_day] = *days;
  int32_t from = model::period_of(first_day, query.freq).index;
  int32_t to = model::period_of(last_day, query.freq).index;
  if (query.from) from = std::max(from, query.from->index);
  if (query.to) to = std::min(to, query.to->index);
  if (from > to) return out;
  const auto groups = static_cast<int64_t>(figures.groups().size());
  if (static_cast<uint64_t>((static_cast<int64_t>(to) - from + 1) * groups) > max_cells) {
    return fail("range_too_wide", std::to_string(int64_t{to} - from + 1) + " periods times " + std::to_string(groups) +
                                      " groups are more than " + std::to_string(max_cells) +
                                      " cells; ask fewer periods, a coarser freq or fewer dimensions");
  }
  if (after) from = std::max(from, after->period);
  const auto most = query.sort == Sort::period ? uint64_t{query.limit} : max_sorted;
  if (admit) admit(std::min<uint64_t>(most, static_cast<uint64_t>((int64_t{to} - from + 1) * groups)));

  // Windows that grow: a page costs about what it shows, a sparse range no more than a few passes.
  const bool sorted = query.sort != Sort::period;
  const int64_t widest = figures.widest();
  int64_t width = std::min(widest, std::max(least_window(query.freq), int64_t{query.limit} / groups + 1));
  for (int64_t start = from; start <= to; start += width, width = std::min(widest, width * 2)) {
    const auto end = static_cast<int32_t>(std::min<int64_t>(to, start + width - 1));
    const model::Period begins{query.freq, static_cast<int32_t>(start)};
    auto cells = figures.collect({begins.index, end, std::max(first_day, begins.first_day()),
                                  std::min(last_day, model::Period{query.freq, end}.last_day())});
    if (!cells) return cells.error();
    if (out.rows.empty() && !after && cells->size() <= most) {
      out.rows = std::move(*cells);
      continue;
    }
    for (const auto& cell : *cells) {
      const auto at = cell.period.index;
      if (after && (at < after->period || (at == after->period && out.by(cell) <= after->by))) continue;
      if (!sorted && out.rows.size() == query.limit) {
        out.next = encode_position({out.rows.back().period.index, out.by(out.rows.back())});
        return out;
      }
      if (out.rows.size() == max_sorted && sorted) {
        return fail("range_too_wide",
                    "more than " + std::to_string(max_sorted) +
                        " rows are not sorted; ask fewer periods, a coarser freq or fewer dimensions");
      }
      out.rows.push_back(cell);
    }
  }
  if (sorted) cut_sorted(out, query, *skipped);
  return out;
}

Result<Observations> observe(store::Reader& reader, const ObservationQuery& query) {
  const auto moment = reader.begin();
  if (!moment) return moment.error();
  const MomentEnd end(reader);
  return observe_within(reader, *moment, query);
}

Result<std::unique_ptr<Figures>> figures_of(store::Reader& reader, const model::Catalog& catalog,
                                            const model::Indicator& indicator, const ObservationQuery& query,
                                            int depth) {
  if (depth > model::max_made_depth) return fail("store", "indicator " + indicator.id + " is made of too many others");
  switch (indicator.measure) {
  case model::Measure::count:
  case model::Measure::sum:
  case model::Measure::distinct:
    return kept_figures(reader, catalog, indicator, query);
  case model::Measure::latest:
  case model::Measure::standing:
    return read_figures(reader, catalog, indicator, query);
  case model::Measure::share:
  case model::Measure::each:
    return entry_figures(reader, catalog, indicator, query, depth);
  case model::Measure::survey_rate:
    return survey_figures(reader, catalog, indicator, query);
  case model::Measure::ratio:
    return ratio_figures(reader, catalog, indicator, query, depth);
  }
  return fail("store", "indicator " + indicator.id + " has an unknown measure");
}

namespace {

void add_parts(const model::Catalog& catalog, const model::Indicator& indicator, std::vector<std::string>& out) {
  if (std::ranges::find(out, indicator.id) != out.end()) return;
  out.push_back(indicator.id);
  for (const auto& id : model::made_of(indicator)) {
    if (const auto* part = catalog.indicator(id)) add_parts(catalog, *part, out);
  }
}

} // namespace

Result<store::CommitInfo> last_change(store::Reader& reader, const model::Catalog& catalog,
                                      std::string_view indicator) {
  auto last = reader.last_change(indicator);
  const auto* found = catalog.indicator(indicator);
  if (!last || !found || model::is_of_facts(found->measure)) return last;
  for (const auto& part : parts_of(catalog, *found)) {
    auto changed = reader.last_change(part);
    if (!changed) return changed;
    if (changed->seq > last->seq) last = std::move(changed);
  }
  return last;
}

std::vector<std::string> parts_of(const model::Catalog& catalog, const model::Indicator& indicator) {
  std::vector<std::string> out;
  add_parts(catalog, indicator, out);
  return out;
}

bool depends_on_today(const model::Catalog& catalog, const model::Indicator& indicator) {
  return std::ranges::any_of(parts_of(catalog, indicator), [&](const std::string& id) {
    const auto* part = catalog.indicator(id);
    return part && (part->measure == model::Measure::latest || part->measure == model::Measure::standing);
  });
}

} // namespace kepu::query
