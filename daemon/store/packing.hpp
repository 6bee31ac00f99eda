// Numbers in as few bits as their range needs: (value - minimum) / unit, `width` bits each, in 64-bit words.
#pragma once

#include "base/bytes.hpp"

#include <algorithm>
#include <cstdint>
#include <span>

namespace kepu::store {

struct Shape {
  int64_t minimum = 0;
  uint64_t unit = 1; // divides every difference
  uint8_t width = 0; // bits; 0: all are `minimum`
};

// At least one value.
Shape shape_of(std::span<const int64_t> values);

void put_packed(ByteWriter& writer, std::span<const int64_t> values, const Shape& shape);

// Reads `count` packed numbers and calls take(i, value).
template <class Take> void get_packed(ByteReader& reader, size_t count, Take&& take) {
  const auto minimum = static_cast<uint64_t>(reader.svarint());
  const uint64_t unit = reader.varint();
  const auto width = reader.get<uint8_t>();
  if (width > 64) return reader.fail();
  const size_t words = (count * width + 63) / 64;
  const auto bytes = reader.bytes(words * 8);
  if (!reader.ok()) return;
  const uint64_t mask = width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
  size_t i = 0;
  size_t bit = 0;
  // What lies in eight bytes that begin with its first bit's: nearly all.
  if (width > 0 && width <= 57) {
    const size_t within = std::min(count, ((bytes.size() - 8) * 8 + 7) / width + 1);
    for (; i < within; ++i, bit += width)
      take(i, static_cast<int64_t>(minimum + unit * (load<uint64_t>(bytes.data() + bit / 8) >> bit % 8 & mask)));
  }
  for (; i < count; ++i, bit += width) {
    uint64_t bits = 0;
    if (width) {
      const size_t word = bit / 64;
      const unsigned shift = bit % 64;
      bits = load<uint64_t>(bytes.data() + word * 8) >> shift;
      if (shift + width > 64) bits |= load<uint64_t>(bytes.data() + (word + 1) * 8) << (64 - shift);
      bits &= mask;
    }
    take(i, static_cast<int64_t>(minimum + unit * bits));
  }
}

} // namespace kepu::store
