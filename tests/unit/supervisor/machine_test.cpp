// The machine's table: each case is a story of events with the phase and the actions that follow.
//
//   EVENT -> PHASE ACTIONS... [CHECKS...]; ...
//
// An event "+30s" moves the clock and fires the timer, "jump:-1h" moves the wall clock alone. Checks
// begin with '?': ?wake=5s (from now), ?nowake, ?backfill, ?live, ?paused, ?crashes=3, ?what=bug, ?next=5s (wall, from
// now).
#include "supervisor/machine.hpp"

#include <kepu/connector.h>

#include <gtest/gtest.h>

#include <csignal>
#include <map>
#include <sstream>

using namespace kepu;
using namespace kepu::supervisor;
using namespace std::chrono_literals;

namespace {

enum class Plan { every_30s, hourly, on_demand, never, disabled };

struct Case {
  const char* name;
  Plan plan;
  std::string story;
};

const std::string to_running =
    "begin -> starting check; checked -> starting spawn ?wake=10s; hello -> starting configure ?wake=10s; "
    "configured -> running begin_run start ?nowake; ";
const std::string stream_running =
    "begin -> starting check; checked:stream -> starting spawn; hello -> starting configure; "
    "configured -> running begin_run start; ";
const std::string of_backfill =
    "backfill -> starting check ?backfill; checked -> starting spawn; hello -> starting configure; configured -> "
    "running begin_run start ?backfill; ";
// One crash of a running source, and the wait until it is tried again (n-th time in a row).
std::string crash_again(const char* wait) {
  return std::string("exit:segv -> stopping settle; settled -> backing_off end_run:crashed ?wake=") + wait + "; +" +
         wait +
         " -> starting check; checked -> starting spawn; hello -> starting configure; configured -> running begin_run "
         "start; ";
}
std::string to_quarantine() {
  return to_running + crash_again("1s") + crash_again("2s") + crash_again("4s") + crash_again("8s") +
         "exit:segv -> stopping settle; settled -> quarantined end_run:crashed ?crashes=5 ?wake=5s; ";
}

std::vector<Case> cases() {
  return {
      // A run from end to end
      {"AGoodRunIsFollowedByTheNextOneFromStartToStart", Plan::every_30s,
       to_running + "+0s -> running; done:ok -> stopping bye ?wake=5s; exit:0 -> stopping settle; settled -> ready "
                    "end_run:ok ?wake=30s ?next=30s; "
                    "+29s -> ready; +1s -> starting check"},
      {"ARunLongerThanItsIntervalIsFollowedAtOnce", Plan::every_30s,
       to_running + "+40s -> running; done:ok -> stopping bye; exit:0 -> stopping settle; settled -> ready end_run:ok "
                    "?wake=0s; +0s -> starting check"},
      {"ACronSourceIsLookedAtAndThenWaits", Plan::hourly,
       "begin -> starting check; checked -> ready ?next=30min ?wake=30s ?what=checked"},
      {"ACronSourceRunsWhenItIsDue", Plan::hourly,
       "begin -> starting check; checked -> ready; +30s -> ready ?wake=30s; +1769s -> ready ?wake=1s; +1s -> starting "
       "check; checked -> starting spawn"},
      {"ACronSourceWithoutANextMomentWaitsForPeople", Plan::never,
       "begin -> starting check; checked -> ready ?nowake; run -> starting check"},
      {"ASourceWithoutScheduleRunsOnDemand", Plan::on_demand,
       "begin -> starting check; checked -> ready ?nowake; run -> starting check; checked -> starting spawn; hello -> "
       "starting configure; configured -> running begin_run start; done:ok -> stopping bye; exit:0 -> stopping settle; "
       "settled -> ready end_run:ok "
       "?nowake"},
      {"AStreamingSourceRunsFromTheStart", Plan::on_demand, stream_running + "+1h -> running ?nowake"},
      {"ADisabledSourceIsNotTouched", Plan::disabled,
       "begin -> stopped ?what=disabled ?nowake; run -> stopped; resume -> stopped; library:new -> stopped"},

      // What a run's status decides
      {"RetryBacksOff", Plan::every_30s,
       to_running + "done:retry -> stopping bye; exit:0 -> stopping settle; settled -> backing_off end_run:retry "
                    "?wake=1s ?crashes=0 ?next=1s"},
      {"RetriesDouble", Plan::every_30s,
       to_running +
           "done:retry -> stopping bye; exit:0 -> stopping settle; settled -> backing_off end_run:retry ?wake=1s; +1s "
           "-> starting check; "
           "checked -> starting spawn; hello -> starting configure; configured -> running begin_run start; "
           "done:retry -> stopping bye; exit:0 -> stopping settle; settled -> backing_off end_run:retry ?wake=2s"},
      {"BadConfigStopsAndWatchesTheLibrary", Plan::every_30s,
       to_running + "done:bad_config -> stopping bye; exit:0 -> stopping settle; settled -> stopped end_run:bad_config "
                    "?wake=5s; +5s -> stopped look "
                    "?wake=5s; library:same -> stopped; library:new -> starting check"},
      {"BadDataIsFollowedByANormalRun", Plan::every_30s,
       to_running + "done:bad_data -> stopping bye; exit:0 -> stopping settle; settled -> ready end_run:bad_data "
                    "?wake=30s ?what=bad_data"},
      {"AConnectorMaySayThatItWasCancelled", Plan::every_30s,
       to_running +
           "done:cancelled -> stopping bye; exit:0 -> stopping settle; settled -> ready end_run:cancelled ?wake=30s"},
      {"ABugCountsAsACrash", Plan::every_30s,
       to_running + "done:bug -> stopping bye; exit:0 -> stopping settle; settled -> backing_off end_run:bug "
                    "?crashes=1 ?what=bug"},
      {"AnUnknownStatusIsABug", Plan::every_30s,
       to_running +
           "done:99 -> stopping bye; exit:0 -> stopping settle; settled -> backing_off end_run:bug ?crashes=1"},
      {"ACrashBacksOff", Plan::every_30s,
       to_running +
           "exit:segv -> stopping settle; settled -> backing_off end_run:crashed ?wake=1s ?crashes=1 ?what=crashed"},
      {"AnExitWithoutDoneIsACrash", Plan::every_30s,
       to_running + "exit:0 -> stopping settle; settled -> backing_off end_run:crashed ?crashes=1 ?what=crashed"},
      {"AGoodRunEndsTheDoubling", Plan::every_30s,
       to_running + crash_again("1s") +
           "done:ok -> stopping bye; exit:0 -> stopping settle; settled -> ready end_run:ok ?crashes=1; run -> "
           "starting check; checked -> starting "
           "spawn; hello -> starting configure; configured -> running begin_run start; exit:segv -> stopping settle; "
           "settled -> backing_off end_run:crashed ?wake=1s ?crashes=2"},
      {"ACrashAfterDoneChangesNothing", Plan::every_30s,
       to_running + "done:ok -> stopping bye; exit:segv -> stopping settle; settled -> ready end_run:ok ?crashes=0"},

      // Backfills
      {"ABackfillIsARunAndTheScheduleGoesOnAsIfItHadNotBeen", Plan::every_30s,
       to_running +
           "done:ok -> stopping bye; exit:0 -> stopping settle; settled -> ready end_run:ok ?wake=30s; +10s "
           "-> ready; " +
           of_backfill +
           "+5s -> running ?backfill; done:ok -> stopping bye; exit:0 -> stopping settle ?backfill; "
           "settled -> ready end_run:ok ?live ?wake=15s"},
      {"ABackfillOfASourceThatNeverRanIsFollowedByItsSchedule", Plan::hourly,
       "begin -> starting check; checked -> ready; " + of_backfill +
           "done:ok -> stopping bye; exit:0 -> stopping settle; settled -> ready end_run:ok ?live ?next=30min"},
      {"ABackfillThatFailsIsNotTriedAgain", Plan::on_demand,
       "begin -> starting check; checked -> ready; " + of_backfill +
           "done:retry -> stopping bye; exit:0 -> stopping settle; settled -> ready end_run:retry ?live ?nowake"},
      {"ABackfillThatIsRefusedIsNotTriedAgain", Plan::on_demand,
       "begin -> starting check; checked -> ready; " + of_backfill +
           "refused:again -> stopping cancel; done:cancelled -> stopping bye; exit:0 -> stopping settle; settled -> "
           "ready end_run:bad_data ?live ?nowake"},
      {"ARunThatFailedBeforeABackfillIsTriedAgainAfterIt", Plan::on_demand,
       "begin -> starting check; checked -> ready; run -> starting check; check_failed:retry -> backing_off; " +
           of_backfill + "done:ok -> stopping bye; exit:0 -> stopping settle; settled -> backing_off end_run:ok ?live"},
      {"ACrashInABackfillCounts", Plan::on_demand,
       "begin -> starting check; checked -> ready; " + of_backfill +
           "exit:segv -> stopping settle; settled -> ready end_run:crashed ?live ?crashes=1 ?nowake"},
      {"ABadConfigurationFoundByABackfillStops", Plan::every_30s,
       "begin -> starting check; check_failed:retry -> backing_off; " + of_backfill +
           "done:bad_config -> stopping bye; exit:0 -> stopping settle; settled -> stopped end_run:bad_config ?live"},
      {"ABackfillThatCannotBeginIsForgotten", Plan::on_demand,
       "begin -> starting check; checked -> ready; backfill -> starting check ?backfill; check_failed:retry -> ready "
       "?live ?nowake"},
      {"ABackfillIsPausedLikeAnyRun", Plan::every_30s,
       "begin -> starting check; check_failed:retry -> backing_off; " + of_backfill +
           "pause -> stopping cancel; done:cancelled -> stopping bye; exit:0 -> stopping settle; settled -> ready "
           "end_run:cancelled ?live ?paused ?nowake"},
      {"ABackfillThatIsPausedWhileItIsCheckedIsForgotten", Plan::on_demand,
       "begin -> starting check; checked -> ready; backfill -> starting check; pause -> ready drop_check ?live; resume "
       "-> ready; run -> starting check ?live"},
      {"ABackfillIsNotBegunBesideARun", Plan::every_30s, to_running + "backfill -> running ?live"},
      {"ABackfillOfAPausedSourceIsNotBegun", Plan::every_30s,
       "begin -> starting check; pause -> ready drop_check; backfill -> ready"},
      {"ABackfillOfADisabledSourceIsNotBegun", Plan::disabled, "begin -> stopped; backfill -> stopped"},
      {"ASourceThatTurnsOutToStreamIsNotBackfilled", Plan::on_demand,
       "begin -> starting check; check_failed:stop -> stopped; backfill -> starting check ?backfill; checked:stream -> "
       "starting spawn ?live"},
      {"AStreamingSourceIsNotBackfilled", Plan::on_demand,
       stream_running + "done:ok -> stopping bye; exit:0 -> stopping settle; settled -> backing_off end_run:ok; "
                        "backfill -> backing_off ?live"},
      {"ShutdownEndsABackfill", Plan::every_30s,
       "begin -> starting check; check_failed:retry -> backing_off; " + of_backfill +
           "shutdown -> stopping cancel; exit:0 -> stopping settle; settled -> stopped end_run:crashed ?live"},

      // Streaming sources
      {"AStreamThatEndsComesBack", Plan::on_demand,
       stream_running + "done:ok -> stopping bye; exit:0 -> stopping settle; settled -> backing_off end_run:ok "
                        "?wake=1s ?crashes=0; +1s -> starting check"},
      {"AStreamThatEndsAtOnceEachTimeComesBackLater", Plan::on_demand,
       stream_running +
           "done:ok -> stopping bye; exit:0 -> stopping settle; settled -> backing_off end_run:ok ?wake=1s; +1s -> "
           "starting check; "
           "checked:stream -> starting spawn; hello -> starting configure; configured -> running begin_run "
           "start; done:ok -> stopping bye; exit:0 -> stopping settle; settled -> backing_off end_run:ok ?wake=2s"},
      {"ALongStreamStartsTheBackOffAnew", Plan::on_demand,
       stream_running +
           "done:retry -> stopping bye; exit:0 -> stopping settle; settled -> backing_off end_run:retry; +1s -> "
           "starting check; "
           "checked:stream -> starting spawn; hello -> starting configure; configured -> running begin_run "
           "start; +2min -> running; done:retry -> stopping bye; exit:0 -> stopping settle; settled -> backing_off "
           "end_run:retry ?wake=1s"},

      // Checks and launches that fail
      {"AMissingLibraryStops", Plan::every_30s,
       "begin -> starting check; check_failed:stop -> stopped ?wake=5s ?what=bad_config; library:new -> starting "
       "check"},
      {"ALibraryThatBecomesUsableIsTriedAgain", Plan::every_30s,
       "begin -> starting check; check_failed:stop -> stopped; library:usable -> starting check"},
      {"ACrashWhileDescribedCounts", Plan::every_30s,
       "begin -> starting check; check_failed:crash -> backing_off ?crashes=1 ?wake=1s"},
      {"ATransientCheckIsRepeated", Plan::hourly,
       "begin -> starting check; check_failed:retry -> backing_off ?crashes=0; +1s -> starting check"},
      {"ALaunchThatFailsIsRepeated", Plan::every_30s,
       "begin -> starting check; checked -> starting spawn; spawn_failed -> backing_off ?crashes=0 ?what=not_launched"},
      {"AWorkerThatDiesBeforeHelloIsACrash", Plan::every_30s,
       "begin -> starting check; checked -> starting spawn; exit:abrt -> backing_off ?crashes=1"},
      {"AWorkerThatSaysNothingIsKilled", Plan::every_30s,
       "begin -> starting check; checked -> starting spawn; +9s -> starting; +1s -> stopping kill ?wake=3s; exit:kill "
       "-> "
       "backing_off ?crashes=1 ?what=silent_at_start"},
      {"AWorkerThatIsNotConfiguredInTimeIsKilled", Plan::every_30s,
       "begin -> starting check; checked -> starting spawn; hello -> starting configure; +10s -> stopping kill; "
       "exit:kill "
       "-> backing_off ?what=silent_at_start"},
      {"AConnectorThatRefusesItsSettingsStops", Plan::every_30s,
       "begin -> starting check; checked -> starting spawn; hello -> starting configure; done:bad_config -> stopping "
       "bye; "
       "exit:0 -> stopped ?what=bad_config"},

      // Cancel, TERM, KILL
      {"PauseCancelsARun", Plan::every_30s,
       to_running + "pause -> stopping cancel ?wake=5s ?paused; done:cancelled -> stopping bye; exit:0 -> stopping "
                    "settle; settled -> ready end_run:cancelled ?nowake ?paused"},
      {"AConnectorThatIgnoresCancelIsTerminatedAndThenKilled", Plan::every_30s,
       to_running +
           "pause -> stopping cancel; +5s -> stopping terminate ?wake=3s; +3s -> stopping kill ?wake=3s; +3s -> "
           "stopping kill; exit:kill -> stopping settle; settled -> ready end_run:killed ?what=ignored_cancel "
           "?crashes=0"},
      {"AConnectorThatFinishesAfterCancelHasFinished", Plan::every_30s,
       to_running +
           "pause -> stopping cancel; done:ok -> stopping bye; exit:0 -> stopping settle; settled -> ready end_run:ok"},
      {"ACrashDuringCancelIsACrash", Plan::every_30s,
       to_running + "pause -> stopping cancel; exit:segv -> stopping settle; settled -> ready end_run:crashed "
                    "?crashes=1 ?paused ?nowake"},
      {"AWorkerThatStaysAfterByeIsEnded", Plan::every_30s,
       to_running + "done:ok -> stopping bye; +5s -> stopping terminate; +3s -> stopping kill; exit:kill -> stopping "
                    "settle; settled -> ready end_run:ok"},
      {"ARefusalCancelsAndDecides", Plan::every_30s,
       to_running + "refused:bad_data -> stopping cancel; done:ok -> stopping bye; exit:0 -> stopping settle; settled "
                    "-> ready end_run:bad_data ?wake=30s"},
      {"ARefusalForAConfigurationStops", Plan::every_30s,
       to_running +
           "refused:bad_config -> stopping cancel; exit:0 -> stopping settle; settled -> stopped end_run:bad_config"},
      {"ARefusalDecidesAlsoAfterDone", Plan::every_30s,
       to_running + "done:ok -> stopping bye; refused:bug -> stopping; exit:0 -> stopping settle; settled -> "
                    "backing_off end_run:bug ?crashes=1"},
      {"ARefusalOfWhatCameLastDecides", Plan::every_30s,
       to_running + "done:ok -> stopping bye; exit:0 -> stopping settle ?nowake; refused:bad_data -> stopping; settled "
                    "-> ready end_run:bad_data ?what=bad_data"},
      {"TheStoresTroubleWithWhatCameLastBacksOff", Plan::every_30s,
       to_running + "done:ok -> stopping bye; exit:0 -> stopping settle; refused:retry -> stopping; settled -> "
                    "backing_off end_run:retry ?wake=1s"},
      {"ARefusedInputIsFollowedByTheNextRunAtOnce", Plan::hourly,
       "begin -> starting check; checked -> ready; run -> starting check; checked -> starting spawn; hello -> starting "
       "configure; configured -> running begin_run start; refused:again -> stopping cancel; done:cancelled -> stopping "
       "bye; exit:0 -> stopping settle; settled -> starting end_run:bad_data check ?what=bad_data; checked -> starting "
       "spawn"},
      {"ARefusedInputOfAPausedSourceWaits", Plan::every_30s,
       to_running + "refused:again -> stopping cancel; pause -> stopping; exit:0 -> stopping settle; settled -> ready "
                    "end_run:bad_data ?nowake ?paused"},
      {"ARefusedInputOfAStreamBacksOff", Plan::on_demand,
       stream_running + "refused:again -> stopping cancel; done:cancelled -> stopping bye; exit:0 -> stopping settle; "
                        "settled -> backing_off end_run:bad_data ?wake=1s"},
      {"NothingButIngestEndsSettling", Plan::every_30s,
       to_running + "exit:segv -> stopping settle; timer -> stopping; +1h -> stopping; exit:0 -> stopping; pause -> "
                    "stopping; shutdown -> stopping ?nowake; settled -> stopped end_run:crashed"},
      {"AWorkerThatMisbehavesIsKilled", Plan::every_30s,
       to_running + "misbehaved -> stopping kill; exit:kill -> stopping settle; settled -> backing_off end_run:bug "
                    "?crashes=1 ?what=misbehaved"},
      {"MisbehavingAfterDoneDecides", Plan::every_30s,
       to_running + "done:ok -> stopping bye; misbehaved -> stopping kill; exit:kill -> stopping settle; settled -> "
                    "backing_off end_run:bug"},
      {"MisbehavingBeforeHelloIsACrash", Plan::every_30s,
       "begin -> starting check; checked -> starting spawn; misbehaved -> stopping kill; exit:kill -> backing_off "
       "?crashes=1"},
      {"ALateRefusalDoesNotExcuseMisbehaving", Plan::every_30s,
       to_running + "misbehaved -> stopping kill; refused:bad_data -> stopping; exit:kill -> stopping settle; settled "
                    "-> backing_off end_run:bug"},

      // Pause and resume
      {"PauseDuringACheckDropsIt", Plan::every_30s,
       "begin -> starting check; pause -> ready drop_check ?paused ?nowake; checked -> ready; run -> ready; resume -> "
       "starting check"},
      {"PauseBeforeARunEndsTheWorkerWithoutACrash", Plan::every_30s,
       "begin -> starting check; checked -> starting spawn; pause -> stopping bye ?wake=5s; hello -> stopping; exit:0 "
       "-> "
       "ready ?crashes=0 ?paused ?what=cancelled"},
      {"ResumeGoesOnBySchedule", Plan::every_30s,
       to_running + "done:ok -> stopping bye; exit:0 -> stopping settle; settled -> ready end_run:ok; pause -> ready "
                    "?nowake; +10s -> ready; resume -> "
                    "ready ?wake=20s; +20s -> starting check"},
      {"ResumeOfAStreamStartsIt", Plan::on_demand,
       stream_running + "pause -> stopping cancel; done:cancelled -> stopping bye; exit:0 -> stopping settle; settled "
                        "-> ready end_run:cancelled "
                        "?nowake; resume -> starting check; checked:stream -> starting spawn"},
      {"PauseEndsABackOff", Plan::every_30s,
       to_running + "exit:segv -> stopping settle; settled -> backing_off end_run:crashed; pause -> ready ?nowake "
                    "?paused; +1h -> ready"},
      {"ResumeLiftsABackOff", Plan::every_30s,
       to_running +
           "exit:segv -> stopping settle; settled -> backing_off end_run:crashed; resume -> starting check ?crashes=0"},
      {"ResumeWhileStoppingLetsTheNextRunCome", Plan::every_30s,
       to_running + "pause -> stopping cancel; resume -> stopping; done:cancelled -> stopping bye; exit:0 -> stopping "
                    "settle; settled -> ready end_run:cancelled ?wake=30s"},
      {"ResumeTriesAStoppedSource", Plan::every_30s,
       "begin -> starting check; check_failed:stop -> stopped; resume -> starting check"},

      // Run on demand
      {"RunNowDuringALookMakesItARun", Plan::hourly,
       "begin -> starting check; run -> starting; checked -> starting spawn"},
      {"RunNowEndsABackOff", Plan::every_30s,
       to_running +
           "exit:segv -> stopping settle; settled -> backing_off end_run:crashed; run -> starting check ?crashes=1"},
      {"RunNowDuringARunIsNothing", Plan::every_30s, to_running + "run -> running"},
      {"RunNowOfAPausedSourceIsNothing", Plan::on_demand,
       "begin -> starting check; checked -> ready; pause -> ready; run -> ready"},

      // Quarantine
      {"FiveCrashesInTheWindowQuarantine", Plan::every_30s,
       to_quarantine() + "run -> quarantined; pause -> quarantined ?paused; +5s -> quarantined look ?wake=5s"},
      {"ReplacingTheLibraryLiftsQuarantine", Plan::every_30s,
       to_quarantine() +
           "library:same -> quarantined; library:usable -> quarantined; library:new -> starting check ?crashes=0"},
      {"ReplacingTheLibraryOfAPausedSourceLeavesItPaused", Plan::every_30s,
       to_quarantine() + "pause -> quarantined; library:new -> ready ?paused ?nowake ?crashes=0"},
      {"ResumeLiftsQuarantine", Plan::every_30s, to_quarantine() + "resume -> starting check ?crashes=0"},
      {"CrashesOutsideTheWindowAreForgotten", Plan::every_30s,
       to_running + crash_again("1s") + crash_again("2s") + crash_again("4s") + crash_again("8s") +
           "+11min -> running; exit:segv -> stopping settle; settled -> backing_off end_run:crashed ?crashes=1"},
      {"ANewLibraryForgetsCrashesAtItsCheck", Plan::every_30s,
       to_running + "exit:segv -> stopping settle; settled -> backing_off end_run:crashed ?crashes=1; +1s -> starting "
                    "check; checked:new -> starting "
                    "spawn ?crashes=0"},

      // The clock
      {"AJumpForwardMakesOneRun", Plan::hourly,
       "begin -> starting check; checked -> ready; jump:72h -> ready; +30s -> starting check; checked -> starting "
       "spawn; "
       "hello -> starting configure; configured -> running begin_run start; done:ok -> stopping bye; exit:0 -> "
       "stopping settle; settled -> ready end_run:ok ?next=1770s"},
      {"AJumpBackDoesNotWaitForTheOldMoment", Plan::hourly,
       "begin -> starting check; checked -> ready ?next=30min; jump:-100h -> ready; +30s -> ready ?next=1770s"},
      {"EveryDoesNotMindTheWallClock", Plan::every_30s,
       to_running + "done:ok -> stopping bye; exit:0 -> stopping settle; settled -> ready end_run:ok ?wake=30s; "
                    "jump:72h -> ready; +29s -> ready; "
                    "jump:-100h -> ready; +1s -> starting check"},
      {"AnEarlyTimerIsNothing", Plan::every_30s,
       to_running + "done:ok -> stopping bye; exit:0 -> stopping settle; settled -> ready end_run:ok; timer -> ready; "
                    "timer -> ready ?wake=30s"},

      // The daemon's end
      {"ShutdownCancelsWithShorterDeadlines", Plan::every_30s,
       to_running + "shutdown -> stopping cancel ?wake=4s; +4s -> stopping terminate ?wake=2s; +2s -> stopping kill; "
                    "exit:kill -> stopping settle; settled -> stopped end_run:killed ?nowake"},
      {"ShutdownEndsWaiting", Plan::every_30s,
       to_running + "exit:segv -> stopping settle; settled -> backing_off end_run:crashed; shutdown -> stopped "
                    "?nowake; run -> stopped; resume -> "
                    "stopped; library:new -> stopped; +1h -> stopped"},
      {"ShutdownDropsACheck", Plan::every_30s,
       "begin -> starting check; shutdown -> stopped drop_check; checked -> stopped"},
      {"ShutdownWhileStoppingShortensTheDeadline", Plan::every_30s,
       to_running + "pause -> stopping cancel ?wake=5s; shutdown -> stopping ?wake=4s; done:cancelled -> stopping bye; "
                    "exit:0 -> stopping settle; settled -> stopped end_run:cancelled"},
      {"NothingStartsAfterACleanEndInShutdown", Plan::every_30s,
       to_running + "shutdown -> stopping cancel; done:cancelled -> stopping bye; exit:0 -> stopping settle; settled "
                    "-> stopped end_run:cancelled "
                    "?nowake ?what=shut_down"},
  };
}

// ---- reading the stories -------------------------------------------------------------------------

std::chrono::microseconds duration(const std::string& text) {
  size_t end = 0;
  const auto n = std::stoll(text, &end);
  const auto unit = text.substr(end);
  if (unit == "s") return std::chrono::seconds(n);
  if (unit == "min") return std::chrono::minutes(n);
  if (unit == "h") return std::chrono::hours(n);
  throw std::logic_error("no duration: " + text);
}

LibraryLook look(const std::string& which) {
  LibraryLook l{"/lib/x.so", 1, 100, true};
  if (which == "new") l.mtime_ns = 2;
  if (which == "unusable") l.usable = false;
  return l;
}

int32_t run_status(const std::string& word) {
  static const std::map<std::string, int32_t> words{{"ok", KEPU_RUN_OK},
                                                    {"retry", KEPU_RUN_RETRY},
                                                    {"bad_config", KEPU_RUN_BAD_CONFIG},
                                                    {"bad_data", KEPU_RUN_BAD_DATA},
                                                    {"cancelled", KEPU_RUN_CANCELLED},
                                                    {"bug", KEPU_RUN_BUG}};
  const auto it = words.find(word);
  return it == words.end() ? std::stoi(word) : it->second;
}

Event event_of(const std::string& word, bool& library_was_refused) {
  const auto colon = word.find(':');
  const auto head = word.substr(0, colon);
  const auto tail = colon == std::string::npos ? "" : word.substr(colon + 1);
  if (head == "begin") return event::Begin{};
  if (head == "timer") return event::Timer{};
  if (head == "checked") return event::Checked{look(tail == "new" ? "new" : ""), tail == "stream"};
  if (head == "check_failed") {
    library_was_refused = tail == "stop";
    return event::CheckFailed{look(tail == "stop" ? "unusable" : ""),
                              tail == "stop"    ? After::stop
                              : tail == "retry" ? After::retry
                                                : After::crash,
                              {tail == "stop" ? What::bad_config : What::crashed_on_load, {}, {}, {}}};
  }
  if (head == "spawn_failed") return event::SpawnFailed{};
  if (head == "hello") return event::Hello{};
  if (head == "configured") return event::Configured{};
  if (head == "done") return event::Done{run_status(tail), "text"};
  if (head == "exit") {
    static const std::map<std::string, int> signals{{"segv", SIGSEGV}, {"abrt", SIGABRT}, {"kill", SIGKILL}};
    const auto it = signals.find(tail);
    return event::Exited{it == signals.end() ? Exit{std::stoi(tail), 0} : Exit{0, it->second}};
  }
  if (head == "settled") return event::Settled{};
  if (head == "misbehaved") return event::Misbehaved{};
  if (head == "refused") return event::Refused{tail == "again" ? "bad_data" : tail, "text", tail == "again"};
  if (head == "run") return event::RunNow{};
  if (head == "backfill") return event::Backfill{{10, 20, false}};
  if (head == "pause") return event::Pause{};
  if (head == "resume") return event::Resume{};
  if (head == "library") return event::LibrarySeen{look(tail)};
  if (head == "shutdown") return event::Shutdown{};
  throw std::logic_error("no event: " + word);
}

std::string word_of(const Action& a) {
  static const char* const words[] = {"check", "drop_check", "look", "spawn",     "configure", "begin_run",
                                      "start", "cancel",     "bye",  "terminate", "kill",      "settle"};
  if (const auto* end = std::get_if<action::EndRun>(&a)) return "end_run:" + end->status;
  return words[a.index()];
}

const std::map<std::string, What>& whats() {
  static const std::map<std::string, What> words{{"disabled", What::disabled},
                                                 {"checked", What::checked},
                                                 {"bad_config", What::bad_config},
                                                 {"bad_data", What::bad_data},
                                                 {"cancelled", What::cancelled},
                                                 {"bug", What::bug},
                                                 {"misbehaved", What::misbehaved},
                                                 {"crashed", What::crashed},
                                                 {"silent_at_start", What::silent_at_start},
                                                 {"ignored_cancel", What::ignored_cancel},
                                                 {"not_launched", What::not_launched},
                                                 {"shut_down", What::shut_down}};
  return words;
}

Rules rules_for(Plan plan) {
  Rules rules;
  rules.source = "training";
  rules.connector = "x";
  rules.file = "sources.d/training.toml";
  switch (plan) {
  case Plan::every_30s:
    rules.schedule = EverySoOften{30s};
    break;
  case Plan::hourly:
    rules.schedule = ByCalendar{
        [](Instant after) -> std::optional<Instant> { return std::chrono::floor<std::chrono::hours>(after) + 1h; }};
    break;
  case Plan::never:
    rules.schedule = ByCalendar{[](Instant) -> std::optional<Instant> { return std::nullopt; }};
    break;
  case Plan::on_demand:
    break;
  case Plan::disabled:
    rules.enabled = false;
    break;
  }
  return rules;
}

class Story : public testing::TestWithParam<Case> {};

TEST_P(Story, GoesAsTold) {
  const auto& c = GetParam();
  const auto rules = rules_for(c.plan);
  Now now{from_micros(0) + std::chrono::hours(24 * 365 * 55) + 30min, Steady{1h}, 0};
  State state;
  std::istringstream lines(c.story);
  std::string line;
  for (int step = 1; std::getline(lines, line, ';'); ++step) {
    SCOPED_TRACE("step " + std::to_string(step) + ":" + line);
    std::istringstream words(line);
    std::string word;
    std::string arrow;
    std::string phase;
    ASSERT_TRUE(words >> word >> arrow >> phase);
    ASSERT_EQ(arrow, "->");
    Event event = event::Timer{};
    bool refused = false;
    if (word[0] == '+') {
      now.wall += duration(word.substr(1));
      now.steady += duration(word.substr(1));
    } else if (word.starts_with("jump:")) {
      now.wall += duration(word.substr(5));
    } else {
      event = event_of(word, refused);
    }
    auto transition = next(rules, std::move(state), event, now);
    state = std::move(transition.state);
    EXPECT_EQ(name(state.phase), phase);
    std::string wanted;
    while (words >> word && word[0] != '?')
      wanted += word + " ";
    std::string got;
    for (const auto& a : transition.actions)
      got += word_of(a) + " ";
    EXPECT_EQ(got, wanted);
    if (!words) continue;
    do {
      const auto equals = word.find('=');
      const auto check = word.substr(1, equals - 1);
      const auto value = equals == std::string::npos ? "" : word.substr(equals + 1);
      if (check == "wake") {
        ASSERT_TRUE(state.wake);
        EXPECT_EQ(*state.wake - now.steady, duration(value));
      } else if (check == "nowake") {
        EXPECT_FALSE(state.wake);
      } else if (check == "next") {
        ASSERT_TRUE(state.next_run);
        EXPECT_EQ(*state.next_run - now.wall, duration(value));
      } else if (check == "backfill") {
        EXPECT_TRUE(state.backfill);
      } else if (check == "live") {
        EXPECT_FALSE(state.backfill);
      } else if (check == "paused") {
        EXPECT_TRUE(state.paused);
      } else if (check == "crashes") {
        EXPECT_EQ(crashes_in_window(rules, state, now.steady), std::stoul(value));
      } else if (check == "what") {
        EXPECT_EQ(state.last.what, whats().at(value));
      } else {
        FAIL() << "no check: " << word;
      }
    } while (words >> word);
  }
}

INSTANTIATE_TEST_SUITE_P(Machine, Story, testing::ValuesIn(cases()),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(Machine, IngestIsToldWhetherARunEndedWell) {
  const auto rules = rules_for(Plan::on_demand);
  const Now now{from_micros(0), Steady{1h}, 0};
  for (const int32_t status :
       {KEPU_RUN_OK, KEPU_RUN_RETRY, KEPU_RUN_BAD_CONFIG, KEPU_RUN_BAD_DATA, KEPU_RUN_CANCELLED, KEPU_RUN_BUG}) {
    State state;
    state.phase = Phase::running;
    state.worker = state.run_open = true;
    state = next(rules, std::move(state), event::Done{status, ""}, now).state;
    const auto actions = next(rules, std::move(state), event::Exited{}, now).actions;
    ASSERT_EQ(actions.size(), 1u);
    EXPECT_EQ(std::get<action::Settle>(actions[0]).well, status == KEPU_RUN_OK) << status;
  }
}

TEST(Machine, JitterSpreadsTheBackOffBetweenHalfAndWholeAndTheCapHolds) {
  const auto rules = rules_for(Plan::every_30s);
  for (const double jitter : {0.0, 0.25, 0.999999}) {
    State state;
    Now now{from_micros(0), Steady{1h}, jitter};
    state = next(rules, std::move(state), event::Begin{}, now).state;
    auto longest = 2s;
    for (int i = 0; i < 20; ++i) {
      state = next(rules, std::move(state),
                   event::CheckFailed{look(""), After::retry, {What::not_launched, {}, {}, {}}}, now)
                  .state;
      ASSERT_EQ(state.phase, Phase::backing_off);
      const auto cap = std::min<std::chrono::microseconds>(longest, 10min);
      EXPECT_GE(*state.wake - now.steady, cap / 2);
      EXPECT_LE(*state.wake - now.steady, cap);
      EXPECT_NEAR(std::chrono::duration<double>(*state.wake - now.steady).count(),
                  std::chrono::duration<double>(cap).count() * (0.5 + jitter / 2), 0.001);
      const auto wait = *state.wake - now.steady;
      now.steady += wait;
      now.wall += std::chrono::duration_cast<std::chrono::microseconds>(wait);
      state = next(rules, std::move(state), event::Timer{}, now).state;
      ASSERT_EQ(state.phase, Phase::starting);
      if (longest < 600s) longest *= 2;
    }
  }
}

} // namespace
