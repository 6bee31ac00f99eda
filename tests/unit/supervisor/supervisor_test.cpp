// The supervisor with real worker processes: the fake worker beside this test.
#include "support/folder.hpp"

#include "supervisor/describe.hpp"
#include "supervisor/supervisor.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <deque>
#include <fmt/format.h>
#include <fstream>
#include <sys/wait.h>
#include <thread>

using namespace kepu;
using namespace kepu::supervisor;
using kepu::test::Folder;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

namespace {

constexpr auto patience = 30s; // a bound for a machine under load, not a measure

struct Recorded {
  RunInfo info;
  std::vector<wire::Type> frames;
  uint64_t bytes = 0;
  std::optional<RunOutcome> outcome;
  std::optional<bool> well; // as told at its settling
};

class FakeIngest : public IngestPort {
public:
  explicit FakeIngest(boost::asio::io_context& io) : io_(io) {}
  WorkerPort* worker = nullptr;
  std::deque<Recorded> runs;
  std::string cursor = "where it was";
  bool busy = false;             // frame() answers false
  bool record = true;            // recorded is called
  std::string refuse_status;     // refuses at the first ROWS
  std::string refuse_at_the_end; // refuses what came last, when the worker is gone

  void prepare(const std::string&, std::function<void(std::string)> then) override {
    boost::asio::post(io_, [then, c = cursor] { then(c); });
  }
  void run_begins(RunInfo info) override { runs.push_back({std::move(info), {}, 0, {}, {}}); }
  bool frame(RunToken token, wire::Header header, std::string payload) override {
    auto& run = of(token);
    EXPECT_FALSE(run.outcome);
    EXPECT_EQ(header.size, payload.size());
    run.frames.push_back(header.type);
    run.bytes += payload.size();
    std::string answer;
    if (header.type == wire::Type::commit) wire::encode(wire::Ack{}, header.tag, answer);
    if (header.type == wire::Type::input && header.tag != 0) wire::encode(wire::InputAnswered{}, header.tag, answer);
    if (header.type == wire::Type::rows) {
      const auto batch = wire::decode_batch(payload);
      EXPECT_TRUE(batch) << batch.error().text;
      if (!refuse_status.empty()) worker->refuse(token, {refuse_status, "too many rejects"});
    }
    if (!answer.empty()) worker->send(token, answer);
    return !busy;
  }
  void settle(RunToken token, bool well, std::function<void()> then) override {
    of(token).well = well;
    if (!refuse_at_the_end.empty()) worker->refuse(token, {refuse_at_the_end, "the last part was refused"});
    boost::asio::post(io_, then);
  }
  void run_ends(RunToken token, RunOutcome outcome, std::function<void()> recorded) override {
    of(token).outcome = std::move(outcome);
    if (record) boost::asio::post(io_, recorded);
  }

private:
  Recorded& of(RunToken token) {
    for (auto& run : runs)
      if (run.info.token == token) return run;
    throw std::logic_error("a run that never began");
  }
  boost::asio::io_context& io_;
};

struct Supervised : testing::Test {
  Folder folder;
  boost::asio::io_context io;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> more_to_come{io.get_executor()};
  SystemClock clock;
  FakeIngest ingest{io};
  Timing timing;
  settings::Configuration configuration;
  std::optional<std::string> key;
  std::filesystem::path worker = KEPU_FAKE_WORKER;
  std::vector<std::string> log;
  std::unique_ptr<Supervisor> supervisor;

