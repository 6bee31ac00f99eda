/* Closes every descriptor that it does not know. The fence keeps the worker's own; the rows after it arrive. */
#include "connector.h"

#include <unistd.h>

static int32_t run(void* self) {
  (void)self;
  for (int fd = 3; fd < 1024; ++fd)
    close(fd);
  emit_passage(1);
  return commit_at(1) == KEPU_OK ? KEPU_RUN_OK : KEPU_RUN_RETRY;
}

CONNECTOR("bad_closer", KEPU_SCHEDULED)
