#include "samples.hpp"

#include "wire/splitter.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace kepu::wire {
namespace {

// Feeds `bytes` in reads of at most `step`, and collects the frames.
Result<std::vector<Frame>> split(Splitter& splitter, std::string_view bytes, size_t step) {
  std::vector<Frame> frames;
  while (!bytes.empty()) {
    const auto space = splitter.space();
    const size_t n = std::min({space.size(), bytes.size(), step});
    EXPECT_GT(n, 0u);
    if (n == 0) break;
    std::memcpy(space.data(), bytes.data(), n);
    splitter.took(n);
    bytes.remove_prefix(n);
    for (;;) {
      auto frame = splitter.next();
      if (!frame) return frame.error();
      if (!*frame) break;
      frames.push_back(std::move(**frame));
    }
  }
  return frames;
}

TEST(Splitter, YieldsTheFramesWhateverTheReadsAre) {
  std::string stream;
  for (uint32_t i = 0; i < 50; ++i) {
    encode(LogFrame{KEPU_INFO, std::string(i * 7, 'x')}, i, stream);
    if (i % 10 == 0) encode(CommitFrame{std::string(60000, 'c'), i, 0}, i, stream);
    encode(ProgressFrame{i, 50}, i, stream);
  }
  Splitter whole;
  const auto expected = split(whole, stream, SIZE_MAX);
  ASSERT_TRUE(expected);
  ASSERT_EQ(expected->size(), 105u);
  for (const size_t step : {size_t{1}, size_t{2}, size_t{11}, size_t{13}, size_t{4096}, size_t{65536}}) {
    Splitter splitter;
    const auto frames = split(splitter, stream, step);
    ASSERT_TRUE(frames);
    ASSERT_EQ(frames->size(), expected->size()) << step;
    for (size_t i = 0; i < frames->size(); ++i) {
      EXPECT_EQ((*frames)[i].header.type, (*expected)[i].header.type);
      EXPECT_EQ((*frames)[i].header.tag, (*expected)[i].header.tag);
      EXPECT_EQ((*frames)[i].payload, (*expected)[i].payload);
    }
    EXPECT_TRUE(splitter.at_border());
  }
}

TEST(Splitter, StaysRefusedAfterABadHeader) {
  std::string stream;
  encode(Cancel{}, 0, stream);
  stream += std::string(header_bytes, '\0');
  encode(Cancel{}, 0, stream);
  Splitter splitter;
  EXPECT_FALSE(split(splitter, stream, SIZE_MAX));
  EXPECT_FALSE(splitter.next());
}

TEST(Splitter, ReadsTheRestOfALargePayloadIntoItsPlace) {
  std::string stream;
  encode(CommitFrame{std::string(KEPU_MAX_CURSOR_BYTES, 'c'), 1, 0}, 1, stream);
  Splitter splitter;
  std::memcpy(splitter.space().data(), stream.data(), 100);
  splitter.took(100);
  const auto frame = splitter.next();
  ASSERT_TRUE(frame);
  EXPECT_FALSE(*frame);
  EXPECT_EQ(splitter.space().size(), stream.size() - 100); // asks for no byte of what follows
}

TEST(Splitter, KnowsWhetherTheStreamEndedInMidFrame) {
  std::string stream;
  encode(LogFrame{KEPU_INFO, "hello"}, 0, stream);
  for (size_t n = 1; n < stream.size(); ++n) {
    Splitter splitter;
    ASSERT_TRUE(split(splitter, std::string_view(stream).substr(0, n), SIZE_MAX));
    EXPECT_FALSE(splitter.at_border()) << n;
  }
  Splitter splitter;
  EXPECT_TRUE(splitter.at_border());
  ASSERT_TRUE(split(splitter, stream, SIZE_MAX));
  EXPECT_TRUE(splitter.at_border());
}

} // namespace
} // namespace kepu::wire
