#include <kepu/toolkit/file.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

namespace kepu::toolkit {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kepu-file-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string put(const std::string& name, std::string_view content) {
    const auto path = folder_ / name;
    std::ofstream(path, std::ios::binary) << content;
    return path.string();
  }
  static std::string text(size_t size) {
    std::string out;
    for (size_t i = 0; out.size() < size; ++i)
      out += std::to_string(i) + ",";
    out.resize(size);
    return out;
  }
  static std::string rest(SurveyedSource& source, size_t step) {
    std::string out, part(step, '\0');
    for (;;) {
      const auto n = source.read(part.data(), step);
      if (n < 0) return out + "!";
      if (n == 0) return out;
      out.append(part, 0, static_cast<size_t>(n));
    }
  }
  fs::path folder_;
};

const auto always = [] { return true; };

std::string hex(const Digest& digest) {
  std::string out;
  for (const auto byte : digest) {
    constexpr char digits[] = "0123456789abcdef";
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

TEST(Sha256, OneObjectGivesThePrefixAndTheWhole) {
  Sha256 hash;
  EXPECT_EQ(hex(hash.digest()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  hash.feed("ab", 2);
  EXPECT_EQ(hash.digest(), sha256("ab"));
  hash.feed("c", 1);
  EXPECT_EQ(hex(hash.digest()), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(Files, ASurveyNamesTheContentAndTheSourceGivesItFromAnywhere) {
  for (const size_t size : {size_t{0}, size_t{1}, block_bytes - 1, block_bytes, block_bytes + 1, 3 * block_bytes + 5}) {
    const auto content = text(size);
    const auto file = File::open(put("a", content));
    ASSERT_TRUE(file);
    Survey seen;
    ASSERT_EQ(survey(file.fd(), always, seen), SurveyEnd::done);
    EXPECT_EQ(seen.size, size);
    EXPECT_EQ(seen.hash, sha256(content));
    ASSERT_TRUE(seen.encoding);
    EXPECT_TRUE(seen.encoding->clean);
    for (const size_t offset : {size_t{0}, size / 2, size}) {
      SurveyedSource source(file.fd(), seen, offset);
      EXPECT_EQ(rest(source, 1000), content.substr(offset));
    }
    Prefix prefix;
    ASSERT_EQ(survey_prefix(file.fd(), size / 2, always, prefix), SurveyEnd::done);
    EXPECT_EQ(prefix.hash, sha256(content.substr(0, size / 2)));
    EXPECT_TRUE(prefix.ascii);
  }
}

TEST_F(Files, NothingIsGivenOutOfABlockThatChanged) {
  const auto content = text(3 * block_bytes);
  const auto path = put("a", content);
  const auto file = File::open(path);
  Survey seen;
  ASSERT_EQ(survey(file.fd(), always, seen), SurveyEnd::done);
  SurveyedSource source(file.fd(), seen, 0);
  {
    std::fstream change(path, std::ios::in | std::ios::out | std::ios::binary);
    change.seekp(2 * block_bytes + 7);
    change << '#';
  }
  EXPECT_EQ(rest(source, block_bytes), content.substr(0, 2 * block_bytes) + "!");
  EXPECT_TRUE(source.changed());
}

TEST_F(Files, ATruncatedFileIsAChangedOneAndNotACrash) {
  const auto path = put("a", text(2 * block_bytes));
  const auto file = File::open(path);
  Survey seen;
  ASSERT_EQ(survey(file.fd(), always, seen), SurveyEnd::done);
  fs::resize_file(path, block_bytes / 2);
  SurveyedSource source(file.fd(), seen, 0);
  EXPECT_EQ(rest(source, block_bytes), "!");
  EXPECT_TRUE(source.changed());
}

TEST_F(Files, WhatWasAppendedLaterIsNotGivenOut) {
  const auto path = put("a", "1,2\n");
  const auto file = File::open(path);
  Survey seen;
  ASSERT_EQ(survey(file.fd(), always, seen), SurveyEnd::done);
  std::ofstream(path, std::ios::app) << "3,4\n";
  SurveyedSource source(file.fd(), seen, 0);
  EXPECT_EQ(rest(source, 100), "1,2\n");
}

TEST_F(Files, ASurveyStopsWhenAsked) {
  const auto file = File::open(put("a", text(5 * block_bytes)));
  Survey seen;
  int asked = 0;
  EXPECT_EQ(survey(
                file.fd(), [&] { return ++asked < 3; }, seen),
            SurveyEnd::stopped);
  EXPECT_EQ(asked, 3);
}

TEST_F(Files, TheEncodingIsJudgedByTheWholeFile) {
  const std::string science = "\xbf\xc6\xbc\xbc\xb9\xdd";
  Survey seen;
  const auto gb = File::open(put("gb", text(2 * block_bytes) + science));
  ASSERT_EQ(survey(gb.fd(), always, seen), SurveyEnd::done);
  ASSERT_TRUE(seen.encoding);
  EXPECT_EQ(seen.encoding->encoding, Encoding::gb18030);
  const auto none = File::open(put("none", "a,\xff\xbf\xc6\x80"));
  ASSERT_EQ(survey(none.fd(), always, seen), SurveyEnd::done);
  EXPECT_FALSE(seen.encoding);
  EXPECT_EQ(seen.first_bad, 2u);
}

TEST_F(Files, WhatCannotBeOpenedOrReadIsSaid) {
  EXPECT_FALSE(File::open((folder_ / "no").string()));
  EXPECT_EQ(errno, ENOENT);
  const auto folder = File::open(folder_.string());
  ASSERT_TRUE(folder);
  Survey seen;
  EXPECT_EQ(survey(folder.fd(), always, seen), SurveyEnd::failed);
  EXPECT_EQ(errno, EISDIR);
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_TRUE(File::open((folder_ / "pipe").string())) << "opening a pipe without a writer does not wait";
}

} // namespace
} // namespace kepu::toolkit
