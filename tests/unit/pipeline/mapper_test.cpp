#include "pipeline/mapper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <map>

namespace kepu::pipeline {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr int64_t now_micros = 1'735'704'000'000'000; // 2025-01-01T12:00+08:00
constexpr int64_t day_micros = 86'400'000'000;

class Codes final : public measure::CodeBook {
public:
  std::string_view text(size_t field, uint32_t code) const override { return texts_.at(field)[code - 1]; }
  uint32_t code(size_t field, std::string_view text) override {
    auto& all = texts_[field];
    for (size_t i = 0; i < all.size(); ++i) {
      if (all[i] == text) return static_cast<uint32_t>(i + 1);
    }
    all.emplace_back(text);
    return static_cast<uint32_t>(all.size());
  }
  size_t count(size_t field) { return texts_[field].size(); }

private:
  std::map<size_t, std::vector<std::string>> texts_;
};

// Columns of id (key), venue (entity) and ts (time); empty text is null.
struct Rows {
  std::vector<std::string> ids;
  std::vector<std::string> venues;
  std::vector<int64_t> times;
};

// Holds the bytes that its batch points into.
class Batch {
public:
  explicit Batch(const Rows& rows, int32_t type = KEPU_TIMESTAMP) : times_(rows.times) {
    batch_.rows = static_cast<uint32_t>(rows.ids.size());
    batch_.has_places = true;
    batch_.first_place = 2;
    batch_.columns = {text(rows.ids, texts_[0]), text(rows.venues, texts_[1]), {}};
    batch_.columns[2].type = type;
    batch_.columns[2].coding = abi::Coding::fixed;
    batch_.columns[2].fixed = reinterpret_cast<const char*>(times_.data());
  }
  const abi::Batch& get() const { return batch_; }

private:
  struct Text {
    std::string bytes;
    std::vector<uint32_t> ends;
    std::vector<uint8_t> nulls;
  };

  static abi::Column text(const std::vector<std::string>& values, Text& kept) {
    kept.nulls.assign((values.size() + 7) / 8, 0);
    for (size_t i = 0; i < values.size(); ++i) {
      kept.bytes += values[i];
      kept.ends.push_back(static_cast<uint32_t>(kept.bytes.size()));
      if (values[i].empty()) kept.nulls[i / 8] = static_cast<uint8_t>(kept.nulls[i / 8] | 1 << (i % 8));
    }
    abi::Column out;
    out.coding = abi::Coding::plain;
    out.text = kept.bytes.data();
    out.ends = reinterpret_cast<const char*>(kept.ends.data());
    out.nulls = kept.nulls.data();
    return out;
  }

  std::vector<int64_t> times_;
  Text texts_[2];
  abi::Batch batch_;
};

class MapperTest : public testing::Test {
protected:
  MapperTest() {
    const auto field = [&](const char* name, int32_t type, uint32_t roles, bool required) {
      abi::Field one;
      one.name = name;
      one.type = type;
      one.roles = roles;
      one.required = required;
      dataset_.contract.fields.push_back(one);
    };
    dataset_.contract.id = "passages";
    field("id", KEPU_TEXT, KEPU_ROLE_KEY, true);
    field("venue", KEPU_TEXT, KEPU_ROLE_ENTITY, true);
    field("ts", KEPU_TIMESTAMP, KEPU_ROLE_TIME, true);
    dataset_.contract.fields[1].entity_register = "venues";
    dataset_.accept_past = std::chrono::hours(24 * 365);
    dataset_.accept_future = std::chrono::hours(24);
    model::RegisterEntry venue;
    venue.code = "V01";
    venue.name.zh = "示例馆";
    venue.aliases = {"一号馆"};
    catalog_.registers.emplace("venues", model::Register("venues", {}, {venue}));
  }
  std::vector<Refusal> map(const Rows& rows, std::optional<int64_t> horizon = {}) {
    auto mapper = Mapper::make(catalog_, dataset_, dataset_.contract, codes_, horizon).value();
    std::vector<Refusal> refused;
    const Batch batch(rows, dataset_.contract.fields[2].type);
    EXPECT_TRUE(mapper.map(batch.get(), from_micros(now_micros), "", facts_, refused));
    return refused;
  }

