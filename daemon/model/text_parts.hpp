// The parts that a catalog's bytes are made of, and those of its plans. Inside model/ only.
#pragma once

#include "base/bytes.hpp"
#include "model/catalog.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace kepu::model {

// ---- write ----

inline void put_texts(ByteWriter& out, const std::vector<std::string>& texts) {
  out.varint(texts.size());
  for (const auto& text : texts)
    out.text(text);
}

inline void put_label(ByteWriter& out, const Label& label) {
  out.text(label.zh);
  out.text(label.en);
}

inline void put_day(ByteWriter& out, const std::optional<Day>& day) {
  out.put<uint8_t>(day.has_value());
  if (day) out.put<int32_t>(*day);
}

// The elements in order of their id, so that moving a block within a file changes nothing. `id`: a member, or what
// gives it.
template <class T, class Id> std::vector<const T*> sorted(const std::vector<T>& all, Id id) {
  std::vector<const T*> out;
  for (const auto& one : all)
    out.push_back(&one);
  std::ranges::stable_sort(out, {}, [&](const T* one) -> const std::string& { return std::invoke(id, *one); });
  return out;
}

inline std::vector<std::string> bound(const std::optional<std::string>& value) {
  return value ? std::vector<std::string>{*value} : std::vector<std::string>();
}

// ---- read ----

inline std::string text(ByteReader& in) { return std::string(in.text()); }

// A count that cannot be larger than what is left to read, each element taking at least `least` bytes.
inline size_t count(ByteReader& in, size_t least) {
  const uint64_t n = in.varint();
  if (n > in.left() / least) in.fail();
  return in.ok() ? static_cast<size_t>(n) : 0;
}

inline std::vector<std::string> texts(ByteReader& in) {
  std::vector<std::string> out;
  for (size_t n = count(in, 4); n > 0 && in.ok(); --n)
    out.push_back(text(in));
  return out;
}

inline Label label(ByteReader& in) {
  Label out;
  out.zh = text(in);
  out.en = text(in);
  return out;
}

inline std::optional<Day> day(ByteReader& in) {
  const uint8_t given = in.get<uint8_t>();
  if (given > 1) in.fail();
  if (given != 1) return std::nullopt;
  return in.get<int32_t>();
}

inline std::optional<std::string> bound(ByteReader& in) {
  auto values = texts(in);
  if (values.size() > 1) in.fail();
  return values.empty() ? std::nullopt : std::optional(std::move(values.front()));
}

// One of an enum's values up to `last`.
template <class E> E choice(ByteReader& in, E last) {
  const auto value = in.get<uint8_t>();
  if (value > static_cast<uint8_t>(last)) in.fail();
  return in.ok() ? static_cast<E>(value) : E{};
}

// Departments, plans and returns.
void put_plans(ByteWriter& out, const Catalog& catalog);
void read_plans(ByteReader& in, Catalog& out);

} // namespace kepu::model