  Supervised() {
    timing.cancel_grace = timing.term_grace = timing.shutdown_cancel = timing.shutdown_term = 20ms;
    timing.backoff_first = 1ms;
    timing.backoff_cap = 4ms;
    timing.library_poll = 5ms;
    configuration.daemon.file = folder.path() / "kepud.toml";
    configuration.daemon.connector_dirs = {folder.path() / "lib"};
    auto catalog = std::make_shared<model::Catalog>();
    model::Dataset passages;
    passages.contract = {"passages",
                         1,
                         {{"event_id", KEPU_TEXT, 0, KEPU_ROLE_KEY, "", "", true},
                          {"card", KEPU_TEXT, 0, KEPU_ROLE_PERSON, "account:card", "", false}}};
    catalog->datasets.push_back(passages);
    passages.contract.id = "others";
    catalog->datasets.push_back(passages);
    configuration.catalog = catalog;
  }
  ~Supervised() override {
    if (supervisor) stop();
    supervisor.reset();
    EXPECT_TRUE(::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD) << "a child is left";
  }

  void library(const std::string& name, const std::string& behaviour) {
    folder.write("lib/" + name + ".so", behaviour);
  }
  settings::Source& source(const std::string& id, const std::string& connector) {
    settings::Source s;
    s.id = id;
    s.file = folder.path() / "sources.d" / (id + ".toml");
    s.connector = connector;
    configuration.sources.push_back(s);
    return configuration.sources.back();
  }
  void start() {
    supervisor = std::make_unique<Supervisor>(
        io, clock, model::Zone::find("Asia/Shanghai").value(),
        Supervisor::Options{worker, configuration, key,
                            [this](settings::LogLevel, std::string_view from, std::string_view text) {
                              log.push_back(fmt::format("{}: {}", from, text));
                            },
                            timing},
        ingest);
    ingest.worker = supervisor.get();
    supervisor->start();
  }
  // One source of a connector that behaves so, started.
  void start_with(const std::string& behaviour, settings::Schedule schedule = settings::Every{1h}) {
    library("x", behaviour);
    source("training", "x").schedule = std::move(schedule);
    start();
  }
  template <class F> bool until(F&& holds) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) {
        ADD_FAILURE() << "it never came: " << status().sentence << " log:\n" << testing::PrintToString(log);
        return false;
      }
      io.run_one_for(100ms);
    }
    return true;
  }
  SourceStatus status(size_t i = 0) const { return supervisor->snapshot()->at(i); }
  bool is(Phase phase, size_t i = 0) const { return status(i).state == name(phase); }
  // Until the first run is recorded and shown.
  const Recorded& first_run() {
    until([&] { return !ingest.runs.empty() && ingest.runs.front().outcome.has_value(); });
    until([&] { return !is(Phase::running) && !is(Phase::stopping); });
    return ingest.runs.front();
  }
  void stop() {
    bool stopped = false;
    supervisor->stop([&] { stopped = true; });
    until([&] { return stopped; });
  }
};

using wire::Type;

TEST_F(Supervised, ARunWhoseLastPartIsRefusedIsNotRecordedAsGood) {
  ingest.refuse_at_the_end = "bad_data";
  start_with("take");
  EXPECT_EQ(first_run().outcome->status, "bad_data");
  EXPECT_THAT(status().sentence, HasSubstr("the last part was refused"));
}

TEST_F(Supervised, AGoodRunGoesFromCheckToRecord) {
  start_with("take");
  const auto& run = first_run();
  EXPECT_EQ(run.outcome->status, "ok");
  EXPECT_EQ(run.outcome->text, "the last run ended well: all was read");
  EXPECT_GE(run.outcome->ended, run.info.started);
  EXPECT_THAT(run.frames, testing::ElementsAre(Type::input, Type::rows, Type::input, Type::commit));
  EXPECT_EQ(run.info.source, "training");
  EXPECT_EQ(run.info.connector, "x");
  EXPECT_EQ(run.info.connector_version, "1.4.0");
  EXPECT_EQ(run.info.library_hash, "d1905cf90af29a5ac3f99e105830eecc5b3b415b24e2d166a7ce4cf72b2f32e6");
  ASSERT_EQ(run.info.datasets.size(), 1u);
  EXPECT_EQ(run.info.datasets[0].id, "passages");
  EXPECT_DOUBLE_EQ(run.info.max_reject_share, 0.1);
  const auto s = status();
  EXPECT_EQ(s.state, "ready");
  EXPECT_EQ(s.mode, "scheduled");
  EXPECT_EQ(s.connector_version, "1.4.0");
  EXPECT_TRUE(s.next_run);
  EXPECT_EQ(s.crashes, 0u);
  EXPECT_THAT(log, Contains("training: took 3 rows"));
}

