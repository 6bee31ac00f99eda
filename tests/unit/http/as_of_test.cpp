// Answers recorded while a store lived, against those that as_of gives afterwards: byte for byte.
#include "http/handle.hpp"

#include "base/percent.hpp"
#include "grammar.hpp"
#include "hub.hpp"
#include "support/life.hpp"

#include <gtest/gtest.h>

#include <regex>

namespace kepu::http::test {
namespace {

struct Answer {
  int status = 0;
  std::string body;
  std::string next; // link; empty: none
  bool operator==(const Answer&) const = default;
};

// What must differ is taken out: the echo of as_of, in `meta` and in the link to the next page, whose cursor belongs to
// the question with its as_of.
std::string without_echo(const std::string& body) {
  static const std::regex echo(R"re("as_of":(null|"[^"]*"),?|"as_of_label":"[^"]*",?|"as_of_commit":\d+,?)re");
  static const std::regex next(R"re("next":"[^"]*")re");
  static const std::regex comma(R"re(,\})re");
  return std::regex_replace(std::regex_replace(std::regex_replace(body, echo, ""), next, R"("next":"…")"), comma, "}");
}

class LivingHub {
public:
  explicit LivingHub(uint32_t seed) : life(seed) {
    SourceStatus gates;
    gates.id = "gates";
    SourceStatus other;
    other.id = "other";
    control.all = {gates, other};
  }

  Response response(const std::string& target) {
    Request request;
    request.method = "GET";
    request.target = target;
    return response(request);
  }
  Response response(const Request& request) {
    auto reader = life.readers->open().value();
    Context context;
    context.zone = &life.zone;
    context.version = "0.1.0";
    context.now = life.clock.now();
    return handle(request, *reader, control, context);
  }
  Answer ask(const std::string& target) {
    const auto found = response(target);
    Answer out{found.status, found.status == 200 ? without_echo(*found.body) : *found.body, ""};
    const auto link = header(found, "link");
    if (!link.empty()) out.next = link.substr(1, link.find('>') - 1);
    return out;
  }
  // Every page.
  std::vector<Answer> ask_all(std::string target) {
    std::vector<Answer> out;
    do {
      out.push_back(ask(target));
      target = std::exchange(out.back().next, "");
    } while (!target.empty());
    return out;
  }

  std::string question() {
    const auto any = [&](std::initializer_list<const char*> words) {
      return std::string(*(words.begin() + static_cast<std::ptrdiff_t>(life.pick(words.size()))));
    };
    const auto day = [&] {
      return model::day_text(kepu::test::Life::first_day + static_cast<model::Day>(life.pick(40)));
    };
    std::string out;
    switch (life.pick(5)) {
    case 0:
      return "/api/v1/indicators?";
    case 1:
      return "/api/v1/indicators/" + any({"venue.visits", "venue.visitors", "venue.income", "plain.count"}) + "?";
    case 2:
      out = any({"/api/v1/explain?", "/api/v1/history?"}) +
            "period=" + any({"2025-03", "2025", "2025-Q1", "2025-W10"}) + "&limit=" + any({"5", "40", "1000"}) + "&";
      break;
    default:
      out = "/api/v1/observations?freq=" + any({"D", "W", "M", "Q", "S", "A"}) + "&";
      if (life.pick(2))
        out += "by=" + any({"venue", "subdistrict", "area,gate", "venue,gate", "community,venue"}) + "&";
      if (life.pick(3) == 0) out += "from=" + day().substr(0, 7) + "&";
      if (life.pick(3) == 0) out += "limit=" + any({"3", "10"}) + "&";
      if (life.pick(2))
        out += "columns=" + any({"n,labels,unit", "labels,approximate,repaired,provisional", "period_start,n"}) + "&";
      break;
    }
    out += "indicator=" + any({"venue.visits", "venue.visitors", "venue.income", "plain.count"}) + "&";
    if (life.pick(3) == 0) out += "area=" + any({"510104017", "510104020", "510104"}) + "&";
    if (life.pick(3) == 0)
      out += any({"venue=V01", "venue=%E7%A7%91%E6%8A%80%E9%A6%86", "venue=V04", "venue=X3", "venue=X7", "gate=G1",
                  "gate=G2", "gate="}) +
             "&";
    if (life.pick(4) == 0) out += "source=" + any({"gates", "other"}) + "&";
    if (life.pick(4) == 0) out += "lang=en&";
    if (life.pick(4) == 0) out += "format=csv&";
    return out;
  }

