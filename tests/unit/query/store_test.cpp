// Questions to a real store, after corrections and retractions, against a recount of the facts by hand.
#include "query/observations.hpp"

#include "store/writer.hpp"
#include "support/folder.hpp"
#include "support/sample_catalog.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <set>
#include <tuple>
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
            ASSERT_EQ(std::make_pair(row.period.index, out.by(row)), key) << indicator;
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

// What an answer tells, as far as it must be the same later.
struct Told {
  std::vector<std::tuple<std::string, std::vector<std::string>, int64_t, uint64_t>> rows;
  store::Seq seq = 0;
  std::string label;
  bool operator==(const Told&) const = default;
};

TEST_F(ObserveStore, EarlierAnswersAreGivenAgainByTheirMoment) {
  std::mt19937 random(510104);
  auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const auto tell = [&](store::Reader& reader, const ObservationQuery& query) {
    const auto changed = reader.last_change(query.indicator).value();
    auto found = query::observe_within(reader, changed, query);
    Told told;
    if (!found) throw std::runtime_error(found.error().text);
    for (const auto& row : found->rows)
      told.rows.emplace_back(row.period.text(), found->by(row), static_cast<int64_t>(row.value), row.n);
    told.seq = found->commit.seq;
    told.label = found->indicator->name.zh;
    return told;
  };
  struct Recorded {
    Instant at;
    ObservationQuery query;
    Told told;
  };
  std::vector<Recorded> all;
  std::vector<std::string> keys;
  for (int round = 0; round < 60; ++round) {
    clock_.advance(std::chrono::minutes(1 + pick(600)));
    if (pick(6) == 0) { // names, conditions and what maps the source's words change
      auto next = std::make_shared<model::Catalog>(*catalog_);
      next->indicators[0].name.zh = "人次" + std::to_string(round);
      next->indicators[0].where =
          pick(2) ? std::vector<model::Condition>{{"gate", {"G1"}}} : std::vector<model::Condition>{};
      auto venues = next->registers.at("venues").all();
      std::swap(venues[0].area, venues[2].area);
      next->registers["venues"] = model::Register("venues", {"场馆", ""}, venues);
      catalog_ = next;
      if (pick(3) == 0) zone_ = *model::Zone::find(pick(2) ? "Asia/Shanghai" : "Asia/Tokyo");
      ASSERT_TRUE(writer_->load_catalog(catalog_, zone_));
    } else {
      Passages put;
      for (int i = 1 + pick(40); i > 0; --i) {
        keys.push_back("e" + std::to_string(pick(300)));
        put[keys.back()] = {"V0" + std::to_string(1 + pick(4)), pick(3) ? "G1" : "", 20'000 + pick(60), 1 + pick(15),
                            pick(2000) - 1000};
      }
      std::vector<std::string> gone;
      for (int i = pick(10); i > 0; --i) {
        const auto& key = keys[static_cast<size_t>(pick(static_cast<int>(keys.size())))];
        if (!put.contains(key)) gone.push_back(key);
      }
      write(pick(2) ? "gates" : "other", put, gone);
    }
    auto reader = readers_->open().value();
    const auto moment = reader->begin().value();
    for (int i = 0; i < 3; ++i) {
      ObservationQuery query;
      query.indicator = std::array{"venue.visits", "venue.visitors", "venue.income"}[static_cast<size_t>(pick(3))];
      query.freq = std::array{model::Freq::day, model::Freq::month, model::Freq::year}[static_cast<size_t>(pick(3))];
      query.by = pick(2) ? std::vector<std::string>{"subdistrict"} : std::vector<std::string>{"venue", "gate"};
      if (pick(2)) query.from = model::period_of(20'000 + pick(50), query.freq);
      if (pick(3) == 0) query.area = "510104017";
      if (pick(4) == 0) query.source = "gates";
      all.push_back({moment.recorded_at + std::chrono::seconds(pick(60)), query, tell(*reader, query)});
    }
    reader->end();
  }
  auto reader = readers_->open().value();
  size_t filled = 0;
  for (const auto& one : all) {
    ASSERT_TRUE(reader->begin_at(one.at));
    const auto again = tell(*reader, one.query);
    EXPECT_EQ(again.rows, one.told.rows) << one.query.indicator;
    EXPECT_EQ(again.seq, one.told.seq);
    EXPECT_EQ(again.label, one.told.label);
    reader->end();
    filled += one.told.rows.size();
  }
  EXPECT_GT(filled, 1000u);
}

TEST_F(ObserveStore, AnIndicatorThatComesBackCountsWhatCameWhileItWasAway) {
  ObservationQuery query;
  query.indicator = "plain.count";
  query.freq = model::Freq::year;
  write("gates", {{"e1", {"V01", "G1", 20'152, 5, 100}}}, {});
  const auto had = catalog_;
  auto without = std::make_shared<model::Catalog>(*had);
  without->indicators.pop_back();
  catalog_ = without;
  const auto then = clock_.now();
  clock_.advance(std::chrono::hours(1));
  ASSERT_TRUE(writer_->load_catalog(without, zone_));
  write("gates", {{"e2", {"V01", "G1", 20'152, 5, 100}}, {"e3", {"V01", "G1", 20'152, 5, 100}}}, {"e1"});
  ASSERT_TRUE(writer_->load_catalog(had, zone_));
  EXPECT_EQ(ask(query).rows.at(0).n, 2u);
  auto reader = readers_->open().value();
  ASSERT_TRUE(reader->begin_at(then));
  EXPECT_EQ(query::observe_within(*reader, {}, query)->rows.at(0).n, 1u);
}

TEST_F(ObserveStore, BeforeTheFirstCommitThereIsNoAnswer) {
  auto reader = readers_->open().value();
  EXPECT_EQ(reader->begin_at(clock_.now() - std::chrono::seconds(1)).error().code, "before_history");
  EXPECT_TRUE(reader->begin_at(clock_.now()));
}

} // namespace