TEST_F(Supervised, TheWorkerIsToldWhatItNeedsAndNoMore) {
  library("x", "show_configure environment");
  library("y", "show_configure persons");
  key = std::string(32, 'k');
  source("a", "x").settings = {{"folder", std::string("inbox"), 1, 1}};
  source("b", "y");
  configuration.sources[0].schedule = configuration.sources[1].schedule = settings::Every{1h};
  start();
  until([&] { return ingest.runs.size() == 2 && ingest.runs[0].outcome && ingest.runs[1].outcome; });
  EXPECT_THAT(log, Contains("a: key 0 cursor where it was zone Asia/Shanghai datasets 2"));
  EXPECT_THAT(log, Contains("b: key 1 cursor where it was zone Asia/Shanghai datasets 2"));
  EXPECT_THAT(log, Contains("a: readable " + (folder.path() / "inbox").string()));
  EXPECT_THAT(log, Contains("a: env LANG=C.UTF-8"));
  EXPECT_THAT(log, Contains("a: env TZ=Asia/Shanghai"));
  EXPECT_THAT(log, Not(Contains(HasSubstr("env PATH="))));
}

TEST_F(Supervised, ABackfillBeginsWithoutABookmarkAndIsToldItsDays) {
  start_with("show_configure", std::monostate{});
  until([&] { return is(Phase::ready); });
  ASSERT_TRUE(supervisor->backfill("training", {20'148, 20'179, false}));
  const auto& run = first_run();
  EXPECT_EQ(run.outcome->status, "ok");
  EXPECT_EQ(run.well, true);
  ASSERT_TRUE(run.info.backfill);
  EXPECT_EQ(run.info.backfill->text(), "2025-03-01 to 2025-03-31");
  EXPECT_THAT(log, Contains(HasSubstr("cursor  zone")));
  EXPECT_THAT(log, Contains("training: range 1740758400 1743436800 20148 20179"));
  ASSERT_TRUE(supervisor->run_now("training"));
  until([&] { return ingest.runs.size() == 2 && ingest.runs[1].outcome; });
  EXPECT_FALSE(ingest.runs[1].info.backfill);
  EXPECT_THAT(log, Contains(HasSubstr("cursor where it was zone")));
}

TEST_F(Supervised, ABackfillIsRefusedWhereItCannotBegin) {
  library("x", "take");
  library("s", "streaming\nwait_cancel");
  source("a", "x").enabled = false;
  source("b", "x").schedule = std::monostate{};
  source("c", "s");
  start();
  const model::Backfill days{20'148, 20'179, false};
  until([&] { return is(Phase::ready, 1) && is(Phase::running, 2); });
  EXPECT_EQ(supervisor->backfill("nobody", days).error().code, "unknown_source");
  EXPECT_EQ(supervisor->backfill("a", days).error().code, "disabled");
  EXPECT_EQ(supervisor->backfill("c", days).error().code, "streaming");
  ASSERT_TRUE(supervisor->pause("b"));
  until([&] { return status(1).paused; });
  EXPECT_EQ(supervisor->backfill("b", days).error().code, "paused");
}

