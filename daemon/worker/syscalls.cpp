#include "worker/syscalls.hpp"

#include <kepu/connector.h>

#include <cerrno>
#include <linux/seccomp.h>
#include <memory>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace kepu::worker {
namespace {

// Denied whatever is allowed: no reader of data has a use for them. Names that a kernel or an
// architecture does not have are passed over.
constexpr const char* never[] = {
    // other processes' memory and descriptors
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "kcmp",
    "pidfd_open",
    "pidfd_getfd",
    "pidfd_send_signal",
    "tkill",
    // out of the process group, by which the daemon ends a worker and all that it started
    "setpgid",
    "setsid",
    // the system
    "mount",
    "umount",
    "umount2",
    "pivot_root",
    "chroot",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "unshare",
    "setns",
    "swapon",
    "swapoff",
    "reboot",
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "acct",
    "quotactl",
    "quotactl_fd",
    "syslog",
    "vhangup",
    "sethostname",
    "setdomainname",
    "settimeofday",
    "stime",
    "clock_settime",
    "clock_settime64",
    "iopl",
    "ioperm",
    "modify_ldt",
    // wide doors into the kernel
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "keyctl",
    "add_key",
    "request_key",
    "lookup_dcookie",
    "fanotify_init",
    "open_by_handle_at",
    // another user
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setfsuid",
    "setfsgid",
    "setgroups",
    "capset",
    "setuid32",
    "setgid32",
    "setreuid32",
    "setregid32",
    "setresuid32",
    "setresgid32",
    "setfsuid32",
    "setfsgid32",
    "setgroups32",
    // owner, mode and attributes of files by path, which Landlock leaves to user rights
    "chown",
    "lchown",
    "fchownat",
    "fchown",
    "chown32",
    "lchown32",
    "fchown32",
    "chmod",
    "fchmodat",
    "fchmodat2",
    "setxattr",
    "lsetxattr",
    "removexattr",
    "lremovexattr",
    // memory and queues shared with other processes of the user
    "shmget",
    "shmat",
    "shmctl",
    "semget",
    "semop",
    "semtimedop",
    "semctl",
    "msgget",
    "msgsnd",
    "msgrcv",
    "msgctl",
    "mq_open",
    "mq_unlink",
    "ipc",
};
// Libraries that try these fall back to older calls when the kernel says that it has none. What they
// do cannot be seen by a filter: flags of clone3 lie in memory, io_uring opens and connects by itself.
constexpr const char* as_if_missing[] = {"clone3", "io_uring_setup", "io_uring_enter", "io_uring_register"};

constexpr const char* new_programs[] = {"execve", "execveat", "fork", "vfork"};
constexpr uint64_t new_namespaces[] = {CLONE_NEWNS,  CLONE_NEWUTS, CLONE_NEWIPC,   CLONE_NEWUSER,
                                       CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP};

constexpr uint64_t low_half = 0xffffffff; // the kernel looks at no more of an int

class Filter {
public:
  Filter() : context_(seccomp_init(SCMP_ACT_ALLOW), seccomp_release) {
    if (!context_) error_ = ENOMEM;
  }

  template <class... Conditions> void deny(const char* name, uint16_t error, Conditions... conditions) {
    const int number = seccomp_syscall_resolve_name(name);
    if (error_ != 0 || number == __NR_SCMP_ERROR) return;
    const int added =
        seccomp_rule_add(context_.get(), SCMP_ACT_ERRNO(error), number, sizeof...(conditions), conditions...);
    // EDOM and -EACCES-like answers come for names that the architecture has not.
    if (added != 0 && added != -EDOM) error_ = -added;
  }
  int load() {
    if (error_ != 0) return error_;
    // A call by another architecture's numbers goes round the filter; nothing honest makes one.
    seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2); // a binary tree: fewer steps in each call
    return -seccomp_load(context_.get());
  }

private:
  std::unique_ptr<void, void (*)(scmp_filter_ctx)> context_;
  int error_ = 0;
};

