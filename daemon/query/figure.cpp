#include "query/figure.hpp"

#include "base/bytes.hpp"
#include "model/made.hpp"
#include "query/figures.hpp"
#include "query/join.hpp"
#include "query/plan.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <tuple>

namespace kepu::query {
namespace {

// A page of one kind ends at a number; the cursor of another kind is of another question.
std::string encode_end(char kind, uint64_t number) {
  std::string out;
  ByteWriter writer(out);
  writer.put(kind);
  writer.varint(number);
  return out;
}

Error bad_cursor() {
  return fail("bad_cursor", "the cursor belongs to another question; take `next` of the page before as it is, or ask "
                            "without a cursor");
}

Result<uint64_t> decode_end(char kind, std::string_view after) {
  if (after.empty()) return uint64_t{0};
  ByteReader in(after);
  const bool same = in.get<char>() == kind;
  const auto number = in.varint();
  if (!same || !in.ok() || !in.at_end() || number == 0) return bad_cursor();
  return number;
}

// Refuses what has no meaning now; in an earlier catalog it then just takes no series.
Result<store::FigureAsk> figure_of(store::Reader& reader, const ObservationQuery& query) {
  const auto catalog = reader.catalog();
  const auto* indicator = catalog->indicator(query.indicator);
  if (!indicator) return fail("unknown_indicator", "no indicator \"" + query.indicator + "\"");
  const auto series = reader.series(query.indicator);
  if (!series) return series.error();
  if (const auto planned = plan(*catalog, *indicator, query, *series); !planned) return planned.error();
  store::FigureAsk ask;
  ask.indicator = query.indicator;
  ask.first = query.from->first_day();
  ask.last = query.to->last_day();
  if (query.until) {
    ask.last = std::min(ask.last, *query.until);
    ask.counts = [until = *query.until](const store::Series& one, model::Day day) {
      return one.freq == model::Freq::day || model::period_of(day, one.freq).last_day() <= until;
    };
  }
  ask.choose = [query](const model::Catalog& then, const model::Indicator& defined,
                       const std::vector<store::Series>& all) {
    auto numbered = all;
    for (size_t i = 0; i < numbered.size(); ++i)
      numbered[i].id = static_cast<uint32_t>(i);
    std::vector<bool> out(all.size());
    const auto planned = plan(then, defined, query, numbered);
    if (!planned) return out;
    for (const auto id : planned->ids)
      out[id] = true;
    return out;
  };
  return ask;
}

// What the rule between sources lets count, of a figure that is kept by day.
class ChosenFacts {
public:
  ChosenFacts(store::Reader& reader, const model::Indicator& indicator, std::vector<store::Series> series)
      : reader_(reader), choice_(reader, indicator, series), series_(std::move(series)) {
    for (const auto& one : series_)
      ids_.emplace(std::tuple(one.source, one.dims, one.freq), one.id);
  }
  bool counts(const store::Series& series, model::Day day) const {
    const auto id = ids_.find(std::tuple(series.source, series.dims, series.freq));
    return id != ids_.end() && choice_.of(id->second, day).takes;
  }
  // The cells of the grain that the asked series meet.
  Result<void> judge(const store::FigureAsk& ask, const model::Catalog& catalog, const model::Indicator& indicator,
                     Explained& out) {
    if (auto looked = choice_.look(ask.first, ask.last); !looked) return looked;
    std::vector<uint32_t> asked;
    const auto chosen = ask.choose(catalog, indicator, series_);
    for (size_t i = 0; i < series_.size(); ++i)
      if (chosen[i]) asked.push_back(series_[i].id);
    std::set<uint64_t> met;
    auto read = reader_.cells(asked, ask.first, ask.last, [&](size_t i, const store::DayCell& day) {
      const auto said = choice_.of(asked[i], day.day);
      if (said.has_say) met.insert(said.cell);
    });
    for (const auto cell : met)
      out.cells.push_back(choice_.judged(cell));
    return read;
  }

private:
  store::Reader& reader_;
  Choice choice_;
  const std::vector<store::Series> series_;
  std::map<std::tuple<std::string, std::vector<std::string>, model::Freq>, uint32_t> ids_;
};

// The figure itself.
Result<Observations> one_figure(store::Reader& reader, ObservationQuery query) {
  query.after.clear();
  query.limit = 1;
  return observe_within(reader, {}, query);
}

// Whether the figure is the sum of what its facts bring, so that the store can walk through its past.
bool adds_up(const model::Indicator& indicator, const ObservationQuery& query) {
  return model::is_kept(indicator.measure) && (indicator.join == model::Join::sum || query.source);
}

// The past of a figure that does not add up from facts: it is asked anew at each commit that changed what it is made
// of.
class AskedHistory {
public:
  AskedHistory(store::Reader& reader, store::Seq moment, const ObservationQuery& query)
      : reader_(reader), moment_(moment), query_(query) {}
  AskedHistory(const AskedHistory&) = delete;
  AskedHistory& operator=(const AskedHistory&) = delete;
  ~AskedHistory() {
    if (moment_ != 0) (void)reader_.stand_at(moment_);
  }

