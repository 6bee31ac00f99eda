#include "asking.hpp"

namespace kepu::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string two_sources = R"({"data":[
 {"id":"gates","connector":"venue_turnstile","connector_version":"1.2","mode":"scheduled","state":"ready","paused":false,
  "sentence":"gates ran well.","sentence_zh":"闸机运行正常。","next_run":"2026-11-25T08:00:00.000+08:00","running_since":null,
  "crashes":0,"progress_done":0,"progress_total":null,"rejects":3,
  "last_run":{"run":7,"status":"ok","rows":120,"inserted":100,"changed":5,"unchanged":15,"removed":0,"rejected":3,
  "parts":1,"text":"","started":"2026-11-25T07:54:30.1+08:00","ended":"2026-11-25T07:54:31.2+08:00"}},
 {"id":"wall","connector":"other","connector_version":null,"mode":null,"state":"quarantined","paused":true,
  "sentence":"wall crashed too often; replace it.","sentence_zh":"","next_run":null,"running_since":null,"crashes":5,
  "progress_done":0,"progress_total":null,"last_run":null,"rejects":0}]})";

TEST_F(Asking, SourcesAreATable) {
  hub.on("GET /api/v1/sources", {two_sources});
  EXPECT_EQ(ask({"sources"}), ok);
  EXPECT_EQ(
      out.str(),
      "SOURCE  CONNECTOR            STATE                LAST RUN  ENDED                ROWS  REJECTS  NEXT RUN\n"
      "gates   venue_turnstile 1.2  ready                ok        2026-11-25 07:54:31   120        3  2026-11-25 "
      "08:00:00\n"
      "wall    other                quarantined, paused  -         -                       -        0  -\n");
  EXPECT_EQ(err.str(), "");
}

TEST_F(Asking, SourcesAsIdsLeaveOutWhatAShellWouldExpand) {
  hub.on("GET /api/v1/sources",
         {R"x({"data":[{"id":"gates"},{"id":"$(reboot)"},{"id":"-x"},{"id":"a b"},{"id":"b-2"}]})x"});
  EXPECT_EQ(ask({"sources", "--ids"}), ok);
  EXPECT_EQ(out.str(), "gates\nb-2\n");
}

TEST_F(Asking, JsonIsTheAnswerAsItCame) {
  hub.on("GET /api/v1/sources", {two_sources});
  for (const auto& args :
       {std::vector<std::string>{"sources", "--json"}, {"--json", "sources"}, {"status", "--json"}}) {
    EXPECT_EQ(ask(args), ok);
    EXPECT_EQ(out.str(), two_sources);
  }
}

TEST_F(Asking, StatusSaysWhatToDoAndFailsWhileASourceIsQuarantined) {
  hub.on("GET /readyz", {R"({"status":"ready","version":"0.1.0"})"});
  hub.on("GET /api/v1/sources", {two_sources});
  EXPECT_EQ(ask({"status"}), failed);
  EXPECT_EQ(out.str(), "kepud 0.1.0 is ready\n  gates  ready\n    gates ran well.\n"
                       "  wall  quarantined, paused\n    wall crashed too often; replace it.\n");
}

TEST_F(Asking, StatusSpeaksChineseWhereThereIsASentence) {
  hub.on("GET /readyz", {R"({"status":"ready"})"});
  hub.on("GET /api/v1/sources", {two_sources});
  const Console chinese{.out = out, .err = err, .chinese = true};
  EXPECT_EQ(run({"--socket", hub.socket(), "status"}, chinese), failed);
  EXPECT_THAT(out.str(), HasSubstr("闸机运行正常。"));
  EXPECT_THAT(out.str(), HasSubstr("wall crashed too often")); // has none
}

TEST_F(Asking, StatusOfAHubThatIsNotReadyFails) {
  hub.on("GET /readyz", {R"({"code":"not_ready","detail":"the store is being opened"})"}, 503);
  hub.on("GET /api/v1/sources", {R"({"data":[]})"});
  EXPECT_EQ(ask({"status"}), failed);
  EXPECT_EQ(out.str(), "kepud is not ready: the store is being opened\nIt has no sources.\n");
}

