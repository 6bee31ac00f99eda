#include "asking.hpp"

namespace kepu::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string meta =
    R"("meta":{"as_of":null,"day":"2025-03-06","lang":"zh","time_zone":"Asia/Shanghai","commit":7})";
const std::string row =
    R"({"plan":"p","clause":"8","target":"8.free","name":"免费\u001b培训","kind":"annual","indicator":"i","period":"2025",
 "value":15,"unit":"场","comparator":">=","floor":30,"status":"behind","reached":0.5000,"expected":0.7500,"pace":0.6667,
 "stretch":null,"stretch_status":null,"lead":"区人社局"})";
const std::string silent =
    R"({"plan":"p","clause":"9","target":"9.new","name":"工匠","kind":"cumulative","indicator":"j","period":"2021/2025",
 "value":null,"unit":"名","comparator":">","floor":200,"status":"no_data","reached":null,"expected":0.8,"pace":null,
 "stretch":250,"stretch_status":"no_data","lead":null})";

TEST_F(Asking, ThePlanIsABoardWithBars) {
  hub.on("GET /api/v1/targets?clause=8&as_of=2025-03-06", {"{" + meta + ",\"data\":[" + row + "," + silent + "]}"});
  EXPECT_EQ(ask({"plan", "--clause", "8", "--as-of", "2025-03-06"}), ok);
  EXPECT_THAT(out.str(), HasSubstr("targets 2: behind 1, no data 1  (2025-03-06)\n"));
  EXPECT_THAT(
      out.str(),
      HasSubstr("8.free  免费\\x1b培训  2025          15  ≥ 30           场    ██████████░░░░░│░░░░  0.67  behind"));
  EXPECT_THAT(out.str(), HasSubstr("9.new   工匠          2021/2025      -  > 200 (≥ 250)  名    -                     "
                                   "   -  no data; stretch no data"));
  expect_no_controls();
}

TEST_F(Asking, ANarrowTerminalGetsWhatMattersInEightyColumns) {
  hub.on("GET /api/v1/targets", {"{" + meta + ",\"data\":[" + row + "," + silent + "]}"});
  console.out_is_terminal = true;
  console.columns = 80;
  EXPECT_EQ(ask({"plan", "--color", "never"}), ok);
  EXPECT_THAT(out.str(), HasSubstr("8.free     15  ≥ 30           █████░░│░░  behind\n"));
  EXPECT_THAT(out.str(), Not(HasSubstr("培训")));
}

TEST_F(Asking, ANoticeStandsAboveWhatPeopleRead) {
  const std::string noticed = R"("meta":{"notice":"样例\u001b数据","day":"2025-03-06"})";
  hub.on("GET /api/v1/targets", {"{" + noticed + ",\"data\":[" + row + "]}"});
  EXPECT_EQ(ask({"plan"}), ok);
  EXPECT_THAT(out.str(), testing::StartsWith("样例\\x1b数据\ntargets 1"));
  EXPECT_EQ(ask({"plan", "--ids"}), ok);
  EXPECT_EQ(out.str(), "8.free\n");
}

TEST_F(Asking, ABoardWithoutTargetsSaysSo) {
  hub.on("GET /api/v1/targets", {"{" + meta + ",\"data\":[]}"});
  EXPECT_EQ(ask({"plan"}), ok);
  EXPECT_EQ(out.str(), "");
  EXPECT_THAT(err.str(), HasSubstr("No plan"));
}

TEST_F(Asking, IdsOfTargetsAreForCompletion) {
  hub.on("GET /api/v1/targets", {"{" + meta + ",\"data\":[" + row + "]}"});
  EXPECT_EQ(ask({"plan", "--ids"}), ok);
  EXPECT_EQ(out.str(), "8.free\n");
}