TEST_F(Supervised, StatusesDecideWhatFollows) {
  struct {
    const char* behaviour;
    Phase phase;
    const char* status;
    const char* says;
  } const table[] = {
      {"bad_data", Phase::ready, "bad_data", "because of bad_data"},
      {"bad_config", Phase::stopped, "bad_config", "because of bad_config"},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.behaviour);
    start_with(row.behaviour);
    EXPECT_EQ(first_run().outcome->status, row.status);
    EXPECT_TRUE(is(row.phase));
    EXPECT_THAT(status().sentence, HasSubstr(row.says));
    stop();
    supervisor.reset();
    ingest.runs.clear();
    configuration.sources.clear();
  }
}

TEST_F(Supervised, RetriesComeAgain) {
  start_with("retry");
  until([&] { return ingest.runs.size() >= 3 && ingest.runs[1].outcome.has_value(); });
  EXPECT_EQ(ingest.runs[0].outcome->status, "retry");
  EXPECT_NE(ingest.runs[0].info.token, ingest.runs[1].info.token);
  EXPECT_EQ(status().crashes, 0u);
}

TEST_F(Supervised, ReplacingTheLibraryLiftsQuarantine) {
  start_with("crash");
  until([&] { return is(Phase::quarantined); });
  EXPECT_EQ(ingest.runs.size(), 5u);
  for (const auto& run : ingest.runs) {
    EXPECT_EQ(run.outcome->status, "crashed");
    EXPECT_THAT(run.outcome->text, HasSubstr("segmentation fault (SIGSEGV)"));
  }
  EXPECT_EQ(status().crashes, 5u);
  EXPECT_THAT(status().sentence, AllOf(HasSubstr("\"training\""), HasSubstr("lib/x.so"), HasSubstr("quarantined")));
  EXPECT_EQ(supervisor->run_now("training").error().code, "quarantined");
  library("x", "take it");
  until([&] { return is(Phase::ready); });
  EXPECT_EQ(ingest.runs.back().outcome->status, "ok");
  EXPECT_EQ(status().crashes, 0u);
}

TEST_F(Supervised, ResumeLiftsQuarantine) {
  start_with("exit0");
  until([&] { return is(Phase::quarantined); });
  EXPECT_THAT(status().sentence, HasSubstr("with exit code 0"));
  EXPECT_TRUE(supervisor->resume("training"));
  until([&] { return ingest.runs.size() == 10 && is(Phase::quarantined); });
}

TEST_F(Supervised, ACrashKeepsWhatWasSentBefore) {
  timing.crash_limit = 1;
  start_with("pump crash_while_pumping");
  until([&] { return is(Phase::quarantined); });
  EXPECT_EQ(ingest.runs.at(0).frames.size(), 41u); // all that it had written before it died
}

TEST_F(Supervised, AHangingConnectorIsKilledWhenItIsPaused) {
  start_with("hang");
  until([&] { return is(Phase::running); });
  EXPECT_EQ(supervisor->run_now("training").error().code, "already_running");
  EXPECT_TRUE(supervisor->pause("training"));
  const auto& run = first_run();
  EXPECT_EQ(run.outcome->status, "killed");
  EXPECT_TRUE(status().paused);
  EXPECT_EQ(status().crashes, 0u);
  EXPECT_EQ(supervisor->run_now("training").error().code, "paused");
  EXPECT_THAT(status().sentence, AllOf(HasSubstr("did not end when its run was cancelled"), HasSubstr("paused")));
}

TEST_F(Supervised, AConnectorThatIsPausedMayEndByItself) {
  timing.cancel_grace = 1min;
  start_with("wait_cancel");
  until([&] { return is(Phase::running); });
  EXPECT_TRUE(status().running_since);
  EXPECT_TRUE(supervisor->pause("training"));
  EXPECT_EQ(first_run().outcome->status, "cancelled");
  EXPECT_FALSE(status().running_since);
  EXPECT_TRUE(supervisor->resume("training"));
  until([&] { return !status().paused; });
}

TEST_F(Supervised, AWorkerThatStaysAfterByeIsEndedAndItsRunIsGood) {
  start_with("stays_after_bye");
  EXPECT_EQ(first_run().outcome->status, "ok");
}

