#include "supervisor/sentence.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

using namespace kepu;
using namespace kepu::supervisor;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

namespace {

struct Told : testing::Test {
  Rules rules;
  State state;
  model::Zone zone = model::Zone::find("Asia/Shanghai").value();
  const Instant wall = std::chrono::sys_days(std::chrono::year(2025) / 3 / 5) + 1h + 30min;

  Told() {
    rules.source = "training";
    rules.connector = "courses";
    rules.file = "/etc/kepud/sources.d/training.toml";
    state.library.path = "/usr/lib/kepu/connectors/courses.so";
  }
  Sentence told(Phase phase, What what, Sentence detail = {}, Exit exit = {}) {
    state.phase = phase;
    state.last = {what, std::move(detail), exit, wall};
    return describe(rules, state, zone, Steady{1h});
  }
};

TEST_F(Told, ACrashNamesSourceLibrarySignalAndWhenItIsTriedAgain) {
  state.next_run = wall + 4s;
  state.crashes = {Steady{1h}, Steady{1h}};
  const auto s = told(Phase::backing_off, What::crashed, {}, {0, SIGSEGV});
  EXPECT_EQ(s.en,
            "Source \"training\": connector courses (/usr/lib/kepu/connectors/courses.so) crashed: it ended by a "
            "segmentation fault (SIGSEGV) and did not say why (crash 2 of 5 allowed within 10 min). It will be tried "
            "again at 2025-03-05T09:30:04+08:00.");
  EXPECT_EQ(s.zh,
            "数据源“training”：接入程序 courses（/usr/lib/kepu/connectors/courses.so）崩溃：因段错误（SIGSEGV）而终止，"
            "未说明原因（10 分钟内第 2 次崩溃，达到 5 次即隔离）。将于 2025-03-05T09:30:04+08:00 重试。");
}

TEST_F(Told, ABackfillNamesItsDays) {
  state.running_since = wall;
  state.backfill = model::Backfill{20'148, 20'179, false};
  const auto s = told(Phase::running, What::checked);
  EXPECT_EQ(s.en, "Source \"training\": reading 2025-03-01 to 2025-03-31 again since 2025-03-05T09:30:00+08:00.");
  EXPECT_EQ(s.zh, "数据源“training”：自 2025-03-05T09:30:00+08:00 起重新读取 2025-03-01 至 2025-03-31。");
}

TEST_F(Told, AnEndWithACodeIsTold) {
  EXPECT_THAT(told(Phase::backing_off, What::crashed, {}, {3, 0}).en, HasSubstr("with exit code 3"));
  EXPECT_THAT(told(Phase::backing_off, What::crashed, {}, {67, 0}).en, HasSubstr("its fence could not be put up"));
  EXPECT_THAT(told(Phase::backing_off, What::crashed, {}, {0, 63}).en, HasSubstr("by signal 63"));
  EXPECT_THAT(told(Phase::backing_off, What::crashed, {}, {0, SIGKILL}).en, HasSubstr("lack of memory"));
}

TEST_F(Told, QuarantineSaysHowItIsLifted) {
  const auto s = told(Phase::quarantined, What::crashed_on_load, {}, {0, SIGABRT});
  EXPECT_THAT(s.en, AllOf(HasSubstr("training"), HasSubstr("/usr/lib/kepu/connectors/courses.so"), HasSubstr("SIGABRT"),
                          HasSubstr("replace the library"), HasSubstr("resume")));
  EXPECT_THAT(s.zh, AllOf(HasSubstr("隔离"), HasSubstr("更换接入库"), HasSubstr("恢复")));
}

TEST_F(Told, ABadLibraryIsToBeReplacedAndIsThenTriedAtOnce) {
  const auto s = told(Phase::stopped, What::bad_library, {"it is too old", "版本过旧"});
  EXPECT_THAT(s.en, AllOf(HasSubstr("replace or mend the library " + state.library.path), HasSubstr("tried at once"),
                          HasSubstr(rules.file + " and restart kepud"), Not(HasSubstr("resume"))));
  EXPECT_THAT(s.zh, AllOf(HasSubstr("接入库 " + state.library.path), HasSubstr("立即重试")));
}

TEST_F(Told, WhatIsThereInOneLanguageOnlyIsMarkedAsSuch) {
  const auto own = told(Phase::stopped, What::bad_config, {"both are given", "both are given"});
  EXPECT_THAT(own.en, HasSubstr("the configuration does not work: both are given. It stays"));
  EXPECT_THAT(own.zh, HasSubstr("配置无法使用；原文：both are given。已停止"));
  EXPECT_THAT(told(Phase::ready, What::ended_well).zh, Not(HasSubstr("原文")));
}

TEST_F(Told, BadConfigSaysThatAChangedFileWantsARestart) {
  const auto s = told(Phase::stopped, What::bad_config, {"/etc/x.toml:7:1: unknown key \"foldr\".", "未知键 foldr。"});
  EXPECT_THAT(s.en, HasSubstr("x.toml:7:1: unknown key \"foldr\". It stays stopped: correct " + rules.file +
                              " and restart kepud; if a folder"));
  EXPECT_THAT(s.zh, HasSubstr("未知键 foldr。已停止：请更正 " + rules.file + " 后重启 kepud"));
}

TEST_F(Told, EveryPhaseAndReasonHasASentenceInBothLanguages) {
  for (auto phase : {Phase::stopped, Phase::starting, Phase::ready, Phase::running, Phase::stopping, Phase::backing_off,
                     Phase::quarantined})
    for (int what = 0; what <= static_cast<int>(What::shut_down); ++what)
      for (const bool paused : {false, true}) {
        state.paused = paused;
        state.running_since = wall;
        const auto s = told(phase, static_cast<What>(what));
        EXPECT_TRUE(s.en.starts_with("Source \"training\": ") && s.en.ends_with(".")) << s.en;
        EXPECT_TRUE(s.zh.starts_with("数据源“training”：") && s.zh.ends_with("。")) << s.zh;
        EXPECT_THAT(s.en, AllOf(Not(HasSubstr("..")), Not(HasSubstr(": ."))));
        EXPECT_THAT(s.zh, Not(HasSubstr("。。")));
      }
}

TEST_F(Told, ReadySaysWhenOrHowItRunsNext) {
  EXPECT_THAT(told(Phase::ready, What::ended_well).en, HasSubstr("kepuctl run training"));
  state.next_run = wall;
  EXPECT_THAT(told(Phase::ready, What::ended_well).en, HasSubstr("The next run is at 2025-03-05T09:30:00+08:00"));
  state.paused = true;
  EXPECT_THAT(told(Phase::ready, What::ended_well).en, HasSubstr("paused"));
  state.paused = false;
  state.next_run.reset();
  rules.schedule = ByCalendar{};
  EXPECT_THAT(told(Phase::ready, What::ended_well).en, HasSubstr("cron expression has no next moment"));
}

TEST_F(Told, StoppingSaysWhy) {
  state.ending =
      Ending{After::crash, "bug", {What::misbehaved, {"it sent a frame out of turn", "帧的顺序错误"}, {}, wall}};
  const auto s = told(Phase::stopping, What::ended_well);
  EXPECT_THAT(s.en, AllOf(HasSubstr("out of turn"), HasSubstr("being ended")));
}

} // namespace
