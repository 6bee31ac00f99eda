#include "supervisor/machine.hpp"

#include <kepu/connector.h>

#include <algorithm>
#include <utility>

namespace kepu::supervisor {
namespace {

using Step = State::Step;
using Stage = State::Stage;

struct Verdict {
  After after;
  What what;
  const char* status;
};

Verdict verdict_of(int32_t run_status) {
  switch (run_status) {
  case KEPU_RUN_OK:
    return {After::ok, What::ended_well, "ok"};
  case KEPU_RUN_RETRY:
    return {After::retry, What::retry, "retry"};
  case KEPU_RUN_BAD_CONFIG:
    return {After::stop, What::bad_config, "bad_config"};
  case KEPU_RUN_BAD_DATA:
    return {After::bad_data, What::bad_data, "bad_data"};
  case KEPU_RUN_CANCELLED:
    return {After::cancelled, What::cancelled, "cancelled"};
  }
  return {After::crash, What::bug, "bug"};
}

// Ingest names outcomes as they are recorded; what it does not name is a bug.
Verdict verdict_of(const std::string& status) {
  for (int32_t s = KEPU_RUN_OK; s <= KEPU_RUN_BUG; ++s)
    if (auto verdict = verdict_of(s); status == verdict.status) return verdict;
  return verdict_of(KEPU_RUN_BUG);
}

// One application of `next`.
class Turn {
public:
  Turn(const Rules& rules, State state, const Now& now) : rules_(rules), s_(std::move(state)), now_(now) {}

  Transition take() && { return {std::move(s_), std::move(actions_)}; }

  void operator()(const event::Begin&) {
    if (s_.phase != Phase::stopped || s_.last.what != What::nothing_yet || s_.shutting_down) return;
    if (!rules_.enabled) {
      because(What::disabled);
      return;
    }
    // Every source is looked at once at the start, so that a mistake shows now and not at 3 o'clock,
    // and because only its descriptor says whether it streams.
    check(std::holds_alternative<EverySoOften>(rules_.schedule));
  }

  void operator()(const event::Timer&) {
    if (!s_.wake || now_.steady < *s_.wake) return;
    switch (s_.phase) {
    case Phase::stopped:
    case Phase::quarantined:
      act(action::LookAtLibrary{});
      wake_in(rules_.timing.library_poll);
      break;
    case Phase::ready:
      due();
      break;
    case Phase::backing_off:
      check(true);
      break;
    case Phase::starting:
      s_.ending = Ending{After::crash, "killed", reason(What::silent_at_start)};
      kill();
      break;
    case Phase::stopping:
      press();
      break;
    case Phase::running:
      s_.wake.reset();
      break;
    }
  }

  void operator()(const event::Checked& e) {
    if (!checking()) return;
    saw(e.library);
    s_.streaming = e.streaming;
    if (s_.streaming) s_.backfill.reset(); // its run has no end at which days could be swapped
    if (s_.wanted || s_.streaming) {
      s_.step = Step::launching;
      s_.worker = true;
      s_.ending.reset();
      wake_in(rules_.timing.start_up);
      act(action::Spawn{});
    } else {
      because(What::checked);
      wait();
    }
  }

  void operator()(const event::CheckFailed& e) {
    if (!checking()) return;
    saw(e.library);
    auto why = e.reason;
    why.at = now_.wall;
    follow(e.then, std::move(why));
  }

  void operator()(const event::SpawnFailed& e) {
    if (s_.phase != Phase::starting || !s_.worker) return;
    s_.worker = false;
    follow(After::retry, reason(What::not_launched, e.detail));
  }

  void operator()(const event::Hello&) {
    if (s_.phase != Phase::starting || s_.step != Step::launching) return;
    s_.step = Step::configuring;
    wake_in(rules_.timing.start_up);
    act(action::SendConfigure{});
  }

  void operator()(const event::Configured&) {
    if (s_.phase != Phase::starting || s_.step != Step::configuring) return;
    s_.phase = Phase::running;
    s_.run_open = true;
    if (!s_.backfill) s_.run_started = now_.steady;
    s_.running_since = now_.wall;
    s_.wake.reset();
    act(action::BeginRun{});
    act(action::SendStart{});
  }

