// Persons: what counts as the same person, what is refused, and that nothing raw gets out. All
// numbers are made up here and computed; none is anyone's.
#include "persons.hpp"
#include "scripted.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstring>

namespace {

using scripted::Recorder;
using scripted::str;
using testing::HasSubstr;
using testing::Not;

const std::string key = "0123456789abcdef0123456789ABCDEF";

uint64_t reference(const std::string& scheme, const std::string& value) {
  const std::string message = scheme + std::string(1, '\0') + value;
  unsigned char digest[32];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), digest, &size);
  uint64_t out = 0;
  for (int i = 7; i >= 0; --i)
    out = out << 8 | digest[i];
  return out;
}

// The check digit by the recursive form of ISO 7064: not how the host computes it.
std::string with_check_digit(const std::string& seventeen) {
  int p = 0;
  for (const char c : seventeen)
    p = (p + (c - '0')) * 2 % 11;
  return seventeen + "0123456789X"[(12 - p) % 11];
}
// Region 000000 exists nowhere.
std::string card(const std::string& birth, const std::string& sequence) {
  return with_check_digit("000000" + birth + sequence);
}

std::string wide(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c >= '0' && c <= '9')
      (out += "\xef\xbc") += static_cast<char>(0x90 + c - '0');
    else if (c == 'X')
      out += "\xef\xbc\xb8";
    else if (c == 'x')
      out += "\xef\xbd\x98";
    else if (c == '+')
      out += "\xef\xbc\x8b";
    else if (c == '-')
      out += "\xef\xbc\x8d";
    else
      out += c;
  }
  return out;
}

// Runs one row per value in the given field of `people` (1 card, 2 phone, 3 badge).
Recorder run(size_t field, const std::vector<std::string>& values) {
  Recorder sink;
  scripted::Script script;
  script.run = [&](const kepu_host* h) {
    for (size_t i = 0; i < values.size(); ++i) {
      kepu_cell row[4] = {kepu::cell::text("id")};
      row[field] = kepu::cell::text(values[i]);
      const uint64_t place = i + 2;
      EXPECT_EQ(h->emit(h->ctx, 0, row, 1, &place), KEPU_OK);
    }
    h->commit(h->ctx, str("c"), nullptr);
    return KEPU_RUN_OK;
  };
  kepu::host::Config config;
  config.person_key = key;
  const auto outcome = scripted::execute(sink, script, config, scripted::about_people);
  EXPECT_EQ(outcome.status, KEPU_RUN_OK) << outcome.text;
  return sink;
}

struct Same {
  const char* name;
  size_t field;
  std::string scheme;
  std::string written;
  std::string value;
};
void PrintTo(const Same& s, std::ostream* out) { *out << s.name; }

std::string ending_in_x() {
  for (int i = 0; i < 1000; ++i) {
    std::string sequence = std::to_string(1000 + i).substr(1);
    if (std::string found = card("19900101", sequence); found.back() == 'X') return found;
  }
  return "";
}
const std::string x_card = ending_in_x();
std::string lower(std::string text) {
  text.back() = 'x';
  return text;
}
const std::string old_card = "000000"
                             "900101"
                             "123";

class EverySame : public testing::TestWithParam<Same> {};

TEST_P(EverySame, BecomesTheReferencePseudonym) {
  const Same& s = GetParam();
  const auto sink = run(s.field, {s.written, s.written}); // the second comes from memory
  ASSERT_EQ(sink.persons.size(), 2u) << testing::PrintToString(sink.lines);
  EXPECT_EQ(sink.persons[0], reference(s.scheme, s.value));
  EXPECT_EQ(sink.persons[1], sink.persons[0]);
}

TEST_P(EverySame, HasTheSamePseudonymWhenAskedAlone) {
  const Same& s = GetParam();
  kepu::host::Mac mac(key);
  uint64_t pseudonym = 0;
  EXPECT_EQ(kepu::host::pseudonym_of(s.scheme, s.written, mac, pseudonym), kepu::host::PersonFault::none);
  EXPECT_EQ(pseudonym, reference(s.scheme, s.value));
}

INSTANTIATE_TEST_SUITE_P(
    Persons, EverySame,
    testing::Values(Same{"card", 1, "id_card", card("19991231", "001"), card("19991231", "001")},
                    Same{"card_X", 1, "id_card", x_card, x_card}, Same{"card_x", 1, "id_card", lower(x_card), x_card},
                    Same{"card_wide", 1, "id_card", wide(x_card), x_card},
                    Same{"card_wide_x", 1, "id_card", wide(lower(x_card)), x_card},
                    Same{"card_in_spaces", 1, "id_card", " \t" + x_card + "\xe3\x80\x80", x_card},
                    Same{"card_in_groups", 1, "id_card",
                         x_card.substr(0, 6) + " " + x_card.substr(6, 8) + " " + x_card.substr(14), x_card},
                    Same{"card_of_15_digits", 1, "id_card", old_card, card("19900101", "123")},
                    Same{"card_of_15_wide_digits", 1, "id_card", wide(old_card), card("19900101", "123")},
                    Same{"leap_day", 1, "id_card", card("20000229", "001"), card("20000229", "001")},
                    Same{"mobile", 2, "mobile", "10000000001", "10000000001"},
                    Same{"mobile_plus", 2, "mobile", "+8610000000001", "10000000001"},
                    Same{"mobile_plus_space", 2, "mobile", "+86 100-0000-0001", "10000000001"},
                    Same{"mobile_zeros", 2, "mobile", "008610000000001", "10000000001"},
                    Same{"mobile_bare_86", 2, "mobile", "8610000000001", "10000000001"},
                    Same{"mobile_spaces", 2, "mobile", " 100 0000 0001 ", "10000000001"},
                    Same{"mobile_wide", 2, "mobile", wide("+86-10000000001"), "10000000001"},
                    Same{"account", 3, "account:door", "  A 17 ", "A 17"},
                    Same{"account_wide_spaces", 3, "account:door", "\xe3\x80\x80卡\xc2\xa0", "卡"},
                    Same{"long_account", 3, "account:door", std::string(500, 'a'), std::string(500, 'a')}),
    [](const auto& one) { return std::string(one.param.name); });

