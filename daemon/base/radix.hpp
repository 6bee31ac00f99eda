// Sorting many elements faster than by comparing alone. Pure; any thread.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace kepu {

// Puts the values in the order of their buckets, numbered from 0, in one pass; those of one bucket stay in the order in
// which they came. Where each bucket ends.
template <class T, class BucketOf>
std::vector<uint32_t> deal(std::vector<T>& values, size_t buckets, BucketOf bucket_of) {
  std::vector<uint32_t> ends(buckets + 1);
  for (const auto& value : values)
    ++ends[bucket_of(value) + 1];
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  std::vector<T> dealt(values.size());
  for (const auto& value : values)
    dealt[ends[bucket_of(value)]++] = value; // what was a bucket's begin becomes its end
  values.swap(dealt);
  return ends;
}

// Sorts by a number that is not above `highest`, digit by digit; those of one number stay in the order in which they
// came.
template <class T, class NumberOf> void sort_by_number(std::vector<T>& values, uint64_t highest, NumberOf number_of) {
  constexpr int digit_bits = 10;
  constexpr uint64_t digits = uint64_t{1} << digit_bits;
  for (int shift = 0; shift < 64 && highest >> shift != 0; shift += digit_bits)
    deal(values, digits, [&](const T& value) { return number_of(value) >> shift & (digits - 1); });
}

// Sorts by the member `hash`, elements of equal hash in the order in which they came: by the hash's top bits into
// buckets, a few elements for each, and then within them. `same`: top bits that all elements share.
template <class T> void sort_by_hash(std::vector<T>& values, int same = 0) {
  constexpr size_t few = 256;
  constexpr ptrdiff_t insertion = 32;
  const auto less = [](const T& a, const T& b) { return a.hash < b.hash; };
  if (values.size() < few) {
    std::stable_sort(values.begin(), values.end(), less);
    return;
  }
  const int bits = std::min(14, static_cast<int>(std::bit_width(values.size() / 4)));
  const auto ends =
      deal(values, size_t{1} << bits, [&](const T& value) { return (value.hash << same) >> (64 - bits); });
  T* begin = values.data();
  for (size_t bucket = 0; begin < values.data() + values.size(); ++bucket) {
    T* const end = values.data() + ends[bucket];
    if (end - begin > insertion) {
      std::stable_sort(begin, end, less);
    } else {
      for (T* next = begin + 1; next < end; ++next) {
        const T value = *next;
        T* at = next;
        for (; at > begin && less(value, at[-1]); --at)
          *at = at[-1];
        *at = value;
      }
    }
    begin = end;
  }
}

} // namespace kepu
