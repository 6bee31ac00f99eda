// Writes one file for each kind of frame, and one with all of them, into the folder given.
#include "samples.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>

int main(int argc, char** argv) {
  using namespace kepu::wire;
  if (argc != 2) {
    std::fputs("usage: wire_seeds FOLDER\n", stderr);
    return 2;
  }
  std::vector<std::string> seeds;
  for (const auto& messages : {samples::from_worker(), samples::from_daemon()}) {
    for (const auto& message : messages)
      encode(message, 1, seeds.emplace_back());
  }
  const auto rows = samples::three_rows();
  encode_rows(rows.batch, Type::rows, seeds.emplace_back());
  encode_rows(rows.batch, Type::retract, seeds.emplace_back());
  std::string all;
  for (const auto& seed : seeds)
    all += seed;
  seeds.push_back(all);

  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  for (size_t i = 0; i < seeds.size(); ++i) {
    std::ofstream out(folder / std::to_string(i), std::ios::binary);
    out << seeds[i];
    if (!out.flush()) {
      std::perror(argv[1]);
      return 1;
    }
  }
  return 0;
}
