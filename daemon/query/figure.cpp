#include "query/figure.hpp"

#include "base/bytes.hpp"
#include "query/plan.hpp"

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

Result<uint64_t> decode_end(char kind, std::string_view after) {
  if (after.empty()) return uint64_t{0};
  ByteReader in(after);
  const bool same = in.get<char>() == kind;
  const auto number = in.varint();
  if (!same || !in.ok() || !in.at_end() || number == 0)
    return fail("bad_cursor", "the cursor belongs to another question; take `next` of the page before as it is, or ask "
                              "without a cursor");
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

} // namespace

Result<History> history_within(store::Reader& reader, const ObservationQuery& query) {
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
  const auto ask = figure_of(reader, query);
  if (!ask) return ask.error();
  auto figure = query;
  figure.after.clear();
  figure.limit = 1;
  const auto observed = observe_within(reader, {}, figure);
  if (!observed) return observed.error();
  Explained out;
  out.scale = observed->scale;
  if (!observed->rows.empty()) out.figure = observed->rows.front();
  store::FactsAsk page;
  page.after = *after;
  page.limit = query.limit;
  auto facts = reader.counted_facts(*ask, page, visit);
  if (!facts) return facts.error();
  out.facts = std::move(*facts);
  if (out.facts.more) out.next = encode_end('e', out.facts.last);
  return out;
}

} // namespace kepu::query