TEST_F(Asking, PauseAndResumeAreCommands) {
  hub.on("POST /api/v1/sources/gates/pause", {R"({"data":{"id":"gates"}})"}, 202);
  hub.on("POST /api/v1/sources/gates/resume", {R"({"data":{"id":"gates"}})"}, 202);
  hub.on("GET /api/v1/sources/gates", {R"({"data":{"id":"gates","state":"ready","sentence":"it waits."}})"});
  EXPECT_EQ(ask({"pause", "gates"}), ok);
  EXPECT_EQ(out.str(), "gates is paused; `kepuctl resume` lets it run again\n");
  EXPECT_THAT(hub.last_header(), HasSubstr("Content-Length: 0\r\n"));
  EXPECT_EQ(ask({"resume", "gates", "--json"}), ok);
  EXPECT_EQ(out.str(), R"({"data":{"id":"gates","state":"ready","sentence":"it waits."}})");
  EXPECT_EQ(ask({"resume", "gates"}), ok);
  EXPECT_EQ(out.str(), "gates may run again: it waits.\n");
}

TEST_F(Asking, ResumeOfASourceThatStaysAsItIsFailsWithItsSentence) {
  const auto state = [](const std::string& name) {
    return R"({"data":{"id":"gates","state":")" + name + R"(","sentence":"correct it."}})";
  };
  hub.on("POST /api/v1/sources/gates/resume", {state("stopped")}, 202);
  for (const std::vector<std::string>& looks :
       {std::vector<std::string>{state("stopped")}, {state("starting"), state("stopping"), state("stopped")}}) {
    hub.on("GET /api/v1/sources/gates", looks);
    EXPECT_EQ(ask({"resume", "gates"}), failed);
    EXPECT_EQ(out.str(), "");
    EXPECT_EQ(err.str(), "kepuctl: gates stays stopped: correct it.\n");
    EXPECT_EQ(ask({"resume", "gates", "--json"}), failed);
    EXPECT_EQ(out.str(), state("stopped"));
  }
}

TEST_F(Asking, ResumeWaitsUntilWhatItSetOffIsSeen) {
  const auto state = [](const std::string& name) {
    return R"({"data":{"id":"gates","state":")" + name + R"(","sentence":"now )" + name + R"("}})";
  };
  hub.on("POST /api/v1/sources/gates/resume", {"{}"}, 202);
  hub.on("GET /api/v1/sources/gates", {state("stopped"), state("starting"), state("starting"), state("running")});
  EXPECT_EQ(ask({"resume", "gates"}), ok);
  EXPECT_EQ(out.str(), "gates may run again: now running\n");
}

TEST_F(Asking, ASourcesNameCannotLeaveItsPlaceInThePath) {
  EXPECT_EQ(ask({"pause", "../x?a b\r\n"}), failed);
  EXPECT_THAT(hub.asked(), ElementsAre("POST /api/v1/sources/..%2Fx%3Fa%20b%0D%0A/pause"));
}

TEST_F(Asking, ARefusalIsASentenceWithItsHintAndCode) {
  hub.on(
      "POST /api/v1/sources/gate/pause",
      {R"({"code":"unknown_source","detail":"no source \"gate\", did you mean \"gates\"?","hint":"/api/v1/sources lists them"})"},
      404);
  EXPECT_EQ(ask({"pause", "gate"}), failed);
  EXPECT_EQ(out.str(), "");
  EXPECT_EQ(err.str(),
            "kepuctl: no source \"gate\", did you mean \"gates\"? /api/v1/sources lists them [unknown_source]\n");
}

TEST_F(Asking, ARefusalAsJsonIsTheBodyAsItCame) {
  hub.on("GET /api/v1/runs", {R"({"code":"busy","detail":"later"})"}, 503);
  EXPECT_EQ(ask({"runs", "--json"}), failed);
  EXPECT_EQ(out.str(), R"({"code":"busy","detail":"later"})");
}

