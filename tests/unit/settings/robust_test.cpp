// Whatever a file holds, loading it ends, and with a place where there is something to mend.
#include "fixture.hpp"

#include <random>

namespace kepu::settings {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Robust : public ConfigFolder {};

std::string repeated(const std::string& text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i)
    out += text;
  return out;
}

TEST_F(Robust, AMarkAndWindowsLineEndsAreRead) {
  write_valid();
  write("kepud.toml",
        "\xef\xbb\xbfstate_dir = \"s\"\r\nconnector_dirs = [\"c\"]\r\n[http]\r\nlisten = \"127.0.0.1:1\"\r\n");
  EXPECT_THAT(complaints(), IsEmpty());
}

TEST_F(Robust, WhatIsNotUtf8SaysWhichByte) {
  write_valid();
  write("kepud.toml", "state_dir = \"s\"\n# \xe4\xb8\xad\xd6\xd0\n");
  EXPECT_THAT(complaints(), ::testing::ElementsAre("kepud.toml:2:4: byte 21 is not UTF-8; save the file as UTF-8"));
}

TEST_F(Robust, HostileShapesAreRefused) {
  const std::string shapes[] = {
      repeated("[", 100'000),
      "a = " + repeated("[", 100'000),
      "a = " + repeated("{a=", 100'000),
      "a = " + repeated("[", 300) + repeated("]", 300),
      "a" + repeated(".a", 100'000) + " = 1",
      "[a" + repeated(".a", 100'000) + "]",
      "[[a" + repeated(" . \"a\"", 100'000) + "]]",
      "a = { b" + repeated(".b", 100'000) + " = 1 }",
      "a = \"" + repeated("x", 100'000),
      "a = '''" + repeated("x\n", 100'000),
      "a = \"\"\"\\",
      "\"",
      "'",
      "\"\\",
      "a = 99999999999999999999999999",
      "a = 1979-99-99",
      "a = nan.nan",
      std::string("a = \"\0\"", 8),
      std::string("\0\0\0\0", 4),
      "\xff\xfe"
      "a\0=\0",
      "a = 1\na = 2",
      "[a]\n[a]",
      "a.b = 1\na = 2",
      "[a]\nb = 1\n[a.b]\n",
  };
  for (const auto& shape : shapes) {
    write_valid();
    write("kepud.toml", shape);
    const auto loaded = load(folder / "kepud.toml");
    ASSERT_FALSE(loaded.problems.empty()) << shape.substr(0, 40);
    EXPECT_THAT(loaded.problems[0].code, ::testing::AnyOf("syntax", "not_utf8")) << shape.substr(0, 40);
  }
}

TEST_F(Robust, DotsThatAreNoKeysAreNotCounted) {
  write_valid();
  const std::string dots = repeated(".", 200);
  write("kepud.toml", "state_dir = \"s\" # " + dots + "\nconnector_dirs = [\"" + dots + "\", '" + dots +
                          "', \"\"\"a\\\"" + dots + "\n" + dots + "\"\"\"]\n");
  EXPECT_THAT(complaints(), ::testing::ElementsAre(HasSubstr("is no path"))); // the line break in the third
}

TEST_F(Robust, AnEndlessFileIsNotReadToItsEnd) {
  write_valid();
  write("kepud.toml", repeated("# 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n", 300'000));
  EXPECT_THAT(complaints(), ::testing::ElementsAre(HasSubstr("more than 16 MB")));
}

// Every file cut short at every byte, and with one byte changed: no crash, and never more than is honest.
TEST_F(Robust, CutAndDamagedFilesEndInComplaintsOrConfigurations) {
  write_valid();
  write("sources.d/x.toml", "connector = \"c\"\nevery = \"1m\"\n[settings]\na = { file = \"x\" }\nb = [\"c\"]\n");
  std::mt19937 random(7);
  for (const char* name :
       {"kepud.toml", "sources.d/x.toml", "catalog/units.toml", "catalog/areas.toml", "catalog/registers/venues.toml",
        "catalog/datasets/passages.toml", "catalog/indicators.toml"}) {
    std::ifstream in(folder / name, std::ios::binary);
    const std::string good((std::istreambuf_iterator<char>(in)), {});
    const size_t step = good.size() / 60 + 1;
    for (size_t at = 0; at < good.size(); at += step) {
      write(name, good.substr(0, at));
      load(folder / "kepud.toml");
      std::string damaged = good;
      damaged[at] = static_cast<char>(random());
      write(name, damaged);
      for (const auto& problem : load(folder / "kepud.toml").problems) {
        EXPECT_FALSE(problem.code.empty());
        EXPECT_FALSE(problem.text.empty());
        EXPECT_EQ(problem.sentence().find('\n'), std::string::npos);
      }
    }
    write(name, good);
  }
  EXPECT_THAT(complaints(), IsEmpty());
}

} // namespace
} // namespace kepu::settings
