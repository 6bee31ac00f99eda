#include "supervisor/supervisor.hpp"

#include "base/guarded.hpp"
#include "base/nearest.hpp"
#include "settings/cron.hpp"
#include "supervisor/source_task.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <fmt/format.h>

namespace kepu::supervisor {
namespace {

Rules rules_of(const settings::Source& source, const model::Zone& zone, const Timing& timing) {
  Rules rules;
  rules.source = source.id;
  rules.connector = source.connector;
  rules.file = source.file.string();
  rules.enabled = source.enabled;
  rules.timing = timing;
  if (const auto* every = std::get_if<settings::Every>(&source.schedule)) {
    rules.schedule = EverySoOften{every->interval};
  } else if (const auto* cron = std::get_if<settings::Cron>(&source.schedule)) {
    // The configuration was loaded, so the expression was checked.
    rules.schedule = ByCalendar{[schedule = settings::CronSchedule::parse(cron->expression).value(),
                                 zone](Instant after) { return schedule.next(after, zone); }};
  }
  return rules;
}

} // namespace

struct Supervisor::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& context, std::shared_ptr<Hub> shared)
      : io(context), hub(std::move(shared)), stop_deadline(context) {}

  // Set once.
  boost::asio::io_context& io;
  const std::shared_ptr<Hub> hub;
  // kepu-io only.
  std::vector<std::shared_ptr<SourceTask>> tasks; // in order of id
  bool refresh_posted = false;
  std::function<void()> stopped;
  boost::asio::steady_timer stop_deadline;
  // Any thread.
  Guarded<std::shared_ptr<const std::vector<SourceStatus>>> shown;
  std::atomic<bool> stopping = false;

  void changed();
  void refresh();
  void finish_stop();
  SourceTask* task(std::string_view source);
  Result<SourceStatus> to_command(std::string_view source); // of a source that takes commands
  void post_event(std::string_view source, Event event);
  template <class F> void with_run(RunToken run, F act);
};

// Many changes at once make one new snapshot.
void Supervisor::Impl::changed() {
  if (std::exchange(refresh_posted, true)) return;
  boost::asio::post(io, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->refresh_posted = false;
      self->refresh();
    }
  });
}

void Supervisor::Impl::refresh() {
  auto all = std::make_shared<std::vector<SourceStatus>>();
  for (const auto& t : tasks)
    all->push_back(t->status());
  shown.with([&](auto& held) { held = std::move(all); });
  if (stopped && hub->recording == 0 && hub->around->workers == 0) finish_stop();
}

void Supervisor::Impl::finish_stop() {
  stop_deadline.cancel();
  if (const auto then = std::exchange(stopped, nullptr)) then();
}

SourceTask* Supervisor::Impl::task(std::string_view source) {
  const auto it = std::ranges::find_if(tasks, [&](const auto& t) { return t->status().id == source; });
  return it == tasks.end() ? nullptr : it->get();
}

Result<SourceStatus> Supervisor::Impl::to_command(std::string_view source) {
  const auto all = shown.with([](auto& held) { return held; });
  std::vector<std::string> ids;
  for (const auto& s : *all) {
    if (s.id == source) {
      if (stopping) return fail("shutting_down", "kepud is ending; start it again first");
      if (!s.enabled) return fail("disabled", s.sentence);
      return s;
    }
    ids.push_back(s.id);
  }
  const auto near = nearest(source, ids, 1);
  return fail("unknown_source", fmt::format("there is no source \"{}\"{}", source,
                                            near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near[0])));
}

void Supervisor::Impl::post_event(std::string_view source, Event event) {
  boost::asio::post(io, [weak = weak_from_this(), id = std::string(source), e = std::move(event)] {
    if (const auto self = weak.lock())
      if (auto* t = self->task(id)) t->feed(e);
  });
}

template <class F> void Supervisor::Impl::with_run(RunToken run, F act) {
  boost::asio::post(io, [weak = std::weak_ptr(hub), run, act = std::move(act)]() mutable {
    const auto shared = weak.lock();
    if (!shared) return;
    const auto it = shared->runs.find(run);
    if (it == shared->runs.end()) return;
    if (const auto t = it->second.lock()) act(*t);
  });
}

