#include "supervisor/source_task.hpp"

#include "supervisor/launch.hpp"
#include "supervisor/library.hpp"

#include <algorithm>
#include <csignal>
#include <stdexcept>

namespace kepu::supervisor {
namespace {

template <class... F> struct Overloaded : F... { using F::operator()...; };
template <class... F> Overloaded(F...) -> Overloaded<F...>;

Sentence same(const std::string& text) { return {text, text}; }

bool belongs_to_run(wire::Type type) {
  switch (type) {
  case wire::Type::input:
  case wire::Type::rows:
  case wire::Type::retract:
  case wire::Type::replace:
  case wire::Type::reject:
  case wire::Type::commit:
    return true;
  case wire::Type::hello:
  case wire::Type::describe:
  case wire::Type::descriptor:
  case wire::Type::configure:
  case wire::Type::start:
  case wire::Type::ack:
  case wire::Type::progress:
  case wire::Type::log:
  case wire::Type::cancel:
  case wire::Type::done:
  case wire::Type::bye:
    return false;
  }
  return false;
}

} // namespace

SourceTask::SourceTask(std::shared_ptr<Hub> hub, const settings::Source& source, Rules rules)
    : hub_(std::move(hub)), source_(source), rules_(std::move(rules)),
      output_(hub_->around->clock, source.id, hub_->around->log), timer_(hub_->around->io) {
  show();
}

Now SourceTask::now() {
  const auto& clock = hub_->around->clock;
  return {clock.now(), clock.steady(), std::uniform_real_distribution<double>(0, 1)(hub_->random)};
}

// Carrying out an action may cause the next event; events wait their turn.
void SourceTask::feed(Event event) {
  if (abandoned_) return;
  events_.push_back(std::move(event));
  if (feeding_) return;
  const auto self = shared_from_this();
  feeding_ = true;
  while (!events_.empty()) {
    const auto taken = std::move(events_.front());
    events_.pop_front();
    const auto before = state_.phase;
    const auto was = state_.last;
    auto transition = next(rules_, std::move(state_), taken, now());
    state_ = std::move(transition.state);
    for (const auto& a : transition.actions)
      perform(a);
    log_change(before, was);
  }
  feeding_ = false;
  arm();
  show();
}

void SourceTask::perform(const Action& action) {
  std::visit(
      Overloaded{
          [&](const action::Check&) { start_check(); },
          [&](const action::DropCheck&) { ++check_number_; },
          [&](const action::LookAtLibrary&) {
            feed(event::LibrarySeen{find_library(hub_->configuration.daemon.connector_dirs, source_.connector).look});
          },
          [&](const action::Spawn&) { spawn(); },
          [&](const action::SendConfigure&) { configure(); },
          [&](const action::BeginRun&) { begin_run(); },
          [&](const action::SendStart&) { send_message(wire::Start{token_}); },
          [&](const action::SendCancel&) { send_message(wire::Cancel{}); },
          [&](const action::SendBye&) { send_message(wire::Bye{}); },
          [&](const action::Terminate&) { link_->signal(SIGTERM); },
          [&](const action::Kill&) { link_->signal(SIGKILL); },
          [&](const action::Settle& ended) { settle(ended.well); },
          [&](const action::EndRun& end) { end_run(end); },
      },
      action);
}

// ---- before a run --------------------------------------------------------------------------------

void SourceTask::start_check() {
  const auto number = ++check_number_;
  const auto found = find_library(hub_->configuration.daemon.connector_dirs, source_.connector);
  if (found.problem) {
    fail_check(found.look, After::stop, {What::bad_library, *found.problem, {}, {}});
    return;
  }
  hub_->descriptions.get(found.look, [weak = weak_from_this(), number, library = found.look](const Description& d) {
    if (const auto self = weak.lock(); self && number == self->check_number_) self->described(library, d);
  });
}

void SourceTask::fail_check(const LibraryLook& library, After then, Reason reason) {
  feed(event::CheckFailed{library, then, std::move(reason)});
}

void SourceTask::described(const LibraryLook& library, const Description& description) {
  if (const auto* failed = std::get_if<NotDescribed>(&description)) {
    fail_check(library, failed->then, failed->reason);
    return;
  }
  descriptor_ = std::get<abi::Descriptor>(description);
  auto admitted = admit(source_, descriptor_, hub_->configuration, hub_->person_key.has_value());
  if (auto* why = std::get_if<Sentence>(&admitted)) {
    fail_check(library, After::stop, {What::bad_config, std::move(*why), {}, {}});
    return;
  }
  auto& [hashed, hash] = hub_->hashes[library.path];
  if (!hashed.same_file(library)) {
    auto fresh = hash_library(library.path);
    if (!fresh) {
      fail_check(library, After::retry, {What::not_launched, same(fresh.error().text), {}, {}});
      return;
    }
    hashed = library;
    hash = std::move(*fresh);
  }
  library_hash_ = hash;
  admission_ = std::move(std::get<Admission>(admitted));
  hub_->ingest.prepare(source_.id, [weak = weak_from_this(), number = check_number_, library](std::string cursor) {
    const auto self = weak.lock();
    if (!self || number != self->check_number_) return;
    self->cursor_ = std::move(cursor);
    self->feed(event::Checked{library, self->descriptor_.mode == KEPU_STREAMING});
  });
}

// ---- the worker ----------------------------------------------------------------------------------

void SourceTask::spawn() {
  greeted_ = configured_ = described_ = done_ = false;
  auto started = Link::start(hub_->around, worker_launch(*hub_->around, state_.library.path), output_,
                             {[self = shared_from_this()](wire::Header header, std::string payload) {
                                return self->frame(header, std::move(payload));
                              },
                              [self = shared_from_this()](Sentence why) { self->misbehaved(std::move(why)); },
                              [self = shared_from_this()](Exit exit) {
                                self->link_.reset();
                                self->feed(event::Exited{exit});
                              }});
  if (!started) {
    feed(event::SpawnFailed{same(started.error().text)});
    return;
  }
  link_ = *started;
}

bool SourceTask::frame(wire::Header header, std::string payload) {
  if (abandoned_) return true;
  if (belongs_to_run(header.type)) {
    if (token_ != 0 && !done_) return hub_->ingest.frame(token_, header, std::move(payload));
    if (done_)
      misbehaved({"it sent data after it had said that its run was done", "它在宣布运行结束之后仍发送数据"});
    else
      misbehaved({"it sent data before its run began", "它在运行开始之前发送数据"});
    return true;
  }
  auto decoded = wire::decode_from_worker(header.type, payload);
  if (decoded)
    message(std::move(*decoded));
  else
    misbehaved(same(decoded.error().text));
  return true;
}

void SourceTask::message(wire::Message m) {
  if (const auto* line = std::get_if<wire::LogFrame>(&m)) {
    output_.line(level_of(line->level), line->text);
  } else if (const auto* progress = std::get_if<wire::ProgressFrame>(&m)) {
    output_.heard();
    if (token_ == 0) return;
    status_.progress_done = progress->done;
    status_.progress_total = progress->total;
    if (hub_->changed) hub_->changed();
  } else if (const auto* hello = std::get_if<wire::Hello>(&m); hello && !greeted_) {
    greeted_ = true;
    if (auto problem = protocol_problem(*hello)) {
      misbehaved(std::move(*problem));
      return;
    }
    feed(event::Hello{});
  } else if (auto* described = std::get_if<wire::Described>(&m); described && configured_ && !described_ && !done_) {
    described_ = true;
    if (described->descriptor.id != descriptor_.id) {
      misbehaved({"it became another connector than the one that was checked", "它与检查时的接入程序不是同一个"});
      return;
    }
    datasets_ = std::move(described->descriptor.datasets);
    feed(event::Configured{});
  } else if (const auto* done = std::get_if<wire::Done>(&m); done && greeted_ && !done_) {
    done_ = true;
    if (done->status == KEPU_RUN_OK && token_ == 0) {
      misbehaved({"it said that its run was done before it began", "它在运行开始之前就宣布运行结束"});
      return;
    }
    feed(event::Done{done->status, done->text});
  } else {
    misbehaved({"it sent a frame out of turn", "它在不该发送的时候发送了帧"});
  }
}

void SourceTask::misbehaved(Sentence why) {
  if (link_) link_->stop_reading();
  feed(event::Misbehaved{std::move(why)});
}

void SourceTask::configure() {
  configured_ = true;
  try {
    const auto& backfill = state_.backfill;
    auto told = instruction(source_, admission_, hub_->configuration, hub_->zone.name(), backfill ? "" : cursor_,
                            hub_->person_key);
    if (backfill) {
      const auto time = [&](model::Day day) { return to_micros(hub_->zone.start_of(day)); };
      told.range = wire::Range{time(backfill->first), time(backfill->until), backfill->first, backfill->until};
    }
    send_message(told);
  } catch (const std::length_error&) {
    feed(event::Done{KEPU_RUN_BAD_CONFIG, too_large(source_.file.string())});
  }
}

void SourceTask::begin_run() {
  token_ = ++hub_->last_token;
  started_ = hub_->around->clock.now();
  hub_->runs[token_] = weak_from_this();
  RunInfo info;
  info.token = token_;
  info.source = source_.id;
  info.connector = source_.connector;
  info.connector_version = descriptor_.version;
  info.library_hash = library_hash_;
  info.datasets = datasets_;
  info.max_reject_share = source_.max_reject_share;
  info.started = started_;
  info.backfill = state_.backfill;
  hub_->ingest.run_begins(std::move(info));
}

// Counted as not yet recorded from here on, so that kepud does not end in between.
void SourceTask::settle(bool well) {
  ++hub_->recording;
  hub_->ingest.settle(token_, well, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->feed(event::Settled{});
  });
}

