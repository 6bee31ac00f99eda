#include "asking.hpp"

namespace kepu::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string meta =
    R"("meta":{"indicator":"venue.visits","name":"到馆人次","unit":"person_times","unit_name":"人次","period":"2025-03",
 "area":"510104017","filters":{"gate":""},"source":null,"as_of":"2025-04-01T08:00:00+08:00","as_of_label":"年\u001b报",
 "as_of_commit":7})";

TEST_F(Asking, HistoryIsATableUnderWhatWasAsked) {
  hub.on("GET /api/v1/history?gate=&venue=V%261&indicator=venue.visits&period=2025-03&area=510104017&as_of=label:%E5%B9"
         "%B4%E6%8A%A5&limit=2",
         {"{" + meta + R"(,"data":[
 {"value":12.50,"n":2,"since":"2025-03-05T09:30:00.5+08:00","commit":7,"kind":"part","source":"gates","run":3,
  "inserted":1,"replaced":1,"deleted":0,"out_of_scope":0,"withdrawn":0,"label":"a; b"},
 {"value":null,"n":0,"since":"2025-03-04T09:30:00+08:00","commit":5,"kind":"catalog","source":null,"run":null,
  "inserted":0,"replaced":0,"deleted":0,"out_of_scope":0,"withdrawn":4,"label":null}],"next":"/x"})"});
  EXPECT_EQ(ask({"history", "venue.visits", "--period", "2025-03", "--area", "510104017", "--where", "gate=", "--where",
                 "venue=V&1", "--as-of", "label:年报", "--limit", "2"}),
            ok);
  EXPECT_EQ(out.str(),
            "venue.visits 2025-03  到馆人次 [人次]\n"
            "area 510104017, gate not specified, as of 年\\x1b报, commit 7\n"
            "SINCE                VALUE  FACTS  COMMIT  KIND     SOURCE  RUN  NEW  REPLACED  DELETED  OUT OF "
            "SCOPE  WITHDRAWN  LABEL\n"
            "2025-03-05 09:30:00   12.5      2       7  part     gates     3    1         1        0         "
            "    0          0  a; b\n"
            "2025-03-04 09:30:00      -      0       5  catalog  -         -    0         0        0         "
            "    0          4  -\n");
  EXPECT_THAT(err.str(), HasSubstr("There is more"));
  expect_no_controls();
}

TEST_F(Asking, ExplainIsATreeFromTheValueToItsRows) {
  hub.on("GET /api/v1/explain?indicator=venue.visits&period=2025-03",
         {"{" + meta + R"(,"value":2,"n":2,"rule":{"words":{"zh":"记录的条数","en":"the number of rows"},"since":
 "2025-01-01T00:00:00+08:00","commit":1},"facts":{"counted":3,"by":[{"source":"gates","run":3,"started":
 "2025-03-05T09:00:00+08:00","connector":"venue_turnstile","connector_version":"1.2","input":"a.csv","facts":2}],
 "of_further_runs_and_inputs":1},"data":[
 {"fact":5,"key":"e1","time":"2025-03-05T08:00:00+08:00","dim.venue":"V01","dim.area":"510104017","cell.id":"e1",
  "cell.venue":"科技\u001b馆","cell.ts":"2025-03-05T08:00:00+08:00","cell.card":"person","cell.paid":null,"flags":
  "venue: repaired","source":"gates","input":"a.csv","row":2,"run":3,"commit":4,"since":"2025-03-05T09:00:01+08:00",
  "replaces":1},
 {"fact":6,"key":"e2","time":"2025-03-05T08:00:00+08:00","dim.venue":"V02","dim.area":null,"cell.venue":"V02",
  "flags":null,"source":"hand","input":null,"row":null,"run":4,"commit":6,"since":"2025-03-05T09:00:02+08:00",
  "replaces":null}],"next":null})"});
  EXPECT_EQ(ask({"explain", "venue.visits", "--period", "2025-03"}), ok);
  EXPECT_EQ(out.str(), "venue.visits 2025-03  到馆人次 [人次] = 2\n"
                       "├─ area 510104017, gate not specified, as of 年\\x1b报, commit 7\n"
                       "├─ the number of rows\n"
                       "│  └─ since commit 1 of 2025-01-01 00:00:00\n"
                       "├─ facts counted: 3\n"
                       "│  ├─ 2 of gates, a.csv, run 3 of 2025-03-05 09:00:00 with venue_turnstile 1.2\n"
                       "│  └─ 1 of further runs and inputs\n"
                       "└─ facts\n"
                       "   ├─ #5 e1  2025-03-05 08:00:00  area 510104017, venue 科技\\x1b馆 → V01, card person\n"
                       "   │  └─ gates, a.csv row 2, run 3, since commit 4 of 2025-03-05 09:00:01, in place of #1 "
                       "(venue: repaired)\n"
                       "   └─ #6 e2  2025-03-05 08:00:00  venue V02\n"
                       "      └─ hand, run 4, since commit 6 of 2025-03-05 09:00:02\n");
  expect_no_controls();
}

