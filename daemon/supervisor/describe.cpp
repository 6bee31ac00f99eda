#include "supervisor/describe.hpp"

#include "supervisor/launch.hpp"
#include "supervisor/library.hpp"
#include "supervisor/sentence.hpp"

#include <boost/asio/post.hpp>

#include <csignal>
#include <fmt/format.h>

namespace kepu::supervisor {

struct Descriptions::Job : std::enable_shared_from_this<Job> {
  Job(Descriptions& all, LibraryLook look)
      : owner(&all), around(all.around_), library(std::move(look)),
        output(around->clock, std::filesystem::path(library.path).stem().string(), around->log), deadline(around->io) {}

  Descriptions* owner; // null: nobody wants it any more
  const std::shared_ptr<Surroundings> around;
  const LibraryLook library;
  Output output;
  boost::asio::steady_timer deadline;
  std::shared_ptr<Link> link;
  std::optional<Description> result;
  bool greeted = false;
  std::vector<std::function<void(const Description&)>> waiters;

  void start();
  bool frame(wire::Header header, const std::string& payload);
  void answer(wire::Message message);
  void conclude(Description description);
  void kill(What what, Sentence detail);
  void limit(Timing::Duration time);
  void done(Exit exit);
};

void Descriptions::Job::start() {
  auto started = Link::start(
      around, worker_launch(*around, library.path), output,
      {[self = shared_from_this()](wire::Header header, std::string payload) { return self->frame(header, payload); },
       [self = shared_from_this()](Sentence why) { self->kill(What::misbehaved, std::move(why)); },
       [self = shared_from_this()](Exit exit) { self->done(exit); }});
  if (!started) {
    const auto& text = started.error().text;
    result = NotDescribed{After::retry, {What::not_launched, {text, text}, {}, {}}};
    boost::asio::post(around->io, [self = shared_from_this()] { self->done({}); });
    return;
  }
  link = *started;
  limit(around->timing.start_up);
}

void Descriptions::Job::limit(Timing::Duration time) {
  deadline.expires_after(time);
  deadline.async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
    if (const auto self = weak.lock(); self && !ec) self->kill(What::silent_at_start, {});
  });
}

bool Descriptions::Job::frame(wire::Header header, const std::string& payload) {
  const auto message = wire::decode_from_worker(header.type, payload);
  if (!message) {
    kill(What::misbehaved, {message.error().text, message.error().text});
    return true;
  }
  answer(*message);
  return true;
}

void Descriptions::Job::answer(wire::Message message) {
  if (const auto* hello = std::get_if<wire::Hello>(&message); hello && !greeted) {
    greeted = true;
    if (auto problem = protocol_problem(*hello)) {
      kill(What::misbehaved, std::move(*problem));
      return;
    }
    std::string frames;
    wire::encode(wire::Describe{}, 0, frames);
    limit(around->timing.start_up);
    link->send(frames);
  } else if (auto* described = std::get_if<wire::Described>(&message); described && greeted && !result) {
    conclude(std::move(described->descriptor));
  } else if (const auto* failed = std::get_if<wire::Done>(&message); failed && greeted) {
    if (result) return; // DONE after DESCRIPTOR: it has nothing more to say
    const Sentence text{failed->text, failed->text};
    switch (failed->status) {
    case KEPU_RUN_RETRY:
      conclude(NotDescribed{After::retry, {What::retry, text, {}, {}}});
      break;
    case KEPU_RUN_BAD_CONFIG:
      conclude(NotDescribed{After::stop, {What::bad_library, text, {}, {}}});
      break;
    default:
      conclude(NotDescribed{After::crash, {What::bug, text, {}, {}}});
      break;
    }
  } else if (const auto* line = std::get_if<wire::LogFrame>(&message)) {
    output.line(level_of(line->level), line->text);
  } else {
    kill(What::misbehaved, {"it sent a frame that does not belong to a description", "它发送了不属于描述过程的帧"});
  }
}

void Descriptions::Job::conclude(Description description) {
  result = std::move(description);
  std::string frames;
  wire::encode(wire::Bye{}, 0, frames);
  limit(around->timing.cancel_grace);
  link->send(frames);
}

void Descriptions::Job::kill(What what, Sentence detail) {
  if (!link) return;
  if (!result) result = NotDescribed{After::crash, {what, std::move(detail), {}, {}}};
  link->stop_reading();
  link->signal(SIGKILL);
}

void Descriptions::Job::done(Exit exit) {
  const auto self = shared_from_this();
  deadline.cancel();
  link.reset();
  if (!owner) return;
  if (!result) result = NotDescribed{After::crash, {What::crashed_on_load, {}, exit, {}}};
  if (const auto* descriptor = std::get_if<abi::Descriptor>(&*result))
    owner->known_.insert_or_assign(library.path, std::pair(library, *descriptor));
  owner->jobs_.erase(library.path);
  for (const auto& then : std::exchange(waiters, {}))
    then(*result);
}

Descriptions::Descriptions(std::shared_ptr<Surroundings> around) : around_(std::move(around)) {}

Descriptions::~Descriptions() { stop(); }

void Descriptions::stop() {
  for (auto& [path, job] : std::exchange(jobs_, {})) {
    job->owner = nullptr;
    job->waiters.clear();
    job->deadline.cancel();
    if (job->link) {
      job->link->stop_reading();
      job->link->signal(SIGKILL);
      job->link.reset();
    }
  }
}

void Descriptions::get(const LibraryLook& library, std::function<void(const Description&)> then) {
  if (const auto it = known_.find(library.path); it != known_.end() && it->second.first.same_file(library)) {
    boost::asio::post(around_->io,
                      [then = std::move(then), description = Description(it->second.second)] { then(description); });
    return;
  }
  // A file that changes while it is described is described again: its next look differs.
  auto& job = jobs_[library.path];
  const bool fresh = !job;
  if (fresh) job = std::make_shared<Job>(*this, library);
  job->waiters.push_back(std::move(then));
  if (fresh) std::shared_ptr(job)->start();
}

Result<abi::Descriptor> describe_library(const std::filesystem::path& worker, const std::filesystem::path& library,
                                         Timing timing) {
  const auto found = look_at_library(library);
  if (found.problem) return fail("library_refused", found.problem->en);
  boost::asio::io_context io(1);
  const SystemClock clock;
  const auto nothing_logged = [](settings::LogLevel, std::string_view, std::string_view) {
  }; // the verdict is what counts
  std::optional<Description> description;
  Descriptions descriptions(
      std::make_shared<Surroundings>(Surroundings{io, clock, worker, "UTC", timing, nothing_logged}));
  descriptions.get(found.look, [&](const Description& d) { description = d; });
  while (!description && io.run_one() > 0) {
  }
  if (!description) return fail("worker_not_launched", fmt::format("{} was not described", library.string()));
  if (auto* descriptor = std::get_if<abi::Descriptor>(&*description)) return std::move(*descriptor);
  const auto& failed = std::get<NotDescribed>(*description);
  Rules rules;
  rules.connector = library.stem().string();
  rules.timing = timing;
  State state;
  state.library = found.look;
  const auto text = what_happened(rules, state, failed.reason).en;
  switch (failed.then) {
  case After::retry:
    return fail("worker_not_launched", text);
  case After::crash:
    return fail("library_crashed", text);
  default:
    return fail("library_bad", text);
  }
}

} // namespace kepu::supervisor
