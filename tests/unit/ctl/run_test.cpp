// `kepuctl run`: until the run that was asked for has ended, and not longer.
#include "asking.hpp"

namespace kepu::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string source(const std::string& state, const std::string& last_run = "null", const std::string& more = "") {
  return R"({"data":{"id":"gates","mode":"scheduled","state":")" + state +
         R"(","sentence":"what happened; what to do","last_run":)" + last_run + more + "}}";
}
std::string last(int number, const std::string& status, bool ended = true, int rejected = 0) {
  return R"({"run":)" + std::to_string(number) + R"(,"status":")" + status +
         R"(","rows":10,"inserted":6,"changed":1,"unchanged":3,"removed":2,"rejected":)" + std::to_string(rejected) +
         R"(,"parts":1,"text":"because","started":"2026-11-25T07:00:00Z","ended":)" +
         (ended ? R"("2026-11-25T07:00:01Z")" : "null") + "}";
}

class Running : public Asking {
protected:
  // What the source says before the command, and then at each look.
  int run_with(std::vector<std::string> looks, std::vector<std::string> args = {"run", "gates"}) {
    hub.on("POST /api/v1/sources/gates/run", {looks.front()}, 202);
    hub.on("GET /api/v1/sources/gates", std::move(looks));
    return ask(std::move(args));
  }
};

TEST_F(Running, WaitsForTheNewRunAndPrintsItsCounts) {
  EXPECT_EQ(run_with({source("ready", last(7, "bad_data")), source("ready", last(7, "bad_data")),
                      source("starting", last(7, "bad_data")), source("running", last(8, "running", false)),
                      source("ready", last(8, "ok"))}),
            ok);
  EXPECT_EQ(out.str(), "run 8 of gates: ok; rows 10, new 6, changed 1, unchanged 3, removed 2, rejected 0\n");
  EXPECT_EQ(err.str(), "");
  EXPECT_EQ(hub.asked().size(), 6u);
}

TEST_F(Running, EveryOtherOutcomeIsAFailureWithItsReason) {
  for (const char* status :
       {"retry", "bad_config", "bad_data", "cancelled", "bug", "crashed", "killed", "interrupted", "new_word"}) {
    EXPECT_EQ(run_with({source("ready"), source("running"), source("ready", last(1, status))}), failed) << status;
    EXPECT_THAT(out.str(), HasSubstr(status));
    EXPECT_EQ(err.str(), "kepuctl: because\n");
  }
}

TEST_F(Running, PointsToWhatWasRefused) {
  EXPECT_EQ(run_with({source("ready"), source("ready", last(1, "ok", true, 4))}), ok);
  EXPECT_THAT(err.str(), HasSubstr("kepuctl rejects --source gates"));
}

TEST_F(Running, ASourceThatFallsBackToRestDidNotRun) {
  EXPECT_EQ(
      run_with({source("stopped", last(7, "ok")), source("starting", last(7, "ok")), source("stopped", last(7, "ok"))}),
      failed);
  EXPECT_EQ(err.str(), "kepuctl: gates did not run: what happened; what to do\n");
}

TEST_F(Running, ASourceThatNeverMovesIsNotWaitedForForEver) {
  EXPECT_EQ(run_with({source("backing_off")}), failed);
  EXPECT_THAT(err.str(), HasSubstr("did not run"));
}

class Retrying : public Asking {
protected:
  const std::string reject = R"({"data":{"id":17,"source":"gates","input":"a.csv"}})";
  void with_run(const std::string& target) {
    hub.on("POST " + target, {source("ready")}, 202);
    hub.on("GET /api/v1/sources/gates", {source("ready"), source("ready", last(8, "ok"))});
  }
};

TEST_F(Retrying, ARejectThatIsGoneAfterTheRunIsDone) {
  with_run("/api/v1/rejects/17/retry");
  hub.on("GET /api/v1/rejects/17", {reject});
  hub.then_on("GET /api/v1/rejects/17", R"({"code":"unknown_reject"})", 404);
  EXPECT_EQ(ask({"retry", "17"}), ok);
  EXPECT_THAT(out.str(), HasSubstr("run 8 of gates: ok;"));
  EXPECT_THAT(out.str(), HasSubstr("reject 17 is gone from the list\n"));
}

TEST_F(Retrying, ARejectWhoseInputDidNotComeStays) {
  with_run("/api/v1/rejects/17/retry");
  hub.on("GET /api/v1/rejects/17", {reject});
  EXPECT_EQ(ask({"retry", "17"}), failed);
  EXPECT_EQ(err.str(), "kepuctl: reject 17 stays: gates has no longer what it came from, a.csv\n");
}

TEST_F(Retrying, AllAreReadAgainOfEachSourceThatHasSome) {
  with_run("/api/v1/sources/gates/retry");
  hub.on("GET /api/v1/sources", {R"({"data":[{"id":"clean","rejects":0},{"id":"gates","rejects":3}]})"});
  EXPECT_EQ(ask({"retry", "--all"}), ok);
  EXPECT_THAT(out.str(), HasSubstr("run 8 of gates: ok;"));
}

TEST_F(Retrying, AllOfOneSourceNeedNoLookAtTheOthers) {
  hub.on("POST /api/v1/sources/gates/retry", {R"({"code":"no_input","detail":"none is of an input"})"}, 409);
  hub.on("GET /api/v1/sources/gates", {source("ready")});
  EXPECT_EQ(ask({"retry", "--all", "--source", "gates"}), failed);
  EXPECT_EQ(err.str(), "kepuctl: none is of an input [no_input]\n");
}

