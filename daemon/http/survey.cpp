#include "http/survey.hpp"

#include "http/json.hpp"

#include <cmath>

namespace kepu::http {
namespace {

std::string text_of(double number) {
  constexpr int decimals = 4;
  constexpr double unit = 1e4;
  constexpr double most = 1e14; // more is no figure of a survey
  std::string out;
  if (std::abs(number) < most) append_decimal(out, std::llround(number * unit), decimals); // NaN is not below anything
  return out;
}

} // namespace

const std::vector<SurveyNumber>& survey_numbers() {
  using query::Amount;
  static const std::vector<SurveyNumber> all{
      {"interval_low", [](const Amount& of) { return text_of(of.survey->interval_low); }},
      {"interval_high", [](const Amount& of) { return text_of(of.survey->interval_high); }},
      {"standard_error", [](const Amount& of) { return text_of(of.survey->standard_error); }},
      {"n_eff", [](const Amount& of) { return text_of(of.survey->n_eff); }},
      {"design_effect", [](const Amount& of) { return text_of(of.survey->design_effect); }},
      {"degrees_of_freedom", [](const Amount& of) { return std::to_string(of.survey->degrees); }},
      {"lonely_strata", [](const Amount& of) { return std::to_string(of.survey->lonely_strata); }},
      {"uncorrected_strata", [](const Amount& of) { return std::to_string(of.survey->uncorrected_strata); }}};
  return all;
}

} // namespace kepu::http