TEST_F(Asking, ARefusalThatSaysNothingStillIsASentence) {
  for (const char* body : {"", "oops", "[]", "{}", R"({"detail":null})"}) {
    hub.on("GET /api/v1/runs", {body}, 500);
    EXPECT_EQ(ask({"runs"}), failed);
    EXPECT_THAT(err.str(), HasSubstr("status 500")) << body;
  }
}

TEST_F(Asking, AnAnswerOfUnknownShapeIsNoTable) {
  for (const char* command : {"sources", "runs", "rejects", "indicators"})
    for (const char* body : {"", "<html>", "[]", "{}", R"({"data":7})", R"({"data":[1]})", "{\"data\":[", "\xff\xfe"}) {
      hub.on(std::string("GET /api/v1/") + command, {body});
      EXPECT_EQ(ask({command}), failed) << command << " " << body;
      EXPECT_THAT(err.str(), HasSubstr("unknown shape"));
      EXPECT_EQ(out.str(), "");
    }
}

TEST_F(Asking, MembersOfAnotherTypeDoNoHarm) {
  hub.on("GET /api/v1/sources",
         {R"({"data":[{"id":7,"state":["a"],"paused":"yes","last_run":"none","rejects":-3,"next_run":{}}]})"});
  EXPECT_EQ(ask({"sources"}), ok);
  EXPECT_THAT(out.str(), HasSubstr("-3"));
}

TEST_F(Asking, ObservationsShowUnitNameAndColumns) {
  hub.on("GET /api/v1/observations?indicator=visits&freq=M&from=2026-01&to=2026-02&area=5101&by=venue&source=gates"
         "&columns=labels&limit=5&lang=zh",
         {R"({"meta":{"indicator":"visits","name":"参观人次","unit":"visit","unit_name":"人次"},"data":[
           {"indicator":"visits","period":"2026-01","venue":"v1","venue_label":"科技馆","value":1200},
           {"indicator":"visits","period":"2026-02","venue":"v1","venue_label":null,"value":0.5}],"next":"/api/v1/more"})"});
  EXPECT_EQ(ask({"observations", "visits", "--freq",  "M",    "--from", "2026-01",  "--to",
                 "2026-02",      "--area", "5101",    "--by", "venue",  "--source", "gates",
                 "--columns",    "labels", "--limit", "5",    "--lang", "zh"}),
            ok);
  EXPECT_EQ(out.str(), "visits  参观人次  [人次]\n"
                       "period   venue  venue_label  value\n"
                       "2026-01  v1     科技馆        1200\n"
                       "2026-02  v1     -              0.5\n");
  EXPECT_THAT(err.str(), HasSubstr("--limit"));
}

TEST_F(Asking, SeveralIndicatorsAreNamedAboveAndInEachRow) {
  hub.on("GET /api/v1/observations?indicator=a,b&sort=-value&combine=sum",
         {R"({"meta":{"indicators":[{"indicator":"a","name":"甲","unit":"x","unit_name":"人次"},
           {"indicator":"b","name":"乙","unit":"x","unit_name":"人次"}]},"data":[
           {"indicator":"a+b","period":"2026-01","value":3}],"next":null})"});
  EXPECT_EQ(ask({"observations", "a,b", "--sort", "-value", "--combine", "sum"}), ok);
  EXPECT_EQ(out.str(), "a  甲  [人次]\nb  乙  [人次]\nindicator  period   value\na+b        2026-01      3\n");
}

TEST_F(Asking, NumbersAreWrittenInFull) {
  hub.on(
      "GET /api/v1/observations?indicator=x",
      {R"({"meta":{},"data":[{"period":"a","value":1e5},{"period":"b","value":-0.25},{"period":"c","value":18446744073709551615},
             {"period":"d","value":1e300},{"period":"e","value":0.0}]})"});
  EXPECT_EQ(ask({"observations", "x"}), ok);
  for (const char* number : {" 100000\n", " -0.25\n", " 18446744073709551615\n", " 1e+300\n", " 0\n"})
    EXPECT_THAT(out.str(), HasSubstr(number));
}