void SourceTask::end_run(const action::EndRun& end) {
  RunOutcome outcome;
  outcome.status = end.status;
  outcome.text = clean(what_happened(rules_, state_, end.reason).en);
  outcome.ended = std::max(started_, hub_->around->clock.now()); // the wall clock may have been set back
  hub_->runs.erase(token_);
  hub_->ingest.run_ends(std::exchange(token_, 0), std::move(outcome), [hub = hub_] {
    --hub->recording;
    if (hub->changed) hub->changed();
  });
}

void SourceTask::send_message(const wire::Message& message) {
  if (!link_) return;
  std::string frame;
  wire::encode(message, 0, frame);
  link_->send(frame);
}

void SourceTask::send(std::string_view frames) {
  if (link_) link_->send(frames);
}

void SourceTask::drained() {
  if (link_) link_->resume();
}

void SourceTask::abandon() {
  abandoned_ = true;
  ++check_number_;
  timer_.cancel();
  if (!link_) return;
  link_->stop_reading();
  link_->signal(SIGKILL);
  link_.reset();
}

// ---- what others see -----------------------------------------------------------------------------

void SourceTask::arm() {
  if (state_.wake == armed_) return;
  armed_ = state_.wake;
  timer_.cancel();
  if (!armed_) return;
  timer_.expires_after(*armed_ - hub_->around->clock.steady());
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
    const auto self = weak.lock();
    if (ec || !self) return;
    self->armed_.reset(); // when it was too early by our clock, it is set again
    self->feed(event::Timer{});
  });
}

