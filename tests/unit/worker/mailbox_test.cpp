#include "worker/mailbox.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <poll.h>

namespace kepu::worker {
namespace {

using wire::Type;

Result<void> give(Mailbox& mailbox, const wire::Message& message, uint32_t tag = 0) {
  std::string bytes;
  wire::encode(message, tag, bytes);
  return mailbox.take(static_cast<Type>(bytes[4]), tag, std::string_view(bytes).substr(wire::header_bytes));
}

bool readable(int fd) {
  pollfd wait{fd, POLLIN, 0};
  return ::poll(&wait, 1, 0) == 1;
}

TEST(Mailbox, KeepsTheCursorOfTheLastPartThatIsOnDisk) {
  Mailbox mailbox("from before");
  EXPECT_TRUE(mailbox.commits(1, "one"));
  EXPECT_TRUE(mailbox.commits(2, "two"));
  EXPECT_TRUE(mailbox.commits(3, "three"));
  EXPECT_EQ(mailbox.cursor(), "from before");
  EXPECT_TRUE(give(mailbox, wire::Ack{}, 2));
  EXPECT_EQ(mailbox.cursor(), "two");
  EXPECT_EQ(mailbox.wait_durable(1), KEPU_OK);
  EXPECT_EQ(mailbox.wait_durable(2), KEPU_OK);
  EXPECT_TRUE(give(mailbox, wire::Ack{true}, 3));
  EXPECT_EQ(mailbox.wait_durable(3), KEPU_E_DROPPED);
  EXPECT_EQ(mailbox.cursor(), "two");
}

TEST(Mailbox, ADroppedPartStaysDroppedWhenALaterOneIsOnDisk) {
  Mailbox mailbox("");
  for (uint32_t part = 1; part <= 3; ++part)
    mailbox.commits(part, std::to_string(part));
  EXPECT_TRUE(give(mailbox, wire::Ack{true}, 2));
  EXPECT_TRUE(give(mailbox, wire::Ack{}, 3));
  EXPECT_EQ(mailbox.wait_durable(1), KEPU_OK);
  EXPECT_EQ(mailbox.wait_durable(2), KEPU_E_DROPPED);
  EXPECT_EQ(mailbox.wait_durable(3), KEPU_OK);
  EXPECT_EQ(mailbox.cursor(), "3");
}

TEST(Mailbox, WaitingForAPartThatWasNeverCommittedIsABreach) {
  Mailbox mailbox("");
  EXPECT_EQ(mailbox.wait_durable(0), KEPU_E_CONTRACT);
  EXPECT_EQ(mailbox.wait_durable(1), KEPU_E_CONTRACT);
}

TEST(Mailbox, ALostDaemonEndsEveryWait) {
  const struct {
    const char* name;
    std::function<bool(Mailbox&)> waits; // true: ended as it should
  } cases[] = {
      {"start", [](Mailbox& m) { return !m.wait_for_start(); }},
      {"answer",
       [](Mailbox& m) {
         m.asks(1);
         return !m.wait_for_answer();
       }},
      {"durable", [](Mailbox& m) { return m.wait_durable(1) == KEPU_E_CLOSED; }},
      {"too many parts",
       [](Mailbox& m) {
         uint32_t part = 2;
         while (m.commits(part, "cursor"))
           ++part;
         return part < 2000;
       }},
      {"too long cursors",
       [](Mailbox& m) {
         uint32_t part = 2;
         while (m.commits(part, std::string(KEPU_MAX_CURSOR_BYTES, 'c')))
           ++part;
         return part < 100;
       }},
      {"end",
       [](Mailbox& m) {
         m.wait_for_end();
         return true;
       }},
  };
  for (const auto& c : cases) {
    Mailbox mailbox("");
    mailbox.commits(1, "");
    auto ended = std::async(std::launch::async, [&] { return c.waits(mailbox); });
    mailbox.daemon_is_gone();
    EXPECT_TRUE(ended.get()) << c.name;
    EXPECT_TRUE(mailbox.cancelled());
    EXPECT_TRUE(mailbox.gone());
  }
}

TEST(Mailbox, CommitsGoOnWhenPartsComeToDiskAndAreNeverFarAhead) {
  Mailbox mailbox("");
  constexpr uint32_t parts = 5000;
  std::atomic<uint32_t> committed = 0;
  auto committing = std::async(std::launch::async, [&] {
    for (uint32_t part = 1; part <= parts; ++part) {
      if (!mailbox.commits(part, "cursor")) return false;
      committed = part;
    }
    return true;
  });
  // Acknowledges whatever is there; a part that is not yet committed is refused and tried again.
  for (uint32_t part = 1; part <= parts;) {
    ASSERT_LT(committed, part + Mailbox::most_waiting);
    if (give(mailbox, wire::Ack{}, part)) ++part;
  }
  EXPECT_TRUE(committing.get());
  EXPECT_EQ(mailbox.wait_durable(parts), KEPU_OK);
}

TEST(Mailbox, CancelIsSeenByFlagAndDescriptor) {
  Mailbox mailbox("");
  EXPECT_FALSE(mailbox.cancelled());
  EXPECT_FALSE(readable(mailbox.cancel_fd()));
  EXPECT_TRUE(give(mailbox, wire::Cancel{}));
  EXPECT_TRUE(give(mailbox, wire::Cancel{})); // asked twice is asked
  EXPECT_TRUE(mailbox.cancelled());
  EXPECT_TRUE(readable(mailbox.cancel_fd()));
  EXPECT_FALSE(mailbox.gone());
  EXPECT_FALSE(mailbox.wait_for_start());
}

TEST(Mailbox, ATakenPartIsWaitedForAlsoAfterCancel) {
  Mailbox mailbox("");
  mailbox.commits(1, "one");
  EXPECT_TRUE(give(mailbox, wire::Cancel{}));
  auto waited = std::async(std::launch::async, [&] { return mailbox.wait_durable(1); });
  EXPECT_TRUE(give(mailbox, wire::Ack{}, 1));
  EXPECT_EQ(waited.get(), KEPU_OK);
}

TEST(Mailbox, RefusesWhatTheDaemonMayNotSayNow) {
  Mailbox mailbox("");
  EXPECT_FALSE(give(mailbox, wire::Ack{}, 1)) << "no part was committed";
  EXPECT_FALSE(give(mailbox, wire::InputAnswered{}, 1)) << "nothing was asked";
  EXPECT_FALSE(give(mailbox, wire::Describe{}));
  EXPECT_FALSE(give(mailbox, wire::Configure{}));
  EXPECT_FALSE(mailbox.take(Type::log, 0, ""));
  EXPECT_FALSE(mailbox.take(Type::ack, 1, "\x02"));

  EXPECT_TRUE(give(mailbox, wire::Start{}));
  EXPECT_FALSE(give(mailbox, wire::Start{})) << "it was started before";
  mailbox.asks(7);
  EXPECT_FALSE(give(mailbox, wire::InputAnswered{}, 6)) << "another question";
  EXPECT_TRUE(give(mailbox, wire::InputAnswered{}, 7));
  EXPECT_FALSE(give(mailbox, wire::InputAnswered{}, 7)) << "answered before";
  mailbox.commits(1, "");
  mailbox.commits(2, "");
  EXPECT_TRUE(give(mailbox, wire::Ack{}, 2));
  EXPECT_FALSE(give(mailbox, wire::Ack{}, 1)) << "runs back";
  EXPECT_FALSE(give(mailbox, wire::Ack{}, 0));
}

} // namespace
} // namespace kepu::worker
