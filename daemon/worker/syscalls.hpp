// System calls by seccomp. Of worker only.
#pragma once

#include "worker/fence.hpp"

namespace kepu::worker {

bool has_seccomp();
// Fences this thread; needs no-new-privileges. Returns 0 or errno.
int fence_calls(const FencePlan& plan, int landlock_abi);

} // namespace kepu::worker
