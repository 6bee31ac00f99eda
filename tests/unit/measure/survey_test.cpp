// Estimates against those of R's package `survey` on its own data, and at the edges where there is little to estimate.
#include "measure/survey.hpp"

#include <gtest/gtest.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <numeric>
#include <sstream>
#include <string>

namespace kepu::measure {
namespace {

using Row = std::map<std::string, std::string>; // column -> text

std::vector<Row> rows_of(std::istream& in) {
  std::vector<std::string> columns;
  std::vector<Row> out;
  for (std::string line; std::getline(in, line);) {
    std::vector<std::string> cells;
    std::stringstream rest(line + ",");
    for (std::string cell; std::getline(rest, cell, ',');)
      cells.push_back(cell);
    if (columns.empty()) {
      columns = cells;
      continue;
    }
    auto& row = out.emplace_back();
    for (size_t i = 0; i < columns.size(); ++i)
      row[columns[i]] = cells.at(i);
  }
  return out;
}

double number(const std::string& text) {
  if (text == "NaN" || text == "NA") return std::nan("");
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  EXPECT_TRUE(error == std::errc{} && end == text.data() + text.size()) << text;
  return out;
}

std::vector<Row> file(const char* name) {
  std::ifstream in(std::string(KEPU_SURVEY_DATA) + "/" + name);
  return rows_of(in);
}

// Texts as numbers, equal ones as equal numbers.
class Numbers {
public:
  int64_t of(const std::string& text) { return known_.try_emplace(text, known_.size()).first->second; }

private:
  std::map<std::string, int64_t> known_;
};

SurveyEstimate estimate(const std::vector<Row>& data, const Row& asked) {
  Numbers strata;
  Numbers clusters;
  std::vector<Sampled> sample;
  std::vector<uint32_t> domain;
  std::vector<double> values;
  for (const auto& row : data) {
    if (row.at("sample") != asked.at("sample")) continue;
    Sampled one{number(row.at("weight"))};
    if (const auto& by = asked.at("strata"); !by.empty()) one.stratum = strata.of(row.at(by));
    if (const auto& by = asked.at("cluster"); !by.empty()) one.cluster = clusters.of(row.at(by));
    if (asked.at("population") == "1") one.population = number(row.at("population"));
    const double value = number(row.at(asked.at("variable")));
    const bool is_in = asked.at("domain").empty() || row.at("stype") == asked.at("domain");
    if (is_in && !std::isnan(value)) {
      domain.push_back(static_cast<uint32_t>(sample.size()));
      values.push_back(value);
    }
    sample.push_back(one);
  }
  const auto survey = Survey::make(sample).value();
  if (asked.at("kind") == "total") return survey.total(domain, values);
  return asked.at("kind") == "mean" ? survey.mean(domain, values) : survey.rate(domain, values);
}

void expect_near(double found, const std::string& wanted, const char* what) {
  const double number_wanted = number(wanted);
  if (std::isnan(number_wanted)) {
    EXPECT_TRUE(std::isnan(found)) << what << " is " << found;
  } else {
    EXPECT_NEAR(found, number_wanted, 1e-9 * std::max(1.0, std::abs(number_wanted))) << what;
  }
}

void expect_all(const std::vector<Row>& expected) {
  const auto data = file("api.csv");
  ASSERT_EQ(data.size(), 709u);
  ASSERT_EQ(expected.size(), 216u);
  for (const auto& asked : expected) {
    std::string of;
    for (const auto* column : {"sample", "strata", "cluster", "population", "kind", "variable", "domain"})
      of += asked.at(column) + " ";
    const testing::ScopedTrace trace(__FILE__, __LINE__, of);
    const auto found = estimate(data, asked);
    EXPECT_EQ(std::to_string(found.n), asked.at("n"));
    EXPECT_EQ(std::to_string(found.degrees), asked.at("degrees"));
    expect_near(found.estimate, asked.at("estimate"), "estimate");
    if (found.degrees < 1) { // R goes on, with an error that says nothing
      EXPECT_TRUE(std::isnan(found.standard_error));
      continue;
    }
    expect_near(found.standard_error, asked.at("standard_error"), "standard error");
    expect_near(found.design_effect, asked.at("design_effect"), "design effect");
    expect_near(found.interval_low, asked.at("low"), "low");
    expect_near(found.interval_high, asked.at("high"), "high");
  }
}

TEST(Survey, EstimatesAreThoseOfR) { expect_all(file("expected.csv")); }

// Where R is not there, nothing new is said; the recorded values are compared all the same.
TEST(Survey, EstimatesAreThoseThatRGivesHereAndNow) {
  const std::string command = "Rscript '" KEPU_SURVEY_DATA "/record.R' 2>/dev/null";
  FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string said;
  std::array<char, 4096> buffer{};
  for (size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    said.append(buffer.data(), n);
  const bool has_r = pclose(pipe) == 0;
  std::stringstream in(said);
  expect_all(has_r ? rows_of(in) : file("expected.csv"));
}

std::vector<uint32_t> all_of(size_t n) {
  std::vector<uint32_t> out(n);
  std::iota(out.begin(), out.end(), 0u);
  return out;
}

TEST(Survey, ARateNeedsMoreClustersThanStrataToSayHowSureItIs) {
  const std::vector<Sampled> sample(4, {1, 0, 7, {}});
  const auto found = Survey::make(sample).value().rate(all_of(4), std::vector<double>{1, 0, 0, 0});
  EXPECT_EQ(found.estimate, 25);
  EXPECT_EQ(found.degrees, 0);
  EXPECT_EQ(found.lonely_strata, 1u);
  for (const double unknown :
       {found.standard_error, found.interval_low, found.interval_high, found.n_eff, found.design_effect})
    EXPECT_TRUE(std::isnan(unknown));
}

TEST(Survey, ADomainWithinOneClusterDoesNotSayHowSureItIs) {
  std::vector<Sampled> sample;
  for (int64_t i = 0; i < 10; ++i)
    sample.push_back({1, 0, i / 5, {}});
  const auto survey = Survey::make(sample).value();
  const auto found = survey.rate(std::vector<uint32_t>{0, 1, 2}, std::vector<double>{1, 0, 1});
  EXPECT_NEAR(found.estimate, 200.0 / 3, 1e-12);
  EXPECT_TRUE(std::isnan(found.standard_error));
}

TEST(Survey, WhereAllOrNoneReachTheCutTheIntervalIsNoPoint) {
  const std::vector<Sampled> sample(50, {2, 0, {}, {}});
  const auto survey = Survey::make(sample).value();
  const auto none = survey.rate(all_of(50), std::vector<double>(50, 0.0));
  const auto all = survey.rate(all_of(50), std::vector<double>(50, 1.0));
  EXPECT_EQ(none.estimate, 0);
  EXPECT_EQ(none.interval_low, 0);
  EXPECT_NEAR(none.interval_high, 7.4732, 1e-4); // t^2 / (50 + t^2), t = 2.0096 of 49 degrees
  EXPECT_EQ(all.interval_high, 100);
  EXPECT_NEAR(all.interval_low, 100 - none.interval_high, 1e-9);
  EXPECT_EQ(all.n_eff, 50);
}

TEST(Survey, WhereOneUnequallyWeightedRowDominatesFewerRowsCount) {
  std::vector<Sampled> sample(10, {1, 0, {}, {}});
  sample[0].weight = 91;
  const auto found = Survey::make(sample).value().rate(all_of(10), std::vector<double>(10, 1.0));
  EXPECT_NEAR(found.n_eff, 100.0 * 100 / (91 * 91 + 9), 1e-12);
}

TEST(Survey, ARowWithoutWeightCountsOnlyAsItsCluster) {
  const std::vector<Sampled> sample{{1, 0, 1, {}}, {1, 0, 2, {}}, {0, 0, 3, {}}, {0, 0, 3, {}}};
  const auto survey = Survey::make(sample).value();
  const auto found = survey.rate(all_of(4), std::vector<double>{1, 0, 1, 1});
  EXPECT_EQ(found.estimate, 50);
  EXPECT_EQ(found.n, 2u);
  EXPECT_EQ(found.degrees, 1);
  // Three clusters were drawn, one of which brings 0: 3/2 * (1/4^2 + 1/4^2).
  EXPECT_NEAR(found.standard_error, 100 * std::sqrt(1.5 * 2 / 16), 1e-12);
  const auto nobody = survey.rate(std::vector<uint32_t>{2, 3}, std::vector<double>{1, 1});
  EXPECT_TRUE(std::isnan(nobody.estimate));
  EXPECT_EQ(nobody.n, 0u);
}

TEST(Survey, AWeightThatIsNoneIsRefused) {
  for (const double weight : {-1.0, std::nan(""), HUGE_VAL})
    EXPECT_EQ(Survey::make(std::vector<Sampled>{{1, 0, {}, {}}, {weight, 0, {}, {}}}).error().code, "bad_weight");
}

TEST(Survey, AStratumThatWasDrawnWholeDoesNotVary) {
  std::vector<Sampled> sample{{1, 0, {}, 1.0}};
  for (int i = 0; i < 4; ++i)
    sample.push_back({1, 1, {}, {}});
  const auto found = Survey::make(sample).value().rate(all_of(5), std::vector<double>{1, 1, 0, 1, 0});
  EXPECT_EQ(found.lonely_strata, 0u);
  EXPECT_NEAR(found.standard_error, 100 * std::sqrt(4.0 / 3 * 4 * 0.25 / 25), 1e-12);
}

TEST(Survey, APopulationThatContradictsItselfOrTheSampleIsNotUsedAndTold) {
  const auto error_with = [](std::optional<double> first, std::optional<double> others) {
    std::vector<Sampled> sample(6, {1, 0, {}, others});
    sample[0].population = first;
    return Survey::make(sample).value().rate(all_of(6), std::vector<double>{1, 1, 0, 1, 0, 0});
  };
  const auto plain = error_with({}, {});
  EXPECT_EQ(plain.uncorrected_strata, 0u);
  EXPECT_NEAR(error_with(12, 12).standard_error, plain.standard_error * std::sqrt(0.5), 1e-12);
  for (const auto& wrong : {error_with(12, 13), error_with({}, 12), error_with(5, 5)}) {
    EXPECT_EQ(wrong.uncorrected_strata, 1u);
    EXPECT_EQ(wrong.standard_error, plain.standard_error);
  }
}

TEST(Survey, AnEmptyDomainHasNoRate) {
  const std::vector<Sampled> sample(3, {1, 0, {}, {}});
  EXPECT_TRUE(std::isnan(Survey::make(sample).value().rate({}, {}).estimate));
  EXPECT_TRUE(std::isnan(Survey::make({}).value().rate({}, {}).estimate));
}

} // namespace
} // namespace kepu::measure
