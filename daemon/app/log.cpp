#include "app/log.hpp"

#include "base/printable.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>

namespace kepu::app {
namespace {

spdlog::level::level_enum level_of(settings::LogLevel level) {
  switch (level) {
  case settings::LogLevel::debug:
    return spdlog::level::debug;
  case settings::LogLevel::info:
    return spdlog::level::info;
  case settings::LogLevel::warning:
    return spdlog::level::warn;
  case settings::LogLevel::error:
    return spdlog::level::err;
  }
  return spdlog::level::info;
}

spdlog::sink_ptr sink_of(const settings::Daemon& daemon) {
  switch (daemon.log_sink) {
  case settings::LogSink::stderr_text:
    return std::make_shared<spdlog::sinks::stderr_sink_mt>();
  case settings::LogSink::journal:
    return std::make_shared<spdlog::sinks::systemd_sink_mt>("kepud");
  case settings::LogSink::file:
    return std::make_shared<spdlog::sinks::basic_file_sink_mt>(daemon.log_file.string());
  }
  return nullptr;
}

} // namespace

Result<void> open_log(const settings::Daemon& daemon) {
  try {
    auto logger = std::make_shared<spdlog::logger>("kepud", sink_of(daemon));
    if (daemon.log_sink != settings::LogSink::journal) logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    logger->set_level(level_of(daemon.log_level));
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
    return {};
  } catch (const spdlog::spdlog_ex& error) {
    return fail("log", "cannot open the log " + daemon.log_file.string() + ": " + error.what() +
                           "; check [log] file, its folder and its owner");
  }
}

void log(settings::LogLevel level, std::string_view source, std::string_view text) {
  if (!spdlog::default_logger_raw()->should_log(level_of(level))) return;
  spdlog::log(level_of(level), "{}", (source.empty() ? std::string() : std::string(source) + ": ") + printable(text));
}

} // namespace kepu::app