TEST_F(Asking, NoObservationsIsNoFailure) {
  hub.on("GET /api/v1/observations?indicator=x", {R"({"meta":{"indicator":"x"},"data":[]})"});
  EXPECT_EQ(ask({"observations", "x"}), ok);
  EXPECT_EQ(err.str(), "No observations.\n");
}

TEST_F(Asking, CsvIsTheAnswerAsItCame) {
  hub.on("GET /api/v1/observations?indicator=x&format=csv", {"indicator,period,value\r\nx,2026,1\r\n"});
  EXPECT_EQ(ask({"observations", "x", "--csv"}), ok);
  EXPECT_EQ(out.str(), "indicator,period,value\r\nx,2026,1\r\n");
  EXPECT_THAT(hub.last_header(), HasSubstr("Accept: text/csv"));
}

TEST_F(Asking, IndicatorsHaveTheirChineseNames) {
  hub.on("GET /api/v1/indicators",
         {R"({"data":[{"id":"visits","name":{"zh":"参观人次","en":"Visits"},"unit":{"id":"visit","zh":null,"en":null},
             "by":["area","venue"],"first_day":"2026-01-01","last_day":"2026-02-01"}]})"});
  EXPECT_EQ(ask({"indicators"}), ok);
  EXPECT_EQ(out.str(), "INDICATOR  NAME      UNIT   FIRST DAY   LAST DAY    BY\n"
                       "visits     参观人次  visit  2026-01-01  2026-02-01  area, venue\n");
}

TEST_F(Asking, RunsAndRejectsTakeSourceAndLimit) {
  hub.on(
      "GET /api/v1/runs?source=gates&limit=2",
      {R"({"data":[{"run":9,"source":"gates","status":"bad_data","started":"2026-11-25T07:54:30Z","ended":null,"rows":1,
             "inserted":2,"changed":3,"unchanged":4,"removed":5,"rejected":6,"parts":1,"text":"too many"}]})"});
  EXPECT_EQ(ask({"runs", "--source", "gates", "--limit", "2"}), ok);
  EXPECT_THAT(
      out.str(),
      HasSubstr(
          "  9  gates   bad_data  2026-11-25 07:54:30  -         1    2        3        5         6  too many\n"));
  hub.on("GET /api/v1/rejects?limit=1",
         {R"({"data":[{"id":4,"run":9,"source":"gates","input":"a.csv","place":12,"dataset":"d",
      "field":"age","code":"bad_number","message":"\"x\" is no number","recorded_at":"","count":1}],"next":"/api/v1/rejects?before=4"})"});
  EXPECT_EQ(ask({"rejects", "--limit", "1"}), ok);
  EXPECT_THAT(out.str(), HasSubstr("\n 4    9  gates   a.csv   12  age    bad_number      1  \"x\" is no number\n"));
  EXPECT_THAT(err.str(), HasSubstr("There is more"));
}

TEST_F(Asking, ControlCharactersNeverReachTheTerminal) {
  const std::string evil = R"(\u001b[2J\u0007\u009b31m\u202e\u007f\r\u0000)";
  const auto object = R"({"id":")" + evil + R"(","connector":")" + evil + R"(","state":")" + evil +
                      R"(","sentence":")" + evil + R"(","run":1,"source":")" + evil + R"(","status":")" + evil +
                      R"(","text":")" + evil + R"(","message":")" + evil + R"(","name":")" + evil + R"(","value":")" +
                      evil + R"(",")" + evil + R"(":1})";
  const auto body =
      R"({"meta":{"indicator":")" + evil + R"(","unit":")" + evil + R"("},"data":[)" + object + R"(],"next":"x"})";
  hub.on("GET /readyz", {R"({"version":")" + evil + R"("})"});
  for (const char* path : {"sources", "runs", "rejects", "indicators", "observations?indicator=x"})
    hub.on(std::string("GET /api/v1/") + path, {body});
  for (const auto& args : {std::vector<std::string>{"status"},
                           {"sources"},
                           {"runs"},
                           {"rejects"},
                           {"indicators"},
                           {"observations", "x"},
                           {"sources", "--ids"}}) {
    EXPECT_EQ(ask(args), ok) << args[0];
    expect_no_controls();
  }
  hub.on("GET /api/v1/runs", {R"({"detail":")" + evil + R"(","hint":")" + evil + R"(","code":")" + evil + R"("})"},
         500);
  EXPECT_EQ(ask({"runs"}), failed);
  EXPECT_THAT(err.str(), HasSubstr("\\x1b[2J"));
  expect_no_controls();
}

