#include "fixture.hpp"

namespace kepu::settings {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class MeasureSettings : public ConfigFolder {
protected:
  MeasureSettings() {
    write_valid();
    write("catalog/units.toml", unit("persons") + unit("hours") + unit("minutes", "hours") + unit("percent"));
    write("catalog/datasets/passages.toml", passages + "[[field]]\nname = \"time_spent\"\ntype = \"integer\"\n"
                                                       "roles = [\"measure\"]\nunit = \"hours\"\n"
                                                       "[[field]]\nname = \"rate\"\ntype = \"decimal\"\nscale = 1\n"
                                                       "roles = [\"measure\"]\nunit = \"percent\"\n");
  }
  static std::string unit(const std::string& id, const std::string& quantity = "") {
    return "[[unit]]\nid = \"" + id + "\"\nname = { zh = \"" + id + "\" }\nquantity = \"" +
           (quantity.empty() ? id : quantity) + "\"\n";
  }
  static std::string made(const std::string& id, const std::string& measure, const std::string& unit_id,
                          const std::string& more) {
    return "[[indicator]]\nid = \"" + id + "\"\nname = { zh = \"名\" }\ndefinition = { zh = \"口径\" }\nunit = \"" +
           unit_id + "\"\nmeasure = \"" + measure + "\"\n" + more;
  }
  std::vector<std::string> with(const std::string& text) {
    write("catalog/indicators.toml", text);
    return complaints();
  }
};

TEST_F(MeasureSettings, EveryMeasureIsReadWithWhatItNeeds) {
  const std::string grain =
      "sources = { rule = \"prefer\", order = [\"gates\", \"sheet\"] }\ngrain = { freq = \"Q\", by = "
      "[\"venue\"] }\n";
  const std::string rules = "register = \"venues\"\nrules = [{ indicator = \"a.b\", min = 1, max = 2.50 }]\n";
  write("catalog/indicators.toml",
        indicator("by = [\"venue\", \"area\"]\n" + grain) +
            made("latest", "latest", "hours", "dataset = \"passages\"\nfield = \"time_spent\"\nmax_age = \"90d\"\n") +
            made("share", "share", "percent", "by = [\"area\"]\n" + rules) +
            made("each", "each", "persons", "register = \"subdistrict\"\nrules = [{ indicator = \"a.b\" }]\n") +
            made("ratio", "ratio", "percent", "by = [\"venue\"]\nnumerator = \"a.b\"\ndenominator = \"a.b\"\n"));
  const auto loaded = load(folder / "kepud.toml");
  ASSERT_THAT(sentences(loaded.problems), IsEmpty());
  const auto& catalog = *loaded.configuration.catalog;
  EXPECT_EQ(catalog.indicator("a.b")->join, model::Join::prefer);
  EXPECT_THAT(catalog.indicator("a.b")->order, ElementsAre("gates", "sheet"));
  EXPECT_EQ(catalog.indicator("a.b")->grain, (model::Grain{model::Freq::quarter, {"venue"}}));
  EXPECT_EQ(catalog.indicator("latest")->max_age, 90);
  EXPECT_THAT(catalog.indicator("share")->rules, ElementsAre(model::Rule{"a.b", "1", "2.5"}));
  EXPECT_EQ(catalog.indicator("each")->entries, "subdistrict");
  EXPECT_EQ(catalog.indicator("ratio")->denominator, "a.b");
}

TEST_F(MeasureSettings, ASourceThatNoFileConfiguresIsDoubtedWhereARuleNamesIt) {
  write("sources.d/gates.toml", "connector = \"c\"\n");
  write("sources.d/sheet.toml", "connector = \"c\"\n");
  write("catalog/indicators.toml",
        indicator("by = [\"venue\"]\nsources = { rule = \"prefer\", order = [\"gates\", \"sheat\"] }\n"
                  "grain = { freq = \"Q\", by = [\"venue\"] }\n"));
  const auto loaded = load(folder / "kepud.toml");
  EXPECT_THAT(sentences(loaded.problems), IsEmpty());
  EXPECT_THAT(sentences(loaded.warnings),
              ElementsAre("catalog/indicators.toml:9:48: no file configures source \"sheat\", which is right only of "
                          "one that was taken away, did you mean \"sheet\"?"));
}

TEST_F(MeasureSettings, WhatAMeasureLacksOrCannotHaveIsSaid) {
  const std::string by = "by = [\"venue\", \"area\"]\n";
  const auto latest = [](const std::string& more) { return indicator(more, "latest"); };
  const struct {
    std::string text;
    const char* sentence;
  } cases[] = {
      {latest("field = \"count\"\n"), "\"max_age\" is missing"},
      {latest("field = \"way\"\nmax_age = \"9d\"\n"), "only integers and decimals"},
      {indicator("max_age = \"9d\"\n"), "the measure count has no \"max_age\""},
      {indicator("field = \"count\"\n", "standing"), "persons or texts, and \"count\" is integer"},
      {indicator("register = \"venues\"\n"), "the measure count has no \"register\""},
      {indicator("sources = { rule = \"perfer\" }\n"), "\"rule\" cannot be \"perfer\", did you mean \"prefer\"?"},
      {indicator("sources = { rule = \"prefer\", order = [\"a\"] }\ngrain = { freq = \"M\" }\n"),
       "name the sources between which this rule decides"},
      {indicator("sources = { rule = \"prefer\", order = [\"a\", \"b\"] }\n"), "\"grain\" is missing"},
      {indicator("sources = { rule = \"sum\", order = [\"a\"] }\n"), "sources that are added have no order"},
      {indicator("sources = { rule = \"prefer\", order = [\"a\", \"b\", \"a\"] }\ngrain = { freq = \"M\" }\n"),
       "source \"a\" is given twice"},
      {indicator("grain = { freq = \"M\" }\n"), "a grain is for sources with the rule prefer or compare"},
      {indicator(
           by +
           "sources = { rule = \"compare\", order = [\"a\", \"b\"] }\ngrain = { freq = \"M\", by = [\"vennue\"] }\n"),
       "\"vennue\" is not in \"by\" of this indicator, did you mean \"venue\"?"},
      {indicator(
           "field = \"way\"\nsources = { rule = \"compare\", order = [\"a\", \"b\"] }\ngrain = { freq = \"M\" }\n",
           "standing"),
       "standing unites the values of all sources"},
      {indicator(by) + made("s", "share", "percent", "register = \"venues\"\n"), "\"rules\" is missing"},
      {indicator(by) + made("s", "share", "percent", "register = \"venues\"\nrules = []\n"),
       "an empty list asks for nothing"},
      {indicator(by) + made("s", "share", "percent",
                            "register = \"venues\"\nrules = [{ indicator = \"a.b\", min = 5, max = 1 }]\n"),
       "min is above max"},
      {indicator(by) + made("s", "share", "percent", "register = \"venue\"\nrules = [{ indicator = \"a.b\" }]\n"),
       "there is no registers/venue.toml, did you mean \"venues\"?"},
      {indicator(by) + made("s", "share", "percent",
                            "register = \"venues\"\nkinds = [\"hall\"]\nrules = [{ indicator = \"a.b\" }]\n"),
       "no entry of \"venues\" is of the kind \"hall\""},
      {indicator(by) + made("s", "share", "percent",
                            "by = [\"venue\"]\nregister = \"venues\"\nrules = [{ indicator = \"a.b\" }]\n"),
       "told by \"area\" only"},
      {indicator(by) + made("s", "share", "percent", "register = \"venues\"\nrules = [{ indicator = \"a.c\" }]\n"),
       "\"s\" is made of \"a.c\", which is no indicator, did you mean \"a.b\"?"},
      {indicator("") + made("s", "share", "percent", "register = \"venues\"\nrules = [{ indicator = \"a.b\" }]\n"),
       "its \"by\" has no dimension of that register"},
      {indicator(by) + made("s", "share", "percent",
                            "dataset = \"passages\"\nregister = \"venues\"\nrules = [{ indicator = \"a.b\" }]\n"),
       "the measure share has no \"dataset\""},
      {indicator(by) + made("s", "share", "persons", "register = \"venues\"\nrules = [{ indicator = \"a.b\" }]\n"),
       "a share is told in percent"},
      {indicator(by) + made("r", "ratio", "percent", "numerator = \"a.b\"\n"), "\"denominator\" is missing"},
      {indicator("") + made("r", "ratio", "percent", "by = [\"venue\"]\nnumerator = \"a.b\"\ndenominator = \"a.b\"\n"),
       "is told by \"venue\", which \"a.b\" is not"},
  };
  for (const auto& one : cases)
    EXPECT_THAT(with(one.text), testing::Contains(HasSubstr(one.sentence))) << one.text;
}

TEST_F(MeasureSettings, QuantitiesAreNeverMixed) {
  const std::string sum = "dataset = \"passages\"\nfield = \"time_spent\"\n";
  EXPECT_THAT(with(made("a", "sum", "hours", sum)), IsEmpty());
  EXPECT_THAT(with(made("a", "sum", "persons", sum)), ElementsAre(HasSubstr("another quantity than \"persons\"")));
  EXPECT_THAT(with(made("a", "sum", "minutes", sum)), ElementsAre(HasSubstr("is not converted to \"minutes\"")));
  EXPECT_THAT(with(made("a", "sum", "percent", "dataset = \"passages\"\nfield = \"rate\"\n")),
              ElementsAre(HasSubstr("rates cannot be added up")));
  EXPECT_THAT(with(made("a", "count", "percent", "dataset = \"passages\"\n")),
              ElementsAre(HasSubstr("a number of things is not told in percent")));
  const std::string ratio = "numerator = \"a\"\ndenominator = \"a.b\"\n";
  EXPECT_THAT(with(indicator("") + made("a", "sum", "hours", sum) + made("r", "ratio", "hours", ratio)), IsEmpty());
  EXPECT_THAT(with(indicator("") + made("a", "sum", "hours", sum) + made("r", "ratio", "percent", ratio)),
              ElementsAre(HasSubstr("its parts are of different quantities: hours and persons")));
}

TEST_F(MeasureSettings, NothingIsMadeOfItself) {
  const auto ratio = [](const std::string& id, const std::string& of) {
    return made(id, "ratio", "hours", "numerator = \"" + of + "\"\ndenominator = \"a.b\"\n");
  };
  const auto said = with(indicator("") + ratio("x", "y") + ratio("y", "x") + ratio("z", "x"));
  EXPECT_THAT(said, ElementsAre(HasSubstr("\"x\" is made of itself"), HasSubstr("\"y\" is made of itself")));
}

TEST_F(MeasureSettings, UnitsOfFieldsAreKnown) {
  write("catalog/datasets/passages.toml",
        passages + "[[field]]\nname = \"x\"\ntype = \"text\"\nroles = [\"attribute\"]\nunit = \"hours\"\n");
  EXPECT_THAT(complaints(), ElementsAre(HasSubstr("only numbers have a unit")));
  write("catalog/datasets/passages.toml",
        passages + "[[field]]\nname = \"x\"\ntype = \"integer\"\nroles = [\"measure\"]\nunit = \"hour\"\n");
  EXPECT_THAT(complaints(), ElementsAre(HasSubstr("unit \"hour\" is not in units.toml, did you mean \"hours\"?")));
}

TEST_F(MeasureSettings, FormerAreasHaveSuccessors) {
  const std::string root = "[[area]]\ncode = \"510104\"\nname = { zh = \"锦江区\" }\n";
  const auto area = [](const char* code, const char* name, const std::string& more) {
    return std::string("[[area]]\ncode = \"") + code + "\"\nparent = \"510104\"\nname = { zh = \"" + name + "\" }\n" +
           more;
  };
  const std::string now = area("510104017", "锦官驿街道", "");
  const struct {
    std::string text;
    const char* sentence;
  } cases[] = {
      {area("510104001", "x", "successors = [\"510104017\"]\n"), "\"valid_to\" is missing"},
      {area("510104001", "x", "valid_to = 2019-12-24\nsuccessors = [\"510104018\"]\n"),
       "the successor \"510104018\" of area \"510104001\" is not declared, did you mean \"510104017\"?"},
      {area("510104001", "x", "valid_to = 2019-12-24\nsuccessors = [\"510104001\"]\n"), "is its own successor"},
      {area("510104001", "x", "valid_from = 2020-01-01\nvalid_to = 2019-12-24\n"), "\"valid_to\" is before"},
  };
  for (const auto& one : cases) {
    write("catalog/areas.toml", root + now + one.text);
    EXPECT_THAT(complaints(), ElementsAre(HasSubstr(one.sentence))) << one.text;
  }
  write("catalog/areas.toml",
        root + now + area("510104001", "x", "valid_to = 2019-12-24\nsuccessors = [\"510104017\"]\n"));
  const auto loaded = load(folder / "kepud.toml");
  ASSERT_THAT(sentences(loaded.problems), IsEmpty());
  const auto* former = loaded.configuration.catalog->areas.find("510104001");
  EXPECT_EQ(model::day_text(*former->valid_to), "2019-12-24");
  EXPECT_THAT(former->successors, ElementsAre("510104017"));
}

} // namespace
} // namespace kepu::settings
