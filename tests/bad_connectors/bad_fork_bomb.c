/* Forks without end; each child would wait for ever. No child comes to be (EPERM), and the run ends as a bug. */
#include "connector.h"

#include <unistd.h>

static int32_t run(void* self) {
  (void)self;
  unsigned children = 0;
  for (unsigned i = 0; i < 10000; ++i) {
    const pid_t child = fork();
    if (child == 0)
      for (;;)
        pause();
    if (child > 0) ++children;
  }
  char text[64];
  snprintf(text, sizeof text, "%u children were made", children);
  host->explain(host->ctx, str(text));
  return KEPU_RUN_BUG;
}

CONNECTOR("bad_fork_bomb", KEPU_SCHEDULED)
