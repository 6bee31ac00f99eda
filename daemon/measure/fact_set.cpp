#include "measure/fact_set.hpp"

#include <roaring/roaring.h>

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

void FactSet::remove(uint64_t fact) {
  auto it = impl_->parts.find(static_cast<uint32_t>(fact >> 32));
  if (it == impl_->parts.end()) return;
  roaring_bitmap_remove(it->second.get(), static_cast<uint32_t>(fact));
  if (roaring_bitmap_is_empty(it->second.get())) impl_->parts.erase(it);
}

bool FactSet::contains(uint64_t fact) const {
  auto it = impl_->parts.find(static_cast<uint32_t>(fact >> 32));
  return it != impl_->parts.end() && roaring_bitmap_contains(it->second.get(), static_cast<uint32_t>(fact));
}

bool FactSet::empty() const { return impl_->parts.empty(); }
void FactSet::clear() { impl_->parts.clear(); }

struct Union::Impl {
  Bitmap bitmap{roaring_bitmap_create()};
};

Union::Union() : impl_(std::make_unique<Impl>()) {}
Union::~Union() = default;
Union::Union(Union&&) noexcept = default;
Union& Union::operator=(Union&&) noexcept = default;

void Union::add(std::span<const uint32_t> numbers) {
  roaring_bitmap_add_many(impl_->bitmap.get(), numbers.size(), numbers.data());
}

uint64_t Union::count() const { return roaring_bitmap_get_cardinality(impl_->bitmap.get()); }

} // namespace kepu::measure
