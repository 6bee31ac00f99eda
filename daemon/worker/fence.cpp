#include "worker/fence.hpp"

#include "worker/landlock.hpp"
#include "worker/syscalls.hpp"

#include <kepu/connector.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace kepu::worker {
namespace {

// Enough for a pool of connections and a folder of open files; far below what would starve the host.
constexpr rlim_t most_descriptors = 256;

Error no_fence(const char* what, int error) {
  return fail("no_fence", std::string(what) + ": " + std::strerror(error) +
                              "; the library was not loaded. Run kepud where it may fence its workers");
}

bool limit(decltype(RLIMIT_AS) which, rlim_t most) {
  rlimit now{};
  if (::getrlimit(which, &now) != 0) return false;
  const rlim_t bound = now.rlim_max == RLIM_INFINITY || most < now.rlim_max ? most : now.rlim_max;
  const rlimit wanted{bound, bound};
  return ::setrlimit(which, &wanted) == 0;
}

bool set_limits(const FencePlan& plan) {
#ifndef KEPU_SANITIZED // shadow memory alone passes any bound
  if (plan.memory_mib != 0 && !limit(RLIMIT_AS, static_cast<rlim_t>(plan.memory_mib) << 20)) return false;
#endif
  if (!limit(RLIMIT_NOFILE, most_descriptors) || !limit(RLIMIT_CORE, 0)) return false;
  if (!plan.writable.empty()) return true;
  // Ignored, so that a write past the limit is an error and no signal.
  std::signal(SIGXFSZ, SIG_IGN);
  return limit(RLIMIT_FSIZE, 0);
}

// A daemon that runs as root gives its workers the files of all users, and nothing else of root:
// above all not the right to raise the limits again.
bool drop_capabilities() {
  if (::geteuid() != 0) return true;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  if (::syscall(SYS_capget, &header, data) != 0) return false;
  const uint32_t kept = 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH | 1u << CAP_FOWNER;
  data[0].effective &= kept;
  data[0].permitted &= kept;
  data[0].inheritable = 0;
  data[1] = {};
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability)
    if (capability >= 32 || !(kept >> capability & 1)) ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  return ::syscall(SYS_capset, &header, data) == 0;
}

} // namespace

Kernel look_at_kernel() { return {landlock_abi(), has_seccomp()}; }

Result<std::vector<std::string>> put_up_fence(const FencePlan& plan, const Kernel& kernel) {
  std::vector<std::string> notes;
  if (!set_limits(plan)) return no_fence("resource limits were refused", errno);
  if (!drop_capabilities()) return no_fence("dropping the capabilities of root was refused", errno);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return no_fence("PR_SET_NO_NEW_PRIVS was refused", errno);
  // Processes of the same user can then neither trace this one nor read its memory: it holds the person key.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return no_fence("PR_SET_DUMPABLE was refused", errno);

  if (kernel.landlock_abi == 0) {
    notes.emplace_back("this kernel has no Landlock; files are fenced by user rights only");
  } else if (const int error = fence_files(plan, kernel.landlock_abi, notes); error != 0) {
    return no_fence("Landlock was refused", error);
  }
  if (!kernel.seccomp) {
    notes.emplace_back("this kernel has no seccomp filters; network and other programs are not fenced");
  } else if (const int error = fence_calls(plan, kernel.landlock_abi); error != 0) {
    return no_fence("the seccomp filter was refused", error);
  }
  return notes;
}

} // namespace kepu::worker