struct Wrong {
  const char* name;
  size_t field;
  std::string written;
  const char* said;
};
void PrintTo(const Wrong& w, std::ostream* out) { *out << w.name; }

std::string flipped(std::string text) {
  text.back() = text.back() == '0' ? '1' : '0';
  return text;
}

class EveryWrong : public testing::TestWithParam<Wrong> {};

TEST_P(EveryWrong, IsARejectThatNeverHoldsTheValue) {
  const Wrong& w = GetParam();
  const auto sink = run(w.field, {w.written});
  ASSERT_EQ(sink.lines.size(), 2u);
  EXPECT_THAT(sink.lines[0], HasSubstr("bad_person: "));
  EXPECT_THAT(sink.lines[0], HasSubstr(w.said));
  if (w.written.size() > 5) {
    EXPECT_THAT(sink.lines[0], Not(HasSubstr(w.written.substr(0, 6))));
  }
  EXPECT_TRUE(sink.persons.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Persons, EveryWrong,
    testing::Values(Wrong{"card_check_digit", 1, flipped(card("19900101", "456")), "check digit"},
                    Wrong{"card_short", 1, card("19900101", "456").substr(1), "wrong number of digits"},
                    Wrong{"card_long", 1, "0" + card("19900101", "456"), "wrong number of digits"},
                    Wrong{"card_letters", 1, "passport E12345678", "other characters"},
                    Wrong{"card_x_inside", 1, "0000001990X1014567", "other characters"},
                    Wrong{"card_february_30", 1, card("19900230", "456"), "birth date"},
                    Wrong{"card_month_13", 1,
                          "000000"
                          "901301"
                          "123",
                          "birth date"},
                    Wrong{"card_no_leap_year", 1, card("19000229", "456"), "birth date"},
                    Wrong{"card_blank", 1, "   ", "empty"}, Wrong{"card_only_x", 1, "X", "other characters"},
                    Wrong{"mobile_short", 2, "1000000000", "wrong number of digits"},
                    Wrong{"mobile_start", 2, "20000000001", "does not begin with 1"},
                    Wrong{"mobile_foreign", 2, "+4410000000001", "other characters"},
                    Wrong{"mobile_word", 2, "none", "other characters"},
                    Wrong{"account_blank", 3, " \xe3\x80\x80 ", "empty"}, Wrong{"account_empty", 3, "", "empty"},
                    Wrong{"account_gbk", 3, "\xbf\xa8", "not UTF-8"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Persons, NullStaysNull) {
  Recorder sink;
  scripted::Script script;
  script.run = [&](const kepu_host* h) {
    const kepu_cell row[4] = {kepu::cell::text("id")};
    h->emit(h->ctx, 0, row, 1, nullptr);
    h->commit(h->ctx, str("c"), nullptr);
    return KEPU_RUN_OK;
  };
  kepu::host::Config config;
  config.person_key = key;
  scripted::execute(sink, script, config, scripted::about_people);
  EXPECT_THAT(sink.lines, testing::ElementsAre("rows 0 id|null|null|null", "commit 1 c rows=1 rejects=0"));
}

// More persons than the table remembers, each twice: forgetting one must never mix two.
TEST(Persons, ForgettingDoesNotMixPersons) {
  std::vector<std::string> values;
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < 300000; ++i)
      values.push_back("card-" + std::to_string(i));
  const auto sink = run(3, values);
  ASSERT_EQ(sink.persons.size(), values.size());
  for (size_t i = 0; i < 300000; ++i)
    ASSERT_EQ(sink.persons[i], sink.persons[i + 300000]) << values[i];
  for (size_t i = 0; i < 300000; i += 9973)
    EXPECT_EQ(sink.persons[i], reference("account:door", values[i]));
}

TEST(Persons, TheSameTextUnderTwoSchemesIsTwoPseudonyms) {
  const auto phone = run(2, {"10000000001"});
  const auto badge = run(3, {"10000000001"});
  EXPECT_NE(phone.persons.at(0), badge.persons.at(0));
}

TEST(Persons, WithoutAKeyOrWithAShortOneTheConnectorIsRefused) {
  for (const auto& given : {std::optional<std::string>(), std::optional<std::string>("short")}) {
    Recorder sink;
    kepu::host::Config config;
    config.person_key = given;
    const auto outcome = scripted::execute(sink, {}, config, scripted::about_people);
    EXPECT_EQ(outcome.status, KEPU_RUN_BAD_CONFIG);
    EXPECT_THAT(outcome.text, HasSubstr("[persons] key_file"));
  }
}

} // namespace
