// `kepuctl withdraw`: asks, waits for the job, and says what came of it.
#include "asking.hpp"

namespace kepu::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string job(const std::string& state, const std::string& text = "It is going on.") {
  return R"({"data":{"id":3,"kind":"withdraw","what":"run 12","state":")" + state +
         R"(","done":50,"total":100,"sentence":")" + text + R"(","sentence_zh":"撤回。","ended":null}})";
}

class Withdrawing : public Asking {
protected:
  void SetUp() override {
    hub.on("GET /api/v1/runs/12", {R"({"data":{"run":12,"source":"gates","status":"ok","started":)"
                                   R"("2026-11-25T07:54:30+08:00","inserted":6,"changed":1,"removed":2}})"});
    hub.on("POST /api/v1/runs/12/withdraw", {job("queued")}, 202);
    hub.on("POST /api/v1/sources/gates/withdraw", {job("queued")}, 202);
    hub.on("GET /api/v1/jobs/3", {job("queued"), job("running"), job("done", "Run 12 of gates is withdrawn.")});
  }
  int answered(const std::string& answer, std::vector<std::string> args) {
    std::istringstream in(answer);
    const Console terminal{.out = out,
                           .err = err,
                           .err_is_terminal = true,
                           .columns = 70,
                           .pace = std::chrono::milliseconds(1),
                           .in = &in};
    args.insert(args.begin(), {"--socket", hub.socket()});
    return run(args, terminal);
  }
};

TEST_F(Withdrawing, SaysWhatTheJobCameTo) {
  EXPECT_EQ(ask({"withdraw", "run", "12", "--yes"}), ok);
  EXPECT_EQ(out.str(), "Run 12 of gates is withdrawn.\n");
  EXPECT_EQ(err.str(), "");
  EXPECT_THAT(hub.asked(), ElementsAre("POST /api/v1/runs/12/withdraw", "GET /api/v1/jobs/3", "GET /api/v1/jobs/3",
                                       "GET /api/v1/jobs/3"));
}

TEST_F(Withdrawing, OfASourceIsAskedForByItsId) {
  EXPECT_EQ(ask({"withdraw", "source", "gates", "--yes", "--json"}), ok);
  EXPECT_EQ(out.str(), job("done", "Run 12 of gates is withdrawn."));
  EXPECT_EQ(hub.asked().front(), "POST /api/v1/sources/gates/withdraw");
}

TEST_F(Withdrawing, AsksOnATerminalAndShowsHowFarItIs) {
  EXPECT_EQ(answered("y\n", {"withdraw", "run", "12"}), ok);
  EXPECT_THAT(err.str(), HasSubstr("Withdraw run 12 of gates, begun 2026-11-25 07:54:30 (ok; new 6, changed 1, removed "
                                   "2)?"));
  EXPECT_THAT(err.str(), HasSubstr("50 %  50 of 100"));
  EXPECT_THAT(out.str(), HasSubstr("is withdrawn"));
}

TEST_F(Withdrawing, AnyOtherAnswerChangesNothing) {
  for (const char* answer : {"", "\n", "n\n", "yep\n"}) {
    EXPECT_EQ(answered(answer, {"withdraw", "run", "12"}), failed) << answer;
    EXPECT_EQ(answered(answer, {"withdraw", "source", "gates"}), failed) << answer;
  }
  EXPECT_THAT(err.str(), HasSubstr("Nothing was changed.\n"));
  EXPECT_THAT(hub.asked(), Not(testing::Contains(HasSubstr("POST"))));
}

TEST_F(Withdrawing, WhereNobodyCanAnswerItNeedsYes) {
  EXPECT_EQ(ask({"withdraw", "run", "12"}), usage);
  EXPECT_THAT(err.str(), HasSubstr("--yes"));
  EXPECT_EQ(ask({"withdraw", "source", "gates"}), usage);
  EXPECT_THAT(hub.asked(), Not(testing::Contains(HasSubstr("POST"))));
}

TEST_F(Withdrawing, AJobThatFailsIsAFailureWithItsSentence) {
  hub.on("GET /api/v1/jobs/3", {job("running"), job("failed", "The disk is full.")});
  EXPECT_EQ(ask({"withdraw", "run", "12", "--yes"}), failed);
  EXPECT_EQ(err.str(), "kepuctl: The disk is full.\n");
  EXPECT_EQ(ask({"withdraw", "run", "12", "--yes", "--json"}), failed);
}

TEST_F(Withdrawing, ARefusalIsSaid) {
  hub.on("POST /api/v1/runs/12/withdraw", {R"({"code":"already_withdrawn","detail":"run 12 was withdrawn"})"}, 409);
  EXPECT_EQ(ask({"withdraw", "run", "12", "--yes"}), failed);
  EXPECT_EQ(err.str(), "kepuctl: run 12 was withdrawn [already_withdrawn]\n");
}

TEST_F(Withdrawing, AJobThatIsForgottenMeanwhileIsAFailure) {
  hub.on("GET /api/v1/jobs/3", {R"({"code":"unknown_job","detail":"no job 3"})"}, 404); // the daemon began anew
  EXPECT_EQ(ask({"withdraw", "run", "12", "--yes"}), failed);
  EXPECT_THAT(err.str(), HasSubstr("no job 3"));
}

