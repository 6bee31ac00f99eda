#include "app/memory.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace kepu::app {
namespace {

// KiB of /proc/self/status.
long held(const std::string& what) {
  std::ifstream status("/proc/self/status");
  std::string word;
  long number = 0;
  while (status >> word)
    if (word == what + ":" && status >> number) return number;
  return 0;
}

TEST(Memory, CodeThatIsNotRunIsNotHeldAndRunsAgainWhenItIsNeeded) {
  const auto before = held("RssFile");
  give_memory_back();
  EXPECT_LT(held("RssFile"), before - 1'000);
  EXPECT_EQ(std::to_string(17), "17");
}

class MemoryOfAThread : public testing::TestWithParam<void (*)()> {};

TEST_P(MemoryOfAThread, GoesBackWhenItIsFreed) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "they keep what is freed";
#endif
  std::thread thread([] {
    std::make_unique<char[]>(30'000'000).reset(); // from now on glibc would keep as much by itself
    GetParam()();
    constexpr int pieces = 4'000;
    const auto before = held("RssAnon");
    {
      std::vector<std::unique_ptr<char[]>> all;
      for (int i = 0; i < pieces; ++i)
        all.push_back(std::make_unique<char[]>(10'000));
      EXPECT_GT(held("RssAnon"), before + 30'000);
    }
    give_memory_back();
    EXPECT_LT(held("RssAnon"), before + 4'000);
  });
  thread.join();
}

INSTANTIATE_TEST_SUITE_P(Keeping, MemoryOfAThread, testing::Values(&keep_little_memory, &keep_memory_for_work));

} // namespace
} // namespace kepu::app
