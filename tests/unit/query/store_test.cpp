// Questions to a real store, after corrections and retractions, against a recount of the facts by hand.
#include "query/observations.hpp"

#include "store/writer.hpp"
#include "support/folder.hpp"
#include "support/sample_catalog.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <unistd.h>

namespace {

using namespace kepu;
using query::ObservationQuery;

struct Passage {
  std::string venue;
  std::string gate;
  model::Day day = 0;
  int64_t card = 0;
  int64_t paid = 0;
};
using Passages = std::map<std::string, Passage>; // by event id

const std::map<std::string, std::string> area_of{
    {"V01", "510104017001"}, {"V02", "510104017002"}, {"V03", "510104020"}, {"V04", "510104"}};

class ObserveStore : public testing::Test {
protected:
  ObserveStore() : zone_(*model::Zone::find("Asia/Shanghai")), catalog_(test::sample_catalog()) {
    auto writer = store::Writer::open({folder_.path() / "store.db", &clock_, "test"});
    if (!writer) throw std::runtime_error(writer.error().text);
    writer_ = std::move(*writer);
    if (const auto loaded = writer_->load_catalog(catalog_, zone_); !loaded) {
      throw std::runtime_error(loaded.error().text);
    }
    readers_ = std::make_unique<store::ReaderSource>(folder_.path() / "store.db");
  }
  ~ObserveStore() override {
    readers_.reset();
    writer_.reset();
  }

