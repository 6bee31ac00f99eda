// The C++ wrapper: what authors' mistakes become, and that buffers keep what they are given.
#include "diary.hpp"

#include <kepu/testing/fake_hub.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

extern "C" const kepu_entry kepu_connector_entry;

namespace {

using kepu::testing::FakeHub;
using testing::HasSubstr;

kepu::host::Outcome run_with(const std::string& greeting, std::function<void(kepu::Host&)> instead = nullptr) {
  diary::reset();
  diary::instead = std::move(instead);
  FakeHub hub(kepu_connector_entry);
  hub.settings = {{"greeting", greeting}};
  return hub.run();
}

TEST(Wrapper, WhatConstructorsThrowBecomesTheOutcome) {
  const struct {
    const char* greeting;
    int32_t status;
    const char* said;
  } table[] = {{"refuse", KEPU_RUN_BAD_CONFIG, "the greeting is refused"},
               {"throw", KEPU_RUN_BUG, "the constructor threw an exception: thrown"},
               {"absent", KEPU_RUN_BAD_CONFIG, "setting wait is not given and has no default"},
               {"mistyped", KEPU_RUN_BUG, "setting greeting is declared with another type"}};
  for (const auto& c : table) {
    const auto outcome = run_with(c.greeting);
    EXPECT_EQ(outcome.status, c.status) << c.greeting;
    EXPECT_THAT(outcome.text, HasSubstr(c.said));
  }
}

TEST(Wrapper, WhatRunThrowsBecomesTheOutcome) {
  const struct {
    std::function<void(kepu::Host&)> act;
    int32_t status;
    const char* said;
  } table[] = {
      {[](kepu::Host&) { throw std::runtime_error("disk"); }, KEPU_RUN_BUG, "run threw an exception: disk"},
      {[](kepu::Host&) { throw 7; }, KEPU_RUN_BUG, "run threw something"},
      {[](kepu::Host&) { throw kepu::Ended(kepu::Outcome::retry("the server is off")); }, KEPU_RUN_RETRY,
       "the server is off"},
      {[](kepu::Host& h) { h.rows("entrees"); }, KEPU_RUN_BUG,
       "dataset entrees is neither in the descriptor nor declared"},
      {[](kepu::Host& h) {
         h.rows("entries").row().text("a").null();
         h.commit("");
       },
       KEPU_RUN_BUG, "a row of dataset entries has 2 cells, its 4 fields need one each"},
      {[](kepu::Host& h) { h.rows("entries").row().text("a").row(); }, KEPU_RUN_BUG, "has 1 cells"},
      {[](kepu::Host& h) { h.rows("entries").row().text("a").null().null().null().null(); }, KEPU_RUN_BUG,
       "one more than its 4 fields"},
      {[](kepu::Host& h) { h.rows("entries").text("a"); }, KEPU_RUN_BUG, "comes before row()"},
      {[](kepu::Host& h) { h.end_input(); }, KEPU_RUN_BUG, "end_input: no input is open"},
      {[](kepu::Host& h) { h.commit(std::string(100000, 'c')); }, KEPU_RUN_BUG,
       "commit: a limit of the contract was passed"},
      {[](kepu::Host& h) {
         const kepu_cell c = kepu::cell::null();
         h.emit(diary::entries, {&c, 1});
       },
       KEPU_RUN_BUG, "do not make whole rows"},
  };
  for (const auto& c : table) {
    const auto outcome = run_with("hi", c.act);
    EXPECT_EQ(outcome.status, c.status) << c.said;
    EXPECT_THAT(outcome.text, HasSubstr(c.said));
  }
}

TEST(Wrapper, BuffersKeepTextsUntilTheyAreHandedOver) {
  diary::reset();
  constexpr int64_t count = 5000; // several batches
  diary::instead = [](kepu::Host& host) {
    kepu::Rows& rows = host.rows(diary::entries);
    std::string text;
    for (int64_t i = 0; i < count; ++i) {
      text = std::to_string(i) + std::string(static_cast<size_t>(i % 900), 'x');
      rows.row(static_cast<uint64_t>(i) + 2).text(text).decimal(i).null().null();
      text.assign(text.size(), '?');
      if (i % 10 == 9) { // a row that turns out wrong half-way
        rows.row(1).text("dropped");
        rows.drop_row();
      }
    }
    host.commit("");
  };
  FakeHub hub(kepu_connector_entry);
  EXPECT_EQ(hub.run().status, KEPU_RUN_OK);
  ASSERT_EQ(hub.lines().size(), static_cast<size_t>(count) + 1);
  for (int64_t i = 0; i < count; ++i) {
    const auto& line = hub.lines()[static_cast<size_t>(i)];
    ASSERT_EQ(line.substr(0, line.find(" value")), "row entries " + std::to_string(i + 2) + ": key=\"" +
                                                       std::to_string(i) +
                                                       std::string(static_cast<size_t>(i % 900), 'x') + "\"");
  }
}

TEST(Wrapper, ATextOfAnySizeIsRejectedWithItsSizeAndNotTornApart) {
  diary::reset();
  diary::instead = [](kepu::Host& host) {
    const std::string huge(10u << 20, 'x');
    host.rows(diary::entries).row(7).text(huge).null().null().null();
    host.rows(diary::entries).row(8).borrowed(huge).null().null().null();
    host.rows(diary::entries).row(9).text("short").null().null().null();
    host.commit("");
  };
  FakeHub hub(kepu_connector_entry);
  EXPECT_EQ(hub.run().status, KEPU_RUN_OK);
  ASSERT_EQ(hub.lines().size(), 4u);
  EXPECT_THAT(hub.lines()[0], HasSubstr("reject 7 key too_long: key has 10485760 bytes, at most 65536"));
  EXPECT_THAT(hub.lines()[1], HasSubstr("reject 8 key too_long: key has 10485760 bytes, at most 65536"));
  EXPECT_THAT(hub.lines()[2], HasSubstr("row entries 9: key=\"short\""));
}

TEST(Wrapper, TheLowLevelPathTakesCellsAsTheyAre) {
  diary::reset();
  diary::instead = [](kepu::Host& host) {
    const kepu_cell none = kepu::cell::null();
    const kepu_cell cells[] = {kepu::cell::text("a"), kepu::cell::of(KEPU_DECIMAL, 5), none, none,
                               kepu::cell::text("b"), kepu::cell::of(KEPU_DECIMAL, 6), none, none};
    const uint64_t places[] = {4, 9};
    host.emit(diary::entries, cells, places);
    host.commit("");
  };
  FakeHub hub(kepu_connector_entry);
  EXPECT_EQ(hub.run().status, KEPU_RUN_OK);
  EXPECT_THAT(hub.lines(), testing::ElementsAre("row entries 4: key=\"a\" value=0.5",
                                                "row entries 9: key=\"b\" value=0.6", "commit cursor=\"\""));
}

} // namespace
