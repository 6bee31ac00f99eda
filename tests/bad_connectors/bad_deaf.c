/* Streams on after CANCEL and takes no notice of refusals. TERM by deadline; what was committed stays. */
#include "connector.h"

#include <time.h>

static int32_t run(void* self) {
  (void)self;
  const struct timespec moment = {0, 1000000};
  for (unsigned i = 1;; ++i) {
    emit_passage(i);
    if (i % 10 == 0) commit_at(i);
    nanosleep(&moment, NULL);
  }
  return KEPU_RUN_OK;
}

CONNECTOR("bad_deaf", KEPU_STREAMING)
