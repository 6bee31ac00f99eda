// kepu-ingest: the thread of the pipeline and of the store's writer, fed with workers' frames in order
// of their arrival.
#pragma once

#include "app/jobs.hpp"
#include "app/run_ingest.hpp"
#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "store/writer.hpp"
#include "supervisor/ingest_port.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace kepu::app {

class Ingest final : public supervisor::IngestPort {
public:
  // `io` runs kepu-io; all outlive this.
  Ingest(boost::asio::io_context& io, store::Writer& writer, const Clock& clock);
  ~Ingest() override; // as stop()

  void start(supervisor::WorkerPort& port);
  // Works off what is queued and ends the thread; a job that is going on is cut off.
  void stop();

  // A long command on the store: one after the other, step by step between what workers send. The runs of the source
  // that one is about wait for its end. Any thread; see Jobs.
  Result<http::JobStatus> ask_job(JobPlan plan);
  std::vector<http::JobStatus> jobs() const { return jobs_.list(); }
  // See store::Writer; a run that has its cursor already is let end first. Calls `then` on kepu-io when it is on disk,
  // unless a run that follows from it has begun by itself. Any thread.
  void read_again(const std::string& source, std::function<void()> then);
  // The same for the inputs that left rejects, or one of them.
  void retry(const std::string& source, const std::optional<std::string>& input, std::function<void()> then);
  // Another catalog is in force: what was refused whole is tried once more. kepu-ingest, in a job.
  void catalog_changed() { refused_inputs_.clear(); }
  // As at stop(), without waiting: so that no run waits for a job any more.
  void end_jobs();

  void prepare(const std::string& source, std::function<void(std::string cursor)> then) override;
  void run_begins(supervisor::RunInfo info) override;
  bool frame(supervisor::RunToken run, wire::Header header, std::string payload) override;
  void settle(supervisor::RunToken run, bool well, std::function<void()> then) override;
  void run_ends(supervisor::RunToken run, supervisor::RunOutcome outcome, std::function<void()> recorded) override;

  // Runs `act` on kepu-ingest after what is queued, and waits for its end; any other thread. late: it did not get its
  // turn within `patience`, and was not and will not be run.
  enum class Called : uint8_t { done, late, stopping };
  Called call(const std::function<void()>& act, std::chrono::milliseconds patience = usual_patience);
  // A step of a large part takes a second on a slow disk.
  static constexpr std::chrono::milliseconds usual_patience = std::chrono::seconds(10);

  // The store's last trouble; empty while it takes what it is given. Any thread.
  std::string trouble() const {
    return trouble_.with([](const Trouble& trouble) { return trouble.text; });
  }
  size_t queued_bytes() const;

private:
  struct Task {
    supervisor::RunToken run = 0;
    std::optional<wire::Header> header; // a frame
    std::string payload;
    std::function<void()> call; // anything else
    std::string begins{};       // source whose run this begins
  };
  void push(Task task);
  void work();
  // What is done to the store before the source runs again; then `then` is called on kepu-io.
  struct BeforeRun {
    std::function<Result<void>()> act;
    std::function<void()> then;
  };
  void before_run(const std::string& source, BeforeRun what);
  // Returns what to call.
  std::vector<std::function<void()>> prepare_run(const std::string& source);
  bool is_open(std::string_view source) const;
  void take(Task task);
  bool begin_job(); // whether one is going on now
  bool is_held_back(const Task& task);
  void let_held_back_go();
  void take_frame(const Task& task);
  void tell(supervisor::RunToken token, const RunIngest& run, RunIngest::Answer answer);
  // Commits of parts that wait already share a transaction; see store::Writer::begin_group.
  void begin_group(size_t more_commits);
  bool may_share(const Task& task) const;
  void end_group();
  void refuse(const RunIngest& run, supervisor::RunToken token, supervisor::Refusal refusal);
  void note(const std::string& source, const Error& error);
  void store_is_well();
  void tidy();

  boost::asio::io_context& io_;
  store::Writer& writer_;
  const Clock& clock_;
  supervisor::WorkerPort* port_ = nullptr;
  std::thread thread_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;                         // guarded by mutex_
  size_t commits_ = 0;                             // guarded: frames among them that commit a part
  std::map<supervisor::RunToken, size_t> waiting_; // guarded: bytes queued of a run
  std::map<supervisor::RunToken, bool> held_;      // guarded: told not to read on
  bool stopping_ = false;                          // guarded
  struct Trouble {
    std::string source; // that met it
    std::string text;
  };
  Guarded<Trouble> trouble_;
  Jobs jobs_;
  // kepu-ingest only
  struct Group {
    size_t left = 0;                     // commits that it takes yet
    std::set<supervisor::RunToken> runs; // whose frames it has taken
    struct Answered {
      supervisor::RunToken run;
      wire::Header header; // of the frame
      RunIngest::Answer answer;
    };
    std::vector<Answered> answers; // that wait for its end
  };
  std::optional<Group> group_;
  std::set<std::string> prepared_;                           // sources whose cursor was handed out for a run to come
  std::map<std::string, std::vector<BeforeRun>> before_run_; // by source, once its run has ended
  std::deque<Task> held_back_; // of runs that began while a job held their source; in order
  std::set<supervisor::RunToken> runs_held_back_;
  std::map<supervisor::RunToken, std::unique_ptr<RunIngest>> runs_;
  std::map<std::string, RefusedInputs> refused_inputs_; // by source
};

} // namespace kepu::app
