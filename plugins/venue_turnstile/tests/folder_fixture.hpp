// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hub.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fcntl.h>
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

class Turnstile : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kepu-turnstile-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern;
    settings = {{"folder", folder.string()}};
  }
  void TearDown() override { fs::remove_all(folder); }

  // A file that was written `age` seconds ago. Files of one test get times of their own.
  void put(const std::string& name, const std::string& content, int age = 3600) {
    fs::remove(folder / name); // a new inode, as programs that write and rename make
    std::ofstream(folder / name, std::ios::binary) << content;
    aged(name, age);
  }
  void append(const std::string& name, const std::string& content, int age = 3600) {
    std::ofstream(folder / name, std::ios::binary | std::ios::app) << content;
    aged(name, age);
  }
  void aged(const std::string& name, int age) {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    const timespec times[2] = {{now.tv_sec - age, now.tv_nsec}, {now.tv_sec - age, now.tv_nsec}};
    ASSERT_EQ(utimensat(AT_FDCWD, (folder / name).c_str(), times, 0), 0);
  }
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

  fs::path folder;
  Hub hub;
  Hub::Settings settings;
};

} // namespace venue_turnstile::tests