TEST_F(Withdrawing, WithoutWaitingTheJobIsNamed) {
  EXPECT_EQ(ask({"withdraw", "run", "12", "--yes", "--no-wait"}), ok);
  EXPECT_EQ(out.str(), "job 3 was taken; `kepuctl jobs` shows what comes of it\n");
  EXPECT_EQ(hub.asked().size(), 1u);
}

TEST_F(Withdrawing, OnlyRunsAndSourcesCanBe) {
  EXPECT_EQ(ask({"withdraw", "file", "a.csv", "--yes"}), usage);
  EXPECT_EQ(ask({"withdraw", "run"}), usage);
  EXPECT_TRUE(hub.asked().empty());
}

TEST_F(Withdrawing, FactsAreGivenUpAfterAQuestion) {
  hub.on("POST /api/v1/sources/gates/retention?before=2024-01-01", {job("queued")}, 202);
  EXPECT_EQ(answered("y\n", {"retention", "gates", "--before", "2024-01-01"}), ok);
  EXPECT_THAT(err.str(), HasSubstr("Give up the facts of gates from before 2024-01-01 for ever?"));
  EXPECT_EQ(ask({"retention", "gates", "--before", "2024-01-01", "--yes"}), ok);
  EXPECT_EQ(ask({"retention", "gates", "--before", "2024-01-01"}), usage) << "nobody can be asked";
  EXPECT_EQ(ask({"retention", "gates", "--yes"}), usage);
}

TEST_F(Withdrawing, ARebuildNeedsNoQuestion) {
  hub.on("POST /api/v1/rebuild", {job("queued")}, 202);
  EXPECT_EQ(ask({"rebuild"}), ok);
  EXPECT_THAT(out.str(), HasSubstr("withdrawn"));
}

TEST_F(Withdrawing, ACompactionNeedsNoQuestion) {
  hub.on("POST /api/v1/compact", {job("queued")}, 202);
  EXPECT_EQ(ask({"compact"}), ok);
}

class Verifying : public Withdrawing {
protected:
  void done(const std::string& verified) {
    hub.on("POST /api/v1/verify", {job("queued")}, 202);
    hub.on("GET /api/v1/jobs/3", {R"({"data":{"id":3,"kind":"verify","state":"done","sentence":"It is looked at.",)"
                                  R"("sentence_zh":"已核对。","verified":)" +
                                  verified + "}}"});
  }
};

TEST_F(Verifying, EndsWellWhenAllAgrees) {
  done(R"({"agrees":true,"differing":0,"damaged":0,"lost":0,"findings":[]})");
  EXPECT_EQ(ask({"verify"}), ok);
  EXPECT_EQ(out.str(), "It is looked at.\n");
}

TEST_F(Verifying, ListsWhatIsWrongAndEndsWithACodeOfItsOwn) {
  done(
      R"({"agrees":false,"differing":7,"damaged":1,"lost":0,"findings":[{"sentence":"visits\u001b: kept 3, facts give )"
      R"(2","sentence_zh":"已存3"},3]})");
  EXPECT_EQ(ask({"verify"}), disagrees);
  EXPECT_THAT(out.str(), testing::StartsWith("visits"));
  EXPECT_THAT(out.str(), HasSubstr(": kept 3, facts give 2\n… and 6 more\nIt is looked at.\n"));
  EXPECT_THAT(out.str(), Not(HasSubstr("\x1b")));
}

TEST_F(Verifying, AsJsonEndsWithTheSameCode) {
  done(R"({"agrees":false,"differing":1,"findings":[]})");
  EXPECT_EQ(ask({"verify", "--json"}), disagrees);
  EXPECT_THAT(out.str(), HasSubstr(R"("verified":{"agrees":false)"));
}

TEST_F(Verifying, ItsExitCodeIsInItsHelp) {
  EXPECT_EQ(run({"verify", "--help"}, {.out = out, .err = err}), ok);
  EXPECT_THAT(out.str(), HasSubstr("4 figures differ from the facts, or something is damaged"));
}

TEST_F(Withdrawing, JobsAreATable) {
  hub.on("GET /api/v1/jobs", {R"({"data":[{"id":3,"kind":"withdraw","what":"run 12","state":"done","sentence":"Done.",)"
                              R"("asked":"2026-11-25T07:54:30.1+08:00","ended":"2026-11-25T07:54:31+08:00"}]})"});
  EXPECT_EQ(ask({"jobs"}), ok);
  EXPECT_EQ(out.str(), "JOB  KIND      WHAT    STATE  ASKED                ENDED                TEXT\n"
                       "  3  withdraw  run 12  done   2026-11-25 07:54:30  2026-11-25 07:54:31  Done.\n");
}

TEST_F(Withdrawing, ARunMayReadWhatWasWithdrawnAgain) {
  hub.on("POST /api/v1/sources/gates/run?withdrawn=again", {"{}"}, 202);
  EXPECT_EQ(ask({"run", "gates", "--again", "--no-wait"}), ok);
}

TEST_F(Withdrawing, RunsTellThatTheyWereWithdrawn) {
  hub.on("GET /api/v1/runs", {R"({"data":[{"run":12,"source":"gates","status":"ok","withdrawn":)"
                              R"("2026-11-25T07:54:30+08:00"}]})"});
  EXPECT_EQ(ask({"runs"}), ok);
  EXPECT_THAT(out.str(), HasSubstr("ok, withdrawn"));
}

} // namespace
} // namespace kepu::ctl
