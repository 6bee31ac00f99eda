/* Hears neither CANCEL nor TERM. KILL by deadline. */
#include "connector.h"

#include <signal.h>
#include <unistd.h>

static int32_t run(void* self) {
  (void)self;
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  host->log(host->ctx, KEPU_INFO, str("now I hear nothing"));
  for (;;)
    pause();
  return KEPU_RUN_OK;
}

CONNECTOR("bad_stubborn", KEPU_STREAMING)
