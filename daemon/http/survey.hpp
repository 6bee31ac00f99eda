// What there is to say of a survey's estimate beside its value: columns of answers, and keys of explanations.
#pragma once

#include "query/observations.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace kepu::http {

struct SurveyNumber {
  std::string_view name;
  // Of a figure with an estimate; empty: it cannot be told.
  std::string (*text)(const query::Amount&);
};
const std::vector<SurveyNumber>& survey_numbers();

} // namespace kepu::http
