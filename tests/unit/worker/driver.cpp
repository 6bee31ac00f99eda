#include "driver.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kepu::worker {
namespace {

constexpr int deadline_ms = 60000; // far above what any test needs, so that a hang fails and does not hang

} // namespace

Driver::Driver(Options options) {
  int pair[2];
  int output[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  EXPECT_EQ(::pipe2(output, O_CLOEXEC), 0);
  socket_ = pair[0];
  output_ = output[0];
  ::fcntl(output_, F_SETFL, O_NONBLOCK);

  wire::Launch launch{options.fd.value_or(3), options.library, options.parent.value_or(::getpid()), 2048};
  auto words = wire::to_arguments(launch);
  words.insert(words.begin(), KEPU_WORKER);
  words.insert(words.end(), options.more_arguments.begin(), options.more_arguments.end());
  std::vector<char*> argv;
  for (auto& word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  const int theirs = ::fcntl(pair[1], F_DUPFD_CLOEXEC, 100);
  const int printed = ::fcntl(output[1], F_DUPFD_CLOEXEC, 100);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, printed, 1);
  posix_spawn_file_actions_adddup2(&files, printed, 2);
  posix_spawn_file_actions_adddup2(&files, theirs, 3);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  EXPECT_EQ(::posix_spawn(&pid_, KEPU_WORKER, &files, &attributes, argv.data(), environ), 0);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  for (const int fd : {pair[1], output[1], theirs, printed})
    ::close(fd);
}

Driver::~Driver() {
  hang_up();
  if (pid_ > 0) {
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(output_);
}

void Driver::send(const wire::Message& message, uint32_t tag) {
  std::string bytes;
  wire::encode(message, tag, bytes);
  send_bytes(bytes);
}

void Driver::send_bytes(std::string_view bytes) {
  // A worker that has ended already is no failure: its end is what the test looks at then.
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

std::optional<wire::Frame> Driver::next() {
  for (;;) {
    auto frame = splitter_.next();
    if (!frame) {
      ADD_FAILURE() << frame.error().text;
      return std::nullopt;
    }
    if (*frame) return std::move(**frame);
    pollfd wait{socket_, POLLIN, 0};
    if (::poll(&wait, 1, deadline_ms) <= 0) {
      ADD_FAILURE() << "the worker says nothing; it printed: " << out();
      return std::nullopt;
    }
    const auto space = splitter_.space();
    const ssize_t got = ::recv(socket_, space.data(), space.size(), 0);
    if (got <= 0) return std::nullopt;
    splitter_.took(static_cast<size_t>(got));
  }
}

std::optional<wire::Message> Driver::next_message() {
  for (;;) {
    auto frame = next();
    if (!frame) return std::nullopt;
    const auto type = frame->header.type;
    last_tag = frame->header.tag;
    if (type == wire::Type::rows || type == wire::Type::retract) {
      const auto batch = wire::decode_batch(frame->payload);
      if (!batch)
        ADD_FAILURE() << batch.error().text;
      else
        rows += batch->rows;
      if (keep_rows) row_frames.push_back(std::move(*frame));
      continue;
    }
    auto message = wire::decode_from_worker(type, frame->payload);
    if (!message) {
      ADD_FAILURE() << message.error().text;
      return std::nullopt;
    }
    if (auto* line = std::get_if<wire::LogFrame>(&*message))
      logs.push_back(std::move(*line));
    else if (auto* moved = std::get_if<wire::ProgressFrame>(&*message))
      progress.push_back(*moved);
    else
      return std::move(*message);
  }
}

size_t Driver::unread() const {
  int bytes = 0;
  ::ioctl(socket_, FIONREAD, &bytes);
  return static_cast<size_t>(bytes);
}

void Driver::hang_up() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

std::string Driver::status(const char* name) const {
  std::ifstream in("/proc/" + std::to_string(pid_) + "/status");
  std::string line;
  while (std::getline(in, line))
    if (line.starts_with(std::string(name) + ":"))
      return line.substr(line.find_first_not_of(" \t", line.find(':') + 1));
  return "0";
}

char Driver::state() const {
  std::ifstream in("/proc/" + std::to_string(pid_) + "/stat");
  std::string text;
  std::getline(in, text);
  const auto at = text.rfind(") ");
  return at == std::string::npos ? '?' : text[at + 2];
}

Driver::Exit Driver::wait() {
  if (socket_ >= 0)
    while (next()) {
    }
  int status = 0;
  EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
  ::kill(-pid_, SIGKILL);
  pid_ = -1;
  if (WIFSIGNALED(status)) return {-1, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

std::string Driver::out() {
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = ::read(output_, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<size_t>(got));
  return text;
}

wire::Configure configuration(std::vector<abi::Setting> settings) {
  wire::Configure configure;
  configure.source = "test";
  configure.time_zone = "Asia/Shanghai";
  configure.settings = std::move(settings);
  configure.datasets = contracts();
  configure.person_key = wire::PersonKey{std::string(32, 'k')};
  return configure;
}

abi::Setting text_setting(std::string key, std::string value) {
  return {std::move(key), KEPU_SETTING_TEXT, 0, 0, std::move(value), {}};
}

abi::Setting integer_setting(std::string key, int64_t value) {
  return {std::move(key), KEPU_SETTING_INTEGER, value, 0, "", {}};
}

std::vector<abi::Dataset> contracts() {
  return {{"events",
           1,
           {{"id", KEPU_TEXT, 0, KEPU_ROLE_KEY, "", "", true},
            {"ts", KEPU_TIMESTAMP, 0, KEPU_ROLE_TIME, "", "", true},
            {"gate", KEPU_TEXT, 0, KEPU_ROLE_ATTRIBUTE, "", "", false}}},
          {"passages",
           1,
           {{"event_id", KEPU_TEXT, 0, KEPU_ROLE_KEY, "", "", true},
            {"venue", KEPU_TEXT, 0, KEPU_ROLE_ENTITY, "", "venues", true},
            {"gate", KEPU_TEXT, 0, KEPU_ROLE_ATTRIBUTE, "", "", false},
            {"direction", KEPU_TEXT, 0, KEPU_ROLE_ATTRIBUTE, "", "", true},
            {"ts", KEPU_TIMESTAMP, 0, KEPU_ROLE_TIME, "", "", true},
            {"card", KEPU_TEXT, 0, KEPU_ROLE_PERSON, "account:turnstile", "", false}}}};
}

std::string probe_library() { return KEPU_PROBE; }
std::string bad_library(const std::string& name) { return std::string(KEPU_BAD_CONNECTORS "/") + name + ".so"; }

} // namespace kepu::worker
