#include "base/side_thread.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

namespace kepu {
namespace {

TEST(SideThread, AnswersInTheOrderOfTheQuestions) {
  SideThread side("side");
  std::vector<int> done;
  std::vector<std::future<int>> answers;
  for (int i = 0; i < 100; ++i)
    answers.push_back(side.ask([&done, i] {
      done.push_back(i);
      return i * i;
    }));
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(answers[static_cast<size_t>(i)].get(), i * i);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(done[static_cast<size_t>(i)], i);
}

TEST(SideThread, IsAnotherThread) {
  SideThread side("side");
  EXPECT_NE(side.ask([] { return std::this_thread::get_id(); }).get(), std::this_thread::get_id());
}

TEST(SideThread, ThrowsTheAnswersErrorWhereItIsAskedFor) {
  SideThread side("side");
  auto answer = side.ask([]() -> int { throw std::runtime_error("no"); });
  EXPECT_THROW(answer.get(), std::runtime_error);
  EXPECT_EQ(side.ask([] { return 1; }).get(), 1);
}

TEST(SideThread, DoesWhatWasAskedBeforeItEnds) {
  std::atomic<int> done = 0;
  {
    SideThread side("side");
    for (int i = 0; i < 100; ++i)
      (void)side.ask([&] { ++done; });
  }
  EXPECT_EQ(done, 100);
}

} // namespace
} // namespace kepu
