#include "samples.hpp"

#include "base/bytes.hpp"
#include "wire/frames.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace kepu::wire {
namespace {

using abi::Coding;
using samples::OwnedBatch;

std::string bytes_of(const Batch& batch) {
  std::string out;
  encode_batch(batch, out);
  return out;
}

// Every cell as text, so that two batches can be held against each other whatever their coding.
std::vector<std::string> cells(const Batch& batch, size_t row) {
  std::vector<std::string> out{batch.has_places ? std::to_string(batch.place(row)) : "-"};
  for (const auto& column : batch.columns) {
    std::string cell = std::to_string(column.type) + "/" + std::to_string(column.flag(row)) + ":";
    if (column.is_null(row)) {
      cell += "null";
    } else {
      switch (column.coding) {
      case Coding::fixed:
        cell += std::to_string(column.integer(row));
        break;
      case Coding::dictionary:
      case Coding::plain:
        cell += column.text_at(row);
        break;
      case Coding::bytes:
        cell += column.booleans[row] ? "true" : "false";
        break;
      }
    }
    out.push_back(cell);
  }
  return out;
}

TEST(Batch, ComesBackAsItWasSent) {
  const auto sent = samples::three_rows();
  const auto payload = bytes_of(sent.batch);
  const auto back = decode_batch(payload);
  ASSERT_TRUE(back) << back.error().text;
  EXPECT_EQ(back->dataset, 1);
  ASSERT_EQ(back->rows, 3u);
  ASSERT_EQ(back->columns.size(), sent.batch.columns.size());
  for (size_t row = 0; row < 3; ++row)
    EXPECT_EQ(cells(*back, row), cells(sent.batch, row));
  EXPECT_EQ(back->place(1), 6u);
  EXPECT_EQ(back->columns[0].text_at(2), "三");
  EXPECT_EQ(back->columns[1].text_at(0), "b");
  EXPECT_TRUE(back->columns[2].is_null(1));
  EXPECT_EQ(back->columns[5].person(0), UINT64_MAX);
}

TEST(Batch, PlacesMayBeNoneConsecutiveOrGaps) {
  OwnedBatch made;
  made.batch.rows = 2;
  made.fixed(KEPU_INTEGER, {1, 2});
  auto payload = bytes_of(made.batch);
  EXPECT_FALSE(decode_batch(payload)->has_places);
  made.batch.has_places = true;
  made.batch.first_place = 41;
  payload = bytes_of(made.batch);
  EXPECT_EQ(decode_batch(payload)->place(1), 42u);
  made.batch.first_place = INT64_MAX - 1;
  payload = bytes_of(made.batch);
  EXPECT_TRUE(decode_batch(payload));
  made.batch.first_place = INT64_MAX;
  payload = bytes_of(made.batch);
  EXPECT_FALSE(decode_batch(payload)) << "its second place does not fit";
}

TEST(Batch, CutAtAnyByteIsRefused) {
  const auto payload = bytes_of(samples::three_rows().batch);
  for (size_t n = 0; n < payload.size(); ++n)
    EXPECT_FALSE(decode_batch(std::string_view(payload).substr(0, n))) << n;
  EXPECT_FALSE(decode_batch(payload + "x"));
}

TEST(Batch, DamagedAnywhereIsRefusedOrReadableToItsLastCell) {
  const auto payload = bytes_of(samples::three_rows().batch);
  for (size_t at = 0; at < payload.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      // A copy of exact size, so that AddressSanitizer sees a view that leaves it.
      std::vector<char> damaged(payload.begin(), payload.end());
      damaged[at] = static_cast<char>(value);
      const auto back = decode_batch({damaged.data(), damaged.size()});
      if (!back) continue;
      for (size_t row = 0; row < back->rows; ++row)
        cells(*back, row);
      EXPECT_EQ(bytes_of(*back), std::string(damaged.data(), damaged.size())) << at << " = " << value;
    }
  }
}

