#include "measure/survey.hpp"

#include <boost/math/distributions/students_t.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace kepu::measure {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
constexpr double coverage = 0.95;
constexpr double hundred = 100;
// Where a binomial share leans visibly to one side: p -+ 3 standard errors leaves 0 to 1.
constexpr double edge = 3;

// How many standard errors lie between an estimate and the end of its interval.
double reach(int64_t degrees) {
  return boost::math::quantile(boost::math::students_t(static_cast<double>(degrees)), (1 + coverage) / 2);
}

// Wilson's score interval of a share p of n rows.
void wilson(double p, double n, double t, SurveyEstimate& out) {
  const double more = t * t / n;
  const double middle = (p + more / 2) / (1 + more);
  const double half = std::sqrt(p * (1 - p) * more + more * more / 4) / (1 + more);
  out.interval_low = p == 0 ? 0 : std::max(0.0, middle - half);
  out.interval_high = p == 1 ? 1 : std::min(1.0, middle + half);
}

} // namespace

Result<Survey> Survey::make(std::span<const Sampled> sample) {
  Survey out;
  boost::unordered_flat_map<int64_t, uint32_t> strata;
  boost::unordered_flat_map<std::pair<uint32_t, int64_t>, uint32_t> clusters; // those that are named
  out.rows_.reserve(sample.size());
  for (const auto& row : sample) {
    if (!(row.weight >= 0) || std::isinf(row.weight))
      return fail("bad_weight", "a weight of a survey is negative or no finite number; mend the row");
    const auto [stratum, is_first] = strata.try_emplace(row.stratum, static_cast<uint32_t>(strata.size()));
    if (is_first) out.strata_.push_back({0, row.population, true});
    auto& in = out.strata_[stratum->second];
    in.agrees = in.agrees && in.population == row.population;
    auto cluster = static_cast<uint32_t>(out.stratum_of_.size());
    const auto known = row.cluster ? clusters.try_emplace(std::pair(stratum->second, *row.cluster), cluster)
                                   : std::pair(clusters.end(), true);
    if (known.second) {
      out.stratum_of_.push_back(stratum->second);
      ++in.clusters;
    } else {
      cluster = known.first->second;
    }
    out.rows_.push_back({row.weight, cluster});
  }
  return out;
}

double Survey::variance(std::span<const uint32_t> domain, std::span<const double> z, SurveyEstimate& out) const {
  struct Met {
    double sum = 0;
    bool is_met = false;
    bool has_weight = false;
  };
  struct MetStratum {
    double sum = 0;
    double squares = 0; // of distances from the mean
    uint32_t clusters = 0;
    bool has_weight = false;
  };
  std::vector<Met> clusters(stratum_of_.size());
  for (size_t i = 0; i < domain.size(); ++i) {
    const auto& row = rows_[domain[i]];
    auto& met = clusters[row.cluster];
    met.sum += z[i];
    met.is_met = true;
    met.has_weight = met.has_weight || row.weight > 0;
  }
  std::vector<MetStratum> strata(strata_.size());
  for (size_t i = 0; i < clusters.size(); ++i) {
    if (!clusters[i].is_met) continue;
    auto& stratum = strata[stratum_of_[i]];
    stratum.sum += clusters[i].sum;
    ++stratum.clusters;
    stratum.has_weight = stratum.has_weight || clusters[i].has_weight;
    out.degrees += clusters[i].has_weight;
  }
  for (size_t i = 0; i < clusters.size(); ++i) {
    if (!clusters[i].is_met) continue;
    const auto stratum = stratum_of_[i];
    // Of a lonely one, from the mean of all, which is 0.
    const double mean = strata_[stratum].clusters > 1 ? strata[stratum].sum / strata_[stratum].clusters : 0;
    strata[stratum].squares += (clusters[i].sum - mean) * (clusters[i].sum - mean);
  }
  double sum = 0;
  for (size_t i = 0; i < strata.size(); ++i) {
    if (strata[i].clusters == 0) continue;
    const auto& whole = strata_[i];
    out.degrees -= strata[i].has_weight;
    const double drawn = whole.clusters;
    const double mean = strata[i].sum / drawn;
    const bool is_lonely = whole.clusters == 1;
    const double others = is_lonely ? 0 : (drawn - strata[i].clusters) * mean * mean; // clusters that bring 0
    sum += whole.left() * (is_lonely ? 1 : drawn / (drawn - 1)) * (strata[i].squares + others);
    out.lonely_strata += is_lonely && whole.left() > 0; // one that is all of its stratum does not vary
    out.uncorrected_strata += whole.lacks_correction();
  }
  return sum;
}

SurveyEstimate Survey::estimate(Kind kind, std::span<const uint32_t> domain, std::span<const double> values) const {
  SurveyEstimate out;
  out.standard_error = out.interval_low = out.interval_high = out.n_eff = out.design_effect = unknown;
  double weight = 0;
  double squares = 0;
  double total = 0;
  for (size_t i = 0; i < domain.size(); ++i) {
    const double w = rows_[domain[i]].weight;
    weight += w;
    squares += w * w;
    total += w * values[i];
    out.n += w > 0;
  }
  const double mean = weight > 0 ? total / weight : unknown;
  out.estimate = kind == Kind::mean ? mean : total;
  if (out.n == 0) return out;

  std::vector<double> z(domain.size());
  double spread = 0; // sum of w (y - mean)^2
  for (size_t i = 0; i < domain.size(); ++i) {
    const double w = rows_[domain[i]].weight;
    const double distance = values[i] - mean;
    spread += w * distance * distance;
    z[i] = kind == Kind::mean ? w * distance / weight : w * values[i];
  }
  const double var = variance(domain, z, out);
  if (out.degrees < 1) return out;
  out.standard_error = std::sqrt(var);
  const auto n = static_cast<double>(out.n);
  const double scale = kind == Kind::mean ? 1 : weight * weight;
  out.design_effect = var / (scale * spread / weight / (n - 1));
  out.n_eff = out.design_effect > 0 ? n / out.design_effect : weight * weight / squares;
  const double half = reach(out.degrees) * out.standard_error;
  out.interval_low = out.estimate - half;
  out.interval_high = out.estimate + half;
  return out;
}

SurveyEstimate Survey::mean(std::span<const uint32_t> domain, std::span<const double> values) const {
  return estimate(Kind::mean, domain, values);
}

SurveyEstimate Survey::total(std::span<const uint32_t> domain, std::span<const double> values) const {
  return estimate(Kind::total, domain, values);
}

SurveyEstimate Survey::rate(std::span<const uint32_t> domain, std::span<const double> values) const {
  auto out = estimate(Kind::mean, domain, values);
  const double p = out.estimate;
  const double se = out.standard_error;
  if (se == 0 || p - edge * se < 0 || p + edge * se > 1)
    wilson(p, std::min(out.n_eff, static_cast<double>(out.n)), reach(out.degrees), out);
  out.estimate *= hundred;
  out.standard_error *= hundred;
  out.interval_low *= hundred;
  out.interval_high *= hundred;
  return out;
}

} // namespace kepu::measure
