#include "base/printable.hpp"
#include "http/routes.hpp"

namespace kepu::http {

std::optional<Instant> as_of(const Asked& asked) {
  const auto text = asked.params.text("as_of");
  if (!text) return std::nullopt;
  const auto& zone = *asked.context.zone;
  const auto refuse_future = [&] { throw Refused{"as_of_future", in_quotes(*text) + " lies ahead", "", "as_of", {}}; };
  if (const auto day = model::parse_day(*text)) {
    if (zone.start_of(*day) > asked.context.now) refuse_future();
    return zone.start_of(*day + 1) - std::chrono::microseconds(1);
  }
  const auto instant = zone.parse(*text);
  if (!instant) {
    throw Refused{"bad_parameter",
                  in_quotes(*text) + " is no moment",
                  "write a date such as 2025-12-31, which means its end, or 2025-12-31T18:00:00+08:00 (the + as %2B)",
                  "as_of",
                  {}};
  }
  if (*instant > asked.context.now) refuse_future();
  return instant;
}

} // namespace kepu::http