TEST(Batch, WhatIsNotAsTheFormatSaysIsRefusedWithTheReason) {
  const auto with = [](auto fill) {
    OwnedBatch made;
    made.batch.rows = 2;
    fill(made);
    return bytes_of(made.batch);
  };
  const auto long_cell = std::string(KEPU_MAX_CELL_BYTES + 1, 'x');
  const struct {
    const char* why;
    std::string payload;
  } cases[] = {
      {"not UTF-8", with([](auto& m) {
         m.plain({"\xff", ""});
       })},
      {"not UTF-8", with([](auto& m) {
         m.plain({"\xe4\xb8", "\x89"});
       })}, // whole only when joined
      {"not UTF-8", with([](auto& m) {
         m.plain({"a", "\xe4\xb8"});
       })},
      {"not UTF-8", with([](auto& m) {
         m.dictionary({"\xe9\xa6", "\x86"}, {0, 1});
       })},
      {"past its dictionary", with([](auto& m) {
         m.dictionary({"a", "b"}, {0, 2});
       })},
      {"past its dictionary", with([](auto& m) {
         m.dictionary({"a"}, {UINT16_MAX, 0});
       })},
      {"dictionary of no size", with([](auto& m) {
         m.dictionary({"a"}, {0, 0});
         m.batch.columns[0].entries = 0;
         m.batch.columns[0].ends = m.keep(std::vector<uint32_t>{0, 0}) + 4;
       })},
      {"end offsets that fall", with([](auto& m) {
         m.plain({"ab", "cd"});
         m.batch.columns[0].ends = m.keep(std::vector<uint32_t>{4, 2});
       })},
      {"end offsets that fall", with([](auto& m) {
         m.dictionary({"ab", "cd", "e"}, {0, 1});
         m.batch.columns[0].ends = m.keep(std::vector<uint32_t>{UINT32_MAX, 2, 5});
       })},
      {"cut short", with([](auto& m) {
                      m.plain({"ab", "cd"});
                      auto& column = m.batch.columns[0];
                      column.ends = m.keep(std::vector<uint32_t>{2, 4});
                      m.fixed(KEPU_INTEGER, {1, 2});
                      m.batch.columns[1].coding = Coding::bytes; // a column shorter than its type wants
                      m.batch.columns[1].booleans = reinterpret_cast<const uint8_t*>("\0\1");
                      m.batch.columns[1].type = KEPU_BOOLEAN;
                      m.batch.columns.emplace_back(m.batch.columns[1]).type = KEPU_BOOLEAN;
                    }).substr(0, 40)},
      {"finite", with([](auto& m) {
         m.reals({1, NAN});
       })},
      {"finite", with([](auto& m) {
         m.reals({-INFINITY, 1});
       })},
      {"neither 0 nor 1", with([](auto& m) {
         m.booleans({0, 2});
       })},
      {"does not fit", with([](auto& m) {
         m.fixed(KEPU_TEXT, {1, 2});
       })},
      {"does not fit", with([](auto& m) {
         m.fixed(KEPU_BOOLEAN, {1, 0});
       })},
      {"does not fit", with([](auto& m) {
         m.fixed(KEPU_NULL, {0, 0});
       })},
      {"does not fit", with([](auto& m) {
         m.fixed(9, {0, 0});
       })},
      {"does not fit", with([](auto& m) {
         m.booleans({0, 1});
         m.batch.columns[0].type = KEPU_INTEGER;
       })},
      {"unknown flags", with([](auto& m) {
         m.fixed(KEPU_INTEGER, {1, 2});
         m.flags({0, 8});
       })},
      {"nulls past its rows", with([](auto& m) {
         m.fixed(KEPU_INTEGER, {0, 0});
         m.nulls({0b100});
       })},
      {"says null", with([](auto& m) {
         m.fixed(KEPU_INTEGER, {1, 0});
         m.nulls({0b01});
       })},
      {"says null", with([](auto& m) {
         m.plain({"", "x"});
         m.nulls({0b10});
       })},
      {"says null", with([](auto& m) {
         m.dictionary({"a", "b"}, {1, 0});
         m.nulls({0b01});
       })},
      {"says null", with([](auto& m) {
         m.booleans({0, 1});
         m.nulls({0b10});
       })},
      {"too long", with([&](auto& m) {
         m.plain({"", long_cell});
       })},
      {"too long", with([&](auto& m) {
         m.dictionary({long_cell}, {0, 0});
       })},
      {"too long together", with([&](auto& m) {
         for (int i = 0; i < 5; ++i)
           m.dictionary({"", std::string(60000, 'x')}, {0, 1});
       })},
      {"0 columns", with([](auto&) {})},
      {"257 columns", with([](auto& m) {
         for (int i = 0; i < 257; ++i)
           m.booleans({0, 1});
       })},
      {"dataset", with([](auto& m) {
         m.fixed(KEPU_INTEGER, {1, 2});
         m.batch.dataset = KEPU_MAX_DATASETS;
       })},
  };
  for (const auto& c : cases) {
    const auto back = decode_batch(c.payload);
    ASSERT_FALSE(back) << c.why;
    EXPECT_EQ(back.error().code, "bad_frame");
    EXPECT_NE(back.error().text.find(c.why), std::string::npos) << c.why << " / " << back.error().text;
  }
}