  model::Catalog catalog_;
  model::Dataset dataset_;
  Codes codes_;
  model::FactColumns facts_;
};

TEST_F(MapperTest, KeepsTheSourcesOwnWordForAnEntity) {
  EXPECT_TRUE(map({{"a", "b"}, {"V01", "一号馆"}, {now_micros, now_micros}}).empty());
  EXPECT_EQ(codes_.text(1, facts_.fields[1].codes[1]), "一号馆");
}

TEST_F(MapperTest, RefusesOneRowAndKeepsItsNeighbours) {
  const struct {
    Rows rows; // the second is refused
    const char* field;
    const char* code;
  } table[] = {
      {{{"a", "", "c"}, {"V01", "V01", "V01"}, {now_micros, now_micros, now_micros}}, "id", "missing_value"},
      {{{"a", "b", "c"}, {"V01", "", "V01"}, {now_micros, now_micros, now_micros}}, "venue", "missing_value"},
      {{{"a", "b", "c"}, {"V01", "V9", "V01"}, {now_micros, now_micros, now_micros}}, "venue", "unknown_entity"},
      {{{"a", "b", "c"}, {"V01", "V01", "V01"}, {now_micros, now_micros + 2 * day_micros, now_micros}},
       "ts",
       "time_in_future"},
      {{{"a", "b", "c"}, {"V01", "V01", "V01"}, {now_micros, now_micros - 400 * day_micros, now_micros}},
       "ts",
       "time_too_old"},
  };
  for (const auto& row : table) {
    facts_ = {};
    const auto refused = map(row.rows);
    ASSERT_EQ(refused.size(), 1u) << row.code;
    EXPECT_EQ(refused[0].place, 3u);
    EXPECT_EQ(refused[0].field, row.field);
    EXPECT_EQ(refused[0].code, row.code);
    ASSERT_EQ(facts_.rows, 2u) << row.code;
    EXPECT_EQ(facts_.key(0), "a");
    EXPECT_EQ(facts_.key(1), "c");
  }
}

TEST_F(MapperTest, AWeightBelowZeroOrNoNumberIsRefused) {
  auto& weight = dataset_.contract.fields[2]; // in the place of the time
  weight.roles = KEPU_ROLE_WEIGHT;
  weight.type = KEPU_REAL;
  const auto bits = [](double number) { return std::bit_cast<int64_t>(number); };
  for (const double wrong : {-0.5, std::nan(""), HUGE_VAL, 1e16}) {
    const auto refused = map({{"a", "b"}, {"V01", "V01"}, {bits(0), bits(wrong)}});
    ASSERT_EQ(refused.size(), 1u) << wrong;
    EXPECT_EQ(refused[0].code, "bad_weight");
    EXPECT_EQ(refused[0].place, 3u);
  }
  weight.type = KEPU_DECIMAL;
  EXPECT_EQ(map({{"a", "b"}, {"V01", "V01"}, {5, -5}}).size(), 1u);
}

TEST_F(MapperTest, ARowFromBeforeTheHorizonIsLateAndOneAtItIsNot) {
  const auto horizon = now_micros - 10 * day_micros;
  const auto refused =
      map({{"a", "b", "c"}, {"V01", "V01", "V01"}, {horizon - 1, horizon, now_micros - 400 * day_micros}}, horizon);
  ASSERT_EQ(refused.size(), 2u);
  EXPECT_EQ(refused[0].code, "period_frozen");
  EXPECT_EQ(refused[1].code, "time_too_old");
  EXPECT_EQ(facts_.rows, 1u);
}

TEST_F(MapperTest, NamesTheNearestKnownWords) {
  EXPECT_THAT(map({{"a"}, {"一号官"}, {now_micros}})[0].message, HasSubstr("\"一号馆\""));
}

TEST_F(MapperTest, ARefusedWordIsNotKept) {
  map({{"a"}, {"V9"}, {now_micros}});
  EXPECT_EQ(codes_.count(1), 0u);
}

TEST_F(MapperTest, ANumberThatNamesAPersonIsNotQuoted) {
  for (const char* number : {"13800138000", "138-0013-8000", "510104 19900307 1234", "１３８００１３８０００"}) {
    EXPECT_THAT(map({{"a"}, {number}, {now_micros}})[0].message, Not(HasSubstr(number)));
  }
}

TEST_F(MapperTest, RefusesAConnectorThatDisagreesWithTheCatalog) {
  auto other_type = dataset_.contract;
  other_type.fields[2].type = KEPU_DATE;
  auto other_version = dataset_.contract;
  other_version.version = 2;
  auto without_key = dataset_.contract;
  without_key.fields.erase(without_key.fields.begin());
  for (const auto& declared : {other_type, other_version, without_key}) {
    const auto made = Mapper::make(catalog_, dataset_, declared, codes_);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, "contract");
  }
}

TEST_F(MapperTest, RowsOfADatasetWithoutKeyAreKnownByInputAndRow) {
  dataset_.contract.fields[0].roles = KEPU_ROLE_ATTRIBUTE;
  map({{"a", "b"}, {"V01", "V01"}, {now_micros, now_micros}});
  EXPECT_NE(facts_.key(0), facts_.key(1));
}

} // namespace
} // namespace kepu::pipeline
