#include "model/fact.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace kepu::model {
namespace {

// One number column; a null is given by leaving the value out.
FactColumns facts(std::vector<std::optional<int64_t>> values, std::vector<uint8_t> flags = {}) {
  FactColumns out;
  out.fields.resize(1);
  auto& field = out.fields[0];
  field.holding = Holding::number;
  field.flags = std::move(flags);
  for (const auto& value : values) {
    field.numbers.push_back(value.value_or(0));
    if (!value) {
      field.nulls.resize(values.size());
      field.nulls[out.rows] = 1;
    }
    out.key_bytes += std::string(out.rows + 1, 'k');
    out.key_ends.push_back(static_cast<uint32_t>(out.key_bytes.size()));
    out.places.push_back(out.rows + 2);
    ++out.rows;
  }
  return out;
}

TEST(FactColumns, AppendedRowsKeepTheirKeysAndPlaces) {
  auto all = facts({1, 2});
  auto more = facts({3});
  all.append(more);
  ASSERT_EQ(all.rows, 3u);
  EXPECT_EQ(all.fields[0].numbers, (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(all.key(1), "kk");
  EXPECT_EQ(all.key(2), "k");
  EXPECT_EQ(all.places, (std::vector<uint32_t>{2, 3, 2}));
}

TEST(FactColumns, AppendedRowsKeepTheirNullsAlsoWhenTheOthersHaveNone) {
  auto all = facts({1, 2});
  auto more = facts({{}, 4});
  all.append(more);
  auto last = facts({5});
  all.append(last);
  EXPECT_EQ(all.fields[0].nulls, (std::vector<uint8_t>{0, 0, 1, 0, 0}));
}

TEST(FactColumns, AppendedRowsKeepTheirFlags) {
  auto all = facts({1});
  auto more = facts({2}, {KEPU_APPROXIMATE});
  all.append(more);
  EXPECT_EQ(all.fields[0].flags, (std::vector<uint8_t>{0, KEPU_APPROXIMATE}));
}

TEST(FactColumns, NullIsNotZero) {
  const auto null = facts({{}});
  const auto zero = facts({0});
  EXPECT_FALSE(null.same_values(0, zero, 0));
  EXPECT_TRUE(null.same_values(0, null, 0));
}

TEST(FactColumns, AFlagMakesAnotherValue) { EXPECT_FALSE(facts({1}, {KEPU_REPAIRED}).same_values(0, facts({1}), 0)); }

TEST(FactColumns, AKeyFieldAloneIsHeldInTheKeyOnly) {
  abi::Field field;
  field.type = KEPU_TEXT;
  field.roles = KEPU_ROLE_KEY;
  EXPECT_EQ(holding_of(field), Holding::none);
  field.roles = KEPU_ROLE_KEY | KEPU_ROLE_ATTRIBUTE;
  EXPECT_EQ(holding_of(field), Holding::code);
}

} // namespace
} // namespace kepu::model
