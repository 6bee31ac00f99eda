/* Crashes while it is loaded. Only the describing worker dies; the library is refused with that reason. */
#include "connector.h"

__attribute__((constructor)) static void when_loaded(void) {
  int* volatile nowhere = NULL;
  *(volatile int*)nowhere = 1;
}

static int32_t run(void* self) {
  (void)self;
  return KEPU_RUN_OK;
}

CONNECTOR("bad_constructor", KEPU_SCHEDULED)
