// Facts of datasets with keys of several parts, with persons in them, and without keys.
#include "base/bytes.hpp"
#include "store/writer.hpp"
#include "support/folder.hpp"

#include <gtest/gtest.h>

namespace kepu::store {
namespace {

constexpr int64_t pseudonym = 0x1122334455667788;

std::shared_ptr<model::Catalog> catalog() {
  auto out = std::make_shared<model::Catalog>();
  model::Dataset courses;
  courses.contract.id = "courses";
  courses.contract.fields = {
      {"person", KEPU_TEXT, 0, KEPU_ROLE_KEY | KEPU_ROLE_PERSON, "id_card", "", true},
      {"course", KEPU_TEXT, 0, KEPU_ROLE_KEY, "", "", true},
      {"day", KEPU_DATE, 0, KEPU_ROLE_KEY | KEPU_ROLE_TIME, "", "", true},
      {"passed", KEPU_BOOLEAN, 0, KEPU_ROLE_ATTRIBUTE, "", "", false},
      {"score", KEPU_REAL, 0, KEPU_ROLE_MEASURE, "", "", false},
  };
  model::Dataset returns;
  returns.contract.id = "returns";
  returns.contract.fields = {{"day", KEPU_DATE, 0, KEPU_ROLE_TIME, "", "", true}};
  out->datasets = {courses, returns};
  for (const auto& dataset : out->datasets) {
    model::Indicator indicator;
    indicator.id = dataset.contract.id + ".count";
    indicator.dataset = dataset.contract.id;
    out->indicators.push_back(indicator);
  }
  return out;
}

class Explain : public testing::Test {
protected:
  Explain() {
    writer_ = Writer::open({folder_.path() / "kepu.db", &clock_, "test"}).value();
    EXPECT_TRUE(writer_->load_catalog(catalog(), *model::Zone::find("Asia/Shanghai")));
  }
  void put(const char* dataset, model::FactColumns& facts) {
    facts.rows = 1;
    facts.key_ends = {static_cast<uint32_t>(facts.key_bytes.size())};
    facts.places = {7};
    const auto run = writer_->begin_run({"gates", "c", "1", "", clock_.now()}).value();
    auto part = writer_->open_part(run);
    ASSERT_TRUE(part->put(dataset, facts));
    ASSERT_TRUE(part->commit(""));
  }
  std::vector<CountedFact> facts(const char* indicator) {
    auto reader = ReaderSource(folder_.path() / "kepu.db").open().value();
    EXPECT_TRUE(reader->begin());
    FigureAsk ask;
    ask.indicator = indicator;
    ask.first = 20'000;
    ask.last = 20'400;
    ask.choose = [](const auto&, const auto&, const auto& series) { return std::vector<bool>(series.size(), true); };
    std::vector<CountedFact> out;
    const auto found = reader->counted_facts(ask, {}, [&](const CountedFact& fact) {
      out.push_back(fact);
      return true;
    });
    EXPECT_TRUE(found) << found.error().text;
    return out;
  }

  FakeClock clock_{from_micros(1'741'000'000'000'000)};
  test::Folder folder_;
  std::unique_ptr<Writer> writer_;
};

TEST_F(Explain, APersonInAKeyIsNeverShown) {
  model::FactColumns row;
  ByteWriter key(row.key_bytes); // as pipeline/ writes it
  key.put(pseudonym);
  key.varint(std::string_view("焊工 1").size());
  key.bytes("焊工 1");
  key.put(int64_t{20'152});
  row.fields.resize(5);
  row.fields[0] = {model::Holding::person, {}, {pseudonym}, {}, {}};
  row.fields[1].holding = model::Holding::none;
  row.fields[2] = {model::Holding::number, {}, {20'152}, {}, {}};
  row.fields[3] = {model::Holding::number, {}, {1}, {}, {KEPU_PROVISIONAL}};
  row.fields[4] = {model::Holding::number, {}, {0}, {1}, {}};
  put("courses", row);
  const auto found = facts("courses.count");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].key, "person / 焊工 1 / 2025-03-05");
  EXPECT_EQ(found[0].place, 7u);
  const auto& cells = found[0].cells;
  ASSERT_EQ(cells.size(), 5u);
  EXPECT_EQ(cells[0].holding, model::Holding::person);
  EXPECT_EQ(cells[0].text, "");
  EXPECT_EQ(cells[0].number, 0);
  EXPECT_FALSE(cells[0].is_null);
  EXPECT_EQ(cells[1].text, "焊工 1");
  EXPECT_EQ(cells[2].number, 20'152);
  EXPECT_EQ(cells[3].flags, KEPU_PROVISIONAL);
  EXPECT_TRUE(cells[4].is_null);
}

TEST_F(Explain, AFactWithoutAKeyIsKnownByItsInputAndRow) {
  model::FactColumns row;
  ByteWriter key(row.key_bytes);
  key.bytes("a b.csv");
  key.put(uint8_t{0});
  key.put(uint64_t{7});
  row.fields.resize(1);
  row.fields[0] = {model::Holding::number, {}, {20'152}, {}, {}};
  put("returns", row);
  const auto found = facts("returns.count");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].key, "a b.csv / 7");
}

TEST_F(Explain, OfAnIndicatorThatIsNotThereIsRefused) {
  auto reader = ReaderSource(folder_.path() / "kepu.db").open().value();
  ASSERT_TRUE(reader->begin());
  FigureAsk ask;
  ask.indicator = "none";
  EXPECT_EQ(reader->counted_facts(ask, {}, [](const CountedFact&) { return true; }).error().code, "unknown_indicator");
}

} // namespace
} // namespace kepu::store
