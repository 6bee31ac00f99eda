#include "samples.hpp"

#include "base/bytes.hpp"
#include "wire/frames.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace kepu::wire {
namespace {

struct Direction {
  const char* from;
  std::vector<Message> messages;
  Result<Message> (*decode)(Type, std::string_view);
};

std::vector<Direction> directions() {
  return {{"worker", samples::from_worker(), decode_from_worker},
          {"daemon", samples::from_daemon(), decode_from_daemon}};
}

struct Encoded {
  Header header;
  std::string payload;
};

Encoded encoded(const Message& message, uint32_t tag = 7) {
  std::string bytes;
  encode(message, tag, bytes);
  auto header = decode_header(bytes);
  EXPECT_TRUE(header) << header.error().text;
  EXPECT_EQ(header->size + header_bytes, bytes.size());
  return {*header, bytes.substr(header_bytes)};
}

TEST(Frames, EveryMessageComesBackAsItWasSent) {
  for (const auto& direction : directions()) {
    for (const auto& message : direction.messages) {
      const auto frame = encoded(message);
      EXPECT_EQ(frame.header.tag, 7u);
      const auto back = direction.decode(frame.header.type, frame.payload);
      ASSERT_TRUE(back) << back.error().text;
      EXPECT_TRUE(*back == message) << direction.from << " " << name(frame.header.type);
    }
  }
}

TEST(Frames, APayloadCutAtAnyByteIsRefused) {
  for (const auto& direction : directions()) {
    for (const auto& message : direction.messages) {
      const auto frame = encoded(message);
      for (size_t n = 0; n < frame.payload.size(); ++n) {
        EXPECT_FALSE(direction.decode(frame.header.type, std::string_view(frame.payload).substr(0, n)))
            << name(frame.header.type) << " cut at " << n;
      }
    }
  }
}

TEST(Frames, BytesLeftOverAreRefused) {
  for (const auto& direction : directions()) {
    for (const auto& message : direction.messages) {
      const auto frame = encoded(message);
      const auto back = direction.decode(frame.header.type, frame.payload + '\0');
      ASSERT_FALSE(back) << name(frame.header.type);
      EXPECT_EQ(back.error().code, "bad_frame");
    }
  }
}

TEST(Frames, AFlippedByteIsRefusedOrStillAMessageOfItsType) {
  for (const auto& direction : directions()) {
    for (const auto& message : direction.messages) {
      const auto frame = encoded(message);
      for (size_t at = 0; at < frame.payload.size(); ++at) {
        for (const int flip : {0x01, 0x80, 0xff}) {
          auto damaged = frame.payload;
          damaged[at] = static_cast<char>(damaged[at] ^ flip);
          const auto back = direction.decode(frame.header.type, damaged);
          if (!back) continue;
          // What is taken is taken whole: it writes itself as it was read.
          EXPECT_EQ(encoded(*back).payload, damaged) << name(frame.header.type) << " at " << at;
        }
      }
    }
  }
}

TEST(Frames, ATypeOfTheOtherDirectionIsRefused) {
  for (const auto& message : samples::from_worker()) {
    const auto frame = encoded(message);
    if (frame.header.type == Type::input) continue; // goes both ways
    EXPECT_FALSE(decode_from_daemon(frame.header.type, frame.payload)) << name(frame.header.type);
  }
  for (const auto& message : samples::from_daemon()) {
    const auto frame = encoded(message);
    if (frame.header.type == Type::input) continue;
    EXPECT_FALSE(decode_from_worker(frame.header.type, frame.payload)) << name(frame.header.type);
  }
  EXPECT_FALSE(decode_from_worker(Type::rows, "")); // batches have their own way
  EXPECT_FALSE(decode_from_daemon(Type::retract, ""));
}

TEST(Frames, WhatIsOutOfItsRangeIsRefusedWithTheReason) {
  const auto long_text = std::string(KEPU_MAX_TEXT_BYTES + 1, 'x');
  Described bad_mode;
  bad_mode.descriptor.mode = 3;
  Described bad_needs;
  bad_needs.descriptor.needs = 4;
  Described bad_setting;
  bad_setting.descriptor.settings.resize(1);
  bad_setting.descriptor.settings[0].type = KEPU_SETTING_TABLE + 1;
  const auto with_field = [](auto change) {
    Described described;
    described.descriptor.datasets = {samples::dataset()};
    change(described.descriptor.datasets[0]);
    return described;
  };
  Described many_datasets;
  many_datasets.descriptor.datasets.resize(KEPU_MAX_DATASETS + 1);
  const struct {
    Message message;
    const char* why;
  } cases[] = {
      {LogFrame{KEPU_DEBUG - 1, "x"}, "level"},
      {LogFrame{KEPU_ERROR + 1, "x"}, "level"},
      {LogFrame{KEPU_INFO, "\xc0\xaf"}, "not UTF-8"},
      {LogFrame{KEPU_INFO, "\xed\xa0\x80"}, "not UTF-8"},
      {LogFrame{KEPU_INFO, long_text}, "too long"},
      {Done{-1, ""}, "status"},
      {Done{KEPU_RUN_BUG + 1, ""}, "status"},
      {Done{KEPU_RUN_OK, long_text}, "too long"},
      {CommitFrame{std::string(KEPU_MAX_CURSOR_BYTES + 1, 'c'), 0, 0}, "cursor is too long"},
      {RejectFrame{1, "ts", "", "m"}, "code"},
      {RejectFrame{1, "ts", "Bad", "m"}, "code"},
      {RejectFrame{1, "ts", "bad code", "m"}, "code"},
      {RejectFrame{uint64_t{INT64_MAX} + 1, "ts", "bad", "m"}, "place"},
      {RejectFrame{1, "\xff", "bad", "m"}, "field is not UTF-8"},
      {RejectFrame{1, "ts", "bad", long_text}, "message is too long"},
      {InputAsked{InputAsked::Act::begin, std::string(KEPU_MAX_INPUT_NAME_BYTES + 1, 'n'), 0, {}}, "input name"},
      {Hello{1, 0, 0, false}, "pid"},
      {Hello{1, 1u << 31, 0, false}, "pid"},
      {Hello{1, 1, -1, false}, "landlock"},
      {bad_mode, "mode"},
      {bad_needs, "needs"},
      {bad_setting, "setting type"},
      {many_datasets, "datasets are too many"},
      {with_field([](auto& d) { d.version = 0; }), "version"},
      {with_field([](auto& d) { d.fields[0].type = KEPU_NULL; }), "field type"},
      {with_field([](auto& d) { d.fields[0].type = KEPU_PERIOD + 1; }), "field type"},
      {with_field([](auto& d) { d.fields[1].scale = 10; }), "scale"},
      {with_field([](auto& d) { d.fields[1].roles = 1u << 12; }), "roles"},
      {with_field([](auto& d) { d.fields.resize(KEPU_MAX_FIELDS + 1, d.fields[0]); }), "fields are too many"},
  };
  for (const auto& c : cases) {
    std::string bytes;
    encode(c.message, 0, bytes);
    const auto type = static_cast<Type>(bytes[4]);
    const auto back = decode_from_worker(type, std::string_view(bytes).substr(header_bytes));
    ASSERT_FALSE(back) << c.why;
    EXPECT_NE(back.error().text.find(c.why), std::string::npos) << back.error().text;
    EXPECT_NE(back.error().text.find(name(type)), std::string::npos) << back.error().text;
  }
}

TEST(Frames, AConfigureThatNamesNoAbsoluteFolderOrNoWholeKeyIsRefused) {
  const auto with = [](auto change) {
    Configure configure;
    change(configure);
    return encoded(configure).payload;
  };
  const std::string cases[] = {
      with([](auto& c) { c.readable = {"srv"}; }),
      with([](auto& c) { c.readable = {""}; }),
      with([](auto& c) { c.writable = {std::string("/srv\0/x", 7)}; }),
      with([](auto& c) { c.person_key = PersonKey{std::string(31, 'k')}; }),
      with([](auto& c) { c.person_key = PersonKey{std::string(33, 'k')}; }),
      with([](auto& c) { c.allow = 4; }),
      with([](auto& c) {
        c.settings = {{"x", 0, 0, 0, "", {}}};
      }),
      with([](auto& c) {
        c.settings = {{"x", KEPU_SETTING_REAL, 0, NAN, "", {}}};
      }),
      with([](auto& c) {
        c.settings = {{"x", KEPU_SETTING_REAL, 0, INFINITY, "", {}}};
      }),
      with([](auto& c) { c.time_zone = "\xff"; }),
  };
  for (const auto& payload : cases)
    EXPECT_FALSE(decode_from_daemon(Type::configure, payload));
}

TEST(Frames, AConfigureThatPassesTheMostAPayloadMayHaveIsNotWrittenInPart) {
  Configure configure;
  for (int i = 0; i < 40; ++i)
    configure.settings.push_back({"s", KEPU_SETTING_TEXT, 0, 0, std::string(60000, 'x'), {}});
  std::string out = "before";
  EXPECT_THROW(encode(configure, 0, out), std::length_error);
  EXPECT_EQ(out, "before");
}

TEST(Frames, AnInputAnswerOfNoKnownDecisionIsRefused) {
  for (const int32_t decision : {0, 5, -1}) {
    const auto frame = encoded(InputAnswered{decision, false, 0, {}});
    EXPECT_FALSE(decode_from_daemon(Type::input, frame.payload));
  }
}

std::string header(uint32_t size, unsigned type, unsigned zero8 = 0, uint16_t zero16 = 0) {
  std::string out;
  ByteWriter to(out);
  to.put(size);
  to.put(static_cast<uint8_t>(type));
  to.put(static_cast<uint8_t>(zero8));
  to.put(zero16);
  to.put(uint32_t{5});
  return out;
}

TEST(FrameHeader, IsRefusedForWhatItMayNotSay) {
  EXPECT_TRUE(decode_header(header(0, 15)));
  EXPECT_TRUE(decode_header(header(max_payload, static_cast<unsigned>(Type::rows))));
  const std::string cases[] = {
      header(0, 0),                                               // no type
      header(0, 18),                                              // a type past the last
      header(0, 255),                                             //
      header(0, 15, 1),                                           // not zero where it must be
      header(0, 15, 0, 1),                                        //
      header(max_payload + 1, static_cast<unsigned>(Type::rows)), // too long for any
      header(UINT32_MAX, static_cast<unsigned>(Type::rows)),      //
      header(65536, static_cast<unsigned>(Type::log)),            // longer than its type allows
      header(1000, static_cast<unsigned>(Type::ack)),             //
      header(0, 15).substr(0, 11),                                // cut short
      "",                                                         //
  };
  for (const auto& bytes : cases)
    EXPECT_FALSE(decode_header(bytes));
}

TEST(FrameHeader, AllowsEachTypeItsLongestHonestPayload) {
  const std::string name(KEPU_MAX_INPUT_NAME_BYTES, 'n');
  const std::string text(KEPU_MAX_TEXT_BYTES, 't');
  const Message longest[] = {InputAsked{InputAsked::Act::begin, name, UINT64_MAX, {}},
                             RejectFrame{INT64_MAX, std::string(256, 'f'), std::string(256, 'c'), text},
                             CommitFrame{std::string(KEPU_MAX_CURSOR_BYTES, 'c'), UINT64_MAX, UINT64_MAX},
                             LogFrame{KEPU_INFO, text}, Done{KEPU_RUN_OK, text}};
  for (const auto& message : longest) {
    const auto frame = encoded(message);
    EXPECT_TRUE(decode_from_worker(frame.header.type, frame.payload));
  }
}

} // namespace
} // namespace kepu::wire
