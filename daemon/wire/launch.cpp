#include "wire/launch.hpp"

#include <charconv>
#include <string_view>

namespace kepu::wire {
namespace {

template <class T> bool read_number(std::string_view text, T low, T high, T& out) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < low || value > high) return false;
  out = value;
  return true;
}

} // namespace

std::vector<std::string> to_arguments(const Launch& launch) {
  return {"--fd",     std::to_string(launch.fd),     "--library",    launch.library,
          "--parent", std::to_string(launch.parent), "--memory-mib", std::to_string(launch.memory_mib)};
}

Result<Launch> parse_launch(std::span<const char* const> arguments) {
  constexpr std::string_view usage = "; kepu-worker is started by kepud: "
                                     "kepu-worker --fd N --library PATH --parent PID [--memory-mib N]";
  constexpr uint32_t most_memory_mib = 1u << 24; // 16 TiB: a typing mistake, not a machine
  Launch launch;
  for (size_t i = 0; i < arguments.size(); i += 2) {
    const std::string_view name = arguments[i];
    if (i + 1 == arguments.size())
      return fail("bad_argument", std::string(name) + " wants a value" + std::string(usage));
    const std::string_view value = arguments[i + 1];
    bool good = false;
    if (name == "--fd") {
      good = read_number(value, 3, 1 << 20, launch.fd);
    } else if (name == "--library") {
      good = value.starts_with('/');
      launch.library = value;
    } else if (name == "--parent") {
      good = read_number(value, 1, INT32_MAX, launch.parent);
    } else if (name == "--memory-mib") {
      good = read_number(value, 0u, most_memory_mib, launch.memory_mib);
    } else {
      return fail("bad_argument", "I do not know \"" + std::string(name) + "\"" + std::string(usage));
    }
    if (!good)
      return fail("bad_argument", std::string(name) + " cannot be \"" + std::string(value) + "\"" + std::string(usage));
  }
  if (launch.fd < 0 || launch.library.empty() || launch.parent == 0)
    return fail("bad_argument", "--fd, --library and --parent are needed" + std::string(usage));
  return launch;
}

} // namespace kepu::wire
