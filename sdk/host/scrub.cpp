// SPDX-License-Identifier: Apache-2.0
#include "persons.hpp"
#include "texts.hpp"

#include <kepu/host/host.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <initializer_list>

namespace kepu::host {
namespace {

// One character of the text. `digit`: 0-9 in either width, 10 for X, else -1.
struct Char {
  uint32_t at;
  uint8_t size;
  bool valid;
  int8_t digit;
  char joint; // what may stand between groups of one number: ' ', '-', '.', '_', whatever its width; else 0
};

uint32_t code_point(std::string_view bytes) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  switch (bytes.size()) {
  case 1:
    return byte(0);
  case 2:
    return (byte(0) & 0x1fu) << 6 | (byte(1) & 0x3fu);
  case 3:
    return (byte(0) & 0x0fu) << 12 | (byte(1) & 0x3fu) << 6 | (byte(2) & 0x3fu);
  default:
    return 0x10000; // beyond the basic plane: nothing here asks which
  }
}

char joint_of(uint32_t point) {
  switch (point) {
  case ' ':
  case 0xa0:
  case 0x3000:
    return ' ';
  case '-':
  case 0xff0d: // full width
  case 0x2212: // minus
    return '-';
  case '.':
    return '.';
  case '_':
    return '_';
  default:
    return point >= 0x2010 && point <= 0x2015 ? '-' : '\0'; // hyphens and dashes
  }
}

Char read(std::string_view text, size_t at) {
  Char c{static_cast<uint32_t>(at), 1, true, -1, 0};
  const auto first = static_cast<unsigned char>(text[at]);
  if (first >= 0x80) {
    const uint8_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (at + size > text.size() || find_invalid_utf8(text.substr(at, size)) != std::string_view::npos) {
      c.valid = false;
      return c;
    }
    c.size = size;
  }
  uint32_t point = code_point(text.substr(at, c.size));
  c.joint = joint_of(point);
  if (point >= 0xff01 && point <= 0xff5e) point -= 0xff00 - 0x20; // full width
  if (point >= '0' && point <= '9') c.digit = static_cast<int8_t>(point - '0');
  if (point == 'X' || point == 'x') c.digit = 10;
  return c;
}

bool is_digit(const Char& c) { return c.digit >= 0 && c.digit <= 9; }

// Whether a whole run of `n` digits from `i` looks like a person; `extra` receives 1 when an X belongs to it.
bool shaped(const std::vector<Char>& chars, size_t i, size_t n, size_t& extra) {
  extra = n == 17 && i + n < chars.size() && chars[i + n].digit == 10 ? 1 : 0;
  if (n == 15 || n == 18 || extra) return true;
  if (n == 11) return chars[i].digit == 1;
  return n == 13 && chars[i].digit == 8 && chars[i + 1].digit == 6 && chars[i + 2].digit == 1;
}

constexpr size_t most_groups = 6;  // a card's: 510104 1990 01 01 123 X
constexpr size_t most_joints = 3;  // between two groups: " - "
constexpr size_t most_digits = 20; // of a card, and what shows that a number is longer

// Groups of digits with joints between them, from a digit on: a number as people write it for the eye.
struct Groups {
  char digits[most_digits];            // of all groups; 'X' only as the 18th
  std::array<size_t, most_groups> n;   // digits of each group
  std::array<size_t, most_groups> end; // where in the text each ends
  std::array<char, most_groups> joint; // before each but the first; '?' when it is mixed
  size_t count = 0;

