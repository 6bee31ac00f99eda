#include "app/ingest.hpp"

#include "app/memory.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <iterator>
#include <pthread.h>
#include <utility>

namespace kepu::app {
namespace {

// Bytes of one run that wait before its socket is no longer read, and when it is read again. A frame of
// rows takes about 0.5 MB: enough to keep both sides busy, little enough for many sources.
constexpr size_t high_water = 4u << 20;
constexpr size_t low_water = 1u << 20;
// With nothing to do for so long, the log is copied into the file and memory is given back; and as often a store
// that was in trouble is tried again.
constexpr auto idle = std::chrono::seconds(2);
// And as soon as nothing waits, where there was something to do again and again for so long.
constexpr auto seldom = std::chrono::seconds(30);
// Tasks between two steps of a job, so that neither waits for long: a frame of rows takes some milliseconds.
constexpr int tasks_a_step = 8;
// Commits that share a transaction at most, and what is small enough to be shared: the others wait for all of it.
constexpr size_t most_shared = 64;
constexpr uint64_t most_shared_rows = 2'000;
constexpr size_t most_shared_bytes = 64u << 10;

bool is_commit(const std::optional<wire::Header>& header) { return header && header->type == wire::Type::commit; }

} // namespace

Ingest::Ingest(boost::asio::io_context& io, store::Writer& writer, const Clock& clock)
    : io_(io), writer_(writer), clock_(clock), jobs_(clock) {}
Ingest::~Ingest() { stop(); }

void Ingest::start(supervisor::WorkerPort& port) {
  port_ = &port;
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "kepu-ingest");
    work();
  });
}

