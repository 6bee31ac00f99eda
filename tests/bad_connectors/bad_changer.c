/* Changes folder, locale, mask and signals under the worker's feet, then hands over good rows. The run is OK. */
#include "connector.h"

#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int32_t run(void* self) {
  (void)self;
  if (chdir("/usr/lib") != 0) return KEPU_RUN_BUG;
  setenv("LC_ALL", "de_DE.UTF-8", 1);
  setenv("TZ", "America/New_York", 1);
  setlocale(LC_ALL, "");
  umask(0);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGCHLD, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  for (unsigned i = 1; i <= 10; ++i)
    emit_passage(i);
  return commit_at(10) == KEPU_OK ? KEPU_RUN_OK : KEPU_RUN_RETRY;
}

CONNECTOR("bad_changer", KEPU_SCHEDULED)
