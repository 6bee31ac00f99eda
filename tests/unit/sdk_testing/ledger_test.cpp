#include <kepu/testing/ledger.hpp>

#include <gtest/gtest.h>

namespace {

using kepu::testing::Ledger;

kepu::host::Input input(const std::string& name, uint8_t content) { return {name, 100u + content, {content}}; }

void take(Ledger& ledger, const std::string& name, uint8_t content) {
  ASSERT_EQ(ledger.begin(input(name, content)).decision, KEPU_TAKE) << name;
  ledger.end();
  ledger.commit();
}

TEST(Ledger, TheLatestContentUnderANameIsKnown) {
  Ledger ledger;
  take(ledger, "a", 1);
  EXPECT_EQ(ledger.begin(input("a", 1)).decision, KEPU_KNOWN);
  EXPECT_EQ(ledger.open_input(), "");
}

TEST(Ledger, NewContentUnderAKnownNameIsTakenAndThePreviousIsTold) {
  Ledger ledger;
  take(ledger, "a", 1);
  const auto answer = ledger.begin(input("a", 2));
  EXPECT_EQ(answer.decision, KEPU_TAKE);
  EXPECT_TRUE(answer.has_previous);
  EXPECT_EQ(answer.previous_size, 101u);
  EXPECT_EQ(answer.previous_hash[0], 1);
}

TEST(Ledger, AThenBThenAAgainIsTakenThreeTimes) {
  Ledger ledger;
  take(ledger, "f", 1);
  take(ledger, "f", 2);
  take(ledger, "f", 1);
  EXPECT_EQ(ledger.begin(input("f", 1)).decision, KEPU_KNOWN);
}

TEST(Ledger, ARenamedCopyIsKnownWhileTheOriginalIsInForce) {
  Ledger ledger;
  take(ledger, "a", 1);
  EXPECT_EQ(ledger.begin(input("copy of a", 1)).decision, KEPU_KNOWN);
  take(ledger, "a", 2);
  EXPECT_EQ(ledger.begin(input("copy of a", 1)).decision, KEPU_KNOWN); // holds content 1 itself
  take(ledger, "copy of a", 3);                                        // now nothing in force has content 1
  EXPECT_EQ(ledger.begin(input("another copy", 1)).decision, KEPU_TAKE);
}

TEST(Ledger, ACopyUnderANameThatHeldSomethingElseIsTaken) {
  Ledger ledger;
  take(ledger, "a", 1);
  take(ledger, "b", 2);
  EXPECT_EQ(ledger.begin(input("b", 1)).decision, KEPU_TAKE);
}

TEST(Ledger, WhatWasBegunAndCommittedIsResumedOthersStartAnew) {
  Ledger ledger;
  ASSERT_EQ(ledger.begin(input("a", 1)).decision, KEPU_TAKE);
  ledger.restart(); // nothing was committed
  ASSERT_EQ(ledger.begin(input("a", 1)).decision, KEPU_TAKE);
  ledger.commit();
  ledger.restart();
  EXPECT_EQ(ledger.begin(input("a", 2)).decision, KEPU_TAKE); // other content
  ledger.restart();
  EXPECT_EQ(ledger.begin(input("a", 1)).decision, KEPU_RESUME);
  ledger.end();
  ledger.commit();
  ledger.restart();
  EXPECT_EQ(ledger.begin(input("a", 1)).decision, KEPU_KNOWN);
}

TEST(Ledger, WhatEndedInThisPartCountsForTheRestOfTheRunButNotAfterADrop) {
  Ledger ledger;
  ASSERT_EQ(ledger.begin(input("a", 1)).decision, KEPU_TAKE);
  ledger.end();
  EXPECT_EQ(ledger.begin(input("a", 1)).decision, KEPU_KNOWN);
  EXPECT_EQ(ledger.begin(input("b", 1)).decision, KEPU_KNOWN);
  ledger.restart();
  EXPECT_EQ(ledger.begin(input("a", 1)).decision, KEPU_TAKE);
}

} // namespace
