#include "wire/launch.hpp"

#include <gtest/gtest.h>

namespace kepu::wire {
namespace {

Result<Launch> parse(const std::vector<std::string>& arguments) {
  std::vector<const char*> pointers;
  for (const auto& argument : arguments)
    pointers.push_back(argument.c_str());
  return parse_launch(pointers);
}

TEST(Launch, ArgumentsComeBackAsTheyWereGiven) {
  const Launch launch{7, "/usr/lib/kepu/connectors/gates.so", 4711, 512};
  const auto back = parse(to_arguments(launch));
  ASSERT_TRUE(back) << back.error().text;
  EXPECT_EQ(back->fd, 7);
  EXPECT_EQ(back->library, launch.library);
  EXPECT_EQ(back->parent, 4711);
  EXPECT_EQ(back->memory_mib, 512u);
}

TEST(Launch, WrongArgumentsAreRefusedByName) {
  const struct {
    std::vector<std::string> arguments;
    const char* named;
  } cases[] = {
      {{}, "are needed"},
      {{"--fd", "7", "--library", "/x.so"}, "are needed"},
      {{"--fd"}, "--fd wants a value"},
      {{"--fd", "2", "--library", "/x.so", "--parent", "1"}, "--fd cannot be"},
      {{"--fd", "7x", "--library", "/x.so", "--parent", "1"}, "--fd cannot be"},
      {{"--fd", "-1", "--library", "/x.so", "--parent", "1"}, "--fd cannot be"},
      {{"--fd", "7", "--library", "x.so", "--parent", "1"}, "--library cannot be"},
      {{"--fd", "7", "--library", "/x.so", "--parent", "0"}, "--parent cannot be"},
      {{"--fd", "7", "--library", "/x.so", "--parent", "1", "--memory-mib", "-5"}, "--memory-mib cannot be"},
      {{"--version", "7"}, "do not know \"--version\""},
  };
  for (const auto& c : cases) {
    const auto back = parse(c.arguments);
    ASSERT_FALSE(back) << c.named;
    EXPECT_NE(back.error().text.find(c.named), std::string::npos) << back.error().text;
  }
}

} // namespace
} // namespace kepu::wire