TEST_F(Asking, AnExplanationShowsWhichSourceCounts) {
  hub.on("GET /api/v1/explain?indicator=sessions&period=2025-Q1",
         {R"({"meta":{"indicator":"sessions","period":"2025-Q1","name":"场次","unit":"sessions","unit_name":"场"},
 "value":6,"rule":{"words":{"en":"the sum"},"since":"2025-01-01T00:00:00+08:00","commit":1},
 "sources":{"rule":"prefer","order":["bureau","platform"],"cells":[{"period":"2025-Q1","by":{"area":"510104017"},
 "counts":"bureau","differs":true,"said":[{"source":"bureau","value":6},{"source":"platform","value":4}]},
 {"period":"2025-Q1","by":{"area":null},"counts":null,"differs":true,"said":[]}],"further_cells":3},
 "facts":{"counted":1,"left_out":2,"by":[],"of_further_runs_and_inputs":0},"data":[],"next":null})"});
  EXPECT_EQ(ask({"explain", "sessions", "--period", "2025-Q1"}), ok);
  EXPECT_EQ(out.str(), "sessions 2025-Q1  场次 [场] = 6\n"
                       "├─ the sum\n"
                       "│  └─ since commit 1 of 2025-01-01 00:00:00\n"
                       "├─ sources, prefer: bureau, platform\n"
                       "│  ├─ 2025-Q1 510104017: bureau counts; bureau 6, platform 4\n"
                       "│  ├─ 2025-Q1 -: none counts, they differ; \n"
                       "│  └─ 3 further cells\n"
                       "└─ facts counted: 1, left out for others: 2\n");
}

TEST_F(Asking, AnExplanationShowsHowSureAnEstimateIs) {
  const auto explained = [&](const std::string& survey) {
    hub.on("GET /api/v1/explain?indicator=rate&period=2025",
           {R"({"meta":{"indicator":"rate","period":"2025","name":"比例","unit":"percent","unit_name":"%"},"value":30.4,
 "survey":)" +
            survey + R"(,"rule":{"words":{"en":"the rate"},"since":"2025-01-01T00:00:00+08:00","commit":1},
 "facts":{"counted":1,"left_out":0,"by":[],"of_further_runs_and_inputs":0},"data":[],"next":null})"});
    out.str("");
    EXPECT_EQ(ask({"explain", "rate", "--period", "2025"}), ok);
    return out.str();
  };
  EXPECT_EQ(
      explained(R"({"interval_low":27.9536,"interval_high":32.8464,"standard_error":1.2467,"n_eff":1333.5,
 "design_effect":1.8,"degrees_of_freedom":900,"lonely_strata":2,"uncorrected_strata":1,"is_break":true})"),
      "rate 2025  比例 [%] = 30.4\n"
      "├─ the rate\n"
      "│  └─ since commit 1 of 2025-01-01 00:00:00\n"
      "├─ an estimate: 95 % interval 27.9536 to 32.8464, standard error 1.2467, as sure as 1333.5 respondents drawn at "
      "random (design effect 1.8)\n"
      "├─ strata with one cluster: 2\n"
      "├─ strata whose population is contradictory and left out: 1\n"
      "├─ the first by another cut: not comparable with those before\n"
      "└─ facts counted: 1\n");
  EXPECT_THAT(explained(R"({"interval_low":null,"lonely_strata":0,"uncorrected_strata":0,"is_break":false})"),
              HasSubstr("├─ an estimate; no more clusters than strata, so nothing says how sure it is\n└─ facts"));
}

TEST_F(Asking, FiguresAsCsvAreAsTheyCame) {
  hub.on("GET /api/v1/explain?indicator=venue.visits&period=2025&format=csv", {"fact,key\r\n"});
  EXPECT_EQ(ask({"explain", "venue.visits", "--period", "2025", "--csv"}), ok);
  EXPECT_EQ(out.str(), "fact,key\r\n");
}

