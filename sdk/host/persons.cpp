// SPDX-License-Identifier: Apache-2.0
#include "persons.hpp"

#include "hash.hpp"
#include "texts.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <cstring>
#include <stdexcept>

namespace kepu::host {
namespace {

constexpr std::string_view account = "account:";

// Full-width forms to ASCII; spaces and, when asked, hyphens left out. Other characters stay.
void narrowed(std::string_view raw, bool hyphens, std::string& out) {
  out.clear();
  for (size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (raw.size() - i >= 3 && c == '\xef' && (raw[i + 1] == '\xbc' || raw[i + 1] == '\xbd')) {
      const int half = (raw[i + 1] == '\xbd' ? 0x40 : 0) + (static_cast<unsigned char>(raw[i + 2]) & 0x3f) + 0x20;
      if (half < 0x7f) {
        c = static_cast<char>(half);
        i += 2;
      }
    } else if (raw.substr(i).starts_with("\xe3\x80\x80")) {
      c = ' ';
      i += 2;
    } else if (raw.substr(i).starts_with("\xc2\xa0")) {
      c = ' ';
      i += 1;
    }
    if (c == ' ' || c == '\t' || (hyphens && c == '-')) continue;
    out += c;
  }
}

bool all_digits(std::string_view text) { return !text.empty() && text.find_first_not_of("0123456789") == text.npos; }

PersonFault id_card(std::string_view raw, std::string& out) {
  narrowed(trimmed(raw), false, out);
  if (out.empty()) return PersonFault::empty;
  if (out.back() == 'x') out.back() = 'X';
  const bool old = out.size() == 15;
  const std::string_view body = old ? std::string_view(out) : std::string_view(out).substr(0, out.size() - 1);
  const bool digits = all_digits(body) && (old || out.back() == 'X' || all_digits(out));
  if (!digits) return PersonFault::not_digits;
  if (!old && out.size() != 18) return PersonFault::wrong_length;
  if (old) {
    out.insert(6, "19"); // cards of 15 digits were given to people born in that century
    out += check_digit(out);
  }
  const auto number = [&](size_t at, size_t n) {
    int value = 0;
    for (size_t i = at; i < at + n; ++i)
      value = value * 10 + (out[i] - '0');
    return value;
  };
  const int year = number(6, 4);
  if (year < 1800 || !is_day(year, number(10, 2), number(12, 2))) return PersonFault::wrong_date;
  return out[17] == check_digit(out) ? PersonFault::none : PersonFault::wrong_check_digit;
}

PersonFault mobile(std::string_view raw, std::string& out) {
  narrowed(trimmed(raw), true, out);
  if (out.empty()) return PersonFault::empty;
  if (out.starts_with("+86"))
    out.erase(0, 3);
  else if (out.starts_with("0086"))
    out.erase(0, 4);
  else if (out.size() == 13 && out.starts_with("861"))
    out.erase(0, 2);
  if (!all_digits(out)) return PersonFault::not_digits;
  if (out.size() != 11) return PersonFault::wrong_length;
  return out[0] == '1' ? PersonFault::none : PersonFault::wrong_start;
}

PersonFault named_account(std::string_view raw, std::string& out) {
  out = trimmed(raw);
  return out.empty() ? PersonFault::empty : PersonFault::none;
}

} // namespace

char check_digit(std::string_view seventeen) {
  static constexpr std::array<int, 17> weights{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (size_t i = 0; i < 17; ++i)
    sum += (seventeen[i] - '0') * weights[i];
  return "10X98765432"[sum % 11];
}

const char* sentence_of(PersonFault fault) {
  switch (fault) {
  case PersonFault::none:
    return "is right";
  case PersonFault::empty:
    return "is empty";
  case PersonFault::not_utf8:
    return "is not UTF-8";
  case PersonFault::not_digits:
    return "holds other characters than digits";
  case PersonFault::wrong_length:
    return "has the wrong number of digits";
  case PersonFault::wrong_date:
    return "has a birth date that does not exist";
  case PersonFault::wrong_check_digit:
    return "has a check digit that does not fit its other digits";
  case PersonFault::wrong_start:
    return "does not begin with 1";
  }
  return "is wrong";
}

bool is_scheme(std::string_view text) {
  return text == "id_card" || text == "mobile" || (text.starts_with(account) && is_name(text.substr(account.size())));
}

Scheme scheme_of(std::string_view text) {
  return text == "id_card" ? Scheme::id_card : text == "mobile" ? Scheme::mobile : Scheme::account;
}

PersonFault normalize(Scheme scheme, std::string_view raw, std::string& out) {
  switch (scheme) {
  case Scheme::id_card:
    return id_card(raw, out);
  case Scheme::mobile:
    return mobile(raw, out);
  case Scheme::account:
    return named_account(raw, out);
  }
  return PersonFault::not_digits;
}

struct Mac::Impl {
  EVP_MAC* algorithm = nullptr;
  EVP_MAC_CTX* context = nullptr;
  ~Impl() {
    EVP_MAC_CTX_free(context); // wipes the key
    EVP_MAC_free(algorithm);
  }
};

Mac::Mac(std::string_view key) : impl_(std::make_unique<Impl>()) {
  impl_->algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  impl_->context = impl_->algorithm ? EVP_MAC_CTX_new(impl_->algorithm) : nullptr;
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                               OSSL_PARAM_construct_end()};
  if (!impl_->context ||
      EVP_MAC_init(impl_->context, reinterpret_cast<const unsigned char*>(key.data()), key.size(), params) != 1)
    throw std::runtime_error("OpenSSL does not give HMAC-SHA-256");
}

Mac::~Mac() = default;

uint64_t Mac::operator()(std::string_view message) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  size_t size = 0;
  // Without a key: begins anew under the one that was set.
  if (EVP_MAC_init(impl_->context, nullptr, 0, nullptr) != 1 ||
      EVP_MAC_update(impl_->context, reinterpret_cast<const unsigned char*>(message.data()), message.size()) != 1 ||
      EVP_MAC_final(impl_->context, digest, &size, sizeof digest) != 1)
    throw std::runtime_error("OpenSSL failed to compute HMAC-SHA-256");
  return load<uint64_t>(reinterpret_cast<const char*>(digest));
}