  kepu::test::Life life;
  FakeControl control;
};

TEST(LivingStore, IsNeverAskedWhatMakesItFail) {
  LivingHub hub(11);
  Grammar grammar(2026);
  std::map<int, int> statuses;
  for (int i = 0; i < 600; ++i) {
    if (i % 10 == 0) hub.life.step();
    const auto request = grammar.next();
    const auto response = hub.response(request);
    ++statuses[response.status];
    ASSERT_LT(response.status, 500) << request.method << " " << request.target << " " << *response.body;
    // A question that has a meaning, and parameters that may have none.
    const auto mark = request.target.find('?');
    const auto more = mark == std::string::npos ? "" : request.target.substr(mark + 1);
    const auto mixed = hub.response(hub.question() + more);
    ++statuses[mixed.status];
    ASSERT_LT(mixed.status, 500) << more << " " << *mixed.body;
  }
  EXPECT_GT(statuses[200], 10);
  EXPECT_GT(statuses[422], 50);
}

class AsOf : public testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Lives, AsOf, testing::Values(1, 2, 3));

TEST_P(AsOf, GivesAgainWhatWasAnsweredThenByteForByte) {
  LivingHub hub(GetParam());
  struct Recorded {
    std::string target;
    std::string as_of;
    std::vector<Answer> answers;
  };
  std::vector<Recorded> all;
  std::map<int, int> statuses;
  size_t bytes = 0;
  for (int round = 0; round < 60; ++round) {
    hub.life.step();
    // A commit may come at the same moment as the one before: only the last of a moment is asked for by its time.
    if (round % 2) continue;
    hub.life.clock.advance(std::chrono::microseconds(1));
    auto now = to_micros(hub.life.clock.now());
    std::string label = "moment " + std::to_string(round);
    hub.life.clock.advance(std::chrono::seconds(1));
    for (int i = 0; i < 8; ++i) {
      const auto target = hub.question();
      auto answers = hub.ask_all(target);
      ++statuses[answers.front().status];
      for (const auto& answer : answers)
        bytes += answer.body.size();
      std::string as_of = "as_of=" + percent_encoded(model::Zone::find("UTC")->text(from_micros(now)));
      if (i % 2) as_of = "as_of=label:" + percent_encoded(label);
      all.push_back({target, as_of, std::move(answers)});
    }
    ASSERT_TRUE(hub.life.writer->label(hub.life.writer->latest().load(), label, false));
  }
  EXPECT_GT(statuses[200], 150);
  EXPECT_GT(bytes, 100'000u);
  for (const auto& one : all) {
    const auto again = hub.ask_all(one.target + one.as_of);
    ASSERT_EQ(again.size(), one.answers.size()) << one.target << one.as_of;
    for (size_t i = 0; i < again.size(); ++i) {
      EXPECT_EQ(again[i].status, one.answers[i].status) << one.target << one.as_of;
      EXPECT_EQ(again[i].body, one.answers[i].body) << one.target << one.as_of;
    }
  }
}

TEST(AsOf, ASourceThatIsTakenAwayChangesNoEarlierAnswer) {
  LivingHub hub(1);
  hub.life.step();
  SourceStatus idle;
  idle.id = "idle";
  hub.control.all.push_back(idle);
  for (const std::string what : {"observations?freq=A", "history?period=2025", "explain?period=2025"}) {
    const auto now = "/api/v1/" + what + "&indicator=plain.count&source=idle";
    const auto then = now + "&as_of=" + percent_encoded(hub.life.zone.text(hub.life.clock.now()));
    hub.control.all.resize(3, idle);
    const auto answered = hub.ask(then);
    EXPECT_EQ(answered.status, 200) << answered.body;
    EXPECT_EQ(hub.ask(now), answered);
    hub.control.all.pop_back();
    EXPECT_EQ(hub.ask(then), answered);
    EXPECT_EQ(hub.ask(now).status, 404) << "of the present a name may be misspelt";
  }
}

} // namespace
} // namespace kepu::http::test