TEST_F(Asking, FiguresOfAnotherShapeAreNotUnderstood) {
  const auto query = "?indicator=venue.visits&period=2025";
  for (const std::string body : {"", "[]", "{}", R"({"meta":{},"data":7})", R"({"meta":[],"data":[]})"}) {
    for (const std::string command : {"history", "explain"}) {
      hub.on("GET /api/v1/" + command + query, {body});
      EXPECT_EQ(ask({command, "venue.visits", "--period", "2025"}), failed) << body;
    }
  }
  hub.on(std::string("GET /api/v1/explain") + query,
         {R"({"meta":{},"rule":{"words":{}},"facts":{"by":[7]},"data":[]})"});
  EXPECT_EQ(ask({"explain", "venue.visits", "--period", "2025"}), failed);
}

TEST_F(Asking, AFigureThatNeverWasHasNoHistory) {
  hub.on("GET /api/v1/history?indicator=venue.visits&period=1999", {"{" + meta + R"(,"data":[],"next":null})"});
  EXPECT_EQ(ask({"history", "venue.visits", "--period", "1999"}), ok);
  EXPECT_EQ(err.str(), "There never was a value.\n");
}

TEST_F(Asking, CommitsAreATable) {
  hub.on("GET /api/v1/commits?source=gates&limit=2",
         {R"({"data":[{"commit":7,"recorded_at":"2025-03-05T09:00:00+08:00","kind":"part","source":"gates","run":3,
 "label":"2025 annual report"},{"commit":1,"recorded_at":"2025-03-05T09:00:00+08:00","kind":"catalog","source":null,
 "run":null,"label":null}],"next":null})"});
  EXPECT_EQ(ask({"commits", "--source", "gates", "--limit", "2"}), ok);
  EXPECT_EQ(out.str(), "COMMIT  RECORDED             KIND     SOURCE  RUN  LABEL\n"
                       "     7  2025-03-05 09:00:00  part     gates     3  2025 annual report\n"
                       "     1  2025-03-05 09:00:00  catalog  -         -  -\n");
}

TEST_F(Asking, CommitsMayBeThoseWithALabelOnly) {
  hub.on("GET /api/v1/commits?labelled=true", {R"({"data":[],"next":null})"});
  EXPECT_EQ(ask({"commits", "--labelled"}), ok);
}

TEST_F(Asking, ALabelIsGivenToTheLastCommitOrTheOneThatIsNamed) {
  const std::string given = R"({"data":{"commit":7,"recorded_at":"2025-03-05T09:00:00+08:00","label":"年报 1"}})";
  hub.on("POST /api/v1/commits/latest/label?label=%E5%B9%B4%E6%8A%A5%201", {given});
  hub.on("POST /api/v1/commits/7/label?label=%E5%B9%B4%E6%8A%A5%201&replace=true", {given});
  EXPECT_EQ(ask({"label", "年报 1"}), ok);
  EXPECT_EQ(out.str(), "commit 7 of 2025-03-05 09:00:00 is \"年报 1\"; ask with --as-of \"label:年报 1\"\n");
  EXPECT_EQ(ask({"label", "--commit", "7", "年报 1", "--replace", "--json"}), ok);
  EXPECT_EQ(out.str(), given);
  hub.on("POST /api/v1/commits/latest/label?label=x",
         {R"({"code":"label_taken","detail":"commit 3 bears the label \"x\"","hint":"take another"})"}, 409);
  EXPECT_EQ(ask({"label", "x"}), failed);
  EXPECT_EQ(err.str(), "kepuctl: commit 3 bears the label \"x\"; take another [label_taken]\n");
}

TEST_F(Asking, ANumberIsHandedOnAsItIsHoweverLarge) {
  hub.on("POST /api/v1/commits/99999999999999999999/label?label=x",
         {R"({"code":"unknown_commit","detail":"no commit \"99999999999999999999\"","hint":"list them"})"}, 404);
  EXPECT_EQ(ask({"label", "--commit", "99999999999999999999", "x"}), failed);
  EXPECT_EQ(err.str(), "kepuctl: no commit \"99999999999999999999\"; list them [unknown_commit]\n");
  hub.on("GET /api/v1/commits?limit=99999999999999999999", {R"({"data":[],"next":null})"});
  EXPECT_EQ(ask({"commits", "--limit", "99999999999999999999"}), ok);
}

TEST_F(Asking, AFigureThatIsAskedForBadlyIsNotAskedFor) {
  for (const std::vector<std::string>& args : {std::vector<std::string>{"history", "venue.visits"},
                                               {"explain", "--period", "2025"},
                                               {"explain", "v", "--period", "2025", "--where", "venue"},
                                               {"explain", "v", "--period", "2025", "--where", "=x"},
                                               {"label"},
                                               {"label", "--commit", "0", "x"},
                                               {"label", "--commit", "x", "x"}})
    EXPECT_EQ(ask(args), usage) << args[0];
  EXPECT_THAT(hub.asked(), ElementsAre());
}

} // namespace
} // namespace kepu::ctl
