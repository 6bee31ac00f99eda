// Sorting many elements by an evenly spread 64-bit hash, faster than by comparing alone. Pure; any thread.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kepu {

// Sorts by the member `hash`, elements of equal hash in the order in which they came. One pass deals the elements
// into buckets by the hash's top bits, a few for each; then each bucket is sorted by itself. `same`: top bits that
// all elements share.
template <class T> void sort_by_hash(std::vector<T>& values, int same = 0) {
  constexpr size_t few = 256;
  constexpr size_t insertion = 32;
  const auto less = [](const T& a, const T& b) { return a.hash < b.hash; };
  if (values.size() < few) {
    std::stable_sort(values.begin(), values.end(), less);
    return;
  }
  const int bits = std::min(14, static_cast<int>(std::bit_width(values.size() / 4)));
  const int shift = 64 - bits;
  const auto bucket_of = [&](const T& value) { return (value.hash << same) >> shift; };
  std::vector<uint32_t> ends((size_t{1} << bits) + 1);
  for (const auto& value : values)
    ++ends[bucket_of(value) + 1];
  for (size_t i = 1; i < ends.size(); ++i)
    ends[i] += ends[i - 1];
  std::vector<T> sorted(values.size());
  for (const auto& value : values)
    sorted[ends[bucket_of(value)]++] = value; // what was a bucket's begin becomes its end
  for (size_t bucket = 0, begin = 0; begin < sorted.size(); begin = ends[bucket++]) {
    const size_t end = ends[bucket];
    if (end - begin > insertion) {
      std::stable_sort(sorted.begin() + static_cast<ptrdiff_t>(begin), sorted.begin() + static_cast<ptrdiff_t>(end),
                       less);
      continue;
    }
    for (size_t i = begin + 1; i < end; ++i) {
      const T value = sorted[i];
      size_t at = i;
      for (; at > begin && less(value, sorted[at - 1]); --at)
        sorted[at] = sorted[at - 1];
      sorted[at] = value;
    }
  }
  values.swap(sorted);
}

} // namespace kepu
