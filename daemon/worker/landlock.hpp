// Files by Landlock, by system call. Of worker only.
#pragma once

#include "worker/fence.hpp"

namespace kepu::worker {

// Version of the interface that the kernel has, 0 when it has none or it is switched off.
int landlock_abi();
// Fences this thread. Returns 0 or errno; `notes` receives what could not be done as planned.
int fence_files(const FencePlan& plan, int abi, std::vector<std::string>& notes);

} // namespace kepu::worker
