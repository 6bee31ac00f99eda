// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hub.hpp"

#include <kepu/testing/files.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>

namespace venue_turnstile::tests {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* header = "event_id,venue,gate,direction,ts,card\n";

class Turnstile : public testing::Test, protected kepu::testing::Files {
protected:
  Turnstile() { settings = {{"folder", folder.string()}}; }

  // A row whose event, minute and card follow from its number.
  static std::string row(int number, const char* way = "in") {
    const std::string n = std::to_string(number);
    const std::string minute = std::to_string(10 + number % 50);
    return "E" + n + ",V01,1," + way + ",2025-03-05 09:" + minute + ":00,C" + n + "\n";
  }
  static std::string rows(int from, int until, const char* way = "in") {
    std::string out;
    for (int i = from; i < until; ++i)
      out += row(i, way);
    return out;
  }
  int32_t run() { return hub.run(settings); }
  std::string log() const {
    std::string out;
    for (const auto& line : hub.log)
      out += line + "\n";
    return out;
  }
  size_t calls(const std::string& name) const {
    size_t n = 0;
    for (const auto& call : hub.calls)
      n += call.starts_with(name);
    return n;
  }
  std::vector<std::string> events() const {
    std::vector<std::string> out;
    for (const auto& [key, fact] : hub.facts)
      out.push_back(key);
    return out;
  }

  Hub hub;
  Hub::Settings settings;
};

} // namespace venue_turnstile::tests