TEST_F(Supervised, WhatWorkersMayNotSendEndsThem) {
  struct {
    const char* behaviour;
    bool run; // one is recorded
    const char* says;
  } const table[] = {
      {"garbage", true, "sent what it may not"},
      {"rows_after_done", true, "after it had said that its run was done"},
      {"close_socket", true, "closed its connection"},
      {"rows_too_early", false, "before its run began"},
      {"crash_on_configure", false, "SIGSEGV"},
      {"old_protocol", false, "version 99"},
  };
  timing.crash_limit = 1;
  for (const auto& row : table) {
    SCOPED_TRACE(row.behaviour);
    start_with(row.behaviour);
    until([&] { return is(Phase::quarantined); });
    EXPECT_EQ(ingest.runs.size(), row.run ? 1u : 0u);
    if (row.run) {
      EXPECT_EQ(ingest.runs[0].outcome->status, "bug");
    }
    EXPECT_THAT(status().sentence, HasSubstr(row.says));
    stop();
    supervisor.reset();
    ingest.runs.clear();
    configuration.sources.clear();
  }
}

TEST_F(Supervised, LibrariesThatCannotBeDescribedAreTold) {
  struct {
    const char* behaviour;
    Phase phase;
    const char* says;
  } const table[] = {
      {"crash_on_load", Phase::quarantined, "crashed while it was loaded: it ended by a segmentation fault"},
      {"hang_on_load", Phase::quarantined, "did not get ready within 0.3 s"},
      {"silent", Phase::quarantined, "did not get ready within 0.3 s"},
      {"garbage_on_load", Phase::quarantined, "sent what it may not"},
      {"wrong_major", Phase::stopped, "made for version 2 of the ABI"},
      {"other_id", Phase::stopped, "calls itself \"somebody_else\""},
      {"network", Phase::stopped, "allow = [\"network\"]"},
      {"persons", Phase::stopped, "key_file"},
      {"streaming", Phase::stopped, "remove `every` or `cron`"},
  };
  timing.crash_limit = 2;
  for (const auto& row : table) {
    SCOPED_TRACE(row.behaviour);
    const bool hangs = std::string_view(row.says).find("0.3 s") != std::string_view::npos;
    timing.start_up = hangs ? Timing::Duration(300ms) : patience;
    start_with(row.behaviour);
    until([&] { return is(row.phase) && !status().sentence.ends_with("not started yet."); });
    EXPECT_THAT(status().sentence, HasSubstr(row.says));
    EXPECT_TRUE(ingest.runs.empty());
    stop();
    supervisor.reset();
    configuration.sources.clear();
  }
}

TEST_F(Supervised, ALibraryThatOthersMayWriteIsNotLoadedUntilThatIsMended) {
  library("x", "take");
  const auto path = folder.path() / "lib/x.so";
  std::filesystem::permissions(path, std::filesystem::perms(0666));
  source("training", "x").schedule = settings::Every{1h};
  start();
  until([&] { return is(Phase::stopped) && !status().sentence.ends_with("not started yet."); });
  EXPECT_THAT(status().sentence, HasSubstr("chmod go-w " + path.string()));
  std::filesystem::permissions(path, std::filesystem::perms(0644));
  EXPECT_EQ(first_run().outcome->status, "ok");
}

TEST_F(Supervised, AMissingLibraryIsTriedWhenItComes) {
  source("training", "x").schedule = settings::Every{1h};
  start();
  until([&] { return is(Phase::stopped) && !status().sentence.ends_with("not started yet."); });
  EXPECT_THAT(status().sentence, HasSubstr("there is no x.so"));
  library("x", "take");
  EXPECT_EQ(first_run().outcome->status, "ok");
}

