// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

#include "contracts_file.hpp"
#include "settings_file.hpp"
#include "show.hpp"

#include <kepu/person_key.hpp>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <sys/random.h>

namespace kepu::tool {
namespace {

constexpr size_t max_key_file_bytes = 1024; // far more than a key

std::atomic<Show*> running = nullptr; // for the signal handler

void on_signal(int) {
  if (Show* show = running) show->cancel();
}

void cancel_on_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal; // without SA_RESTART: a connector's own waiting call is woken too
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool declares_persons(const abi::Descriptor& descriptor) {
  for (const auto& dataset : descriptor.datasets)
    for (const auto& field : dataset.fields)
      if (field.roles & KEPU_ROLE_PERSON) return true;
  return descriptor.dynamic; // who knows
}

// By the daemon's rule, so that a key that serves here serves there.
std::string read_person_key(const std::string& file) {
  const auto wrong = [&](const std::string& what) {
    return std::runtime_error(file + ": the person key " + what +
                              "; make one with (umask 077; openssl rand -hex 32 > FILE)");
  };
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  std::string content;
  if (error || !std::filesystem::exists(status) || !read_small_file(file, max_key_file_bytes, content))
    throw wrong("cannot be read, or is no key file");
  const auto open_to = std::filesystem::perms::group_all | std::filesystem::perms::others_all;
  if ((status.permissions() & open_to) != std::filesystem::perms::none)
    throw std::runtime_error(file + ": the person key is open to other users; chmod 600 it");
  auto key = abi::person_key_in(content);
  if (!key) throw wrong("is neither 64 hexadecimal digits nor 32 raw bytes");
  if (abi::is_guessable(*key)) throw wrong("is one byte 32 times, which anyone can guess");
  return std::move(*key);
}

std::string person_key(const Arguments& arguments, const abi::Descriptor& descriptor) {
  if (!arguments.person_key.empty()) return read_person_key(arguments.person_key);
  std::string key(abi::person_key_bytes, '\0');
  if (::getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size()))
    throw std::runtime_error("the system gives no random bytes");
  if (declares_persons(descriptor))
    std::fprintf(stderr, "note: persons are shown under a random key that is thrown away; other runs show others\n");
  return key;
}

int exit_code(const host::Outcome& outcome, const Show& show) {
  if (show.failed()) return exit_io;
  switch (static_cast<kepu_run_status>(outcome.status)) {
  case KEPU_RUN_OK:
    return exit_ok;
  case KEPU_RUN_RETRY:
    return exit_retry;
  case KEPU_RUN_BAD_CONFIG:
    return exit_config;
  case KEPU_RUN_BAD_DATA:
    return exit_bad_data;
  case KEPU_RUN_CANCELLED:
    return show.limit_reached() ? exit_ok : exit_cancelled;
  case KEPU_RUN_BUG:
    return exit_bug;
  }
  return exit_bug;
}

} // namespace

int run_once(const host::Library& library, const Arguments& arguments) {
  host::Config config;
  config.time_zone = arguments.zone;
  std::vector<std::string> problems;
  config.settings = read_settings_file(arguments.settings, library.descriptor().settings, problems);
  if (!arguments.catalog.empty()) config.contracts = read_contracts(arguments.catalog, problems);
  for (const auto& problem : problems)
    std::fprintf(stderr, "%s\n", problem.c_str());
  if (!problems.empty()) return exit_config;

  try {
    config.person_key = person_key(arguments, library.descriptor());
    Show show(arguments);
    running = &show;
    cancel_on_signals();
    host::Outcome outcome;
    {
      host::Runner runner(library, show, std::move(config));
      outcome = runner.create();
      show.datasets(runner.datasets());
      if (outcome.ok()) outcome = runner.run();
    }
    running = nullptr;
    if (show.limit_reached() && outcome.status == KEPU_RUN_CANCELLED) outcome.text = "--limit is reached";
    show.end(outcome);
    return exit_code(outcome, show);
  } catch (const std::runtime_error& e) {
    running = nullptr;
    std::fprintf(stderr, "%s\n", e.what());
    return exit_config;
  }
}

} // namespace kepu::tool