TEST_F(Asking, OneTargetTellsItsYearsWhatItMissesAndWhoDoesIt) {
  const std::string floor =
      R"("floor":{"comparator":">=","required":100,"status":"far_behind","reached":0.25,"pace":0.5})";
  hub.on("GET /api/v1/targets/4.cover",
         {"{" + meta +
          R"(,"data":{"id":"4.cover","name":"覆盖","clause":{"id":"4","title":"基础","text":"…"},"quote":"全覆盖",
 "unit":"percent","unit_name":"%","status":"far_behind","formula":"coverage/1","recorded_at":"2025-03-05T09:30:00+08:00",
 "inputs":[{"indicator":"c","from":"2025-03-06","to":"2025-03-06","value":25.000000,"n":3,"closed":false,"expected":0.5,)" +
          floor + R"(,"missing":[{"code":"S1","name":"一校\u001b"}],"missing_entries":9}],"years":[],
 "lead":[{"code":"e","name":"教育局","through":null,"provisional":false}],
 "responsible":[{"code":"s","name":"学校","through":"all","provisional":true}]}})"});
  EXPECT_EQ(ask({"plan", "4.cover"}), ok);
  EXPECT_THAT(out.str(), HasSubstr("4.cover  覆盖 [%]  far behind\n4 基础：全覆盖\n"));
  EXPECT_THAT(out.str(),
              HasSubstr("c          2025-03-06     25  ≥ 100  █████░░░░░│░░░░░░░░░   0.5      3  far behind"));
  EXPECT_THAT(out.str(), HasSubstr("missing 9:\n  S1 一校\\x1b\n"));
  EXPECT_THAT(out.str(), HasSubstr("lead: 教育局\n"));
  EXPECT_THAT(out.str(), HasSubstr("responsible: 学校*\n* by a list that is provisional\n"));
  EXPECT_THAT(out.str(), HasSubstr("coverage/1, data of 2025-03-05 09:30:00\n"));
  expect_no_controls();
}

TEST_F(Asking, ATaskSheetHasClausesWithoutANumber) {
  hub.on("GET /api/v1/departments/%E5%AD%A6%E6%A0%A1",
         {"{" + meta +
          R"(,"data":[{"department":"s","role":"lead","through":null,"provisional":false,"plan":"p","clause":"2",
 "title":"宣传","text":"广泛宣传","target":null,"name":null,"status":null,"floor":null,"value":null},
 {"department":"s","role":"responsible","through":"各单位","provisional":true,"clause":"8","title":"培训","text":"30 场",)" +
          row.substr(1) + "]}"});
  EXPECT_EQ(ask({"plan", "--department", "学校"}), ok);
  EXPECT_THAT(out.str(), HasSubstr("targets 1: behind 1"));
  EXPECT_THAT(out.str(), HasSubstr("lead          2       宣传"));
  EXPECT_THAT(out.str(), HasSubstr("responsible*  8       免费"));
}

TEST_F(Asking, DepartmentsAreCounted) {
  hub.on("GET /api/v1/departments?lang=en",
         {"{" + meta + R"(,"data":[{"department":"s","name":"School","area":null,"lead_clauses":1,"lead_targets":2,
 "responsible_clauses":3,"responsible_targets":4,"reached":1,"on_track":0,"behind":1,"unknown":0}]})"});
  EXPECT_EQ(ask({"departments", "--lang", "en"}), ok);
  EXPECT_THAT(
      out.str(),
      HasSubstr(
          "s           School              1        2                3        4        1         0       1        0"));
}

TEST_F(Asking, CompletenessCountsAndThenTellsWhatIsAmiss) {
  hub.on("GET /api/v1/completeness?department=s&by=department,source",
         {"{" + meta +
          R"(,"data":[{"department":"s","source":"x","owed":3,"on_time":1,"late":1,"missing":1,"not_yet_due":0}]})"});
  const auto amiss = [](const char* status) {
    return "{" + meta +
           R"(,"data":[{"return":"r","name":"季报","department_name":"学校","period":"2025-Q1","due":"2025-04-15",
 "status":")" +
           status + R"(","arrived_at":null}]})";
  };
  hub.on("GET /api/v1/completeness?department=s&status=missing", {amiss("missing")});
  hub.on("GET /api/v1/completeness?department=s&status=late", {amiss("late")});
  EXPECT_EQ(ask({"completeness", "--department", "s"}), ok);
  EXPECT_THAT(out.str(), HasSubstr("s           x          3        1     1        1            0\n"));
  EXPECT_THAT(out.str(), HasSubstr("r       2025-Q1  2025-04-15  missing  -        学校        季报\n"));
  EXPECT_THAT(out.str(), HasSubstr("late"));
}

TEST_F(Asking, APlansCsvComesAsItIs) {
  hub.on("GET /api/v1/targets?format=csv", {"a,b\n1,2\n"});
  EXPECT_EQ(ask({"plan", "--csv"}), ok);
  EXPECT_EQ(out.str(), "a,b\n1,2\n");
}

TEST_F(Asking, ATargetAndAFilterDoNotGoTogether) {
  EXPECT_EQ(ask({"plan", "8.free", "--clause", "8"}), usage);
  EXPECT_EQ(ask({"plan", "8.free", "--department", "s"}), usage);
}

} // namespace
} // namespace kepu::ctl
