#include "app/app.hpp"

#include "app/daemon_control.hpp"
#include "app/ingest.hpp"
#include "app/log.hpp"
#include "app/memory.hpp"
#include "app/state_dir.hpp"
#include "http/budget.hpp"
#include "http/cache.hpp"
#include "http/counts.hpp"
#include "http/server.hpp"
#include "store/writer.hpp"
#include "supervisor/supervisor.hpp"

#include <boost/asio/signal_set.hpp>

#include <persons.hpp>

#include <systemd/sd-daemon.h>

#include <csignal>
#include <cstdio>
#include <functional>

namespace kepu::app {
namespace {

using settings::LogLevel;

Exit complain(Exit how, const std::string& text) {
  std::fprintf(stderr, "kepud: %s\n", text.c_str());
  return how;
}

std::filesystem::path beside_this_program(const char* name) {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / name;
}

} // namespace

Exit run(const std::filesystem::path& config_file) {
  keep_little_memory();
  auto loaded = settings::load(config_file);
  if (!loaded.problems.empty()) {
    for (const auto& problem : loaded.problems)
      std::fprintf(stderr, "%s\n", problem.sentence().c_str());
    return complain(Exit::configuration, std::to_string(loaded.problems.size()) +
                                             (loaded.problems.size() == 1 ? " error" : " errors") +
                                             " in the configuration; nothing was started");
  }
  const auto& configuration = loaded.configuration;
  const auto& daemon = configuration.daemon;
  if (auto ok = open_log(daemon); !ok) return complain(Exit::configuration, ok.error().text);
  for (const auto& warning : loaded.warnings)
    log(LogLevel::warning, "", warning.sentence());

  const auto state = StateDir::take(daemon.state_dir);
  if (!state) return complain(Exit::state, state.error().text);

  std::optional<std::string> person_key;
  if (daemon.person_key_file) {
    auto key = settings::read_person_key(*daemon.person_key_file);
    if (!key) return complain(Exit::configuration, key.error().text);
    person_key = std::move(*key);
  }
  const auto zone = model::Zone::find(daemon.time_zone);
  if (!zone) return complain(Exit::configuration, zone.error().text);

  SystemClock clock;
  store::Options store_options;
  store_options.file = daemon.state_dir / store_file;
  store_options.clock = &clock;
  if (person_key) store_options.person_key_fingerprint = host::key_fingerprint(*person_key);
  auto writer = store::Writer::open(store_options);
  if (!writer) return complain(Exit::store, writer.error().text);
  if (auto ok = (*writer)->load_catalog(configuration.catalog, *zone); !ok)
    return complain(Exit::store, ok.error().text);

  boost::asio::io_context io(1);
  Ingest ingest(io, **writer, clock);
  supervisor::Supervisor::Options options;
  options.worker = beside_this_program("kepu-worker");
  options.configuration = configuration;
  options.person_key = person_key;
  options.log = [](LogLevel level, std::string_view source, std::string_view text) { log(level, source, text); };
  supervisor::Supervisor supervisor(io, clock, *zone, std::move(options), ingest);
  DaemonControl control(supervisor, ingest, **writer, daemon);

  http::AnswerCache cache;
  http::AnswerBudget budget;
  http::RequestCounts counts;
  const auto* notice = daemon.notice ? &*daemon.notice : nullptr;
  store::ReaderSource readers(store_options.file, (*writer)->moments());
  http::Server::Options http_options;
  http_options.host = daemon.listen.host;
  http_options.port = daemon.listen.port;
  http_options.admin_socket = daemon.admin_socket;
  const auto& latest = (*writer)->latest();
  http::Server::Calls calls;
  calls.open = [&readers] { return readers.open(); };
  calls.handle = [&](const http::Request& request, store::Reader& reader) {
    return http::handle(request, reader, control, {&*zone, clock.now(), version, &cache, &counts, &budget, notice});
  };
  calls.fast = [&](const http::Request& request) {
    auto answer = http::at_once(request, {&*zone, clock.now(), version, &cache, &counts, &budget, notice});
    return answer ? answer : http::from_cache(request, cache, latest.load(std::memory_order_acquire), clock.now());
  };
  calls.share = [&](const http::Request& request) {
    return http::share_key(request, latest.load(std::memory_order_acquire));
  };
  calls.warn = [](const std::string& text) { log(LogLevel::warning, "", text); };
  http::Server server(io, clock, counts, http_options, std::move(calls));

  // Before READY, so that no signal finds its default.
  boost::asio::signal_set signals(io, SIGTERM, SIGINT);
  std::signal(SIGPIPE, SIG_IGN);
  if (auto ok = server.start(); !ok) return complain(Exit::listen, ok.error().text);
  boost::asio::signal_set hang_up(io, SIGHUP);
  std::function<void()> await_hang_up = [&] {
    hang_up.async_wait([&](const boost::system::error_code& error, int) {
      if (error) return;
      if (auto asked = control.reload(); !asked) log(LogLevel::warning, "", asked.error().text);
      await_hang_up();
    });
  };
  await_hang_up();
  ingest.start(supervisor);
  supervisor.start();
  log(LogLevel::info, "",
      std::string("kepud ") + version + " listens on " + daemon.listen.host + ":" + std::to_string(server.port()) +
          " with " + std::to_string(configuration.sources.size()) +
          (configuration.sources.size() == 1 ? " source" : " sources"));
  sd_notify(0, "READY=1");

  int to_stop = 2;
  const auto stopped = [&] {
    if (--to_stop == 0) io.stop();
  };
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (error) return;
    sd_notify(0, "STOPPING=1");
    log(LogLevel::info, "", "stopping");
    control.stopping();
    ingest.end_jobs();
    supervisor.stop(stopped);
    server.stop(stopped);
    hang_up.cancel();
  });
  io.run();

  ingest.stop();
  (*writer)->tidy();
  log(LogLevel::info, "", "stopped; nothing is lost");
  return Exit::ok;
}

} // namespace kepu::app