  void operator()(const event::Done& e) {
    if (!s_.worker) return;
    if (s_.phase == Phase::stopping && s_.stage == Stage::leaving) return;
    // A refusal or a breach of the frames decides, whatever the worker says afterwards.
    if (!s_.ending) {
      const auto verdict = verdict_of(e.status);
      s_.ending = Ending{verdict.after, verdict.status, reason(verdict.what, {e.text, e.text})};
    }
    if (s_.phase == Phase::stopping && s_.stage != Stage::cancelling) return; // TERM or KILL is on its way
    s_.phase = Phase::stopping;
    s_.stage = Stage::leaving;
    wake_in(cancel_grace());
    act(action::SendBye{});
  }

  void operator()(const event::Exited& e) {
    if (!s_.worker) return;
    s_.worker = false;
    Ending ending;
    if (s_.ending) {
      ending = std::move(*s_.ending);
    } else if (s_.phase == Phase::stopping && (s_.stage == Stage::terminating || s_.stage == Stage::killing)) {
      ending = Ending{After::cancelled, "killed", reason(What::ignored_cancel)};
    } else {
      ending = Ending{After::crash, "crashed", reason(What::crashed)};
      ending.reason.exit = e.exit;
    }
    if (!s_.run_open) {
      s_.ending.reset();
      follow(ending.after, std::move(ending.reason));
      return;
    }
    // Ingest may yet refuse what came last: how the run ended is known when it has read that.
    s_.ending = std::move(ending);
    s_.phase = Phase::stopping;
    s_.stage = Stage::settling;
    s_.wake.reset();
    act(action::Settle{s_.ending->after == After::ok});
  }

  void operator()(const event::Settled&) {
    if (s_.phase != Phase::stopping || s_.stage != Stage::settling) return;
    auto ending = *std::exchange(s_.ending, std::nullopt);
    act(action::EndRun{ending.status, ending.reason});
    if (!s_.backfill && now_.steady - *s_.run_started >= rules_.timing.stable) s_.failures = 0;
    s_.run_open = false;
    s_.running_since.reset();
    follow(ending.after, std::move(ending.reason));
  }

  void operator()(const event::Misbehaved& e) {
    if (!s_.worker) return;
    if (!(s_.phase == Phase::stopping && s_.stage == Stage::killing))
      s_.ending = Ending{After::crash, "bug", reason(What::misbehaved, e.detail)};
    kill();
  }

  void operator()(const event::Refused& e) {
    if (!s_.run_open || (s_.ending && s_.ending->reason.what == What::misbehaved)) return;
    const auto verdict = verdict_of(e.status);
    s_.ending = Ending{e.again ? After::again : verdict.after, verdict.status, reason(verdict.what, {e.text, e.text})};
    if (s_.phase == Phase::running) cancel();
  }

  void operator()(const event::RunNow&) {
    if (s_.paused || s_.shutting_down || !rules_.enabled) return;
    switch (s_.phase) {
    case Phase::stopped:
    case Phase::ready:
    case Phase::backing_off:
      check(true);
      break;
    case Phase::starting:
      s_.wanted = true;
      break;
    case Phase::running:
    case Phase::stopping:
    case Phase::quarantined:
      break;
    }
  }

  void operator()(const event::Backfill& e) {
    const bool rests = s_.phase == Phase::stopped || s_.phase == Phase::ready || s_.phase == Phase::backing_off;
    if (s_.paused || s_.shutting_down || s_.streaming || !rules_.enabled || !rests) return;
    check(true);
    s_.backfill = e.asked;
  }

  void operator()(const event::Pause&) {
    if (s_.shutting_down) return;
    s_.paused = true;
    switch (s_.phase) {
    case Phase::ready:
    case Phase::backing_off:
      wait();
      break;
    case Phase::starting:
      if (s_.step == Step::checking) {
        act(action::DropCheck{});
        wait();
      } else {
        cancel();
      }
      break;
    case Phase::running:
      cancel();
      break;
    case Phase::stopped:
    case Phase::stopping:
    case Phase::quarantined:
      break;
    }
  }

  void operator()(const event::Resume&) {
    if (s_.shutting_down || !rules_.enabled) return;
    const bool was_paused = std::exchange(s_.paused, false);
    s_.failures = 0;
    s_.crashes.clear();
    switch (s_.phase) {
    case Phase::stopped:
    case Phase::quarantined:
    case Phase::backing_off:
      check(true);
      break;
    case Phase::ready:
      if (!was_paused) break;
      // A source that was paused before it was ever looked at may turn out to stream.
      if (s_.streaming || s_.library.path.empty())
        check(s_.wanted);
      else
        wait();
      break;
    case Phase::starting:
    case Phase::running:
    case Phase::stopping:
      break;
    }
  }

