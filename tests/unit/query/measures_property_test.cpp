// Random lives of a store with every measure, against a recount of the rows by hand; and answers of the past once more.
#include "measures_fixture.hpp"

#include "query/figure.hpp"

#include <random>
#include <set>
#include <tuple>

namespace {

using namespace kepu;
using model::Day;
using model::Freq;
using model::Period;
using test::Row;

// What runs said, in order; what holds is what runs that were not withdrawn said last of each key.
struct Said {
  uint64_t run;
  std::string source;
  std::string dataset;
  std::string key;
  std::optional<Row> row; // nullopt: taken away
};
struct Held {
  std::string source;
  Row row;
};

struct Figure {
  std::optional<__int128> value; // nullopt: not known
  uint32_t carried = 0;
  uint32_t missing = 0;
  uint32_t differing = 0;
};
using Figures = std::map<std::pair<int32_t, std::string>, Figure>; // by period and group

const std::map<std::string, std::string> names{{"水井坊街道", "510104001"}, {"盐市口街道", "510104002"}};

// Where an area counts on a day; "" where there is none.
std::string placed(std::string area, Day day) {
  if (const auto code = names.find(area); code != names.end()) area = code->second;
  if (day <= test::day("2019-12-24")) return area;
  if (area == "510104001") return "510104017";
  return area == "510104002" ? "510104" : area;
}
std::string subdistrict(const std::string& area) { return area.size() >= 9 ? area.substr(0, 9) : ""; }

class RandomMeasures : public test::MeasuresStore, public testing::WithParamInterface<int> {
protected:
  int pick(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }
  template <class T> const T& any(const std::vector<T>& all) {
    return all[static_cast<size_t>(pick(static_cast<int>(all.size())))];
  }

  std::vector<Held> held(const std::string& dataset) const {
    std::map<std::pair<std::string, std::string>, std::optional<Row>> now;
    for (const auto& one : said_) {
      if (one.dataset == dataset && !withdrawn_.contains(one.run)) now[{one.source, one.key}] = one.row;
    }
    std::vector<Held> out;
    for (auto& [key, row] : now)
      if (row) out.push_back({key.first, *row});
    return out;
  }

  // ---- a life ----

  std::string day_text() { return model::day_text(test::day("2019-06-01") + pick(2300)); }
  Row row_of(const std::string& dataset, const std::string& key) {
    Row row;
    const std::vector<std::string> places{"510104",       "510104017",  "510104020", "510104017001",
                                          "510104020001", "水井坊街道", "盐市口街道"};
    if (dataset != "lessons" && pick(8)) row["place"] = any(places);
    if (dataset == "members") {
      if (pick(10)) row["member"] = "m" + std::to_string(pick(6));
      row["since"] = day_text();
      if (pick(2)) row["left"] = day_text();
    } else if (dataset == "fans") {
      // One value an account and day, so that none of two is the later one.
      row["account"] = key.substr(0, 1);
      row["day"] = model::day_text(test::day("2019-06-01") + std::stoi(key.substr(1)) * 37);
      if (pick(8)) row["number"] = std::to_string(pick(50));
    } else if (dataset == "returns") {
      const auto period = model::period_of(test::day("2019-06-01") + pick(2300),
                                           any<Freq>({Freq::month, Freq::quarter, Freq::year, Freq::week, Freq::day}));
      row["period"] = period.text();
      if (pick(6)) row["sessions"] = std::to_string(pick(9));
      if (pick(6)) row["hours"] = std::to_string(pick(99));
      if (pick(2)) row["kind"] = pick(2) ? "x" : "y";
    } else {
      row["school"] = "S" + std::to_string(1 + pick(5));
      row["day"] = day_text();
      if (pick(4)) row["teacher"] = "T" + std::to_string(pick(3));
    }
    return row;
  }

