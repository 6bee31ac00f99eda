// Each library of tests/bad_connectors in a real worker: how its run ends, as the daemon sees it. What
// the daemon then does is tested with the supervisor.
#include "driver.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace kepu::worker {
namespace {

struct End {
  std::optional<wire::Done> done; // nullopt: the worker ended without
  Driver::Exit exit;
  size_t rows_committed = 0;
  size_t rejects = 0;
  size_t log_lines = 0;
  std::string printed;
};

// Runs to the end, acknowledging every part.
End run_to_the_end(const std::string& library, std::vector<abi::Setting> settings = {}) {
  End end;
  Driver driver({bad_library(library), {}, {}, {}});
  driver.expect<wire::Hello>();
  driver.send(configuration(std::move(settings)));
  size_t rows_before = 0;
  while (auto message = driver.next_message()) {
    if (std::holds_alternative<wire::Described>(*message)) driver.send(wire::Start{1});
    if (std::holds_alternative<wire::RejectFrame>(*message)) ++end.rejects;
    if (std::holds_alternative<wire::CommitFrame>(*message)) {
      end.rows_committed += driver.rows - rows_before;
      rows_before = driver.rows;
      driver.send(wire::Ack{}, driver.last_tag);
    }
    if (auto* done = std::get_if<wire::Done>(&*message)) {
      end.done = std::move(*done);
      driver.send(wire::Bye{});
    }
  }
  end.exit = driver.wait();
  end.log_lines = driver.logs.size();
  end.printed = driver.out();
  return end;
}

struct Expected {
  const char* library;
  int32_t status; // kepu_run_status
  size_t rows = 0;
  size_t rejects = 0;
  const char* text = ""; // part of what DONE says
};
void PrintTo(const Expected& of, std::ostream* out) { *out << of.library; }

// Why a library is not let loose in a build with sanitizers, or nullptr.
const char* why_not([[maybe_unused]] std::string_view library) {
#ifdef KEPU_SANITIZED
  if (library == "bad_leak" || library == "bad_thread_bomb")
    return "skipped: address space has no bound under sanitizers";
#endif
#ifdef __SANITIZE_THREAD__
  if (library == "bad_closer") return "skipped: ThreadSanitizer takes a refused close of the socket for a race";
#endif
  return nullptr;
}

class EndsWithDone : public ::testing::TestWithParam<Expected> {};
TEST_P(EndsWithDone, AsItsOwnCommentSays) {
  const auto& expected = GetParam();
  if (why_not(expected.library)) GTEST_SKIP() << why_not(expected.library);
  const auto end = run_to_the_end(expected.library);
  ASSERT_TRUE(end.done) << "exit " << end.exit.status << " signal " << end.exit.signal << "\n" << end.printed;
  EXPECT_EQ(end.done->status, expected.status) << end.done->text;
  EXPECT_NE(end.done->text.find(expected.text), std::string::npos) << end.done->text;
  EXPECT_EQ(end.rows_committed, expected.rows);
  EXPECT_EQ(end.rejects, expected.rejects);
  EXPECT_EQ(end.exit, (Driver::Exit{0, 0}));
}
INSTANTIATE_TEST_SUITE_P(BadConnectors, EndsWithDone,
                         ::testing::Values(Expected{"good", KEPU_RUN_OK, 1000}, Expected{"bad_log_flood", KEPU_RUN_OK},
                                           Expected{"bad_fork_bomb", KEPU_RUN_BUG, 0, 0, "0 children were made"},
                                           Expected{"bad_thread_bomb", KEPU_RUN_RETRY, 0, 0, "no more threads"},
                                           Expected{"bad_utf8", KEPU_RUN_OK, 90, 10}, Expected{"bad_nan", KEPU_RUN_BUG},
                                           Expected{"bad_wrong_thread", KEPU_RUN_BUG},
                                           Expected{"bad_major", KEPU_RUN_BAD_CONFIG, 0, 0, "99"},
                                           Expected{"bad_symbol", KEPU_RUN_BAD_CONFIG, 0, 0, KEPU_ENTRY_SYMBOL},
                                           Expected{"bad_undefined", KEPU_RUN_BAD_CONFIG, 0, 0, "nobody_has"},
                                           Expected{"bad_descriptor", KEPU_RUN_BAD_CONFIG},
                                           Expected{"bad_schema", KEPU_RUN_BAD_CONFIG, 0, 0, "ts"},
                                           Expected{"bad_text", KEPU_RUN_BAD_CONFIG, 0, 0, "bad_text.so"},
                                           Expected{"bad_empty", KEPU_RUN_BAD_CONFIG, 0, 0, "bad_empty.so"},
                                           Expected{"bad_closer", KEPU_RUN_OK, 1},
                                           Expected{"bad_huge_row", KEPU_RUN_OK, 1, 3},
                                           Expected{"bad_huge_cursor", KEPU_RUN_BAD_DATA, 0, 0, "refused"},
                                           Expected{"bad_committer", KEPU_RUN_OK, 100000},
                                           Expected{"bad_changer", KEPU_RUN_OK, 10},
                                           Expected{"bad_reader", KEPU_RUN_OK}),
                         [](const auto& of) { return std::string(of.param.library); });

struct Crash {
  const char* library;
  int signal; // 0: exits with `status`
  int status = -1;
};
void PrintTo(const Crash& of, std::ostream* out) { *out << of.library; }

class EndsWithoutDone : public ::testing::TestWithParam<Crash> {};
TEST_P(EndsWithoutDone, AsItsOwnCommentSays) {
  const auto& expected = GetParam();
  if (why_not(expected.library)) GTEST_SKIP() << why_not(expected.library);
  const auto end = run_to_the_end(expected.library);
  EXPECT_FALSE(end.done);
  EXPECT_EQ(end.rows_committed, 0u);
#ifndef KEPU_SANITIZED // which end it with a status of their own, also after exit(0)
  EXPECT_EQ(end.exit, (Driver::Exit{expected.status, expected.signal})) << end.printed;
#endif
}
INSTANTIATE_TEST_SUITE_P(BadConnectors, EndsWithoutDone,
                         ::testing::Values(Crash{"bad_segfault", SIGSEGV}, Crash{"bad_abort", SIGABRT},
                                           Crash{"bad_exit", 0, 0}, Crash{"bad_constructor", SIGSEGV},
                                           Crash{"bad_stack", SIGSEGV}, Crash{"bad_leak", SIGSEGV}),
                         [](const auto& of) { return std::string(of.param.library); });

TEST(BadConnectors, AnExceptionThroughTheBorderIsABugOrACrash) {
  const auto end = run_to_the_end("bad_throw");
  if (end.done)
    EXPECT_EQ(end.done->status, KEPU_RUN_BUG);
  else
    EXPECT_NE(end.exit, (Driver::Exit{0, 0}));
}

TEST(BadConnectors, HalfALibraryIsRefusedOrACrash) {
  const auto end = run_to_the_end("bad_truncated");
  if (end.done)
    EXPECT_EQ(end.done->status, KEPU_RUN_BAD_CONFIG);
  else
    EXPECT_NE(end.exit, (Driver::Exit{0, 0}));
}

TEST(BadConnectors, RowsAfterTheEndOfRunAreNoPartOfAny) {
  const auto end = run_to_the_end("bad_late_rows");
  EXPECT_LE(end.rows_committed, 1u);
}

TEST(BadConnectors, AFloodOfLogLinesIsThinnedOut) {
  const auto end = run_to_the_end("bad_log_flood");
  ASSERT_TRUE(end.done);
  EXPECT_GT(end.log_lines, 100u);
  EXPECT_LT(end.log_lines, 10000u);
}

TEST(BadConnectors, TheStoreCannotBeRead) {
  const auto end = run_to_the_end("bad_reader", {text_setting("store", KEPU_WORKER)});
  ASSERT_TRUE(end.done);
  EXPECT_EQ(end.done->status, KEPU_RUN_OK) << end.done->text;
}

void start(Driver& driver) {
  driver.expect<wire::Hello>();
  driver.send(configuration({}));
  driver.expect<wire::Described>();
  driver.send(wire::Start{1});
}

TEST(BadConnectors, AStreamThatIsDeafToCancelEndsByTerm) {
  Driver driver({bad_library("bad_deaf"), {}, {}, {}});
  start(driver);
  EXPECT_TRUE(driver.next());
  driver.send(wire::Cancel{});
  ::kill(-driver.pid(), SIGTERM);
  EXPECT_EQ(driver.wait().signal, SIGTERM);
}

TEST(BadConnectors, APrinterEndsByTerm) {
  Driver driver({bad_library("bad_printer"), {}, {}, {}});
  start(driver);
  std::string printed;
  while (printed.find("printed line") == std::string::npos)
    printed += driver.out();
  ::kill(-driver.pid(), SIGTERM);
  EXPECT_EQ(driver.wait().signal, SIGTERM);
}

TEST(BadConnectors, OneThatBlocksSignalsEndsByKillAlone) {
  Driver driver({bad_library("bad_stubborn"), {}, {}, {}});
  start(driver);
  EXPECT_TRUE(driver.next()); // it has blocked them and says so
  ::kill(-driver.pid(), SIGTERM);
  EXPECT_EQ(std::stoull(driver.status("ShdPnd"), nullptr, 16), 1ull << (SIGTERM - 1)); // waits, and will for ever
  ::kill(-driver.pid(), SIGKILL);
  EXPECT_EQ(driver.wait().signal, SIGKILL);
}

} // namespace
} // namespace kepu::worker
