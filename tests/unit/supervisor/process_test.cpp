#include "supervisor/process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace kepu::supervisor;
using testing::HasSubstr;

namespace {

// Everything until its last writer is gone.
std::string read_all(int fd) {
  std::string out;
  std::array<char, 4096> bytes;
  for (;;) {
    pollfd wait{fd, POLLIN, 0};
    if (::poll(&wait, 1, 20000) <= 0) return out + "<no end>";
    const auto n = ::read(fd, bytes.data(), bytes.size());
    if (n <= 0) return out;
    out.append(bytes.data(), static_cast<size_t>(n));
  }
}

Launch shell(const std::string& script) { return {"/bin/sh", {"-c", script}, {"LANG=C.UTF-8"}}; }

Exit wait_for(boost::asio::io_context& io, const Process::Launched& launched) {
  std::optional<Exit> ended;
  io.restart(); // it stops when nothing is waited for
  launched.process->watch([&](Exit exit) { ended = exit; });
  while (!ended && io.run_one() > 0) {
  }
  return ended.value_or(Exit{-1, -1});
}

size_t open_descriptors() {
  size_t n = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    ++n;
  return n;
}

bool no_child_is_left() { return ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD; }

TEST(Process, HasFourDescriptorsAnEmptyStdinAndOnlyTheEnvironmentGiven) {
  const Fd other(::dup(0)); // of ours, without CLOEXEC: must not get through either
  boost::asio::io_context io;
  auto launched = Process::launch(io, shell("cat; PATH=/usr/bin:/bin; ls /proc/$$/fd; env")).value();
  const auto said = read_all(launched.ends.out.get());
  EXPECT_EQ(wait_for(io, launched), (Exit{0, 0}));
  EXPECT_THAT(said, testing::StartsWith("0\n1\n2\n3\n"));
  EXPECT_THAT(said, HasSubstr("LANG=C.UTF-8\n"));
  EXPECT_THAT(said, testing::Not(HasSubstr("HOME=")));
  EXPECT_THAT(said, testing::Not(HasSubstr("\n4\n")));
}

TEST(Process, LeadsAGroupOfItsOwn) {
  boost::asio::io_context io;
  auto launched = Process::launch(io, shell("read x <&3")).value();
  EXPECT_EQ(::getpgid(launched.process->pid()), launched.process->pid());
  launched.process->signal_group(SIGKILL);
  EXPECT_EQ(wait_for(io, launched), (Exit{0, SIGKILL}));
  EXPECT_TRUE(no_child_is_left());
}

TEST(Process, TellsCodeOrSignal) {
  boost::asio::io_context io;
  for (int code : {0, 3, 67}) {
    auto launched = Process::launch(io, shell("exit " + std::to_string(code))).value();
    EXPECT_EQ(wait_for(io, launched), (Exit{code, 0}));
  }
  // Also signals that we ignore or block ourselves are the child's to die of.
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  for (int signal : {SIGPIPE, SIGTERM, SIGABRT}) {
    auto launched = Process::launch(io, shell("kill -" + std::to_string(signal) + " $$; sleep 20")).value();
    EXPECT_EQ(wait_for(io, launched), (Exit{0, signal}));
  }
  ::pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr);
}

// Two pipes are readable at once, and the handler of the first closes the second and starts a process: Asio then hands
// the second's event, which it had fetched before, to the process's descriptor.
TEST(Process, AnEventOfAClosedDescriptorIsNotItsEnd) {
  boost::asio::io_context io;
  using Descriptor = boost::asio::posix::stream_descriptor;
  std::vector<std::unique_ptr<Descriptor>> readers;
  std::vector<Fd> writers;
  for (int i = 0; i < 2; ++i) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    readers.push_back(std::make_unique<Descriptor>(io, ends[0]));
    writers.emplace_back(ends[1]);
  }
  std::optional<Process::Launched> launched;
  std::optional<Exit> ended;
  for (size_t i = 0; i < 2; ++i) {
    readers[i]->async_wait(Descriptor::wait_read, [&, i](const boost::system::error_code& ec) {
      if (ec || launched) return;
      readers[1 - i].reset();
      launched = Process::launch(io, shell("read x <&3; exit 5")).value();
      launched->process->watch([&](Exit exit) { ended = exit; });
    });
  }
  for (const auto& writer : writers)
    ASSERT_EQ(::write(writer.get(), "x", 1), 1);
  while (io.poll_one() > 0) {
  }
  ASSERT_TRUE(launched);
  EXPECT_FALSE(ended) << "it was taken for ended, and killed, while it lives";
  ASSERT_EQ(::write(launched->ends.socket.get(), "go\n", 3), 3);
  while (!ended && io.run_one() > 0) {
  }
  EXPECT_EQ(ended, (Exit{5, 0}));
}

TEST(Process, ItsEndTakesItsWholeGroupAlong) {
  boost::asio::io_context io;
  auto launched = Process::launch(io, shell("trap '' TERM; (while :; do sleep 1000; done) & exit 0")).value();
  EXPECT_EQ(wait_for(io, launched), (Exit{0, 0}));
  EXPECT_EQ(read_all(launched.ends.out.get()), ""); // ends only when the grandchild is gone too
  EXPECT_TRUE(no_child_is_left());
}

TEST(Process, SpeaksThroughDescriptorThree) {
  boost::asio::io_context io;
  auto launched = Process::launch(io, shell("read x <&3; echo \"got $x\" >&3")).value();
  ASSERT_EQ(::write(launched.ends.socket.get(), "word\n", 5), 5);
  EXPECT_EQ(wait_for(io, launched), (Exit{0, 0}));
  EXPECT_EQ(read_all(launched.ends.socket.get()), "got word\n");
}

TEST(Process, IsKilledAndReapedWithItsOwner) {
  boost::asio::io_context io;
  Fd out;
  {
    auto launched = Process::launch(io, shell("trap '' TERM; sleep 1000 & wait")).value();
    out = std::move(launched.ends.out);
  }
  EXPECT_EQ(read_all(out.get()), "");
  EXPECT_TRUE(no_child_is_left());
}

TEST(Process, AProgramThatIsNotThereIsAnErrorAndLeavesNothing) {
  boost::asio::io_context io;
  for (const char* program : {"/nowhere/kepu-worker", "/etc/hostname", "/"}) {
    const auto launched = Process::launch(io, {program, {}, {}});
    ASSERT_FALSE(launched) << program;
    EXPECT_EQ(launched.error().code, "worker_not_launched");
    EXPECT_THAT(launched.error().text, HasSubstr(program));
  }
  EXPECT_TRUE(no_child_is_left());
}

TEST(Process, LeaksNoDescriptor) {
  boost::asio::io_context io;
  wait_for(io, Process::launch(io, shell("exit 0")).value()); // what Asio opens once
  const auto before = open_descriptors();
  for (int i = 0; i < 20; ++i) {
    wait_for(io, Process::launch(io, shell("exit 0")).value());
    EXPECT_FALSE(Process::launch(io, {"/nowhere", {}, {}}));
    Process::launch(io, shell("sleep 1000")).value();
  }
  EXPECT_EQ(open_descriptors(), before);
}

} // namespace
