/* Calls exit(0) in run: an end without DONE, which is a crash although the status is 0. */
#include "connector.h"

#include <stdlib.h>

static int32_t run(void* self) {
  (void)self;
  exit(0);
}

CONNECTOR("bad_exit", KEPU_SCHEDULED)
