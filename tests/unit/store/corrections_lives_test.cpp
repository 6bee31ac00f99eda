// Whatever sources say, repeat, correct and take back, and whatever is withdrawn, redefined or cut off between: the
// figures are those of all that counts, told again from the beginning.
#include "retold.hpp"

#include <random>

namespace kepu::store {
namespace {

using namespace test;

constexpr const char* sources[] = {"gates", "hand", "other"};
// Rows of the second are known by the input and their place in it, and each input is replaced as a whole.
enum Of : uint8_t { passages, returns };
constexpr const char* datasets[] = {"passages", "returns"};

std::shared_ptr<const model::Catalog> two_datasets(std::vector<std::string> ways, bool by_way) {
  auto out = std::make_shared<model::Catalog>(*catalog(std::move(ways)));
  auto keyless = out->datasets[0];
  keyless.contract.id = "returns";
  keyless.contract.fields.erase(keyless.contract.fields.begin());
  out->datasets.push_back(keyless);
  auto returned = out->indicators[0];
  returned.id = "returned";
  returned.dataset = "returns";
  out->indicators.push_back(returned);
  if (!by_way) {
    for (auto& indicator : out->indicators)
      indicator.by = {};
  }
  return out;
}

class Corrections : public Store, public testing::WithParamInterface<unsigned> {
protected:
  using Figures = std::map<std::string, std::set<int64_t>>; // what is counted, by indicator, source and day
  struct Told {
    std::vector<Act> acts;
    std::vector<std::pair<uint64_t, bool>> runs; // and whether they count
  };

