#include "base/printable.hpp"
#include "http/routes.hpp"

namespace kepu::http {
namespace {

constexpr std::string_view label_prefix = "label:";

std::string label_in(const Asked& asked) {
  const auto text = asked.params.text("as_of");
  if (!text || !text->starts_with(label_prefix)) return "";
  auto label = text->substr(label_prefix.size());
  if (label.empty()) {
    throw Refused{
        "bad_parameter", "as_of names no label", "write as_of=label: and the label, percent-encoded", "as_of", {}};
  }
  return label;
}

std::optional<Instant> instant_in(const Asked& asked) {
  const auto text = asked.params.text("as_of");
  if (!text || text->starts_with(label_prefix)) return std::nullopt;
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
                  "write a date such as 2025-12-31, which means its end, or 2025-12-31T18:00:00+08:00 (the + as %2B), "
                  "or label: and the label of a commit",
                  "as_of",
                  {}};
  }
  if (*instant > asked.context.now) refuse_future();
  return instant;
}

} // namespace

Moment::Moment(const Asked& asked) : reader_(asked.reader), label_(label_in(asked)), then_(instant_in(asked)) {
  try {
    if (!label_.empty()) {
      commit_ = take(reader_.begin_at_label(label_), "as_of");
      then_ = commit_.recorded_at;
    } else {
      commit_ = then_ ? take(reader_.begin_at(*then_), "as_of") : take(reader_.begin());
    }
  } catch (...) {
    reader_.end(); // begun, and then refused
    throw;
  }
}

model::Zone Moment::zone(const Asked& asked) const {
  if (!then_) return *asked.context.zone;
  return take(reader_.zone()).value_or(*asked.context.zone);
}

void Moment::echo(Json& json, const Asked& asked) const {
  json.key("as_of").text_or_null(then_ ? asked.context.zone->text(*then_) : "");
  if (label_.empty()) return;
  json.key("as_of_label").text(label_).key("as_of_commit").number(commit_.seq);
}

} // namespace kepu::http
