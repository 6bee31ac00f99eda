#include <kepu/toolkit/csv.hpp>

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace kepu::toolkit {
namespace {

// What a reader says, in one line each: "2: a|b", "3! too_long 17".
using Lines = std::vector<std::string>;

// Gives at most `step` bytes at a time.
class SlowSource : public ByteSource {
public:
  SlowSource(std::string_view text, size_t step) : source_(text), step_(step) {}
  ptrdiff_t read(char* into, size_t size) override { return source_.read(into, std::min(size, step_)); }

private:
  TextSource source_;
  size_t step_;
};

const char* name_of(CsvProblem problem) {
  switch (problem) {
  case CsvProblem::none:
    return "none";
  case CsvProblem::too_long:
    return "too_long";
  case CsvProblem::unterminated_quote:
    return "unterminated_quote";
  case CsvProblem::nul_byte:
    return "nul_byte";
  case CsvProblem::bad_encoding:
    return "bad_encoding";
  }
  return "";
}

std::string line_of(const CsvReader& reader) {
  std::string out = std::to_string(reader.row()) + ":";
  const char* between = " ";
  for (const auto field : reader.fields()) {
    out += between + std::string(field);
    between = "|";
  }
  return out;
}

// Reads as a caller does: fields are looked at only when the window ends.
Lines read_all(std::string_view text, CsvOptions options = {}, size_t step = SIZE_MAX, CsvPosition start = {},
               std::vector<CsvPosition>* positions = nullptr) {
  SlowSource source(text.substr(start.offset), step);
  CsvReader reader(source, options, start);
  Lines out;
  struct Held {
    size_t line;
    std::vector<std::string_view> fields;
  };
  std::vector<Held> held;
  auto settle = [&] {
    for (const auto& h : held) {
      std::string text_now = out[h.line].substr(0, out[h.line].find(':') + 1);
      const char* between = " ";
      for (const auto field : h.fields) {
        text_now += between + std::string(field);
        between = "|";
      }
      EXPECT_EQ(text_now, out[h.line]) << "fields changed before the window ended";
    }
    held.clear();
  };
  for (;;) {
    switch (reader.next()) {
    case CsvReader::Next::row:
      held.push_back({out.size(), {reader.fields().begin(), reader.fields().end()}});
      out.push_back(line_of(reader));
      if (positions) positions->push_back(reader.position());
      continue;
    case CsvReader::Next::bad_row:
      out.push_back(std::to_string(reader.row()) + "! " + name_of(reader.problem()) + " " +
                    std::to_string(reader.problem_offset()));
      if (positions) positions->push_back(reader.position());
      continue;
    case CsvReader::Next::window:
      settle();
      continue;
    case CsvReader::Next::end:
      settle();
      return out;
    case CsvReader::Next::failed:
      out.push_back("failed");
      return out;
    }
  }
}

struct Case {
  const char* what;
  std::string_view text;
  Lines lines;
};

TEST(Csv, IsReadAsClerksSaveIt) {
  using namespace std::string_view_literals;
  const Case cases[] = {
      {"nothing", "", {}},
      {"only blank lines", "\n\r\n\r", {}},
      {"LF", "a,b\n1,2\n", {"1: a|b", "2: 1|2"}},
      {"CRLF", "a,b\r\n1,2\r\n", {"1: a|b", "2: 1|2"}},
      {"lone CR", "a,b\r1,2\r", {"1: a|b", "2: 1|2"}},
      {"all of them", "a\rb\nc\r\nd", {"1: a", "2: b", "3: c", "4: d"}},
      {"no line break at the end", "a,b\n1,2", {"1: a|b", "2: 1|2"}},
      {"delimiter at the end", "a,b\n1,", {"1: a|b", "2: 1|"}},
      {"blank lines are counted", "\na,b\n\n\r\n1,2\n", {"2: a|b", "5: 1|2"}},
      {"empty fields", ",\n,,\n", {"1: |", "2: ||"}},
      {"a quoted nothing is a row", "\"\"\n", {"1: "}},
      {"spaces stay", " a , b \n", {"1:  a | b "}},
      {"quoted delimiter", "\"a,b\",c\n", {"1: a,b|c"}},
      {"doubled quotes", "\"say \"\"hi\"\"\",c\n", {"1: say \"hi\"|c"}},
      {"only doubled quotes", "\"\"\"\"\"\",x\n", {"1: \"\"|x"}},
      {"quoted line break is one row", "a,b\n\"1\n2\r\n3\",x\ny,z\n", {"1: a|b", "2: 1\n2\r\n3|x", "3: y|z"}},
      {"quote inside a field", "a\"b,c\"\n", {"1: a\"b|c\""}},
      {"text after the closing quote", "\"a\"b,\"c\" ,\"d\"\"e\"f\n", {"1: ab|c |d\"ef"}},
      {"quoted at the end", "a,\"b\"", {"1: a|b"}},
      {"CR after a quote", "\"a\"\r\"b\"\r", {"1: a", "2: b"}},
      {"unclosed quote costs its line",
       "a,b\n1,\"2\n3,4\n5,6\n",
       {"1: a|b", "2! unterminated_quote 4", "3: 3|4", "4: 5|6"}},
      {"unclosed quote at the end", "a\n\"", {"1: a", "2! unterminated_quote 2"}},
      {"NUL", "a,b\n1,\0\n3,4\n"sv, {"1: a|b", "2! nul_byte 4", "3: 3|4"}},
      {"NUL in quotes", "a,\"\0\"\n3,4\n"sv, {"1! nul_byte 0", "2: 3|4"}},
      {"broken UTF-8", "a,b\n1,\xff\n3,4\n", {"1: a|b", "2! bad_encoding 6", "3: 3|4"}},
      {"UTF-8 cut at the end", "a,b\n1,\xe5\x9c", {"1: a|b", "2! bad_encoding 6"}},
      {"other characters", "场馆,时间\n科技馆,x\n", {"1: 场馆|时间", "2: 科技馆|x"}},
  };
  for (const auto& c : cases) {
    for (const size_t step : {SIZE_MAX, size_t{1}, size_t{2}, size_t{7}})
      EXPECT_EQ(read_all(c.text, {}, step), c.lines) << c.what << ", " << step << " bytes at a time";
  }
}

TEST(Csv, TheDelimiterIsFoundInTheFirstLine) {
  EXPECT_EQ(detect_delimiter("a,b;c,d\n;;;;;"), ',');
  EXPECT_EQ(detect_delimiter("a;b;c,d\n,,,,,"), ';');
  EXPECT_EQ(detect_delimiter("\r\na\tb"), '\t');
  EXPECT_EQ(detect_delimiter("\"a;b;c\",d"), ',');
  EXPECT_EQ(detect_delimiter("a"), ',');
  EXPECT_EQ(detect_delimiter(""), ',');
  EXPECT_EQ(read_all("a;b\n1;\"2;3\"\n"), (Lines{"1: a|b", "2: 1|2;3"}));
  EXPECT_EQ(read_all("a\tb\n1,5\t2\n"), (Lines{"1: a|b", "2: 1,5|2"}));
  CsvOptions comma;
  comma.delimiter = ',';
  EXPECT_EQ(read_all("a;b\n", comma), (Lines{"1: a;b"}));
}

TEST(Csv, Gb18030IsDecodedAndItsBytesAreNoDelimiters) {
  CsvOptions options;
  options.encoding = Encoding::gb18030;
  // A doubled quote, a character of four bytes, and one (D8 7C) whose second byte is ASCII.
  const std::string text = "\xb3\xa1\xb9\xdd,\"\xcb\xb5\"\"\xb9\xdd\",\x82\x35\x87\x38,\xd8\x7c\r\nA,B,C,D\r\n";
  for (const size_t step : {SIZE_MAX, size_t{1}, size_t{3}})
    EXPECT_EQ(read_all(text, options, step), (Lines{"1: 场馆|说\"馆|䶵|貄", "2: A|B|C|D"}));
  EXPECT_EQ(read_all("a,\xa3\xa0\n", options), (Lines{"1: a|\u3000"}));
  EXPECT_EQ(read_all("a,b\n\xb3,x\n\xb3\n\xff,y\nc,d\n", options),
            (Lines{"1: a|b", "2! bad_encoding 4", "3! bad_encoding 8", "4! bad_encoding 10", "5: c|d"}));
}

std::string utf16(std::u16string_view text, bool big) {
  std::string out;
  for (const char16_t unit : text) {
    const char high = static_cast<char>(unit >> 8), low = static_cast<char>(unit & 0xff);
    out += big ? high : low;
    out += big ? low : high;
  }
  return out;
}

TEST(Csv, Utf16IsReadAndItsPlacesAreThoseOfTheFile) {
  for (const bool big : {false, true}) {
    CsvOptions options;
    options.encoding = big ? Encoding::utf16be : Encoding::utf16le;
    const std::string text = utf16(u"场馆\t时间\r\n\"科\"\"技\"\t😀\r\nx\ty\r\n", big);
    std::vector<CsvPosition> positions;
    for (const size_t step : {SIZE_MAX, size_t{1}, size_t{3}})
      EXPECT_EQ(read_all(text, options, step), (Lines{"1: 场馆|时间", "2: 科\"技|😀", "3: x|y"}));
    (void)read_all(text, options, SIZE_MAX, {}, &positions);
    ASSERT_EQ(positions.size(), 3u);
    EXPECT_EQ(positions[0].offset, 14u);
    EXPECT_EQ(positions[1].offset, 14u + 22u);
    EXPECT_EQ(positions[2].offset, text.size());
    options.delimiter = '\t';
    EXPECT_EQ(read_all(text, options, SIZE_MAX, positions[0]), (Lines{"2: 科\"技|😀", "3: x|y"}));

    const std::string lone = utf16(u"a\tb\n", big) + utf16(std::u16string{u'c', char16_t{0xd800}, u'\n'}, big) +
                             utf16(u"d\te\nf", big) + "x";
    EXPECT_EQ(read_all(lone, options), (Lines{"1: a|b", "2! bad_encoding 10", "3: d|e", "4! bad_encoding 24"}));
  }
}

TEST(Csv, WhatIsTooLongIsOneBadRow) {
  const CsvOptions o;
  const std::string fits(o.max_field, 'x'), over(o.max_field + 1, 'x');
  EXPECT_EQ(read_all(fits + ",b\n1,2\n"), (Lines{"1: " + fits + "|b", "2: 1|2"}));
  EXPECT_EQ(read_all("\"" + fits + "\",b\n1,2\n"), (Lines{"1: " + fits + "|b", "2: 1|2"}));
  EXPECT_EQ(read_all(over + ",b\n1,2\n"), (Lines{"1! too_long 0", "2: 1|2"}));
  // A quoted field: the row ends at its first line break, wherever the quote closes.
  EXPECT_EQ(read_all("\"" + over + "\",b\n1,2\n"), (Lines{"1! too_long 0", "2: 1|2"}));
  EXPECT_EQ(read_all("\"a\n1,2\n" + over + "\",b\n3,4\n"),
            (Lines{"1! too_long 0", "2: 1|2", "3! too_long 7", "4: 3|4"}));
  // A row of many fields.
  std::string wide;
  while (wide.size() <= o.max_row)
    wide += "0123456789,";
  EXPECT_EQ(read_all(wide + "\n1,2\n"), (Lines{"1! too_long 0", "2: 1|2"}));
  const std::string row(o.max_row - 1, ',');
  EXPECT_EQ(read_all(row + "\n1,2\n").size(), 2u);
  EXPECT_EQ(read_all(row + "\n1,2\n")[0].substr(0, 2), "1:");
  EXPECT_EQ(read_all(row + ",\n1,2\n"), (Lines{"1! too_long 0", "2: 1|2"}));
}

// 40 MB without a line break, plain and quoted, made as it is read.
class Endless : public ByteSource {
public:
  explicit Endless(std::string head) : head_(std::move(head)) {}
  ptrdiff_t read(char* into, size_t size) override {
    if (at_ < head_.size()) return put(into, size, head_, 0);
    if (at_ < head_.size() + body) {
      const size_t n = std::min(size, head_.size() + body - at_);
      std::memset(into, 'x', n);
      at_ += n;
      return static_cast<ptrdiff_t>(n);
    }
    return put(into, size, tail_, head_.size() + body);
  }
  static constexpr size_t body = 40'000'000;

private:
  ptrdiff_t put(char* into, size_t size, const std::string& text, size_t from) {
    const size_t n = std::min(size, text.size() - (at_ - from));
    std::memcpy(into, text.data() + (at_ - from), n);
    at_ += n;
    return static_cast<ptrdiff_t>(n);
  }
  std::string head_, tail_ = "\n1,2\n";
  size_t at_ = 0;
};

TEST(Csv, AFieldOfManyMegabytesCostsOneRowAndNoMemory) {
  for (const char* head : {"a,b\n", "a,b\n\""}) {
    Endless source(head);
    CsvReader reader(source, {});
    Lines out;
    for (auto next = reader.next(); next != CsvReader::Next::end; next = reader.next()) {
      if (next == CsvReader::Next::row) out.push_back(line_of(reader));
      if (next == CsvReader::Next::bad_row) out.push_back(std::to_string(reader.row()) + "!");
    }
    EXPECT_EQ(out, (Lines{"1: a|b", "2!", "3: 1|2"}));
  }
}

TEST(Csv, AFailedSourceIsSaid) {
  class Broken : public ByteSource {
  public:
    ptrdiff_t read(char* into, size_t) override {
      if (given_) return -1;
      given_ = true;
      std::memcpy(into, "a,b\n1", 5);
      return 5;
    }
    bool given_ = false;
  };
  Broken source;
  CsvReader reader(source, {});
  EXPECT_EQ(reader.next(), CsvReader::Next::failed);
  EXPECT_EQ(reader.next(), CsvReader::Next::failed);
}

// Texts of the pieces that matter, so that every neighbourhood comes up.
std::string random_text(std::mt19937& random, const std::vector<std::string>& pieces, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i)
    out += pieces[random() % pieces.size()];
  return out;
}

TEST(Csv, HowTheBytesArriveAndWhereReadingBeginsChangesNothing) {
  std::mt19937 random(20250305);
  const std::vector<std::string> pieces = {"a",
                                           "b1",
                                           ",",
                                           ",",
                                           "\"",
                                           "\"\"",
                                           "\n",
                                           "\r",
                                           "\r\n",
                                           " ",
                                           "馆",
                                           "\xff",
                                           "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
  CsvOptions options;
  options.delimiter = ',';
  options.max_field = 60;
  options.max_row = 150;
  for (int round = 0; round < 400; ++round) {
    const auto text = random_text(random, pieces, 1 + random() % 200);
    std::vector<CsvPosition> positions;
    const auto whole = read_all(text, options, SIZE_MAX, {}, &positions);
    ASSERT_EQ(read_all(text, options, 1 + random() % 9), whole) << text;
    for (size_t i = 0; i < positions.size(); ++i) {
      // After an unclosed quote the rest is the same too: what went before is no part of the state.
      const auto rest = read_all(text, options, SIZE_MAX, positions[i]);
      ASSERT_EQ(rest, Lines(whole.begin() + static_cast<ptrdiff_t>(i) + 1, whole.end())) << text;
    }
  }
}

TEST(Csv, ALongFileIsReadWholeAcrossWindows) {
  std::string text = "id,text\n";
  Lines want = {"1: id|text"};
  for (int i = 2; i < 40'000; ++i) {
    const std::string id = std::to_string(i);
    if (i % 3 == 0) {
      text += id + ",\"q \"\"" + id + "\"\"\"\n";
      want.push_back(id + ": " + id + "|q \"" + id + "\"");
    } else {
      text += id + ",plain " + id + "\n";
      want.push_back(id + ": " + id + "|plain " + id);
    }
  }
  EXPECT_EQ(read_all(text), want);
  EXPECT_EQ(read_all(text, {}, 1000), want);
}

} // namespace
} // namespace kepu::toolkit
