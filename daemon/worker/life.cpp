#include "worker/life.hpp"

#include "worker/channel.hpp"
#include "worker/fence.hpp"
#include "worker/mailbox.hpp"
#include "worker/reports.hpp"

#include <kepu/host/host.hpp>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <pthread.h>
#include <stdexcept>
#include <thread>
#include <unistd.h>

namespace kepu::worker {
namespace {

using wire::WorkerExit;

// Time for a connector to see that the daemon is gone and to leave; nothing waits for it any more.
constexpr auto orphan_grace = std::chrono::milliseconds(2000);

[[noreturn]] void leave(WorkerExit how) { ::_exit(static_cast<int>(how)); }

// For the starter's log: there is no frame for these.
void complain(const Error& error) { std::fprintf(stderr, "kepu-worker: %s\n", error.text.c_str()); }

// Signals are for the connector's thread, as in a program that has one.
std::thread without_signals(auto body) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(body));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

void listen(Channel& channel, Mailbox& mailbox) {
  for (;;) {
    auto frame = channel.receive();
    if (!frame) {
      complain(frame.error());
      leave(WorkerExit::protocol);
    }
    if (!*frame) break;
    const auto& [header, payload] = **frame;
    if (const auto taken = mailbox.take(header.type, header.tag, payload); !taken) {
      complain(taken.error());
      leave(WorkerExit::protocol);
    }
    if (header.type == wire::Type::bye && !mailbox.is_done()) leave(WorkerExit::done); // now means now
  }
  mailbox.daemon_is_gone();
  if (!mailbox.wait_done(orphan_grace)) leave(WorkerExit::orphaned);
}

class Task {
public:
  Task(Channel& channel, const wire::Launch& launch, const Kernel& kernel, std::string cursor)
      : channel_(channel), launch_(launch), kernel_(kernel), mailbox_(std::move(cursor)), reports_(channel, mailbox_) {}

  WorkerExit describe() {
    if (!fence({})) return WorkerExit::fence;
    host::Outcome outcome;
    const auto library = host::Library::open(launch_.library, outcome);
    if (library) outcome = send_described({library->descriptor()});
    return finish(outcome);
  }

  WorkerExit run(wire::Configure& configure) {
    FencePlan plan;
    plan.readable = std::move(configure.readable);
    plan.writable = std::move(configure.writable);
    plan.allow = configure.allow;
    if (!fence(std::move(plan))) return WorkerExit::fence;
    return finish(activate(configure));
  }

private:
  bool fence(FencePlan plan) {
    plan.library = launch_.library;
    plan.memory_mib = launch_.memory_mib;
    plan.keep_open = {launch_.fd, mailbox_.cancel_fd()};
    const auto notes = put_up_fence(plan, kernel_);
    if (!notes) {
      complain(notes.error());
      return false;
    }
    for (const auto& note : *notes)
      reports_.log(KEPU_WARNING, host::scrub(note));
    // Not before: the fence holds for this thread and those that it makes from here on.
    without_signals([this] { listen(channel_, mailbox_); }).detach();
    return true;
  }

  host::Outcome activate(wire::Configure& configure) {
    host::Outcome outcome;
    const auto library = host::Library::open(launch_.library, outcome);
    if (!library) return outcome;
    host::Config config{
        std::move(configure.time_zone), std::move(configure.settings), std::move(configure.datasets), {}, {}};
    if (configure.person_key) config.person_key = std::move(configure.person_key->key);
    if (const auto& range = configure.range)
      config.range = host::Range{range->time_from, range->time_until, range->first_day, range->until_day};
    // Destroyed before DONE: a connector that crashes in its end has crashed in its run.
    host::Runner runner(*library, reports_, std::move(config));
    outcome = runner.create();
    if (!outcome.ok()) return outcome;
    wire::Described described{library->descriptor()};
    described.descriptor.datasets = runner.datasets();
    outcome = send_described(described);
    if (!outcome.ok()) return outcome;
    if (!mailbox_.wait_for_start()) return {KEPU_RUN_CANCELLED, "cancelled before it began"};
    return runner.run();
  }

  WorkerExit finish(const host::Outcome& outcome) {
    reports_.flush();
    if (!send(wire::Done{outcome.status, fitting(outcome.text)})) return WorkerExit::orphaned;
    mailbox_.done();
    mailbox_.wait_for_end();
    return WorkerExit::done;
  }

  // A descriptor is the author's: where it passes what a frame can hold, that is a sentence about the
  // library and no broken frame.
  host::Outcome send_described(const wire::Described& described) {
    std::string frame;
    try {
      wire::encode(described, 0, frame);
    } catch (const std::length_error&) {
      return {KEPU_RUN_BAD_CONFIG, launch_.library + ": its descriptor is too large; give it fewer and shorter texts"};
    }
    const auto payload = std::string_view(frame).substr(wire::header_bytes);
    if (const auto back = wire::decode_from_worker(wire::Type::descriptor, payload); !back)
      return {KEPU_RUN_BAD_CONFIG, launch_.library + ": its descriptor cannot be sent: " + back.error().text};
    channel_.send(frame);
    return {};
  }

  bool send(const wire::Message& message) {
    std::string frame;
    wire::encode(message, 0, frame);
    return channel_.send(frame);
  }

  Channel& channel_;
  const wire::Launch& launch_;
  const Kernel kernel_;
  Mailbox mailbox_;
  Reports reports_;
};

// Settings hold secrets; what is left of the frame must not lie about while the library runs.
void wipe(std::string& bytes) { ::explicit_bzero(bytes.data(), bytes.size()); }

} // namespace

WorkerExit live(const wire::Launch& launch) {
  auto& channel = *new Channel(launch.fd); // as with tasks, below
  const Kernel kernel = look_at_kernel();
  std::string hello;
  wire::encode(
      wire::Hello{wire::protocol_version, static_cast<uint32_t>(::getpid()), kernel.landlock_abi, kernel.seccomp}, 0,
      hello);
  if (!channel.send(hello)) return WorkerExit::orphaned;

  auto first = channel.receive();
  if (!first) {
    complain(first.error());
    return WorkerExit::protocol;
  }
  if (!*first) return WorkerExit::orphaned;
  auto& [header, payload] = **first;
  auto message = wire::decode_from_daemon(header.type, payload);
  wipe(payload);
  if (!message) {
    complain(message.error());
    return WorkerExit::protocol;
  }
  if (std::holds_alternative<wire::Bye>(*message) || std::holds_alternative<wire::Cancel>(*message))
    return WorkerExit::done;
  // Tasks are never destroyed: threads of the library may hold on to them until the process ends.
  if (std::holds_alternative<wire::Describe>(*message)) return (new Task(channel, launch, kernel, ""))->describe();
  if (auto* configure = std::get_if<wire::Configure>(&*message)) {
    auto* task = new Task(channel, launch, kernel, std::move(configure->cursor));
    return task->run(*configure);
  }
  complain(fail("bad_frame", std::string("the first frame may not be ") + wire::name(header.type)));
  return WorkerExit::protocol;
}

} // namespace kepu::worker