  // Whether the first `groups` are joined by one of `joints` only.
  bool joined(size_t groups, std::string_view joints) const {
    return std::all_of(joint.begin() + 1, joint.begin() + groups,
                       [&](char c) { return joints.find(c) != joints.npos; });
  }
};

// What `n` joints in a row count as: spaces around another one do not matter.
char joint(const std::vector<Char>& chars, size_t i, size_t n) {
  char out = ' ';
  for (size_t k = 0; k < n; ++k) {
    const char c = chars[i + k].joint;
    if (c != ' ' && out != ' ' && c != out) return '?';
    if (c != ' ') out = c;
  }
  return out;
}

Groups groups_from(const std::vector<Char>& chars, size_t i) {
  Groups out{};
  size_t total = 0;
  while (out.count < most_groups) {
    size_t n = 0;
    for (; i < chars.size() && chars[i].digit >= 0 && total < most_digits; ++i, ++n) {
      const bool last = chars[i].digit == 10;
      if (last && total + n != 17) break; // the X of a card is its 18th
      out.digits[total + n] = last ? 'X' : static_cast<char>('0' + chars[i].digit);
      if (total + n + 1 == most_digits) return out;
    }
    if (n == 0) break;
    total += n;
    out.n[out.count] = n;
    out.end[out.count++] = i;
    size_t joints = 0;
    while (i + joints < chars.size() && chars[i + joints].joint && joints <= most_joints)
      ++joints;
    if (joints == 0 || joints > most_joints) break;
    if (out.count < most_groups) out.joint[out.count] = joint(chars, i, joints);
    i += joints;
  }
  return out;
}

int number(const char* digits, size_t n) {
  int value = 0;
  for (size_t i = 0; i < n; ++i)
    value = value * 10 + (digits[i] - '0');
  return value;
}

bool is_date(const char* digits) { // yyyymmdd
  const int year = number(digits, 4);
  return year >= 1900 && year < 2100 && is_day(year, number(digits + 4, 2), number(digits + 6, 2));
}

bool begins(const Groups& groups, std::initializer_list<size_t> sizes) {
  return groups.count >= sizes.size() && std::equal(sizes.begin(), sizes.end(), groups.n.begin());
}

// Whether three groups or more are joined by points, and by nothing else: fewer are an amount.
bool pointed(const Groups& groups, size_t count) { return count > 2 && groups.joined(count, "."); }

// Groups at `i` that are a card: as the card itself cuts it (place, birth, number), or cut anyhow where its
// date and its check digit are right, which the numbers of events and codes with a date hardly are.
size_t card_from(const std::vector<Char>& chars, size_t i) {
  const Groups groups = groups_from(chars, i);
  size_t digits = 0;
  for (size_t g = 0; g < groups.count && digits < 18; ++g) {
    digits += groups.n[g];
    if (digits != 18 || g == 0) continue;
    if (begins(groups, {6, 8, 4}) && groups.joined(3, " -")) return groups.end[g] - i;
    if (!groups.joined(g + 1, " -_") && !pointed(groups, g + 1)) return 0;
    const bool right = is_date(groups.digits + 6) && check_digit({groups.digits, 17}) == groups.digits[17];
    return right ? groups.end[g] - i : 0;
  }
  return 0;
}

// Groups at `i` that are a mobile as people cut it, from its 1 on.
size_t mobile_from(const std::vector<Char>& chars, size_t i) {
  if (i >= chars.size() || chars[i].digit != 1) return 0;
  const Groups groups = groups_from(chars, i);
  const auto cut = [&](std::initializer_list<size_t> sizes, std::string_view joints) {
    const size_t n = sizes.size();
    return begins(groups, sizes) && (groups.joined(n, joints) || pointed(groups, n)) ? groups.end[n - 1] - i : 0;
  };
  if (const size_t usual = cut({3, 4, 4}, " -_")) return usual;
  // Other cuts only of what is in use (13 to 19), since dates, amounts and codes are cut like this too; and
  // the rarer ones only with hyphens, since amounts in a row have spaces.
  if (groups.count < 2 || groups.digits[1] < '3') return 0;
  if (const size_t pairs = cut({3, 2, 2, 2, 2}, " -_")) return pairs;
  if (!is_date(groups.digits + 3))
    if (const size_t two = cut({3, 8}, " -_")) return two;
  if (is_date(groups.digits)) return 0;
  for (const auto sizes : {std::initializer_list<size_t>{4, 3, 4}, {4, 4, 3}, {3, 3, 5}, {3, 5, 3}, {7, 4}})
    if (const size_t rare = cut(sizes, "-")) return rare;
  return 0;
}

// How many characters from the digit at `i`, which begins a run of `n`, are a person. 0: none.
size_t person_at(const std::vector<Char>& chars, size_t i, size_t n) {
  size_t extra = 0;
  if (shaped(chars, i, n, extra)) return n + extra;
  if (const size_t card = card_from(chars, i)) return card;
  // The country's number may be written up to the first group.
  for (const std::string_view prefix : {"", "86", "0086"}) {
    size_t k = 0;
    while (k < prefix.size() && k < n && chars[i + k].digit == prefix[k] - '0')
      ++k;
    if (k < prefix.size() || k == n) continue;
    if (const size_t mobile = mobile_from(chars, i + k)) return k + mobile;
  }
  return 0;
}

std::vector<Char> read_all(std::string_view text) {
  std::vector<Char> chars;
  chars.reserve(text.size());
  for (size_t at = 0; at < text.size(); at += chars.back().size)
    chars.push_back(read(text, at));
  return chars;
}

// Goes through the text: `person(first, count)` for what is a person, `other(char)` for each other character.
template <class Person, class Other> void each(const std::vector<Char>& chars, Person&& person, Other&& other) {
  for (size_t i = 0; i < chars.size();) {
    size_t n = 0;
    while (i + n < chars.size() && is_digit(chars[i + n]))
      ++n;
    if (n == 0) {
      other(chars[i++]);
    } else if (const size_t count = person_at(chars, i, n)) {
      person(i, count);
      i += count;
    } else {
      for (size_t end = i + n; i < end; ++i)
        other(chars[i]);
    }
  }
}

void escape(std::string_view text, const Char& c, std::string& out) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[c.at + i]); };
  char buffer[8];
  if (!c.valid || (c.size == 1 && (byte(0) < 0x20 || byte(0) == 0x7f))) {
    if (c.valid && byte(0) == '\n')
      out += "\\n";
    else if (c.valid && byte(0) == '\t')
      out += "\\t";
    else
      out.append(buffer, static_cast<size_t>(std::snprintf(buffer, sizeof buffer, "\\x%02x", byte(0))));
    return;
  }
  const uint32_t point = code_point(text.substr(c.at, c.size));
  // C1 controls, line and paragraph separators, and what turns the direction of writing.
  if ((point >= 0x80 && point < 0xa0) || point == 0x200e || point == 0x200f || (point >= 0x2028 && point <= 0x202e) ||
      (point >= 0x2066 && point <= 0x2069)) {
    out.append(buffer, static_cast<size_t>(std::snprintf(buffer, sizeof buffer, "\\u%04x", point)));
    return;
  }
  out.append(text.substr(c.at, c.size));
}

} // namespace

std::string scrub(std::string_view text) {
  // Four times what is kept of any text: what lies beyond cannot be shown, whatever is blanked before it.
  text = cut(text, 4 * KEPU_MAX_TEXT_BYTES);
  std::string out;
  out.reserve(text.size());
  each(
      read_all(text), [&](size_t, size_t count) { out.append(count, '*'); },
      [&](const Char& c) { escape(text, c, out); });
  return out;
}

std::string scrub_name(std::string_view name, const std::function<std::string(std::string_view)>& tag) {
  const std::vector<Char> chars = read_all(name);
  std::string out;
  out.reserve(name.size());
  each(
      chars,
      [&](size_t first, size_t count) {
        const Char& last = chars[first + count - 1];
        out += '*';
        out += tag(name.substr(chars[first].at, last.at + last.size - chars[first].at));
      },
      [&](const Char& c) { out.append(name.substr(c.at, c.size)); });
  return out;
}

} // namespace kepu::host
