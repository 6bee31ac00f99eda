// What a library in a real worker can and cannot do, told by the library itself (probe.c).
#include "driver.hpp"

#include "worker/fence.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kepu::worker {
namespace {

namespace fs = std::filesystem;
using Answers = std::map<std::string, std::string>;

class FenceTest : public ::testing::Test {
protected:
  FenceTest() {
    std::string name = (fs::temp_directory_path() / "kepu-fence-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    for (const char* sub : {"input", "work", "state"})
      fs::create_directory(folder_ / sub);
    std::ofstream(folder_ / "input/file") << "input";
    std::ofstream(folder_ / "state/secret") << "secret";
  }
  ~FenceTest() override { fs::remove_all(folder_); }

  // Runs the probe and returns what it said of each attempt: "done" or the error's name.
  Answers ask(const std::string& act, uint32_t allow, int64_t number = -1) {
    auto configure = configuration(
        {text_setting("act", act), text_setting("folder", folder_.string()), integer_setting("number", number)});
    configure.allow = allow;
    configure.readable = {(folder_ / "input").string()};
    configure.writable = {(folder_ / "work").string()};
    Driver driver({probe_library(), {}, {}, {}});
    const auto hello = driver.expect<wire::Hello>();
    kernel_ = {hello.landlock_abi, hello.seccomp};
    driver.send(configure);
    driver.expect<wire::Described>();
    driver.send(wire::Start{1});
    const auto done = driver.expect<wire::Done>();
    EXPECT_EQ(done.status, KEPU_RUN_OK) << done.text;
    driver.send(wire::Bye{});
    EXPECT_EQ(driver.wait(), (Driver::Exit{0, 0})) << driver.out();
    Answers answers;
    for (const auto& line : driver.logs)
      if (const auto colon = line.text.find(": "); colon != std::string::npos)
        answers[line.text.substr(0, colon)] = line.text.substr(colon + 2);
    return answers;
  }

  // Each attempt has its answer. Those that this kernel cannot fence are left out, with a line that says so.
  static void expect_all(const Answers& answers, const Answers& expected, bool possible, const char* what_is_missing) {
    if (!possible) {
      std::string names;
      for (const auto& [attempt, answer] : expected)
        if (answer != "done") names += (names.empty() ? "" : ", ") + attempt;
      std::printf("skipped: %s, so not looked at: %s\n", what_is_missing, names.c_str());
    }
    for (const auto& [attempt, answer] : expected) {
      if (!possible && answer != "done") continue;
      const auto found = answers.find(attempt);
      ASSERT_NE(found, answers.end()) << attempt;
      EXPECT_EQ(found->second, answer) << attempt;
    }
  }

  fs::path folder_;
  Kernel kernel_;
};

TEST_F(FenceTest, FilesAreThoseOfTheSourceAndWhatLibrariesNeed) {
  const auto answers = ask("files", 0);
  expect_all(answers,
             {{"read /etc/passwd", "EACCES"},
              {"read /etc/shadow", "EACCES"},
              {"read state", "EACCES"},
              {"list state", "EACCES"},
              {"list root", "EACCES"},
              {"write input", "EACCES"},
              {"create in input", "EACCES"},
              {"symlink in work", "EACCES"},
              {"unlink state", "EACCES"},
              {"write state", "EACCES"},
              {"truncate state", kernel_.landlock_abi >= 3 ? "EACCES" : "EPERM"},
              {"read parent's environment", "EACCES"},
              {"read input", "done"},
              {"list input", "done"},
              {"create in work", "done"},
              {"mkdir in work", "done"},
              {"unlink in work", "done"},
              {"write /dev/null", "done"},
              {"read /dev/urandom", "done"},
              {"read zone", "done"},
              {"list /etc/ssl", "done"},
              {"iconv", "done"}},
             kernel_.landlock_abi >= 1, "this kernel has no Landlock");
  expect_all(answers, {{"rename in work", "done"}, {"rename out of work", "EACCES"}, {"link state into work", "EXDEV"}},
             kernel_.landlock_abi >= 2, "this kernel's Landlock cannot rename between folders");
  expect_all(answers, {{"chmod state", "EPERM"}, {"chown state", "EPERM"}}, kernel_.seccomp,
             "this kernel has no seccomp");
  std::ifstream in(folder_ / "state/secret");
  std::string secret;
  in >> secret;
  EXPECT_EQ(secret, "secret");
}

// A listener of this test on loopback.
class Listener {
public:
  Listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(::listen(fd_, 8), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size), 0);
    port_ = ntohs(at.sin_port);
  }
  ~Listener() { ::close(fd_); }
  int port() const { return port_; }

private:
  int fd_;
  int port_ = 0;
};

