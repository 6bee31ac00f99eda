// Random cells and questions, against a recount that goes over every fact.
#include "query/cursor.hpp"
#include "query/observations.hpp"

#include "support/fake_reader.hpp"
#include "support/sample_catalog.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace {

using namespace kepu;
using query::ObservationQuery;

const std::vector<std::pair<std::string, std::string>> places{
    {"V01", "510104017001"}, {"V02", "510104017002"}, {"V03", "510104020"}, {"V04", "510104"}, {"V05", ""},
    {"V01", "510104020001"}};

using Key = std::pair<int32_t, std::vector<std::string>>;
struct Figure {
  __int128 value = 0;
  uint64_t n = 0;
  std::set<uint32_t> numbers;
};

int level_of(const std::string& word) { return word == "district" ? 6 : word == "subdistrict" ? 9 : 12; }

// By lengths of area codes, not by the tree.
std::map<Key, Figure> recount(const test::FakeStore& store, const ObservationQuery& query) {
  std::map<Key, Figure> out;
  for (const auto& fact : store.facts) {
    if (fact.indicator != query.indicator) continue;
    const auto period = model::period_of(fact.day, query.freq);
    if (query.from && period < *query.from) continue;
    if (query.to && period > *query.to) continue;
    if (query.source && fact.source != *query.source) continue;
    if (query.area && fact.dims[1].rfind(*query.area, 0) != 0) continue;
    bool passes = true;
    for (const auto& [dimension, code] : query.filters)
      passes &= fact.dims[dimension == "venue" ? 0 : 2] == code;
    if (!passes) continue;
    std::vector<std::string> codes;
    for (const auto& by : query.by) {
      if (by == "venue" || by == "area" || by == "gate") {
        codes.push_back(fact.dims[by == "venue" ? 0 : by == "area" ? 1 : 2]);
      } else {
        const auto length = static_cast<size_t>(level_of(by));
        codes.push_back(fact.dims[1].size() >= length ? fact.dims[1].substr(0, length) : "");
      }
    }
    auto& figure = out[{period.index, codes}];
    ++figure.n;
    figure.numbers.insert(fact.number);
    if (query.indicator == "venue.income") figure.value += fact.amount;
    if (query.indicator == "venue.visits") figure.value += 1;
  }
  for (auto& [key, figure] : out) {
    if (query.indicator == "venue.visitors") figure.value = static_cast<__int128>(figure.numbers.size());
  }
  return out;
}

TEST(ObserveOracle, RandomQuestionsEqualARecountPageByPage) {
  std::mt19937 random(20250305);
  auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const std::vector<std::string> indicators{"venue.visits", "venue.visitors", "venue.income"};
  const std::vector<std::string> groupings{"venue", "area", "gate", "district", "subdistrict", "community"};
  const model::Freq freqs[] = {model::Freq::day,     model::Freq::week, model::Freq::month,
                               model::Freq::quarter, model::Freq::half, model::Freq::year};
  for (int round = 0; round < 300; ++round) {
    test::FakeStore store;
    store.catalog = test::sample_catalog();
    const int span = 1 + pick(900);
    for (int i = pick(120); i > 0; --i) {
      const auto& [venue, area] = places[static_cast<size_t>(pick(6))];
      store.facts.push_back({indicators[static_cast<size_t>(pick(3))],
                             pick(2) ? "a" : "b",
                             {venue, area, pick(3) ? "G1" : ""},
                             20'000 + pick(span),
                             static_cast<__int128>(random()) * (pick(2) ? 1'000'000'000'000 : -1),
                             static_cast<uint32_t>(pick(20)),
                             0});
    }
    ObservationQuery query;
    query.indicator = indicators[static_cast<size_t>(pick(3))];
    query.freq = freqs[pick(6)];
    if (pick(2)) query.from = model::period_of(20'000 + pick(span), query.freq);
    if (pick(2))
      query.to = model::period_of((query.from ? query.from->first_day() : 20'000) + 10 + pick(span), query.freq);
    if (pick(3) == 0)
      query.area = std::vector<std::string>{"510104", "510104017", "510104020001"}[static_cast<size_t>(pick(3))];
    if (pick(3) == 0) query.source = pick(2) ? "a" : "b";
    if (pick(4) == 0) query.filters = {{"venue", "V01"}};
    if (pick(4) == 0) query.filters.push_back({"gate", ""});
    for (const auto& grouping : groupings) {
      if (pick(4) == 0) query.by.push_back(grouping);
    }
    query.limit = static_cast<uint32_t>(1 + pick(40));

    auto expected = recount(store, query);
    auto next = expected.begin();
    for (int page = 0; page < 1000; ++page) {
      test::FakeReader reader(store);
      const auto out = query::observe(reader, query);
      ASSERT_TRUE(out) << out.error().text;
      ASSERT_LE(out->rows.size(), query.limit);
      for (const auto& row : out->rows) {
        ASSERT_NE(next, expected.end());
        ASSERT_EQ(row.period.index, next->first.first);
        ASSERT_EQ(out->by(row), next->first.second);
        ASSERT_TRUE(row.value == next->second.value);
        ASSERT_EQ(row.n, next->second.n);
        ++next;
      }
      if (out->next.empty()) break;
      const auto cursor = query::cursor_of(query, out->next);
      query.after = *query::position_in(cursor, query);
    }
    ASSERT_EQ(next, expected.end()) << "round " << round;
  }
}

} // namespace