  Result<History> tell(const model::Catalog& catalog, const model::Indicator& indicator) {
    const auto begin = page_begin();
    if (!begin) return begin.error();
    auto found = commits_of(catalog, indicator, begin->before);
    if (!found) return found.error();
    History out;
    std::optional<store::FigureState> newer; // may have been so before its commit already
    auto until = begin->until;
    size_t looked = 0;
    for (const auto& commit : *found) {
      if (looked++ == most_looked || out.states.size() == query_.limit) {
        out.next = page_end(newer->commit.seq + 1, until);
        return out;
      }
      auto state = state_at(commit);
      if (!state) return state.error();
      if (newer && !same(*newer, *state)) keep(out, *newer, until);
      newer = std::move(*state);
    }
    if (newer && (newer->has_value || newer->n > 0)) {
      if (out.states.size() < query_.limit) {
        keep(out, *newer, until);
      } else {
        out.next = page_end(newer->commit.seq + 1, until);
      }
    }
    return out;
  }

private:
  // Each costs a question.
  static constexpr size_t most_looked = 200;

  // Where a page goes on: commits before that, and until when the newest of its states held.
  struct Begin {
    store::Seq before = 0;
    std::optional<store::CommitInfo> until;
  };
  static constexpr char kind = 'a';
  static std::string page_end(store::Seq before, const std::optional<store::CommitInfo>& until) {
    std::string out;
    ByteWriter writer(out);
    writer.put(kind);
    writer.varint(before);
    writer.varint(until ? until->seq : 0);
    return out;
  }
  Result<Begin> page_begin() {
    Begin out;
    if (query_.after.empty()) return out;
    ByteReader in(query_.after);
    const bool same_kind = in.get<char>() == kind;
    out.before = in.varint();
    const auto until = in.varint();
    if (!same_kind || !in.ok() || !in.at_end()) return bad_cursor();
    if (until == 0) return out;
    const auto commit = reader_.stand_at(until);
    if (!commit) return bad_cursor();
    out.until = *commit;
    return out;
  }

  // Newest first, one more than are looked at.
  Result<std::vector<store::CommitRow>> commits_of(const model::Catalog& catalog, const model::Indicator& indicator,
                                                   store::Seq before) {
    std::map<store::Seq, store::CommitRow, std::greater<>> out;
    std::set<std::string> seen;
    const auto add_parts = [&](const model::Catalog& then, const model::Indicator& defined) -> Result<void> {
      for (const auto& part : parts_of(then, defined)) {
        if (!seen.insert(part).second) continue;
        auto changes = reader_.changes(part, before, most_looked + 1);
        if (!changes) return changes.error();
        for (auto& one : *changes)
          out.emplace(one.seq, std::move(one));
      }
      return {};
    };
    if (auto added = add_parts(catalog, indicator); !added) return added.error();
    // Earlier catalogs may have made it of others.
    const auto own = reader_.changes(indicator.id, 0, most_looked);
    if (!own) return own.error();
    for (const auto& commit : *own) {
      if (commit.kind != "catalog") continue;
      if (auto stood = reader_.stand_at(commit.seq); !stood) return stood.error();
      const auto then = reader_.catalog();
      const auto* defined = then->indicator(indicator.id);
      if (auto back = reader_.stand_at(moment_); !back) return back.error();
      if (!defined) continue;
      if (auto added = add_parts(*then, *defined); !added) return added.error();
    }
    std::vector<store::CommitRow> rows;
    for (auto& [seq, row] : out)
      rows.push_back(std::move(row));
    return rows;
  }

  Result<store::FigureState> state_at(const store::CommitRow& commit) {
    if (auto stood = reader_.stand_at(commit.seq); !stood) return stood.error();
    store::FigureState out;
    out.commit = commit;
    if (commit.run != 0) {
      const auto run = reader_.run(commit.run);
      if (!run) return run.error();
      if (*run) {
        out.connector = (*run)->connector;
        out.connector_version = (*run)->connector_version;
      }
    }
    const auto catalog = reader_.catalog();
    const auto* indicator = catalog->indicator(query_.indicator);
    if (!indicator) return out;
    out.unit = indicator->unit;
    // As it was answered then: nothing lies beyond that day.
    auto query = query_;
    const auto zone = reader_.zone();
    if (!zone) return zone.error();
    if (*zone) query.today = std::min(query.today, (*zone)->day_at(commit.recorded_at));
    const auto found = one_figure(reader_, query);
    // What this catalog did not have yet was no figure.
    if (!found) return found.error().code.starts_with("unknown_") ? Result<store::FigureState>(out) : found.error();
    out.scale = found->scale;
    if (found->rows.empty()) return out;
    const auto& row = found->rows.front();
    out.has_value = row.is_known;
    out.value = row.value;
    out.n = row.n;
    out.approximate = row.approximate;
    out.repaired = row.repaired;
    out.provisional = row.provisional;
    return out;
  }

