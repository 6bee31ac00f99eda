// SPDX-License-Identifier: Apache-2.0
//
// Corrections, files that grow, kills: what the hub holds in the end.
#include "folder_fixture.hpp"

namespace venue_turnstile::tests {
namespace {

using Events = std::vector<std::string>;

TEST_F(Turnstile, NewContentUnderAKnownNameIsACorrection) {
  const std::string a = header + rows(1, 4), b = header + row(1, "out") + row(5);
  for (const char* mode : {"upsert", "replace"}) {
    hub = Hub();
    settings["on_change"] = mode;
    const bool replace = std::string(mode) == "replace";
    put("other.csv", header + row(9));
    put("x.csv", a);
    ASSERT_EQ(run(), KEPU_RUN_OK);
    const auto first = hub.facts;
    put("x.csv", b);
    ASSERT_EQ(run(), KEPU_RUN_OK);
    if (replace)
      EXPECT_THAT(events(), ElementsAre("E1", "E5", "E9"));
    else
      EXPECT_THAT(events(), ElementsAre("E1", "E2", "E3", "E5", "E9"));
    EXPECT_THAT(hub.facts["E1"].text, HasSubstr("|out|"));
    put("x.csv", a);
    ASSERT_EQ(run(), KEPU_RUN_OK);
    EXPECT_THAT(hub.facts["E1"].text, HasSubstr("|in|")) << "A, B, A ends as A";
    if (replace) {
      EXPECT_EQ(hub.facts, first);
    }
  }
}

TEST_F(Turnstile, AReplacementIsOnePartHoweverLong) {
  settings["on_change"] = "replace";
  settings["commit_rows"] = "10";
  put("x.csv", header + rows(0, 100));
  ASSERT_EQ(run(), KEPU_RUN_OK);
  EXPECT_EQ(calls("commit"), 11u);
  put("x.csv", header + rows(50, 150));
  ASSERT_EQ(run(), KEPU_RUN_OK);
  EXPECT_EQ(calls("commit"), 1u);
  EXPECT_EQ(hub.facts.size(), 100u);
}

TEST_F(Turnstile, AFileThatOnlyGrewIsReadOn) {
  for (const char* mode : {"upsert", "replace"}) {
    hub = Hub();
    settings["on_change"] = mode;
    put("x.csv", header + rows(2, 5));
    ASSERT_EQ(run(), KEPU_RUN_OK);
    hub.facts.clear(); // so that only what is read now is seen
    append("x.csv", rows(5, 8));
    ASSERT_EQ(run(), KEPU_RUN_OK);
    EXPECT_THAT(events(), ElementsAre("E5", "E6", "E7"));
    EXPECT_EQ(hub.facts["E5"].place, 5u);
    EXPECT_EQ(hub.facts["E7"].place, 7u);
    EXPECT_THAT(log(), HasSubstr("x.csv handed over, only what was added: 3 rows"));
  }
}

TEST_F(Turnstile, GrowthBeginsAgainAtTheRecordInWhichTheOldContentEnded) {
  struct Case {
    const char* what;
    std::string before, after;
    std::vector<std::string> read; // when it has grown, on_change = upsert
  };
  const std::string half = "E3,V01,1,in,2025-03-05 09:30:00,C";
  const Case cases[] = {
      {"without a line break", row(2) + half, "3\n" + row(4), {"E3", "E4"}},
      {"with the line break to come", row(2) + half, "\n" + row(4), {"E3", "E4"}},
      {"between CR and LF", row(2) + half + "\r", "\n" + row(4), {"E3", "E4"}},
      {"inside a quoted field", row(2) + "E3,\"V01\n", "x\",1,in,2025-03-05 09:30:00,C\n" + row(4), {"E3", "E4"}},
      {"after blank lines", row(2) + "\n\n", "\n" + row(6), {"E6"}},
      {"inside the header", "", "", {"E2"}},
  };
  for (const auto& c : cases) {
    const bool in_header = c.before.empty();
    const std::string first = in_header ? std::string(header).substr(0, 40) + "d" : header + c.before;
    const std::string second = in_header ? header + row(2) : first + c.after;
    for (const char* mode : {"upsert", "replace"}) {
      settings["on_change"] = mode;
      Hub fresh;
      put("x.csv", second);
      ASSERT_EQ(fresh.run(settings), KEPU_RUN_OK);

      hub = Hub();
      put("x.csv", first);
      ASSERT_EQ(run(), KEPU_RUN_OK) << c.what;
      put("x.csv", second);
      ASSERT_EQ(run(), KEPU_RUN_OK) << c.what;
      EXPECT_EQ(hub.facts, fresh.facts) << c.what << " " << mode;
    }
    settings["on_change"] = "upsert";
    hub = Hub();
    put("x.csv", first);
    ASSERT_EQ(run(), KEPU_RUN_OK);
    hub.facts.clear();
    put("x.csv", second);
    ASSERT_EQ(run(), KEPU_RUN_OK);
    EXPECT_EQ(events(), c.read) << c.what;
  }
}

TEST_F(Turnstile, AGrownFileWhoseBeginningChangedIsACorrection) {
  put("x.csv", header + rows(1, 3));
  ASSERT_EQ(run(), KEPU_RUN_OK);
  put("x.csv", header + row(1, "out") + row(2) + row(3));
  ASSERT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(hub.facts["E1"].text, HasSubstr("|out|"));
}

TEST_F(Turnstile, GrowthThatShowsAnotherEncodingReadsAllOfItAgain) {
  // C9 BD is 山 in GB18030 and ɽ in UTF-8; what follows is no UTF-8.
  const std::string before = header + std::string("E1,\xc9\xbd,1,in,2025-03-05 09:30:00,C\n");
  put("x.csv", before);
  ASSERT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(hub.facts["E1"].text, HasSubstr("ɽ"));
  append("x.csv", "E2,\xbf\xc6\xbc\xbc\xb9\xdd,1,in,2025-03-05 09:30:00,C\n");
  ASSERT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(hub.facts["E1"].text, HasSubstr("山"));
  EXPECT_THAT(hub.facts["E2"].text, HasSubstr("科技馆"));
}

TEST_F(Turnstile, AfterAKillReadingGoesOnInMidFile) {
  settings["commit_rows"] = "10";
  put("x.csv", header + rows(2, 102));
  hub.before_call = [&](size_t, const std::string& call) { return call != "commit" || hub.parts < 4; };
  EXPECT_EQ(run(), KEPU_RUN_CANCELLED);
  EXPECT_THAT(hub.cursor, Not(HasSubstr("x.csv"))); // it may hold a number of a person
  EXPECT_EQ(hub.facts.size(), 40u);
  hub.before_call = nullptr;
  const auto before = std::exchange(hub.facts, {});
  ASSERT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(hub.calls, Contains("begin_input x.csv resume"));
  EXPECT_EQ(hub.facts.size(), 60u) << "what was committed is not read again";
  EXPECT_FALSE(hub.facts.contains("E41"));
  EXPECT_EQ(hub.facts["E42"].place, 42u);
  EXPECT_EQ(hub.facts["E101"].place, 101u);
}

// The hub is gone at the Nth call, for every N, and once more in the run after it.
TEST_F(Turnstile, AKillAtAnyCallLosesAndDoublesNothing) {
  const std::string a = header + rows(1, 30), b = header + rows(20, 50, "out"), grown = b + rows(60, 75);
  for (const char* mode : {"upsert", "replace"}) {
    settings = {{"work_folder", folder.string()}, {"commit_rows", "7"}, {"on_change", mode}};
    for (const char* done : {"leave", "move"}) {
      settings["done"] = done;
      auto deliver = [&](int step) {
        if (step == 0) put("a.csv", a), put("b.csv", a.substr(0, a.size() / 2));
        if (step == 1) put("b.csv", b);
        if (step == 2) put("b.csv", grown);
      };
      auto clear = [&] {
        for (const auto& entry : fs::directory_iterator(folder))
          fs::remove_all(entry);
      };
      Hub calm;
      for (int step = 0; step < 3; ++step) {
        deliver(step);
        ASSERT_EQ(calm.run(settings), KEPU_RUN_OK);
      }
      clear();
      for (size_t n = 1;; ++n) {
        hub = Hub();
        bool killed = false;
        for (int step = 0; step < 3; ++step) {
          deliver(step);
          for (const size_t at : {n, n / 2}) {
            hub.before_call = [&, at](size_t number, const std::string&) { return at == 0 || number != at; };
            killed |= run() != KEPU_RUN_OK;
          }
          hub.before_call = nullptr;
          ASSERT_EQ(run(), KEPU_RUN_OK) << n;
        }
        EXPECT_EQ(hub.facts, calm.facts) << mode << ", " << done << ", killed at call " << n;
        clear();
        if (!killed) break;
      }
    }
  }
}

// Larger than what is read at a time, so that a change can come in between.
std::string long_content(const char* way, int rows_wanted) {
  std::string out = header;
  for (int i = 0; i < rows_wanted; ++i) {
    const std::string n = std::to_string(1'000'000 + i);
    out += "E" + n + ",V01,1," + way + ",2025-03-05 09:30:00,C" + n + "\n";
  }
  return out;
}

TEST_F(Turnstile, AFileThatChangesWhileItIsReadIsTakenAnewAndEndsExact) {
  constexpr int count = 20'000; // about 1 MB
  const std::string old_content = long_content("in", count), new_content = long_content("out", count - 100);
  for (const char* mode : {"upsert", "replace"}) {
    for (const bool in_place : {true, false}) {
      hub = Hub();
      settings["on_change"] = mode;
      settings["commit_rows"] = "3000";
      put("x.csv", old_content);
      bool changed = false;
      hub.before_call = [&](size_t, const std::string& call) {
        if (call != "commit" || changed) return true;
        changed = true;
        if (in_place) {
          std::ofstream(folder / "x.csv", std::ios::binary | std::ios::in | std::ios::out) << new_content;
          fs::resize_file(folder / "x.csv", new_content.size());
        } else {
          fs::resize_file(folder / "x.csv", 10); // cut short: must not end the process
        }
        return true;
      };
      EXPECT_EQ(run(), KEPU_RUN_BAD_DATA) << mode;
      EXPECT_THAT(hub.text, HasSubstr("x.csv changed while it was read"));
      for (const auto& [key, fact] : hub.facts)
        ASSERT_THAT(fact.text, HasSubstr("|in|")) << "nothing of the new one";
      hub.before_call = nullptr;
      put("x.csv", new_content);
      ASSERT_EQ(run(), KEPU_RUN_OK);
      size_t in = 0;
      for (const auto& [key, fact] : hub.facts)
        in += fact.text.find("|in|") != std::string::npos;
      EXPECT_EQ(in, 0u) << "rows of the unfinished content are corrected or replaced";
      EXPECT_EQ(hub.facts.size(), size_t(count - 100));
    }
  }
}

TEST_F(Turnstile, WhatAnUnfinishedContentLeftIsReplacedToo) {
  settings["on_change"] = "replace";
  settings["commit_rows"] = "5";
  put("x.csv", header + rows(0, 50));
  hub.before_call = [&](size_t, const std::string&) { return hub.parts < 3; };
  EXPECT_NE(run(), KEPU_RUN_OK);
  EXPECT_EQ(hub.facts.size(), 15u);
  hub.before_call = nullptr;
  put("w.csv", header + row(90)); // another file in between: the bookmark forgets x.csv's place
  put("x.csv", header + row(91));
  ASSERT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(events(), ElementsAre("E90", "E91"));
}

} // namespace
} // namespace venue_turnstile::tests
