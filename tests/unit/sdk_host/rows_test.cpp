// Cells against fields, and rows into columns.
#include "scripted.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>

namespace {

using scripted::execute;
using scripted::Recorder;
using scripted::str;
using testing::ElementsAre;
using testing::HasSubstr;

kepu_cell real(double value) {
  kepu_cell c{KEPU_REAL, 0, 0, 0, {0}};
  c.value.real = value;
  return c;
}

struct Faulty {
  const char* name;
  size_t field;
  kepu_cell cell;
  const char* code;
  const char* said;
};
void PrintTo(const Faulty& f, std::ostream* out) { *out << f.name; }

const std::string long_text(KEPU_MAX_CELL_BYTES + 1, 'x');
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr int64_t day_us = 86400ll * 1000000;

class EveryFault : public testing::TestWithParam<Faulty> {};

TEST_P(EveryFault, IsARejectWithItsPlaceAndTheOtherRowsStay) {
  Recorder sink;
  const auto outcome = execute(sink, [&](const kepu_host* h) {
    std::vector<kepu_cell> cells(3 * 8, kepu::cell::null());
    for (size_t row = 0; row < 3; ++row)
      cells[row * 8] = kepu::cell::text(row == 0 ? "r0" : row == 1 ? "r1" : "r2");
    cells[8 + GetParam().field] = GetParam().cell;
    const uint64_t places[] = {11, 12, 13};
    EXPECT_EQ(h->emit(h->ctx, 0, cells.data(), 3, places), KEPU_OK);
    EXPECT_EQ(h->commit(h->ctx, str("c"), nullptr), KEPU_OK);
    return KEPU_RUN_OK;
  });
  EXPECT_EQ(outcome.status, KEPU_RUN_OK) << outcome.text;
  ASSERT_EQ(sink.lines.size(), 4u);
  EXPECT_THAT(sink.lines[0], HasSubstr(std::string("reject 12 ") + scripted::every.c().fields[GetParam().field]->name +
                                       " " + GetParam().code + ": "));
  EXPECT_THAT(sink.lines[0], HasSubstr(GetParam().said));
  EXPECT_THAT(sink.lines[1], HasSubstr("@11 r0"));
  EXPECT_THAT(sink.lines[2], HasSubstr("@13 r2"));
  EXPECT_EQ(sink.lines[3], "commit 1 c rows=2 rejects=1");
}

INSTANTIATE_TEST_SUITE_P(
    Rows, EveryFault,
    testing::Values(Faulty{"null_required", 0, kepu::cell::null(), "missing_value", "required"},
                    Faulty{"empty_required", 0, kepu::cell::text(""), "missing_value", "required"},
                    Faulty{"stray_byte", 0, kepu::cell::text("abc\xff"), "invalid_utf8", "from byte 3"},
                    Faulty{"gbk", 0, kepu::cell::text("12345678\xb2\xe2\xca\xd4"), "invalid_utf8", "from byte 8"},
                    Faulty{"surrogate", 0, kepu::cell::text("\xed\xa0\x80"), "invalid_utf8", "from byte 0"},
                    Faulty{"overlong", 0, kepu::cell::text("\xc0\xaf"), "invalid_utf8", "from byte 0"},
                    Faulty{"past_unicode", 0, kepu::cell::text("\xf4\x90\x80\x80"), "invalid_utf8", "from byte 0"},
                    Faulty{"cut_character", 0, kepu::cell::text("1234567\xe5\xad"), "invalid_utf8", "from byte 7"},
                    Faulty{"too_long", 0, kepu::cell::text(long_text), "too_long", "65537 bytes"},
                    Faulty{"nan", 3, real(std::nan("")), "not_finite", "finite"},
                    Faulty{"infinity", 3, real(-inf), "not_finite", "finite"},
                    Faulty{"two_as_boolean", 4, kepu::cell::of(KEPU_BOOLEAN, 2), "out_of_range", "neither 0 nor 1"},
                    Faulty{"negative_boolean", 4, kepu::cell::of(KEPU_BOOLEAN, -1), "out_of_range", "neither 0 nor 1"},
                    Faulty{"year_zero", 5, kepu::cell::date(-719163), "out_of_range", "years"},
                    Faulty{"year_10000", 5, kepu::cell::date(2932897), "out_of_range", "years"},
                    Faulty{"timestamp_10000", 6, kepu::cell::timestamp(2932897 * day_us), "out_of_range", "years"},
                    Faulty{"timestamp_min", 6, kepu::cell::timestamp(INT64_MIN), "out_of_range", "years"},
                    Faulty{"month_13", 7, kepu::cell::of(KEPU_PERIOD, "2025-13"), "bad_period", "\"2025-13\""},
                    Faulty{"quarter_5", 7, kepu::cell::of(KEPU_PERIOD, "2025-Q5"), "bad_period", "no period"},
                    Faulty{"half_0", 7, kepu::cell::of(KEPU_PERIOD, "2025-S0"), "bad_period", "no period"},
                    Faulty{"week_53_of_2025", 7, kepu::cell::of(KEPU_PERIOD, "2025-W53"), "bad_period", "no period"},
                    Faulty{"february_30", 7, kepu::cell::of(KEPU_PERIOD, "2024-02-30"), "bad_period", "no period"},
                    Faulty{"year_1899", 7, kepu::cell::of(KEPU_PERIOD, "1899"), "bad_period", "no period"},
                    Faulty{"chinese_period", 7, kepu::cell::of(KEPU_PERIOD, "2025年3月"), "bad_period", "no period"},
                    Faulty{"period_in_gbk", 7, kepu::cell::of(KEPU_PERIOD, "2025\xc4\xea"), "bad_period", "\"?\""},
                    Faulty{"empty_period", 7, kepu::cell::of(KEPU_PERIOD, ""), "bad_period", "no period"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Rows, AllTypesAndFlagsArriveAsTheyWereGiven) {
  Recorder sink;
  execute(sink, [&](const kepu_host* h) {
    kepu_cell rows[3 * 8] = {kepu::cell::text("字"),
                             kepu::cell::integer(INT64_MIN),
                             kepu::cell::of(KEPU_DECIMAL, -150),
                             real(0.5),
                             kepu::cell::of(KEPU_BOOLEAN, 1),
                             kepu::cell::date(-719162),
                             kepu::cell::timestamp(2932897 * day_us - 1),
                             kepu::cell::of(KEPU_PERIOD, "2020-W53"),
                             kepu::cell::text("b"),
                             kepu::cell::null(),
                             kepu::cell::null(),
                             kepu::cell::null(),
                             kepu::cell::null(),
                             kepu::cell::null(),
                             kepu::cell::null(),
                             kepu::cell::null(),
                             kepu::cell::text("c"),
                             kepu::cell::integer(0),
                             kepu::cell::of(KEPU_DECIMAL, 0),
                             real(-0.0),
                             kepu::cell::of(KEPU_BOOLEAN, 0),
                             kepu::cell::date(0),
                             kepu::cell::timestamp(0),
                             kepu::cell::of(KEPU_PERIOD, "2024-02-29")};
    rows[1].flags = KEPU_APPROXIMATE | KEPU_PROVISIONAL;
    rows[8 + 7].flags = KEPU_REPAIRED; // also of a null
    h->emit(h->ctx, 0, rows, 3, nullptr);
    h->commit(h->ctx, str("c"), nullptr);
    return KEPU_RUN_OK;
  });
  EXPECT_THAT(sink.lines,
              ElementsAre("rows 0 字|-9223372036854775808~5|-150|0.500000|true|-719162|253402300799999999|2020-W53",
                          "rows 0 b|null|null|null|null|null|null|null~2",
                          "rows 0 c|0|0|-0.000000|false|0|0|2024-02-29", "commit 1 c rows=3 rejects=0"));
}

TEST(Rows, PeriodsOfEveryFrequencyAreRead) {
  for (const char* period :
       {"2025", "2025-S2", "2025-Q4", "2025-12", "2026-W53", "2025-W01", "2025-03-05", "1900", "9999-12-31"}) {
    Recorder sink;
    execute(sink, [&](const kepu_host* h) {
      kepu_cell row[8] = {kepu::cell::text("x")};
      row[7] = kepu::cell::of(KEPU_PERIOD, period);
      h->emit(h->ctx, 0, row, 1, nullptr);
      h->commit(h->ctx, str("c"), nullptr);
      return KEPU_RUN_OK;
    });
    EXPECT_THAT(sink.lines[0], HasSubstr(period));
  }
}

// Emits `count` rows of the loose dataset, by calls of `step`, with the word and place given by row.
template <class Word, class Place> void emit_many(Recorder& sink, size_t count, size_t step, Word word, Place place) {
  const auto outcome = execute(sink, [&](const kepu_host* h) {
    for (size_t done = 0; done < count; done += step) {
      std::vector<std::string> words;
      std::vector<kepu_cell> cells;
      std::vector<uint64_t> places;
      const size_t end = std::min(count, done + step);
      for (size_t i = done; i < end; ++i)
        words.push_back(word(i));
      for (size_t i = done; i < end; ++i) {
        const std::string& w = words[i - done];
        cells.push_back(w == "null" ? kepu::cell::null() : kepu::cell::text(w));
        cells.push_back(kepu::cell::integer(static_cast<int64_t>(i)));
        places.push_back(place(i));
      }
      EXPECT_EQ(h->emit(h->ctx, 1, cells.data(), end - done, places.data()), KEPU_OK);
      words.assign(words.size(), "overwritten"); // what was handed over is borrowed for the call only
    }
    EXPECT_EQ(h->commit(h->ctx, str("c"), nullptr), KEPU_OK);
    return KEPU_RUN_OK;
  });
  EXPECT_EQ(outcome.status, KEPU_RUN_OK) << outcome.text;
}

template <class Word, class Place>
void expect_round_trip(size_t count, size_t step, Word word, Place place, Recorder& sink) {
  emit_many(sink, count, step, word, place);
  ASSERT_EQ(sink.lines.size(), count + 1);
  for (size_t i = 0; i < count; ++i)
    ASSERT_EQ(sink.lines[i], "rows 1 @" + std::to_string(place(i)) + " " + word(i) + "|" + std::to_string(i));
}

const auto consecutive = [](size_t i) { return uint64_t{i} + 2; };

TEST(Rows, FewWordsBecomeADictionaryAndBatchesAreCut) {
  Recorder sink;
  expect_round_trip(
      20000, 777, [](size_t i) { return i % 7 ? "word" + std::to_string(i % 60) : std::string("null"); }, consecutive,
      sink);
  ASSERT_EQ(sink.heads.size(), 3u);
  EXPECT_EQ(sink.heads[0].rows, 8192u);
  EXPECT_EQ(sink.heads[1].rows, 8192u);
  EXPECT_EQ(sink.heads[2].rows, 20000u - 2 * 8192);
  EXPECT_EQ(sink.heads[1].first_place, 8194u);
  for (const auto& coding : sink.codings)
    EXPECT_EQ(coding[0], kepu::abi::Coding::dictionary);
}

TEST(Rows, ManyWordsBecomePlainTexts) {
  Recorder sink;
  expect_round_trip(
      10000, 1000, [](size_t i) { return i % 9 ? "unique" + std::to_string(i) : std::string("null"); }, consecutive,
      sink);
  for (const auto& coding : sink.codings)
    EXPECT_EQ(coding[0], kepu::abi::Coding::plain);
}

TEST(Rows, AColumnThatTurnsPlainInMidBatchKeepsItsRows) {
  Recorder sink;
  // A dictionary that pays for 4000 rows, then words that never come again.
  expect_round_trip(
      8192, 1024, [](size_t i) { return i < 4000 ? "w" + std::to_string(i % 50) : "x" + std::to_string(i); },
      consecutive, sink);
  EXPECT_EQ(sink.codings[0][0], kepu::abi::Coding::plain);
}

TEST(Rows, AColumnMayBecomeADictionaryAgain) {
  Recorder sink;
  expect_round_trip(
      8192 * 20, 4096, [](size_t i) { return i < 8192 ? "x" + std::to_string(i) : std::string("same"); }, consecutive,
      sink);
  EXPECT_EQ(sink.codings.front()[0], kepu::abi::Coding::plain);
  EXPECT_EQ(sink.codings.back()[0], kepu::abi::Coding::dictionary);
}

TEST(Rows, AllNullsAreADictionaryWithOneEntry) {
  Recorder sink;
  expect_round_trip(
      10, 10, [](size_t) { return std::string("null"); }, consecutive, sink);
  EXPECT_EQ(sink.codings[0][0], kepu::abi::Coding::dictionary);
}

TEST(Rows, WordsOfEveryLengthSurviveTheDictionary) {
  Recorder sink;
  expect_round_trip(
      2000, 500, [](size_t i) { return std::string(i % 40 + 1, static_cast<char>('a' + i % 3)); }, consecutive, sink);
}

TEST(Rows, TextsEndABatchBeforeItsRowsDo) {
  Recorder sink;
  expect_round_trip(
      40, 40, [](size_t i) { return std::string(60000, static_cast<char>('a' + i % 20)) + std::to_string(i); },
      consecutive, sink);
  ASSERT_GE(sink.heads.size(), 4u);
  for (const auto& head : sink.heads)
    EXPECT_LE(head.rows, 9u); // 512 KiB and one row more
}

TEST(Rows, PlacesWithGapsBackwardsAndFarApartAreKept) {
  Recorder gaps;
  expect_round_trip(
      500, 100, [](size_t) { return std::string("w"); }, [](size_t i) { return uint64_t{i} * 3 + 2; }, gaps);
  EXPECT_EQ(gaps.heads.size(), 1u);
  Recorder backwards;
  expect_round_trip(
      50, 50, [](size_t) { return std::string("w"); }, [](size_t i) { return uint64_t{1000} - i; }, backwards);
  Recorder far;
  expect_round_trip(
      6, 6, [](size_t) { return std::string("w"); }, [](size_t i) { return 1 + (uint64_t{i} << 33); }, far);
  EXPECT_EQ(far.heads.size(), 6u);
}

TEST(Rows, RowsWithoutPlacesDoNotMixWithRowsThatHaveThem) {
  Recorder sink;
  execute(sink, [&](const kepu_host* h) {
    const kepu_cell row[] = {kepu::cell::text("w"), kepu::cell::integer(1)};
    const uint64_t place = 9;
    h->emit(h->ctx, 1, row, 1, nullptr);
    h->emit(h->ctx, 1, row, 1, &place);
    h->commit(h->ctx, str("c"), nullptr);
    return KEPU_RUN_OK;
  });
  EXPECT_THAT(sink.lines, ElementsAre("rows 1 w|1", "rows 1 @9 w|1", "commit 1 c rows=2 rejects=0"));
}

// The text of a cell that is too long may be cut: what is not there must not be read.
TEST(Rows, ATextThatIsTooLongIsToldByItsSizeAndNotRead) {
  for (const auto& [field, type] : {std::pair{0, KEPU_TEXT}, {7, KEPU_PERIOD}}) {
    Recorder sink;
    execute(sink, [&, field = field, type = type](const kepu_host* h) {
      const std::unique_ptr<char> one(new char('2')); // one byte, of which the cell says that it is 10 MiB
      std::vector<kepu_cell> cells(8, kepu::cell::null());
      cells[0] = kepu::cell::text("r");
      cells[static_cast<size_t>(field)] = {static_cast<uint8_t>(type), 0, 0, 10485760, {0}};
      cells[static_cast<size_t>(field)].value.text = one.get();
      EXPECT_EQ(h->emit(h->ctx, 0, cells.data(), 1, nullptr), KEPU_OK);
      return KEPU_RUN_OK;
    });
    ASSERT_EQ(sink.lines.size(), 1u);
    EXPECT_THAT(sink.lines[0], HasSubstr("too_long: "));
    EXPECT_THAT(sink.lines[0], HasSubstr("has 10485760 bytes, at most 65536 are possible"));
  }
}

TEST(Rows, ARowWhoseTextsAreTooLongTogetherIsAReject) {
  constinit static const kepu::Dataset wide{"wide",
                                            1,
                                            kepu::field::text("a"),
                                            kepu::field::text("b"),
                                            kepu::field::text("c"),
                                            kepu::field::text("d"),
                                            kepu::field::text("e")};
  constinit static const kepu::Datasets list{wide};
  constinit static const kepu::Descriptor about{
      {.id = "wide", .version = "1", .title = "W", .owner = "T"}, scripted::specs, list};
  Recorder sink;
  scripted::Script script;
  const std::string text(60000, 'x');
  script.run = [&](const kepu_host* h) {
    const std::vector<kepu_cell> cells(5, kepu::cell::text(text));
    const uint64_t place = 4;
    EXPECT_EQ(h->emit(h->ctx, 0, cells.data(), 1, &place), KEPU_OK);
    return KEPU_RUN_OK;
  };
  execute(sink, script, {}, about);
  ASSERT_EQ(sink.lines.size(), 1u);
  EXPECT_THAT(sink.lines[0], HasSubstr("reject 4 a row_too_long: the row's texts have 300000 bytes"));
}

TEST(Rows, RejectsOfConnectorsAreScrubbedToo) {
  Recorder sink;
  execute(sink, [&](const kepu_host* h) {
    h->reject(h->ctx, 3, str("电话 13812345678"), str("bad_row"), str("value +8613812345678\x1b[31m"));
    return KEPU_RUN_OK;
  });
  EXPECT_THAT(sink.lines, ElementsAre("reject 3 电话 *********** bad_row: value +*************\\x1b[31m"));
}

} // namespace
