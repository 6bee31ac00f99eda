// Indicators that are made of others. Pure; any thread.
#pragma once

#include "model/catalog.hpp"

#include <string>
#include <vector>

namespace kepu::model {

// An indicator is made of others, and they of others, at most so often.
inline constexpr int max_made_depth = 8;

// Ids of what it is made of, as declared; empty: of facts.
inline std::vector<std::string> made_of(const Indicator& indicator) {
  if (indicator.measure == Measure::ratio) return {indicator.numerator, indicator.denominator};
  std::vector<std::string> out;
  for (const auto& rule : indicator.rules)
    out.push_back(rule.indicator);
  return out;
}

} // namespace kepu::model
