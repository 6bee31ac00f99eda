// Whatever happens in whatever order, these hold.
#include "supervisor/machine.hpp"
#include "supervisor/sentence.hpp"

#include <kepu/connector.h>

#include <gtest/gtest.h>

#include <csignal>
#include <random>

using namespace kepu;
using namespace kepu::supervisor;
using namespace std::chrono_literals;

namespace {

constexpr int sequences = 2000;
constexpr int events_each = 300;

LibraryLook some_library(std::mt19937& random) {
  return {"/lib/x.so", static_cast<int64_t>(random() % 2), 1, random() % 4 != 0};
}

Event some_event(std::mt19937& random) {
  static const char* const statuses[] = {"ok", "retry", "bad_config", "bad_data", "cancelled", "bug", "nonsense"};
  switch (random() % 20) {
  case 0:
    return event::Begin{};
  case 1:
    return event::Checked{some_library(random), random() % 4 == 0};
  case 2:
    return event::CheckFailed{some_library(random),
                              random() % 3 == 0   ? After::stop
                              : random() % 2 == 0 ? After::retry
                                                  : After::crash,
                              {What::bad_config, {}, {}, {}}};
  case 3:
    return event::SpawnFailed{};
  case 4:
  case 5:
    return event::Hello{};
  case 6:
  case 7:
    return event::Configured{};
  case 8:
    return event::Done{static_cast<int32_t>(random() % 8), "text"};
  case 9:
    return event::Exited{random() % 2 == 0 ? Exit{0, SIGSEGV} : Exit{static_cast<int>(random() % 3), 0}};
  case 10:
    return event::Misbehaved{};
  case 11:
    return event::Refused{statuses[random() % std::size(statuses)], "text", random() % 4 == 0};
  case 12:
    return random() % 2 == 0 ? Event(event::RunNow{}) : Event(event::Backfill{{10, 20, false}});
  case 17:
    return event::Settled{};
  case 13:
    return random() % 3 == 0 ? Event(event::Pause{}) : Event(event::RunNow{});
  case 14:
    return random() % 2 == 0 ? Event(event::Resume{}) : Event(event::RunNow{});
  case 15:
    return event::LibrarySeen{some_library(random)};
  case 16:
    return random() % 20 == 0 ? Event(event::Shutdown{}) : Event(event::Timer{});
  default:
    return event::Timer{};
  }
}

// What would come next if nothing unusual happened, so that the sequences get somewhere.
Event likely_event(const State& state, std::mt19937& random) {
  switch (state.phase) {
  case Phase::starting:
    switch (state.step) {
    case State::Step::checking:
      return event::Checked{{"/lib/x.so", 1, 1, true}, random() % 4 == 0};
    case State::Step::launching:
      return event::Hello{};
    case State::Step::configuring:
      return event::Configured{};
    }
    break;
  case Phase::running:
    if (random() % 2 == 0) return event::Exited{{0, SIGSEGV}};
    return event::Done{static_cast<int32_t>(random() % 6), "text"};
  case Phase::stopping:
    if (state.stage == State::Stage::settling) return event::Settled{};
    return event::Exited{{0, 0}};
  case Phase::stopped:
  case Phase::ready:
  case Phase::backing_off:
  case Phase::quarantined:
    break;
  }
  return event::Timer{};
}

// The world outside, as far as it can be known from actions and events alone.
struct World {
  bool worker = false;
  bool checking = false;
  bool run = false;
  bool settling = false;
  uint64_t runs = 0;
};

void carry_out(const std::vector<Action>& actions, World& world) {
  for (const auto& a : actions) {
    if (std::holds_alternative<action::Spawn>(a)) {
      ASSERT_FALSE(world.worker) << "two workers at once";
      world.worker = true;
    } else if (std::holds_alternative<action::Check>(a)) {
      ASSERT_FALSE(world.worker) << "a check beside a worker";
      world.checking = true;
    } else if (std::holds_alternative<action::DropCheck>(a)) {
      ASSERT_TRUE(world.checking);
      world.checking = false;
    } else if (std::holds_alternative<action::BeginRun>(a)) {
      ASSERT_TRUE(world.worker && !world.run);
      world.run = true;
      ++world.runs;
    } else if (std::holds_alternative<action::Settle>(a)) {
      ASSERT_TRUE(world.run && !world.worker && !world.settling);
      world.settling = true;
    } else if (std::holds_alternative<action::EndRun>(a)) {
      ASSERT_TRUE(world.run) << "a run ended twice, or never began";
      ASSERT_FALSE(world.settling) << "a run was recorded before ingest had read all of it";
      ASSERT_FALSE(world.worker) << "a run was recorded while its worker could still speak";
      world.run = false;
    } else if (!std::holds_alternative<action::LookAtLibrary>(a)) {
      ASSERT_TRUE(world.worker) << "words or signals for nobody";
    }
  }
}

void check_invariants(const Rules& rules, const State& s, const World& world, Steady now, const model::Zone& zone) {
  ASSERT_EQ(s.worker, world.worker);
  ASSERT_EQ(s.run_open, world.run);
  if (s.backfill) {
    ASSERT_TRUE(s.phase == Phase::starting || s.phase == Phase::running || s.phase == Phase::stopping)
        << "a later run would be taken for it";
  }
  switch (s.phase) {
  case Phase::backing_off:
    ASSERT_TRUE(s.wake) << "would wait forever";
    break;
  case Phase::quarantined:
    ASSERT_TRUE(s.shutting_down || s.wake) << "would never see a new library";
    break;
  case Phase::stopping:
    ASSERT_TRUE((s.wake && s.worker) || (world.settling && s.stage == State::Stage::settling && !s.wake))
        << "might never end";
    break;
  case Phase::starting:
    ASSERT_TRUE(world.checking || (s.wake && s.worker)) << "waits for nothing";
    ASSERT_FALSE(world.checking && s.wake);
    break;
  case Phase::running:
    ASSERT_TRUE(s.worker && s.run_open && !s.wake);
    break;
  case Phase::ready:
    ASSERT_FALSE(s.worker);
    ASSERT_EQ(s.wake.has_value(), !s.paused && !std::holds_alternative<OnDemand>(rules.schedule));
    break;
  case Phase::stopped:
    ASSERT_FALSE(s.worker);
    break;
  }
  if (s.paused && s.phase != Phase::quarantined && s.phase != Phase::stopped && s.phase != Phase::stopping) {
    ASSERT_EQ(s.phase, Phase::ready) << "a paused source went on";
  }
  if (s.wake) {
    ASSERT_LE(*s.wake - now, 10min) << "a wait beyond every limit";
  }
  ASSERT_LE(s.crashes.size(), rules.timing.crash_limit);
  const auto sentence = describe(rules, s, zone, now);
  ASSERT_NE(sentence.en.find("\"training\""), std::string::npos);
  ASSERT_NE(sentence.zh.find("“training”"), std::string::npos);
}

TEST(Machine, KeepsItsInvariantsUnderRandomEvents) {
  const auto zone = model::Zone::find("Asia/Shanghai").value();
  uint64_t runs = 0;
  uint64_t quarantines = 0;
  for (int sequence = 0; sequence < sequences; ++sequence) {
    SCOPED_TRACE(sequence);
    std::mt19937 random(static_cast<uint32_t>(sequence));
    Rules rules;
    rules.source = "training";
    rules.connector = "x";
    if (sequence % 3 == 0) rules.schedule = EverySoOften{30s};
    if (sequence % 3 == 1)
      rules.schedule = ByCalendar{[](Instant after) -> std::optional<Instant> {
        return std::chrono::floor<std::chrono::minutes>(after) + 1min;
      }};
    State state;
    World world;
    Now now{from_micros(0) + 400000h, Steady{1h}, 0};
    for (int i = 0; i < events_each; ++i) {
      auto event = i == 0              ? Event(event::Begin{})
                   : random() % 4 != 0 ? likely_event(state, random)
                                       : some_event(random);
      // Answers come only to what was asked.
      const bool answers_check =
          std::holds_alternative<event::Checked>(event) || std::holds_alternative<event::CheckFailed>(event);
      if (answers_check && !world.checking) continue;
      if ((std::holds_alternative<event::Exited>(event) || std::holds_alternative<event::SpawnFailed>(event)) &&
          !world.worker)
        continue;
      if (std::holds_alternative<event::Settled>(event)) {
        if (!world.settling) continue;
        world.settling = false;
      }
      const bool may_fail_to_spawn = state.phase == Phase::starting && state.step == State::Step::launching;
      if (std::holds_alternative<event::SpawnFailed>(event) && !may_fail_to_spawn) continue;

      now.jitter = static_cast<double>(random() % 1000) / 1000;
      if (random() % 3 == 0) {
        now.steady += std::chrono::milliseconds(random() % 12000);
        now.wall += std::chrono::milliseconds(random() % 12000);
      }
      if (std::holds_alternative<event::Timer>(event) && state.wake && *state.wake > now.steady && random() % 2 == 0) {
        now.wall += std::chrono::duration_cast<std::chrono::microseconds>(*state.wake - now.steady);
        now.steady = *state.wake;
      }
      if (random() % 50 == 0) now.wall += std::chrono::seconds(static_cast<int>(random() % 200000) - 100000);

      const auto before = state;
      if (answers_check) world.checking = false;
      if (std::holds_alternative<event::Exited>(event) || std::holds_alternative<event::SpawnFailed>(event))
        world.worker = false;
      auto transition = next(rules, std::move(state), event, now);
      state = std::move(transition.state);
      carry_out(transition.actions, world);
      if (HasFatalFailure()) return;
      check_invariants(rules, state, world, now.steady, zone);
      if (HasFatalFailure()) return;

      if (before.phase == Phase::quarantined && state.phase != Phase::quarantined && !state.shutting_down) {
        const auto* seen = std::get_if<event::LibrarySeen>(&event);
        ASSERT_TRUE(std::holds_alternative<event::Resume>(event) || (seen && !seen->library.same_file(before.library)));
        ++quarantines;
      }
      if (before.shutting_down && before.phase == Phase::stopped) {
        ASSERT_EQ(state.phase, Phase::stopped);
      }
      if (before.phase == Phase::stopped && before.last.what != What::nothing_yet && state.phase == Phase::starting) {
        ASSERT_FALSE(state.shutting_down);
      }
    }
    runs += world.runs;

    // Stopping always ends: left alone with its timer, a worker is killed within the deadlines.
    if (state.phase == Phase::starting && world.worker)
      state = next(rules, std::move(state), event::Shutdown{}, now).state;
    if (state.phase == Phase::running) state = next(rules, std::move(state), event::Shutdown{}, now).state;
    if (state.phase == Phase::stopping && state.stage != State::Stage::settling) {
      const auto limit = now.steady + rules.timing.cancel_grace + 2 * rules.timing.term_grace;
      bool killed = state.stage == State::Stage::killing;
      while (!killed) {
        ASSERT_TRUE(state.wake);
        now.steady = *state.wake;
        ASSERT_LE(now.steady, limit);
        auto transition = next(rules, std::move(state), event::Timer{}, now);
        state = std::move(transition.state);
        for (const auto& a : transition.actions)
          killed = killed || std::holds_alternative<action::Kill>(a);
      }
      state = next(rules, std::move(state), event::Exited{{0, SIGKILL}}, now).state;
      if (state.stage == State::Stage::settling) state = next(rules, std::move(state), event::Settled{}, now).state;
      ASSERT_NE(state.phase, Phase::stopping);
      ASSERT_FALSE(state.worker);
    }
  }
  EXPECT_GT(runs, 20000u); // the sequences did get somewhere
  EXPECT_GT(quarantines, 200u);
}

} // namespace