TEST_F(Retrying, OneOrAllMustBeMeant) {
  for (const std::vector<std::string>& args : {std::vector<std::string>{"retry"},
                                               {"retry", "17", "--all"},
                                               {"retry", "x"},
                                               {"retry", "17", "--source", "gates"}})
    EXPECT_EQ(ask(args), usage) << args.size();
  EXPECT_TRUE(hub.asked().empty());
}

TEST_F(Running, AStreamingSourceIsUpOnceItRuns) {
  hub.on("POST /api/v1/sources/gates/run", {"{}"}, 202);
  hub.on("GET /api/v1/sources/gates",
         {source("ready"), source("starting"), R"({"data":{"id":"gates","mode":"streaming","state":"running"}})"});
  EXPECT_EQ(ask({"run", "gates"}), ok);
  EXPECT_EQ(out.str(), "gates runs, and goes on until it is paused\n");
}

TEST_F(Running, WithoutWaitingOnlyTheCommandIsSent) {
  EXPECT_EQ(run_with({source("ready")}, {"run", "gates", "--no-wait"}), ok);
  EXPECT_THAT(hub.asked(), testing::ElementsAre("POST /api/v1/sources/gates/run"));
  EXPECT_THAT(out.str(), HasSubstr("was told to run"));
}

TEST_F(Running, AsJsonGivesTheLastAnswer) {
  const auto end = source("ready", last(8, "ok"));
  EXPECT_EQ(run_with({source("ready"), source("running"), end}, {"run", "gates", "--json"}), ok);
  EXPECT_EQ(out.str(), end);
  EXPECT_EQ(run_with({source("ready"), source("running"), source("ready", last(9, "bug"))}, {"run", "gates", "--json"}),
            failed);
}

TEST_F(Running, ARefusedCommandEndsAtOnce) {
  hub.on("GET /api/v1/sources/gates", {source("running")});
  hub.on("POST /api/v1/sources/gates/run", {R"({"code":"already_running","detail":"gates is running already"})"}, 409);
  EXPECT_EQ(ask({"run", "gates"}), failed);
  EXPECT_EQ(err.str(), "kepuctl: gates is running already [already_running]\n");
  EXPECT_EQ(hub.asked().size(), 2u);
}

TEST_F(Running, ADaemonThatGoesAwayMeanwhileIsOutOfReach) {
  hub.on("POST /api/v1/sources/gates/run", {"{}"}, 202);
  hub.on("GET /api/v1/sources/gates", {source("ready")});
  EXPECT_EQ(ask({"run", "gates", "--no-wait"}), ok);
  hub.on_raw("GET /api/v1/sources/gates", "");
  EXPECT_EQ(ask({"run", "gates"}), out_of_reach);
}

TEST_F(Running, NonsenseWhileWaitingIsNotWaitedOut) {
  EXPECT_EQ(run_with({source("ready"), "[]"}), failed);
  EXPECT_THAT(err.str(), HasSubstr("unknown shape"));
}

TEST_F(Running, DrawsABarOnATerminalAndTakesItAway) {
  const Console terminal{
      .out = out, .err = err, .err_is_terminal = true, .columns = 70, .pace = std::chrono::milliseconds(1)};
  hub.on("POST /api/v1/sources/gates/run", {"{}"}, 202);
  hub.on("GET /api/v1/sources/gates",
         {source("ready"), source("running", "null", R"(,"progress_done":50,"progress_total":100)"),
          source("ready", last(1, "ok"))});
  EXPECT_EQ(run({"--socket", hub.socket(), "run", "gates"}, terminal), ok);
  EXPECT_THAT(err.str(), HasSubstr("50 %  50 of 100"));
  EXPECT_TRUE(err.str().ends_with("\r\x1b[K")) << err.str();
  EXPECT_THAT(out.str(), Not(HasSubstr("\x1b")));
}

TEST_F(Running, DaysAreReadAgainAndWhatWasPassedOverIsTold) {
  hub.on("POST /api/v1/sources/gates/backfill?from=2026-03&to=2026-03", {"{}"}, 202);
  EXPECT_EQ(run_with({source("ready"), source("running"),
                      source("ready", R"({"run":8,"status":"ok","ended":"2026-11-25T07:54:31+08:00",)"
                                      R"("text":"backfill of March: 3 rows of other days were passed over"})")},
                     {"backfill", "gates", "--from", "2026-03", "--to", "2026-03"}),
            ok);
  EXPECT_THAT(out.str(), HasSubstr("run 8 of gates: ok"));
  EXPECT_THAT(out.str(), HasSubstr("3 rows of other days were passed over\n"));
}

TEST_F(Running, AnotherRunIsNotTakenForTheBackfill) {
  hub.on("POST /api/v1/sources/gates/backfill?from=2026-03&to=2026-03", {"{}"}, 202);
  EXPECT_EQ(run_with({source("ready"), source("ready", last(8, "ok"))},
                     {"backfill", "gates", "--from", "2026-03", "--to", "2026-03"}),
            failed);
  EXPECT_THAT(err.str(), HasSubstr("another run of gates came before; ask again"));
}

TEST_F(Running, WhatASourceNoLongerGivesGoesWhenThatIsSaid) {
  hub.on("POST /api/v1/sources/gates/backfill?from=2026-03&to=2026-03&allow_empty=true", {"{}"}, 202);
  EXPECT_EQ(ask({"backfill", "gates", "--from", "2026-03", "--to", "2026-03", "--allow-empty", "--no-wait"}), ok);
}

TEST_F(Running, DaysToReadAgainAreNamed) {
  EXPECT_EQ(ask({"backfill", "gates", "--from", "2026-03"}), usage);
  EXPECT_EQ(ask({"backfill", "gates", "--to", "2026-03"}), usage);
}

} // namespace
} // namespace kepu::ctl
