#include "supervisor/launch.hpp"

#include "wire/launch.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <unistd.h>

namespace kepu::supervisor {

Launch worker_launch(const Surroundings& around, const std::string& library) {
  wire::Launch words;
  words.fd = socket_in_child;
  words.library = library;
  words.parent = ::getpid();
  Launch out;
  out.program = around.worker;
  // Nothing of the daemon's environment reaches a connector.
  out.environment = {"LANG=C.UTF-8", "TZ=" + around.time_zone};
#ifdef KEPU_SANITIZED
  words.memory_mib = 0; // shadow memory alone passes any bound
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"})
    if (const char* value = std::getenv(name)) out.environment.push_back(std::string(name) + "=" + value);
#endif
  out.arguments = wire::to_arguments(words);
  return out;
}

std::optional<Sentence> protocol_problem(const wire::Hello& hello) {
  if (hello.protocol == wire::protocol_version) return std::nullopt;
  return Sentence{fmt::format("kepu-worker speaks version {} of the frames and kepud version {}; install both from the "
                              "same package",
                              hello.protocol, wire::protocol_version),
                  fmt::format("kepu-worker 的帧协议版本为 {}，kepud 为 {}；请安装同一版本的软件包", hello.protocol,
                              wire::protocol_version)};
}

settings::LogLevel level_of(int32_t kepu_level) {
  switch (kepu_level) {
  case KEPU_DEBUG:
    return settings::LogLevel::debug;
  case KEPU_INFO:
    return settings::LogLevel::info;
  case KEPU_WARNING:
    return settings::LogLevel::warning;
  }
  return settings::LogLevel::error;
}

} // namespace kepu::supervisor
