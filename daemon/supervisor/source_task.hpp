// One source at work: carries out what the machine says, and tells it what happens. kepu-io only.
#pragma once

#include "supervisor/admit.hpp"
#include "supervisor/describe.hpp"
#include "supervisor/ingest_port.hpp"
#include "supervisor/sentence.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>

namespace kepu::supervisor {

class SourceTask;

// What the sources of one supervisor share. Held by shared_ptr, because ingest may answer late.
struct Hub {
  Hub(std::shared_ptr<Surroundings> shared, settings::Configuration config, std::optional<std::string> key,
      model::Zone z, IngestPort& port)
      : around(std::move(shared)), configuration(std::move(config)), person_key(std::move(key)), zone(std::move(z)),
        ingest(port), descriptions(around) {}

  const std::shared_ptr<Surroundings> around;
  settings::Configuration configuration; // its catalog may be replaced
  const std::optional<std::string> person_key;
  const model::Zone zone;
  IngestPort& ingest;
  Descriptions descriptions;
  std::map<std::string, std::pair<LibraryLook, std::string>> hashes; // of libraries, by path
  std::unordered_map<RunToken, std::weak_ptr<SourceTask>> runs;
  RunToken last_token = 0;
  size_t recording = 0; // ends of runs that are not on disk yet
  std::mt19937 random{std::random_device{}()};
  std::function<void()> changed; // something of a status or of `recording` did
};

class SourceTask : public std::enable_shared_from_this<SourceTask> {
public:
  SourceTask(std::shared_ptr<Hub> hub, const settings::Source& source, Rules rules);

  void feed(Event event);
  const SourceStatus& status() const { return status_; }

  // The run's worker, from ingest.
  void send(std::string_view frames);
  void drained();

  // Lets go of everything; a worker is killed.
  void abandon();

private:
  Now now();
  void perform(const Action& action);
  void start_check();
  void described(const LibraryLook& library, const Description& description);
  void fail_check(const LibraryLook& library, After then, Reason reason);
  void spawn();
  bool frame(wire::Header header, std::string payload);
  void message(wire::Message message);
  void misbehaved(Sentence why);
  void configure();
  void begin_run();
  void settle(bool well);
  void end_run(const action::EndRun& end);
  void send_message(const wire::Message& message);
  void arm();
  void show();
  void log_change(Phase before, const Reason& was);

  const std::shared_ptr<Hub> hub_;
  const settings::Source& source_; // in the hub's configuration
  const Rules rules_;
  Output output_;
  State state_;
  SourceStatus status_;
  std::deque<Event> events_;
  bool feeding_ = false;
  bool abandoned_ = false;
  boost::asio::steady_timer timer_;
  std::optional<Steady> armed_;

  // From a check, for the run that follows.
  uint64_t check_number_ = 0;
  abi::Descriptor descriptor_;
  Admission admission_;
  std::string cursor_;
  std::string library_hash_;

  // Of the worker.
  std::shared_ptr<Link> link_;
  bool greeted_ = false;
  bool configured_ = false;
  bool described_ = false;
  bool done_ = false;
  std::vector<abi::Dataset> datasets_;
  RunToken token_ = 0; // 0: no run is open
  Instant started_{};
};

} // namespace kepu::supervisor