  void add_key(std::string_view key, model::FactColumns& facts) {
    facts.key_bytes += key;
    facts.key_ends.push_back(static_cast<uint32_t>(facts.key_bytes.size()));
    ++facts.rows;
  }
  void write(const std::string& source, const Passages& put, const std::vector<std::string>& retract) {
    auto* codes = writer_->codes("passages");
    const auto& fields = catalog_->dataset("passages")->contract.fields;
    model::FactColumns facts;
    facts.fields.resize(fields.size());
    for (size_t i = 0; i < fields.size(); ++i)
      facts.fields[i].holding = model::holding_of(fields[i]);
    for (const auto& [key, passage] : put) {
      add_key(key, facts);
      facts.places.push_back(0);
      facts.fields[1].codes.push_back(codes->code(1, passage.venue));
      facts.fields[2].codes.push_back(passage.gate.empty() ? 0 : codes->code(2, passage.gate));
      facts.fields[3].numbers.push_back(to_micros(zone_.start_of(passage.day)) + 3'600'000'000);
      facts.fields[4].numbers.push_back(passage.card);
      facts.fields[5].numbers.push_back(passage.paid);
    }
    const auto run = writer_->begin_run({source, "test", "1", "", clock_.now()});
    ASSERT_TRUE(run) << run.error().text;
    auto part = writer_->open_part(*run);
    if (facts.rows) {
      const auto taken = part->put("passages", facts);
      ASSERT_TRUE(taken) << taken.error().text;
    }
    if (!retract.empty()) {
      model::FactColumns keys;
      for (const auto& key : retract)
        add_key(key, keys);
      const auto taken = part->retract("passages", keys);
      ASSERT_TRUE(taken) << taken.error().text;
    }
    const auto commit = part->commit("");
    ASSERT_TRUE(commit) << commit.error().text;
    part.reset();
    ASSERT_TRUE(writer_->end_run(*run, "ok", "", clock_.now()));
  }
  query::Observations ask(const ObservationQuery& query) {
    auto reader = readers_->open();
    if (!reader) throw std::runtime_error(reader.error().text);
    auto out = query::observe(**reader, query);
    if (!out) throw std::runtime_error(out.error().text);
    return std::move(*out);
  }

  FakeClock clock_{from_micros(1'741'000'000'000'000)};
  model::Zone zone_;
  std::shared_ptr<const model::Catalog> catalog_;
  test::Folder folder_;
  std::unique_ptr<store::Writer> writer_;
  std::unique_ptr<store::ReaderSource> readers_;
};

TEST_F(ObserveStore, ACellWhoseFactsWereAllRetractedIsNoRow) {
  write("gates", {{"e1", {"V01", "G1", 20'152, 5, 100}}, {"e2", {"V01", "G1", 20'153, 5, 0}}}, {});
  ObservationQuery query;
  query.indicator = "venue.income";
  query.freq = model::Freq::day;
  ASSERT_EQ(ask(query).rows.size(), 2u); // one of them 0, which is a value
  write("gates", {}, {"e1"});
  const auto left = ask(query).rows;
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].period.text(), "2025-03-06");
  EXPECT_EQ(left[0].value, 0);
}

TEST_F(ObserveStore, AnswersEqualARecountAfterCorrectionsAndRetractions) {
  std::mt19937 random(41);
  auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::map<std::string, Passages> truth; // by source
  for (int round = 0; round < 30; ++round) {
    const std::string source = pick(2) ? "gates" : "other";
    auto& known = truth[source];
    std::vector<std::string> gone;
    for (const auto& [key, passage] : known) {
      if (pick(8) == 0) gone.push_back(key);
    }
    Passages put;
    for (int i = pick(30); i > 0; --i) {
      const std::string key = "e" + std::to_string(pick(200));
      if (std::find(gone.begin(), gone.end(), key) != gone.end()) continue;
      put[key] = {"V0" + std::to_string(1 + pick(4)), pick(3) ? "G1" : "", 20'000 + pick(500), 1 + pick(15),
                  pick(2000) - 1000};
    }
    write(source, put, gone);
    for (const auto& key : gone)
      known.erase(key);
    for (const auto& [key, passage] : put)
      known[key] = passage;

    for (const char* indicator : {"venue.visits", "venue.visitors", "venue.income"}) {
      for (const auto freq : {model::Freq::day, model::Freq::week, model::Freq::month, model::Freq::year}) {
        ObservationQuery query;
        query.indicator = indicator;
        query.freq = freq;
        query.limit = static_cast<uint32_t>(1 + pick(50));
        query.by = pick(2) ? std::vector<std::string>{"subdistrict"} : std::vector<std::string>{"gate", "venue"};
        if (pick(2)) query.from = model::period_of(20'000 + pick(300), freq);
        if (pick(3) == 0) query.area = "510104017";

        struct Figure {
          __int128 paid = 0;
          uint64_t n = 0;
          std::set<int64_t> cards;
        };
        std::map<std::pair<int32_t, std::vector<std::string>>, Figure> expected;
        for (const auto& [from, passages] : truth) {
          for (const auto& [key, passage] : passages) {
            const auto& area = area_of.at(passage.venue);
            const auto period = model::period_of(passage.day, freq);
            if ((query.from && period < *query.from) || (query.area && area.rfind(*query.area, 0) != 0)) continue;
            std::vector<std::string> codes{passage.gate, passage.venue};
            if (query.by.size() == 1) codes = {area.size() >= 9 ? area.substr(0, 9) : ""};
            auto& figure = expected[{period.index, codes}];
            ++figure.n;
            figure.paid += passage.paid;
            figure.cards.insert(passage.card);
          }
        }
        auto next = expected.begin();
        do {
          const auto out = ask(query);
          for (const auto& row : out.rows) {
            ASSERT_NE(next, expected.end());
            const auto& [key, figure] = *next;
            const __int128 value = query.indicator == "venue.visits"     ? static_cast<__int128>(figure.n)
                                   : query.indicator == "venue.visitors" ? static_cast<__int128>(figure.cards.size())
                                                                         : figure.paid;
            ASSERT_EQ(std::make_pair(row.period.index, row.by), key) << indicator;
            ASSERT_EQ(row.n, figure.n) << indicator;
            ASSERT_TRUE(row.value == value) << indicator;
            ++next;
          }
          query.after = out.next;
        } while (!query.after.empty());
        ASSERT_EQ(next, expected.end()) << indicator << " round " << round;
      }
    }
  }
}

} // namespace
