#include "fixture.hpp"

#include <algorithm>

namespace kepu::settings {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// A plan of another place: a village library that lends books. Nothing of it is known to the code.
class Plans : public ConfigFolder {
protected:
  Plans() {
    write_valid();
    write("catalog/units.toml", "[[unit]]\nid = \"persons\"\nname = { zh = \"人\" }\nquantity = \"persons\"\n"
                                "[[unit]]\nid = \"people\"\nname = { zh = \"名\" }\nquantity = \"persons\"\n"
                                "[[unit]]\nid = \"percent\"\nname = { zh = \"%\" }\nquantity = \"percent\"\n");
    write("catalog/indicators.toml", indicator("") + standing());
    write("catalog/departments.toml", departments);
  }
  static std::string standing() {
    return "[[indicator]]\nid = \"readers\"\nname = { zh = \"读者\" }\ndefinition = { zh = \"口径\" }\n"
           "unit = \"persons\"\ndataset = \"passages\"\nmeasure = \"standing\"\nfield = \"card\"\n";
  }
  static std::string target(const std::string& more, const std::string& id = "1.lent") {
    return "[[target]]\nid = \"" + id + "\"\nclause = \"1\"\nquote = 'lend 100 books'\nname = { zh = \"借书\" }\n" +
           more;
  }
  static std::string valid(const std::string& more = "unit = \"persons\"\n") {
    return target("indicator = \"a.b\"\nkind = \"annual\"\nfloor = 100\n" + more);
  }
  // The complaints about a plan that is good but for what is added.
  std::vector<std::string> with(const std::string& added) {
    write("catalog/plans/village.toml", head + added);
    return complaints();
  }
  std::vector<std::string> with_departments(const std::string& added) {
    write("catalog/departments.toml", departments + added);
    return complaints();
  }
  std::vector<std::string> with_returns(const std::string& text) {
    write("catalog/returns.toml", text);
    return complaints();
  }
  static std::string owed(const std::string& more) {
    return "[[return]]\nid = \"books\"\nname = { zh = \"借书\" }\n" + more;
  }

