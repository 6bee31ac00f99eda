// What the library may touch from here on: limits, Landlock, system calls. Put up once, on the only
// thread there is, before anything of the library is loaded; threads that are made later inherit it.
// Nothing here ends the process: what is denied is an error that libraries can live with.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace kepu::worker {

// What this kernel has to build it from.
struct Kernel {
  int landlock_abi = 0; // 0: none
  bool seccomp = false;
};
Kernel look_at_kernel();

struct FencePlan {
  std::string library;               // its folder may be read
  std::vector<std::string> readable; // files and folders
  std::vector<std::string> writable; // folders: read, write, and rename inside them
  uint32_t allow = 0;                // kepu_need, combined
  uint32_t memory_mib = 0;           // 0: no bound
  std::vector<int> keep_open;        // descriptors of the worker: cannot be closed by mistake
};

// Sentences on what could not be fenced as planned, for the log. Errors: "no_fence" - the kernel has
// the means but refused them; nothing must be loaded then.
Result<std::vector<std::string>> put_up_fence(const FencePlan& plan, const Kernel& kernel);

} // namespace kepu::worker
