/* A million log lines. A few hundred arrive, with a count of those left out; the run is OK. */
#include "connector.h"

static int32_t run(void* self) {
  (void)self;
  char line[64];
  for (unsigned i = 0; i < 1000000; ++i) {
    snprintf(line, sizeof line, "line %u\nof a flood", i);
    host->log(host->ctx, KEPU_ERROR, str(line));
  }
  return KEPU_RUN_OK;
}

CONNECTOR("bad_log_flood", KEPU_SCHEDULED)
