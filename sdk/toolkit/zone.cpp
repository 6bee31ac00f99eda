// SPDX-License-Identifier: Apache-2.0
#include <kepu/toolkit/zone.hpp>

#include <algorithm>
#include <date/tz.h>
#include <stdexcept>
#include <string>

namespace kepu::toolkit {
namespace {

using date::local_seconds;
using date::sys_seconds;
using std::chrono::seconds;

// Far enough for every date that is accepted, near enough that adding an offset cannot overflow.
constexpr int64_t furthest = int64_t{1} << 40;

int64_t count(sys_seconds at) { return std::clamp<int64_t>(at.time_since_epoch().count(), -furthest, furthest); }

} // namespace

struct Zone::Impl {
  const date::time_zone* zone; // belongs to the library's database
};

Zone::Zone(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Zone::Zone(Zone&&) noexcept = default;
Zone& Zone::operator=(Zone&&) noexcept = default;
Zone::~Zone() = default;

std::optional<Zone> Zone::find(std::string_view name) {
  try {
    const auto* zone = date::locate_zone(std::string(name));
    (void)zone->get_info(sys_seconds{}); // the file is read at the first question
    return Zone(std::make_unique<Impl>(Impl{zone}));
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

Zone::Wall Zone::look_up(int64_t wall, int64_t& utc) const {
  const auto info = impl_->zone->get_info(local_seconds{seconds{wall}});
  if (info.result == date::local_info::nonexistent) return Wall::skipped;
  if (info.result == date::local_info::ambiguous) return Wall::repeated;
  offset_ = info.first.offset.count();
  utc = wall - offset_;
  // At either end of the offset's range, wall times that the neighbouring offset also shows are not unique.
  const int64_t begin = count(info.first.begin), end = count(info.first.end);
  const int64_t before = impl_->zone->get_info(sys_seconds{seconds{begin - 1}}).offset.count();
  const int64_t after = impl_->zone->get_info(sys_seconds{seconds{end}}).offset.count();
  begin_ = begin + std::max(offset_, before);
  end_ = end + std::min(offset_, after);
  return Wall::unique;
}

} // namespace kepu::toolkit