  void live() {
    const auto source = any<std::string>({"bureau", "platform", "other"});
    const auto dataset = any<std::string>({"members", "fans", "returns", "lessons"});
    std::map<std::string, Row> rows;
    std::vector<std::string> gone;
    for (int i = pick(8); i >= 0; --i) {
      const auto key = std::string(1, static_cast<char>('a' + pick(3))) + std::to_string(pick(50));
      if (pick(6)) {
        rows[key] = row_of(dataset, key);
      } else if (!rows.contains(key)) {
        gone.push_back(key);
      }
    }
    std::erase_if(gone, [&](const std::string& key) { return rows.contains(key); });
    put(source, dataset, rows, gone);
    const auto run = last_run(source);
    for (const auto& [key, row] : rows)
      said_.push_back({run, source, dataset, key, row});
    for (const auto& key : gone)
      said_.push_back({run, source, dataset, key, std::nullopt});
    if (pick(8) == 0) withdraw();
    if (pick(20) == 0) {
      close();
      open();
    }
    clock_.advance(std::chrono::minutes(1));
  }
  uint64_t last_run(const std::string& source) {
    auto reader = readers_->open().value();
    const auto moment = reader->begin();
    const query::MomentEnd end(*reader);
    return reader->last_run(source).value()->run;
  }
  void withdraw() {
    std::set<uint64_t> runs;
    for (const auto& one : said_)
      if (!withdrawn_.contains(one.run)) runs.insert(one.run);
    if (runs.empty()) return;
    const auto run = *std::next(runs.begin(), pick(static_cast<int>(runs.size())));
    auto work = writer_->withdraw_run(run);
    ASSERT_TRUE(work) << work.error().text;
    for (bool done = false; !done;) {
      const auto stepped = (*work)->step();
      ASSERT_TRUE(stepped) << stepped.error().text;
      done = *stepped;
    }
    withdrawn_.insert(run);
  }

  // ---- a recount ----

  std::string group_of(const std::string& area, bool grouped) const { return grouped ? subdistrict(area) : ""; }
  std::vector<std::pair<Period, Day>> moments(Day first,
                                              Freq freq) const { // periods until today, and where each is judged
    std::vector<std::pair<Period, Day>> out;
    for (auto period = model::period_of(first, freq); period.first_day() <= today_; ++period.index)
      out.emplace_back(period, std::min(period.last_day(), today_));
    return out;
  }

  Figures members(Freq freq, bool grouped) const {
    std::map<std::pair<int32_t, std::string>, std::set<std::string>> sets;
    for (const auto& one : held("members")) {
      const auto& row = one.row;
      if (!row.contains("member")) continue;
      const auto since = test::day(row.at("since").c_str());
      for (const auto& [period, moment] : moments(since, freq)) {
        const auto area = row.contains("place") ? placed(row.at("place"), moment) : "";
        if (row.contains("left") && test::day(row.at("left").c_str()) <= moment) continue;
        sets[{period.index, group_of(area, grouped)}].insert(row.at("member"));
      }
    }
    Figures out;
    for (const auto& [at, set] : sets)
      out[at].value = static_cast<__int128>(set.size());
    return out;
  }

  Figures fans(Freq freq, bool grouped) const {
    // A teller is known by its source, its account and the words for its place; the value counts where that lay then.
    struct Value {
      int64_t number;
      std::string area;
    };
    std::map<std::tuple<std::string, std::string, std::string>, std::map<Day, Value>> tellers;
    for (const auto& one : held("fans")) {
      if (!one.row.contains("number")) continue;
      const auto day = test::day(one.row.at("day").c_str());
      const auto place = one.row.contains("place") ? one.row.at("place") : "";
      const auto area = place.empty() ? "" : placed(place, day);
      tellers[{one.source, one.row.at("account"), place}][day] = {std::stoll(one.row.at("number")), area};
    }
    Figures out;
    std::map<std::pair<int32_t, std::string>, uint32_t> missing;
    for (const auto& [key, values] : tellers) {
      for (const auto& [period, moment] : moments(values.begin()->first, freq)) {
        const auto last = std::prev(values.upper_bound(moment));
        const std::pair at(period.index, group_of(last->second.area, grouped));
        const bool own = last->first >= period.first_day();
        if (!own && moment - last->first > 40) {
          ++missing[at];
          continue;
        }
        out[at].value = out[at].value.value_or(0) + last->second.number;
        out[at].carried += !own;
      }
    }
    for (auto& [at, figure] : out)
      if (const auto found = missing.find(at); found != missing.end()) figure.missing = found->second;
    return out;
  }