TEST_F(Asking, RawAnswersAreMadeSafeOnATerminalOnly) {
  const std::string body = "{\"a\":\"\x1b[2J\xc2\x9b\"}\n";
  hub.on("GET /api/v1/runs", {body});
  EXPECT_EQ(ask({"runs", "--json"}), ok);
  EXPECT_EQ(out.str(), body);
  out.str("");
  const Console terminal{.out = out, .err = err, .out_is_terminal = true};
  EXPECT_EQ(run({"--socket", hub.socket(), "runs", "--json"}, terminal), ok);
  expect_no_controls();
  EXPECT_EQ(out.str(), "{\"a\":\"\\x1b[2J\\u{9b}\"}\n");
}

TEST_F(Asking, ColourIsAQuestionOfTheTerminalUnlessSaid) {
  hub.on("GET /api/v1/sources", {two_sources});
  EXPECT_EQ(ask({"sources", "--color", "always"}), ok);
  EXPECT_THAT(out.str(), HasSubstr("\x1b[31mquarantined"));
  const Console colours{.out = out, .err = err, .color = true};
  out.str("");
  EXPECT_EQ(run({"--socket", hub.socket(), "sources"}, colours), ok);
  EXPECT_THAT(out.str(), HasSubstr("\x1b[32mready"));
  out.str("");
  EXPECT_EQ(run({"--socket", hub.socket(), "--color", "never", "sources"}, colours), ok);
  EXPECT_THAT(out.str(), Not(HasSubstr("\x1b")));
}