TEST_F(Supervised, SettingsThatDoNotFitAreToldWithTheirPlace) {
  library("x", "take");
  source("training", "x").settings = {{"foldr", std::string("inbox"), 7, 3}};
  start();
  until([&] { return is(Phase::stopped) && status().sentence.find("foldr") != std::string::npos; });
  EXPECT_THAT(status().sentence, HasSubstr("training.toml:7:3"));
}

TEST_F(Supervised, AWorkerProgramThatIsMissingIsToldAndTriedAgain) {
  worker = "/nowhere/kepu-worker";
  start_with("take");
  until([&] { return is(Phase::backing_off); });
  EXPECT_THAT(status().sentence, HasSubstr("/nowhere/kepu-worker could not be started"));
  EXPECT_EQ(status().crashes, 0u);
}

TEST_F(Supervised, OnDemandSourcesWaitToBeAsked) {
  start_with("take", {});
  until([&] { return is(Phase::ready); });
  EXPECT_TRUE(ingest.runs.empty());
  EXPECT_EQ(status().connector_version, "1.4.0");
  EXPECT_TRUE(supervisor->run_now("training"));
  EXPECT_EQ(first_run().outcome->status, "ok");
  const auto unknown = supervisor->run_now("trainin");
  EXPECT_EQ(unknown.error().code, "unknown_source");
  EXPECT_THAT(unknown.error().text, HasSubstr("did you mean \"training\"?"));
}

TEST_F(Supervised, StreamingSourcesStartAndComeBack) {
  start_with("streaming take", {});
  until([&] { return ingest.runs.size() >= 2 && ingest.runs[0].outcome.has_value(); });
  EXPECT_EQ(status().mode, "streaming");
  EXPECT_EQ(status().crashes, 0u);
}

TEST_F(Supervised, ABusyIngestStopsTheReadingAndTheWorkerWaits) {
  ingest.busy = true;
  start_with("pump");
  until([&] { return !ingest.runs.empty() && !ingest.runs[0].frames.empty(); });
  // Each time that it is told to go on it hands over some frames, never all that the worker has.
  size_t before = 0;
  for (int i = 0; i < 5; ++i) {
    until([&] { return ingest.runs[0].frames.size() > before; });
    io.poll();
    before = ingest.runs[0].frames.size();
    EXPECT_LE(before, static_cast<size_t>(i + 1) * 4); // at most what one read holds
    ingest.worker->drained(ingest.runs[0].info.token);
  }
  EXPECT_LT(before, 64u);
  ingest.busy = false;
  ingest.worker->drained(ingest.runs[0].info.token);
  const auto& run = first_run();
  EXPECT_EQ(run.outcome->status, "ok");
  EXPECT_EQ(run.frames.size(), 65u);
  EXPECT_GT(run.bytes, 64u * 64u * 4096u);
}

TEST_F(Supervised, ARefusalByIngestEndsTheRunAsIngestSays) {
  ingest.refuse_status = "bad_data";
  start_with("pump");
  const auto& run = first_run();
  EXPECT_EQ(run.outcome->status, "bad_data");
  EXPECT_THAT(run.outcome->text, HasSubstr("too many rejects"));
  EXPECT_TRUE(is(Phase::ready));
}

TEST_F(Supervised, WhatWorkersPrintIsLoggedUnderTheSourceWithoutPersonsOrControlCharacters) {
  start_with("print");
  first_run();
  EXPECT_THAT(log, Contains("training: reading ****************** and ***********"));
  EXPECT_THAT(log, Contains("training: second line\\x1b[31m red"));
  EXPECT_THAT(log, Contains("training: a complaint without an end"));
}

TEST_F(Supervised, FloodsOfLinesAreCountedNotLogged) {
  for (const char* behaviour : {"flood_log", "flood_stdout"}) {
    SCOPED_TRACE(behaviour);
    log.clear();
    start_with(behaviour);
    EXPECT_EQ(first_run().outcome->status, "ok");
    EXPECT_THAT(log, Contains(HasSubstr("more lines of this connector were left out")));
    EXPECT_LT(log.size(), 1500u); // of 3000
    stop();
    supervisor.reset();
    ingest.runs.clear();
    configuration.sources.clear();
  }
}