TEST_F(FenceTest, WithoutTheNetworkThereAreNoSockets) {
  const Listener listener;
  expect_all(ask("network", 0, listener.port()),
             {{"internet socket", "EACCES"},
              {"internet 6 socket", "EACCES"},
              {"local socket", "EACCES"},
              {"raw packets", "EACCES"},
              {"kernel socket", "EACCES"},
              {"local socket in disguise", "EACCES"},
              {"socketpair", "done"}},
             look_at_kernel().seccomp, "this kernel has no seccomp");
}

TEST_F(FenceTest, WithTheNetworkThereAreInternetSocketsAndNoOthers) {
  const Listener listener;
  expect_all(ask("network", KEPU_NEED_NETWORK, listener.port()),
             {{"internet socket", "done"},
              {"connect to loopback", "done"},
              {"internet 6 socket", "done"},
              {"local socket", "EACCES"},
              {"raw packets", "EACCES"},
              {"kernel socket", "EACCES"},
              {"local socket in disguise", "EACCES"},
              {"socketpair", "done"}},
             look_at_kernel().seccomp, "this kernel has no seccomp");
}

TEST_F(FenceTest, ThreadsAreMadeButNoProcesses) {
  const auto answers = ask("processes", 0);
  expect_all(answers,
             {{"fork", "EPERM"},
              {"start a program", "EPERM"},
              {"thread", "done"},
              {"signal to itself", "done"},
              {"signal to parent", "EPERM"},
              {"signal to group of parent", "EPERM"},
              {"signal to all", "EPERM"},
              {"thread signal to parent", "EPERM"},
              {"trace parent", "EPERM"},
              {"read parent's memory", "EPERM"},
              {"limit parent", "EPERM"},
              {"raise limit", "EPERM"},
              {"leave group", "EPERM"},
              {"new session", "EPERM"},
              {"namespace", "EPERM"},
              {"outlive parent", "EPERM"},
              {"be dumpable", "EPERM"},
              {"another user", "EPERM"},
              {"io_uring", "ENOSYS"}},
             kernel_.seccomp, "this kernel has no seccomp");
}

TEST_F(FenceTest, DescriptorsAreItsOwnAndTheSocketStaysOpen) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "skipped: ThreadSanitizer takes a refused close of the socket for a race";
#endif
  const int zero = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
  const int stray = ::fcntl(zero, F_DUPFD, 50); // inherited by the worker, which must close it
  const auto answers = ask("descriptors", 0, stray);
  ::close(zero);
  ::close(stray);
  expect_all(answers,
             {{"close the daemon's socket", "EPERM"},
              {"replace the daemon's socket", "EPERM"},
              {"close all descriptors", "EPERM"},
              {"close its own descriptor", "done"}},
             kernel_.seccomp, "this kernel has no seccomp");
  EXPECT_EQ(answers.at("read stray descriptor"), "EBADF");
}

TEST_F(FenceTest, WithExecProgramsStartBehindTheSameFence) {
  const auto answers = ask("processes", KEPU_NEED_EXEC);
  expect_all(answers,
             {{"fork", "done"},
              {"start a program", "done"},
              {"thread", "done"},
              {"signal to itself", "done"},
              {"trace parent", "EPERM"},
              {"read parent's memory", "EPERM"},
              {"leave group", "EPERM"},
              {"new session", "EPERM"},
              {"namespace", "EPERM"},
              {"another user", "EPERM"},
              {"io_uring", "ENOSYS"}},
             kernel_.seccomp, "this kernel has no seccomp");
  expect_all(answers, {{"signal to parent", "EPERM"}, {"thread signal to parent", "EPERM"}}, kernel_.landlock_abi >= 6,
             "this kernel's Landlock does not fence signals");
}

} // namespace
} // namespace kepu::worker
