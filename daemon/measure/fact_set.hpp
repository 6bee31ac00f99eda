// Sets of numbers. With fact_set.cpp the only user of Roaring. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::measure {

// Facts by number, 64 bits wide.
class FactSet {
public:
  FactSet();
  ~FactSet();
  FactSet(FactSet&&) noexcept;
  FactSet& operator=(FactSet&&) noexcept;
  void add(uint64_t fact);
  void add_range(uint64_t first, uint64_t count);
  bool contains(uint64_t fact) const;
  bool intersects(uint64_t first, uint64_t count) const;
  bool empty() const;
  uint64_t count() const;
  // Up to so many from this number on, ascending.
  std::vector<uint64_t> from(uint64_t first, size_t most) const;
  void merge(const FactSet& other);
  void subtract(const FactSet& other);
  // For storing; `parse` takes what `bytes` made, and anything else is nullopt.
  std::string bytes() const;
  static std::optional<FactSet> parse(std::string_view bytes);

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Grows by ascending runs of numbers; counts what is in it once. Numbers are dense, so a bit for each is soon the
// smallest form, and the quickest: until then they are held as they came. See ../decisions/reading.md.
class Union {
public:
  void add(std::span<const uint32_t> numbers);
  uint64_t count() const;

private:
  std::vector<uint32_t> few_;  // while they take less than the bits would
  std::vector<uint64_t> bits_; // empty: not yet
  uint32_t greatest_ = 0;
};

} // namespace kepu::measure