void SourceTask::show() {
  const auto steady = hub_->around->clock.steady();
  auto sentence = describe(rules_, state_, hub_->zone, steady);
  status_.id = source_.id;
  status_.connector = source_.connector;
  status_.connector_version = descriptor_.version;
  status_.mode = descriptor_.id.empty() ? "" : descriptor_.mode == KEPU_STREAMING ? "streaming" : "scheduled";
  status_.state = name(state_.phase);
  status_.paused = state_.paused;
  status_.enabled = rules_.enabled;
  status_.sentence = clean(sentence.en);
  status_.sentence_zh = clean(sentence.zh);
  status_.next_run = state_.next_run;
  status_.crashes = crashes_in_window(rules_, state_, steady);
  if (!state_.run_open) status_.progress_done = status_.progress_total = 0;
  status_.running_since = state_.running_since;
  status_.backfill = state_.backfill ? state_.backfill->text() : "";
  if (hub_->changed) hub_->changed();
}

// What an operator would want to find in the log: how checks and runs ended.
void SourceTask::log_change(Phase before, const Reason& was) {
  using settings::LogLevel;
  if (state_.phase == before || state_.last.what == What::shut_down || state_.last.at == Instant{} ||
      (state_.last.what == was.what && state_.last.at == was.at))
    return;
  LogLevel level = LogLevel::info;
  switch (state_.phase) {
  case Phase::quarantined:
    level = LogLevel::error;
    break;
  case Phase::backing_off:
    level = LogLevel::warning;
    break;
  case Phase::stopped:
    level = state_.last.what == What::disabled ? LogLevel::info : LogLevel::error;
    break;
  case Phase::ready:
    level = state_.last.what == What::ended_well ? LogLevel::debug : LogLevel::info;
    break;
  case Phase::starting:
  case Phase::running:
  case Phase::stopping:
    return;
  }
  hub_->around->log(level, source_.id, clean(describe(rules_, state_, hub_->zone, hub_->around->clock.steady()).en));
}

} // namespace kepu::supervisor