  const std::string departments =
      "[[department]]\ncode = \"library\"\nname = { zh = \"图书馆\" }\naliases = [\"书馆\"]\n"
      "[[department]]\ncode = \"school\"\nname = { zh = \"学校\" }\narea = \"锦官驿街道\"\n"
      "[[body]]\ncode = \"everybody\"\nname = { zh = \"各单位\" }\nmembers = [\"图书馆\", \"school\"]\n";
  const std::string head =
      "name = { zh = \"读书计划\" }\nfrom = 2030-04-01\nto = 2032-03-31\narea = \"510104\"\n"
      "[[group]]\nid = \"children\"\nname = { zh = \"儿童\" }\n"
      "[[profile]]\nid = \"winter\"\nmonths = [3, 2, 1, 0, 0, 0, 0, 0, 0, 1, 2, 3]\n"
      "[[section]]\nid = \"a\"\nkind = \"project\"\nname = { zh = \"项目\" }\ngroup = \"children\"\n"
      "[[clause]]\nid = \"1\"\nsection = \"a\"\ntitle = { zh = \"借书\" }\ntext = 'We lend 100 books a year.'\n"
      "lead = [\"书馆\"]\nresponsible = [\"everybody\"]\n";
};

TEST_F(Plans, APlanIsReadWithWhatItsTargetsTakeFromClauseAndSection) {
  ASSERT_THAT(with(valid("unit = \"people\"\ncomparator = \">\"\nstretch = 120.5\nprofile = \"winter\"\n") +
                   target("indicator = \"readers\"\nkind = \"stock\"\nfloor = 5\nunit = \"persons\"\n"
                          "due = 2031-12-31\nlead = [\"school\"]\n",
                          "1.readers")),
              IsEmpty());
  const auto loaded = load(folder / "kepud.toml");
  const auto& plan = loaded.configuration.catalog->plans.at(0);
  EXPECT_EQ(plan.id, "village");
  EXPECT_EQ(model::day_text(plan.to), "2032-03-31");
  const auto& lent = plan.targets.at(0);
  EXPECT_TRUE(lent.above);
  EXPECT_EQ(lent.floor, "100");
  EXPECT_EQ(lent.stretch, "120.5");
  EXPECT_EQ(lent.due, plan.to);
  EXPECT_EQ(lent.group, "children");
  EXPECT_THAT(lent.lead, ElementsAre("library"));
  EXPECT_THAT(lent.responsible, ElementsAre("everybody"));
  const auto& readers = plan.targets.at(1);
  EXPECT_EQ(model::day_text(readers.due), "2031-12-31");
  EXPECT_THAT(readers.lead, ElementsAre("school"));
  EXPECT_THAT(readers.responsible, IsEmpty());
}

TEST_F(Plans, EveryWrongWordIsNamedWithItsPlace) {
  struct Case {
    std::string added;
    std::string sentence;
  };
  const std::string unit = "unit = \"persons\"\n";
  const Case cases[] = {
      {target("indicator = \"a.c\"\nkind = \"annual\"\nfloor = 1\n" + unit),
       "village.toml:28:13: \"a.c\" is no indicator, did you mean \"a.b\"?"},
      {target("kind = \"annual\"\nfloor = 1\n" + unit), "village.toml:23:1: \"indicator\" is missing"},
      {target("indicator = []\nkind = \"annual\"\nfloor = 1\n" + unit), "an empty list names no indicator"},
      {target("indicator = 3\nkind = \"annual\"\nfloor = 1\n" + unit), "wants an indicator's id or a list of them"},
      {target("indicator = \"a.b\"\nfloor = 1\n" + unit), "\"kind\" is missing"},
      {target("indicator = \"a.b\"\nkind = \"yearly\"\nfloor = 1\n" + unit), "\"kind\" cannot be \"yearly\""},
      {target("indicator = \"a.b\"\nkind = \"annual\"\n" + unit), "\"floor\" is missing"},
      {target("indicator = \"a.b\"\nkind = \"annual\"\nfloor = \"all\"\n" + unit), "\"all\" is for the kind each"},
      {target("indicator = \"a.b\"\nkind = \"annual\"\nfloor = \"many\"\n" + unit), "wants a number, or \"all\""},
      {target("indicator = \"a.b\"\nkind = \"annual\"\nfloor = 0\n" + unit), "a floor lies above 0"},
      {target("indicator = \"a.b\"\nkind = \"annual\"\nfloor = 5\nstretch = 5.0\n" + unit), "lies above the floor"},
      {target("indicator = \"a.b\"\nkind = \"annual\"\nfloor = 5\n"), "\"unit\" is missing"},
      {target("indicator = \"a.b\"\nkind = \"annual\"\nfloor = 5\nunit = \"person\"\n"), "did you mean \"persons\"?"},
      {target("indicator = \"a.b\"\nkind = \"annual\"\nfloor = 5\nunit = \"percent\"\n"),
       "another quantity than percent"},
      {target("indicator = \"a.b\"\nkind = \"stock\"\nfloor = 5\n" + unit), "wants an indicator of standing or latest"},
      {target("indicator = \"readers\"\nkind = \"coverage\"\nfloor = 5\n" + unit), "wants an indicator of share"},
      {target("indicator = \"readers\"\nkind = \"each\"\nfloor = \"all\"\n" + unit), "wants an indicator of each"},
      {target("indicator = \"readers\"\nkind = \"survey\"\nfloor = 5\n" + unit), "wants an indicator of survey_rate"},
      {target("indicator = [\"a.b\", \"a.b\"]\nkind = \"annual\"\nfloor = 5\n" + unit), "\"a.b\" is given twice"},
      {target("indicator = \"a.b\"\nkind = \"annual\"\nfloor = 1e15\n" + unit),
       "\"floor\" wants a number of at most 15"},
      {target("indicator = \"a.b\"\nkind = \"annual\"\nfloor = 1000000000000000\n" + unit), "a number of at most 15"},
      {target("indicator = \"a.b\"\nkind = \"annual\"\nfloor = 0.12345678901\n" + unit), "more than nine decimals"},
      {valid(unit + "due = 2029-12-31\n"), "the plan goes from 2030-04-01 to 2032-03-31"},
      {valid(unit + "comparator = \"<\"\n"), "\"comparator\" cannot be \"<\""},
      {valid(unit + "profile = \"summer\"\n"), "there is no [[profile]] \"summer\""},
      {valid(unit + "group = \"kids\"\n"), "there is no [[group]] \"kids\""},
      {valid(unit + "lead = [\"图馆\"]\n"), "\"图馆\" is no department and no body of departments.toml"},
      {valid(unit + "lead = [\"library\", \"书馆\"]\n"), "\"书馆\" is named twice"},
      {valid(unit) + valid(unit), "target \"1.lent\" is declared in village.toml line 24 already"},
      {"[[target]]\nid = \"x\"\nclause = \"1\"\nquote = 'lend 200 books'\nname = { zh = \"x\" }\nindicator = \"a.b\"\n"
       "kind = \"annual\"\nfloor = 1\n" +
           unit,
       "village.toml:26:9: these words do not stand in clause \"1\""},
      {"[[target]]\nid = \"x\"\nclause = \"2\"\nquote = 'lend'\nname = { zh = \"x\" }\nindicator = \"a.b\"\n"
       "kind = \"annual\"\nfloor = 1\n" +
           unit,
       "there is no [[clause]] \"2\""},
      {"[[clause]]\nid = \"1\"\nsection = \"a\"\ntitle = { zh = \"x\" }\ntext = 'x'\n",
       "clause \"1\" is declared in line 17 already"},
      {"[[clause]]\nid = \"2\"\nsection = \"b\"\ntitle = { zh = \"x\" }\ntext = 'x'\n",
       "there is no [[section]] \"b\""},
      {"[[section]]\nid = \"b\"\nkind = \"wish\"\nname = { zh = \"x\" }\n", "\"kind\" cannot be \"wish\""},
      {"[[profile]]\nid = \"p\"\nmonths = [1, 2]\n", "wants twelve integers"},
      {"[[profile]]\nid = \"p\"\nmonths = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]\n", "not all of them 0"},
      {"[[group]]\nid = \"Kids\"\nname = { zh = \"x\" }\n", "\"Kids\" cannot be an id"},
      {"[[aim]]\n", "unknown key \"aim\""},
  };
  for (const auto& one : cases)
    EXPECT_THAT(with(one.added), ElementsAre(HasSubstr(one.sentence))) << one.added;
}

TEST_F(Plans, AllComplaintsComeAtOnce) {
  EXPECT_THAT(with(valid("unit = \"percent\"\nprofile = \"summer\"\n") +
                   target("kind = \"stock\"\nfloor = 1\nunit = \"persons\"\nlead = [\"nobody\"]\n", "1.b")),
              UnorderedElementsAre(HasSubstr("another quantity"), HasSubstr("[[profile]]"),
                                   HasSubstr("\"indicator\" is missing"), HasSubstr("\"nobody\"")));
}

TEST_F(Plans, AShareOfMoreThanAllIsNoFloor) {
  write("catalog/indicators.toml", indicator("") + standing() +
                                       "[[indicator]]\nid = \"all\"\nname = { zh = \"率\" }\n"
                                       "definition = { zh = \"口径\" }\nunit = \"percent\"\nmeasure = \"share\"\n"
                                       "register = \"district\"\nrules = [{ indicator = \"a.b\", min = 1 }]\n");
  const auto share = [&](const std::string& more) {
    std::vector<std::string> out;
    for (const auto& one : with(target("indicator = \"all\"\nkind = \"coverage\"\nunit = \"percent\"\n" + more)))
      if (one.find("village.toml") != std::string::npos) out.push_back(one);
    return out;
  };
  EXPECT_THAT(share("floor = 100\n"), IsEmpty());
  EXPECT_THAT(share("floor = 180\n"), ElementsAre(HasSubstr("no share lies above 100 %")));
  EXPECT_THAT(share("floor = 100\ncomparator = \">\"\n"), ElementsAre(HasSubstr("no share lies above 100 %")));
  EXPECT_THAT(share("floor = 90\nstretch = 101\n"), ElementsAre(HasSubstr("this stretch is never reached")));
}

TEST_F(Plans, APlanTellsItsDaysAndItsArea) {
  write("catalog/plans/village.toml", "name = { zh = \"计划\" }\nfrom = 2030-01-02\nto = 2030-01-01\narea = \"99\"\n");
  EXPECT_THAT(complaints(),
              UnorderedElementsAre(HasSubstr("\"to\" is before \"from\""), HasSubstr("\"99\" is no area")));
  write("catalog/plans/village.toml", "name = { zh = \"计划\" }\nfrom = \"2030\"\n");
  EXPECT_THAT(complaints(), UnorderedElementsAre(HasSubstr("\"area\" is missing"), HasSubstr("\"to\" is missing"),
                                                 HasSubstr("\"from\" wants a date such as")));
}

TEST_F(Plans, IdsOfTargetsAreUniqueOverAllPlans) {
  write("catalog/plans/another.toml", head + valid());
  EXPECT_THAT(with(valid()), ElementsAre(HasSubstr("is declared in another.toml line 24 already")));
}

TEST_F(Plans, ADepartmentIsOneUnderAllItsWords) {
  const std::string more = "[[department]]\ncode = \"x\"\n";
  EXPECT_THAT(with_departments(more + "name = { zh = \"书馆\" }\n"),
              ElementsAre(HasSubstr("\"书馆\" is \"library\" in line 4 already and cannot be \"x\" too")));
  EXPECT_THAT(with_departments("[[body]]\ncode = \"school\"\nname = { zh = \"校\" }\nmembers = [\"学校\"]\n"),
              ElementsAre(HasSubstr("\"school\" is \"school\" in line 6 already")));
  EXPECT_THAT(with_departments("[[body]]\ncode = \"x\"\nname = { zh = \"某\" }\nmembers = [\"everybody\"]\n"),
              ElementsAre(HasSubstr("\"everybody\" is no [[department]], and a body stands for departments only")));
  EXPECT_THAT(with_departments("[[body]]\ncode = \"x\"\nname = { zh = \"某\" }\nmembers = [\"school\", \"学校\"]\n"),
              ElementsAre(HasSubstr("\"学校\" is given twice")));
  EXPECT_THAT(with_departments(more + "name = { zh = \"某\" }\narea = \"99\"\n"),
              ElementsAre(HasSubstr("\"99\" is no area")));
  EXPECT_THAT(with_departments("[[body]]\ncode = \"x\"\nname = { zh = \"某\" }\n"),
              ElementsAre(HasSubstr("\"members\" is missing")));
  EXPECT_THAT(with_departments("[[body]]\ncode = \"x\"\nname = { zh = \"某\" }\nmembers = []\n"),
              ElementsAre(HasSubstr("stands for nobody")));
}

TEST_F(Plans, AReturnSaysWhoOwesWhatAndWhen) {
  const std::string right =
      "dataset = \"passages\"\ndepartment = \"书馆\"\nfrom = \"2030-Q2\"\nto = \"2031-Q1\"\ndue = \"15d\"\n";
  ASSERT_THAT(with_returns(owed(right)), IsEmpty());
  const auto loaded = load(folder / "kepud.toml");
  const auto& books = loaded.configuration.catalog->returns.at(0);
  EXPECT_EQ(books.department, "library");
  EXPECT_EQ(books.from.text(), "2030-Q2");
  EXPECT_EQ(books.to->text(), "2031-Q1");
  EXPECT_EQ(books.days, 15);

  EXPECT_THAT(with_returns(owed("dataset = \"passage\"\ndepartment = \"x\"\nfrom = \"2030-Q5\"\n")),
              UnorderedElementsAre(HasSubstr("there is no datasets/passage.toml, did you mean \"passages\"?"),
                                   HasSubstr("\"x\" is no department"), HasSubstr("2030-Q5"),
                                   HasSubstr("\"due\" is missing")));
  EXPECT_THAT(with_returns(owed("dataset = \"passages\"\ndepartment = \"everybody\"\nfrom = \"2030\"\ndue = \"1d\"\n"
                                "to = \"2031-01\"\n")),
              UnorderedElementsAre(HasSubstr("\"everybody\" stands for several departments"),
                                   HasSubstr("another kind of period")));
  for (const char* due : {"12h", "99999999d"})
    EXPECT_THAT(with_returns(owed("dataset = \"passages\"\ndepartment = \"书馆\"\nfrom = \"2030\"\ndue = \"" +
                                  std::string(due) + "\"\n")),
                ElementsAre(HasSubstr("\"due\" goes from \"1d\" to \"3660d\"")));
  EXPECT_THAT(with_returns(owed(right) + owed(right)),
              ElementsAre(HasSubstr("return \"books\" is declared in line 2")));
}

} // namespace
} // namespace kepu::settings
