#include "supervisor/describe.hpp"

#include "supervisor/admit.hpp"
#include "supervisor/library.hpp"
#include "supervisor/sentence.hpp"

#include <boost/asio/post.hpp>

#include <fmt/format.h>
#include <stdexcept>

namespace kepu::supervisor {
namespace {

// What happened, for somebody who has no state of a source.
std::string said(const std::string& connector, const LibraryLook& library, Timing timing, const Reason& reason) {
  Rules rules;
  rules.connector = connector;
  rules.timing = timing;
  State state;
  state.library = library;
  return what_happened(rules, state, reason).en;
}

// Blocks until `ask` was answered, in a loop of events of its own. nullopt: it never was.
template <class Ask>
std::optional<Description> answer_to(const std::filesystem::path& worker, const std::string& time_zone, Timing timing,
                                     Ask ask) {
  boost::asio::io_context io(1);
  const SystemClock clock;
  const auto nothing_logged = [](settings::LogLevel, std::string_view, std::string_view) {
  }; // the verdict is what counts
  std::optional<Description> description;
  ask(std::make_shared<Surroundings>(Surroundings{io, clock, worker, time_zone, timing, nothing_logged}),
      [&](Description d) { description = std::move(d); });
  while (!description && io.run_one() > 0) {
  }
  return description;
}

} // namespace

Descriptions::Descriptions(std::shared_ptr<Surroundings> around) : around_(std::move(around)) {}

Descriptions::~Descriptions() { stop(); }

void Descriptions::stop() {
  for (auto& [path, job] : std::exchange(jobs_, {}))
    job.question->drop();
}

void Descriptions::get(const LibraryLook& library, std::function<void(const Description&)> then) {
  if (const auto it = known_.find(library.path); it != known_.end() && it->second.first.same_file(library)) {
    boost::asio::post(around_->io,
                      [then = std::move(then), description = Description(it->second.second)] { then(description); });
    return;
  }
  // A file that changes while it is described is described again: its next look differs.
  auto& job = jobs_[library.path];
  job.waiters.push_back(std::move(then));
  if (job.question) return;
  std::string frames;
  wire::encode(wire::Describe{}, 0, frames);
  job.question = Question::ask(around_, library, Question::About::library, std::move(frames),
                               [this, library](const Description& description) { described(library, description); });
}

void Descriptions::described(const LibraryLook& library, const Description& description) {
  if (const auto* descriptor = std::get_if<abi::Descriptor>(&description))
    known_.insert_or_assign(library.path, std::pair(library, *descriptor));
  const auto job = jobs_.extract(library.path);
  for (const auto& then : job.mapped().waiters)
    then(description);
}

Result<abi::Descriptor> describe_library(const std::filesystem::path& worker, const std::filesystem::path& library,
                                         Timing timing) {
  const auto found = look_at_library(library);
  if (found.problem) return fail("library_refused", found.problem->en);
  std::string frames;
  wire::encode(wire::Describe{}, 0, frames);
  auto description = answer_to(worker, "UTC", timing, [&](auto around, auto then) {
    Question::ask(std::move(around), found.look, Question::About::library, std::move(frames), std::move(then));
  });
  if (!description) return fail("worker_not_launched", fmt::format("{} was not described", library.string()));
  if (auto* descriptor = std::get_if<abi::Descriptor>(&*description)) return std::move(*descriptor);
  const auto& failed = std::get<NotDescribed>(*description);
  const auto text = said(library.stem().string(), found.look, timing, failed.reason);
  switch (failed.then) {
  case After::retry:
    return fail("worker_not_launched", text);
  case After::crash:
    return fail("library_crashed", text);
  default:
    return fail("library_bad", text);
  }
}

Result<void> try_settings(const std::filesystem::path& worker, const std::filesystem::path& library,
                          const wire::Configure& configure, Timing timing) {
  const auto found = look_at_library(library);
  if (found.problem) return fail("library_refused", found.problem->en);
  std::string frames;
  try {
    wire::encode(configure, 0, frames);
  } catch (const std::length_error&) {
    return fail("settings_refused", too_large("the source's file"));
  }
  const auto description = answer_to(worker, configure.time_zone, timing, [&](auto around, auto then) {
    Question::ask(std::move(around), found.look, Question::About::settings, std::move(frames), std::move(then));
  });
  if (!description) return fail("worker_not_launched", fmt::format("{} was not asked", library.string()));
  const auto* failed = std::get_if<NotDescribed>(&*description);
  if (!failed) return {};
  const auto text = said(library.stem().string(), found.look, timing, failed->reason);
  if (failed->reason.what == What::not_launched) return fail("worker_not_launched", text);
  switch (failed->then) {
  case After::retry:
    return fail("source_out_of_reach", text);
  case After::crash:
    return fail("connector_failed", text);
  default:
    return fail("settings_refused", text);
  }
}

} // namespace kepu::supervisor
