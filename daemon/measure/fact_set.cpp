#include "measure/fact_set.hpp"

#include "base/bytes.hpp"

#include <roaring/roaring.h>

#include <algorithm>
#include <bit>
#include <map>

namespace kepu::measure {
namespace {

struct Free {
  void operator()(roaring_bitmap_t* bitmap) const { roaring_bitmap_free(bitmap); }
};
using Bitmap = std::unique_ptr<roaring_bitmap_t, Free>;

} // namespace

// Keyed by the upper half of the number; Roaring's C API is 32 bits wide.
struct FactSet::Impl {
  std::map<uint32_t, Bitmap> parts;
};

FactSet::FactSet() : impl_(std::make_unique<Impl>()) {}
FactSet::~FactSet() = default;
FactSet::FactSet(FactSet&&) noexcept = default;
FactSet& FactSet::operator=(FactSet&&) noexcept = default;

void FactSet::add(uint64_t fact) {
  auto& part = impl_->parts[static_cast<uint32_t>(fact >> 32)];
  if (!part) part.reset(roaring_bitmap_create());
  roaring_bitmap_add(part.get(), static_cast<uint32_t>(fact));
}

void FactSet::add_range(uint64_t first, uint64_t count) {
  for (const uint64_t end = first + count; first < end;) {
    const uint64_t until = std::min(end, (first >> 32 << 32) + (uint64_t{1} << 32));
    auto& part = impl_->parts[static_cast<uint32_t>(first >> 32)];
    if (!part) part.reset(roaring_bitmap_create());
    const uint64_t base = first >> 32 << 32;
    roaring_bitmap_add_range(part.get(), first - base, until - base);
    first = until;
  }
}

bool FactSet::contains(uint64_t fact) const {
  auto it = impl_->parts.find(static_cast<uint32_t>(fact >> 32));
  return it != impl_->parts.end() && roaring_bitmap_contains(it->second.get(), static_cast<uint32_t>(fact));
}

bool FactSet::intersects(uint64_t first, uint64_t count) const {
  const uint64_t end = first + count;
  for (const auto& [upper, part] : impl_->parts) {
    const uint64_t base = static_cast<uint64_t>(upper) << 32;
    const uint64_t from = std::max(first, base);
    const uint64_t until = std::min(end, base + (uint64_t{1} << 32));
    if (from < until && roaring_bitmap_range_cardinality(part.get(), from - base, until - base) > 0) return true;
  }
  return false;
}

bool FactSet::empty() const { return impl_->parts.empty(); }

uint64_t FactSet::count() const {
  uint64_t out = 0;
  for (const auto& [upper, part] : impl_->parts)
    out += roaring_bitmap_get_cardinality(part.get());
  return out;
}

std::vector<uint64_t> FactSet::from(uint64_t first, size_t most) const {
  std::vector<uint64_t> out;
  for (auto part = impl_->parts.lower_bound(static_cast<uint32_t>(first >> 32)); part != impl_->parts.end(); ++part) {
    const uint64_t base = static_cast<uint64_t>(part->first) << 32;
    roaring_uint32_iterator_t at;
    roaring_init_iterator(part->second.get(), &at);
    if (first > base) roaring_move_uint32_iterator_equalorlarger(&at, static_cast<uint32_t>(first));
    for (; at.has_value && out.size() < most; roaring_advance_uint32_iterator(&at))
      out.push_back(base + at.current_value);
  }
  return out;
}

void FactSet::merge(const FactSet& other) {
  for (const auto& [upper, part] : other.impl_->parts) {
    auto& own = impl_->parts[upper];
    if (own)
      roaring_bitmap_or_inplace(own.get(), part.get());
    else
      own.reset(roaring_bitmap_copy(part.get()));
  }
}

void FactSet::subtract(const FactSet& other) {
  for (const auto& [upper, part] : other.impl_->parts) {
    const auto own = impl_->parts.find(upper);
    if (own == impl_->parts.end()) continue;
    roaring_bitmap_andnot_inplace(own->second.get(), part.get());
    if (roaring_bitmap_is_empty(own->second.get())) impl_->parts.erase(own);
  }
}

// A varint of parts; for each the upper half, and Roaring's portable form with its length.
std::string FactSet::bytes() const {
  std::string out;
  ByteWriter writer(out);
  writer.varint(impl_->parts.size());
  for (const auto& [upper, part] : impl_->parts) {
    roaring_bitmap_run_optimize(part.get());
    std::string packed(roaring_bitmap_portable_size_in_bytes(part.get()), '\0');
    roaring_bitmap_portable_serialize(part.get(), packed.data());
    writer.put(upper);
    writer.text(packed);
  }
  return out;
}

namespace {

// Numbers of one container, in ascending order without a number twice.
bool is_container(ByteReader& in, bool has_runs, uint32_t cardinality) {
  constexpr uint32_t most_listed = 4'096; // more are bits
  if (has_runs) {
    int64_t last = -1;
    for (uint32_t n = in.get<uint16_t>(); n > 0 && in.ok(); --n) {
      const int64_t first = in.get<uint16_t>();
      if (first <= last) return false;
      last = first + in.get<uint16_t>();
      if (last > UINT16_MAX) return false;
    }
    return in.ok() && last >= 0;
  }
  if (cardinality > most_listed) {
    uint32_t bits = 0;
    for (int i = 0; i < 1'024 && in.ok(); ++i)
      bits += static_cast<uint32_t>(std::popcount(in.get<uint64_t>()));
    return in.ok() && bits == cardinality;
  }
  int64_t last = -1;
  for (; cardinality > 0 && in.ok(); --cardinality) {
    const int64_t number = in.get<uint16_t>();
    if (number <= last) return false;
    last = number;
  }
  return in.ok();
}

// Roaring's portable form as its specification has it. Roaring itself looks only whether the bytes suffice, and of
// numbers out of order it answers anything.
bool is_portable(std::string_view packed) {
  constexpr uint32_t without_runs = 12'346;
  constexpr uint32_t with_runs = 12'347;
  constexpr uint32_t least_with_offsets = 4; // containers, where there are runs
  ByteReader in(packed);
  const auto cookie = in.get<uint32_t>();
  const bool may_have_runs = (cookie & 0xffff) == with_runs;
  if (!may_have_runs && cookie != without_runs) return false;
  const uint32_t size = may_have_runs ? (cookie >> 16) + 1 : in.get<uint32_t>();
  if (!in.ok() || size > 65'536) return false;
  const auto runs = in.bytes(may_have_runs ? (size + 7) / 8 : 0);
  ByteReader heads(in.bytes(size * 4));
  ByteReader offsets(in.bytes(!may_have_runs || size >= least_with_offsets ? size * 4 : 0));
  if (!in.ok()) return false;
  int64_t last = -1;
  for (uint32_t i = 0; i < size; ++i) {
    const int64_t upper = heads.get<uint16_t>();
    const uint32_t cardinality = heads.get<uint16_t>() + 1u;
    if (upper <= last || (offsets.left() > 0 && offsets.get<uint32_t>() != in.position())) return false;
    last = upper;
    const bool has_runs = may_have_runs && (runs[i / 8] >> (i % 8) & 1) != 0;
    if (!is_container(in, has_runs, cardinality)) return false;
  }
  return in.at_end();
}

} // namespace

std::optional<FactSet> FactSet::parse(std::string_view bytes) {
  FactSet out;
  ByteReader in(bytes);
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    const auto upper = in.get<uint32_t>();
    const auto packed = in.text();
    Bitmap part(in.ok() && is_portable(packed) ? roaring_bitmap_portable_deserialize_safe(packed.data(), packed.size())
                                               : nullptr);
    if (!part) return std::nullopt;
    out.impl_->parts[upper] = std::move(part);
  }
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return out;
}

namespace {

void set(std::vector<uint64_t>& bits, std::span<const uint32_t> numbers) {
  for (const auto number : numbers)
    bits[number / 64] |= uint64_t{1} << number % 64;
}

uint64_t ones(const std::vector<uint64_t>& bits) {
  uint64_t out = 0;
  for (const auto word : bits)
    out += static_cast<uint64_t>(std::popcount(word));
  return out;
}

} // namespace

void Union::add(std::span<const uint32_t> numbers) {
  if (numbers.empty()) return;
  greatest_ = std::max(greatest_, numbers.back());
  const size_t words = greatest_ / 64 + 1;
  if (bits_.empty()) {
    few_.insert(few_.end(), numbers.begin(), numbers.end());
    if (few_.size() < 2 * words) return;
    bits_.resize(words);
    set(bits_, few_);
    few_ = {};
    return;
  }
  if (bits_.size() < words) bits_.resize(words);
  set(bits_, numbers);
}

uint64_t Union::count() const {
  if (!bits_.empty()) return ones(bits_);
  // For a moment, bits may take more than the numbers do: up to there they are quicker than sorting.
  constexpr size_t sparse = 16;
  const size_t words = greatest_ / 64 + 1;
  if (words <= sparse * few_.size()) {
    std::vector<uint64_t> bits(words);
    set(bits, few_);
    return ones(bits);
  }
  auto sorted = few_;
  std::ranges::sort(sorted);
  return static_cast<uint64_t>(std::ranges::unique(sorted).begin() - sorted.begin());
}

} // namespace kepu::measure
