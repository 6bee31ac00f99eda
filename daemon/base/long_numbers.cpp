#include "base/long_numbers.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace kepu {
namespace {

constexpr size_t digits_of_a_mobile = 11; // the shortest number that names a person
constexpr size_t digits_of_a_card = 18;   // the last may be an X
constexpr size_t digits_of_an_old_card = 15;
constexpr size_t digits_of_a_place = 6; // with which a card begins
constexpr size_t most_joints = 3;       // between two groups: " - "

struct Char {
  std::string_view bytes;
  int digit = -1; // 10: an X
  bool joint = false;
};

bool is_joint(uint32_t point) {
  switch (point) {
  case ' ':
  case 0xa0:
  case 0x3000: // spaces
  case '-':
  case 0x2212:
  case 0xff0d:
  case '.':
  case '_':
  case '(':
  case ')':
  case 0xff08:
  case 0xff09:
    return true;
  default:
    return point >= 0x2010 && point <= 0x2015; // hyphens and dashes
  }
}

std::vector<Char> read(std::string_view text) {
  std::vector<Char> out;
  while (!text.empty()) {
    auto [point, bytes] = first_code_point(text);
    Char c{text.substr(0, bytes ? bytes : 1), -1, bytes > 0 && is_joint(point)};
    text.remove_prefix(c.bytes.size());
    if (point >= 0xff01 && point <= 0xff5e) point -= 0xff00 - 0x20; // full width
    if (point >= '0' && point <= '9') c.digit = static_cast<int>(point - '0');
    if (point == 'x' || point == 'X') c.digit = 10;
    out.push_back(c);
  }
  return out;
}

bool is_digit(const Char& c) { return c.digit >= 0 && c.digit <= 9; }

int number(const std::vector<int>& digits, size_t at, size_t n) {
  int value = 0;
  for (size_t i = at; i < at + n; ++i)
    value = value * 10 + digits[i];
  return value;
}

bool is_month_and_day(int month, int day) { return month >= 1 && month <= 12 && day >= 1 && day <= 31; }

// Whether groups that hold these digits, `first` of them in the first group, look like a person's number.
bool names_a_person(const std::vector<int>& digits, size_t first) {
  switch (digits.size()) {
  case digits_of_a_mobile:
    return digits[0] == 1 && digits[1] >= 3;
  case digits_of_a_mobile + 2: // +86
    return digits[0] == 8 && digits[1] == 6 && digits[2] == 1 && digits[3] >= 3;
  case digits_of_an_old_card:
    return first == digits_of_a_place && is_month_and_day(number(digits, 8, 2), number(digits, 10, 2));
  case digits_of_a_card: {
    const int century = number(digits, 6, 2);
    return (century == 19 || century == 20) && is_month_and_day(number(digits, 10, 2), number(digits, 12, 2));
  }
  default:
    return false;
  }
}

// From the first digit of a group on: the end of the longest row of groups that names a person; `from`: none does.
size_t end_of_person(const std::vector<Char>& chars, size_t from) {
  size_t end = from;
  size_t first = 0;
  std::vector<int> digits;
  for (size_t i = from; i < chars.size() && digits.size() < digits_of_a_card;) {
    while (i < chars.size() && digits.size() <= digits_of_a_card &&
           (is_digit(chars[i]) || (chars[i].digit == 10 && digits.size() == digits_of_a_card - 1)))
      digits.push_back(chars[i++].digit);
    if (first == 0) first = digits.size();
    if (names_a_person(digits, first)) end = i;
    size_t joints = 0;
    while (i + joints < chars.size() && chars[i + joints].joint)
      ++joints;
    if (joints == 0 || joints > most_joints || i + joints == chars.size()) break;
    i += joints;
    if (!is_digit(chars[i]) && digits.size() != digits_of_a_card - 1) break;
  }
  return end;
}

} // namespace

std::string without_long_numbers(std::string_view text) {
  const auto chars = read(text);
  std::string out;
  for (size_t i = 0; i < chars.size();) {
    if (!is_digit(chars[i])) {
      out += chars[i++].bytes;
      continue;
    }
    size_t run = i;
    while (run < chars.size() && is_digit(chars[run]))
      ++run;
    if (run - i == digits_of_a_card - 1 && run < chars.size() && chars[run].digit == 10) ++run;
    const size_t end = std::max(run - i >= digits_of_a_mobile ? run : i, end_of_person(chars, i));
    for (; i < std::max(run, end); ++i) {
      if (i < end && chars[i].digit >= 0)
        out += '*';
      else
        out += chars[i].bytes;
    }
  }
  return out;
}

} // namespace kepu