  // Of returns: what each source says for a cell of the grain, and what is added to which figure.
  Figures returns(const std::string& field, Freq freq, bool grouped, model::Join join) const {
    struct Piece {
      std::string source;
      Period period;
      std::string area;
      int64_t value;
    };
    std::vector<Piece> pieces;
    for (const auto& one : held("returns")) {
      if (!one.row.contains(field)) continue;
      const auto period = model::parse_period(one.row.at("period")).value();
      const auto area = one.row.contains("place") ? placed(one.row.at("place"), period.first_day()) : "";
      pieces.push_back({one.source, period, area, std::stoll(one.row.at(field))});
    }
    Figures out;
    if (join == model::Join::sum) {
      for (const auto& piece : pieces) {
        if (!tiles(piece.period.freq, freq)) continue;
        auto& value = out[{period_in(piece.period, freq), group_of(piece.area, grouped)}].value;
        value = value.value_or(0) + piece.value;
      }
      return out;
    }
    // What does not tile a quarter is compared with what is told for the same period.
    using Grain = std::tuple<Freq, int32_t, std::string>;
    std::map<Grain, std::map<std::string, int64_t>> grain;
    const auto grain_of = [&](const Piece& piece) {
      const auto of = tiles(piece.period.freq, Freq::quarter) ? Freq::quarter : piece.period.freq;
      return Grain(of, period_in(piece.period, of), piece.area);
    };
    for (const auto& piece : pieces)
      if (piece.source != "other") grain[grain_of(piece)][piece.source] += piece.value;
    std::set<std::pair<std::pair<int32_t, std::string>, Grain>> counted;
    std::set<std::pair<int32_t, std::string>> unknown;
    for (const auto& piece : pieces) {
      if (piece.source == "other" || !tiles(piece.period.freq, freq)) continue;
      const auto& said = grain.at(grain_of(piece));
      const bool differs = said.size() == 2 && said.begin()->second != said.rbegin()->second;
      const std::pair at(period_in(piece.period, freq), group_of(piece.area, grouped));
      if (differs && counted.insert({at, grain_of(piece)}).second) ++out[at].differing;
      if (differs && join == model::Join::compare) unknown.insert(at);
      if ((!differs || join == model::Join::prefer) && piece.source == said.begin()->first) // "bureau" comes first
        out[at].value = out[at].value.value_or(0) + piece.value;
    }
    for (auto& [at, figure] : out) {
      if (!figure.value) figure.value = 0;
      if (unknown.contains(at)) figure.value.reset();
    }
    return out;
  }
  static int32_t period_in(const Period& period, Freq freq) { return model::period_of(period.first_day(), freq).index; }

  Figures schools(Freq freq, bool grouped, bool share) const {
    std::map<std::pair<int32_t, std::string>, int> lessons;
    std::map<std::pair<int32_t, std::string>, std::set<std::string>> teachers;
    std::set<int32_t> days;
    for (const auto& one : held("lessons")) {
      const auto index = model::period_of(test::day(one.row.at("day").c_str()), freq).index;
      days.insert(index);
      ++lessons[{index, one.row.at("school")}];
      if (one.row.contains("teacher")) teachers[{index, one.row.at("school")}].insert(one.row.at("teacher"));
    }
    Figures out;
    if (days.empty()) return out;
    std::map<std::pair<int32_t, std::string>, std::pair<int, int>> counts;
    for (int32_t index = *days.begin(); index <= *days.rbegin(); ++index) {
      const Period period{freq, index};
      for (const auto& entry : catalog_->registers.at("schools").all()) {
        if (!entry.valid_in(period.first_day(), period.last_day()) || (!share && entry.kind != "primary")) continue;
        auto& [met, all] = counts[{index, group_of(entry.area, grouped)}];
        ++all;
        const auto key = std::pair(index, entry.code);
        const int taught = lessons.contains(key) ? lessons.at(key) : 0;
        const bool few = teachers.contains(key) && teachers.at(key).size() <= 1;
        met += share ? taught >= 2 : taught >= 1 && few;
      }
    }
    for (const auto& [at, count] : counts)
      out[at].value = share ? rounded(count.first * __int128{100}, count.second) : __int128{count.first};
    return out;
  }

