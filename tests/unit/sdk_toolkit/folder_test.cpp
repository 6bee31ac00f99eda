// SPDX-License-Identifier: Apache-2.0
#include <kepu/connector.h>
#include <kepu/toolkit/bookmark.hpp>
#include <kepu/toolkit/folder.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kepu::toolkit {
namespace {

TEST(Pattern, NamesMatchAsPeopleExpect) {
  struct Case {
    const char* name;
    const char* pattern;
    bool want;
  };
  const Case cases[] = {
      {"a.csv", "*.csv", true},
      {"A.CSV", "*.csv", true},
      {"a.csv.part", "*.csv", false},
      {".a.csv", "*.csv", false},
      {".a.csv", ".*", true},
      {"a.csv", "a.csv", true},
      {"a.csv", "b.csv", false},
      {"a1.csv", "a?.csv", true},
      {"a12.csv", "a?.csv", false},
      {"馆.csv", "?.csv", true},
      {"馆内.csv", "*内.csv", true},
      {"aXbXc", "a*b*c", true},
      {"aXbXd", "a*b*c", false},
      {"abcabc.csv", "*abc.csv", true},
      {"a", "*", true},
      {"a", "**", true},
      {"a", "", false},
      {"[1].csv", "[1].csv", true},
      {"aaaaaaaaaaaaaaaaaaaaaaaaab", "*a*a*a*a*a*a*c", false},
  };
  for (const auto& c : cases)
    EXPECT_EQ(matches(c.name, c.pattern), c.want) << c.name << " " << c.pattern;
}

TEST(Bookmark, ComesBackAsItWas) {
  Bookmark bookmark;
  bookmark.open = Bookmark::Open{42, 123, sha256("x"), {45, 6}};
  bookmark.begin(7);
  bookmark.begin(8);
  bookmark.begin(7);
  bookmark.end(8);
  bookmark.settled = {1, 2, UINT64_MAX};
  const auto again = Bookmark::parse(bookmark.text({}));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->open, bookmark.open);
  EXPECT_EQ(again->begun, std::vector<uint64_t>{7});
  EXPECT_EQ(again->settled, bookmark.settled);
  EXPECT_EQ(Bookmark::parse(Bookmark{}.text({}))->settled.size(), 0u);
  EXPECT_TRUE(Bookmark::parse(""));
}

TEST(Bookmark, FitsIntoACursorAndKeepsTheLargestFiles) {
  Bookmark bookmark;
  bookmark.open = Bookmark::Open{UINT64_MAX, 1, {}, {}};
  for (uint64_t i = 0; i < 10'000; ++i) {
    bookmark.settled.insert(i);
    bookmark.begin(i);
  }
  std::vector<uint64_t> by_size;
  for (uint64_t i = 10'000; i-- > 0;)
    by_size.push_back(i);
  const auto text = bookmark.text(by_size);
  EXPECT_LE(text.size(), size_t{KEPU_MAX_CURSOR_BYTES});
  const auto again = Bookmark::parse(text);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->settled.size(), most_settled);
  EXPECT_TRUE(again->settled.contains(9'999));
  EXPECT_FALSE(again->settled.contains(0));
  EXPECT_TRUE(again->has_begun(9'999));
}

TEST(Bookmark, AnythingElseIsNoBookmark) {
  Bookmark bookmark;
  bookmark.open = Bookmark::Open{1, 1, {}, {}};
  bookmark.begin(1);
  bookmark.settled = {1};
  const auto text = bookmark.text({});
  for (size_t cut = 1; cut < text.size(); ++cut) {
    const auto part = Bookmark::parse(text.substr(0, cut));
    // Cut between whole fingerprints it is a bookmark that remembers fewer files.
    if (part) {
      EXPECT_EQ(cut, text.size() - 8);
    }
  }
  EXPECT_FALSE(Bookmark::parse("VT1\nxxxxxxxx"));
  EXPECT_FALSE(Bookmark::parse(std::string("VT2\n") + std::string(8, '\0') + std::string(8, '\xff')));
}

TEST(Folder, AFileIsQuietByItsTimeUnlessThatLiesInTheFuture) {
  struct stat status {};
  status.st_mtim = {100, 0};
  status.st_ctim = {105, 500'000'000};
  EXPECT_EQ(quiet_for(status, 110'000'000), 10'000'000);
  EXPECT_EQ(quiet_for(status, 100'000'000), 0);
  status.st_mtim = {4'000'000'000, 0};
  EXPECT_EQ(quiet_for(status, 110'000'000), 4'500'000);
}

TEST(Folder, AFingerprintChangesWithEachThingThatItIsMadeOf) {
  struct stat status {};
  std::vector<uint64_t> prints = {fingerprint("a", status, 1), fingerprint("b", status, 1),
                                  fingerprint("a", status, 2)};
  status.st_size = 1;
  prints.push_back(fingerprint("a", status, 1));
  status.st_mtim.tv_nsec = 1;
  prints.push_back(fingerprint("a", status, 1));
  status.st_ctim.tv_nsec = 1;
  prints.push_back(fingerprint("a", status, 1));
  status.st_ino = 1;
  prints.push_back(fingerprint("a", status, 1));
  for (size_t i = 0; i < prints.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      EXPECT_NE(prints[i], prints[j]);
}

} // namespace
} // namespace kepu::toolkit
