// Estimates from a survey's microdata with its design: weights, strata, clusters, finite populations. Pure; any thread.
//
// The variance is linearized (Taylor) and of the first stage (ultimate clusters), as R's package `survey` has it for
// designs of one stage:
//   mean   p = sum(w y) / sum(w),  z = w (y - p) / sum(w) in the domain, 0 elsewhere
//   total  t = sum(w y),           z = w y                in the domain, 0 elsewhere
//   var  = sum over strata h of (1 - f_h) n_h / (n_h - 1) * sum over its clusters j of (z_hj - mean_h)^2
// with f_h = n_h / N_h where a finite population of N_h clusters is given, else 0. A domain is estimated within the
// whole sample: clusters without a row of it count in n_h and bring 0.
// A stratum with one cluster (lonely) has nothing to differ from; it brings (1 - f_h) z^2, the distance from the mean
// of all, which is rather too much than too little (R's survey.lonely.psu = "adjust").
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace kepu::measure {

// One row of a sample.
struct Sampled {
  double weight = 1;   // how many of the population it stands for; 0: none, but its cluster is one all the same
  int64_t stratum = 0; // numbers of the caller's
  std::optional<int64_t> cluster = {};   // the same in another stratum is another cluster; nullopt: the row is one
  std::optional<double> population = {}; // clusters that its stratum has; nullopt: without end
};

// What cannot be told is NaN, so that it compares with nothing.
struct SurveyEstimate {
  double estimate = 0;       // mean and total: as the values; rate: percent, as all of the following but counts
  double standard_error = 0; // NaN: there are no more clusters than strata
  // 95 %: estimate -+ t * standard error, t with these degrees of freedom. A
  // rate whose estimate lies within three standard errors of 0 or 100 gets the Wilson interval with the same t on the
  // effective number of rows, at most all: there, or where all clusters say the same, the linearized one leaves what is
  // possible, or is a point. See ../decisions/surveys.md.
  double interval_low = 0;
  double interval_high = 0;
  // n / design_effect; where the variance is 0, and so says nothing, sum(w)^2 / sum(w^2).
  double n_eff = 0;
  // Against a simple random sample of n rows with replacement (R's deff = "replace"), which needs no scale of weights.
  double design_effect = 0;
  uint64_t n = 0;             // rows of the domain with a weight above 0
  int64_t degrees = 0;        // of freedom, as R has them: clusters minus strata that these rows meet
  uint32_t lonely_strata = 0; // that the domain meets
  // That the domain meets and whose rows do not agree on a population of at least as many clusters as were drawn: none
  // is made use of.
  uint32_t uncorrected_strata = 0;
};

// The design of one whole sample.
class Survey {
public:
  // Error code "bad_weight": a weight is negative or no finite number. Rows are added up in their order, so the same
  // rows in the same order give the same bits.
  static Result<Survey> make(std::span<const Sampled> sample);

  // Of a domain: numbers of rows in the sample, ascending, and the value of each.
  SurveyEstimate mean(std::span<const uint32_t> domain, std::span<const double> values) const;
  SurveyEstimate total(std::span<const uint32_t> domain, std::span<const double> values) const;
  // The percentage of those whose value is 1; all others are 0.
  SurveyEstimate rate(std::span<const uint32_t> domain, std::span<const double> values) const;

private:
  struct Stratum {
    uint32_t clusters = 0;
    std::optional<double> population; // of its first row
    bool agrees = true;

    bool is_corrected() const { return agrees && population && *population >= clusters; }
    bool lacks_correction() const { return !agrees || (population && *population < clusters); }
    double left() const { return is_corrected() ? 1 - clusters / *population : 1; }
  };
  struct Row {
    double weight;
    uint32_t cluster; // dense, over all strata
  };
  enum class Kind : uint8_t { mean, total };
  SurveyEstimate estimate(Kind kind, std::span<const uint32_t> domain, std::span<const double> values) const;
  // Sets the degrees of freedom and what is told of strata, too.
  double variance(std::span<const uint32_t> domain, std::span<const double> z, SurveyEstimate& out) const;

  std::vector<Row> rows_;
  std::vector<uint32_t> stratum_of_; // by cluster
  std::vector<Stratum> strata_;
};

} // namespace kepu::measure