  Figures ratio(Freq freq, bool grouped) const {
    const auto hours = returns("hours", freq, grouped, model::Join::sum);
    Figures out;
    for (const auto& [at, sessions] : returns("sessions", freq, grouped, model::Join::sum)) {
      const auto found = hours.find(at);
      if (found == hours.end()) continue;
      out[at].value.reset();
      if (*sessions.value != 0) out[at].value = rounded(*found->second.value, *sessions.value * 10);
    }
    return out;
  }
  static __int128 rounded(__int128 above, __int128 below) { // to 6 decimals; none of the numbers here is negative
    return (above * 2'000'000 + below) / (below * 2);
  }

  Figures expected(const std::string& indicator, Freq freq, bool grouped) const {
    if (indicator == "members") return members(freq, grouped);
    if (indicator == "fans") return fans(freq, grouped);
    if (indicator == "sessions.preferred") return returns("sessions", freq, grouped, model::Join::prefer);
    if (indicator == "sessions.compared") return returns("sessions", freq, grouped, model::Join::compare);
    if (indicator == "schools.covered") return schools(freq, grouped, true);
    if (indicator == "schools.equipped") return schools(freq, grouped, false);
    if (indicator == "hours.per_session") return ratio(freq, grouped);
    return returns(indicator, freq, grouped, model::Join::sum);
  }

