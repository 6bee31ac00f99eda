/* Behaves: a thousand passages in two parts. The neighbour that must go on whatever the others do. */
#include "connector.h"

static int32_t run(void* self) {
  (void)self;
  for (unsigned i = 1; i <= 1000; ++i) {
    if (emit_passage(i) != KEPU_OK) return KEPU_RUN_CANCELLED;
    if (i % 500 == 0 && commit_at(i) != KEPU_OK) return KEPU_RUN_RETRY;
  }
  return KEPU_RUN_OK;
}

CONNECTOR("good", KEPU_SCHEDULED)
