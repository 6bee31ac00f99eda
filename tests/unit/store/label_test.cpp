// Labels of commits, and stores of an earlier version.
#include "base/clock.hpp"
#include "store/db.hpp"
#include "store/schema.hpp"
#include "store/writer.hpp"
#include "support/life.hpp"

#include <gtest/gtest.h>

namespace kepu::store {
namespace {

std::string code(const Result<CommitInfo>& result) {
  return result ? std::to_string(result->seq) : result.error().code;
}

TEST(Label, NamesACommitAndMovesOnlyWhenItIsTold) {
  test::Life life(1);
  auto& writer = *life.writer;
  life.clock.advance(std::chrono::seconds(10));
  EXPECT_EQ(code(writer.label(std::nullopt, "2025 annual report", false)), "1") << "the catalog";
  EXPECT_EQ(writer.latest(), 2u) << "the giving of a label is a commit";
  EXPECT_EQ(code(writer.label(std::nullopt, "年报", false)), "1") << "but none that is meant by the last";
  EXPECT_EQ(code(writer.label(1, "年报", false)), "1");
  EXPECT_EQ(writer.latest(), 3u) << "nothing to do";
  EXPECT_EQ(code(writer.label(2, "年报", false)), "label_taken");
  EXPECT_EQ(code(writer.label(2, "年报", true)), "2");
  EXPECT_EQ(writer.latest(), 4u);

  auto reader = life.readers->open().value();
  EXPECT_EQ(code(reader->begin_at_label("2025 annual report")), "1");
  reader->end();
  EXPECT_EQ(code(reader->begin_at_label("年报")), "2");
  reader->end();
  ASSERT_TRUE(reader->begin());
  const auto commits = reader->commits({}, false).value();
  ASSERT_EQ(commits.size(), 4u);
  EXPECT_EQ(commits[0].kind, "label");
  EXPECT_EQ(commits[2].labels, (std::vector<std::string>{"年报"}));
  EXPECT_EQ(commits[3].labels, (std::vector<std::string>{"2025 annual report"}));
  EXPECT_EQ(commits[3].kind, "catalog");
  const auto labelled = reader->commits({}, true).value();
  ASSERT_EQ(labelled.size(), 2u);
  EXPECT_EQ(labelled[0].seq, 2u);
  EXPECT_EQ(labelled[1].seq, 1u);
  EXPECT_EQ(reader->commits({{}, 3, 1}, false).value().at(0).seq, 2u);
  EXPECT_TRUE(reader->commits({"gates", 0, 9}, false).value().empty());
}

TEST(Label, ThatIsUnknownNamesTheNearest) {
  test::Life life(1);
  ASSERT_TRUE(life.writer->label(1, "2025 annual report", false));
  auto reader = life.readers->open().value();
  const auto error = reader->begin_at_label("2025 anual report").error();
  EXPECT_EQ(error.code, "unknown_label");
  EXPECT_EQ(error.text, "no commit bears the label \"2025 anual report\", did you mean \"2025 annual report\"?");
  reader->end();
}

TEST(Label, IsRefusedWhereItCouldNotBeWrittenAgain) {
  test::Life life(1);
  for (const std::string label : {"", " a", "a ", "a;b", "a\nb", "a\x1b", "\xff", "\xe2\x80\xae"})
    EXPECT_EQ(code(life.writer->label(1, label, false)), "bad_label") << label;
  EXPECT_EQ(code(life.writer->label(1, std::string(201, 'a'), false)), "bad_label");
  EXPECT_EQ(code(life.writer->label(1, std::string(200, 'a'), false)), "1");
  EXPECT_EQ(code(life.writer->label(0, "a", false)), "unknown_commit");
  EXPECT_EQ(code(life.writer->label(99, "a", false)), "unknown_commit");
  EXPECT_EQ(code(life.writer->label(UINT64_MAX, "a", false)), "unknown_commit");
}

TEST(Label, OfAnEmptyStoreHasNoCommit) {
  test::Folder folder;
  FakeClock clock{from_micros(1'741'000'000'000'000)};
  auto writer = Writer::open({folder.path() / "kepu.db", &clock, ""}).value();
  EXPECT_EQ(code(writer->label(std::nullopt, "a", false)), "unknown_commit");
}

TEST(Label, OutlivesTheWriter) {
  test::Folder folder;
  FakeClock clock{from_micros(1'741'000'000'000'000)};
  const auto file = folder.path() / "kepu.db";
  const auto zone = model::Zone::find("Asia/Shanghai").value();
  {
    auto writer = Writer::open({file, &clock, ""}).value();
    ASSERT_TRUE(writer->load_catalog(test::sample_catalog(), zone));
    ASSERT_TRUE(writer->label(std::nullopt, "first", false));
  }
  auto writer = Writer::open({file, &clock, ""}).value();
  EXPECT_EQ(writer->latest(), 2u);
  EXPECT_EQ(code(writer->label(2, "first", false)), "label_taken");
}

} // namespace
} // namespace kepu::store
