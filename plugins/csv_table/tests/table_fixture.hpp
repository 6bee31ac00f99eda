// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <kepu/testing/fake_hub.hpp>
#include <kepu/testing/files.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

extern "C" const kepu_entry kepu_connector_entry;

namespace csv_table::tests {

using kepu::testing::Faults;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

inline kepu::abi::Field field(const char* name, kepu_type type, uint32_t roles, bool required = false) {
  kepu::abi::Field out;
  out.name = name;
  out.type = type;
  out.roles = roles;
  out.required = required;
  return out;
}

// A catalog made up for the tests: a dataset of every type, and one without a key.
inline std::vector<kepu::abi::Dataset> catalog() {
  kepu::abi::Dataset sessions{
      "sessions",
      1,
      {field("session_id", KEPU_TEXT, KEPU_ROLE_KEY), field("held_on", KEPU_DATE, KEPU_ROLE_TIME, true),
       field("venue", KEPU_TEXT, KEPU_ROLE_ENTITY), field("area", KEPU_TEXT, KEPU_ROLE_AREA),
       field("direction", KEPU_TEXT, KEPU_ROLE_ATTRIBUTE), field("attendances", KEPU_INTEGER, KEPU_ROLE_MEASURE),
       field("hours", KEPU_DECIMAL, KEPU_ROLE_MEASURE), field("weight", KEPU_REAL, KEPU_ROLE_WEIGHT),
       field("online", KEPU_BOOLEAN, KEPU_ROLE_ATTRIBUTE), field("opened_at", KEPU_TIMESTAMP, KEPU_ROLE_ATTRIBUTE),
       field("season", KEPU_PERIOD, KEPU_ROLE_ATTRIBUTE), field("phone", KEPU_TEXT, KEPU_ROLE_PERSON)}};
  sessions.fields[2].entity_register = "venues";
  sessions.fields[6].scale = 1;
  sessions.fields[11].scheme = "account:desk";
  return {sessions,
          {"visits",
           1,
           {field("day", KEPU_DATE, KEPU_ROLE_TIME, true), field("n", KEPU_INTEGER, KEPU_ROLE_MEASURE, true)}}};
}

class Table : public testing::Test, protected kepu::testing::Files {
protected:
  Table() {
    hub.contracts = catalog();
    hub.settings = {{"folder", folder.string()}, {"dataset", "sessions"}, {"settle", "0s"}};
  }
  int32_t run(const Faults& faults = {}) {
    const auto outcome = hub.run(faults);
    text = outcome.text;
    return outcome.status;
  }
  // What the hub heard, but for commits: their cursor tells inodes.
  std::vector<std::string> heard(const std::string& beginning) const {
    std::vector<std::string> out;
    for (const auto& line : hub.lines())
      if (line.starts_with(beginning)) out.push_back(line);
    return out;
  }

  kepu::testing::FakeHub hub{kepu_connector_entry};
  std::string text; // of the last run's end
};

} // namespace csv_table::tests