  static bool same(const store::FigureState& a, const store::FigureState& b) {
    const auto seen = [](const store::FigureState& one) {
      return std::tie(one.has_value, one.value, one.n, one.scale, one.unit, one.approximate, one.repaired,
                      one.provisional);
    };
    return seen(a) == seen(b);
  }

  void keep(History& out, store::FigureState& state, std::optional<store::CommitInfo>& until) {
    state.until = until;
    until = store::CommitInfo{state.commit.seq, state.commit.recorded_at};
    out.states.push_back(std::move(state));
  }

  store::Reader& reader_;
  const store::Seq moment_; // to which it goes back
  const ObservationQuery& query_;
};

} // namespace

Result<History> history_within(store::Reader& reader, const store::CommitInfo& moment, const ObservationQuery& query) {
  const auto catalog = reader.catalog();
  const auto* indicator = catalog->indicator(query.indicator);
  if (!indicator) return fail("unknown_indicator", "no indicator \"" + query.indicator + "\"");
  if (!adds_up(*indicator, query)) return AskedHistory(reader, moment.seq, query).tell(*catalog, *indicator);
  const auto before = decode_end('h', query.after);
  if (!before) return before.error();
  const auto ask = figure_of(reader, query);
  if (!ask) return ask.error();
  auto found = reader.history(*ask, *before, query.limit);
  if (!found) return found.error();
  History out;
  out.states = std::move(found->states);
  if (found->more) out.next = encode_end('h', out.states.back().commit.seq);
  return out;
}

Result<Explained> explain_within(store::Reader& reader, const ObservationQuery& query,
                                 const std::function<bool(const store::CountedFact&)>& visit) {
  const auto after = decode_end('e', query.after);
  if (!after) return after.error();
  const auto catalog = reader.catalog();
  const auto* indicator = catalog->indicator(query.indicator);
  const auto observed = one_figure(reader, query);
  if (!observed) return observed.error();
  Explained out;
  out.scale = observed->scale;
  if (!observed->rows.empty()) out.figure = observed->rows.front();
  if (indicator && !model::is_of_facts(indicator->measure)) {
    for (const auto& id : model::made_of(*indicator)) {
      auto part = query;
      part.indicator = id;
      const auto found = one_figure(reader, part);
      if (!found) return found.error();
      out.parts.push_back({id, found->rows.empty() ? std::nullopt : std::optional(found->rows.front()), found->scale});
    }
    return out;
  }
  auto ask = figure_of(reader, query);
  if (!ask) return ask.error();
  std::optional<ChosenFacts> chosen;
  uint64_t left_out = 0;
  if (!model::is_kept(indicator->measure)) {
    auto facts = indicator->measure == model::Measure::survey_rate ? survey_facts(reader, *catalog, *indicator, query)
                                                                   : read_facts(reader, *catalog, *indicator, query);
    if (!facts) return facts.error();
    ask->facts = std::move(facts->counted);
    left_out = facts->left_out;
    out.cells = std::move(facts->cells);
    ask->first = model::day_of(1900, 1, 1);
    ask->last = model::day_of(9999, 12, 31);
  } else if (is_judged(*indicator, query)) {
    auto series = reader.series(indicator->id);
    if (!series) return series.error();
    chosen.emplace(reader, *indicator, std::move(*series));
    if (auto judged = chosen->judge(*ask, *catalog, *indicator, out); !judged) return judged.error();
    ask->counts = [&, over = ask->counts](const store::Series& one, model::Day day) {
      return (!over || over(one, day)) && chosen->counts(one, day);
    };
  }
  std::ranges::sort(out.cells, {}, [](const Judged& one) { return std::pair(one.period.first_day(), one.codes); });
  if (out.cells.size() > Explained::most_cells) {
    out.further_cells = out.cells.size() - Explained::most_cells;
    out.cells.resize(Explained::most_cells);
  }
  store::FactsAsk page;
  page.after = *after;
  page.limit = query.limit;
  auto facts = reader.counted_facts(*ask, page, visit);
  if (!facts) return facts.error();
  out.facts = std::move(*facts);
  out.facts.left_out += left_out;
  if (out.facts.more) out.next = encode_end('e', out.facts.last);
  return out;
}

} // namespace kepu::query
