/* Aborts in run. Crash by signal 6; back-off, then quarantine. */
#include "connector.h"

#include <stdlib.h>

static int32_t run(void* self) {
  (void)self;
  abort();
}

CONNECTOR("bad_abort", KEPU_SCHEDULED)
