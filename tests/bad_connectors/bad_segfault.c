/* Writes to nowhere in run, after rows that it did not commit. Crash; the rows are dropped; back-off, then quarantine.
 */
#include "connector.h"

static int32_t run(void* self) {
  (void)self;
  for (unsigned i = 0; i < 10; ++i)
    emit_passage(i);
  int* volatile nowhere = NULL;
  *(volatile int*)nowhere = 1;
  return KEPU_RUN_OK;
}

CONNECTOR("bad_segfault", KEPU_SCHEDULED)
