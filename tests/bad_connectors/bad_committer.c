/* 100,000 commits of one row each, and waits for none. It is slowed, nothing is lost, and others go on. */
#include "connector.h"

static int32_t run(void* self) {
  (void)self;
  for (unsigned i = 1; i <= 100000; ++i) {
    if (emit_passage(i) != KEPU_OK) return KEPU_RUN_CANCELLED;
    if (commit_at(i) != KEPU_OK) return KEPU_RUN_CANCELLED;
  }
  return KEPU_RUN_OK;
}

CONNECTOR("bad_committer", KEPU_SCHEDULED)