  std::mt19937 random_{static_cast<uint32_t>(GetParam())};
  std::vector<Said> said_;
  std::set<uint64_t> withdrawn_;
};

TEST_P(RandomMeasures, EqualARecountOfTheRowsAlsoAsTheyWere) {
  const std::vector<std::string> indicators{"members",
                                            "fans",
                                            "sessions",
                                            "hours",
                                            "sessions.preferred",
                                            "sessions.compared",
                                            "schools.covered",
                                            "schools.equipped",
                                            "hours.per_session"};
  const std::vector<Freq> freqs{Freq::day, Freq::week, Freq::month, Freq::quarter, Freq::half, Freq::year};
  struct Recorded {
    query::ObservationQuery query;
    Instant at;
    std::string answer;
  };
  std::vector<Recorded> recorded;
  for (int step = 0; step < 60; ++step) {
    live();
    const auto& indicator = any(indicators);
    const auto freq = any(freqs);
    const bool grouped = pick(2);
    auto query = of(indicator, freq, grouped ? std::vector<std::string>{"subdistrict"} : std::vector<std::string>{});
    query.limit = query::max_limit;
    const auto found = ask(query);
    ASSERT_TRUE(found) << found.error().text;
    const auto wanted = expected(indicator, freq, grouped);
    const std::string what =
        indicator + " " + model::letter(freq) + (grouped ? " by subdistrict" : "") + " step " + std::to_string(step);
    ASSERT_EQ(found->rows.size(), wanted.size()) << what << "\n" << shown(*found);
    for (const auto& row : found->rows) {
      const auto at = wanted.find({row.period.index, grouped ? found->by(row)[0] : ""});
      ASSERT_NE(at, wanted.end()) << what << " " << row.period.text() << " " << (grouped ? found->by(row)[0] : "");
      const std::string where = what + " " + row.period.text() + " " + at->first.second;
      ASSERT_EQ(row.is_known, at->second.value.has_value()) << where;
      if (row.is_known) {
        ASSERT_TRUE(row.value == *at->second.value) << where << ": " << decimal(row.value, found->scale) << ", not "
                                                    << decimal(*at->second.value, found->scale);
      }
      ASSERT_EQ(row.carried, at->second.carried) << where;
      ASSERT_EQ(row.missing, at->second.missing) << where;
      ASSERT_EQ(row.differing, at->second.differing) << where;
    }
    recorded.push_back({query, clock_.now() - std::chrono::seconds(1), shown(*found)});
  }
  for (const auto& one : recorded)
    ASSERT_EQ(answer(one.query, one.at), one.answer) << one.query.indicator;
  const auto verified = store::verify(file(), zone_);
  ASSERT_TRUE(verified) << verified.error().text;
  EXPECT_EQ(*verified, std::vector<std::string>{});
}

// Walks a figure's past page by page; every state must be what was answered as of then, and between two of them nothing
// else was.
TEST_P(RandomMeasures, TellTheirPastAsItWasAnswered) {
  for (int step = 0; step < 40; ++step)
    live();
  auto reader = readers_->open().value();
  const auto now = reader->begin().value();
  const query::MomentEnd end(*reader);
  for (const char* indicator : {"members", "fans", "sessions", "sessions.preferred", "sessions.compared",
                                "schools.covered", "hours.per_session"}) {
    auto query = of(indicator, Freq::year);
    query.from = query.to = model::parse_period("2023").value();
    query.limit = 3;
    std::vector<store::FigureState> states;
    for (int page = 0; page < 40; ++page) {
      ASSERT_TRUE(reader->stand_at(now.seq));
      const auto found = query::history_within(*reader, now, query);
      ASSERT_TRUE(found) << indicator << ": " << found.error().text;
      ASSERT_LE(found->states.size(), query.limit);
      states.insert(states.end(), found->states.begin(), found->states.end());
      query.after = found->next;
      if (query.after.empty()) break;
    }
    query.after.clear();
    const auto value_at = [&](store::Seq commit) {
      EXPECT_TRUE(reader->stand_at(commit));
      const auto found = query::observe_within(*reader, now, query).value();
      return found.rows.empty() || !found.rows[0].is_known ? std::string("none")
                                                           : decimal(found.rows[0].value, found.scale);
    };
    std::map<store::Seq, std::string> told{{0, "none"}};
    for (const auto& state : states)
      told[state.commit.seq] = state.has_value ? decimal(state.value, state.scale) : "none";
    for (store::Seq commit = 1; commit <= now.seq; ++commit)
      ASSERT_EQ(std::prev(told.upper_bound(commit))->second, value_at(commit)) << indicator << " at " << commit;
    for (size_t i = 1; i < states.size(); ++i) {
      ASSERT_TRUE(states[i].until) << indicator;
      EXPECT_EQ(states[i].until->seq, states[i - 1].commit.seq) << indicator;
    }
  }
}

TEST_P(RandomMeasures, NameTheFactsThatTheyAreMadeOf) {
  for (int step = 0; step < 40; ++step)
    live();
  auto reader = readers_->open().value();
  ASSERT_TRUE(reader->begin());
  const query::MomentEnd end(*reader);
  for (const char* indicator :
       {"members", "fans", "fans.preferred", "sessions", "sessions.preferred", "sessions.compared", "hours"}) {
    auto query = of(indicator, Freq::year);
    for (const char* year : {"2019", "2021", "2024", "2025"}) {
      query.from = query.to = model::parse_period(year).value();
      query.limit = 1000;
      uint64_t visited = 0;
      __int128 sum = 0;
      const auto& fields = catalog_->dataset(catalog_->indicator(indicator)->dataset)->contract.fields;
      const auto found = query::explain_within(*reader, query, [&](const store::CountedFact& fact) {
        ++visited;
        for (size_t i = 0; i < fields.size(); ++i)
          if (fields[i].name == catalog_->indicator(indicator)->field) sum += fact.cells[i].number;
        return true;
      });
      ASSERT_TRUE(found) << found.error().text;
      EXPECT_EQ(visited, found->figure ? found->figure->n : 0) << indicator << " " << year;
      EXPECT_EQ(found->facts.facts, visited);
      if (found->figure && found->figure->is_known && std::string(indicator) != "members") {
        EXPECT_TRUE(sum == found->figure->value) << indicator;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Lives, RandomMeasures, testing::Range(1, 7));

} // namespace