std::string key_fingerprint(std::string_view key) {
  constexpr size_t told = 16; // bytes
  std::string text = "kepu person key\n";
  text.reserve(text.size() + key.size()); // so that no copy is left behind
  text += key;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  const bool done = EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr) == 1 && size >= told;
  OPENSSL_cleanse(text.data(), text.size());
  if (!done) throw std::runtime_error("OpenSSL does not give SHA-256");
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (size_t i = 0; i < told; ++i) {
    out += digits[digest[i] >> 4];
    out += digits[digest[i] & 15];
  }
  return out;
}

PersonFault pseudonym_of(std::string_view scheme, std::string_view raw, Mac& mac, uint64_t& out) {
  if (!is_utf8(raw)) return PersonFault::not_utf8;
  std::string value;
  std::string message;
  value.reserve(raw.size() + 32); // neither grows, so that no copy is left behind
  message.reserve(scheme.size() + 1 + raw.size() + 32);
  const auto fault = normalize(scheme_of(scheme), raw, value);
  if (fault == PersonFault::none) {
    message.append(scheme).append(1, '\0').append(value);
    out = mac(message);
  }
  OPENSSL_cleanse(value.data(), value.capacity());
  OPENSSL_cleanse(message.data(), message.capacity());
  return fault;
}

NameTags::NameTags(const std::optional<std::string>& key)
    : mac_(key && !key->empty() ? std::string_view(*key) : "no key"), letters_(key && !key->empty() ? 10 : 6) {}

std::string NameTags::operator()(std::string_view person) {
  static constexpr std::string_view letters = "bcdfghjklmnpqrst"; // 4 bits each; they make no words
  uint64_t bits = mac_(std::string("input\0", 6).append(person)); // no scheme: it tells nothing of pseudonyms
  std::string out;
  for (size_t i = 0; i < letters_; ++i, bits >>= 4)
    out += letters[bits & 15];
  return out;
}

Persons::Persons(std::string scheme, Mac& mac)
    : message_(std::move(scheme)), prefix_(message_.size() + 1), scheme_(scheme_of(message_)), mac_(mac),
      cache_(std::make_unique<Line[]>(lines)) {
  message_ += '\0';
}

size_t Persons::prefetch(std::string_view raw) const {
  const size_t line = hash_bytes(raw) >> (64 - line_bits);
  __builtin_prefetch(&cache_[line]);
  return line;
}

PersonFault Persons::pseudonym(std::string_view raw, size_t fetched, uint64_t& out) {
  Line* line = raw.empty() || raw.size() > sizeof(Slot::raw) ? nullptr : &cache_[fetched];
  if (line) {
    for (const Slot& slot : line->slots) {
      if (slot.size == raw.size() && same_bytes(slot.raw, raw.data(), raw.size())) {
        out = slot.pseudonym;
        return PersonFault::none;
      }
    }
  }
  if (!is_utf8(raw)) return PersonFault::not_utf8;
  if (const PersonFault fault = normalize(scheme_, raw, value_); fault != PersonFault::none) return fault;
  message_.resize(prefix_);
  message_ += value_;
  out = mac_(message_);
  if (line) {
    line->slots[1] = line->slots[0];
    std::memcpy(line->slots[0].raw, raw.data(), raw.size());
    line->slots[0].size = static_cast<uint8_t>(raw.size());
    line->slots[0].pseudonym = out;
  }
  return PersonFault::none;
}

} // namespace kepu::host