TEST_F(Asking, WhatIsNoHttpIsOutOfReach) {
  for (const char* bytes :
       {"", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", "HTTP/1.1 200 OK\r\n"}) {
    hub.on_raw("GET /api/v1/runs", bytes);
    EXPECT_EQ(ask({"runs"}), out_of_reach) << bytes;
    EXPECT_THAT(err.str(), HasSubstr(hub.socket()));
  }
}

TEST(OutOfReach, NamesTheSocketAndWhatToDo) {
  const Folder folder;
  const auto socket = (folder.path() / "none.sock").string();
  std::ostringstream out, err;
  const Console console{.out = out, .err = err};
  for (const auto& args : {std::vector<std::string>{"status"},
                           {"sources"},
                           {"run", "x"},
                           {"run", "x", "--no-wait"},
                           {"pause", "x"},
                           {"resume", "x"},
                           {"observations", "x"},
                           {"observations", "x", "--csv"},
                           {"indicators"},
                           {"runs"},
                           {"rejects"}}) {
    err.str("");
    auto all = args;
    all.insert(all.end(), {"--socket", socket});
    EXPECT_EQ(run(all, console), out_of_reach) << args[0];
    EXPECT_THAT(err.str(), HasSubstr(socket));
    EXPECT_THAT(err.str(), HasSubstr("systemctl start kepud"));
  }
  EXPECT_EQ(out.str(), "");
}

TEST(OutOfReach, ASocketThatNobodyListensOnSaysSo) {
  const Folder folder;
  const auto socket = (folder.path() / "admin.sock").string();
  {
    boost::asio::io_context io;
    boost::asio::local::stream_protocol::acceptor left(io, boost::asio::local::stream_protocol::endpoint(socket));
  }
  std::ostringstream out, err;
  EXPECT_EQ(run({"--socket", socket, "runs"}, Console{.out = out, .err = err}), out_of_reach);
  EXPECT_THAT(err.str(), HasSubstr("nothing listens there"));
}

TEST(OutOfReach, APathThatNoSocketCanHaveSaysSo) {
  std::ostringstream out, err;
  EXPECT_EQ(run({"--socket", "/" + std::string(200, 'x'), "runs"}, Console{.out = out, .err = err}), out_of_reach);
  EXPECT_THAT(err.str(), HasSubstr("107 bytes"));
}

TEST(OutOfReach, AConfigurationThatNamesNoSocketSaysWhatToName) {
  std::ostringstream out, err;
  EXPECT_EQ(run({"--config", "/nowhere/kepud.toml", "runs"}, Console{.out = out, .err = err}), out_of_reach);
  EXPECT_THAT(err.str(), HasSubstr("/nowhere/kepud.toml"));
  EXPECT_THAT(err.str(), HasSubstr("--socket"));
}

TEST_F(Asking, TheConfigurationNamesTheSocketWhateverElseIsWrongInIt) {
  hub.on("GET /api/v1/runs", {R"({"data":[]})"});
  const Folder folder;
  const auto file =
      folder.write("kepud.toml", "state_dir = \"s\"\nadmin_socket = \"" + hub.socket() + "\"\nwrong = 1\n");
  EXPECT_EQ(run({"--config", file.string(), "runs"}, console), ok) << err.str();
}

TEST(Usage, IsRefusedWithTwoAndNothingOnOutput) {
  const std::vector<std::vector<std::string>> cases{{},
                                                    {"nothing"},
                                                    {"run"},
                                                    {"pause"},
                                                    {"observations"},
                                                    {"runs", "--limit", "0"},
                                                    {"runs", "--limit", "x"},
                                                    {"observations", "x", "--freq", "Y"},
                                                    {"sources", "extra"},
                                                    {"--color", "blue", "sources"},
                                                    {"status", "runs"}};
  for (const auto& args : cases) {
    std::ostringstream out, err;
    EXPECT_EQ(run(args, Console{.out = out, .err = err}), usage) << testing::PrintToString(args);
    EXPECT_EQ(out.str(), "");
    EXPECT_NE(err.str(), "");
  }
}

TEST(Usage, AWrongCommandNamesTheNearest) {
  for (const std::vector<std::string>& args :
       {std::vector<std::string>{"statsu"}, {"--config", "runs", "statsu"}, {"--json", "statsu", "--ids"}}) {
    std::ostringstream out, err;
    EXPECT_EQ(run(args, Console{.out = out, .err = err}), usage);
    EXPECT_EQ(err.str(), "kepuctl: there is no command \"statsu\"; did you mean \"status\"?\n"
                         "`kepuctl --help` lists them.\n");
  }
  std::ostringstream out, err;
  EXPECT_EQ(run({"frobnicate"}, Console{.out = out, .err = err}), usage);
  EXPECT_THAT(err.str(), HasSubstr("no command \"frobnicate\"\n"));
}

TEST(Usage, ALimitThatIsNoneSaysTheRangeShortly) {
  for (const std::string limit : {"0", "x", "-1", "1.5"}) {
    std::ostringstream out, err;
    EXPECT_EQ(run({"runs", "--limit", limit}, Console{.out = out, .err = err}), usage);
    EXPECT_THAT(err.str(), HasSubstr("--limit: " + limit + " is not a whole number from 1 on\n"));
  }
}

TEST(Help, TheExamplesAskForWhatTheCatalogHas) {
  std::ostringstream out, err;
  EXPECT_EQ(run({"observations", "--help"}, Console{.out = out, .err = err}), ok);
  EXPECT_THAT(out.str(), HasSubstr("kepuctl observations venue.visits --freq"));
}

TEST(Help, OfEachCommandHasAnExampleAndTheExitCodes) {
  for (const char* command : {"check", "status", "sources", "run", "pause", "resume", "observations", "indicators",
                              "runs", "rejects", "completion"}) {
    std::ostringstream out, err;
    EXPECT_EQ(run({command, "--help"}, Console{.out = out, .err = err}), ok);
    EXPECT_THAT(out.str(), HasSubstr(std::string("kepuctl ") + command));
    EXPECT_THAT(out.str(), HasSubstr("Example:"));
    EXPECT_THAT(out.str(), HasSubstr("3 daemon out of reach"));
  }
}

} // namespace
} // namespace kepu::ctl
