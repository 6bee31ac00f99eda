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
#include <sys/wait.h>
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
              {"close the cancel descriptor", "EPERM"},
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

// What a child of this test can do once it is fenced as on a kernel with less.
struct Less {
  bool fenced = false;
  std::string notes;
  bool reads_passwd = false;
  bool renames_between_folders = false;
  bool makes_socket = false;
};

Less fenced_child(const fs::path& folder, const Kernel& kernel) {
  int pipe[2];
  EXPECT_EQ(::pipe(pipe), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    FencePlan plan;
    plan.library = probe_library();
    plan.writable = {(folder / "work").string(), (folder / "missing").string()};
    std::string told = "-";
    if (const auto notes = put_up_fence(plan, kernel); notes) {
      told = "+";
      told += ::open("/etc/passwd", O_RDONLY) >= 0 ? '1' : '0';
      told += ::rename((folder / "work/a/file").c_str(), (folder / "work/b/file").c_str()) == 0 ? '1' : '0';
      told += ::socket(AF_INET, SOCK_STREAM, 0) >= 0 ? '1' : '0';
      for (const auto& note : *notes)
        told += note + "\n";
    }
    if (::write(pipe[1], told.data(), told.size()) < 0) ::_exit(1);
    ::_exit(0);
  }
  ::close(pipe[1]);
  std::string told;
  char buffer[4096];
  for (ssize_t got; (got = ::read(pipe[0], buffer, sizeof buffer)) > 0;)
    told.append(buffer, static_cast<size_t>(got));
  ::close(pipe[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  Less less;
  if (told.size() < 4) return less;
  return {told[0] == '+', told.substr(4), told[1] == '1', told[2] == '1', told[3] == '1'};
}

TEST_F(FenceTest, AKernelWithLessFencesWhatItCanAndSaysWhatItCannot) {
  const Kernel here = look_at_kernel();
  for (int abi = 0; abi <= here.landlock_abi; ++abi) {
    fs::remove_all(folder_ / "work");
    fs::create_directories(folder_ / "work/a");
    fs::create_directories(folder_ / "work/b");
    std::ofstream(folder_ / "work/a/file") << "x";
    const auto less = fenced_child(folder_, {abi, here.seccomp});
    ASSERT_TRUE(less.fenced) << abi;
    EXPECT_EQ(less.reads_passwd, abi == 0) << abi;
    EXPECT_EQ(less.renames_between_folders, abi != 1) << abi;
    EXPECT_EQ(less.makes_socket, !here.seccomp) << abi;
    EXPECT_EQ(less.notes.find("no Landlock") != std::string::npos, abi == 0) << less.notes;
    EXPECT_EQ(less.notes.find("within one folder") != std::string::npos, abi == 1) << less.notes;
    EXPECT_EQ(less.notes.find("missing cannot be written in this run") != std::string::npos, abi > 0) << less.notes;
  }
  const auto none = fenced_child(folder_, {0, false});
  EXPECT_TRUE(none.fenced);
  EXPECT_TRUE(none.makes_socket);
  EXPECT_NE(none.notes.find("no seccomp"), std::string::npos) << none.notes;
}

} // namespace
} // namespace kepu::worker
