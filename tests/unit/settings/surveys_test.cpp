#include "fixture.hpp"

namespace kepu::settings {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SurveySettings : public ConfigFolder {
protected:
  SurveySettings() {
    write_valid();
    write("catalog/units.toml", "[[unit]]\nid = \"persons\"\nname = { zh = \"人\" }\nquantity = \"persons\"\n"
                                "[[unit]]\nid = \"percent\"\nname = { zh = \"%\" }\nquantity = \"percent\"\n");
    write("catalog/datasets/survey.toml", survey(true));
  }
  static std::string survey(bool weight_required) {
    return "version = 1\nname = { zh = \"调查\" }\n"
           "[[field]]\nname = \"id\"\ntype = \"text\"\nroles = [\"key\"]\nrequired = true\n"
           "[[field]]\nname = \"wave\"\ntype = \"period\"\nroles = [\"period\"]\nrequired = true\n"
           "[[field]]\nname = \"weight\"\ntype = \"real\"\nroles = [\"weight\"]\nrequired = " +
           std::string(weight_required ? "true" : "false") +
           "\n[[field]]\nname = \"frame\"\ntype = \"integer\"\nroles = [\"measure\"]\n"
           "[[field]]\nname = \"group\"\ntype = \"text\"\nroles = [\"attribute\"]\n"
           "[[field]]\nname = \"score\"\ntype = \"real\"\nroles = [\"measure\"]\n";
  }
  static std::string rate(const std::string& more, const std::string& field = "score",
                          const std::string& unit = "percent") {
    return "[[indicator]]\nid = \"rate\"\nname = { zh = \"率\" }\ndefinition = { zh = \"口径\" }\nunit = \"" + unit +
           "\"\ndataset = \"survey\"\nmeasure = \"survey_rate\"\nfield = \"" + field + "\"\n" + more;
  }
  static std::string made(const std::string& more) {
    return "[[indicator]]\nid = \"made\"\nname = { zh = \"名\" }\ndefinition = { zh = \"口径\" }\n" + more;
  }
  static std::string epoch(const std::string& more) { return "[[indicator.epoch]]\n" + more; }
  std::vector<std::string> with(const std::string& text) {
    write("catalog/indicators.toml", text);
    return complaints();
  }
};

TEST_F(SurveySettings, ARateIsReadWithItsCutOrItsEpochs) {
  write("catalog/indicators.toml", rate("cut = 70\npopulation = \"frame\"\nby = [\"group\"]\nsources = { rule = "
                                        "\"prefer\", order = [\"a\", \"b\"] }\n"));
  auto loaded = load(folder / "kepud.toml");
  ASSERT_THAT(sentences(loaded.problems), IsEmpty());
  const auto* one = loaded.configuration.catalog->indicator("rate");
  EXPECT_THAT(one->epochs, ElementsAre(model::Epoch{INT32_MIN, 70, {}}));
  EXPECT_EQ(one->population, "frame");
  EXPECT_THAT(one->order, ElementsAre("a", "b"));

  write("catalog/indicators.toml",
        rate(epoch("from = 2016-01-01\ncut = 60\nnote = { zh = \"基准\", en = \"test\" }\n") +
             epoch("from = 2018-01-01\ncut = 69.5\n")));
  loaded = load(folder / "kepud.toml");
  ASSERT_THAT(sentences(loaded.problems), IsEmpty());
  const auto day = [](const char* text) { return model::parse_day(text).value(); };
  EXPECT_THAT(
      loaded.configuration.catalog->indicator("rate")->epochs,
      ElementsAre(model::Epoch{day("2016-01-01"), 60, {"基准", "test"}}, model::Epoch{day("2018-01-01"), 69.5, {}}));
}

TEST_F(SurveySettings, WhatARateLacksOrCannotHaveIsSaidWithItsPlace) {
  const std::string cut = "cut = 70\n";
  const struct {
    std::string text;
    const char* sentence;
  } cases[] = {
      {rate(""), "indicators.toml:1:1: \"cut\" is missing"},
      {rate(cut + epoch("from = 2018-01-01\ncut = 70\n")),
       "indicators.toml:9:7: the cut of each epoch is told in its own"},
      {rate("cut = \"70\"\n"), "indicators.toml:9:7: \"cut\" wants a number"},
      {rate("cut = nan\n"), "a cut is a finite score"},
      {rate(epoch("cut = 70\n")), "\"from\" is missing"},
      {rate(epoch("from = \"2018\"\ncut = 70\n")), "a date such as 2018-01-01, without quotes"},
      {rate(epoch("from = 2018-01-01\n")), "\"cut\" is missing"},
      {rate(epoch("from = 2018-01-01\ncut = 70\ncutt = 1\n")), "unknown key \"cutt\", did you mean \"cut\"?"},
      {rate(epoch("from = 2018-01-01\ncut = 70\n") + epoch("from = 2018-01-01\ncut = 60\n")),
       "indicators.toml:13:8: epochs are told in order"},
      {rate(cut, "group"), "a score is an integer, a decimal or a real, and \"group\" is text"},
      {rate(cut, "scor"), "has no field \"scor\", did you mean \"score\"?"},
      {rate(cut, "score", "persons"), "indicators.toml:5:8: a survey's rate is told in percent"},
      {rate(cut + "population = \"frames\"\n"), "has no field \"frames\", did you mean \"frame\"?"},
      {rate(cut + "population = \"group\"\n"), "a population is a number, and \"group\" is text"},
      {rate(cut + "grain = { freq = \"A\" }\n"), "the measure survey_rate has no \"grain\""},
      {rate(cut + "max_age = \"9d\"\n"), "the measure survey_rate has no \"max_age\""},
      {rate(cut + "sources = { rule = \"sum\" }\n"), "are neither pooled nor equal; use \"prefer\""},
      {rate(cut + "sources = { rule = \"compare\", order = [\"a\", \"b\"] }\n"), "are neither pooled nor equal"},
      {indicator(cut), "the measure count has no \"cut\""},
      {indicator(epoch("from = 2018-01-01\ncut = 70\n")), "the measure count has no \"epoch\""},
      {indicator("population = \"count\"\n"), "the measure count has no \"population\""},
      {rate(cut) + indicator("") +
           made("unit = \"percent\"\nmeasure = \"ratio\"\nnumerator = \"rate\"\n"
                "denominator = \"a.b\"\n"),
       "\"made\" is made of \"rate\", a survey's rate"},
      {rate(cut) + made("unit = \"percent\"\nmeasure = \"share\"\nregister = \"venues\"\n"
                        "rules = [{ indicator = \"rate\", min = 15 }]\n"),
       "\"made\" is made of \"rate\", a survey's rate"},
  };
  for (const auto& one : cases)
    EXPECT_THAT(with(one.text), testing::Contains(HasSubstr(one.sentence))) << one.text;
  write("catalog/indicators.toml", rate(cut + "sources = { rule = \"sum\" }\n"));
  EXPECT_THAT(codes(load(folder / "kepud.toml").problems), ElementsAre("not_additive"));
}

TEST_F(SurveySettings, ARespondentHasAWeight) {
  write("catalog/datasets/survey.toml", survey(false));
  EXPECT_THAT(with(rate("cut = 70\n")),
              ElementsAre(HasSubstr("field \"weight\" of dataset \"survey\" must be required")));
}

} // namespace
} // namespace kepu::settings
