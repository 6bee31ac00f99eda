// Stands in for kepu-worker and behaves as the "library" says, which here is a text of one word a
// line: what to do when asked to describe, to configure, to run, to cancel, to leave.
#include "wire/frames.hpp"
#include "wire/launch.hpp"
#include "wire/splitter.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <optional>
#include <set>
#include <string>
#include <unistd.h>
#include <vector>

using namespace kepu;

namespace {

std::set<std::string> words;
int fd = -1;
wire::Splitter splitter;

bool is(const std::string& word) { return words.contains(word); }

void write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0) _exit(66);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

void say(const wire::Message& message, uint32_t tag = 0) {
  std::string out;
  wire::encode(message, tag, out);
  write_all(out);
}

std::pair<wire::Header, wire::Message> hear() {
  for (;;) {
    auto frame = splitter.next();
    if (!frame) _exit(65);
    if (*frame) {
      auto message = wire::decode_from_daemon((*frame)->header.type, (*frame)->payload);
      if (!message) _exit(65);
      return {(*frame)->header, *message};
    }
    auto space = splitter.space();
    const auto n = ::read(fd, space.data(), space.size());
    if (n <= 0) _exit(66);
    splitter.took(static_cast<size_t>(n));
  }
}

template <class T> T expect() {
  for (;;) {
    auto [header, message] = hear();
    if (std::holds_alternative<wire::Bye>(message)) _exit(0);
    if (auto* wanted = std::get_if<T>(&message)) return *wanted;
  }
}

[[noreturn]] void hang() {
  ::signal(SIGTERM, SIG_IGN);
  for (;;)
    ::pause();
}

[[noreturn]] void crash() {
  ::signal(SIGSEGV, SIG_DFL);
  ::raise(SIGSEGV);
  _exit(1);
}

[[noreturn]] void say_garbage() {
  write_all("this is no frame at all, whatever it may be");
  hang();
}

abi::Dataset passages() {
  abi::Dataset d{"passages", 1, {}};
  d.fields.push_back({"event_id", KEPU_TEXT, 0, KEPU_ROLE_KEY, "", "", true});
  if (is("persons")) d.fields.push_back({"card", KEPU_TEXT, 0, KEPU_ROLE_PERSON, "account:card", "", false});
  return d;
}

abi::Descriptor descriptor(const std::string& id) {
  abi::Descriptor d;
  d.id = is("other_id") ? "somebody_else" : id;
  d.version = "1.4.0";
  d.title = "For tests";
  d.owner = "tests";
  d.mode = is("streaming") ? KEPU_STREAMING : KEPU_SCHEDULED;
  d.needs = is("network") ? uint32_t{KEPU_NEED_NETWORK} : 0;
  d.settings.push_back({"folder", KEPU_SETTING_INPUT_FOLDER, false, false, "", "Where files lie.", "", {}});
  d.settings.push_back({"note", KEPU_SETTING_TEXT, false, false, "", "A note.", "", {}});
  d.datasets.push_back(passages());
  return d;
}

std::string rows_frame(uint32_t rows, size_t text_bytes) {
  std::string ends;
  std::string text;
  for (uint32_t i = 0; i < rows; ++i) {
    text.append(text_bytes, 'x');
    const auto end = static_cast<uint32_t>(text.size());
    ends.append(reinterpret_cast<const char*>(&end), sizeof end);
  }
  abi::Batch batch;
  batch.rows = rows;
  abi::Column column;
  column.ends = ends.data();
  column.text = text.data();
  batch.columns.push_back(column);
  std::string out;
  wire::encode_rows(batch, wire::Type::rows, out);
  return out;
}

void wait_for_bye() {
  if (is("stays_after_bye")) hang();
  expect<wire::Bye>();
}

void take_one_input() {
  wire::InputAsked asked;
  asked.name = "2025-03.csv";
  asked.size = 100;
  say(asked, 7);
  expect<wire::InputAnswered>();
  write_all(rows_frame(3, 10));
  asked.act = wire::InputAsked::Act::end;
  say(asked);
  say(wire::ProgressFrame{3, 3});
  say(wire::LogFrame{KEPU_INFO, "took 3 rows"});
  say(wire::CommitFrame{"cursor after 3", 3, 0}, 1);
  expect<wire::Ack>();
}

void pump() { // far more than any socket holds
  for (int i = 0; i < 64; ++i) {
    write_all(rows_frame(64, 4096));
    if (is("crash_while_pumping") && i == 40) crash();
  }
  say(wire::CommitFrame{"pumped", 64 * 64, 0}, 1);
  expect<wire::Ack>();
}

