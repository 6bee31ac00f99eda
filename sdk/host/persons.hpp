// SPDX-License-Identifier: Apache-2.0
//
// Persons become keyed pseudonyms here, before anything leaves the worker. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace kepu::host {

enum class PersonFault : uint8_t {
  none,
  empty,
  not_utf8,
  not_digits,
  wrong_length,
  wrong_date,
  wrong_check_digit,
  wrong_start
};

// A sentence that never holds the value.
const char* sentence_of(PersonFault fault);

enum class Scheme : uint8_t { id_card, mobile, account };

// "id_card", "mobile", "account:NAMESPACE" (NAMESPACE: [a-z][a-z0-9_]*).
bool is_scheme(std::string_view text);
Scheme scheme_of(std::string_view text); // precondition: is_scheme

// GB 11643-1999: ISO 7064 MOD 11-2 over the first 17 digits of a card.
char check_digit(std::string_view seventeen);

// `out` receives the value as every source writes it: 18 characters, 11 digits, or the trimmed text.
PersonFault normalize(Scheme scheme, std::string_view raw, std::string& out);

constexpr size_t person_key_bytes = 32;

// HMAC-SHA-256 under the hub's key; one context for all fields, since setting a key up costs more
// than a short message.
class Mac {
public:
  explicit Mac(std::string_view key); // throws std::runtime_error when the library refuses
  ~Mac();
  Mac(const Mac&) = delete;
  Mac& operator=(const Mac&) = delete;
  // The first 8 bytes, little-endian.
  uint64_t operator()(std::string_view message);

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What tells one key from another, as hexadecimal digits; nothing of the key can be had from it.
std::string key_fingerprint(std::string_view key);

// The pseudonym of one value that `raw` alone remembers afterwards.
PersonFault pseudonym_of(std::string_view scheme, std::string_view raw, Mac& mac, uint64_t& out);

// Stands for a person in the name of an input: letters only, at most 10 of them, so that no name grows and
// none is shaped as a person again. The same for the same bytes. With a key nobody can try numbers out;
// without one fewer letters leave many numbers for each.
class NameTags {
public:
  explicit NameTags(const std::optional<std::string>& key);
  std::string operator()(std::string_view person);

private:
  Mac mac_;
  size_t letters_;
};

// Pseudonyms of one scheme: HMAC over "scheme NUL value". Remembers raw values in a table of fixed size.
class Persons {
public:
  Persons(std::string scheme, Mac& mac);
  // Begins to fetch what is remembered of `raw`; the answer goes into pseudonym(). The table is larger
  // than the caches, so that asking for many before reading the first hides the waiting.
  size_t prefetch(std::string_view raw) const;
  // `raw` is any bytes. Same raw text, same answer.
  PersonFault pseudonym(std::string_view raw, size_t fetched, uint64_t& out);

private:
  // Two slots share a cache line; raw values that do not fit are computed each time.
  struct Slot {
    char raw[23];
    uint8_t size; // 0: free
    uint64_t pseudonym;
  };
  static constexpr int line_bits = 17;
  static constexpr size_t lines = size_t{1} << line_bits; // 262,144 values in 8 MiB: a district's cards, bounded
  struct alignas(64) Line {
    Slot slots[2];
  };

  std::string message_; // "scheme NUL", to which values are appended
  size_t prefix_;
  Scheme scheme_;
  Mac& mac_;
  std::string value_;
  std::unique_ptr<Line[]> cache_;
};

} // namespace kepu::host