  void operator()(const event::LibrarySeen& e) {
    if (s_.shutting_down || !rules_.enabled) return;
    const bool other_file = !e.library.same_file(s_.library);
    const bool changed = s_.phase == Phase::quarantined ? other_file
                         : s_.phase == Phase::stopped   ? e.library != s_.library
                                                        : false;
    if (!changed) return;
    if (other_file) {
      s_.crashes.clear();
      s_.failures = 0;
    }
    if (s_.paused)
      wait();
    else
      check(s_.wanted);
  }

  void operator()(const event::Shutdown&) {
    if (s_.shutting_down) return;
    s_.shutting_down = true;
    switch (s_.phase) {
    case Phase::starting:
      if (s_.step == Step::checking) {
        act(action::DropCheck{});
        rest();
      } else {
        cancel();
      }
      break;
    case Phase::running:
      cancel();
      break;
    case Phase::stopping: // deadlines that were set before may be too long now
      if (s_.stage == Stage::settling) break;
      if (auto limit = now_.steady +
                       (s_.stage == Stage::leaving || s_.stage == Stage::cancelling ? cancel_grace() : term_grace());
          !s_.wake || *s_.wake > limit)
        s_.wake = limit;
      break;
    case Phase::stopped:
    case Phase::ready:
    case Phase::backing_off:
    case Phase::quarantined:
      rest();
      break;
    }
  }

private:
  bool checking() const { return s_.phase == Phase::starting && s_.step == Step::checking; }
  void act(Action action) { actions_.push_back(std::move(action)); }
  void wake_in(Timing::Duration delay) { s_.wake = now_.steady + delay; }
  Timing::Duration cancel_grace() const {
    return s_.shutting_down ? rules_.timing.shutdown_cancel : rules_.timing.cancel_grace;
  }
  Timing::Duration term_grace() const {
    return s_.shutting_down ? rules_.timing.shutdown_term : rules_.timing.term_grace;
  }
  Reason reason(What what, Sentence detail = {}) const { return {what, std::move(detail), {}, now_.wall}; }
  void because(What what) { s_.last = reason(what); }

  void saw(const LibraryLook& library) {
    if (!library.same_file(s_.library)) {
      s_.crashes.clear();
      s_.failures = 0;
    }
    s_.library = library;
  }

  void check(bool wanted) {
    s_.phase = Phase::starting;
    s_.step = Step::checking;
    s_.wanted = wanted;
    s_.wake.reset(); // the check answers by itself: its worker has a deadline of its own
    s_.next_run.reset();
    act(action::Check{});
  }

  void rest() {
    s_.phase = Phase::stopped;
    s_.backfill.reset();
    s_.wake.reset();
    s_.next_run.reset();
    because(What::shut_down);
  }

  void cancel() {
    wake_in(cancel_grace());
    if (s_.phase == Phase::starting) { // nothing runs yet that could be cancelled
      s_.ending = Ending{After::cancelled, "cancelled", reason(What::cancelled)};
      s_.stage = Stage::leaving;
      act(action::SendBye{});
    } else {
      s_.stage = Stage::cancelling;
      act(action::SendCancel{});
    }
    s_.phase = Phase::stopping;
  }

  void kill() {
    s_.phase = Phase::stopping;
    s_.stage = Stage::killing;
    wake_in(term_grace());
    act(action::Kill{});
  }

  // The next harder means when the last one did not end the worker in time.
  void press() {
    switch (s_.stage) {
    case Stage::leaving:
    case Stage::cancelling:
      s_.stage = Stage::terminating;
      wake_in(term_grace());
      act(action::Terminate{});
      break;
    case Stage::terminating:
    case Stage::killing:
      kill();
      break;
    case Stage::settling:
      break;
    }
  }