void print() {
  std::cout << "reading 510104199001011234 and 13800138000\nsecond line\x1b[31m red\n" << std::flush;
  std::cerr << "a complaint without an end" << std::flush;
}

[[noreturn]] void run() {
  if (is("crash")) crash();
  if (is("exit0")) _exit(0);
  if (is("hang")) hang();
  if (is("garbage")) say_garbage();
  if (is("close_socket")) {
    ::close(fd);
    hang();
  }
  if (is("fork")) {
    if (::fork() == 0) hang();
  }
  if (is("print")) print();
  if (is("flood_log"))
    for (int i = 0; i < 3000; ++i)
      say(wire::LogFrame{KEPU_INFO, "flood " + std::to_string(i)});
  if (is("flood_stdout"))
    for (int i = 0; i < 3000; ++i)
      std::cout << "flood " << i << '\n';
  if (is("wait_cancel")) {
    expect<wire::Cancel>();
    say(wire::Done{KEPU_RUN_CANCELLED, ""});
    wait_for_bye();
    _exit(0);
  }
  if (is("pump")) pump();
  if (is("take")) take_one_input();
  const std::pair<const char*, int32_t> ends[] = {{"retry", KEPU_RUN_RETRY},
                                                  {"bad_config", KEPU_RUN_BAD_CONFIG},
                                                  {"bad_data", KEPU_RUN_BAD_DATA},
                                                  {"bug", KEPU_RUN_BUG}};
  wire::Done done{KEPU_RUN_OK, "all was read"};
  for (const auto& [word, status] : ends)
    if (is(word)) done = {status, std::string("because of ") + word};
  say(done);
  if (is("rows_after_done")) write_all(rows_frame(1, 1));
  wait_for_bye();
  _exit(0);
}

} // namespace

int main(int argc, char** argv) {
  const auto launch = wire::parse_launch(std::span<const char* const>(argv + 1, argv + argc));
  if (!launch || launch->parent != ::getppid()) return 64;
  fd = launch->fd;
  std::ifstream library(launch->library);
  for (std::string word; library >> word;)
    words.insert(word);
  const auto id = launch->library.substr(launch->library.rfind('/') + 1,
                                         launch->library.rfind('.') - launch->library.rfind('/') - 1);

  if (is("silent")) hang();
  wire::Hello hello;
  hello.pid = static_cast<uint32_t>(::getpid());
  hello.landlock_abi = 4;
  hello.seccomp = true;
  if (is("old_protocol")) hello.protocol = 99;
  say(hello);
  auto [header, first] = hear();
  if (std::holds_alternative<wire::Bye>(first)) return 0;
  if (std::holds_alternative<wire::Describe>(first)) {
    if (is("crash_on_load")) crash();
    if (is("hang_on_load")) hang();
    if (is("garbage_on_load")) say_garbage();
    if (is("wrong_major")) {
      say(wire::Done{KEPU_RUN_BAD_CONFIG, "it is made for version 2 of the ABI, kepud has version 1"});
    } else {
      say(wire::Described{descriptor(id)});
    }
    expect<wire::Bye>();
    return 0;
  }
  const auto* configure = std::get_if<wire::Configure>(&first);
  if (!configure) return 65;
  if (is("environment"))
    for (char** e = environ; *e; ++e)
      std::cout << "env " << *e << std::endl;
  if (is("show_configure")) {
    std::cout << "key " << configure->person_key.has_value() << " cursor " << configure->cursor << " zone "
              << configure->time_zone << " datasets " << configure->datasets.size() << std::endl;
    for (const auto& folder : configure->readable)
      std::cout << "readable " << folder << std::endl;
    if (const auto& range = configure->range)
      std::cout << "range " << range->time_from / 1'000'000 << " " << range->time_until / 1'000'000 << " "
                << range->first_day << " " << range->until_day << std::endl;
  }
  if (is("crash_on_configure")) crash();
  if (is("refuse_settings")) {
    say(wire::Done{KEPU_RUN_BAD_CONFIG, "the folder holds no file"});
    expect<wire::Bye>();
  }
  if (is("retry_settings")) {
    say(wire::Done{KEPU_RUN_RETRY, "the folder is not mounted"});
    expect<wire::Bye>();
  }
  if (is("rows_too_early")) {
    write_all(rows_frame(1, 1));
    hang();
  }
  say(wire::Described{descriptor(id)});
  expect<wire::Start>();
  run();
}
