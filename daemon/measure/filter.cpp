#include "measure/filter.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace kepu::measure {
namespace {

// "0.50" of a field with two decimals is held as 50.
std::optional<int64_t> decimal(std::string_view word, int32_t scale) {
  std::string digits;
  const auto point = word.find('.');
  digits += word.substr(0, point);
  const auto fraction = point == std::string_view::npos ? std::string_view() : word.substr(point + 1);
  if (fraction.size() > static_cast<size_t>(scale)) return std::nullopt;
  digits += fraction;
  digits.append(static_cast<size_t>(scale) - fraction.size(), '0');
  int64_t out = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return error == std::errc{} && end == digits.data() + digits.size() ? std::optional(out) : std::nullopt;
}

// A canonical text for a field that is held as a number.
std::optional<int64_t> number(const abi::Field& field, std::string_view word) {
  switch (field.type) {
  case KEPU_BOOLEAN:
    return word == "true" ? 1 : 0;
  case KEPU_DATE:
    if (const auto day = model::parse_day(word)) return *day;
    return std::nullopt;
  case KEPU_INTEGER:
    return decimal(word, 0);
  case KEPU_DECIMAL:
    return decimal(word, field.scale);
  default:
    return std::nullopt;
  }
}

} // namespace

Filter::Filter(const model::Catalog& catalog, const model::Dataset& dataset, const model::Condition& condition,
               const Codes& codes)
    : catalog_(catalog), dataset_(dataset), condition_(condition), codes_(codes),
      field_(dataset.field(condition.field).value()) {
  const auto& field = dataset.contract.fields[field_];
  for (const auto& word : condition.any_of) {
    if (const auto value = number(field, word)) numbers_.push_back(*value);
  }
  if (condition.at_least) least_ = number(field, *condition.at_least).value_or(least_);
  if (condition.at_most) most_ = number(field, *condition.at_most).value_or(most_);
}

bool Filter::passes_number(int64_t number) const {
  if (number < least_ || number > most_) return false;
  if (condition_.any_of.empty()) return true;
  return (std::ranges::find(numbers_, number) != numbers_.end()) != condition_.negated;
}

bool Filter::passes_code(uint32_t code) {
  if (code >= by_code_.size()) by_code_.resize(code + 1, -1);
  auto& known = by_code_[code];
  if (known < 0) {
    // Facts keep the source's own words; the condition names entries and areas by their codes.
    const auto& field = dataset_.contract.fields[field_];
    std::string_view text = codes_.text(field_, code);
    if (field.roles & KEPU_ROLE_ENTITY) {
      const auto entries = catalog_.registers.find(field.entity_register);
      const auto* entry = entries == catalog_.registers.end() ? nullptr : entries->second.lookup(text);
      if (entry) text = entry->code;
    } else if (field.roles & KEPU_ROLE_AREA) {
      if (const auto* area = catalog_.areas.lookup(text)) text = area->code;
    }
    known = (std::ranges::find(condition_.any_of, text) != condition_.any_of.end()) != condition_.negated;
  }
  return known != 0;
}

} // namespace kepu::measure