  int upto(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  void SetUp() override {
    Store::SetUp();
    change_catalog();
  }
  void change_catalog() {
    ways_ = {"in"};
    if (upto(2)) ways_.push_back("out");
    by_way_ = upto(3) != 0;
    load();
  }
  void load() { ASSERT_TRUE(writer_->load_catalog(two_datasets(ways_, by_way_), zone_)); }
  // As after kill -9.
  void kill() {
    part_.reset();
    writer_.reset();
    Options options;
    options.file = file();
    options.clock = &clock_;
    writer_ = Writer::open(options).value();
    load();
  }

  std::vector<Row> some_rows(int source, const World& world) {
    std::map<std::string, Row> out;
    for (int i = upto(7); i >= 0; --i) {
      const auto key = "k" + std::to_string(upto(16));
      const auto known = world.find(key);
      const bool repeats = known != world.end() && upto(3) == 0;
      out[key] = repeats ? known->second.row : Row{key, upto(3) ? "in" : "out", upto(12), 1 + upto(6) + source};
    }
    std::vector<Row> list;
    for (const auto& [id, row] : out)
      list.push_back(row);
    return list;
  }
  void give(Of dataset, const std::vector<Row>& rows) {
    auto facts = columns(rows);
    if (dataset == returns) {
      facts.fields.erase(facts.fields.begin());
      for (size_t i = 0; i < rows.size(); ++i)
        facts.fields[0].codes[i] = writer_->codes("returns")->code(0, rows[i].way);
    }
    const auto done = part_->put(datasets[dataset], facts);
    ASSERT_TRUE(done) << done.error().text;
  }
  void take_input(const std::string& name) {
    InputAsk ask{name, 10, {}};
    ask.content_hash[0] = static_cast<uint8_t>(++content_);
    ask.content_hash[1] = static_cast<uint8_t>(content_ >> 8);
    ASSERT_EQ(part_->begin_input(ask)->decision, Decision::take);
  }
  // One act of the open part.
  Act act(int source, Of dataset, const World& world) {
    Act act{run_, static_cast<Act::Kind>(upto(4)), some_rows(source, world), "", upto(10), 0};
    act.until = act.from + 1 + upto(4);
    if (dataset == returns) {
      act.kind = Act::replace_input;
      act.input = "r" + std::to_string(upto(3));
      for (size_t i = 0; i < act.rows.size(); ++i)
        act.rows[i].id = act.input + "#" + std::to_string(i);
    } else if (act.kind == Act::replace_input || (act.kind == Act::put && upto(2))) {
      act.input = "f" + std::to_string(upto(3));
    }
    if (!act.input.empty()) take_input(act.input);
    if (act.kind == Act::retract) {
      EXPECT_TRUE(part_->retract(datasets[dataset], columns(act.rows)));
      return act;
    }
    Scope scope;
    scope.this_input = act.kind == Act::replace_input;
    if (act.kind == Act::replace_days) {
      scope.time_from = noon_2025 + act.from * day_micros;
      scope.time_until = noon_2025 + act.until * day_micros;
    }
    const bool replaces = act.kind != Act::put;
    EXPECT_TRUE(!replaces || part_->begin_replace(datasets[dataset], scope));
    give(dataset, act.rows);
    EXPECT_TRUE(!replaces || part_->end_replace());
    EXPECT_TRUE(act.input.empty() || part_->end_input());
    return act;
  }
  World world(int source, Of dataset) {
    std::set<uint64_t> without;
    for (const auto& [run, counts] : told_[source][passages].runs) {
      if (!counts) without.insert(run);
    }
    return retold(told_[source][dataset].acts, without);
  }
  // Parts of some acts; what is not committed when the hub or the run ends never was.
  void one_run(int source) {
    begin_run(sources[source]);
    auto& runs = told_[source][passages].runs;
    runs.emplace_back(run_, true);
    for (int parts = upto(3); parts >= 0; --parts) {
      auto before = told_[source];
      for (int acts = upto(3); acts >= 0; --acts) {
        const auto dataset = upto(3) ? passages : returns;
        told_[source][dataset].acts.push_back(act(source, dataset, world(source, dataset)));
      }
      const auto how = upto(12);
      if (how > 1) {
        commit();
        continue;
      }
      told_[source] = std::move(before);
      if (how == 0) return kill();
      part_.reset();
      return end_run("retry");
    }
    end_run();
  }
  void withdraw_some_run(int source) {
    auto& runs = told_[source][passages].runs;
    if (runs.empty()) return;
    auto& [run, counts] = runs[static_cast<size_t>(upto(static_cast<int>(runs.size())))];
    auto work = writer_->withdraw_run(run);
    if (!counts) {
      EXPECT_EQ(work.error().code, "already_withdrawn");
      return;
    }
    if (!work) return;  // a run that found nothing left no trace
    if (upto(4) == 0) { // broken off: nothing was changed
      (void)(*work)->step().value();
      work->reset();
      if (upto(2)) kill();
      return;
    }
    to_end(std::move(work));
    counts = false;
  }
  void withdraw_all(int source) {
    auto work = writer_->withdraw_source(sources[source]);
    if (!work) return;
    to_end(std::move(work));
    for (auto& [run, counts] : told_[source][passages].runs)
      counts = false;
  }

  static std::string name(const std::string& indicator, int source, int day) {
    return indicator + " of " + sources[source] + " on day " + std::to_string(day);
  }
  Figures expected() {
    Figures out;
    int64_t fact = 0;
    for (int source = 0; source < 3; ++source) {
      for (const auto dataset : {passages, returns}) {
        for (const auto& [key, held] : world(source, dataset)) {
          const auto& row = held.row;
          const bool counted = std::ranges::find(ways_, row.way) != ways_.end();
          if (counted) out[name(dataset == passages ? "visits" : "returned", source, row.day)].insert(++fact);
          if (dataset == passages) out[name("visitors", source, row.day)].insert(row.card);
        }
      }
    }
    return out;
  }
  // Of sets how many: numbers of persons are the store's own.
  std::map<std::string, uint64_t> counted(const Figures& figures) {
    std::map<std::string, uint64_t> out;
    for (const auto& [of, values] : figures)
      out[of] = values.size();
    return out;
  }
  std::map<std::string, uint64_t> answered(const std::function<Result<CommitInfo>(Reader&)>& begin) {
    std::map<std::string, uint64_t> out;
    auto reader = ReaderSource(file()).open().value();
    begin(*reader).value();
    const auto first = model::day_of(2025, 1, 1);
    for (const std::string indicator : {"visits", "returned", "visitors"}) {
      std::vector<uint32_t> ids;
      const auto series = reader->series(indicator).value();
      for (const auto& one : series)
        ids.push_back(one.id);
      const auto of = [&](size_t i, model::Day day) {
        const auto source = std::ranges::find(sources, series[i].source) - std::begin(sources);
        return name(indicator, static_cast<int>(source), day - first);
      };
      std::map<std::string, std::set<uint32_t>> sets;
      EXPECT_TRUE(reader->cells(ids, first, first + 99, [&](size_t i, const DayCell& cell) {
        if (indicator != "visitors") out[of(i, cell.day)] += cell.n;
      }));
      EXPECT_TRUE(reader->sets(ids, first, first + 99, [&](size_t i, model::Day day, auto numbers) {
        sets[of(i, day)].insert(numbers.begin(), numbers.end());
      }));
      for (const auto& [figure, numbers] : sets)
        out[figure] = numbers.size();
    }
    return out;
  }

  std::mt19937 random_{GetParam()};
  std::map<int, std::map<Of, Told>> told_; // by source; its runs lie with passages
  std::vector<std::string> ways_;
  bool by_way_ = true;
  int content_ = 0;
};

TEST_P(Corrections, EndInTheFiguresOfAllThatCountsToldAgain) {
  std::vector<std::pair<Instant, std::map<std::string, uint64_t>>> recorded;
  for (int round = 0; round < 50; ++round) {
    clock_.advance(std::chrono::minutes(1));
    const int source = upto(3);
    switch (upto(12)) {
    case 0:
      change_catalog();
      break;
    case 1:
      kill();
      break;
    case 2:
    case 3:
    case 4:
      withdraw_some_run(source);
      break;
    case 5:
      if (upto(4) == 0) withdraw_all(source);
      break;
    default:
      one_run(source);
    }
    const auto right = counted(expected());
    ASSERT_EQ(answered([](Reader& reader) { return reader.begin(); }), right) << "round " << round;
    recorded.emplace_back(clock_.now(), right);
  }
  for (const auto& [moment, right] : recorded)
    EXPECT_EQ(answered([&](Reader& reader) { return reader.begin_at(moment); }), right);
  expect_verified();
  EXPECT_TRUE(to_end(writer_->verify()).verified->agrees());
  for (int source = 0; source < 3; ++source) {
    auto& runs = told_[source][passages].runs;
    for (auto& [run, counts] : runs) {
      auto work = counts ? writer_->withdraw_run(run) : fail("", "");
      if (work) to_end(std::move(work));
      counts = false;
      ASSERT_EQ(answered([](Reader& reader) { return reader.begin(); }), counted(expected()));
    }
  }
  EXPECT_EQ(facts(), 0u);
}
INSTANTIATE_TEST_SUITE_P(Lives, Corrections, testing::Range(1u, 9u));

} // namespace
} // namespace kepu::store
