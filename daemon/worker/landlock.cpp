#include "worker/landlock.hpp"

#include <kepu/connector.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace kepu::worker {
namespace {

// Younger than the headers of the oldest system that this builds on.
constexpr uint64_t right_truncate = 1ull << 14;  // from interface 3
constexpr uint64_t right_ioctl_dev = 1ull << 15; // from interface 5
constexpr uint64_t net_bind_tcp = 1ull << 0;     // from interface 4
constexpr uint64_t net_connect_tcp = 1ull << 1;
constexpr uint64_t scope_abstract_sockets = 1ull << 0; // from interface 6
constexpr uint64_t scope_signals = 1ull << 1;

struct RulesetAttributes {
  uint64_t files = 0;
  uint64_t net = 0;
  uint64_t scope = 0;
};

constexpr uint64_t rights_read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr uint64_t rights_device = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | right_truncate;
constexpr uint64_t rights_write = rights_read | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                  LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                  LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER | right_truncate;
constexpr uint64_t rights_of_a_file = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                      LANDLOCK_ACCESS_FS_READ_FILE | right_truncate | right_ioctl_dev;

// What libraries need to work at all, on the systems that we know; what is not there is passed over.
constexpr const char* always_readable[] = {
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache", // libraries, gconv, locales
    "/usr/share/zoneinfo",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/ssl",
    "/etc/pki/tls",
    "/etc/pki/ca-trust",
    "/etc/ca-certificates",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/etc/resolv.conf",
    "/etc/nsswitch.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/protocols",
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
    "/sys/devices/system/cpu", // how many threads a pool shall have
#ifdef KEPU_SANITIZED
    "/proc/self", // reports name addresses
#endif
};
// Where programs lie that a source with allow = ["exec"] may start, beside those that its settings name.
constexpr const char* programs[] = {"/usr", "/bin", "/sbin", "/lib", "/lib64"};

uint64_t rights_of(int abi) {
  uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
  if (abi >= 2) all |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 3) all |= right_truncate;
  if (abi >= 5) all |= right_ioctl_dev;
  return all;
}

class Ruleset {
public:
  Ruleset(const RulesetAttributes& attributes)
      : files_(attributes.files),
        fd_(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0))) {}
  ~Ruleset() {
    if (fd_ >= 0) ::close(fd_);
  }
  Ruleset(const Ruleset&) = delete;
  Ruleset& operator=(const Ruleset&) = delete;

  bool made() const { return fd_ >= 0; }
  // 0 or errno; ENOENT and the like when the path is not there.
  int permit(const char* path, uint64_t rights) {
    const int at = ::open(path, O_PATH | O_CLOEXEC);
    if (at < 0) return errno;
    struct stat status {};
    int error = ::fstat(at, &status) == 0 ? 0 : errno;
    if (error == 0) {
      landlock_path_beneath_attr rule{};
      rule.allowed_access = rights & files_ & (S_ISDIR(status.st_mode) ? ~0ull : rights_of_a_file);
      rule.parent_fd = at;
      if (::syscall(SYS_landlock_add_rule, fd_, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) error = errno;
    }
    ::close(at);
    return error;
  }
  int restrict_self() { return ::syscall(SYS_landlock_restrict_self, fd_, 0) == 0 ? 0 : errno; }

private:
  const uint64_t files_;
  const int fd_;
};

} // namespace

int landlock_abi() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return abi > 0 ? static_cast<int>(abi) : 0;
}

int fence_files(const FencePlan& plan, int abi, std::vector<std::string>& notes) {
  const bool network = plan.allow & KEPU_NEED_NETWORK;
  const bool exec = plan.allow & KEPU_NEED_EXEC;
  RulesetAttributes attributes;
  attributes.files = rights_of(abi);
  if (abi >= 4 && !network) attributes.net = net_bind_tcp | net_connect_tcp;
  if (abi >= 6) attributes.scope = scope_abstract_sockets | scope_signals;
  Ruleset rules(attributes);
  if (!rules.made()) return errno;

  const auto known = [&](const char* path, uint64_t rights) {
    const int error = rules.permit(path, rights);
    return error == ENOENT || error == ENOTDIR || error == EACCES ? 0 : error;
  };
  for (const char* path : always_readable)
    if (const int error = known(path, rights_read); error != 0) return error;
  if (const int error = known("/dev/null", rights_device); error != 0) return error;
  if (exec) {
    for (const char* path : programs)
      if (const int error = known(path, rights_read | LANDLOCK_ACCESS_FS_EXECUTE); error != 0) return error;
  }
  const auto folder = std::filesystem::path(plan.library).parent_path().string();
  if (const int error = known(folder.c_str(), rights_read); error != 0) return error;
  if (const int error = known(plan.library.c_str(), rights_read); error != 0)
    return error; // may be a link to elsewhere

  const auto asked = [&](const std::string& path, uint64_t rights, const char* act) {
    const int error = rules.permit(path.c_str(), rights);
    if (error != 0) notes.push_back(path + " cannot be " + act + " in this run: " + std::strerror(error));
  };
  for (const auto& path : plan.readable)
    asked(path, rights_read | (exec ? LANDLOCK_ACCESS_FS_EXECUTE : 0), "read");
  for (const auto& path : plan.writable)
    asked(path, rights_write, "written");

  if (!plan.writable.empty() && abi < 2)
    notes.emplace_back("this kernel's Landlock is of the first version: files can be renamed only within one folder");
  if (abi < 6 && exec)
    notes.emplace_back(
        "this kernel's Landlock does not fence signals: programs that are started could send them to others");
  return rules.restrict_self();
}

} // namespace kepu::worker
