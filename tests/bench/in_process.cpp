// kepud's ingest with the connector in the same process, as no daemon should have it: what the process of its own costs
// is the difference. It also times single parts and the steps of a withdrawal, which a daemon does not tell.
//   in_process KEPUD.toml run SOURCE [DAYS]  a run of the source, as kepud and its worker make it, so many days ago
//   in_process KEPUD.toml one-by-one SOURCE  the same, no part before the one before is durable; milliseconds of each
//   in_process KEPUD.toml withdraw RUN       milliseconds of each step
// Prints JSON.
#include "connector_frames.hpp"

#include "app/memory.hpp"
#include "settings/settings.hpp"
#include "supervisor/library.hpp"

#include <persons.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <future>
#include <thread>

namespace {

using namespace kepu;
using namespace kepu::bench;

// Waits for what `act` is called back with on kepu-io.
template <class T> T called_back(const std::function<void(std::function<void(T)>)>& act) {
  std::promise<T> promise;
  act([&](T value) { promise.set_value(std::move(value)); });
  return promise.get_future().get();
}
void called_back(const std::function<void(std::function<void()>)>& act) {
  called_back<bool>([&](auto then) { act([then] { then(true); }); });
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void print(const char* name, const std::vector<double>& took) {
  std::printf("\"%s\":[", name);
  for (size_t i = 0; i < took.size(); ++i)
    std::printf("%s%.4f", i ? "," : "", took[i]);
  std::printf("]}\n");
}

class EarlierClock final : public Clock {
public:
  explicit EarlierClock(std::chrono::days by) : by_(by) {}
  Instant now() const override { return clock_.now() - by_; }
  Steady steady() const override { return clock_.steady(); }

private:
  std::chrono::days by_;
  SystemClock clock_;
};

class Hub {
public:
  Hub(const char* config, std::chrono::days ago) : loaded_(settings::load(config)), clock_(ago) {
    if (!loaded_.problems.empty()) fail(loaded_.problems[0].sentence());
    const auto& daemon = loaded_.configuration.daemon;
    key_ = must(settings::read_person_key(daemon.person_key_file.value()));
    store::Options options;
    options.file = daemon.state_dir / "kepu.db";
    options.clock = &clock_;
    options.person_key_fingerprint = host::key_fingerprint(key_);
    writer_ = must(store::Writer::open(options));
    must(writer_->load_catalog(loaded_.configuration.catalog, must(model::Zone::find(daemon.time_zone))));
  }

  void run(const std::string& source, bool one_by_one) {
    boost::asio::io_context io;
    auto more_to_come = boost::asio::make_work_guard(io);
    std::thread kepu_io([&] { io.run(); });
    Answers answers;
    app::Ingest ingest(io, *writer_, clock_);
    ingest.start(answers);
    run(source, one_by_one, ingest, answers);
    ingest.stop();
    more_to_come.reset();
    kepu_io.join();
  }

  void withdraw(uint64_t run) {
    const auto start = SteadyClock::now();
    auto work = must(writer_->withdraw_run(run));
    std::vector<double> took;
    for (bool done = false; !done;) {
      const auto began = SteadyClock::now();
      done = must(work->step());
      took.push_back(milliseconds_since(began));
    }
    const auto outcome = work->outcome();
    std::printf("{\"seconds\":%.6f,\"removed\":%llu,\"restored\":%llu,", milliseconds_since(start) / 1000,
                static_cast<unsigned long long>(outcome.removed), static_cast<unsigned long long>(outcome.restored));
    print("took_ms", took);
  }

private:
  void run(const std::string& id, bool one_by_one, app::Ingest& ingest, Answers& answers) {
    const auto& configuration = loaded_.configuration;
    const auto source = std::find_if(configuration.sources.begin(), configuration.sources.end(),
                                     [&](const auto& one) { return one.id == id; });
    if (source == configuration.sources.end()) fail("there is no source " + id);
    const auto& daemon = configuration.daemon;
    host::Outcome opened;
    const auto found = supervisor::find_library(daemon.connector_dirs, source->connector);
    if (found.problem) fail("the library cannot be used: " + found.look.path);
    const auto library = host::Library::open(found.look.path, opened);
    if (!library) fail(opened.text);
    auto typed = settings::type_settings(*source, library->descriptor().settings, daemon.file.parent_path());
    if (!typed.problems.empty()) fail(typed.problems[0].sentence());
    host::Config config;
    config.time_zone = daemon.time_zone;
    config.settings = std::move(typed.settings);
    config.person_key = key_;
    config.contracts.emplace();
    for (const auto& dataset : configuration.catalog->datasets)
      config.contracts->push_back(dataset.contract);

    const supervisor::RunToken token = 1;
    const double cpu = cpu_seconds();
    const auto start = SteadyClock::now();
    Frames frames(ingest, answers, token, called_back<std::string>([&](auto then) { ingest.prepare(id, then); }),
                  one_by_one);
    host::Runner runner(*library, frames, std::move(config));
    if (const auto created = runner.create(); !created.ok()) fail(created.text);
    supervisor::RunInfo info;
    info.token = token;
    info.source = id;
    info.connector = source->connector;
    info.connector_version = library->descriptor().version;
    info.library_hash = must(supervisor::hash_library(found.look.path));
    info.datasets = runner.datasets();
    info.max_reject_share = source->max_reject_share;
    info.started = clock_.now();
    ingest.run_begins(std::move(info));
    if (const auto ran = runner.run(); !ran.ok()) fail(ran.text);
    called_back([&](auto then) { ingest.settle(token, true, then); });
    called_back([&](auto then) { ingest.run_ends(token, {"ok", "", clock_.now()}, then); });
    std::printf("{\"seconds\":%.6f,\"cpu_s\":%.6f,\"rows\":%llu,\"parts\":%llu,", milliseconds_since(start) / 1000,
                cpu_seconds() - cpu, static_cast<unsigned long long>(frames.rows()),
                static_cast<unsigned long long>(frames.parts()));
    print("took_ms", frames.took());
  }

  settings::Loaded loaded_;
  EarlierClock clock_;
  std::string key_;
  std::unique_ptr<store::Writer> writer_;
};

} // namespace

int main(int argc, char** argv) {
  const std::string verb = argc == 4 || argc == 5 ? argv[2] : "";
  if (verb != "run" && (argc == 5 || (verb != "one-by-one" && verb != "withdraw"))) {
    std::fputs("usage: in_process KEPUD.toml run SOURCE [DAYS] | one-by-one SOURCE | withdraw RUN\n", stderr);
    return 2;
  }
  app::keep_little_memory();
  Hub hub(argv[1], std::chrono::days(argc == 5 ? std::atoi(argv[4]) : 0));
  if (verb == "withdraw")
    hub.withdraw(std::strtoull(argv[3], nullptr, 10));
  else
    hub.run(argv[3], verb == "one-by-one");
}