  // Goes to where a source belongs after a run or a check that ended so; there is no worker.
  void follow(After after, Reason why) {
    s_.last = std::move(why);
    const bool of_backfill = std::exchange(s_.backfill, std::nullopt).has_value();
    if (s_.shutting_down) {
      const auto what = s_.last;
      rest();
      if (what.what != What::cancelled) s_.last = what; // how it ended is worth more than that it was asked to
      return;
    }
    switch (after) {
    case After::stop:
      s_.phase = Phase::stopped;
      s_.next_run.reset();
      wake_in(rules_.timing.library_poll);
      return;
    case After::crash:
      forget_old_crashes();
      s_.crashes.push_back(now_.steady);
      if (s_.crashes.size() >= rules_.timing.crash_limit) {
        s_.phase = Phase::quarantined;
        s_.next_run.reset();
        wake_in(rules_.timing.library_poll);
        return;
      }
      of_backfill ? go_on() : back_off();
      return;
    case After::retry:
      of_backfill ? go_on() : back_off();
      return;
    case After::again:
      if (!s_.streaming && !s_.paused && !of_backfill) {
        s_.failures = 0;
        check(true);
        return;
      }
      [[fallthrough]];
    case After::ok:
    case After::bad_data:
    case After::cancelled:
      if (of_backfill) {
        go_on();
      } else if (s_.streaming) { // is not meant to end: it comes back, but not in a tight circle
        back_off();
      } else {
        s_.failures = 0;
        wait();
      }
      return;
    }
  }

  // After a backfill, which is not tried again: as if it had not been. A run that failed before it still is.
  void go_on() { s_.failures > 0 ? back_off() : wait(); }

  void back_off() {
    ++s_.failures;
    if (s_.paused) {
      wait();
      return;
    }
    const auto& t = rules_.timing;
    auto longest = t.backoff_first;
    for (uint32_t i = 0; i < s_.failures && longest < t.backoff_cap; ++i)
      longest *= 2;
    longest = std::min(longest, t.backoff_cap);
    const auto half = longest / 2;
    const auto extra = static_cast<Timing::Duration::rep>(static_cast<double>(half.count()) * now_.jitter);
    const auto delay = half + Timing::Duration{extra};
    s_.phase = Phase::backing_off;
    wake_in(delay);
    s_.next_run = now_.wall + delay;
  }

  // Ready for the next run by schedule.
  void wait() {
    s_.phase = Phase::ready;
    s_.backfill.reset();
    s_.wake.reset();
    s_.next_run.reset();
    if (s_.paused) return;
    if (const auto* every = std::get_if<EverySoOften>(&rules_.schedule)) {
      // By the steady clock, from start to start, never two at once.
      const auto due = s_.run_started ? std::max(*s_.run_started + every->interval, now_.steady) : now_.steady;
      s_.wake = due;
      s_.next_run = now_.wall + std::chrono::duration_cast<std::chrono::microseconds>(due - now_.steady);
    } else if (const auto* calendar = std::get_if<ByCalendar>(&rules_.schedule)) {
      // Counted from now: whatever was missed by a sleep or a step of the clock makes one run at most.
      s_.next_run = calendar->next(now_.wall);
      arm_calendar();
    }
  }

  void arm_calendar() {
    s_.armed = now_.wall;
    s_.wake.reset();
    if (!s_.next_run) return;
    // In steps, because the wall clock may be set while the steady one goes on.
    wake_in(std::clamp(*s_.next_run - now_.wall, Timing::Duration::zero(), rules_.timing.clock_poll));
  }

  void due() {
    const auto* calendar = std::get_if<ByCalendar>(&rules_.schedule);
    if (!calendar || (s_.next_run && now_.wall >= *s_.next_run)) {
      check(true);
      return;
    }
    if (now_.wall < s_.armed) s_.next_run = calendar->next(now_.wall); // set back: the old moment may be years off
    arm_calendar();
  }

  void forget_old_crashes() {
    std::erase_if(s_.crashes, [&](Steady at) { return now_.steady - at > rules_.timing.crash_window; });
  }

  const Rules& rules_;
  State s_;
  const Now& now_;
  std::vector<Action> actions_;
};

} // namespace

const char* name(Phase phase) {
  switch (phase) {
  case Phase::stopped:
    return "stopped";
  case Phase::starting:
    return "starting";
  case Phase::ready:
    return "ready";
  case Phase::running:
    return "running";
  case Phase::stopping:
    return "stopping";
  case Phase::backing_off:
    return "backing_off";
  case Phase::quarantined:
    return "quarantined";
  }
  return "";
}

Transition next(const Rules& rules, State state, const Event& event, const Now& now) {
  Turn turn(rules, std::move(state), now);
  std::visit(turn, event);
  return std::move(turn).take();
}

uint32_t crashes_in_window(const Rules& rules, const State& state, Steady now) {
  return static_cast<uint32_t>(std::count_if(state.crashes.begin(), state.crashes.end(),
                                             [&](Steady at) { return now - at <= rules.timing.crash_window; }));
}

} // namespace kepu::supervisor