scmp_arg_cmp argument(unsigned number, scmp_compare how, uint64_t value, uint64_t masked_value = 0) {
  return {number, how, value, masked_value};
}
scmp_arg_cmp is_int(unsigned number, uint64_t value) {
  return argument(number, SCMP_CMP_MASKED_EQ, low_half, value & low_half);
}

void fence_network(Filter& filter, bool allowed) {
  // EACCES reads as what it is in a connector's own message: permission denied.
  if (!allowed) {
    filter.deny("socket", EACCES);
    filter.deny("socketcall", EACCES);
    return;
  }
  // Never the local sockets of other daemons, nor raw packets or the kernel's own families.
  for (uint64_t family = 0; family < AF_INET6; ++family)
    if (family != AF_INET) filter.deny("socket", EACCES, is_int(0, family));
  filter.deny("socket", EACCES, argument(0, SCMP_CMP_GT, AF_INET6));
  filter.deny("socketcall", EACCES);
}

void fence_processes(Filter& filter, bool exec_allowed) {
  for (const uint64_t flag : new_namespaces)
    filter.deny("clone", EPERM, argument(0, SCMP_CMP_MASKED_EQ, flag, flag));
  if (exec_allowed) return; // children would inherit rules that name this process
  for (const char* name : new_programs)
    filter.deny(name, EPERM);
  filter.deny("clone", EPERM, argument(0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
  // Signals to itself only; abort and raise use tgkill.
  const auto self = static_cast<uint64_t>(::getpid());
  filter.deny("kill", EPERM, argument(0, SCMP_CMP_NE, self));
  filter.deny("tgkill", EPERM, argument(0, SCMP_CMP_NE, self));
  filter.deny("rt_sigqueueinfo", EPERM, argument(0, SCMP_CMP_NE, self));
  filter.deny("rt_tgsigqueueinfo", EPERM, argument(0, SCMP_CMP_NE, self));
  // Must end with its parent, and its memory stays its own.
  filter.deny("prctl", EPERM, is_int(0, PR_SET_PDEATHSIG));
  filter.deny("prctl", EPERM, is_int(0, PR_SET_DUMPABLE));
}

// A library that closes every descriptor it does not know keeps us speaking with the daemon, and
// cannot put a file of its own where we would write to.
void keep_open(Filter& filter, int fd) {
  const auto number = static_cast<uint64_t>(fd);
  filter.deny("close", EPERM, is_int(0, number));
  filter.deny("dup2", EPERM, is_int(1, number));
  filter.deny("dup3", EPERM, is_int(1, number));
  filter.deny("close_range", EPERM, argument(0, SCMP_CMP_LE, number), argument(1, SCMP_CMP_GE, number));
}

} // namespace

bool has_seccomp() {
  const uint32_t action = SECCOMP_RET_ERRNO;
  return ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

int fence_calls(const FencePlan& plan, int landlock_abi) {
  Filter filter;
  for (const char* name : never)
    filter.deny(name, EPERM);
  for (const char* name : as_if_missing)
    filter.deny(name, ENOSYS);
  fence_network(filter, plan.allow & KEPU_NEED_NETWORK);
  fence_processes(filter, plan.allow & KEPU_NEED_EXEC);
  if (!(plan.allow & KEPU_NEED_EXEC)) // programs that are started have these numbers for something else
    for (const int fd : plan.keep_open)
      keep_open(filter, fd);
  filter.deny("prlimit64", EPERM, argument(0, SCMP_CMP_NE, 0)); // of another process, which may be the daemon
  filter.deny("ioctl", EPERM, is_int(1, TIOCSTI));              // typing into a terminal
  if (plan.writable.empty())
    for (const char* name : {"utime", "utimes", "futimesat", "utimensat"})
      filter.deny(name, EPERM);
  if (landlock_abi < 3)
    for (const char* name : {"truncate", "truncate64"})
      filter.deny(name, EPERM);
  return filter.load();
}

} // namespace kepu::worker
