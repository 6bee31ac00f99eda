// SPDX-License-Identifier: Apache-2.0
//
// Each folder of golden/ holds files as they come, and expected.txt: what the hub holds after one run.
#include "folder_fixture.hpp"

#include <sstream>

namespace venue_turnstile::tests {
namespace {

std::string content_of(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

std::string shown(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else
      out += c;
  }
  return out;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, FilesGiveWhatIsExpected) {
  const auto folder = fs::path(GOLDEN_FOLDER) / GetParam();
  Hub hub;
  ASSERT_EQ(hub.run({{"folder", folder.string()}, {"settle", "0"}}), KEPU_RUN_OK);
  std::string out;
  for (const auto& [key, fact] : hub.facts)
    out += fact.input + ":" + std::to_string(fact.place) + " " + shown(key + "|" + fact.text) + "\n";
  for (const auto& reject : hub.rejects) {
    out += (reject.input.empty() ? "-" : reject.input) + ":" + std::to_string(reject.place) + " " + reject.code + " " +
           (reject.field.empty() ? "-" : reject.field) + ": " + reject.message + "\n";
  }
  EXPECT_EQ(out, content_of(folder / "expected.txt"));
}

INSTANTIATE_TEST_SUITE_P(Files, Golden, testing::Values("gbk_from_a_spreadsheet", "unicode_text", "troubled"),
                         [](const auto& which) { return which.param; });

} // namespace
} // namespace venue_turnstile::tests
