#include "fixture.hpp"

#include <algorithm>

namespace kepu::settings {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Catalogs : public ConfigFolder {
protected:
  // The complaints when `text` stands in for one file of a catalog that is good otherwise.
  std::vector<std::string> with(const std::string& file, const std::string& text) {
    write_valid();
    write("catalog/" + file, text);
    return complaints();
  }
};

struct Case {
  std::string text;
  const char* sentence;
};

TEST_F(Catalogs, UnitsTellWhatIsWrong) {
  const std::string unit = "[[unit]]\nid = \"persons\"\nname = { zh = \"人\" }\nquantity = \"persons\"\n";
  const Case cases[] = {
      {"[[unit]]\nname = { zh = \"人\" }\nquantity = \"persons\"\n" + unit,
       "units.toml:1:1: \"id\" is missing in this [[unit]]"},
      {unit + unit, "units.toml:6:6: unit \"persons\" is declared in line 2 already"},
      {unit + "[[unit]]\nid = \"A\"\nname = { zh = \"x\" }\nquantity = \"q\"\n", "\"A\" cannot be an id"},
      {unit + "[[unit]]\nid = \"a\"\nname = \"x\"\nquantity = \"q\"\n", "\"name\" wants a table, found the text \"x\""},
      {unit + "[[unit]]\nid = \"a\"\nname = { en = \"x\" }\nquantity = \"q\"\n", "\"zh\" is missing in \"name\""},
      {unit + "[[unit]]\nid = \"a\"\nname = { zh = \"x\", fr = \"y\" }\nquantity = \"q\"\n", "unknown key \"fr\""},
      {unit + "[[unit]]\nid = \"a\"\nname = { zh = \" x\" }\nquantity = \"q\"\n", "begins or ends with a space"},
      {unit + "[[unit]]\nid = \"a\"\nname = { zh = \"x\\u202e\" }\nquantity = \"q\"\n", "has control characters"},
      {unit + "[[unit]]\nid = \"a\"\nname = { zh = \"x\" }\nquantity = \"q\"\nsymbol = 1\n", "unknown key \"symbol\""},
      {unit + "[[units]]\nid = \"a\"\n", "units.toml:5:3: unknown key \"units\", did you mean \"unit\"?"},
      {unit + "[x]\n", "unknown key \"x\""},
  };
  for (const auto& one : cases)
    EXPECT_THAT(with("units.toml", one.text), ElementsAre(HasSubstr(one.sentence))) << one.text;
  EXPECT_THAT(with("units.toml", "unit = 3\n"),
              ElementsAre(HasSubstr("each below a line [[unit]], found the integer 3")));
}

TEST_F(Catalogs, AreasAreATree) {
  const std::string root = "[[area]]\ncode = \"510104\"\nname = { zh = \"锦江区\" }\n";
  const std::string sub = "[[area]]\ncode = \"510104017\"\nparent = \"510104\"\nname = { zh = \"锦官驿街道\" }\n";
  const auto area = [](const char* code, const char* parent, const char* name) {
    return std::string("[[area]]\ncode = \"") + code + "\"\nparent = \"" + parent + "\"\nname = { zh = \"" + name +
           "\" }\n";
  };
  const Case cases[] = {
      {root + sub + "[[area]]\ncode = \"510105\"\nname = { zh = \"x\" }\n",
       "8:1: area \"510105\" has no parent, but \"510104\" is the root"},
      {root + sub + area("510104018", "510140", "x"),
       "10:10: the parent \"510140\" of area \"510104018\" is not declared, did you mean \"510104\"?"},
      {root + sub + area("510104018", "510104018", "x"), "area \"510104018\" is its own ancestor"},
      {root + sub + area("510104017001", "510104017", "x") + area("510104017002", "510104017001", "y"),
       "lies below a community"},
      {root + sub + area("5101040171", "510104", "x"), "\"5101040171\" is no area code"},
      {root + sub + area("51010401X", "510104", "x"), "is no area code"},
      {root + sub + area("510104017", "510104", "x"), "9:8: \"510104017\" is \"510104017\" in line 5 already"},
      {root + sub + area("510104018", "510104", "锦官驿街道"),
       "\"锦官驿街道\" is \"510104017\" in line 7 already and cannot be \"510104018\" too"},
      {root + sub + "aliases = [\"锦江区\"]\n", "\"锦江区\" is \"510104\" in line 3 already"},
      {root + sub + "aliases = [\"\"]\n", "an alias is empty"},
  };
  for (const auto& one : cases)
    EXPECT_THAT(with("areas.toml", one.text), ElementsAre(HasSubstr(one.sentence))) << one.text;
  // Each member of a ring is told, and nobody who hangs from it.
  const auto ring =
      with("areas.toml", root + sub + area("510104018", "510104019", "x") + area("510104019", "510104018", "y") +
                             area("510104018001", "510104018", "z"));
  EXPECT_THAT(ring, ElementsAre(HasSubstr("\"510104018\" is its own"), HasSubstr("\"510104019\" is its own")));
}

TEST_F(Catalogs, RegistersKeepWordsUnique) {
  const std::string head = "name = { zh = \"场馆\" }\n[[venue]]\ncode = \"V01\"\nname = { zh = \"一号馆\" }\naliases = "
                           "[\"老馆\", \"一号馆\"]\n";
  const auto venue = [](const std::string& more) {
    return "[[venue]]\ncode = \"V02\"\nname = { zh = \"二号馆\" }\n" + more;
  };
  EXPECT_THAT(with("registers/venues.toml", head), IsEmpty()) << "an entry may repeat its own words";
  const Case cases[] = {
      {head + venue("aliases = [\"老馆\"]\n"), "9:12: \"老馆\" is \"V01\" in line 5 already and cannot be \"V02\" too"},
      {head + venue("aliases = [\"V01\"]\n"), "\"V01\" is \"V01\" in line 3 already"},
      {head + "[[venue]]\ncode = \"V01\"\nname = { zh = \"别馆\" }\n", "7:8: \"V01\" is \"V01\" in line 3 already"},
      {head + venue("area = \"510104071\"\n"),
       "9:8: area \"510104071\" is not in areas.toml, did you mean \"510104017\"?"},
      {head + venue("valid_from = \"2025-01-01\"\n"), "\"valid_from\" wants a date such as 2025-03-05, without quotes"},
      {head + venue("valid_from = 2025-01-02\nvalid_to = 2025-01-01\n"), "\"valid_to\" is before \"valid_from\""},
      {head + venue("adress = \"x\"\n"), "unknown key \"adress\""},
      {head + "[[vennue]]\ncode = \"V02\"\nname = { zh = \"二号馆\" }\n",
       "holds one list; this file has [[venue]] and [[vennue]]"},
      {"[[venue]]\ncode = \"V01\"\nname = { zh = \"一号馆\" }\n", "venues.toml: \"name\" is missing in the file"},
  };
  for (const auto& one : cases)
    EXPECT_THAT(with("registers/venues.toml", one.text), ElementsAre(HasSubstr(one.sentence))) << one.text;
  write_valid();
  write("catalog/registers/venues.toml",
        head + venue("valid_from = 2025-01-01\nvalid_to = 2025-12-31\nkind = \"hall\"\n"));
  const auto loaded = load(folder / "kepud.toml");
  ASSERT_THAT(sentences(loaded.problems), IsEmpty());
  const auto& entry = loaded.configuration.catalog->registers.at("venues").all()[1];
  EXPECT_EQ(model::day_text(*entry.valid_to), "2025-12-31");
  EXPECT_EQ(entry.kind, "hall");
}

TEST_F(Catalogs, DatasetsKeepTheRulesOfRolesAndTypes) {
  const auto field = [](const std::string& rest) { return "[[field]]\nname = \"f\"\n" + rest; };
  const Case cases[] = {
      {field("roles = [\"attribute\"]\n"), "\"type\" is missing in this [[field]]"},
      {field("type = \"string\"\nroles = [\"attribute\"]\n"), "\"type\" cannot be \"string\"; known: text, integer"},
      {field("type = \"timestmp\"\nroles = [\"time\"]\n"), "did you mean \"timestamp\"?"},
      {field("type = \"text\"\n"), "a field has at least one role"},
      {field("type = \"text\"\nroles = []\n"), "a field has at least one role"},
      {field("type = \"text\"\nroles = [\"atribute\"]\n"), "\"atribute\" is no role, did you mean \"attribute\"?"},
      {field("type = \"text\"\nroles = [\"attribute\", \"attribute\"]\n"), "the role \"attribute\" is given twice"},
      {field("type = \"text\"\nroles = [\"attribute\"]\nscale = 2\n"), "only a decimal has a scale"},
      {field("type = \"decimal\"\nroles = [\"measure\"]\nscale = 10\n"), "\"scale\" is 10, but must be from 0 to 9"},
      {field("type = \"text\"\nroles = [\"measure\"]\n"),
       "a field with the role measure is integer or decimal or real, not text"},
      {field("type = \"real\"\nroles = [\"key\"]\nrequired = true\n"), "a field with the role key is"},
      {field("type = \"text\"\nroles = [\"key\"]\n"), "write required = true"},
      {field("type = \"date\"\nroles = [\"time\"]\n"), "the role time belongs to field \"day\" already"},
      {field("type = \"text\"\nroles = [\"person\"]\n"), "\"scheme\" is missing in this [[field]]: a person"},
      {field("type = \"integer\"\nroles = [\"person\"]\nscheme = \"mobile\"\n"), "role person is text, not integer"},
      {field("type = \"text\"\nroles = [\"person\"]\nscheme = \"mobil\"\n"),
       "\"mobil\" is no scheme, did you mean \"mobile\"?"},
      {field("type = \"text\"\nroles = [\"person\"]\nscheme = \"account:\"\n"), "\"account:\" is no scheme"},
      {field("type = \"text\"\nroles = [\"attribute\"]\nscheme = \"mobile\"\n"),
       "only a field with the role person has a scheme"},
      {field("type = \"text\"\nroles = [\"entity\"]\n"), "\"register\" is missing in this [[field]]"},
      {field("type = \"text\"\nroles = [\"entity\"]\nregister = \"venue\"\n"),
       "there is no registers/venue.toml, did you mean \"venues\"?"},
      {field("type = \"text\"\nroles = [\"attribute\"]\nregister = \"venues\"\n"),
       "only a field with the role entity has a register"},
      {field("type = \"text\"\nroles = [\"entity\", \"area\"]\nregister = \"venues\"\n"),
       "an entity or an area, not both"},
      {field("type = \"text\"\nroles = [\"person\", \"area\"]\nscheme = \"mobile\"\n"),
       "neither an entity nor an area"},
      {"[[field]]\nname = \"venue\"\ntype = \"text\"\nroles = [\"attribute\"]\n",
       "field \"venue\" is declared in line 10 already"},
      {"[[field]]\nname = \"F\"\ntype = \"text\"\nroles = [\"attribute\"]\n", "\"F\" cannot be a field"},
  };
  for (const auto& one : cases) {
    EXPECT_THAT(with("datasets/passages.toml", passages + one.text), ElementsAre(HasSubstr(one.sentence))) << one.text;
  }
  const Case heads[] = {
      {"version = 0\nname = { zh = \"x\" }\n", "\"version\" is 0, but must be from 1"},
      {"name = { zh = \"x\" }\naccept = { past = \"10\" }\n", "\"past\": \"10\" has no unit"},
      {"name = { zh = \"x\" }\naccept = { pst = \"10y\" }\n", "unknown key \"pst\", did you mean \"past\"?"},
      {"name = { zh = \"x\" }\nscope = [\"vanue\"]\n",
       "\"vanue\" is no field of this dataset, did you mean \"venue\"?"},
      {"name = { zh = \"x\" }\nscope = [\"card\"]\n", "bounded by texts and integers, not by \"card\""},
      {"name = { zh = \"x\" }\nscope = [\"venue\", \"venue\"]\n", "\"venue\" is given twice"},
  };
  const std::string fields = passages.substr(passages.find("[[field]]"));
  for (const auto& one : heads) {
    EXPECT_THAT(with("datasets/passages.toml", one.text + fields), ElementsAre(HasSubstr(one.sentence))) << one.text;
  }
  const auto none = with("datasets/passages.toml", "name = { zh = \"x\" }\n");
  EXPECT_THAT(none, ElementsAre(HasSubstr("at least one [[field]]")));
}

TEST_F(Catalogs, IndicatorsMayLieInSeveralFilesAndEachComplaintNamesItsOwn) {
  write_valid();
  write("catalog/indicators/more.toml",
        "[[indicator]]\nid = \"c.d\"\nname = { zh = \"名\" }\ndefinition = { zh = \"口径\" }\nunit = \"persons\"\n"
        "measure = \"each\"\nregister = \"venues\"\nrules = [{ indicator = \"a.b\", min = 1 }]\n" +
            indicator(""));
  EXPECT_THAT(
      complaints(),
      ElementsAre(HasSubstr("catalog/indicators/more.toml:10:6: indicator \"a.b\" is declared in line 2 of "
                            "indicators.toml already"),
                  HasSubstr("catalog/indicators/more.toml:2:6: indicator \"c.d\" asks \"a.b\" for each entry")));
}

TEST_F(Catalogs, IndicatorsMeasureWhatIsThere) {
  const Case cases[] = {
      {indicator("") + indicator(""), "indicator \"a.b\" is declared in line 2 already"},
      {indicator("unti = 1\n"), "unknown key \"unti\", did you mean \"unit\"?"},
      {indicator("by = [\"venue\", \"venue\"]\n"), "the dimension \"venue\" is given twice"},
      {indicator("by = [\"vennue\"]\n"), "\"vennue\" is no dimension of dataset \"passages\", did you mean \"venue\"?"},
      {indicator("by = [\"card\"]\n"), "\"card\" cannot be a dimension"},
      {indicator("by = [\"paid\"]\n"), "\"paid\" cannot be a dimension"},
      {indicator("by = [\"subdistrict\"]\n"), "\"subdistrict\" is a level of \"area\""},
      {indicator("by = [\"value\"]\n"), "\"value\" is a word of questions and answers"},
      {indicator("field = \"count\"\n"), "count counts rows and has no field"},
      {indicator("", "sum"), "\"field\" is missing in this [[indicator]]"},
      {indicator("field = \"cuont\"\n", "sum"), "dataset \"passages\" has no field \"cuont\", did you mean \"count\"?"},
      {indicator("field = \"weight\"\n", "sum"), "only integers and decimals are summed, and \"weight\" is real"},
      {indicator("field = \"count\"\n", "distinct"), "distinct counts persons or texts, and \"count\" is integer"},
      {indicator("field = \"id\"\n", "distinct"), "\"id\" is only a key"},
      {indicator("", "counts"), "\"measure\" cannot be \"counts\", did you mean \"count\"?"},
      {indicator("where = { wya = \"in\" }\n"), "has no field \"wya\", did you mean \"way\"?"},
      {indicator("where = { way = 1 }\n"), "\"way\" wants a text, found the integer 1"},
      {indicator("where = { way = \"\" }\n"), "an empty text never occurs"},
      {indicator("where = { way = [] }\n"), "an empty list says nothing"},
      {indicator("where = { way = { not = [] } }\n"), "an empty list says nothing"},
      {indicator("where = { way = {} }\n"), "an empty condition says nothing"},
      {indicator("where = { way = { nto = \"in\" } }\n"), "unknown key \"nto\", did you mean \"not\"?"},
      {indicator("where = { way = { min = \"in\" } }\n"), "\"way\" is text"},
      {indicator("where = { count = { min = 5, max = 4 } }\n"), "min is above max"},
      {indicator("where = { count = { min = 9007199254740993, max = 9007199254740992 } }\n"), "min is above max"},
      {indicator("where = { count = { min = 0.5 } }\n"), "\"count\" wants an integer, found the real number 0.5"},
      {indicator("where = { fee = 0.125 }\n"), "the real number 0.125 is no value of \"fee\", which has 2 decimals"},
      {indicator("where = { fee = nan }\n"), "is no value of \"fee\""},
      {indicator("where = { day = { min = 2025-03-06, max = 2025-03-05 } }\n"), "min is above max"},
      {indicator("where = { count = \"1\" }\n"), "\"count\" wants an integer, found the text \"1\""},
      {indicator("where = { paid = \"true\" }\n"), "\"paid\" wants true or false, found the text \"true\""},
      {indicator("where = { day = \"2025-03-05\" }\n"), "\"day\" wants a date such as 2025-03-05, without quotes"},
      {indicator("where = { card = \"x\" }\n"), "neither a person nor only a key; \"card\" is not"},
      {indicator("where = { id = \"x\" }\n"), "neither a person nor only a key; \"id\" is not"},
      {indicator("where = { weight = 0.5 }\n"), "\"weight\" is not"},
      {indicator("where = { venue = \"V03\" }\n"), "\"V03\" is not in register \"venues\", did you mean \"V01\"?"},
  };
  for (const auto& one : cases)
    EXPECT_THAT(with("indicators.toml", one.text), ElementsAre(HasSubstr(one.sentence))) << one.text;

  const std::string plain = indicator("");
  const auto replaced = [&](const std::string& what, const std::string& by) {
    std::string out = plain;
    return out.replace(out.find(what), what.size(), by);
  };
  EXPECT_THAT(with("indicators.toml", replaced("\"persons\"", "\"person\"")),
              ElementsAre(HasSubstr("unit \"person\" is not in units.toml, did you mean \"persons\"?")));
  EXPECT_THAT(with("indicators.toml", replaced("\"passages\"", "\"pasages\"")),
              ElementsAre(HasSubstr("there is no datasets/pasages.toml, did you mean \"passages\"?")));
  EXPECT_THAT(with("indicators.toml", replaced("\"a.b\"", "\"a..b\"")),
              ElementsAre(HasSubstr("cannot be an indicator")));
  EXPECT_THAT(with("indicators.toml", replaced("definition = { zh = \"口径\" }\n", "")),
              ElementsAre(HasSubstr("\"definition\" is missing")));
}

TEST_F(Catalogs, ConditionsAreKeptAsCodesAndCanonicalTexts) {
  write_valid();
  write("catalog/indicators.toml",
        indicator("by = [\"venue\", \"way\", \"area\"]\nfield = \"card\"\n"
                  "where = { venue = \"老馆\", way = [\"in\", \"out\"], count = 3, paid = true, day = 2025-03-05 }\n",
                  "distinct"));
  const auto loaded = load(folder / "kepud.toml");
  ASSERT_THAT(sentences(loaded.problems), IsEmpty());
  EXPECT_THAT(loaded.configuration.catalog->indicators[0].where,
              ElementsAre(model::Condition{"venue", {"V01"}}, model::Condition{"way", {"in", "out"}},
                          model::Condition{"count", {"3"}}, model::Condition{"paid", {"true"}},
                          model::Condition{"day", {"2025-03-05"}}));
}

TEST_F(Catalogs, ConditionsMayHaveBoundsAndExceptions) {
  write_valid();
  write("catalog/indicators.toml",
        indicator("where = { venue = { not = \"老馆\" }, way = { not = [\"in\", \"out\"] }, count = { min = 3 }, "
                  "fee = { min = 0.5, max = 20, not = 7.25 }, day = { max = 2025-03-05 } }\n"));
  const auto loaded = load(folder / "kepud.toml");
  ASSERT_THAT(sentences(loaded.problems), IsEmpty());
  EXPECT_THAT(loaded.configuration.catalog->indicators[0].where,
              ElementsAre(model::Condition{"venue", {"V01"}, true, {}, {}},
                          model::Condition{"way", {"in", "out"}, true, {}, {}},
                          model::Condition{"count", {}, false, "3", {}},
                          model::Condition{"fee", {"7.25"}, true, "0.50", "20.00"},
                          model::Condition{"day", {}, false, {}, "2025-03-05"}));
}

TEST_F(Catalogs, AnIndicatorNeedsATime) {
  std::string timeless = passages.substr(0, passages.rfind("[[field]]"));
  EXPECT_THAT(with("datasets/passages.toml", timeless), ElementsAre(HasSubstr("no field with the role time")));
}

TEST_F(Catalogs, AMistakeIsToldOnceAndNotByAllThatReferToIt) {
  write_valid();
  write("catalog/units.toml", "broken");
  write("catalog/areas.toml", "broken");
  write("catalog/registers/venues.toml", "broken");
  write("catalog/datasets/passages.toml", "broken");
  const auto loaded = load(folder / "kepud.toml");
  EXPECT_THAT(codes(loaded.problems), ElementsAre("syntax", "syntax", "syntax", "syntax"));
}

TEST_F(Catalogs, FilesThatNoCatalogHasAreMisspelt) {
  write_valid();
  write("catalog/indicator.toml", "");
  EXPECT_THAT(complaints(),
              ElementsAre(HasSubstr("indicator.toml: is no file of a catalog, did you mean \"indicators.toml\"?")));
}

TEST_F(Catalogs, ALargeRegisterIsReadInOneGo) {
  write_valid();
  std::string text = "name = { zh = \"场馆\" }\n";
  for (int i = 0; i < 5000; ++i) {
    const std::string n = std::to_string(i);
    text += "[[venue]]\ncode = \"V" + n + "\"\nname = { zh = \"馆" + n + "\" }\narea = \"510104017\"\n";
  }
  write("catalog/registers/venues.toml", text);
  const auto loaded = load(folder / "kepud.toml");
  ASSERT_THAT(sentences(loaded.problems), IsEmpty());
  EXPECT_EQ(loaded.configuration.catalog->registers.at("venues").all().size(), 5000u);
}

} // namespace
} // namespace kepu::settings