void Ingest::stop() {
  if (!thread_.joinable()) return;
  end_jobs();
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

size_t Ingest::queued_bytes() const {
  std::lock_guard lock(mutex_);
  size_t bytes = 0;
  for (const auto& [run, waiting] : waiting_)
    bytes += waiting;
  return bytes;
}

void Ingest::push(Task task) {
  {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

Result<http::JobStatus> Ingest::ask_job(JobPlan plan) {
  auto asked = jobs_.ask(std::move(plan));
  push({}); // wakes the thread, which looks for jobs after each task
  return asked;
}

void Ingest::read_again(const std::string& source, std::function<void()> then) {
  before_run(source, {[this, source] { return writer_.read_again(source); }, std::move(then)});
}

void Ingest::retry(const std::string& source, const std::optional<std::string>& input, std::function<void()> then) {
  before_run(source, {[this, source, input] {
                        refused_inputs_[source].forget(input);
                        return writer_.retry(source, input);
                      },
                      std::move(then)});
}

void Ingest::before_run(const std::string& source, BeforeRun what) {
  push({0, {}, {}, [this, source, what = std::move(what)] {
          before_run_[source].push_back(what);
          if (is_open(source) || prepared_.contains(source)) return;
          for (const auto& then : prepare_run(source))
            boost::asio::post(io_, then);
        }});
}

std::vector<std::function<void()>> Ingest::prepare_run(const std::string& source) {
  std::vector<std::function<void()>> out;
  const auto asked = before_run_.extract(source);
  if (asked.empty()) return out;
  for (const auto& what : asked.mapped()) {
    if (const auto done = what.act(); !done) {
      if (done.error().code != "no_input") note(source, done.error()); // else the rejects are gone meanwhile
    } else {
      out.push_back(what.then);
    }
  }
  return out;
}

bool Ingest::is_open(std::string_view source) const {
  if (source == every_source) return !runs_.empty();
  return std::ranges::any_of(runs_, [&](const auto& run) { return run.second->source() == source; });
}

void Ingest::end_jobs() {
  jobs_.end_all();
  push({});
}

void Ingest::work() {
  std::unique_lock lock(mutex_);
  bool tidied = true;
  Instant untidy_since{};
  const auto untidy = [&] {
    if (tidied) untidy_since = clock_.now();
    tidied = false;
  };
  bool has_job = false;
  int since_step = 0;
  for (;;) {
    if (has_job && !group_ && (tasks_.empty() || since_step >= tasks_a_step)) {
      lock.unlock();
      since_step = 0;
      untidy();
      if (jobs_.step()) {
        let_held_back_go();
        has_job = begin_job();
      }
      lock.lock();
      continue;
    }
    if (tasks_.empty()) {
      if (group_) {
        lock.unlock();
        end_group();
        lock.lock();
        continue;
      }
      if (stopping_) return;
      if (!tidied && clock_.now() - untidy_since >= seldom) {
        lock.unlock();
        tidy();
        tidied = true;
        lock.lock();
      } else if (tidied && trouble().empty()) {
        wake_.wait(lock);
      } else if (wake_.wait_for(lock, idle) == std::cv_status::timeout && tasks_.empty()) {
        lock.unlock();
        if (!tidied) tidy();
        tidied = true;
        if (!trouble().empty() && writer_.try_writing()) store_is_well();
        lock.lock();
      }
      continue;
    }
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    if (is_commit(task.header)) --commits_;
    const size_t more_commits = commits_;
    lock.unlock();
    ++since_step;
    if (group_ && !may_share(task)) end_group();
    if (!group_ && more_commits > 0 && is_commit(task.header) && may_share(task)) begin_group(more_commits);
    const bool ends_one = group_ && is_commit(task.header) && --group_->left == 0;
    if (is_held_back(task)) {
      held_back_.push_back(std::move(task));
    } else {
      if (task.header || task.call) untidy();
      take(std::move(task));
      has_job = has_job || begin_job();
    }
    if (ends_one) end_group();
    lock.lock();
  }
}

bool Ingest::begin_job() {
  return jobs_.begin_next([this](std::string_view source) { return is_open(source); });
}

bool Ingest::is_held_back(const Task& task) {
  if (!task.begins.empty() && jobs_.holds(task.begins)) runs_held_back_.insert(task.run);
  return task.run != 0 && runs_held_back_.contains(task.run);
}

void Ingest::let_held_back_go() {
  runs_held_back_.clear();
  std::lock_guard lock(mutex_);
  commits_ += static_cast<size_t>(std::ranges::count_if(held_back_, is_commit, &Task::header));
  tasks_.insert(tasks_.begin(), std::make_move_iterator(held_back_.begin()), std::make_move_iterator(held_back_.end()));
  held_back_.clear();
}

void Ingest::take(Task task) {
  if (task.call) task.call();
  if (!task.header) return;
  take_frame(task);
  std::lock_guard lock(mutex_);
  auto& waiting = waiting_[task.run];
  waiting -= task.payload.size();
  if (waiting <= low_water && held_.erase(task.run)) port_->drained(task.run);
}

void Ingest::tidy() {
  writer_.tidy();
  give_memory_back();
}

void Ingest::note(const std::string& source, const Error& error) {
  trouble_.with([&](Trouble& trouble) { trouble = {source, error.text}; });
}

void Ingest::store_is_well() {
  trouble_.with([](Trouble& trouble) { trouble = {}; });
}

void Ingest::take_frame(const Task& task) {
  const auto found = runs_.find(task.run);
  if (found == runs_.end()) { // could not begin
    if (auto frames = refusing_answer(*task.header); !frames.empty()) port_->send(task.run, std::move(frames));
    return;
  }
  auto answer = found->second->frame(*task.header, task.payload);
  if (!group_) return tell(task.run, *found->second, std::move(answer));
  group_->runs.insert(task.run);
  // A part is on disk at the end; what comes after it of the same run is told after it.
  if (answer.committed ||
      std::ranges::find(group_->answers, task.run, &Group::Answered::run) != group_->answers.end()) {
    group_->answers.push_back({task.run, *task.header, std::move(answer)});
  } else {
    tell(task.run, *found->second, std::move(answer));
  }
}

void Ingest::tell(supervisor::RunToken token, const RunIngest& run, RunIngest::Answer answer) {
  if (!answer.frames.empty()) port_->send(token, std::move(answer.frames));
  if (answer.refuse) {
    refuse(run, token, std::move(*answer.refuse));
  } else if (answer.committed) {
    store_is_well();
  }
}

void Ingest::begin_group(size_t more_commits) {
  writer_.begin_group();
  group_.emplace().left = std::min(more_commits + 1, most_shared);
}

bool Ingest::may_share(const Task& task) const {
  if (!task.header) return task.call == nullptr;
  if (task.header->type == wire::Type::replace || task.payload.size() > most_shared_bytes) return false;
  const auto run = runs_.find(task.run);
  return run == runs_.end() || run->second->part_rows() <= most_shared_rows;
}

void Ingest::end_group() {
  if (!group_) return;
  const auto group = std::exchange(group_, std::nullopt);
  const auto done = writer_.end_group();
  for (const auto& [token, header, answer] : group->answers) {
    auto told = answer;
    if (!done) told.frames = refusing_answer(header);
    if (!done) told.committed = false;
    tell(token, *runs_.at(token), std::move(told));
  }
  if (done) return;
  for (const auto token : group->runs) {
    auto& run = *runs_.at(token);
    if (auto refusal = run.lost(done.error())) refuse(run, token, std::move(*refusal));
  }
}

void Ingest::refuse(const RunIngest& run, supervisor::RunToken token, supervisor::Refusal refusal) {
  if (refusal.status == "retry") note(run.source(), fail("store", refusal.text));
  port_->refuse(token, std::move(refusal));
}

Ingest::Called Ingest::call(const std::function<void()>& act, std::chrono::milliseconds patience) {
  struct Turn {
    std::mutex mutex;
    std::condition_variable changed;
    enum { waits, runs, ended, left } state = waits; // guarded
  };
  auto turn = std::make_shared<Turn>(); // outlives whichever of the two comes last
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return Called::stopping;
    tasks_.push_back({0, {}, {}, [turn, &act] {
                        std::unique_lock mine(turn->mutex);
                        if (turn->state == Turn::left) return;
                        turn->state = Turn::runs;
                        mine.unlock();
                        act();
                        mine.lock();
                        turn->state = Turn::ended;
                        turn->changed.notify_all();
                      }});
  }
  wake_.notify_one();
  std::unique_lock lock(turn->mutex);
  turn->changed.wait_for(lock, patience, [&] { return turn->state != Turn::waits; });
  if (turn->state == Turn::waits) {
    turn->state = Turn::left;
    return Called::late;
  }
  turn->changed.wait(lock, [&] { return turn->state == Turn::ended; });
  return Called::done;
}

void Ingest::prepare(const std::string& source, std::function<void(std::string)> then) {
  push({0, {}, {}, [this, source, then = std::move(then)] {
          // Perhaps a run that was prepared before did not come to begin.
          prepare_run(source);
          prepared_.insert(source);
          auto cursor = writer_.cursor(source);
          boost::asio::post(io_, [then, text = cursor ? *cursor : std::string()] { then(text); });
        }});
}

void Ingest::run_begins(supervisor::RunInfo info) {
  const auto token = info.token;
  const auto source = info.source;
  push({token,
        {},
        {},
        [this, token, source, info = std::move(info)]() mutable {
          prepared_.erase(source);
          keep_memory_for_work();
          auto run = RunIngest::begin(writer_, std::move(info), refused_inputs_[source], clock_);
          if (run) {
            runs_[token] = std::move(*run);
          } else {
            note(source, run.error());
            port_->refuse(token, {"retry", "the store could not begin the run: " + run.error().text});
          }
        },
        source});
}

bool Ingest::frame(supervisor::RunToken run, wire::Header header, std::string payload) {
  bool go_on = true;
  {
    std::lock_guard lock(mutex_);
    auto& waiting = waiting_[run];
    waiting += payload.size();
    if (waiting > high_water) {
      held_[run] = true;
      go_on = false;
    }
    if (is_commit(header)) ++commits_;
    tasks_.push_back({run, header, std::move(payload), {}});
  }
  wake_.notify_one();
  return go_on;
}

void Ingest::settle(supervisor::RunToken run, bool well, std::function<void()> then) {
  push({run, {}, {}, [this, run, well, then = std::move(then)] {
          if (const auto found = runs_.find(run); well && found != runs_.end()) {
            if (auto refusal = found->second->swap()) refuse(*found->second, run, std::move(*refusal));
          }
          boost::asio::post(io_, then);
        }});
}

void Ingest::run_ends(supervisor::RunToken run, supervisor::RunOutcome outcome, std::function<void()> recorded) {
  push({run, {}, {}, [this, run, outcome = std::move(outcome), recorded = std::move(recorded)] {
          std::string ended;
          if (const auto found = runs_.find(run); found != runs_.end()) {
            const auto source = found->second->source();
            if (const auto done = found->second->end(outcome); !done) {
              note(source, done.error());
            } else if (outcome.status == "ok" &&
                       trouble_.with([&](const Trouble& trouble) { return trouble.source == source; })) {
              store_is_well(); // another source's run may have had nothing to write
            }
            runs_.erase(found);
            ended = source;
          }
          {
            std::lock_guard lock(mutex_);
            waiting_.erase(run);
            held_.erase(run);
          }
          boost::asio::post(io_, recorded);
          for (const auto& then : prepare_run(ended)) // after that, so that the source may run
            boost::asio::post(io_, then);
        }});
}

} // namespace kepu::app
