/* Never comes back from being loaded. The describing worker is ended by its deadline. */
#include "connector.h"

__attribute__((constructor)) static void when_loaded(void) {
  volatile int forever = 1;
  while (forever) {
  }
}

static int32_t run(void* self) {
  (void)self;
  return KEPU_RUN_OK;
}

CONNECTOR("bad_loading", KEPU_SCHEDULED)
