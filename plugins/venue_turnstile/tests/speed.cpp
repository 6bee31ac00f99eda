// SPDX-License-Identifier: Apache-2.0
//
// How fast rows come out of files, hashing included, with a hub that only counts them.
//   speed FOLDER [PATTERN]
#include <kepu/connector.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <sys/resource.h>
#include <vector>

extern "C" const kepu_entry kepu_connector_entry;

namespace {

struct Counted {
  uint64_t rows = 0, rejects = 0, sum = 0, text = 0;
} counted;

kepu_host counting_host() {
  kepu_host host{};
  host.struct_size = sizeof host;
  host.abi_major = KEPU_ABI_MAJOR;
  host.log = [](void*, int32_t, kepu_str) {};
  host.progress = [](void*, uint64_t, uint64_t) {};
  host.is_cancelled = [](void*) { return 0; };
  host.time_zone = [](void*) { return kepu_str{"Asia/Shanghai", 13}; };
  host.extension = [](void*, const char*) -> const void* { return nullptr; };
  host.explain = [](void*, kepu_str text) { std::printf("%.*s\n", static_cast<int>(text.size), text.data); };
  host.begin_input = [](void*, const kepu_input*, kepu_input_answer* answer) {
    answer->decision = KEPU_TAKE;
    return 0;
  };
  host.end_input = [](void*) { return 0; };
  host.emit = [](void*, uint32_t, const kepu_cell* cells, size_t rows, const uint64_t*) {
    counted.rows += rows;
    for (size_t i = 0; i < rows * 6; ++i)
      counted.text += cells[i].size; // every cell is touched
    for (size_t i = 0; i < rows; ++i)
      counted.sum += static_cast<uint64_t>(cells[i * 6 + 4].value.integer);
    return 0;
  };
  host.reject = [](void*, uint64_t, kepu_str, kepu_str, kepu_str) {
    ++counted.rejects;
    return 0;
  };
  host.commit = [](void*, kepu_str, uint64_t*) { return 0; };
  host.wait_durable = [](void*, uint64_t) { return 0; };
  host.cursor = [](void*) { return kepu_str{nullptr, 0}; };
  return host;
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "speed FOLDER [PATTERN]\n");
    return 2;
  }
  const auto& descriptor = *kepu_connector_entry.descriptor;
  std::vector<kepu_setting> settings;
  for (size_t i = 0; i < descriptor.setting_count; ++i) {
    const auto& spec = *descriptor.settings[i];
    std::string key = spec.key;
    const char* text = key == "folder" ? argv[1] : key == "pattern" && argc > 2 ? argv[2] : spec.default_value;
    if (!text) continue;
    settings.push_back({sizeof(kepu_setting),
                        spec.type,
                        {spec.key, std::strlen(spec.key)},
                        0,
                        0,
                        {text, std::strlen(text)},
                        nullptr,
                        0});
    if (spec.type == KEPU_SETTING_INTEGER) settings.back().integer = std::stoll(text);
  }
  std::vector<const kepu_setting*> pointers;
  for (const auto& setting : settings)
    pointers.push_back(&setting);
  const kepu_settings given{sizeof(kepu_settings), pointers.data(), pointers.size()};
  const kepu_host host = counting_host();
  for (int round = 0; round < 5; ++round) {
    counted = {};
    kepu_connector connector{};
    connector.struct_size = sizeof connector;
    if (kepu_connector_entry.create(&host, &given, &connector) != KEPU_RUN_OK) return 1;
    const auto start = std::chrono::steady_clock::now();
    const int32_t status = connector.run(connector.self);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    connector.destroy(connector.self);
    if (status != KEPU_RUN_OK) return 1;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("%.0f ms, %.2f M rows/s, peak %ld kB, sum %llu\n", took.count(),
                static_cast<double>(counted.rows) / took.count() / 1000, usage.ru_maxrss,
                static_cast<unsigned long long>(counted.sum + counted.text));
  }
}
