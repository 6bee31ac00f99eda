// kepuctl's run() asked against a FakeHub.
#pragma once

#include "ctl/run.hpp"
#include "fake_hub.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace kepu::ctl {

class Asking : public testing::Test {
protected:
  int ask(std::vector<std::string> args) {
    out.str("");
    err.str("");
    args.insert(args.begin(), {"--socket", hub.socket()});
    return run(args, console);
  }
  // Nothing that a terminal would obey, whatever the hub said.
  void expect_no_controls() {
    for (const auto& text : {out.str(), err.str()}) {
      EXPECT_EQ(text.find_first_of(std::string("\x1b\x07\r\x7f\0", 5)), std::string::npos) << text;
      EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos) << text;
      EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos) << text;
    }
  }

  FakeHub hub;
  std::ostringstream out;
  std::ostringstream err;
  Console console{.out = out, .err = err, .pace = std::chrono::milliseconds(1)};
};

} // namespace kepu::ctl
