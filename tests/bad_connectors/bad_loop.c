/* Turns for ever in run and calls nothing. CANCEL is not heard: TERM by deadline. */
#include "connector.h"

static int32_t run(void* self) {
  (void)self;
  volatile int forever = 1;
  while (forever) {
  }
  return KEPU_RUN_OK;
}

CONNECTOR("bad_loop", KEPU_SCHEDULED)