TEST(Batch, ManyLongTextsAreTakenWhenNoSingleRowPassesItsLimit) {
  OwnedBatch made;
  made.batch.rows = 5;
  for (uint16_t i = 0; i < 5; ++i) {
    std::vector<uint16_t> one_of_five(5);
    one_of_five[i] = 1;
    made.dictionary({"", std::string(60000, 'x')}, one_of_five);
  }
  const auto payload = bytes_of(made.batch);
  EXPECT_TRUE(decode_batch(payload));
}

TEST(Batch, RowsOutOfRangeAreRefused) {
  OwnedBatch made;
  made.batch.rows = 1;
  made.booleans({1});
  auto payload = bytes_of(made.batch);
  for (const uint32_t rows : {0u, 2u, static_cast<uint32_t>(batch_rows) + 1, UINT32_MAX}) {
    std::memcpy(payload.data() + 4, &rows, 4);
    EXPECT_FALSE(decode_batch(payload)) << rows;
  }
}

// All rows of all frames in `out`, as cells.
std::vector<std::vector<std::string>> rows_of_frames(const std::string& out, size_t& frames) {
  std::vector<std::vector<std::string>> rows;
  std::string_view left = out;
  for (frames = 0; !left.empty(); ++frames) {
    const auto header = decode_header(left);
    if (!header) {
      ADD_FAILURE() << header.error().text;
      break;
    }
    EXPECT_EQ(header->type, Type::rows);
    const auto batch = decode_batch(left.substr(header_bytes, header->size));
    if (!batch) {
      ADD_FAILURE() << batch.error().text;
      break;
    }
    for (size_t row = 0; row < batch->rows; ++row)
      rows.push_back(cells(*batch, row));
    left.remove_prefix(header_bytes + header->size);
  }
  return rows;
}

TEST(Batch, AWideBatchIsSentInSeveralFramesWithNothingLost) {
  OwnedBatch made;
  constexpr size_t n = batch_rows - 3; // no multiple of 8
  made.batch.rows = n;
  made.batch.has_places = true;
  made.batch.first_place = 2;
  std::vector<int64_t> numbers(n);
  std::vector<std::string> texts(n);
  std::vector<uint16_t> indexes(n);
  std::vector<uint8_t> flags(n), booleans(n), nulls((n + 7) / 8);
  for (size_t i = 0; i < n; ++i) {
    const bool null = i % 5 == 0;
    if (null) nulls[i / 8] = static_cast<uint8_t>(nulls[i / 8] | 1u << (i % 8));
    numbers[i] = null ? 0 : static_cast<int64_t>(i) * 1000;
    if (!null) texts[i] = "文" + std::to_string(i);
    indexes[i] = null ? 0 : static_cast<uint16_t>(i % 3);
    flags[i] = static_cast<uint8_t>(i % 8);
    booleans[i] = !null && i % 2;
  }
  for (int i = 0; i < 40; ++i) {
    made.fixed(KEPU_INTEGER, numbers);
    made.nulls(nulls);
    made.flags(flags);
  }
  made.plain(texts);
  made.nulls(nulls);
  made.dictionary({"a", "b", "三"}, indexes);
  made.nulls(nulls);
  made.booleans(booleans);
  made.nulls(nulls);

  std::string out;
  encode_rows(made.batch, Type::rows, out);
  size_t frames = 0;
  const auto rows = rows_of_frames(out, frames);
  EXPECT_GT(frames, 1u);
  ASSERT_EQ(rows.size(), n);
  for (size_t i = 0; i < n; ++i)
    ASSERT_EQ(rows[i], cells(made.batch, i)) << i;

  made.batch.has_places = true;
  std::vector<uint32_t> gaps(n);
  for (size_t i = 0; i < n; ++i)
    gaps[i] = static_cast<uint32_t>(i * 2);
  made.batch.gaps = made.keep(gaps);
  out.clear();
  encode_rows(made.batch, Type::rows, out);
  const auto again = rows_of_frames(out, frames);
  ASSERT_EQ(again.size(), n);
  for (size_t i = 0; i < n; ++i)
    ASSERT_EQ(again[i], cells(made.batch, i)) << i;
}

} // namespace
} // namespace kepu::wire