TEST_F(Supervised, GrandchildrenGoWithTheirWorker) {
  start_with("fork");
  EXPECT_EQ(first_run().outcome->status, "ok");
  // KILL was sent to the group before the worker was reaped; dying takes the kernel a moment.
  until([&] {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      std::ifstream cmdline(entry.path() / "cmdline");
      const std::string text((std::istreambuf_iterator<char>(cmdline)), {});
      if (text.find((folder.path() / "lib/x.so").string()) != std::string::npos) return false;
    }
    return true;
  });
}

TEST_F(Supervised, ShutdownEndsEveryWorkerAndRecordsEveryRun) {
  library("hang", "hang");
  library("fork", "fork hang");
  library("polite", "wait_cancel streaming");
  library("slow", "silent");
  for (const char* name : {"hang", "fork", "slow"})
    source(name, name).schedule = settings::Every{1h};
  source("polite", "polite");
  start();
  until([&] { return ingest.runs.size() == 3; });
  stop();
  for (const auto& run : ingest.runs) {
    ASSERT_TRUE(run.outcome) << run.info.source;
    EXPECT_THAT(run.outcome->status, testing::AnyOf("cancelled", "killed"));
  }
  for (const auto& s : *supervisor->snapshot())
    EXPECT_EQ(s.state, "stopped");
  EXPECT_EQ(supervisor->run_now("hang").error().code, "shutting_down");
}

TEST_F(Supervised, ShutdownDoesNotWaitForeverForARecord) {
  timing.shutdown = 100ms;
  ingest.record = false;
  start_with("wait_cancel");
  until([&] { return is(Phase::running); });
  stop();
  EXPECT_THAT(log, Contains(HasSubstr("not every run was recorded (1 are missing)")));
}

