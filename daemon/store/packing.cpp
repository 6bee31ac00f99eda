#include "store/packing.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

namespace kepu::store {

Shape shape_of(std::span<const int64_t> values) {
  int64_t low = values[0];
  int64_t high = values[0];
  for (const int64_t value : values) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  const auto above = [low](int64_t value) { return static_cast<uint64_t>(value) - static_cast<uint64_t>(low); };
  uint64_t unit = 0;
  for (const int64_t value : values) {
    if (unit && above(value) % unit == 0) continue;
    unit = std::gcd(unit, above(value));
    if (unit == 1) break;
  }
  Shape shape;
  shape.minimum = low;
  shape.unit = unit ? unit : 1;
  shape.width = static_cast<uint8_t>(std::bit_width(above(high) / shape.unit));
  return shape;
}

void put_packed(ByteWriter& writer, std::span<const int64_t> values, const Shape& shape) {
  writer.svarint(shape.minimum);
  writer.varint(shape.unit);
  writer.put(shape.width);
  if (shape.width == 0) return;
  uint64_t word = 0;
  unsigned filled = 0;
  for (const int64_t value : values) {
    uint64_t bits = static_cast<uint64_t>(value) - static_cast<uint64_t>(shape.minimum);
    if (shape.unit != 1) bits /= shape.unit;
    word |= bits << filled;
    filled += shape.width;
    if (filled >= 64) {
      writer.put(word);
      filled -= 64;
      word = filled ? bits >> (shape.width - filled) : 0;
    }
  }
  if (filled) writer.put(word);
}

} // namespace kepu::store