Supervisor::Supervisor(boost::asio::io_context& io, const Clock& clock, model::Zone zone, Options options,
                       IngestPort& ingest) {
  const auto zone_name = zone.name();
  auto around = std::make_shared<Surroundings>(
      Surroundings{io, clock, std::move(options.worker), zone_name, options.timing, std::move(options.log)});
  auto hub = std::make_shared<Hub>(std::move(around), std::move(options.configuration), std::move(options.person_key),
                                   std::move(zone), ingest);
  impl_ = std::make_shared<Impl>(io, hub);
  for (const auto& source : hub->configuration.sources)
    impl_->tasks.push_back(std::make_shared<SourceTask>(hub, source, rules_of(source, hub->zone, options.timing)));
  std::ranges::sort(impl_->tasks, {}, [](const auto& t) { return t->status().id; });
  hub->changed = hub->around->worker_gone = [weak = std::weak_ptr(impl_)] {
    if (const auto self = weak.lock()) self->changed();
  };
  impl_->refresh();
}

Supervisor::~Supervisor() {
  impl_->hub->changed = nullptr;
  impl_->hub->descriptions.stop();
  for (const auto& t : impl_->tasks)
    t->abandon();
}

void Supervisor::start() {
  for (const auto& t : impl_->tasks)
    t->feed(event::Begin{});
}

void Supervisor::stop(std::function<void()> then) {
  impl_->stopping = true;
  impl_->stopped = std::move(then);
  impl_->hub->descriptions.stop();
  for (const auto& t : impl_->tasks)
    t->feed(event::Shutdown{});
  impl_->stop_deadline.expires_after(impl_->hub->around->timing.shutdown);
  impl_->stop_deadline.async_wait([weak = std::weak_ptr(impl_)](const boost::system::error_code& ec) {
    const auto self = weak.lock();
    if (ec || !self) return;
    self->hub->around->log(settings::LogLevel::error, "",
                           fmt::format("not every worker ended, or not every run was recorded ({} are missing); kepud "
                                       "ends without them, and what was not committed is read again",
                                       self->hub->recording));
    self->finish_stop();
  });
  impl_->changed();
}

std::shared_ptr<const std::vector<SourceStatus>> Supervisor::snapshot() const {
  return impl_->shown.with([](auto& held) { return held; });
}

void Supervisor::use_catalog(std::shared_ptr<const model::Catalog> catalog) {
  boost::asio::post(impl_->io, [weak = std::weak_ptr(impl_->hub), catalog = std::move(catalog)]() mutable {
    if (const auto hub = weak.lock()) hub->configuration.catalog = std::move(catalog);
  });
}

Result<void> Supervisor::may_run(std::string_view source) const {
  const auto status = impl_->to_command(source);
  if (!status) return status.error();
  if (status->paused) return fail("paused", status->sentence);
  if (status->state == name(Phase::quarantined)) return fail("quarantined", status->sentence);
  if (status->state == name(Phase::running) || status->state == name(Phase::stopping) || !status->backfill.empty())
    return fail("already_running", status->sentence);
  return {};
}

Result<void> Supervisor::backfill(std::string_view source, const model::Backfill& asked) {
  const auto status = impl_->to_command(source);
  if (!status) return status.error();
  if (status->mode == "streaming")
    return fail("streaming",
                fmt::format("source \"{}\" streams: its runs have no end at which days could be swapped", source));
  if (auto may = may_run(source); !may) return may;
  if (status->state == name(Phase::starting)) return fail("already_running", status->sentence);
  impl_->post_event(source, event::Backfill{asked});
  return {};
}

Result<void> Supervisor::run_now(std::string_view source) {
  if (auto may = may_run(source); !may) return may;
  impl_->post_event(source, event::RunNow{});
  return {};
}

Result<void> Supervisor::pause(std::string_view source) {
  if (const auto status = impl_->to_command(source); !status) return status.error();
  impl_->post_event(source, event::Pause{});
  return {};
}

Result<void> Supervisor::resume(std::string_view source) {
  if (const auto status = impl_->to_command(source); !status) return status.error();
  impl_->post_event(source, event::Resume{});
  return {};
}

void Supervisor::send(RunToken run, std::string frames) {
  impl_->with_run(run, [frames = std::move(frames)](SourceTask& t) { t.send(frames); });
}

void Supervisor::drained(RunToken run) {
  impl_->with_run(run, [](SourceTask& t) { t.drained(); });
}

void Supervisor::refuse(RunToken run, Refusal refusal) {
  impl_->with_run(run, [r = std::move(refusal)](SourceTask& t) { t.feed(event::Refused{r.status, r.text, r.again}); });
}

} // namespace kepu::supervisor