TEST_F(Supervised, DestructionWithoutAStopLeavesNoChild) {
  start_with("hang");
  until([&] { return is(Phase::running); });
  supervisor.reset();
  const auto nobody = [] { return ::waitid(P_ALL, 0, nullptr, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD; };
  for (const auto end = std::chrono::steady_clock::now() + patience; !nobody();) {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
    io.run_one_for(100ms);
  }
}

TEST_F(Supervised, DisabledSourcesStay) {
  library("x", "take");
  source("training", "x").enabled = false;
  start();
  EXPECT_EQ(status().state, "stopped");
  io.poll();
  EXPECT_EQ(supervisor->run_now("training").error().code, "disabled");
  EXPECT_EQ(supervisor->pause("training").error().code, "disabled");
  const auto resumed = supervisor->resume("training");
  EXPECT_EQ(resumed.error().code, "disabled");
  EXPECT_THAT(resumed.error().text, HasSubstr("enabled = true"));
  EXPECT_THAT(status().sentence, HasSubstr("enabled = true"));
}

TEST_F(Supervised, SourcesOfOneLibraryShareItsDescription) {
  library("x", "take");
  for (const char* id : {"c", "a", "b"})
    source(id, "x").schedule = settings::Every{1h};
  start();
  until([&] { return ingest.runs.size() == 3 && is(Phase::ready, 0) && is(Phase::ready, 1) && is(Phase::ready, 2); });
  EXPECT_EQ(status(0).id, "a");
  EXPECT_EQ(status(2).id, "c");
}

TEST_F(Supervised, AnyThreadMayAskAndAnswerWhileItRuns) {
  library("x", "take");
  library("y", "streaming wait_cancel");
  source("a", "x").schedule = settings::Every{1ms};
  source("b", "y");
  start();
  std::atomic<bool> asked = false;
  std::thread asker([&] {
    for (int i = 0; i < 300; ++i) {
      const auto all = supervisor->snapshot();
      EXPECT_EQ(all->size(), 2u);
      for (const auto& s : *all)
        EXPECT_FALSE(s.sentence.empty());
      supervisor->pause("b");
      supervisor->resume("b");
      supervisor->run_now("a");
      supervisor->drained(1);
      supervisor->send(1u << 30, "nobody's");
      supervisor->refuse(2, {"bad_data", "not this one", {}});
    }
    asked = true;
  });
  until([&] { return asked && ingest.runs.size() > 5; });
  asker.join();
}

TEST(TrySettings, GivesWhatTheConnectorSaysBeforeARun) {
  Folder f;
  const std::filesystem::path worker = KEPU_FAKE_WORKER;
  Timing timing;
  timing.start_up = patience;
  wire::Configure configure;
  configure.source = "training";
  configure.time_zone = "Asia/Shanghai";
  // Would crash in a run.
  EXPECT_TRUE(try_settings(worker, f.write("lib/good.so", "crash"), configure, timing));
  struct {
    const char* behaviour;
    const char* code;
    const char* says;
  } const table[] = {
      {"refuse_settings", "settings_refused", "the configuration does not work: the folder holds no file"},
      {"retry_settings", "source_out_of_reach", "the folder is not mounted"},
      {"crash_on_configure", "connector_failed", "SIGSEGV"},
      {"rows_too_early", "connector_failed", "sent what it may not"},
  };
  for (const auto& row : table) {
    const auto bad = try_settings(worker, f.write("lib/bad.so", row.behaviour), configure, timing);
    ASSERT_FALSE(bad) << row.behaviour;
    EXPECT_EQ(bad.error().code, row.code);
    EXPECT_THAT(bad.error().text, HasSubstr(row.says));
  }
  EXPECT_EQ(try_settings(worker, f.path() / "none.so", configure, timing).error().code, "library_refused");
  EXPECT_EQ(try_settings("/nowhere", f.write("lib/good.so", ""), configure, timing).error().code,
            "worker_not_launched");
  EXPECT_TRUE(::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD) << "a child is left";
}

TEST(DescribeLibrary, GivesTheDescriptorOrASentence) {
  Folder f;
  const std::filesystem::path worker = KEPU_FAKE_WORKER;
  Timing timing;
  timing.start_up = patience;
  const auto good = describe_library(worker, f.write("lib/good.so", "network"), timing);
  ASSERT_TRUE(good) << good.error().text;
  EXPECT_EQ(good->id, "good");
  EXPECT_EQ(good->needs, uint32_t{KEPU_NEED_NETWORK});
  EXPECT_EQ(good->settings.size(), 2u);
  struct {
    const char* behaviour;
    const char* code;
    const char* says;
  } const table[] = {
      {"crash_on_load", "library_crashed", "SIGSEGV"},
      {"hang_on_load", "library_crashed", "did not get ready"},
      {"garbage_on_load", "library_crashed", "sent what it may not"},
      {"wrong_major", "library_bad", "version 2 of the ABI"},
  };
  for (const auto& row : table) {
    timing.start_up = row.behaviour == std::string_view("hang_on_load") ? Timing::Duration(300ms) : patience;
    const auto bad = describe_library(worker, f.write("lib/bad.so", row.behaviour), timing);
    ASSERT_FALSE(bad) << row.behaviour;
    EXPECT_EQ(bad.error().code, row.code);
    EXPECT_THAT(bad.error().text, AllOf(HasSubstr(row.says), HasSubstr("bad"))) << row.behaviour;
  }
  EXPECT_EQ(describe_library(worker, f.path() / "none.so", timing).error().code, "library_refused");
  EXPECT_EQ(describe_library("/nowhere", f.write("lib/good.so", ""), timing).error().code, "worker_not_launched");
  EXPECT_TRUE(::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD) << "a child is left";
}

} // namespace
